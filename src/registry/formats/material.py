"""Trust material in files: bytes as an operator has them, to DER certificates and revocation lists, and their facts.

PEM (one or many, mixed), DER, and PKCS#7 bundles. Nothing is trusted by being read here.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from registry.formats import crls
from registry.formats.x509 import Certificate

#: A bundle of lists in PEM is a third longer than in DER.
MAX_SIZE = 4 * crls.MAX_SIZE

_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,40})-----\s*([A-Za-z0-9+/=\s]*)-----END \1-----")
_BEGIN = b"-----BEGIN "


@dataclass(frozen=True, slots=True)
class Material:
    """What a file held; `problems` name parts that could not be read, by position and rule, never by content."""

    certificates: tuple[bytes, ...] = ()
    revocation_lists: tuple[bytes, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """What an operator wants to see of a certificate."""

    subject: str  # RFC 4514
    not_before: datetime
    not_after: datetime
    serial: int
    fingerprint: bytes  # SHA-256
    is_ca: bool
    self_issued: bool


@dataclass(frozen=True, slots=True)
class CrlFacts:
    """What decides whether a list is newer. `issuer` tells lists apart that must not replace each other: it names the
    CA (RFC 4514), its key identifier and the distribution point, where given."""

    issuer: str
    number: int
    this_update: datetime
    next_update: datetime


@dataclass(slots=True)
class _Found:
    certificates: list[bytes] = field(default_factory=list)
    lists: list[bytes] = field(default_factory=list)
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
    return Material(tuple(dict.fromkeys(found.certificates)), tuple(dict.fromkeys(found.lists)), tuple(found.problems))


def certificate_facts(der: bytes) -> CertificateFacts | None:
    """The facts of a DER certificate, or None when it can't be read."""
    certificate, _ = Certificate.read(der)
    if certificate is None:
        return None
    return CertificateFacts(
        subject=certificate.parsed.subject.rfc4514_string(),
        not_before=certificate.not_before,
        not_after=certificate.not_after,
        serial=certificate.serial,
        fingerprint=certificate.fingerprint,
        is_ca=certificate.is_ca,
        self_issued=certificate.self_issued,
    )


def crl_facts(der: bytes) -> CrlFacts | None:
    """The facts of a DER revocation list; None when unreadable, too large, or without number or nextUpdate.

    Says nothing about its signature: `crls.read_list` with the CA certificates held does.
    """
    if len(der) > crls.MAX_SIZE:
        return None
    try:
        parsed = x509.load_der_x509_crl(der)
        labels, number = [parsed.issuer.rfc4514_string()], None
        for extension in parsed.extensions:
            value = extension.value
            if isinstance(value, x509.AuthorityKeyIdentifier) and value.key_identifier:
                labels.append(f"key {value.key_identifier.hex()}")
            elif isinstance(value, x509.IssuingDistributionPoint) and value.full_name:
                labels += sorted(f"at {n.value}" for n in value.full_name if isinstance(n.value, str))
            elif isinstance(value, x509.CRLNumber):
                number = value.crl_number
        if number is None or parsed.next_update_utc is None:
            return None
        return CrlFacts(" ".join(labels), number, parsed.last_update_utc, parsed.next_update_utc)
    except Exception:  # a parser's complaint, of whatever class
        return None


def is_rollback(new: CrlFacts, stored: CrlFacts) -> bool:
    """True when the new list is older than the stored one of the same issuer (RFC 5280 5.2.3: numbers only grow)."""
    return new.issuer == stored.issuer and (new.number, new.this_update) < (stored.number, stored.this_update)


def _read_block(found: _Found, position: int, label: str, text: bytes) -> None:
    where = f"block {position}"
    try:
        der = base64.b64decode(b"".join(text.split()), validate=True)
    except binascii.Error:
        found.problems.append(f"{where}: not base64")
        return
    if label in ("CERTIFICATE", "X509 CERTIFICATE", "X509 CRL", "PKCS7", "CMS"):
        _read_der(found, where, der)
    else:
        found.problems.append(f"{where}: neither certificate, revocation list nor PKCS#7")


def _read_der(found: _Found, where: str, der: bytes) -> None:
    """By trial: the three kinds can't be mistaken for each other."""
    certificate, findings = Certificate.read(der)
    if certificate is not None:
        found.certificates.append(der)
    elif _reads(x509.load_der_x509_crl, der):
        found.lists.append(der)
        if len(der) > crls.MAX_SIZE:
            found.lists.pop()
            found.problems.append(f"{where}: revocation list of more than {crls.MAX_SIZE} octets")
    elif _reads(pkcs7.load_der_pkcs7_certificates, der):
        found.certificates += [c.public_bytes(Encoding.DER) for c in pkcs7.load_der_pkcs7_certificates(der)]
    elif _reads(x509.load_der_x509_certificate, der):
        found.problems.append(f"{where}: certificate: {findings[0].detail}")
    else:
        found.problems.append(f"{where}: neither certificate, revocation list nor PKCS#7")


def _reads(read: Callable[[bytes], object], der: bytes) -> bool:
    try:
        read(der)
    except Exception:  # whatever class a parser complains with
        return False
    return True
