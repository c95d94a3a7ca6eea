"""JSON Web Key Sets (RFC 7517) of P-256 signature keys: written for receivers, and read as a receiver does."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey, EllipticCurvePublicNumbers
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from registry.core.answer_keys import AnswerKey, Period, Use, periods
from registry.formats import base64url, strict_json

_MOST_KEYS = 100


def thumbprint(public: EllipticCurvePublicKey) -> str:
    """JWK thumbprint of a P-256 key (RFC 7638)."""
    x, y = _coordinates(public)
    return base64url.encode(sha256(f'{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}'.encode()).digest())


def key_set(keys: Iterable[AnswerKey]) -> dict[str, Any]:
    """The JWK Set of these keys, the oldest first. `nbf` and `exp` are the period in which a key signs, `purpose` is what.

    RFC 7517 section 4 lets a key have members of one's own; who does not know them passes them over.
    """
    return {"keys": [_jwk(period) for period in periods(keys)]}


def read_key_set(raw: bytes, use: Use = Use.ANSWER) -> tuple[Period, ...] | None:
    """The keys of a JWK Set for this use with their periods; None when it is not one. Keys of other kinds are passed over.

    A key that says no purpose is of the set that it stands in: there was one set for each use before keys said theirs.
    """
    value, findings = strict_json.parse(raw)
    given = value.get("keys") if not findings and type(value) is dict else None
    if type(given) is not list or len(given) > _MOST_KEYS:
        return None
    return tuple(period for each in given if (period := _period(each, use)) is not None)


def _jwk(period: Period) -> dict[str, Any]:
    public = load_der_public_key(period.key.public_key)
    assert isinstance(public, EllipticCurvePublicKey), "no other key is ever registered"
    x, y = _coordinates(public)
    ends = {} if period.signs_to is None else {"exp": int(period.signs_to.timestamp())}
    begins = int(period.key.signs_from.timestamp())
    return {"kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": period.key.key_id, "use": "sig", "alg": "ES256",
            "purpose": period.key.use.value, "nbf": begins, **ends}  # fmt: skip


def _period(value: object, use: Use) -> Period | None:
    """One member of a key set: a P-256 signature key under its own thumbprint, or nothing of ours."""
    if type(value) is dict and value.get("purpose", use.value) != use.value:
        return None
    if type(value) is not dict or (value.get("kty"), value.get("crv"), value.get("use", "sig")) != (
        "EC",
        "P-256",
        "sig",
    ):
        return None
    x, y = (base64url.decode(text) if type(text := value.get(name)) is str else None for name in ("x", "y"))
    begins, ends = value.get("nbf", 0), value.get("exp")
    if x is None or y is None or type(begins) is not int or not (ends is None or type(ends) is int):
        return None
    try:
        numbers = EllipticCurvePublicNumbers(int.from_bytes(x, "big"), int.from_bytes(y, "big"), SECP256R1())
        public = numbers.public_key()
        period = (datetime.fromtimestamp(begins, UTC), None if ends is None else datetime.fromtimestamp(ends, UTC))
    except (ValueError, OverflowError, OSError):
        return None
    if value.get("kid") != thumbprint(public):
        return None
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return Period(AnswerKey(thumbprint(public), der, period[0], use), period[1])


def _coordinates(public: EllipticCurvePublicKey) -> tuple[str, str]:
    numbers = public.public_numbers()
    return base64url.encode(numbers.x.to_bytes(32, "big")), base64url.encode(numbers.y.to_bytes(32, "big"))
