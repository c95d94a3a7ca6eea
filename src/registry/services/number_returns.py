"""A file of personal numbers comes back: what is sure goes onto the rosters, what is doubtful waits for a person.

Two pupils never get one number. Every application is on record with its file, and can be taken back while no record rests on
it. Signed documents stay as they are; those that wait for a number are judged again by the background work.
"""

from __future__ import annotations

import asyncio
import io
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from registry.core import codes, ids
from registry.core.callers import Caller
from registry.core.findings import Finding, Refusal
from registry.core.numbers import Doubt, Roll
from registry.formats.number_table import Reading
from registry.services import number_matching, numbers, pupils
from registry.services.numbers import Asked
from registry.services.world import World
from registry.storage import number_returns as stored
from registry.storage import numbers as rosters
from registry.storage.database import Writing
from registry.storage.number_returns import Candidate, NumberCase
from registry.storage.number_returns import Return as Return  # what the edges show
from registry.storage.numbers import Act, Given

MOST_BYTES, MOST_ROWS = 10_000_000, 200_000


@dataclass(frozen=True, slots=True)
class Options:
    """How a file is meant: only a trial; rows that are wrong are left out instead of refusing the file."""

    dry_run: bool = False
    skip_wrong: bool = False


@dataclass(frozen=True, slots=True)
class Doubtful:
    """A row for a person: the cell of its number, why, and how many pupils it can be."""

    place: str
    doubts: tuple[Doubt, ...]
    pupils: int


@dataclass(slots=True)
class Report:
    """What a file did, or would do, in rows. `applied` + `doubtful` + `repeated` + `unmatched` + `wrong` have a number."""

    dry_run: bool
    return_id: UUID | None = None
    rows: int = 0
    without: int = 0  # rows without a number
    applied: int = 0
    repeated: int = 0  # had been done, decided or confirmed before
    doubtful: list[Doubtful] = field(default_factory=list)
    unmatched: list[str] = field(default_factory=list)  # cells of rows that mean nobody who lacks a number
    findings: list[Finding] = field(default_factory=list)  # rows that are wrong and were left out


async def take(
    world: World, caller: Caller | None, asked: Asked, raw: bytes, source: str, options: Options, now: datetime
) -> Report:
    """Take a returned file (CSV or XLSX, `registry.formats.number_table`) for the pupils of a unit and school year.

    The same again changes nothing. Raises Refusal: access-unit, numbers-shape, numbers-row (unless wrong rows are left out)
    with number-shape, -place, -sex, -year, -taken, -two, roster-number-zero, -rounded or field-* at each cell; service-busy (a list has
    just changed one of these rosters).
    """
    here = await numbers.permitted(world, caller, asked.unit, now)
    came = await asyncio.to_thread(_read, world, raw)
    schools = numbers.schools_of(here, caller, asked, now)
    async with world.db.transaction() as tx:
        await rosters.alone(tx)
        sorting = await _sorted(tx, asked, schools, came)
        report = Report(options.dry_run, None, came.rows, came.reading.without, repeated=sorting.repeated)
        report.unmatched, report.findings = sorting.unmatched, came.reading.listing.findings
        report.doubtful = [Doubtful(each.place, each.doubts, len(each.pupils)) for each in sorting.doubtful]
        report.applied = len({pupil.pupil_code for pupil, _ in sorting.sure})
        if report.findings and not options.skip_wrong:
            raise Refusal(codes.NUMBERS_ROW, report.findings)
        if not options.dry_run:
            await _write(tx, world, caller, asked, raw, source, sorting, report, now)
    return report


def _read(world: World, raw: bytes) -> number_matching.Came:
    reading = Reading(io.BytesIO(raw))
    told = [(each, world.sealer.number_index(each.number)) for each in reading.rows()]
    listing = reading.listing
    if listing.count > MOST_ROWS:
        listing.findings.append(Finding(codes.NUMBERS_SHAPE, "", f"at most {MOST_ROWS} rows"))
    if any(each.code is codes.NUMBERS_SHAPE for each in listing.findings):
        raise Refusal(codes.NUMBERS_SHAPE, listing.findings)
    if listing.full:
        raise Refusal(codes.NUMBERS_ROW, listing.findings)
    return number_matching.Came(reading, told)


async def _sorted(
    tx: Writing, asked: Asked, schools: Iterable[str], came: number_matching.Came
) -> number_matching.Sorting:
    """Whom each row means, with what the rosters and records know."""
    lacking = await rosters.lacking(tx, list(schools), str(asked.school_year), ("", ""), numbers.MOST_EXPORTED)
    indexes = {index for _, index in came.told}
    owners = await rosters.owners(tx, indexes)
    holders = await rosters.holders(tx, list(schools), str(asked.school_year), indexes)
    known = await rosters.on_record(tx, {each.pupil_code for each in lacking})
    decided = await stored.given_by_decision(tx, str(asked.school_year), indexes)
    return await asyncio.to_thread(number_matching.Sorter(came, lacking, owners, Roll(holders), known, decided).sort)


async def _write(
    tx: Writing, world: World, caller: Caller | None, asked: Asked, raw: bytes, source: str, sorting: number_matching.Sorting,
    report: Report, now: datetime,
) -> None:  # fmt: skip
    return_id = report.return_id = _fresh(now)
    who, year, sealer = _id(caller), str(asked.school_year), world.sealer
    came = Return(
        return_id, now, who, source, sha256(raw).digest(), asked.unit, year, report.rows, report.applied,
        len(sorting.doubtful),
    )  # fmt: skip
    await stored.add_return(tx, came)
    given = [
        Given(
            pupil.school_code, pupil.pupil_code, pupil.number_index, index, sealer.seal_number(told.number), _fresh(now)
        )
        for pupil, (told, index) in sorting.sure
    ]
    if given:
        await rosters.give(tx, Act(year, return_id, who, now, f"numbers {return_id}"), given)
    for each in sorting.doubtful:
        case = NumberCase(
            _fresh(now), return_id, year, each.place, each.told.name, str(each.told.birth) if each.told.birth else None,
            each.told.sex, each.index, sealer.seal_number(each.told.number), each.doubts, now,
            tuple(Candidate(p.school_code, p.pupil_code, None, None, None, None, None, None) for p in each.pupils),
        )  # fmt: skip
        if not await stored.add_case(tx, case):
            report.repeated += 1
            report.doubtful = [kept for kept in report.doubtful if kept.place != each.place]


async def returns(
    world: World, caller: Caller | None, now: datetime, after: UUID | None = None, most: int = numbers.MOST_LISTED
) -> list[Return]:
    """The newest files that came back for the caller's units, or those before one."""
    async with world.db.snapshot() as tx:
        return await stored.returns(tx, await numbers.units_of(world, caller, now), most, after=after)


async def undo(
    world: World, caller: Caller | None, return_id: UUID, pupil_code: str | None, reason: str, now: datetime
) -> int:
    """Take back the numbers that came of a file, of one pupil or all; returns how many. What stood before stands again.

    All or none. Raises Refusal: request-parameter (reason), number-return-unknown, number-relied (a record rests on one),
    service-busy as `take`.
    """
    pupils.check_reason(reason, "/body/reason")
    units = await numbers.units_of(world, caller, now)
    async with world.db.transaction() as tx:
        await rosters.alone(tx)
        came = next(iter(await stored.returns(tx, units, 1, return_id)), None)
        found = [] if came is None else await stored.applied(tx, return_id, pupil_code)
        if came is None or (caller is not None and any(each.school_code not in caller.schools for each in found)):
            raise Refusal(codes.NUMBER_RETURN_UNKNOWN)
        if relied := sorted({each.pupil_code for each in found if each.relied}):
            raise Refusal(codes.NUMBER_RELIED, [Finding(codes.NUMBER_RELIED, f"/pupils/{code}") for code in relied])
        before = [
            Given(
                each.school_code, each.pupil_code, each.index, each.before_index or b"", each.before_sealed or b"",
                each.applied_id,
            )
            for each in found
            if each.stands
        ]  # fmt: skip
        act = Act(came.school_year, return_id, _id(caller), now, f"numbers {return_id} undone")
        await rosters.take_back(tx, act, before)
        if found:
            await stored.mark_undone(tx, [each.applied_id for each in found], reason, _id(caller), now)
    return len({each.pupil_code for each in found})


def _fresh(now: datetime) -> UUID:
    return ids.uuid7(now, secrets.token_bytes(10))


def _id(caller: Caller | None) -> str | None:
    return caller.caller_id if caller is not None else None
