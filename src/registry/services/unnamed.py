"""Attempts that name nobody stand in no bucket: they are counted beside, by school, and by vendor where no school could be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from registry.core.callers import Caller
from registry.core.units import When
from registry.services import completeness
from registry.services.world import World
from registry.storage import unnamed as stored

#: How far back is looked.
DAYS = 30


@dataclass(frozen=True, slots=True)
class Page:
    """Schools with such attempts by code (code -> name, attempts), vendors of the unit with theirs (id -> name, attempts), and the
    school behind which the next page begins."""

    since: datetime
    schools: Mapping[str, tuple[str, int]]
    vendors: Mapping[str, tuple[str, int]]
    next: str | None


async def page(
    world: World, caller: Caller, unit: str, after: str, limit: int, now: datetime, when: When | None = None
) -> Page:
    """Refused transcripts of the last days that name a school of the unit and no pupil; and of those who submit for these
    schools, how many named no school at all, whomever they were for. Raises Refusal(access-unit)."""
    here = await completeness.permitted(world, caller, unit, now)
    schools = here.schools_seen(caller.units, unit, when or When.at(now))
    known = await world.known()
    vendors = {vendor for school in schools for vendor in known.submitting.get(school, ())}
    since = now - timedelta(days=DAYS)
    async with world.db.snapshot() as tx:
        found = await stored.of_schools(tx, schools, since)
        sent = await stored.of_callers(tx, vendors, since)
    left = [code for code in sorted(found) if code > after]
    shown = left[:limit]
    return Page(
        since,
        {code: (here.units[f"school:{code}"].name, found[code]) for code in shown},
        {vendor: (known.callers[vendor].name, sent[vendor]) for vendor in sorted(sent)},
        shown[-1] if len(left) > limit else None,
    )
