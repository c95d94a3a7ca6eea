"""Trust material in files: bytes as an operator has them, to DER certificates, revocation lists and OCSP answers; their facts.

PEM (one or many, mixed), DER, and PKCS#7 bundles. Nothing is trusted by being read here.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from asn1crypto import cms
from cryptography import x509
from cryptography.x509 import ocsp
from cryptography.x509.oid import NameOID

from registry.formats import crls, shown_names
from registry.formats.x509 import Certificate

#: A bundle of lists in PEM is a third longer than in DER.
MAX_SIZE = 4 * crls.MAX_SIZE

#: An answer holds one certificate's state and at most a few certificates of its signer.
MAX_ANSWER = 64 * 1024

_NUMBER = re.compile(r"[A-Z]*:?[0-9]{9,}")
_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,40})-----\s*([A-Za-z0-9+/=\s]*)-----END \1-----")
_BEGIN = b"-----BEGIN "


@dataclass(frozen=True, slots=True)
class Material:
    """What a file held; `problems` name parts that could not be read, by position and rule, never by content."""

    certificates: tuple[bytes, ...] = ()
    revocation_lists: tuple[bytes, ...] = ()
    ocsp_answers: tuple[bytes, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """What an operator wants to see of a certificate."""

    subject: str  # RFC 4514, nobody's number in it
    not_before: datetime
    not_after: datetime
    serial: int
    fingerprint: bytes  # SHA-256
    is_ca: bool
    self_issued: bool


@dataclass(frozen=True, slots=True)
class CrlFacts:
    """What decides whether a list is newer. `issuer` tells lists apart that must not replace each other: it names the
    CA (RFC 4514), its key, and where given the distribution point, what the list is limited to, and that it is a delta."""

    issuer: str
    number: int
    this_update: datetime
    next_update: datetime


@dataclass(frozen=True, slots=True)
class OcspFacts:
    """What decides whether an answer about one certificate is newer. `cert_id` names the certificate (RFC 6960 4.1.1:
    hash, issuer's name and key hashed, serial); `status` is good, revoked or unknown."""

    cert_id: str
    status: str
    this_update: datetime
    next_update: datetime


@dataclass(slots=True)
class _Found:
    certificates: list[bytes] = field(default_factory=list)
    lists: list[bytes] = field(default_factory=list)
    answers: list[bytes] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def read_material(raw: bytes) -> Material:
    """Read one file of trust material. Never raises; what can't be read is named in `problems`."""
    if len(raw) > MAX_SIZE:
        return Material(problems=(f"more than {MAX_SIZE} octets",))
    found = _Found()
    if _BEGIN in raw:
        blocks = list(_BLOCK.finditer(raw))
        if len(blocks) != raw.count(_BEGIN):
            found.problems.append("a PEM block without its end")
        for position, block in enumerate(blocks):
            _read_block(found, position + 1, block[1].decode("ascii"), block[2])
    else:
        _read_der(found, "file", raw)
    certificates, lists, answers = (tuple(dict.fromkeys(k)) for k in (found.certificates, found.lists, found.answers))
    return Material(certificates, lists, answers, tuple(found.problems))


def certificate_facts(der: bytes) -> CertificateFacts | None:
    """The facts of a DER certificate, or None when it can't be read."""
    certificate, _ = Certificate.read(der)
    if certificate is None:
        return None
    return CertificateFacts(
        subject=shown_names.subject(certificate),
        not_before=certificate.not_before,
        not_after=certificate.not_after,
        serial=certificate.serial,
        fingerprint=certificate.fingerprint,
        is_ca=certificate.is_ca,
        self_issued=certificate.self_issued,
    )


def holder(certificate: Certificate) -> str:
    """Whose certificate it is: the common name, without anything in it that could be a person's number."""
    names = certificate.parsed.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return _NUMBER.sub("", str(names[-1].value)).strip() if names else ""


def crl_facts(der: bytes, signer: Certificate | None = None) -> CrlFacts | None:
    """The facts of a DER revocation list; None when unreadable, too large, or without number or nextUpdate.

    Says nothing about its signature: `crls.signer_of` with the CA certificates held does. With the `signer` found there, CAs of
    one name are told apart also when the list does not name its key.
    """
    if len(der) > crls.MAX_SIZE:
        return None
    try:
        parsed = x509.load_der_x509_crl(der)
        key, number, limits = _key_label(signer), None, list[str]()
        for extension in parsed.extensions:
            value = extension.value
            if isinstance(value, x509.AuthorityKeyIdentifier) and value.key_identifier:
                key = f"key {value.key_identifier.hex()}"
            elif isinstance(value, x509.IssuingDistributionPoint):
                limits += _limits(value)
            elif isinstance(value, x509.DeltaCRLIndicator):
                limits.append("delta")
            elif isinstance(value, x509.CRLNumber):
                number = value.crl_number
        if number is None or parsed.next_update_utc is None:
            return None
        label = " ".join(filter(None, [parsed.issuer.rfc4514_string(), key, *limits]))
        return CrlFacts(label, number, parsed.last_update_utc, parsed.next_update_utc)
    except Exception:  # a parser's complaint, of whatever class
        return None


def ocsp_facts(der: bytes) -> OcspFacts | None:
    """The facts of a DER OCSP response about exactly one certificate; None when unreadable, not successful, about another
    number of certificates, or without nextUpdate. Says nothing about its signature: `asking.answer_signer` does."""
    if len(der) > MAX_ANSWER:
        return None
    try:
        response = ocsp.load_der_ocsp_response(der)
        if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            return None
        (single,) = response.responses
        if single.next_update_utc is None:
            return None
        name, key = single.issuer_name_hash.hex(), single.issuer_key_hash.hex()
        cert_id = f"{single.hash_algorithm.name} {name} {key} {single.serial_number:x}"
        status = single.certificate_status.name.lower()
        return OcspFacts(cert_id, status, single.this_update_utc, single.next_update_utc)
    except Exception:  # a parser's complaint, of whatever class
        return None


def is_rollback(new: CrlFacts, stored: CrlFacts) -> bool:
    """True when the new list is older than the stored one of the same issuer (RFC 5280 5.2.3: numbers only grow)."""
    return new.issuer == stored.issuer and (new.number, new.this_update) < (stored.number, stored.this_update)


def _key_label(signer: Certificate | None) -> str:
    if signer is None:
        return ""
    return f"key {signer.key_id.hex()}" if signer.key_id else f"spki {sha256(signer.key).hexdigest()}"


def _limits(value: x509.IssuingDistributionPoint) -> list[str]:
    """What a list is limited to (RFC 5280 5.2.5), as words."""
    places = [n.value.rfc4514_string() if isinstance(n, x509.DirectoryName) else n.value for n in value.full_name or ()]
    limits = sorted(f"at {place}" for place in places if isinstance(place, str))
    if value.relative_name is not None:
        limits.append(f"at {value.relative_name.rfc4514_string()}")
    flags = {
        "users only": value.only_contains_user_certs,
        "CAs only": value.only_contains_ca_certs,
        "attributes only": value.only_contains_attribute_certs,
        "indirect": value.indirect_crl,
    }
    limits += [word for word, flag in flags.items() if flag]
    if value.only_some_reasons:
        limits.append("for " + ",".join(sorted(reason.value for reason in value.only_some_reasons)))
    return limits


def _read_block(found: _Found, position: int, label: str, text: bytes) -> None:
    where = f"block {position}"
    try:
        der = base64.b64decode(b"".join(text.split()), validate=True)
    except binascii.Error:
        found.problems.append(f"{where}: not base64")
        return
    if label in ("CERTIFICATE", "X509 CERTIFICATE", "X509 CRL", "PKCS7", "CMS", "OCSP RESPONSE"):
        _read_der(found, where, der)
    else:
        found.problems.append(f"{where}: neither certificate, revocation list, PKCS#7 nor OCSP answer")


def _read_der(found: _Found, where: str, der: bytes) -> None:
    """By trial: the four kinds can't be mistaken for each other."""
    certificate, findings = Certificate.read(der)
    if certificate is not None:
        found.certificates.append(der)
    elif _reads(x509.load_der_x509_crl, der):
        found.lists.append(der)
        if len(der) > crls.MAX_SIZE:
            found.lists.pop()
            found.problems.append(f"{where}: revocation list of more than {crls.MAX_SIZE} octets")
    elif (bundle := _bundle(der)) is not None:
        found.certificates += bundle[0]
        for listed in bundle[1]:
            _read_der(found, where, listed)
    elif _reads(ocsp.load_der_ocsp_response, der):
        found.answers.append(der)
    elif _reads(x509.load_der_x509_certificate, der):
        found.problems.append(f"{where}: certificate: {findings[0].detail}")
    else:
        found.problems.append(f"{where}: neither certificate, revocation list, PKCS#7 nor OCSP answer")


def _bundle(der: bytes) -> tuple[list[bytes], list[bytes]] | None:
    """Certificates and revocation lists of a PKCS#7 bundle (RFC 5652 5.1), or None when it is none."""
    try:
        held = cms.ContentInfo.load(der, strict=True)
        if held["content_type"].native != "signed_data":
            return None
        certificates = [c.chosen.dump() for c in held["content"]["certificates"] or () if c.name == "certificate"]
        lists = [c.chosen.dump() for c in held["content"]["crls"] or () if c.name == "crl"]
    except Exception:  # whatever class a parser complains with
        return None
    return certificates, lists


def _reads(read: Callable[[bytes], object], der: bytes) -> bool:
    try:
        read(der)
    except Exception:  # whatever class a parser complains with
        return False
    return True
