"""A school declares its year complete: what is declared is compared with what is held, and the newest declaration counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from registry.core import declaration, ids
from registry.core.callers import Caller
from registry.core.campaigns import Plan
from registry.core.findings import Finding
from registry.core.units import MapOf, When
from registry.services import campaigns, completeness
from registry.services.statements import Given
from registry.services.world import World
from registry.storage import declarations as stored
from registry.storage import stages
from registry.storage.database import Hot
from registry.storage.declarations import Declared as Declared  # what `listed` gives

#: Declared grades that may stand beside those of a campaign: of other grades, or without pupils by now.
_MOST_MORE = 100_000


class Deed:
    """Codes: declaration-version, -expected, -count, -missing, -exception; declaration-count-less, -exception-held warn."""

    async def look_up(self, tx: Hot, given: Given) -> declaration.Found:
        """What is known about the bytes, and what is held of each grade."""
        return await stored.look_up(tx, given.verdict.fingerprint, given.attempt, given.verdict.declaration)

    async def troubles(self, _tx: Hot, given: Given, found: declaration.Found) -> Sequence[Finding]:
        """Everything that differs, at once."""
        said = given.verdict.declaration
        return () if said is None else declaration.troubles(found, said)

    def waits_for(self, _given: Given, _troubles: Sequence[Finding]) -> int | None:
        """Nothing: what is missing has to be named."""
        return None

    async def accept(self, tx: Hot, given: Given, found: declaration.Found) -> declaration.Receipt:
        """Keep it; the greatest version of a grade counts."""
        said, attempt = given.verdict.declaration, given.attempt
        assert said is not None, "accepted only when it was read"
        await stored.accept(
            tx,
            attempt,
            said,
            found.held,
            sealed=given.sealed,
            generation=given.verdict.generation,
            journaled=given.held_before,
            ends_wait=found.waits,
        )
        return declaration.Receipt(
            attempt.submission_id,
            str(said.school_year),
            said.school_code,
            said.version,
            given.verdict.fingerprint,
            attempt.judged_at,
        )


@dataclass(frozen=True, slots=True)
class Page:
    """Some declared grades in the order of school and grade, and where the next page begins (None: there are no more)."""

    rows: tuple[Declared, ...]
    names: dict[str, str]
    next: tuple[str, int] | None


@dataclass(frozen=True, slots=True)
class Grade:
    """One grade of a school in a campaign: pupils on its roster, and what the school has declared of it, if anything."""

    school_code: str
    school_name: str
    grade: int
    pupils: int
    declared: Declared | None


async def of_campaign(world: World, caller: Caller, plan: Plan, now: datetime) -> list[Grade]:
    """Every grade with pupils of the caller's schools in a campaign, declared or not, by school and grade."""
    here = (await world.known()).map
    schools = sorted(campaigns.schools_of(here, plan.campaign, now) & caller.schools)
    year = plan.campaign.school_year
    async with world.db.snapshot() as tx:
        grades = await stages.grades(tx, schools, year, plan.campaign.grades)
        found = await stored.listed(tx, schools, year, ("", 0), len(grades) + _MOST_MORE)
    said = {(each.school_code, each.grade): each for each in found}
    return [
        Grade(school, here.units[f"school:{school}"].name, grade, pupils, said.get((school, grade)))
        for school, grade, pupils in grades
    ]


async def grades(world: World, caller: Caller, code: str, now: datetime) -> list[Grade]:
    """The grades of a campaign, declared or not, by school and grade. Raises Refusal(campaign-unknown)."""
    return await of_campaign(world, caller, await campaigns.find(world, caller, code, now), now)


async def page(
    world: World,
    caller: Caller | None,
    unit: str,
    school_year: ids.SchoolYear,
    after: tuple[str, int],
    limit: int,
    now: datetime,
    on: MapOf = MapOf.NOW,
) -> Page:
    """What counts of the declarations of a unit's schools on the map of then or of now; `caller` is None for the operator at the
    machine itself.

    Raises Refusal(access-unit).
    """
    here = (await world.known()).map if caller is None else await completeness.permitted(world, caller, unit, now)
    when = When.of(on, school_year, now, now)
    schools = sorted(here.schools_seen(None if caller is None else caller.units, unit, when))
    async with world.db.snapshot() as tx:
        found = await stored.listed(tx, schools, str(school_year), after, limit + 1)
    rows = tuple(found[:limit])
    names = {row.school_code: here.units[f"school:{row.school_code}"].name for row in rows}
    return Page(rows, names, (rows[-1].school_code, rows[-1].grade) if len(found) > limit else None)
