"""The schools of a unit as one table (expected, held, ready), and one school by its classes: what the pages show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from registry.core import completeness as buckets
from registry.core import units
from registry.core.callers import Caller
from registry.core.completeness import Counts
from registry.core.frozen import Beside
from registry.core.ids import SchoolYear
from registry.core.readiness import Row as Readiness
from registry.core.units import MapOf, When
from registry.services import after_freeze, completeness, readiness
from registry.services.completeness import EVERYBODY, Only
from registry.services.world import World
from registry.storage import standing
from registry.storage.completeness import Question


@dataclass(frozen=True, slots=True)
class School:
    """One school: where it lies, its pupils by bucket, whether it is ready, and who submits for it."""

    code: str
    name: str
    commune: str
    counts: Counts
    readiness: Readiness
    vendors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """All schools of a unit, by code, and their sum."""

    unit: units.Unit
    counts: Counts
    schools: tuple[School, ...]
    pending: int = 0  # as in `completeness.Report`
    frozen: Beside | None = None


@dataclass(frozen=True, slots=True)
class Class:
    """One class of a school by its rosters."""

    grade: int
    name: str
    counts: Counts


async def table(
    world: World,
    caller: Caller,
    unit: str,
    year: SchoolYear,
    before: datetime,
    now: datetime,
    only: Only = EVERYBODY,
    on: MapOf = MapOf.NOW,
) -> Table:
    """The schools of a unit (on the map of then or of now) with a roster, a record or an attempt, or all when there are none such; pupils of `only` alone.

    `before`: until when certificates must last. Raises Refusal(access-unit).
    """
    here = await completeness.permitted(world, caller, unit, now)
    when = When.of(on, year, now, now)
    schools = here.schools_seen(caller.units, unit, when)
    async with world.db.snapshot() as tx:
        question = Question(sorted(only.schools(here, schools, now)), str(year), now, only.of_grades)
        found = await standing.count(tx, question, past=False)
        line = buckets.over(schools, found.groups)
        frozen = await after_freeze.beside(tx, only.whole_campaign, here.units[unit], question, line)
    counted = found.groups
    ready = await readiness.look(
        world, caller, readiness.Asked(unit, year, before, only.of_grades, closed=True, on=on), now
    )
    rows = tuple(
        School(
            row.facts.school_code,
            ready.names[row.facts.school_code],
            _place(here, row.facts.school_code, when.on),
            counted.get(row.facts.school_code, Counts()),
            row,
            tuple(ready.vendors[vendor] for vendor in row.facts.vendors),
        )
        for row in ready.rows
    )
    concerned = tuple(
        row for row in rows if row.counts.anybody or (row.readiness.facts.refused and not row.readiness.facts.elsewhere)
    )
    return Table(here.units[unit], line, concerned or rows, found.pending, frozen)


async def classes(
    world: World, caller: Caller, school_code: str, year: SchoolYear, now: datetime, only: Only = EVERYBODY
) -> tuple[Class, ...]:
    """The classes of a school, by grade and name. Raises Refusal(access-unit)."""
    here = await completeness.permitted(world, caller, f"school:{school_code}", now)
    schools = only.schools(here, frozenset({school_code}), now)
    async with world.db.snapshot() as tx:
        found = await standing.count_classes(tx, Question(sorted(schools), str(year), now, only.of_grades), past=False)
    return tuple(Class(grade, name, counts) for (grade, name), counts in sorted(found.items()) if counts.expected)


def _place(here: units.Map, school_code: str, on: datetime) -> str:
    """The name of a school's commune at a moment, or of the ward it lay in before there were communes; "" of neither."""
    parents = here.parents_of(f"school:{school_code}", on)
    return next((unit.name for kind in ("commune", "ward") for unit in parents if unit.kind == kind), "")
