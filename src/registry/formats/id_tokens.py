"""ID tokens of OpenID Connect: is this text a token of that provider, for us, for this sign-in (Core 1.0 section 3.1.3.7)?

Signatures are joserfc's. Algorithms come from configuration, keys from the provider's own key set, and symmetric keys are
never looked at (OWASP ASVS 5.0 V9.1).
"""

from __future__ import annotations

import hmac
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey

#: What can be configured; each needs a key of its own kind.
ALGORITHMS: Mapping[str, str] = {
    "RS256": "RSA",
    "RS384": "RSA",
    "RS512": "RSA",
    "PS256": "RSA",
    "PS384": "RSA",
    "PS512": "RSA",
    "ES256": "EC",
    "ES384": "EC",
    "ES512": "EC",
    "EdDSA": "OKP",
}
_KINDS: Mapping[str, Any] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}
_SMALLEST_RSA = 2048
_LONGEST_TOKEN, _MOST_KEYS = 32_768, 50
#: How far the provider's clock may go before ours, and how old a fresh token may be, in seconds.
_SKEW, _OLDEST = 120, 600


class NotTakenError(Exception):
    """Why a token is not taken, in words for the log that repeat nothing of it."""


class UnknownKeyError(NotTakenError):
    """No key of the set is the one that the token names: the provider may have changed its keys."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the token must say."""

    issuer: str
    audience: str
    nonce: str
    algorithms: Collection[str]


def keys_of(document: Mapping[str, Any]) -> KeySet:
    """The public signature keys of a key set (RFC 7517); what else is in it is left out."""
    found = []
    for each in list(document.get("keys") or [])[:_MOST_KEYS]:
        if not isinstance(each, Mapping) or each.get("kty") not in _KINDS or each.get("use", "sig") != "sig":
            continue
        try:
            key = _KINDS[each["kty"]].import_key(dict(each))
        except (JoseError, ValueError, TypeError, KeyError):
            continue
        if each["kty"] != "RSA" or key.raw_value.key_size >= _SMALLEST_RSA:
            found.append(key)
    return KeySet(found)


def check(token: str, keys: KeySet, wanted: Wanted, now: int) -> Mapping[str, Any]:
    """The claims of a good token; raises NotTakenError, UnknownKeyError among them."""
    if len(token) > _LONGEST_TOKEN:
        raise NotTakenError("too long")
    try:
        claims = jwt.decode(
            token, lambda message: _key_for(message.headers(), keys, wanted), algorithms=list(wanted.algorithms)
        ).claims
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise NotTakenError(f"not a token that was signed with a key of the set ({type(error).__name__})") from None
    problem = _problem(claims, wanted, now)
    if problem is not None:
        raise NotTakenError(problem)
    return claims


def _key_for(header: Mapping[str, Any], keys: KeySet, wanted: Wanted) -> Any:
    algorithm, name = str(header.get("alg")), header.get("kid")
    if algorithm not in wanted.algorithms or algorithm not in ALGORITHMS:
        raise NotTakenError("an algorithm that is not configured")
    fitting = [key for key in keys.keys if key.key_type == ALGORITHMS[algorithm] and key.alg in (None, algorithm)]
    named = fitting if name is None else [key for key in fitting if key.kid == name]
    if len(named) != 1:
        raise UnknownKeyError("no single key of the set for it")
    return named[0]


def _problem(claims: Mapping[str, Any], wanted: Wanted, now: int) -> str | None:
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    nonce = claims.get("nonce")
    begins, ends, issued = (
        _number(claims.get(name, absent)) for name, absent in (("nbf", 0), ("exp", None), ("iat", None))
    )
    checks: tuple[tuple[bool, str], ...] = (
        (claims.get("iss") == wanted.issuer, "another issuer"),
        (wanted.audience in audiences, "another audience"),
        (claims.get("azp", wanted.audience) == wanted.audience, "another authorized party"),
        (len(audiences) == 1 or "azp" in claims, "several audiences without an authorized party"),
        (now < ends + _SKEW, "expired"),
        (now - _OLDEST <= issued <= now + _SKEW, "not issued just now"),
        (0 <= begins <= now + _SKEW, "not valid yet"),
        (isinstance(nonce, str) and hmac.compare_digest(nonce.encode(), wanted.nonce.encode()), "another nonce"),
        (isinstance(claims.get("sub"), str) and 0 < len(claims["sub"]) <= 255, "no subject"),
    )
    return next((words for good, words in checks if not good), None)


def _number(value: object) -> float:
    """A moment in seconds; whatever is none lies before all times."""
    return (
        float(value) if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e12 else -1.0
    )
