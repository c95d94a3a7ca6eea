"""The API's own access tokens (RFC 9068): issued here, read here, by python-jose boxed in to one algorithm and key objects.

Everything that library leaves open is closed before it is asked: a token's header must be, byte for byte, one that this module
writes, so there is nothing to choose an algorithm or a key from. No clock: times are compared with the `now` that is given.
Client assertions and documents are not read here.
"""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from jose import jws
from jose.backends.cryptography_backend import CryptographyECKey
from jose.exceptions import JWSError

from registry.formats import jwks

#: How long a token lasts.
TOKEN_SECONDS = 600
_ALGORITHM = "ES256"
_TYPE = "at+jwt"  # RFC 9068 section 2.1
_LARGEST = 2048
_SHAPE = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{86})", re.ASCII)
_CLAIMS = {"iss", "sub", "client_id", "aud", "scope", "iat", "exp", "jti"}


@dataclass(frozen=True, slots=True)
class Claims:
    """What a good token says: for whom it was issued, for which scopes, and until when (seconds since the epoch)."""

    caller_id: str
    scopes: frozenset[str]
    issued_at: int
    expires_at: int
    token_id: str


@dataclass(frozen=True, slots=True)
class TokenKey:
    """A P-256 key pair as the two key objects that python-jose is given, and the one header that goes with it."""

    key_id: str
    header: str
    private: CryptographyECKey = field(repr=False)
    public: CryptographyECKey = field(repr=False)

    @classmethod
    def from_pem(cls, pem: bytes) -> TokenKey:
        """Read an unencrypted PKCS #8 PEM; raises ValueError when it is not a P-256 private key."""
        private = load_pem_private_key(pem, None)
        if not isinstance(private, EllipticCurvePrivateKey) or not isinstance(private.curve, SECP256R1):
            raise ValueError("the key of the access tokens must be a P-256 private key")
        key_id = jwks.thumbprint(private.public_key())
        header = _encoded(json.dumps(_header(key_id), separators=(",", ":"), sort_keys=True).encode())
        return cls(
            key_id,
            header,
            CryptographyECKey(private, _ALGORITHM),
            CryptographyECKey(private.public_key(), _ALGORITHM),
        )


def keyring(keys: Iterable[TokenKey]) -> dict[str, TokenKey]:
    """Keys under the header that names them, as `read` wants them."""
    return {key.header: key for key in keys}


def issue(key: TokenKey, issuer: str, caller_id: str, scopes: Iterable[str], now: int, token_id: str) -> str:
    """A signed token for ten minutes; `now` in seconds since the epoch, `token_id` unique (its `jti`)."""
    claims = {
        "iss": issuer,
        "sub": caller_id,
        "client_id": caller_id,
        "aud": issuer,
        "scope": " ".join(sorted(scopes)),
        "iat": now,
        "exp": now + TOKEN_SECONDS,
        "jti": token_id,
    }
    payload = json.dumps(claims, separators=(",", ":")).encode()
    return str(jws.sign(payload, key.private, headers=_header(key.key_id), algorithm=_ALGORITHM))


def read(token: str, keys: Mapping[str, TokenKey], issuer: str, now: int) -> Claims | None:
    """The claims of a token that one of `keys` signed for `issuer` and that is good at `now`; None for anything else."""
    claims = signed_claims(token, keys)
    return None if claims is None else check(claims, issuer, now)


def signed_claims(token: str, keys: Mapping[str, TokenKey]) -> dict[str, Any] | None:
    """What a token says that one of `keys` signed, with nothing of it checked; None for anything else."""
    parts = _SHAPE.fullmatch(token) if len(token) <= _LARGEST else None
    key = keys.get(parts[1]) if parts else None
    if parts is None or key is None or not _is_canonical(parts[3]):
        return None
    try:
        payload = jws.verify(token, key.public, algorithms=[_ALGORITHM])
        claims = json.loads(payload)
    except (JWSError, ValueError, RecursionError):
        return None
    return claims if isinstance(claims, dict) else None


def check(claims: Mapping[str, Any], issuer: str, now: int) -> Claims | None:
    """Signed by us, and still: exactly the members we write, of our types, for this issuer and moment."""
    if claims.keys() != _CLAIMS or claims["iss"] != issuer or claims["aud"] != issuer:
        return None
    texts, times = [claims[name] for name in ("sub", "scope", "jti")], [claims[name] for name in ("iat", "exp")]
    if not all(type(text) is str for text in texts) or not all(type(time) is int for time in times):
        return None
    if (
        claims["client_id"] != claims["sub"]
        or not claims["iat"] <= now < claims["exp"] <= claims["iat"] + TOKEN_SECONDS
    ):
        return None
    return Claims(claims["sub"], frozenset(claims["scope"].split()), claims["iat"], claims["exp"], claims["jti"])


def _header(key_id: str) -> dict[str, str]:
    return {"alg": _ALGORITHM, "kid": key_id, "typ": _TYPE}


def _is_canonical(signature: str) -> bool:
    """False for a second spelling of the same 64 bytes (unused bits of the last character set)."""
    return _encoded(urlsafe_b64decode(signature + "==")) == signature


def _encoded(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
