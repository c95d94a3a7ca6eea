"""The certificate profile: what RFC 5280 asks of a certificate's form and a path validation does not look at.

Rules only: no trust, no signatures, no time.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, SignatureAlgorithmOID

from registry.core import codes
from registry.core.findings import Finding
from registry.formats import names
from registry.formats.x509 import Certificate

_HASHES = (hashes.SHA256, hashes.SHA384, hashes.SHA512)
_CURVES = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)

#: Real certificates carry up to a dozen; policy processing costs the more the more they multiply along a path.
_MAX_POLICIES, _MAX_MAPPINGS = 64, 2048

#: Critical extensions that the path validation or this module acts upon (RFC 5280 4.2: any other must be refused).
_UNDERSTOOD = frozenset(
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.CERTIFICATE_POLICIES,
        ExtensionOID.POLICY_MAPPINGS,
        ExtensionOID.POLICY_CONSTRAINTS,
        ExtensionOID.INHIBIT_ANY_POLICY,
        ExtensionOID.NAME_CONSTRAINTS,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
        ExtensionOID.CRL_DISTRIBUTION_POINTS,
        ExtensionOID.OCSP_NO_CHECK,
    }
)
#: RFC 5280 4.2.1.1, 4.2.1.2, 4.2.2.1, 4.2.1.15: conforming CAs mark these as not critical.
_NEVER_CRITICAL = {
    ExtensionOID.AUTHORITY_KEY_IDENTIFIER: "authorityKeyIdentifier",
    ExtensionOID.SUBJECT_KEY_IDENTIFIER: "subjectKeyIdentifier",
    ExtensionOID.AUTHORITY_INFORMATION_ACCESS: "authorityInfoAccess",
    ExtensionOID.FRESHEST_CRL: "freshestCRL",
}
#: Purposes that do not speak against signing a document.
_PURPOSES = frozenset(
    {
        ExtendedKeyUsageOID.EMAIL_PROTECTION,
        ExtendedKeyUsageOID.CLIENT_AUTH,
        ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
        x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36"),  # documentSigning, RFC 9336
        x509.ObjectIdentifier("1.3.6.1.4.1.311.10.3.12"),  # Microsoft document signing
    }
)


class Purpose(StrEnum):
    """What a certificate at the end of a path is to be used for."""

    DOCUMENT = "document"  # signing documents: the profile of a signer and its usage
    TIME_STAMP = "time-stamp"  # signing RFC 3161 tokens and nothing else
    ANY = "any"  # none in particular: the profile alone, that of a CA when it is one
    LISTS = "lists"  # signing revocation lists on behalf of a CA


def profile_findings(certificate: Certificate, *, ca: bool, pointer: str) -> list[Finding]:
    """certificate-profile for each way a certificate breaks the profile of a CA or of a document signer."""
    faults = [*_common(certificate), *(_authority(certificate) if ca else _end_entity(certificate))]
    return [Finding(codes.CERTIFICATE_PROFILE, pointer, fault) for fault in faults]


def purpose_findings(certificate: Certificate, purpose: Purpose, pointer: str) -> list[Finding]:
    """certificate-profile and certificate-usage for the certificate at the end of a path."""
    if purpose is Purpose.DOCUMENT:
        profile = profile_findings(certificate, ca=False, pointer=pointer)
        return [*profile, *usage_findings(certificate, pointer)]
    if purpose is Purpose.TIME_STAMP:
        profile = profile_findings(certificate, ca=False, pointer=pointer)
        return [*profile, *time_stamping_findings(certificate, pointer)]
    if purpose is Purpose.ANY:
        return profile_findings(certificate, ca=certificate.is_ca, pointer=pointer)
    faults = [Finding(codes.CERTIFICATE_PROFILE, pointer, fault) for fault in _common(certificate)]
    if not may_sign_lists(certificate):
        faults.append(Finding(codes.CERTIFICATE_USAGE, pointer, "keyUsage, if present, with cRLSign"))
    return faults


def may_sign_lists(certificate: Certificate) -> bool:
    """RFC 5280 6.3.3 f: keyUsage, where present, has cRLSign."""
    usage = certificate.extension(x509.KeyUsage)
    return usage is None or usage.value.crl_sign


def signs_lists_alone(certificate: Certificate) -> bool:
    """True for a certificate that is there for revocation lists and not a CA: cRLSign said, keyCertSign not."""
    usage = certificate.extension(x509.KeyUsage)
    return usage is not None and usage.value.crl_sign and not usage.value.key_cert_sign and not certificate.is_ca


def may_answer(certificate: Certificate) -> bool:
    """True for a certificate to which OCSP answers may be delegated (RFC 6960 4.2.2.2)."""
    purposes, usage = certificate.extension(x509.ExtendedKeyUsage), certificate.extension(x509.KeyUsage)
    return (
        purposes is not None
        and ExtendedKeyUsageOID.OCSP_SIGNING in purposes.value
        and (usage is None or usage.value.digital_signature or usage.value.content_commitment)
        and not any(_common(certificate))
    )


def usage_findings(certificate: Certificate, pointer: str) -> list[Finding]:
    """certificate-usage unless the certificate is meant for signing documents (RFC 5280 4.2.1.3, 4.2.1.12)."""
    faults = []
    usage = certificate.extension(x509.KeyUsage)
    if usage is None or not (usage.value.digital_signature or usage.value.content_commitment):
        faults.append("keyUsage with digitalSignature or nonRepudiation")
    purposes = certificate.extension(x509.ExtendedKeyUsage)
    if purposes is not None and _PURPOSES.isdisjoint(purposes.value):
        faults.append("extendedKeyUsage, if present, with emailProtection, clientAuth, documentSigning or any")
    return [Finding(codes.CERTIFICATE_USAGE, pointer, fault) for fault in faults]


def time_stamping_findings(certificate: Certificate, pointer: str) -> list[Finding]:
    """certificate-usage unless the certificate is a time-stamping authority's and nothing else's (RFC 3161 2.3)."""
    faults = []
    usage = certificate.extension(x509.KeyUsage)
    if usage is not None and not (usage.value.digital_signature or usage.value.content_commitment):
        faults.append("keyUsage, if present, with digitalSignature or nonRepudiation")
    purposes = certificate.extension(x509.ExtendedKeyUsage)
    if purposes is None or not purposes.critical or list(purposes.value) != [ExtendedKeyUsageOID.TIME_STAMPING]:
        faults.append("extendedKeyUsage, critical, with timeStamping alone")
    return [Finding(codes.CERTIFICATE_USAGE, pointer, fault) for fault in faults]


def _common(certificate: Certificate) -> Iterator[str]:
    parsed = certificate.parsed
    if parsed.version is not x509.Version.v3:
        yield "version must be v3"
    if not 0 < parsed.serial_number < 1 << 159:
        yield "serial number must be positive and at most 20 octets"
    if not (names.is_bounded(certificate.subject_der) and names.is_bounded(certificate.issuer_der)):
        yield f"readable names of at most {names.MAX_NAME} octets, without characters that stand for many"
    if certificate.not_before > certificate.not_after:
        yield "notBefore must not be after notAfter"
    if not certificate.one_algorithm:
        yield "signature algorithm must be the same inside and outside the signed part"
    if not strong_signature(parsed):
        yield "signed with SHA-256, SHA-384, SHA-512 or Ed25519"
    yield from _key(certificate)
    policies = certificate.extension(x509.CertificatePolicies)
    if policies is not None and len(policies.value) > _MAX_POLICIES:
        yield f"at most {_MAX_POLICIES} certificate policies"
    for extension in certificate.extensions:
        if extension.oid == ExtensionOID.POLICY_MAPPINGS and len(extension.value.public_bytes()) > _MAX_MAPPINGS:
            yield f"policyMappings of at most {_MAX_MAPPINGS} octets"
        if not extension.critical:
            continue
        if extension.oid in _NEVER_CRITICAL:
            yield f"{_NEVER_CRITICAL[extension.oid]} must not be critical"
        elif extension.oid not in _UNDERSTOOD:
            yield "unknown critical extension"


def strong_signature(parsed: x509.Certificate | x509.CertificateRevocationList) -> bool:
    """True when a certificate or list is signed over SHA-2, or with Ed25519."""
    try:
        if parsed.signature_algorithm_oid == SignatureAlgorithmOID.ED25519:
            return True
        return isinstance(parsed.signature_hash_algorithm, _HASHES)
    except (UnsupportedAlgorithm, ValueError):
        return False


def _key(certificate: Certificate) -> Iterator[str]:
    key = certificate.public_key
    if isinstance(key, rsa.RSAPublicKey):
        # Bounds on both: a 16,384-bit modulus or a long exponent makes one check cost a hundred.
        if not 2048 <= key.key_size <= 8192:
            yield "RSA keys of 2048 to 8192 bits"
        elif not 2 < key.public_numbers().e < 1 << 32:
            yield "RSA exponent above 2 and below 2^32"
    elif isinstance(key, ec.EllipticCurvePublicKey):
        if not isinstance(key.curve, _CURVES):
            yield "elliptic curve P-256, P-384 or P-521"
    elif not isinstance(key, ed25519.Ed25519PublicKey):
        yield "RSA, elliptic curve or Ed25519 key"


def _authority(certificate: Certificate) -> Iterator[str]:
    constraints = certificate.extension(x509.BasicConstraints)
    if constraints is None or not constraints.value.ca:
        yield "basicConstraints with cA"
    elif not constraints.critical:
        yield "basicConstraints must be critical"
    usage = certificate.extension(x509.KeyUsage)
    if usage is None or not usage.value.key_cert_sign:
        yield "keyUsage with keyCertSign"
    if certificate.key_id is None:
        yield "subjectKeyIdentifier"
    limits = certificate.extension(x509.NameConstraints)
    if limits is not None and not limits.critical:
        yield "nameConstraints must be critical"


def _end_entity(certificate: Certificate) -> Iterator[str]:
    if certificate.is_ca:
        yield "a signer's certificate must not be a CA"
    usage = certificate.extension(x509.KeyUsage)
    if usage is not None and usage.value.key_cert_sign:
        yield "a signer's certificate must not have keyCertSign"
    if certificate.extension(x509.NameConstraints) is not None:
        yield "a signer's certificate must not have nameConstraints"
