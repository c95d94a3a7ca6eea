"""The register of people who may sign in: an operator names each with units and rights. Nobody gets in by signing in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from registry.core.callers import Scope
from registry.core.people import Person
from registry.services.callers import NotTakenError
from registry.services.world import World
from registry.storage import callers, people, sessions
from registry.storage.database import Writing

_PERSON_ID = re.compile(r"[a-z0-9][a-z0-9._-]{1,62}", re.ASCII)
_LONGEST_LOGIN = 255


@dataclass(frozen=True, slots=True)
class Login:
    """The value of the configured claim at one provider."""

    issuer: str
    value: str


async def everyone(world: World) -> tuple[Sequence[Person], Mapping[str, list[str]]]:
    """The open people by id, and the logins of each."""
    async with world.db.snapshot() as tx:
        return await people.load(tx), await people.logins(tx)


async def register(world: World, new: Person, login: Login | None, now: datetime) -> None:
    """Add a person with units and login, or nothing at all; raises NotTakenError."""
    _check(new)
    async with world.db.transaction() as tx:
        if not await people.add(tx, new, now):
            raise NotTakenError(f"the id {new.person_id} is taken (closed ids are not given out again)")
        await _add_units(tx, new, now)
        if login is not None:
            await _add_login(tx, new.person_id, login, now)


async def add_login(world: World, person_id: str, login: Login, now: datetime) -> None:
    """Another login for an open person; raises NotTakenError."""
    async with world.db.transaction() as tx:
        await _must_be_open(tx, person_id)
        await _add_login(tx, person_id, login, now)


async def change(world: World, person_id: str, scopes: frozenset[Scope], *, sees_names: bool) -> None:
    """Other rights for an open person, from the next page on; raises NotTakenError."""
    if not scopes:
        raise NotTakenError("a person needs at least one scope")
    async with world.db.transaction() as tx:
        if not await people.change(tx, person_id, scopes, sees_names=sees_names):
            raise NotTakenError(f"there is no open person {person_id}")


async def close(world: World, person_id: str, now: datetime) -> None:
    """Close a person for ever, sessions included, at once; raises NotTakenError."""
    async with world.db.transaction() as tx:
        if not await people.close(tx, person_id, now):
            raise NotTakenError(f"there is no open person {person_id}")
        await sessions.end_all(tx, person_id, now)


def _check(new: Person) -> None:
    if not _PERSON_ID.fullmatch(new.person_id):
        raise NotTakenError("a person's id has 2 to 63 small letters, digits, dots, hyphens or underscores")
    if not new.name.strip() or len(new.name) > 200 or not new.name.isprintable():
        raise NotTakenError("a name has 1 to 200 printable characters")
    if not new.scopes or not new.units:
        raise NotTakenError("a person needs at least one scope and one unit")
    if new.scopes & {Scope.SUBMIT, Scope.VERIFY}:
        raise NotTakenError("submitting and verifying are for systems, with keys of their own")


async def _must_be_open(tx: Writing, person_id: str) -> None:
    if await people.find(tx, person_id) is None:
        raise NotTakenError(f"there is no open person {person_id}")


async def _add_units(tx: Writing, new: Person, now: datetime) -> None:
    unknown = await callers.unknown_units(tx, new.units)
    if unknown:
        raise NotTakenError("not on the map: " + ", ".join(unknown[:10]))
    await people.add_units(tx, new.person_id, new.units, now)


async def _add_login(tx: Writing, person_id: str, login: Login, now: datetime) -> None:
    if not 0 < len(login.value) <= _LONGEST_LOGIN or not login.value.isprintable():
        raise NotTakenError(f"a login has 1 to {_LONGEST_LOGIN} printable characters")
    if not await people.add_login(tx, person_id, login.issuer, login.value, now):
        raise NotTakenError("this login is or was another person's")
