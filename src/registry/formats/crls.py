"""Certificate revocation lists: complete, delta, indirect and partitioned ones, read once, checked and indexed.

A list is usable when a held certificate of its issuer's name signed it; anything else is put aside with a reason. Whether
that signer may speak for a certificate is asked in `registry.formats.statuses`, what it means in `.revocation`.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from asn1crypto import core as asn1
from cryptography import x509
from cryptography.x509.oid import ExtensionOID, ObjectIdentifier

from registry.formats import crl_entries, names, points, profile, pss
from registry.formats.crl_entries import Entry as Entry  # under this name others know it
from registry.formats.crl_entries import UnusableError
from registry.formats.lru import Lru
from registry.formats.points import Scope
from registry.formats.x509 import Certificate, verifies

MAX_SIZE = 10 * 1024 * 1024

#: Indexes survive a rebuild of the trust list: importing a signer must not read 100,000 entries again.
_indexed: Lru[tuple[bytes, ...], RevocationList] = Lru(256)

_UNDERSTOOD = frozenset(
    {
        ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
        ExtensionOID.CRL_NUMBER,
        ExtensionOID.ISSUING_DISTRIBUTION_POINT,
        ExtensionOID.DELTA_CRL_INDICATOR,
    }
)
#: expiredCertsOnCRL, X.509 (2019) 9.5.2.8.
_EXPIRED_ON_LIST = ObjectIdentifier("2.5.29.60")
_Names = names.ComparableName


@dataclass(frozen=True, slots=True, eq=False)
class RevocationList:
    """A usable list. `signers` are the held certificates with its issuer's name and the key that signed it."""

    der: bytes
    fingerprint: bytes  # SHA-256 of `der`
    issuer: _Names
    signers: tuple[Certificate, ...]
    number: int
    base: int | None  # the number a delta list builds on; None for a complete list
    this_update: datetime
    next_update: datetime
    scope: Scope
    offsets: crl_entries.Offsets
    expired_since: datetime | None = None  # certificates that ended since then are still named (expiredCertsOnCRL)

    @property
    def age(self) -> tuple[int, datetime]:
        """Orders the lists of one issuer, key and scope; the greatest is the newest."""
        return self.number, self.this_update

    @property
    def series(self) -> tuple[object, ...]:
        """What lists share that replace each other."""
        return self.issuer, self.signers[0].key, self.scope

    def entry(self, serial: int, issuer: _Names | None = None) -> Entry | None:
        """The revocation of a certificate by serial number and issuer (None: the list's own), or None."""
        table = self.offsets.get(self.issuer if issuer is None else issuer)
        start = None if table is None else table.get(crl_entries.serial_key(serial))
        return None if start is None else crl_entries.read_entry(self.der, start)


class RevocationIndex:
    """The newest usable list of each issuer, key and scope, with the newest delta that fits it."""

    def __init__(self, lists: Iterable[RevocationList] = (), problems: Sequence[str] = ()) -> None:
        newest: dict[tuple[object, ...], RevocationList] = {}
        deltas: defaultdict[tuple[object, ...], list[RevocationList]] = defaultdict(list)
        for read in sorted(lists, key=lambda r: r.age):
            if read.base is None:
                newest[read.series] = read
            else:
                deltas[read.series].insert(0, read)
        self._lists: defaultdict[_Names, list[tuple[RevocationList, RevocationList | None]]] = defaultdict(list)
        for series, complete in newest.items():
            delta = next((d for d in deltas[series] if _fits(d, complete)), None)
            self._lists[complete.issuer].append((complete, delta))
        self.problems = tuple(problems)

    @classmethod
    def build(cls, lists: Sequence[bytes], issuers: Sequence[Certificate]) -> RevocationIndex:
        """Index DER lists signed by these certificates; unusable ones are named in `problems` by position."""
        named = by_name(issuers)
        usable, problems = [], []
        for position, der in enumerate(lists):
            read = read_list(der, named)
            if isinstance(read, RevocationList):
                usable.append(read)
            else:
                problems.append(f"revocation list {position + 1}: {read}")
        return cls(usable, problems)

    def covering(
        self, certificate: Certificate
    ) -> Iterator[tuple[RevocationList, RevocationList | None, frozenset[str]]]:
        """Each newest list that speaks about the certificate, its delta, and the reasons it speaks for."""
        for issuer in points.list_issuers(certificate):
            for complete, delta in self._lists.get(issuer, ()):
                reasons = complete.scope.covered(certificate, issuer)
                if reasons:
                    yield complete, delta, reasons


def by_name(certificates: Iterable[Certificate]) -> Mapping[_Names, Sequence[Certificate]]:
    """Certificates by their subject."""
    found: defaultdict[_Names, list[Certificate]] = defaultdict(list)
    for certificate in certificates:
        found[certificate.subject].append(certificate)
    return found


def read_list(der: bytes, issuers: Mapping[_Names, Sequence[Certificate]]) -> RevocationList | str:
    """A usable list, or the reason why it is not, which names the rule broken and never content. Never raises."""
    if len(der) > MAX_SIZE:
        return f"more than {MAX_SIZE} octets"
    try:
        parsed = x509.load_der_x509_crl(der)
        issuer, signers = _signers(der, parsed, issuers)
        key = hashlib.sha256(der).digest(), *(signer.fingerprint for signer in signers)
        known = _indexed.get(key)
        if known is None:
            known = _checked(der, key[0], parsed, issuer, signers)
            _indexed.put(key, known)
        return known
    except UnusableError as reason:
        return str(reason)
    except Exception:  # a parser's complaint, of whatever class
        return "not one revocation list in DER"


def signer_of(der: bytes, issuers: Sequence[Certificate]) -> Certificate | str:
    """The held certificate that signed a list of whatever scope, or the rule broken. Never raises."""
    if len(der) > MAX_SIZE:
        return f"more than {MAX_SIZE} octets"
    try:
        return _signers(der, x509.load_der_x509_crl(der), by_name(issuers))[1][0]
    except UnusableError as reason:
        return str(reason)
    except Exception:  # a parser's complaint, of whatever class
        return "not one revocation list in DER"


def _fits(delta: RevocationList, complete: RevocationList) -> bool:
    """RFC 5280 5.2.4 a to d: the delta goes on where the complete list, or one before it, ended."""
    return delta.base is not None and delta.base <= complete.number < delta.number


def _parts(der: bytes) -> tuple[tuple[int, int, int], tuple[int, int, int], list[tuple[int, int, int]]]:
    """Signed part, algorithm, and the elements of the signed part from its algorithm on (RFC 5280 5.1)."""
    tbs, algorithm, _ = names.elements(der, *names.inside(der, 0))
    parts = names.elements(der, *names.inside(der, tbs[1]))
    return tbs, algorithm, parts[1:] if parts[0][0] == 0x02 else parts


def _signers(
    der: bytes, parsed: x509.CertificateRevocationList, issuers: Mapping[_Names, Sequence[Certificate]]
) -> tuple[_Names, tuple[Certificate, ...]]:
    """The issuer's name, and the held certificates of that name with the key that signed the list and cRLSign."""
    if not profile.strong_signature(parsed):
        raise UnusableError("signed with something else than SHA-256, SHA-384, SHA-512 or Ed25519")
    tbs, outer, (inner, issuer, *_) = _parts(der)
    if der[inner[1] : inner[2]] != der[outer[1] : outer[2]]:
        raise UnusableError("signature algorithms inside and outside the signed part differ")
    if not pss.is_usual(der[outer[1] : outer[2]]):
        raise UnusableError("RSASSA-PSS in another form than the usual one")
    name, wanted = names.comparable(der[issuer[1] : issuer[2]]), _authority_key_id(parsed)
    named = [c for c in issuers.get(name, ()) if wanted is None or c.key_id in (None, wanted)]
    signed, parameters = der[tbs[1] : tbs[2]], parsed.signature_algorithm_parameters
    for key in dict.fromkeys(c.key for c in named):
        same = [c for c in named if c.key == key]
        if verifies(same[0].public_key, parsed.signature, signed, parameters, parsed.signature_hash_algorithm):
            allowed = tuple(c for c in same if profile.may_sign_lists(c))
            if not allowed:
                raise UnusableError("its CA has no cRLSign")
            return name, allowed
    raise UnusableError("not signed by the CA of its name" if named else "its CA is not in the trust list")


def _authority_key_id(parsed: x509.CertificateRevocationList) -> bytes | None:
    for extension in parsed.extensions:
        if isinstance(extension.value, x509.AuthorityKeyIdentifier):
            return extension.value.key_identifier
    return None


def _checked(
    der: bytes,
    fingerprint: bytes,
    parsed: x509.CertificateRevocationList,
    issuer: _Names,
    signers: tuple[Certificate, ...],
) -> RevocationList:
    number, base, scope, expired_since = _limits(parsed.extensions, issuer)
    if parsed.next_update_utc is None:
        raise UnusableError("nextUpdate is missing")
    return RevocationList(
        der, fingerprint, issuer, signers, number, base, parsed.last_update_utc, parsed.next_update_utc, scope,
        crl_entries.offsets(der, _revoked(der), len(parsed), issuer, indirect=scope.indirect), expired_since,
    )  # fmt: skip


def _limits(extensions: x509.Extensions, issuer: _Names) -> tuple[int, int | None, Scope, datetime | None]:
    """Number, base number, scope, and since when ended certificates are still named; UnusableError for what must not be used."""
    number: int | None = None
    expired_since: datetime | None = None
    base: int | None = None
    scope = Scope()
    for extension in extensions:
        value = extension.value
        if isinstance(value, x509.DeltaCRLIndicator):
            base = value.crl_number
        elif isinstance(value, x509.IssuingDistributionPoint):
            if value.only_contains_attribute_certs:
                raise UnusableError("for attribute certificates only")
            scope = points.scope_of(value, issuer)
        elif isinstance(value, x509.CRLNumber):
            if extension.critical:
                raise UnusableError("cRLNumber must not be critical")
            number = value.crl_number
        elif extension.critical and extension.oid not in _UNDERSTOOD:
            raise UnusableError("unknown critical extension")
        elif extension.oid == _EXPIRED_ON_LIST:
            expired_since = _time(value.public_bytes())
    if number is None or not 0 <= number < 1 << 159:
        raise UnusableError("cRLNumber of 0 to 20 octets")
    return number, base, scope, expired_since


def _time(der: bytes) -> datetime:
    try:
        return crl_entries.zoned(asn1.GeneralizedTime.load(der, strict=True).native)
    except (ValueError, TypeError):
        raise UnusableError("expiredCertsOnCRL must be a time") from None


def _revoked(der: bytes) -> tuple[int, int]:
    """Where the entries begin and end; they are absent from a list that revokes nothing."""
    parts = _parts(der)[2]
    for tag, start, _ in parts[3:]:  # after algorithm, issuer, thisUpdate
        if tag == 0x30:
            return names.inside(der, start)
    return 0, 0
