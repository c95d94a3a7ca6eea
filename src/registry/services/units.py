"""The map comes in by command: the city, its legacy districts and communes, and the schools on them.

A legacy district has had no office since 1 July 2025, but those who answer for its schools go on asking about it. It therefore
stays on the map without an end, as a unit of evaluation, and its name says until when it was one of administration.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from importlib import resources

from registry.core import trust, units
from registry.formats import units_csv
from registry.formats.units_csv import Problem
from registry.services.world import World
from registry.storage import generation
from registry.storage import trust as stored_trust
from registry.storage import units as stored

#: Tables that come with the registry, by name: files of services/data. "hcmc-2025" is the city with the 22 districts of old
#: Thành phố Hồ Chí Minh (codes of the statistics office, since 2020) and the 168 communes of 1 July 2025 (codes of
#: QĐ 19/2025/QĐ-TTg); which old ward went to which commune is not in it.
BUILTIN: Mapping[str, str] = {"hcmc-2025": "hcmc-units-2025.csv"}


@dataclass(slots=True)
class Imported:
    """How many units, memberships and schools were new; with problems, nothing was stored."""

    units: int = 0
    parts: int = 0
    schools: int = 0
    problems: list[Problem] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Shown:
    """A unit with what it is part of, its parts, and how many schools it comes to, all at one moment."""

    unit: units.Unit
    parents: tuple[str, ...]
    children: tuple[units.Unit, ...]
    schools: int


def builtin(name: str) -> bytes | None:
    """The table of that name, or None."""
    file = BUILTIN.get(name)
    return None if file is None else (resources.files("registry.services") / "data" / file).read_bytes()


async def import_builtin(world: World, name: str, now: datetime) -> Imported:
    """Take one of the tables that come with the registry; an unknown name is a problem."""
    raw = builtin(name)
    if raw is None:
        return Imported(problems=[Problem(None, "name", "one of " + ", ".join(BUILTIN))])
    return await import_units(world, raw, now)


async def import_units(world: World, raw: bytes, now: datetime) -> Imported:
    """Take a table of units (`registry.formats.units_csv`), all of it or nothing.

    What is there already stays as it is; a row that contradicts it is a problem. A membership lasts while both units do.
    """
    found = units_csv.read(raw)
    if found.problems:
        return Imported(problems=found.problems)
    async with world.db.transaction() as tx:
        here = await stored.load_map(tx)
        schools = (await stored_trust.load(tx, 0)).schools
        problems = [*_contradictions(found.rows, here, schools), *_unknown_parents(found.rows, here)]
        if problems:
            return Imported(problems=problems)
        every = {**here.units, **{row.unit.code: row.unit for row in found.rows}}
        report = Imported(
            units=await stored.add_units(tx, [row.unit for row in found.rows]),
            parts=await stored.add_parts(
                tx, [_part(every[parent], row.unit) for row in found.rows for parent in row.parents]
            ),
            schools=await stored.add_schools(
                tx, [(row.unit.code.removeprefix("school:"), row.ownership) for row in found.rows if row.ownership]
            ),
        )
        await generation.move(tx)
    return report


async def show(world: World, code: str, now: datetime) -> Shown | None:
    """A unit and its surroundings on the present map; None when there is none of that code."""
    here = (await world.known()).map
    unit = here.units.get(code)
    if unit is None:
        return None
    parents = sorted(
        parent for parent, parts in here.children.items() if any(p.child == code and p.holds_at(now) for p in parts)
    )
    return Shown(unit, tuple(parents), here.parts_of(code, now), len(here.open_schools(code, now)))


async def widest(world: World) -> list[str]:
    """The units that are part of no other, by code."""
    here = (await world.known()).map
    inside = {part.child for parts in here.children.values() for part in parts}
    return sorted(here.units.keys() - inside)


def _contradictions(
    rows: Iterable[units_csv.Row], here: units.Map, schools: Mapping[str, trust.School]
) -> Iterable[Problem]:
    for row in rows:
        known = here.units.get(row.unit.code)
        if known is not None and known != row.unit:
            yield Problem(
                row.number, "code", "the same name and dates as the unit of this code that is on the map already"
            )
        school = schools.get(row.unit.code.removeprefix("school:"))
        if row.ownership is not None and school is not None and school.ownership is not row.ownership:
            yield Problem(row.number, "ownership", "the same ownership as on the map already")


def _unknown_parents(rows: Iterable[units_csv.Row], here: units.Map) -> Iterable[Problem]:
    rows = list(rows)
    every = {**here.units, **{row.unit.code: row.unit for row in rows}}
    for row in rows:
        if any(parent not in every for parent in row.parents):
            yield Problem(row.number, "parents", "units that are on the map or in this file")
        elif not all(_overlap(every[parent], row.unit) for parent in row.parents):
            yield Problem(row.number, "parents", "units that exist for some time together with this one")


def _overlap(wider: units.Unit, narrower: units.Unit) -> bool:
    part = _part(wider, narrower)
    return part.valid_to is None or part.valid_from < part.valid_to


def _part(wider: units.Unit, narrower: units.Unit) -> units.Part:
    ends = [end for end in (wider.valid_to, narrower.valid_to) if end is not None]
    return units.Part(
        wider.code, narrower.code, max(wider.valid_from, narrower.valid_from), min(ends) if ends else None
    )
