"""Who is signed in: sessions begin, are found by their secret, and end (OWASP ASVS 5.0 V7).

The secret is 256 random bits that only the browser has; what is stored is its digest. Rights are read anew with each page,
so that what an operator changes holds at once.
"""

from __future__ import annotations

import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from registry.core import codes
from registry.core.callers import Caller, Scope
from registry.core.findings import Finding, Refusal
from registry.core.people import Patience, Person, Stay, Way
from registry.services.world import World
from registry.storage import people
from registry.storage import sessions as stored
from registry.storage.database import Reading, Writing

_SECRET = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_SEEN_EVERY = timedelta(minutes=1)


#: How long a sign-in is fresh enough to end other sessions with.
FRESH = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Somebody with a session: the person, the same as a caller of use cases, and the token of this session's forms."""

    person: Person
    caller: Caller
    form_token: str
    started_at: datetime

    def require(self, *scopes: Scope) -> None:
        """Raise Refusal(access-scope) unless the person has one of the scopes."""
        if not self.person.scopes & set(scopes):
            detail = "one of: " + ", ".join(sorted(scopes))
            raise Refusal(codes.ACCESS_SCOPE, [Finding(codes.ACCESS_SCOPE, "", detail)])

    def check_fresh(self, now: datetime) -> None:
        """Raise Refusal(session-stale) unless the person signed in just now (OWASP ASVS 5.0 V7.5.2)."""
        if not self.started_at <= now < self.started_at + FRESH:
            raise Refusal(codes.SESSION_STALE)

    def check_form(self, token: str) -> None:
        """Raise Refusal(session-form) unless the token is that of this session's forms."""
        if not hmac.compare_digest(token.encode("utf-8", "replace"), self.form_token.encode()):
            raise Refusal(codes.SESSION_FORM)


@dataclass(frozen=True, slots=True)
class Own:
    """One of a person's sessions that last. `name` tells it from the others and leads to no secret; `here`: the one that asks."""

    name: str
    way: Way
    stay: Stay
    here: bool

    @property
    def place(self) -> tuple[int, str]:
        """Where it stands among others: the newest first, by its beginning in microseconds."""
        return -round(self.stay.started_at.timestamp() * 1_000_000), self.name


def new_secret() -> str:
    """256 random bits as text."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> bytes | None:
    """What is stored of a secret; None for a text that can't be one."""
    return sha256(secret.encode()).digest() if _SECRET.fullmatch(secret) else None


def derived(secret: str, use: str) -> str:
    """A value of 256 bits that follows from a secret and does not tell it, for one use."""
    return hmac.new(secret.encode(), f"registry {use} v1".encode(), sha256).hexdigest()


async def begin(tx: Writing, person_id: str, way: Way, now: datetime) -> str:
    """A new session in the transaction that proves who it is for; returns its secret."""
    secret = new_secret()
    await stored.begin(tx, sha256(secret.encode()).digest(), person_id, way, now)
    return secret


async def find(world: World, secret: str, patience: Patience, now: datetime) -> SignedIn:
    """Who has this session; raises Refusal(session-none) when it does not last, or its person was closed."""
    key = digest(secret)
    if key is None:
        raise Refusal(codes.SESSION_NONE)
    async with world.db.snapshot() as tx:
        found = await stored.find(tx, key)
        person = None if found is None else await people.find(tx, found.person_id)
    if found is None or person is None or not patience.lasts(found.stay, now):
        raise Refusal(codes.SESSION_NONE)
    if now - found.stay.seen_at >= _SEEN_EVERY:
        async with world.db.transaction() as writing:
            await stored.see(writing, key, now)
    here = (await world.known()).map
    schools = here.schools_of_all(person.units, now)
    return SignedIn(person, person.caller(schools), derived(secret, "form"), found.stay.started_at)


async def end(world: World, secret: str, now: datetime) -> None:
    """End a session; without effect on what is none."""
    key = digest(secret)
    if key is not None:
        async with world.db.transaction() as tx:
            await stored.end(tx, key, now)


async def own(world: World, secret: str, person_id: str, patience: Patience, now: datetime) -> list[Own]:
    """The sessions of a person that last, the newest first (OWASP ASVS 5.0 V7.5.2); `secret` is that of the one that asks."""
    async with world.db.snapshot() as tx:
        found = await stored.open_of(tx, person_id)
    mine = digest(secret)
    return [Own(_name(key), each.way, each.stay, key == mine) for key, each in found if patience.lasts(each.stay, now)]


async def of_units(
    world: World, caller: Caller, person_id: str | None, patience: Patience, now: datetime
) -> list[tuple[str, Own]]:
    """The sessions that last of the people all of whose units lie at or below the caller's (or of one of them), each with whose it
    is, the newest first."""
    async with world.db.snapshot() as tx:
        found = await _of_units(world, tx, caller, person_id, now)
    rows = [
        (each.person_id, Own(_name(key), each.way, each.stay, False))
        for key, each in found
        if patience.lasts(each.stay, now)
    ]
    return sorted(rows, key=lambda row: row[1].place)


async def _of_units(
    world: World, tx: Reading, caller: Caller, person_id: str | None, now: datetime
) -> list[tuple[bytes, stored.Found]]:
    here = (await world.known()).map
    below = frozenset[str]().union(*(here.below(each, now) for each in caller.units))
    known = await people.load(tx, person_id)
    return await stored.all_open(tx, [each.person_id for each in known if each.units and each.units <= below])


async def end_of_units(world: World, caller: Caller, name: str, patience: Patience, now: datetime) -> str:
    """End one of the sessions that `of_units` shows, by its name; returns whose it was. Raises Refusal(session-over)."""
    async with world.db.transaction() as tx:
        for key, each in await _of_units(world, tx, caller, None, now):
            if _name(key) == name and patience.lasts(each.stay, now):
                await stored.end(tx, key, now)
                return each.person_id
    raise Refusal(codes.SESSION_OVER)


async def end_one(world: World, person_id: str, name: str, now: datetime) -> None:
    """End one session of this person by its name; without effect when it has ended, or is somebody else's."""
    async with world.db.transaction() as tx:
        for key, _ in await stored.open_of(tx, person_id):
            if _name(key) == name:
                await stored.end(tx, key, now)


async def end_all(world: World, person_id: str, now: datetime) -> int:
    """End every session of a person, everywhere; returns how many there were."""
    async with world.db.transaction() as tx:
        return await stored.end_all(tx, person_id, now)


def _name(key: bytes) -> str:
    return sha256(b"registry session name v1" + key).hexdigest()[:32]
