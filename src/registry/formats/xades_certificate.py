"""SigningCertificateV2 (ETSI EN 319 132-1 section 5.2.2): the signed word on which certificate is the signer's.

Without it another certificate with the same key could be put in its place. It names a certificate, it trusts none.
"""

from __future__ import annotations

import hashlib

from lxml import etree

from registry.core import codes
from registry.formats import names, x509
from registry.formats.xades_names import DIGESTS, SHA256, ds, xades
from registry.formats.xml_walk import Walk, octets

_MOST_CERTIFICATES = 6
_PARTS = (xades("CertDigest"), xades("IssuerSerialV2"))
_DIGEST = (ds("DigestMethod"), ds("DigestValue"))
_SEQUENCE, _DIRECTORY_NAME, _INTEGER = 0x30, 0xA4, 0x02


def read(holder: etree._Element | None, at: str, chain: tuple[bytes, ...], walk: Walk) -> bytes | None:
    """SHA-256 of the signer's certificate as signed, or None; the first Cert must be of the first certificate in `chain`.

    Codes: xml-structure, xml-limit, header-certificate, reference-hash, certificate-mismatch.
    """
    if holder is None:
        return None
    where = f"{at}/SigningCertificateV2"
    walk.only(holder, where, children=(xades("Cert"),))
    given = holder.findall(xades("Cert"))
    if not given:
        walk.note(codes.HEADER_CERTIFICATE, where, "Cert with CertDigest")
        return None
    if len(given) > _MOST_CERTIFICATES:
        walk.note(codes.XML_LIMIT, where, f"at most {_MOST_CERTIFICATES} of Cert")
        return None
    for other in given[1:]:
        walk.only(other, where, children=_PARTS)
    return _first(given[0], where, chain, walk)


def _first(cert: etree._Element, at: str, chain: tuple[bytes, ...], walk: Walk) -> bytes | None:
    walk.only(cert, at, children=_PARTS)
    digest, issuer_serial = walk.one(cert, _PARTS[0], at), walk.at_most_one(cert, _PARTS[1], at)
    method = digest.find(_DIGEST[0]) if digest is not None else None
    value = digest.find(_DIGEST[1]) if digest is not None else None
    if digest is None or method is None or value is None:
        walk.note(codes.HEADER_CERTIFICATE, at, "CertDigest with DigestMethod and DigestValue")
        return None
    walk.only(digest, f"{at}/CertDigest", children=_DIGEST)
    walk.only(method, f"{at}/DigestMethod", children=(), attributes=("Algorithm",))
    algorithm = method.get("Algorithm") or ""
    hashed = DIGESTS.get(algorithm)
    if hashed is None:
        walk.note(codes.REFERENCE_HASH, f"{at}/DigestMethod", "SHA-256, SHA-384 or SHA-512")
        return None
    claimed = octets(walk.leaf(value, f"{at}/DigestValue"))
    if chain and claimed != hashlib.new(hashed, chain[0]).digest():
        walk.note(codes.CERTIFICATE_MISMATCH, at, "the digest of the first X509Certificate")
    if issuer_serial is not None:
        named = octets(walk.leaf(issuer_serial, f"{at}/IssuerSerialV2"))
        if chain and not _names(named or b"", chain[0]):
            walk.note(
                codes.CERTIFICATE_MISMATCH, f"{at}/IssuerSerialV2", "issuer and serial of the first X509Certificate"
            )
    return claimed if algorithm == SHA256 else None


def _names(issuer_serial: bytes, der: bytes) -> bool:
    """True when a DER IssuerSerial (RFC 5035 section 5) is that of the certificate; one directory name, nothing else in it."""
    certificate, _ = x509.Certificate.read(der)
    if certificate is None:
        return False
    try:
        ((outer, start, _),) = names.elements(issuer_serial, 0, len(issuer_serial))
        listed, serial = names.elements(issuer_serial, *names.inside(issuer_serial, start))
        ((kind, begin, _),) = names.elements(issuer_serial, *names.inside(issuer_serial, listed[1]))
        begin, end = names.inside(issuer_serial, begin)
        number_at, number_end = names.inside(issuer_serial, serial[1])
    except (ValueError, IndexError):
        return False
    if (outer, listed[0], kind, serial[0]) != (_SEQUENCE, _SEQUENCE, _DIRECTORY_NAME, _INTEGER):
        return False
    number = int.from_bytes(issuer_serial[number_at:number_end], "big", signed=True)
    issuer = issuer_serial[begin:end]
    same_issuer = issuer == certificate.issuer_der or names.comparable(issuer) == certificate.issuer
    return number == certificate.serial and same_issuer
