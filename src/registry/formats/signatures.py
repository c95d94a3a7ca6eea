"""A signature found in an envelope, whatever its syntax (JSON or XML): what was claimed, and whether the value holds.

The algorithm is never taken from the message: a configured set limits what it may name, and the certificate's key decides
whether that fits. There is no HMAC and no `none` anywhere. Paths, roles and time are judged elsewhere.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature

from registry.core import codes
from registry.core.findings import Finding
from registry.core.trust import Algorithm

_SMALLEST_RSA, _LARGEST_RSA, _LARGEST_EXPONENT = 2048, 8192, 2**32
_RSA_ALGORITHMS = frozenset({Algorithm.PS256, Algorithm.RS256})
_SHA256 = hashes.SHA256()
PSS = padding.PSS(padding.MGF1(_SHA256), _SHA256.digest_size)  # RFC 7518 section 3.5
PKCS1 = padding.PKCS1v15()
ECDSA = ec.ECDSA(_SHA256)
_HASHED = Prehashed(_SHA256)
_ECDSA_HASHED = ec.ECDSA(_HASHED)


#: The algorithms a key may be used for, or why there are none.
Fit = frozenset[Algorithm] | str

#: In place of a list of algorithms, so that an operator who forgot the policy does not look for a fault in the document.
NO_ALGORITHM = "none, since no signature policy is in force"


class Signed(Protocol):
    """What a signature value is checked over."""

    @property
    def algorithm(self) -> Algorithm | None: ...  # noqa: D102
    @property
    def signing_input(self) -> bytes: ...  # noqa: D102
    @property
    def signature(self) -> bytes: ...  # noqa: D102
    @property
    def hashed(self) -> bytes | None: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Stamp:
    """An RFC 3161 time-stamp token that came beside a signature: not covered by it and not yet checked.

    `token` is the DER ContentInfo; `imprinted` the octets whose digest it must hold; `pointer` leads to it.
    """

    token: bytes
    imprinted: bytes
    pointer: str


@dataclass(frozen=True, slots=True)
class Places:
    """Pointers to the parts of one signature that findings speak of; they differ between JSON and XML."""

    signature: str = ""  # the signature as a whole
    value: str = ""
    time: str = ""
    algorithm: str = ""
    certificate: str = ""


@dataclass(frozen=True, slots=True)
class OpenedSignature:
    """One signature of an envelope, not yet verified; parts that could not be read are None or empty."""

    index: int
    places: Places
    algorithm: Algorithm | None = None
    signing_input: bytes = b""
    signature: bytes = b""
    signed_at: datetime | None = None
    chain: tuple[bytes, ...] = ()  # DER, the signer's own first; signed
    reference: bytes | None = None  # SHA-256 of the signer's certificate
    claimed_roles: tuple[str, ...] = ()  # as written by the signer; reported, never a permission
    stamps: tuple[Stamp, ...] = ()
    ocsp_answers: tuple[bytes, ...] = ()  # DER OCSPResponse or BasicOCSPResponse that came along; not yet checked
    certificates: tuple[bytes, ...] = ()  # DER, unsigned: candidates for the path and never the signer's own
    hashed: bytes | None = None  # SHA-256 of `signing_input`, where it is known already


@dataclass(frozen=True, slots=True)
class Envelope:
    """An opened envelope. `payload` is the signed bytes, or None when they could not be read."""

    payload: bytes | None
    signatures: tuple[OpenedSignature, ...]
    findings: tuple[Finding, ...]


def fit(public_key: object) -> Fit:
    """The algorithms this key may be used for, or why it is good for none: an RSA key beyond these limits costs up to sixty times as much."""
    if isinstance(public_key, rsa.RSAPublicKey):
        fits = _SMALLEST_RSA <= public_key.key_size <= _LARGEST_RSA
        if not fits or not 2 < public_key.public_numbers().e < _LARGEST_EXPONENT:
            return f"RSA of {_SMALLEST_RSA} to {_LARGEST_RSA} bits, exponent below 2^32"
        return _RSA_ALGORITHMS
    if isinstance(public_key, ec.EllipticCurvePublicKey) and isinstance(public_key.curve, ec.SECP256R1):
        return frozenset({Algorithm.ES256})
    if isinstance(public_key, ed25519.Ed25519PublicKey):
        return frozenset({Algorithm.EDDSA})
    return "RSA, P-256 or Ed25519"


def key_findings(allowed: Fit, algorithm: Algorithm, places: Places) -> list[Finding]:
    """What speaks against using a key of this `fit` for this algorithm, to be asked before any signature is computed.

    Codes: signature-key (kind or size), header-algorithm-key.
    """
    if isinstance(allowed, str):
        return [Finding(codes.SIGNATURE_KEY, places.signature, allowed)]
    if algorithm not in allowed:
        return [Finding(codes.HEADER_ALGORITHM_KEY, places.algorithm, " or ".join(sorted(allowed)))]
    return []


def signature_holds(opened: Signed, public_key: object) -> bool:
    """True when the signature value belongs to exactly these bytes under this key. Ask `key_findings` first."""
    hashed = opened.hashed or hashlib.sha256(opened.signing_input).digest()
    try:
        if isinstance(public_key, rsa.RSAPublicKey) and opened.algorithm in _RSA_ALGORITHMS:
            scheme = PSS if opened.algorithm is Algorithm.PS256 else PKCS1
            public_key.verify(opened.signature, hashed, scheme, _HASHED)
        elif isinstance(public_key, ec.EllipticCurvePublicKey) and opened.algorithm is Algorithm.ES256:
            public_key.verify(_der_signature(opened.signature), hashed, _ECDSA_HASHED)
        elif isinstance(public_key, ed25519.Ed25519PublicKey) and opened.algorithm is Algorithm.EDDSA:
            public_key.verify(opened.signature, opened.signing_input)
        else:
            return False
    except InvalidSignature:
        return False
    return True


def _der_signature(raw: bytes) -> bytes:
    """r and s of 32 bytes each (RFC 7518 section 3.4) as `cryptography` wants them."""
    if len(raw) != 64:
        raise InvalidSignature
    return encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
