"""Certificate revocation lists: read once, checked, and turned into an index from serial number to entry.

A list is usable only when it is complete for its CA and signed by a CA certificate that is held; anything else is put
aside with a reason. What a revocation means for a signature is decided in `registry.formats.revocation`.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from asn1crypto import crl as asn1_crl
from cryptography import x509
from cryptography.x509.oid import ExtensionOID

from registry.formats import names, profile
from registry.formats.lru import Lru
from registry.formats.x509 import Certificate, verifies

MAX_SIZE = 10 * 1024 * 1024

#: Indexes survive a rebuild of the trust list: importing a signer must not read 100,000 entries again.
_indexed: Lru[tuple[bytes, bytes], RevocationList] = Lru(48)

_UNDERSTOOD = frozenset(
    {ExtensionOID.AUTHORITY_KEY_IDENTIFIER, ExtensionOID.CRL_NUMBER, ExtensionOID.ISSUING_DISTRIBUTION_POINT}
)
_ENTRY_UNDERSTOOD = frozenset({bytes.fromhex("0603551d15"), bytes.fromhex("0603551d18")})  # reasonCode, invalidityDate
_ENTRY_ISSUER = bytes.fromhex("0603551d1d")


class UnusableError(Exception):
    """Why a list can't be used; the text names the rule, never content. Does not leave this module."""


_EVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Entry:
    """One revocation; `reason` as named in RFC 5280 5.3.1 with underscores (key_compromise, ...), "" when not given."""

    revoked_at: datetime
    reason: str
    invalid_since: datetime | None


@dataclass(frozen=True, slots=True, eq=False)
class RevocationList:
    """A usable list of one CA. `points` is None, or the addresses of the only certificates it covers (RFC 5280 5.2.5)."""

    der: bytes
    fingerprint: bytes  # SHA-256 of `der`
    issuer: Certificate
    number: int
    this_update: datetime
    next_update: datetime
    points: frozenset[str] | None
    offsets: Mapping[bytes, int]  # content of the serial's INTEGER -> where its entry begins in `der`

    @property
    def age(self) -> tuple[int, datetime]:
        """Orders the lists of one CA; the greatest is the newest."""
        return self.number, self.this_update

    def covers(self, certificate: Certificate) -> bool:
        """True when the list speaks about the certificate (RFC 5280 6.3.3 b 2 i)."""
        return self.points is None or not self.points.isdisjoint(_points_of(certificate))

    def entry(self, serial: int) -> Entry | None:
        """The revocation of a serial number, or None."""
        start = self.offsets.get(serial.to_bytes(serial.bit_length() // 8 + 1, "big", signed=True))
        if start is None:
            return None
        try:
            return _entry(self.der[start : names.inside(self.der, start)[1]])
        except Exception:  # an odd reason or date in one entry must neither fail nor pardon: revoked since ever
            return Entry(_EVER, "", None)


class RevocationIndex:
    """The newest usable list of each CA, found by the CA's name and key, so that a renewed certificate shares it."""

    def __init__(self, lists: Iterable[RevocationList] = (), problems: Sequence[str] = ()) -> None:
        newest: dict[tuple[object, ...], RevocationList] = {}
        for read in sorted(lists, key=lambda r: r.age):
            newest[read.issuer.subject, read.issuer.key, read.points] = read
        self._lists: defaultdict[tuple[names.ComparableName, bytes], list[RevocationList]] = defaultdict(list)
        for read in newest.values():
            self._lists[read.issuer.subject, read.issuer.key].append(read)
        self.problems = tuple(problems)

    @classmethod
    def build(cls, lists: Sequence[bytes], issuers: Sequence[Certificate]) -> RevocationIndex:
        """Index DER lists signed by these CA certificates; unusable ones are named in `problems` by position."""
        usable, problems = [], []
        for position, der in enumerate(lists):
            read = read_list(der, issuers)
            if isinstance(read, RevocationList):
                usable.append(read)
            else:
                problems.append(f"revocation list {position + 1}: {read}")
        return cls(usable, problems)

    def newest_for(self, certificate: Certificate, issuer: Certificate) -> RevocationList | None:
        """The newest list of the issuing CA that covers the certificate."""
        held = self._lists.get((issuer.subject, issuer.key), ())
        return max((read for read in held if read.covers(certificate)), key=lambda r: r.age, default=None)


def read_list(der: bytes, issuers: Sequence[Certificate]) -> RevocationList | str:
    """A usable list, or the reason why it is not, which names the rule broken and never content. Never raises."""
    if len(der) > MAX_SIZE:
        return f"more than {MAX_SIZE} octets"
    try:
        parsed = x509.load_der_x509_crl(der)
        issuer = _signer(der, parsed, issuers)
        key = hashlib.sha256(der).digest(), issuer.fingerprint
        known = _indexed.get(key)
        if known is None:
            known = _checked(der, key[0], parsed, issuer)
            _indexed.put(key, known)
        return known
    except UnusableError as reason:
        return str(reason)
    except Exception:  # a parser's complaint, of whatever class
        return "not one revocation list in DER"


def signer_of(der: bytes, issuers: Sequence[Certificate]) -> Certificate | str:
    """The held CA certificate that signed a list of whatever scope, or the rule broken. Never raises."""
    if len(der) > MAX_SIZE:
        return f"more than {MAX_SIZE} octets"
    try:
        return _signer(der, x509.load_der_x509_crl(der), issuers)
    except UnusableError as reason:
        return str(reason)
    except Exception:  # a parser's complaint, of whatever class
        return "not one revocation list in DER"


def _parts(der: bytes) -> tuple[tuple[int, int, int], tuple[int, int, int], list[tuple[int, int, int]]]:
    """Signed part, algorithm, and the elements of the signed part from its algorithm on (RFC 5280 5.1)."""
    tbs, algorithm, _ = names.elements(der, *names.inside(der, 0))
    parts = names.elements(der, *names.inside(der, tbs[1]))
    return tbs, algorithm, parts[1:] if parts[0][0] == 0x02 else parts


def _signer(der: bytes, parsed: x509.CertificateRevocationList, issuers: Sequence[Certificate]) -> Certificate:
    """The held CA certificate that signed the list; every certificate of that name and key identifier is tried."""
    if not profile.strong_signature(parsed):
        raise UnusableError("signed with something else than SHA-256, SHA-384, SHA-512 or Ed25519")
    tbs, outer, (inner, issuer, *_) = _parts(der)
    if der[inner[1] : inner[2]] != der[outer[1] : outer[2]]:
        raise UnusableError("signature algorithms inside and outside the signed part differ")
    name, wanted = names.comparable(der[issuer[1] : issuer[2]]), _authority_key_id(parsed)
    named = [c for c in issuers if c.subject == name and (wanted is None or c.key_id in (None, wanted))]
    signed, parameters = der[tbs[1] : tbs[2]], parsed.signature_algorithm_parameters
    for candidate in named:
        if verifies(candidate.public_key, parsed.signature, signed, parameters, parsed.signature_hash_algorithm):
            usage = candidate.extension(x509.KeyUsage)
            if usage is not None and not usage.value.crl_sign:
                raise UnusableError("its CA has no cRLSign")
            return candidate
    raise UnusableError("not signed by the CA of its name" if named else "its CA is not in the trust list")


def _authority_key_id(parsed: x509.CertificateRevocationList) -> bytes | None:
    for extension in parsed.extensions:
        if isinstance(extension.value, x509.AuthorityKeyIdentifier):
            return extension.value.key_identifier
    return None


def _checked(
    der: bytes, fingerprint: bytes, parsed: x509.CertificateRevocationList, issuer: Certificate
) -> RevocationList:
    number, points = _scope(parsed.extensions)
    if parsed.next_update_utc is None:
        raise UnusableError("nextUpdate is missing")
    return RevocationList(
        der, fingerprint, issuer, number, parsed.last_update_utc, parsed.next_update_utc, points,
        _entries(der, len(parsed)),
    )  # fmt: skip


def _scope(extensions: x509.Extensions) -> tuple[int, frozenset[str] | None]:
    """Number and distribution points of a complete list; UnusableError for delta, indirect and partitioned ones."""
    number: int | None = None
    points: frozenset[str] | None = None
    for extension in extensions:
        value = extension.value
        if isinstance(value, x509.DeltaCRLIndicator):
            raise UnusableError("delta list")
        if isinstance(value, x509.IssuingDistributionPoint):
            points = _points(value)
        elif isinstance(value, x509.CRLNumber):
            if extension.critical:
                raise UnusableError("cRLNumber must not be critical")
            number = value.crl_number
        elif extension.critical and extension.oid not in _UNDERSTOOD:
            raise UnusableError("unknown critical extension")
    if number is None or not 0 <= number < 1 << 159:
        raise UnusableError("cRLNumber of 0 to 20 octets")
    return number, points


def _points(value: x509.IssuingDistributionPoint) -> frozenset[str]:
    limits = (
        value.only_contains_user_certs, value.only_contains_ca_certs, value.only_contains_attribute_certs,
        value.indirect_crl, value.only_some_reasons,
    )  # fmt: skip
    if any(limits):
        raise UnusableError("indirect list, or one limited to some certificates or reasons")
    if not value.full_name:
        raise UnusableError("issuingDistributionPoint without a full name")
    return frozenset(n.value for n in value.full_name if isinstance(n, x509.UniformResourceIdentifier))


def _points_of(certificate: Certificate) -> set[str]:
    extension = certificate.extension(x509.CRLDistributionPoints)
    if extension is None:
        return set()
    listed = [n for p in extension.value if not p.crl_issuer and not p.reasons for n in p.full_name or ()]
    return {n.value for n in listed if isinstance(n, x509.UniformResourceIdentifier)}


def _entries(der: bytes, count: int) -> dict[bytes, int]:
    """Serial -> offset, by one pass over the bytes: reading 100,000 entries as objects takes ten times as long."""
    found: dict[bytes, int] = {}
    extensions: set[bytes] = set()
    start, end = _revoked(der)
    while start < end:
        content, stop = names.inside(der, start)
        serial = content + 2  # a serial has at most 20 octets, so its length takes one
        after = serial + der[serial - 1]
        found[der[serial:after]] = start
        rest = after + 2 + der[after + 1]  # the date: UTCTime or GeneralizedTime
        if rest < stop:
            extensions.add(der[rest:stop])
        start = stop
    if start != end:
        raise UnusableError("entries of another length than their list")
    if len(found) != count:
        raise UnusableError("a serial number appears twice")
    for listed in extensions:
        _check_entry(listed)
    return found


def _entry(der: bytes) -> Entry:
    read = asn1_crl.RevokedCertificate.load(der, strict=True)
    reason, since = read.crl_reason_value, read.invalidity_date_value
    return Entry(
        _zoned(read["revocation_date"].native),
        "" if reason is None else str(reason.native),
        None if since is None else _zoned(since.native),
    )


def _zoned(moment: datetime) -> datetime:
    """The moment in UTC; one without a zone would be read in the zone of whatever machine this is."""
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return moment.astimezone(UTC)


def _revoked(der: bytes) -> tuple[int, int]:
    """Where the entries begin and end; they are absent from a list that revokes nothing."""
    parts = _parts(der)[2]
    for tag, start, _ in parts[3:]:  # after algorithm, issuer, thisUpdate
        if tag == 0x30:
            return names.inside(der, start)
    return 0, 0


def _check_entry(extensions: bytes) -> None:
    """RFC 5280 5.3: a list with a critical entry extension that is not understood must not be used at all."""
    for _, start, _ in names.elements(extensions, *names.inside(extensions, 0)):
        parts = names.elements(extensions, *names.inside(extensions, start))
        oid = extensions[parts[0][1] : parts[0][2]]
        critical = parts[1][0] == 0x01 and extensions[parts[1][2] - 1] != 0
        if oid == _ENTRY_ISSUER or (critical and oid not in _ENTRY_UNDERSTOOD):
            raise UnusableError("indirect list, or an entry with an unknown critical extension")
