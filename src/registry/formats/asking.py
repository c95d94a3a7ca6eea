"""Asking an OCSP responder: the request for a certificate, and which held CA stands behind an answer. Bytes only, no network.

What an answer means for a signature is decided elsewhere; here only whether it is worth keeping.
"""

from __future__ import annotations

from collections.abc import Sequence

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, SignatureAlgorithmOID

from registry.formats import names
from registry.formats.x509 import Certificate, verifies

_PARAMETERS: dict[x509.ObjectIdentifier, tuple[padding.PKCS1v15 | ec.ECDSA | None, hashes.HashAlgorithm | None]] = {
    SignatureAlgorithmOID.RSA_WITH_SHA256: (padding.PKCS1v15(), hashes.SHA256()),
    SignatureAlgorithmOID.RSA_WITH_SHA384: (padding.PKCS1v15(), hashes.SHA384()),
    SignatureAlgorithmOID.RSA_WITH_SHA512: (padding.PKCS1v15(), hashes.SHA512()),
    SignatureAlgorithmOID.ECDSA_WITH_SHA256: (ec.ECDSA(hashes.SHA256()), hashes.SHA256()),
    SignatureAlgorithmOID.ECDSA_WITH_SHA384: (ec.ECDSA(hashes.SHA384()), hashes.SHA384()),
    SignatureAlgorithmOID.ECDSA_WITH_SHA512: (ec.ECDSA(hashes.SHA512()), hashes.SHA512()),
    SignatureAlgorithmOID.ED25519: (None, None),
}


def request(certificate: Certificate, issuer: Certificate) -> bytes:
    """The DER request about one certificate, without a nonce: responders answer from a store (RFC 5019 2.1.1).

    The certificate is named by SHA-1, which every responder knows; nothing rests on that hash.
    """
    builder = ocsp.OCSPRequestBuilder().add_certificate(certificate.parsed, issuer.parsed, hashes.SHA1())  # noqa: S303
    return builder.build().public_bytes(Encoding.DER)


def cert_ids(certificate: Certificate, issuer: Certificate) -> frozenset[str]:
    """How answers may name this certificate of this issuer (`material.OcspFacts.cert_id`), by SHA-1 and by SHA-256."""
    found = set()
    for hashed in (hashes.SHA1(), hashes.SHA256()):  # noqa: S303
        asked = ocsp.OCSPRequestBuilder().add_certificate(certificate.parsed, issuer.parsed, hashed).build()
        found.add(f"{hashed.name} {asked.issuer_name_hash.hex()} {asked.issuer_key_hash.hex()} {asked.serial_number:x}")
    return frozenset(found)


def answer_signer(der: bytes, issuers: Sequence[Certificate]) -> Certificate | str:
    """The held CA that answers here, itself or through a responder it has certified (RFC 6960 4.2.2.2); else the rule broken.

    The CA must be the issuer of the certificate asked about. Never raises.
    """
    try:
        response = ocsp.load_der_ocsp_response(der)
        (single,) = response.responses
        named = [c for c in issuers if _issued(c, single)]
        if not named:
            return "its CA is not in the trust list"
        if response.signature_algorithm_oid not in _PARAMETERS:
            return "signed with something else than RSA (PKCS #1 v1.5), ECDSA over SHA-2, or Ed25519"
        for issuer in named:
            if any(_signed(response, signer) for signer in (issuer, *_delegates(response, issuer))):
                return issuer
    except Exception:  # a parser's complaint, of whatever class
        return "not one successful OCSP answer about one certificate in DER"
    return "not signed by its CA, nor by a responder that the CA has certified for OCSP"


def _issued(issuer: Certificate, single: ocsp.OCSPSingleResponse) -> bool:
    """Whether the answer's hashes are those of this CA's name and key (the BIT STRING's content without its first octet)."""
    if not isinstance(single.hash_algorithm, (hashes.SHA1, hashes.SHA256, hashes.SHA384, hashes.SHA512)):
        return False
    key = names.elements(issuer.key, *names.inside(issuer.key, 0))[1]
    begin, end = names.inside(issuer.key, key[1])
    parts = ((issuer.subject_der, single.issuer_name_hash), (issuer.key[begin + 1 : end], single.issuer_key_hash))
    return all(_digest(single.hash_algorithm, part) == said for part, said in parts)


def _digest(algorithm: hashes.HashAlgorithm, part: bytes) -> bytes:
    digest = hashes.Hash(algorithm)
    digest.update(part)
    return digest.finalize()


def _delegates(response: ocsp.OCSPResponse, issuer: Certificate) -> list[Certificate]:
    """Certificates in the answer that this CA has issued for answering, good when the answer was made."""
    found = []
    for carried in response.certificates[:4]:
        certificate, _ = Certificate.read(carried.public_bytes(Encoding.DER))
        if certificate is None or not issuer.may_have_issued(certificate):
            continue
        purposes = certificate.extension(x509.ExtendedKeyUsage)
        meant = purposes is not None and ExtendedKeyUsageOID.OCSP_SIGNING in purposes.value
        in_time = certificate.not_before <= response.produced_at_utc <= certificate.not_after
        if meant and in_time and issuer.has_signed(certificate):
            found.append(certificate)
    return found


def _signed(response: ocsp.OCSPResponse, signer: Certificate) -> bool:
    parameters, hashed = _PARAMETERS[response.signature_algorithm_oid]
    return verifies(signer.public_key, response.signature, response.tbs_response_bytes, parameters, hashed)
