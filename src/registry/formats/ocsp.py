"""OCSP answers (RFC 6960): read once, matched to a certificate, and whose signature they bear. No clock, no request.

Whether a delegated responder is itself in force, and what a status means, is asked in `registry.formats.statuses`.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from asn1crypto import ocsp as asn1_ocsp
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import SignatureAlgorithmOID

from registry.formats import names, profile, pss
from registry.formats.crl_entries import Entry, zoned
from registry.formats.lru import Lru
from registry.formats.x509 import Certificate, verifies

MAX_SIZE = 65_536
#: More than any answer to a question about one path; an answer is read before its signature is checked.
MAX_STATUSES = 64
#: Answers looked at of those that come with one signature.
MAX_STAPLED = 6
#: RFC 6960 4.2.2.1 lets nextUpdate be left out ("newer information is always available"): good for one day here.
LIFE_WITHOUT_NEXT_UPDATE = timedelta(days=1)

_MAX_CERTIFICATES = 4
_HASHES = {"1.3.14.3.2.26": "sha1", "2.16.840.1.101.3.4.2.1": "sha256"}
_PSS_HASHES = (hashes.SHA256(), hashes.SHA384(), hashes.SHA512())
_BASIC = bytes.fromhex("06092b0601050507300101")  # id-pkix-ocsp-basic
_SUCCESSFUL = b"\x0a\x01\x00"


@dataclass(frozen=True, slots=True)
class Status:
    """What an answer says of one certificate. `entry` is None unless revoked; `known` is False for "unknown"."""

    hash_name: str
    name_hash: bytes
    key_hash: bytes
    this_update: datetime
    next_update: datetime | None
    known: bool
    entry: Entry | None
    archived_since: datetime | None = None  # certificates that ended since then are still spoken of (RFC 6960 4.4.4)

    @property
    def fresh_to(self) -> datetime:
        """The last moment at which the status is fresh."""
        return self.next_update or self.this_update + LIFE_WITHOUT_NEXT_UPDATE


@dataclass(frozen=True, slots=True)
class _Seal:
    """The signature of an answer, and whom it names as its maker: a name or the SHA-1 of a key."""

    signature: bytes
    signed: bytes
    pss: bool
    hashed: hashes.HashAlgorithm | None
    name: names.ComparableName | None
    key_hash: bytes | None

    def names(self, signer: Certificate) -> bool:
        if self.name is not None:
            return self.name == signer.subject
        return self.key_hash == _key_hash("sha1", signer)

    def is_of(self, signer: Certificate) -> bool:
        key = signer.public_key
        if self.pss:  # the parser gives no parameters: one of the usual forms, and only one of them verifies
            return any(
                verifies(key, self.signature, self.signed, padding.PSS(padding.MGF1(h), h.digest_size), h)
                for h in _PSS_HASHES
            )
        if self.hashed is None:
            return verifies(key, self.signature, self.signed, None, None)
        elliptic = isinstance(key, ec.EllipticCurvePublicKey)
        parameters = ec.ECDSA(self.hashed) if elliptic else padding.PKCS1v15()
        return verifies(key, self.signature, self.signed, parameters, self.hashed)


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """A successful answer, its signature not yet checked. `statuses` are by serial number."""

    fingerprint: bytes  # SHA-256 of the DER form
    produced_at: datetime
    statuses: Mapping[int, tuple[Status, ...]]
    seal: _Seal
    certificates: tuple[Certificate, ...]

    def statuses_of(self, certificate: Certificate, issuer: Certificate) -> list[Status]:
        """What it says of exactly this certificate of this issuer (RFC 6960 4.1.1: names and key as hashes); one that says two
        things has said both."""
        return [s for s in self.statuses.get(certificate.serial, ()) if _is_about(s, certificate, issuer)]

    def responder(self, issuer: Certificate) -> Certificate | None:
        """Who signed: the issuer itself, or a responder to whom it delegated (RFC 6960 4.2.2.2); None when neither did.

        A delegate's certificate comes with the answer, is signed by the issuer's own key, names OCSPSigning, keeps the
        profile, and was valid when the answer was produced. Whether it has been revoked is the caller's question.
        """
        key = self.fingerprint, issuer.fingerprint
        known = _sealed.get(key)
        if known is None:
            known = (self._signer(issuer),)
            _sealed.put(key, known)
        return known[0]

    def checks(self, issuer: Certificate) -> int:
        """How many signatures `responder` may have to check."""
        tries = len(_PSS_HASHES) if self.seal.pss else 1
        delegates = sum(map(self.seal.names, self.certificates))
        return tries * self.seal.names(issuer) + (1 + tries) * delegates

    def _signer(self, issuer: Certificate) -> Certificate | None:
        if self.seal.names(issuer) and self.seal.is_of(issuer):
            return issuer
        able = (c for c in self.certificates if self.seal.names(c) and self._delegated(c, issuer))
        return next((c for c in able if self.seal.is_of(c)), None)

    def _delegated(self, responder: Certificate, issuer: Certificate) -> bool:
        return (
            profile.may_answer(responder)
            and responder.not_before <= self.produced_at <= responder.not_after
            and issuer.may_have_issued(responder)
            and issuer.has_signed(responder)
        )


_STRONG = (hashes.SHA256, hashes.SHA384, hashes.SHA512)
_read: Lru[bytes, Answer] = Lru(4096)
#: Whose signature an answer bears, by the answer and the issuer asked about: never changes, and costs two checks.
_sealed: Lru[tuple[bytes, bytes], tuple[Certificate | None]] = Lru(4096)


class OcspIndex:
    """The answers held, found by the serial number they speak of."""

    def __init__(self, answers: Iterable[Answer] = (), problems: Sequence[str] = ()) -> None:
        self._answers: defaultdict[int, list[Answer]] = defaultdict(list)
        for answer in answers:
            for serial in answer.statuses:
                self._answers[serial].append(answer)
        self.problems = tuple(problems)

    @classmethod
    def build(cls, answers: Sequence[bytes]) -> OcspIndex:
        """Index DER answers; unusable ones are named in `problems` by position."""
        usable, problems = [], []
        for position, der in enumerate(answers):
            read = read_answer(der)
            if isinstance(read, Answer):
                usable.append(read)
            else:
                problems.append(f"OCSP answer {position + 1}: {read}")
        return cls(usable, problems)

    def about(self, certificate: Certificate) -> Sequence[Answer]:
        """The answers that speak of the certificate's serial number, whoever issued it."""
        return self._answers.get(certificate.serial, ())


def read_answer(der: bytes) -> Answer | str:
    """An answer (DER OCSPResponse or BasicOCSPResponse), or the rule it breaks, never its content. Never raises."""
    if len(der) > MAX_SIZE:
        return f"more than {MAX_SIZE} octets"
    fingerprint = hashlib.sha256(der).digest()
    known = _read.get(fingerprint)
    if known is not None:
        return known
    try:
        answer = _answer(fingerprint, _load(der))
    except _UnusableError as reason:
        return str(reason)
    except Exception:  # a parser's complaint, of whatever class
        return "not one OCSP answer in DER"
    _read.put(fingerprint, answer)
    return answer


class _UnusableError(Exception):
    """Why an answer can't be used."""


def _answer(fingerprint: bytes, parsed: ocsp.OCSPResponse) -> Answer:
    """Everything that will be looked at, read now: the parser is lazy and complains late."""
    if parsed.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        raise _UnusableError("not a successful answer")
    with_pss = parsed.signature_algorithm_oid == SignatureAlgorithmOID.RSASSA_PSS
    if with_pss and not pss.is_usual(_algorithm(parsed)):
        raise _UnusableError("RSASSA-PSS in another form than the usual one")
    hashed = None if with_pss else parsed.signature_hash_algorithm
    if hashed is not None and not isinstance(hashed, _STRONG):
        raise _UnusableError("signed with something else than SHA-256, SHA-384, SHA-512 or Ed25519")
    name = parsed.responder_name
    named = None if name is None else names.comparable(name.public_bytes())
    seal = _Seal(parsed.signature, parsed.tbs_response_bytes, with_pss, hashed, named, parsed.responder_key_hash)
    along = [Certificate.read(c.public_bytes(Encoding.DER))[0] for c in parsed.certificates[:_MAX_CERTIFICATES]]
    certificates = tuple(c for c in along if c is not None)
    return Answer(fingerprint, parsed.produced_at_utc, _statuses(parsed), seal, certificates)


def _algorithm(parsed: ocsp.OCSPResponse) -> bytes:
    """The identifier of the signature's algorithm as it stands there."""
    whole = asn1_ocsp.OCSPResponse.load(parsed.public_bytes(Encoding.DER), strict=True)
    return bytes(whole.basic_ocsp_response["signature_algorithm"].dump())


def _load(der: bytes) -> ocsp.OCSPResponse:
    """A BasicOCSPResponse, as some signature formats carry it, is put into the envelope it came without."""
    tag, _, _ = names.elements(der, *names.inside(der, 0))[0]
    if tag == 0x0A:
        return ocsp.load_der_ocsp_response(der)
    inner = _BASIC + _element(0x04, der)
    return ocsp.load_der_ocsp_response(_element(0x30, _SUCCESSFUL + _element(0xA0, _element(0x30, inner))))


def _element(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def _statuses(parsed: ocsp.OCSPResponse) -> Mapping[int, tuple[Status, ...]]:
    if any(extension.critical for extension in parsed.extensions):
        raise _UnusableError("critical extension")
    written = asn1_ocsp.OCSPResponse.load(parsed.public_bytes(Encoding.DER), strict=True).response_data["responses"]
    if len(written) > MAX_STATUSES:
        raise _UnusableError(f"more than {MAX_STATUSES} statuses")
    found: defaultdict[int, list[Status]] = defaultdict(list)
    for single, raw in zip(parsed.responses, written, strict=True):
        found[single.serial_number].append(_status(single, raw))
    return {serial: tuple(statuses) for serial, statuses in found.items()}


def _status(single: ocsp.OCSPSingleResponse, raw: asn1_ocsp.SingleResponse) -> Status:
    invalid_since = archived_since = None
    for extension in raw["single_extensions"]:
        if extension["critical"].native:
            raise _UnusableError("critical extension of a status")
        if extension["extn_id"].native == "invalidity_date":
            invalid_since = zoned(extension["extn_value"].parsed.native)
        elif extension["extn_id"].native == "archive_cutoff":
            archived_since = zoned(extension["extn_value"].parsed.native)
    entry = None
    if single.certificate_status is ocsp.OCSPCertStatus.REVOKED and single.revocation_time_utc is not None:
        reason = single.revocation_reason
        entry = Entry(single.revocation_time_utc, "" if reason is None else reason.name, invalid_since)
    status = Status(
        hash_name=_HASHES.get(raw["cert_id"]["hash_algorithm"]["algorithm"].dotted, ""),
        name_hash=single.issuer_name_hash,
        key_hash=single.issuer_key_hash,
        this_update=single.this_update_utc,
        next_update=single.next_update_utc,
        known=single.certificate_status is not ocsp.OCSPCertStatus.UNKNOWN,
        entry=entry,
        archived_since=archived_since,
    )
    status.fresh_to  # noqa: B018 - an end after the year 9999 must show here
    return status


def _is_about(status: Status, certificate: Certificate, issuer: Certificate) -> bool:
    if not status.hash_name:
        return False
    name = hashlib.new(status.hash_name, certificate.issuer_der, usedforsecurity=False).digest()
    return status.name_hash == name and status.key_hash == _key_hash(status.hash_name, issuer)


def _key_hash(hash_name: str, issuer: Certificate) -> bytes:
    """Over the content of the key's BIT STRING without the octet that counts unused bits (RFC 6960 4.1.1)."""
    _, bits = names.elements(issuer.key, *names.inside(issuer.key, 0))
    content, stop = names.inside(issuer.key, bits[1])
    return hashlib.new(hash_name, issuer.key[content + 1 : stop], usedforsecurity=False).digest()
