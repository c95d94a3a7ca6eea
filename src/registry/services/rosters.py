"""A roster comes in: the pupils a school expects transcripts of in one school year and grade, taken as a difference.

Nobody is ever wiped from a roster: a pupil who is no longer named has left at that moment, and one whose class, name or number
changed has left and joined again, so that every question can be asked as of any moment.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from registry.core import codes, ids
from registry.core import rosters as values
from registry.core.callers import Caller
from registry.core.findings import Code, Finding, Refusal
from registry.core.rosters import Place
from registry.formats import roster_csv
from registry.services.world import World
from registry.storage import rosters as stored
from registry.storage.database import Writing

#: Largest roster that is taken, in bytes.
MOST_BYTES = roster_csv.MOST_BYTES
_MAIN = (codes.ROSTER_SHAPE, codes.ROSTER_COUNT)
_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Report:
    """What an import did to a roster, in pupils; `total` stand on it now."""

    joined: int
    left: int
    changed: int
    unchanged: int

    @property
    def total(self) -> int:
        """How many pupils stand on the roster now."""
        return self.joined + self.changed + self.unchanged


@dataclass(frozen=True, slots=True)
class _Read:
    """A roster as it is to be stored: stays by pupil code, and the numbers that still have to be sealed."""

    roster: roster_csv.Roster
    stays: Mapping[str, values.Stay]
    numbers: Mapping[str, str]


def within(caller: Caller, school_code: str) -> None:
    """Raise Refusal(access-unit) unless the caller answers for the school; an unknown school is the same answer."""
    if school_code not in caller.schools:
        raise Refusal(
            codes.ACCESS_UNIT, [Finding(codes.ACCESS_UNIT, "/path/school_code", "a school of the caller's units")]
        )


async def import_roster(
    world: World,
    place: Place,
    raw: bytes,
    now: datetime,
    *,
    source: str,
    caller_id: str | None = None,
    total: int | None = None,
) -> Report:
    """Make a roster (CSV, `registry.formats.roster_csv`) the one in force from `now` on; all of it or nothing.

    `total`: how many pupils the sender counted, if it says so. Importing the same again changes nothing. Imports of one school
    and year wait for each other. Raises Refusal: roster-shape, roster-count or roster-row, with all findings; school-unknown.
    """
    if place.school_code not in (await world.known()).index.trust.schools:
        raise Refusal(codes.SCHOOL_UNKNOWN)
    read = await asyncio.to_thread(_read, world, raw)
    findings = [*read.roster.findings, *_miscounted(read.roster, total)]
    if findings:
        raise _refusal(findings)
    async with world.db.transaction() as tx:
        await stored.lock(tx, place)
        return await _replace(world, tx, place, read, now, source, caller_id)


def _read(world: World, raw: bytes) -> _Read:
    roster = roster_csv.read(raw)
    if roster.findings:
        return _Read(roster, {}, {})
    numbers = {pupil.pupil_code: pupil.number for pupil in roster.pupils if pupil.number is not None}
    stays = {
        pupil.pupil_code: values.Stay(
            pupil.pupil_code,
            pupil.class_name,
            pupil.name,
            pupil.sex.value if pupil.sex else None,
            str(pupil.birth) if pupil.birth else None,
            world.sealer.number_index(pupil.number) if pupil.number else None,
        )
        for pupil in roster.pupils
    }
    return _Read(roster, stays, numbers)


async def _replace(
    world: World, tx: Writing, place: Place, read: _Read, now: datetime, source: str, caller_id: str | None
) -> Report:
    """Write the difference. Its moment lies after every earlier one, whatever the clocks of two machines say."""
    before, elsewhere = await stored.open_stays(tx, place)
    twice = sorted(elsewhere & read.stays.keys(), key=lambda code: read.roster.rows[code])
    if twice:
        detail = "a pupil who is not on the roster of another grade of this school"
        raise _refusal([Finding(codes.ROSTER_ROW, roster_csv.place(read.roster, code), detail) for code in twice])
    newest = await stored.newest_change(tx, place)
    at = now if newest is None else max(now, newest + _TICK)
    found = values.compare(before, read.stays)
    import_id = ids.uuid7(at, secrets.token_bytes(10))
    counts = (len(found.joined), len(found.left), len(found.changed))
    await stored.add_import(tx, stored.Import(import_id, place, source, caller_id, at, *counts))
    await stored.end(tx, place, (*found.left, *found.changed), at)
    seal, numbers = world.sealer.seal_number, read.numbers
    beginning = [
        (read.stays[code], seal(numbers[code]) if code in numbers else None) for code in (*found.joined, *found.changed)
    ]
    await stored.begin(tx, place, beginning, at, import_id)
    return Report(*counts, found.unchanged)


def _miscounted(roster: roster_csv.Roster, total: int | None) -> list[Finding]:
    if total is None or total == len(roster.pupils):
        return []
    return [Finding(codes.ROSTER_COUNT, "", "as many rows as the declared total")]


def _refusal(findings: list[Finding]) -> Refusal:
    found = {finding.code for finding in findings}
    main: Code = next((code for code in _MAIN if code in found), codes.ROSTER_ROW)
    return Refusal(main, findings[: roster_csv.MOST_FINDINGS + 1])
