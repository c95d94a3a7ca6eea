"""How somebody comes to a session: by a one-time link from an operator, or by an ID token of the configured provider.

A begun sign-in is bound to the browser: a cookie has 256 random bits, from which state, nonce and the PKCE verifier follow
(RFC 6749 section 10.12, OpenID Connect Core 3.1.2.1, RFC 7636). The database has their digest, and once.
"""

from __future__ import annotations

import hmac
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from registry.core import codes
from registry.core.findings import Refusal
from registry.core.people import Way
from registry.formats import id_tokens
from registry.services import sessions
from registry.services.callers import NotTakenError
from registry.services.world import World
from registry.storage import people
from registry.storage import sessions as stored

log = logging.getLogger(__name__)

LINK_LASTS = timedelta(minutes=15)
ATTEMPT_LASTS = timedelta(minutes=10)
ALGORITHMS = id_tokens.ALGORITHMS


@dataclass(frozen=True, slots=True)
class Provider:
    """The provider whose tokens are taken, and the claim that says who somebody is."""

    issuer: str
    client_id: str
    algorithms: frozenset[str]
    claim: str = "sub"


@dataclass(frozen=True, slots=True)
class Attempt:
    """A begun sign-in: the browser's secret, and what follows from it."""

    secret: str

    @property
    def state(self) -> str:
        """What comes back with the answer."""
        return sessions.derived(self.secret, "state")

    @property
    def nonce(self) -> str:
        """What the ID token must repeat."""
        return sessions.derived(self.secret, "nonce")

    @property
    def verifier(self) -> str:
        """What proves that the code is asked for by who was sent (RFC 7636 section 4.1)."""
        return sessions.derived(self.secret, "verifier")


async def make_link(world: World, person_id: str, now: datetime) -> str:
    """The secret of a new one-time link for an open person; raises NotTakenError."""
    secret = sessions.new_secret()
    key = sessions.digest(secret)
    assert key is not None
    async with world.db.transaction() as tx:
        if await people.find(tx, person_id) is None:
            raise NotTakenError(f"there is no open person {person_id}")
        await stored.add_link(tx, key, person_id, now, now + LINK_LASTS)
    return secret


async def whose_link(world: World, secret: str, now: datetime) -> str:
    """The name of whom a link is for that can still be used, which it stays; raises Refusal(session-link)."""
    key = sessions.digest(secret)
    async with world.db.snapshot() as tx:
        person_id = None if key is None else await stored.link_person(tx, key, now)
        person = None if person_id is None else await people.find(tx, person_id)
    if person is None:
        raise Refusal(codes.SESSION_LINK)
    return person.name


async def by_link(world: World, secret: str, now: datetime) -> str:
    """Use a link up; returns the secret of a new session. Raises Refusal(session-link)."""
    key = sessions.digest(secret)
    if key is None:
        raise Refusal(codes.SESSION_LINK)
    async with world.db.transaction() as tx:
        person_id = await stored.use_link(tx, key, now)
        if person_id is None or await people.find(tx, person_id) is None:
            raise Refusal(codes.SESSION_LINK)
        return await sessions.begin(tx, person_id, Way.LINK, now)


async def begin(world: World, next_path: str, now: datetime) -> Attempt:
    """A browser is about to be sent to the provider."""
    attempt = Attempt(sessions.new_secret())
    key = sessions.digest(attempt.secret)
    assert key is not None
    async with world.db.transaction() as tx:
        await stored.add_attempt(tx, key, next_path, now + ATTEMPT_LASTS)
    return attempt


async def come_back(world: World, secret: str, state: str, now: datetime) -> tuple[Attempt, str]:
    """The browser came back with this state: its attempt, now used up, and where it was to lead. Raises Refusal(session-answer)."""
    attempt, key = Attempt(secret), sessions.digest(secret)
    if key is None or not hmac.compare_digest(attempt.state.encode(), state.encode("utf-8", "replace")):
        raise _not_taken("a state that is not this browser's")
    async with world.db.transaction() as tx:
        next_path = await stored.use_attempt(tx, key, now)
    if next_path is None:
        raise _not_taken("a state that was used, or is too old")
    return attempt, next_path


def knows_key(id_token: str, keys: Mapping[str, Any], provider: Provider, nonce: str, now: datetime) -> bool:
    """Whether the key that a token names is in the key set: if not, the set may be an old one."""
    try:
        _claims(id_token, keys, provider, nonce, now)
    except id_tokens.UnknownKeyError:
        return False
    except id_tokens.NotTakenError:
        return True
    return True


async def by_id_token(
    world: World, provider: Provider, id_token: str, keys: Mapping[str, Any], nonce: str, now: datetime
) -> str:
    """The secret of a new session for whom a good ID token names.

    Raises Refusal: session-answer (whatever is wrong with the token, told in the log only), session-unknown.
    """
    try:
        claims = _claims(id_token, keys, provider, nonce, now)
    except id_tokens.NotTakenError as error:
        raise _not_taken(str(error)) from None
    login = claims.get(provider.claim)
    if not isinstance(login, str) or "\x00" in login:
        raise Refusal(codes.SESSION_UNKNOWN)
    async with world.db.transaction() as tx:
        person_id = await people.find_login(tx, provider.issuer, login)
        if person_id is None:
            raise Refusal(codes.SESSION_UNKNOWN)
        return await sessions.begin(tx, person_id, Way.PROVIDER, now)


def refused_by_provider() -> Refusal:
    """The provider answered with an error, or without a code or token."""
    return _not_taken("the provider gave no token")


def _claims(id_token: str, keys: Mapping[str, Any], provider: Provider, nonce: str, now: datetime) -> Mapping[str, Any]:
    wanted = id_tokens.Wanted(provider.issuer, provider.client_id, nonce, provider.algorithms)
    return id_tokens.check(id_token, id_tokens.keys_of(keys), wanted, int(now.timestamp()))


def _not_taken(reason: str) -> Refusal:
    log.warning("sign-in refused: %s", reason)
    return Refusal(codes.SESSION_ANSWER)
