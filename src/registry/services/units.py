"""The map comes in by command: the city, its legacy districts, old wards, communes and clusters, and the schools on them.

A legacy district has had no office since 1 July 2025, but those who answer for its schools go on asking about it. It therefore
stays on the map without an end, as a unit of evaluation, and its name says until when it was one of administration.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from importlib import resources

from registry.core import units
from registry.core.callers import Caller
from registry.formats import units_csv
from registry.formats.units_csv import Problem
from registry.services.unit_changes import compare
from registry.services.world import World
from registry.storage import generation
from registry.storage import trust as stored_trust
from registry.storage import units as stored

#: Tables that come with the registry, by name: files of services/data. "hcmc-2025" is the city with the 38 districts and 441 wards
#: of 30 June 2025 (codes of the statistics office; which were in two other provinces then is not said) and the 168 communes of
#: 1 July 2025 (codes of QĐ 19/2025/QĐ-TTg), each with the wards whose place it took. "hcmc-clusters-2025" are the 16 school
#: clusters as the press told of them; 64 communes are in none of them, because no text says in which.
BUILTIN: Mapping[str, str] = {
    "hcmc-2025": "hcmc-units-2025.csv",
    "hcmc-clusters-2025": "hcmc-clusters-2025.csv",
}


@dataclass(slots=True)
class Imported:
    """How many units, memberships, schools and successions were new, and what ended; with problems, nothing was stored."""

    units: int = 0
    parts: int = 0
    schools: int = 0
    successions: int = 0
    ended: int = 0
    problems: list[Problem] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Shown:
    """A unit with what it is part of, its parts, how many schools it comes to, all at one moment, and what took its place."""

    unit: units.Unit
    parents: tuple[str, ...]
    children: tuple[units.Unit, ...]
    schools: int
    heirs: tuple[units.Unit, ...]


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

    What is there already stays as it is, but for what a row ends; a row that contradicts it is a problem. A membership lasts
    while both units do, or as the row says.
    """
    found = units_csv.read(raw)
    if found.problems:
        return Imported(problems=found.problems)
    async with world.db.transaction() as tx:
        await stored.write_alone(tx)
        changes = compare(found.rows, await stored.load_map(tx), (await stored_trust.load(tx, 0)).schools)
        if changes.problems:
            return Imported(problems=changes.problems)
        report = Imported(
            units=await stored.add_units(tx, changes.units),
            parts=await stored.add_parts(tx, changes.parts),
            schools=await stored.add_schools(tx, changes.schools),
            successions=await stored.add_successions(tx, changes.successions),
            ended=await stored.end(tx, changes.ended, changes.ended_parts),
        )
        await generation.move(tx)
    return report


async def show(world: World, code: str, now: datetime) -> Shown | None:
    """A unit and its surroundings on the present map; None when there is none of that code."""
    here = (await world.known()).map
    unit = here.units.get(code)
    if unit is None:
        return None
    parents = [parent.code for parent in here.parents_of(code, now)]
    heirs = tuple(here.units[heir] for heir in sorted(here.heirs_of(code)))
    return Shown(unit, tuple(parents), here.parts_of(code, now), len(here.open_schools(code, now)), heirs)


@dataclass(frozen=True, slots=True)
class Listed:
    """Some units with how many schools each comes to on a map and what each is directly part of, and the unit behind which the next page begins."""

    rows: tuple[tuple[units.Unit, int, list[str]], ...]
    next: str | None


async def listed(world: World, caller: Caller, kind: str | None, after: str, limit: int, when: units.When) -> Listed:
    """The units at or below the caller's that are on a map, by code; the caller's own are there on every one."""
    here = (await world.known()).map
    below = frozenset().union(*(here.below(own, when.now) for own in caller.units))
    there = (code for code in below if here.units[code].exists_at(when.on) or code in caller.units)
    left = sorted(code for code in there if code > after and kind in (None, here.units[code].kind))
    rows = tuple(
        (
            here.units[code],
            len(here.schools_seen(caller.units, code, when)),
            [parent.code for parent in here.parents_of(code, when.on)],
        )
        for code in left[:limit]
    )
    return Listed(rows, left[limit - 1] if len(left) > limit else None)


async def widest(world: World) -> list[str]:
    """The units that are part of no other, by code."""
    here = (await world.known()).map
    inside = {part.child for parts in here.children.values() for part in parts}
    return sorted(here.units.keys() - inside)
