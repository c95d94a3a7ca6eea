"""Who gets an access token: client assertions (private_key_jwt, RFC 7523 and OpenID Connect Core section 9) come in, tokens go out.

Lives here: what an assertion must say and whose key must have signed it. Must not live here: the form and errors of the token
endpoint (`registry.api.access`), the register of callers (`registry.services.callers`).
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from registry.core import codes
from registry.core.callers import Caller, CallerKey, Scope
from registry.core.findings import Finding, Refusal
from registry.core.trust import Algorithm
from registry.formats import jws, signatures
from registry.formats import tokens as formats
from registry.services.world import World
from registry.storage import callers

log = logging.getLogger(__name__)

#: What an assertion may be signed with; which of them it must be, the registered key alone says.
ALGORITHMS = (Algorithm.ES256, Algorithm.PS256, Algorithm.EDDSA)
#: How far ahead an assertion's end may lie, and how far ahead of this clock the caller's may go, in seconds.
LONGEST_SECONDS, SKEW_SECONDS = 300, 30
#: Tokens whose signature is remembered, about a kilobyte each.
_MOST_SEEN = 4096
_SHORTEST_JTI, _LONGEST_JTI = 8, 128


class Tokens:
    """Issues and reads the access tokens of one issuer under one key (P-256, PKCS #8 PEM)."""

    def __init__(self, token_key_pem: bytes, issuer: str) -> None:
        self.issuer = issuer
        self._key = formats.TokenKey.from_pem(token_key_pem)
        self._ring = formats.keyring([self._key])
        self._seen: dict[str, dict[str, Any]] = {}

    def issue(self, caller_id: str, scopes: frozenset[Scope], now: datetime) -> str:
        """A token for ten minutes."""
        return formats.issue(self._key, self.issuer, caller_id, scopes, int(now.timestamp()), secrets.token_urlsafe(16))

    def read(self, token: str, now: datetime) -> formats.Claims | None:
        """What a good token says; None for any other text.

        A token comes with hundreds of requests: its signature is checked with the first, everything else with each.
        """
        claims = self._seen.get(token)
        if claims is None:
            claims = formats.signed_claims(token, self._ring)
            if claims is None:
                return None
            if len(self._seen) >= _MOST_SEEN:
                self._seen.clear()
            self._seen[token] = claims
        return formats.check(claims, self.issuer, int(now.timestamp()))


@dataclass(frozen=True, slots=True)
class Issued:
    """A token, for whom it is, how long it lasts (seconds) and what it allows."""

    token: str
    caller_id: str
    expires_in: int
    scopes: frozenset[Scope]


class _NotGoodError(Exception):
    """Why an assertion is not taken: for the operator's log only, so that nobody learns which callers and keys there are."""


def claimed_caller(assertion: str) -> str | None:
    """The name an assertion gives, with nothing checked: fit for counting requests and for nothing else."""
    opened = _opened(assertion)
    name = opened.claims.get("iss") if opened is not None else None
    return name if isinstance(name, str) else None


async def issue_token(
    world: World, tokens: Tokens, assertion: str, scope: str | None, now: datetime, *, client_id: str | None = None
) -> Issued:
    """An access token for a good assertion, which is thereby used up; `scope` as sent, None for all that the caller has.

    Raises Refusal: access-assertion (whatever is wrong with it, told in the log only), access-scope (the caller has not got
    a scope that it asks for), service-database.
    """
    try:
        caller, jti, ends = await _authenticated(world, tokens.issuer, assertion, now)
        if client_id is not None and client_id != caller.caller_id:
            raise _NotGoodError("client_id names another caller")
        async with world.db.transaction() as tx:
            if not await callers.spend(tx, caller.caller_id, sha256(jti.encode()).digest(), ends):
                raise _NotGoodError("jti used before")
    except _NotGoodError as reason:
        log.warning("client assertion refused: %s", reason)
        raise Refusal(codes.ACCESS_ASSERTION) from None
    granted = _granted(caller, scope)
    return Issued(tokens.issue(caller.caller_id, granted, now), caller.caller_id, formats.TOKEN_SECONDS, granted)


async def _authenticated(world: World, issuer: str, assertion: str, now: datetime) -> tuple[Caller, str, datetime]:
    """The caller whose registered key signed the assertion, its `jti` and its end; raises _NotGoodError."""
    opened = _opened(assertion)
    if opened is None:
        raise _NotGoodError("no compact JWS of an allowed algorithm")
    claims = opened.claims
    if not isinstance(claims.get("iss"), str) or claims.get("sub") != claims["iss"]:
        raise _NotGoodError("iss and sub are not one name")
    caller, key = await _caller_and_key(world, claims["iss"], opened.key_id)
    if not _signed_by(opened, key):
        raise _NotGoodError(f"not signed by the key {key.key_id} of {caller.caller_id}")
    if claims.get("aud") not in (issuer, [issuer]):
        raise _NotGoodError(f"aud is not the issuer ({caller.caller_id})")
    return caller, _jti(claims), _end(claims, now)


async def _caller_and_key(world: World, name: str, key_id: str | None) -> tuple[Caller, CallerKey]:
    """The registered caller of that name and its key of that id, also those of the last second; raises _NotGoodError."""
    known = await world.known()
    if name not in known.callers or key_id not in known.callers[name].keys:
        known = await world.register.newer_than(world.db, known.generation)
    caller = known.callers.get(name)
    key = caller.keys.get(key_id) if caller is not None and key_id is not None else None
    if caller is None or key is None:
        raise _NotGoodError("iss and kid are not a registered caller and a key of it")
    return caller, key


def _opened(assertion: str) -> jws.OpenedToken | None:
    return jws.open_compact(assertion, algorithms=frozenset(ALGORITHMS))


def _signed_by(opened: jws.OpenedToken, key: CallerKey) -> bool:
    """Whether this key signed it, with the one algorithm that belongs to the key, whatever the message says."""
    public = load_der_public_key(key.public_key)
    belongs: Algorithm | None = None
    if isinstance(public, EllipticCurvePublicKey):
        belongs = Algorithm.ES256
    elif isinstance(public, RSAPublicKey):
        belongs = Algorithm.PS256
    elif isinstance(public, Ed25519PublicKey):
        belongs = Algorithm.EDDSA
    return opened.algorithm is belongs and signatures.signature_holds(opened, public)


def _jti(claims: Mapping[str, Any]) -> str:
    jti = claims.get("jti")
    if not isinstance(jti, str) or not _SHORTEST_JTI <= len(jti) <= _LONGEST_JTI:
        raise _NotGoodError(f"jti is not a text of {_SHORTEST_JTI} to {_LONGEST_JTI} characters")
    return jti


def _end(claims: Mapping[str, Any], now: datetime) -> datetime:
    """The assertion's end; raises _NotGoodError when it is over, lasts too long, or has not begun."""
    seconds, end = now.timestamp(), _seconds(claims.get("exp"))
    if end is None or not seconds < end <= seconds + LONGEST_SECONDS:
        raise _NotGoodError(f"exp is not within the next {LONGEST_SECONDS} s")
    for name in ("iat", "nbf"):
        begin = _seconds(claims.get(name)) if name in claims else 0.0
        if begin is None or begin > seconds + SKEW_SECONDS:
            raise _NotGoodError(f"{name} lies ahead of this clock")
    return datetime.fromtimestamp(end, UTC)


def _seconds(value: object) -> float | None:
    """A NumericDate (RFC 7519 section 2): a number, which JSON's true and false are not."""
    return float(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else None


def _granted(caller: Caller, scope: str | None) -> frozenset[Scope]:
    """The scopes asked for, all of which the caller must have (RFC 6749 section 3.3); raises Refusal(access-scope)."""
    if scope is None:
        return caller.scopes
    wanted = frozenset(scope.split(" "))
    granted = frozenset(has for has in caller.scopes if has.value in wanted)
    if len(granted) != len(wanted):
        detail = "of: " + " ".join(sorted(caller.scopes))
        raise Refusal(codes.ACCESS_SCOPE, [Finding(codes.ACCESS_SCOPE, "", detail)])
    return granted
