"""Names of pupils leave only for those who may see them, and only after the view was written down."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from registry.core import ids
from registry.core.callers import Caller
from registry.core.people import Person
from registry.services.world import World
from registry.storage import name_views as stored

View = stored.View
Place = stored.Place
MOST_VIEWS = 1000


@dataclass(frozen=True, slots=True)
class Page:
    """Some views, and where the last of them stands when there are more."""

    rows: tuple[View, ...]
    next: Place | None


@dataclass(frozen=True, slots=True)
class Screen:
    """Where names are to be shown: which screen or file, of which unit and school year."""

    name: str
    unit: str
    school_year: str | None = None


async def note(world: World, person: Person, screen: Screen, names: int, now: datetime) -> bool:
    """Whether `names` names may be shown; when there are any, the view is on record before this returns."""
    if not person.sees_names:
        return False
    if names:
        await _add(world, replace(_view(screen, names, now), person_id=person.person_id))
    return True


async def note_caller(world: World, caller: Caller, screen: Screen, names: int, now: datetime) -> None:
    """A caller of the API is about to see `names` names; when there are any, the view is on record before this returns."""
    if names:
        await _add(world, replace(_view(screen, names, now), caller_id=caller.caller_id))


async def newest(world: World, person_id: str | None, most: int) -> Sequence[View]:
    """The newest views, of everybody or of one person; at most MOST_VIEWS."""
    async with world.db.snapshot() as tx:
        return await stored.newest(tx, person_id, min(most, MOST_VIEWS))


async def own(world: World, caller: Caller, after: Place | None, limit: int) -> Page:
    """A page of what a caller of the API saw, the newest first; `after`: where the last view of the page before stood."""
    async with world.db.snapshot() as tx:
        return _page(await stored.of_caller(tx, caller.caller_id, after, limit + 1), limit)


async def of_units(
    world: World, caller: Caller, viewer: str | None, after: Place | None, limit: int, now: datetime
) -> Page:
    """A page of who saw names of the units at or below the caller's: everybody, or one person or caller (`viewer`)."""
    here = (await world.known()).map
    below = frozenset[str]().union(*(here.below(each, now) for each in caller.units))
    async with world.db.snapshot() as tx:
        return _page(await stored.of_units(tx, below, viewer, after, limit + 1), limit)


def _page(found: Sequence[View], limit: int) -> Page:
    rows = tuple(found[:limit])
    return Page(rows, (rows[-1].at, rows[-1].view_id) if len(found) > limit else None)


def _view(screen: Screen, names: int, now: datetime) -> View:
    view_id = ids.uuid7(now, secrets.token_bytes(10))
    return View(view_id, now, None, screen.name, screen.unit, screen.school_year, names)


async def _add(world: World, view: View) -> None:
    async with world.db.transaction() as tx:
        await stored.add(tx, view)
