"""Names of pupils leave only for those who may see them, and only after the view was written down."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from registry.core import ids
from registry.core.people import Person
from registry.services.world import World
from registry.storage import name_views as stored

View = stored.View
MOST_VIEWS = 1000


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
        view = View(
            ids.uuid7(now, secrets.token_bytes(10)),
            now,
            person.person_id,
            screen.name,
            screen.unit,
            screen.school_year,
            names,
        )
        async with world.db.transaction() as tx:
            await stored.add(tx, view)
    return True


async def newest(world: World, person_id: str | None, most: int) -> Sequence[View]:
    """The newest views, of everybody or of one person; at most MOST_VIEWS."""
    async with world.db.snapshot() as tx:
        return await stored.newest(tx, person_id, min(most, MOST_VIEWS))
