"""Making JSON Web Signatures: transcripts signed one after the other, and client assertions. The registry itself only reads them."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from registry.core.trust import Algorithm
from registry.formats import base64url, jws, jws_detached, signatures

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A signer: algorithm, certificates (DER, its own first), and how to sign (a key in memory, a token, a remote service)."""

    algorithm: Algorithm
    certificates: tuple[bytes, ...]
    sign: Callable[[bytes], bytes] = field(repr=False)

    @classmethod
    def from_private_key(
        cls, key: PrivateKey, certificates: tuple[bytes, ...], algorithm: Algorithm | None = None
    ) -> SigningKey:
        """A signer whose key is in memory; the algorithm is by default that of the key (PS256 for RSA)."""
        chosen = algorithm or algorithm_for(key)
        return cls(chosen, certificates, signer(key, chosen))


def algorithm_for(key: PrivateKey) -> Algorithm:
    """The algorithm a key signs with: PS256, ES256 or EdDSA."""
    if isinstance(key, rsa.RSAPrivateKey):
        return Algorithm.PS256
    return Algorithm.ES256 if isinstance(key, ec.EllipticCurvePrivateKey) else Algorithm.EDDSA


def signer(key: PrivateKey, algorithm: Algorithm) -> Callable[[bytes], bytes]:
    """The function from signing input to signature value in the form of RFC 7518 section 3."""
    if isinstance(key, rsa.RSAPrivateKey):
        scheme = signatures.PKCS1 if algorithm is Algorithm.RS256 else signatures.PSS
        return lambda data: key.sign(data, scheme, hashes.SHA256())
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return lambda data: _raw_signature(key.sign(data, signatures.ECDSA))
    return key.sign


def sign_envelope(
    payload: bytes, keys: Sequence[SigningKey], signed_at: Sequence[datetime], *, detached: bool = False
) -> bytes:
    """The signed envelope over the payload, signed in the order of `keys` at these moments (aware, whole seconds).

    Form A (`payload`, linked by `prev`), or with `detached` form B (`document`, covered by `sigD`), for those who need ETSI's own.
    """
    envelope: bytes | None = None
    for key, moment in zip(keys, signed_at, strict=True):
        envelope = add_signature(envelope, payload, key, moment, detached=detached)
    if envelope is None:
        raise ValueError("at least one signer is needed")
    return envelope


def add_signature(
    envelope: bytes | None, payload: bytes, key: SigningKey, signed_at: datetime, *, detached: bool = False
) -> bytes:
    """The envelope with one more signature over all before it; a new envelope, of the form asked for, when there is none yet.

    Raises ValueError when the envelope is over another payload or in the other form.
    """
    text, content = base64url.encode(payload), "document" if detached else "payload"
    opened: dict[str, Any] = json.loads(envelope) if envelope is not None else {content: text, "signatures": []}
    if opened.get(content) != text:
        raise ValueError("the envelope is over another payload or in the other form")
    header = _header(key, signed_at) | _binding(opened, text, detached=detached)
    protected = _json({name: value for name, value in header.items() if value is not None})
    value = key.sign(f"{protected}.{'' if detached else text}".encode("ascii"))
    opened["signatures"].append({"protected": protected, "signature": base64url.encode(value)})
    return json.dumps(opened, separators=(",", ":")).encode()


def add_time_stamp(envelope: bytes, index: int, stamp: Callable[[bytes], bytes]) -> bytes:
    """The envelope with a time-stamp beside one signature (sigTst in etsiU), which no signature covers.

    `stamp` gets the octets to be stamped (the ASCII of the base64url signature value) and returns the DER of the token.
    Stamp a signature before the next one is made, or after; neither spoils anything.
    """
    opened: dict[str, Any] = json.loads(envelope)
    signature = opened["signatures"][index]
    token = stamp(signature["signature"].encode("ascii"))
    element = {"sigTst": {"tstTokens": [{"val": b64encode(token).decode("ascii")}]}}
    elements = signature.setdefault("header", {}).setdefault("etsiU", [])
    elements.append(_json(element) if not elements or isinstance(elements[0], str) else element)
    return json.dumps(opened, separators=(",", ":")).encode()


def sign_compact(claims: Mapping[str, Any], key: PrivateKey, algorithm: Algorithm, kid: str, typ: str = "JWT") -> str:
    """A compact JWS over the claims, as a client assertion wants it (RFC 7523 section 2.2)."""
    signing_input = f"{_json({'alg': algorithm.value, 'kid': kid, 'typ': typ})}.{_json(claims)}"
    return f"{signing_input}.{base64url.encode(signer(key, algorithm)(signing_input.encode('ascii')))}"


def _header(key: SigningKey, signed_at: datetime) -> dict[str, Any]:
    return {
        "alg": key.algorithm.value,
        "typ": "jose+json",
        "cty": "json",
        "iat": int(signed_at.timestamp()),
        "x5c": [b64encode(der).decode("ascii") for der in key.certificates],
    }


def _binding(opened: Mapping[str, Any], text: str, *, detached: bool) -> dict[str, Any]:
    """The members that bind a signature to everything before it; None for one that has no place in the form."""
    before = opened["signatures"]
    if detached:
        earlier = [jws_detached.of_signature(n, each["protected"], each["signature"]) for n, each in enumerate(before)]
        return {"cty": None, "sigD": jws_detached.sig_d((jws_detached.of_document(text), *earlier)), "crit": ["sigD"]}
    if not before:
        return {}
    return {"prev": jws.link(before[-1]["protected"], text, before[-1]["signature"]), "crit": ["prev"]}


def _json(value: Mapping[str, Any]) -> str:
    return base64url.encode(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode())


def _raw_signature(der: bytes) -> bytes:
    r, s = decode_dss_signature(der)
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")
