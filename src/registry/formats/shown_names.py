"""Certificate names as people may see them: common name and organisation, never an identifier. Not for comparing names.

Identifiers of persons and firms (UID, serialNumber) are left out; a certificate authority that writes one into the common
name all the same does not get it into a report.
"""

from __future__ import annotations

import re

from cryptography import x509
from cryptography.x509.oid import NameOID

from registry.formats.lru import Lru
from registry.formats.x509 import Certificate

_LONGEST = 200
_MOST_ROLES = 8
#: Personal numbers have 12 digits (older ones 9), tax codes 10 or 13; written with blanks, dots or hyphens too.
_NUMBER = re.compile(r"\d(?:[ .\-]?\d){8,}")
_IDENTIFIERS = frozenset({NameOID.USER_ID, NameOID.SERIAL_NUMBER})
_known: Lru[bytes, tuple[str, str]] = Lru(4096)


def common_name(certificate: Certificate) -> str:
    """The common name, or the organisation where there is none; "" when neither can be read."""
    return _names(certificate)[0] or _names(certificate)[1]


def signer(certificate: Certificate) -> str:
    """Common name and organisation, with a comma between them."""
    return ", ".join(dict.fromkeys(part for part in _names(certificate) if part))


def subject(certificate: Certificate) -> str:
    """The subject as RFC 4514 writes it, for operators; without the attributes that identify a person or a firm."""
    kept = [[part for part in rdn if part.oid not in _IDENTIFIERS] for rdn in certificate.parsed.subject.rdns]
    name = x509.Name([x509.RelativeDistinguishedName(parts) for parts in kept if parts])
    return without_numbers(name.rfc4514_string())


def without_numbers(text: str) -> str:
    """One line of text, cut to a length, in which runs of nine or more digits are replaced by an ellipsis."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text[: 4 * _LONGEST]).split())
    return _NUMBER.sub("…", line)[:_LONGEST]


def claimed_roles(texts: tuple[str, ...]) -> tuple[str, ...]:
    """The roles a signer wrote, fit to be shown."""
    return tuple(without_numbers(text) for text in texts[:_MOST_ROLES])


def _names(certificate: Certificate) -> tuple[str, str]:
    known = _known.get(certificate.fingerprint)
    if known is None:
        subject = certificate.parsed.subject
        known = _value(subject, NameOID.COMMON_NAME), _value(subject, NameOID.ORGANIZATION_NAME)
        _known.put(certificate.fingerprint, known)
    return known


def _value(subject: x509.Name, oid: x509.ObjectIdentifier) -> str:
    try:
        found = subject.get_attributes_for_oid(oid)
        value = found[0].value if found else ""
    except Exception:  # a name whose text can't be decoded is shown as none
        return ""
    return without_numbers(value) if isinstance(value, str) else ""
