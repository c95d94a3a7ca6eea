"""X.509 certificates as values: DER bytes in, `Certificate` out. No trust, no clock, no rules of the profile.

`cryptography` parses strictly; what it leaves to the caller (comparable names, the raw key) is cut from the same bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

from registry.core import codes
from registry.core.findings import Finding
from registry.formats import names, pss, signatures

#: Checked before parsing: 2 MB of alternative names cost 96 ms (and 0.8 s in the path validation behind it).
MAX_SIZE = 16_384

_E = TypeVar("_E", bound=x509.ExtensionType)


#: Octets of the longest certificate whose fingerprint is remembered.
_USUAL_SIZE = 3072


def fingerprint(der: bytes) -> bytes:
    """SHA-256; remembered for certificates of the usual sizes, since the same ones come with every document."""
    return _fingerprint(der) if len(der) <= _USUAL_SIZE else hashlib.sha256(der).digest()


@lru_cache(maxsize=4096)
def _fingerprint(der: bytes) -> bytes:
    return hashlib.sha256(der).digest()


@dataclass(frozen=True, slots=True, eq=False)
class Certificate:
    """A parsed certificate. Times are aware UTC; `key` is the DER SubjectPublicKeyInfo."""

    der: bytes
    fingerprint: bytes  # SHA-256 of `der`
    parsed: x509.Certificate
    extensions: x509.Extensions
    by_kind: Mapping[type[x509.ExtensionType], x509.Extension[Any]]  # the same by the class of their values
    public_key: CertificatePublicKeyTypes
    fit: signatures.Fit  # of the public key, for signing documents
    subject_der: bytes
    issuer_der: bytes
    key: bytes
    usual_algorithm: bool  # no PSS, or in the one form in use
    one_algorithm: bool  # RFC 5280 4.1.1.2: the algorithm inside and outside the signed part is the same
    not_before: datetime
    not_after: datetime

    @classmethod
    def read(cls, der: bytes, pointer: str = "") -> tuple[Certificate | None, list[Finding]]:
        """Read one certificate. Findings: certificate-size, certificate-malformed, certificate-profile. Never raises."""
        if len(der) > MAX_SIZE:
            return None, [Finding(codes.CERTIFICATE_SIZE, pointer, f"at most {MAX_SIZE} octets")]
        try:
            return cls._of(der), []
        except x509.DuplicateExtension:
            return None, [Finding(codes.CERTIFICATE_PROFILE, pointer, "an extension appears twice")]
        except UnsupportedAlgorithm:
            return None, [Finding(codes.CERTIFICATE_PROFILE, pointer, "public key of an unsupported kind")]
        except Exception:  # a parser's complaint, of whatever class, is the sender's malformed certificate
            return None, [
                Finding(codes.CERTIFICATE_MALFORMED, pointer, "one X.509 certificate in DER, nothing after it")
            ]

    @classmethod
    def _of(cls, der: bytes) -> Certificate:
        parsed = x509.load_der_x509_certificate(der)
        parsed.subject, parsed.issuer  # noqa: B018 - names are parsed when asked for: a broken one must show here
        tbs, algorithm, _ = names.elements(der, *names.inside(der, 0))
        parts = names.elements(der, *names.inside(der, tbs[1]))
        public_key = parsed.public_key()
        extensions = parsed.extensions
        first = 1 if parts[0][0] == 0xA0 else 0  # the version is left out in v1
        _, inner, issuer, _, subject, key = parts[first : first + 6]
        return cls(
            der=der,
            fingerprint=fingerprint(der),
            parsed=parsed,
            extensions=extensions,
            by_kind={type(extension.value): extension for extension in extensions},
            public_key=public_key,
            fit=signatures.fit(public_key),
            subject_der=der[subject[1] : subject[2]],
            issuer_der=der[issuer[1] : issuer[2]],
            key=der[key[1] : key[2]],
            usual_algorithm=pss.is_usual(der[algorithm[1] : algorithm[2]]),
            one_algorithm=der[inner[1] : inner[2]] == der[algorithm[1] : algorithm[2]],
            not_before=parsed.not_valid_before_utc,
            not_after=parsed.not_valid_after_utc,
        )

    @property
    def subject(self) -> names.ComparableName:
        """Subject, comparable by RFC 5280 7.1."""
        return names.comparable(self.subject_der)

    @property
    def issuer(self) -> names.ComparableName:
        """Issuer, comparable by RFC 5280 7.1."""
        return names.comparable(self.issuer_der)

    @property
    def serial(self) -> int:
        """Serial number."""
        return self.parsed.serial_number

    @property
    def is_ca(self) -> bool:
        """What basicConstraints claims."""
        constraints = self.extension(x509.BasicConstraints)
        return constraints is not None and constraints.value.ca

    @property
    def key_id(self) -> bytes | None:
        """Subject key identifier."""
        extension = self.extension(x509.SubjectKeyIdentifier)
        return extension.value.digest if extension else None

    @property
    def issuer_key_id(self) -> bytes | None:
        """Authority key identifier, when it names a key."""
        extension = self.extension(x509.AuthorityKeyIdentifier)
        return extension.value.key_identifier if extension else None

    @property
    def self_issued(self) -> bool:
        """Subject and issuer are the same name."""
        return self.subject_der == self.issuer_der or self.subject == self.issuer

    @property
    def alternative_names(self) -> Sequence[x509.GeneralName]:
        """The names beside the subject's."""
        extension = self.extension(x509.SubjectAlternativeName)
        return () if extension is None else tuple(extension.value)

    @property
    def subtrees(self) -> Sequence[x509.GeneralName]:
        """What its name constraints permit and exclude."""
        extension = self.extension(x509.NameConstraints)
        if extension is None:
            return ()
        return (*(extension.value.permitted_subtrees or ()), *(extension.value.excluded_subtrees or ()))

    @property
    def name_octets(self) -> int:
        """The size of its alternative names and name constraints."""
        given = (self.extension(x509.SubjectAlternativeName), self.extension(x509.NameConstraints))
        return sum(len(extension.value.public_bytes()) for extension in given if extension is not None)

    def extension(self, kind: type[_E]) -> x509.Extension[_E] | None:
        """The extension of that class, or None."""
        return self.by_kind.get(kind)

    def may_have_issued(self, child: Certificate) -> bool:
        """Cheap test before any signature: names match, and key identifiers where both are given."""
        wanted, mine = child.issuer_key_id, self.key_id
        if wanted is not None and mine is not None and wanted != mine:
            return False
        return child.issuer_der == self.subject_der or child.issuer == self.subject

    def has_signed(self, child: Certificate) -> bool:
        """True when the child's signature verifies with this key. Never raises."""
        if not child.usual_algorithm:
            return False
        try:
            parameters, hashed = child.parsed.signature_algorithm_parameters, child.parsed.signature_hash_algorithm
        except (UnsupportedAlgorithm, ValueError):
            return False
        return verifies(self.public_key, child.parsed.signature, child.parsed.tbs_certificate_bytes, parameters, hashed)


def is_bounded(name: x509.GeneralName) -> bool:
    """True of a name that can be compared at no great cost for its length."""
    return not isinstance(name, x509.DirectoryName) or names.is_bounded(name.value.public_bytes())


def verifies(
    key: CertificatePublicKeyTypes,
    signature: bytes,
    signed: bytes,
    parameters: padding.PSS | padding.PKCS1v15 | ec.ECDSA | None,
    hashed: hashes.HashAlgorithm | None,
) -> bool:
    """True when the signature of a certificate or revocation list verifies; key and algorithm must fit. Never raises.

    RSASSA-PSS is taken in the one form in use, whatever the parameters say: MGF1 with the hash of the signature, and a salt
    as long as its digest (RFC 4055 3.1, ETSI TS 119 312). Another form is no signature here; that they say so is for
    `pss.is_usual`.
    """
    try:
        if isinstance(parameters, padding.PSS) and hashed:
            parameters = padding.PSS(padding.MGF1(hashed), hashed.digest_size)
        if isinstance(key, rsa.RSAPublicKey) and isinstance(parameters, (padding.PKCS1v15, padding.PSS)) and hashed:
            key.verify(signature, signed, parameters, hashed)
        elif isinstance(key, ec.EllipticCurvePublicKey) and isinstance(parameters, ec.ECDSA):
            key.verify(signature, signed, parameters)
        elif isinstance(key, ed25519.Ed25519PublicKey) and parameters is None:
            key.verify(signature, signed)
        else:
            return False
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        return False
    return True
