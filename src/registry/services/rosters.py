"""A list of pupils comes in, of one roster or of a whole city: whom the schools expect transcripts of, taken as a difference.

Nobody is ever wiped from a roster: a pupil who is no longer named has left at that moment, and one whose class, name or number
changed has left and joined again, so that every question can be asked as of any moment. A list is about the rosters (school and
grade) that it names; whoever stands on others stays there.
"""

from __future__ import annotations

import asyncio
import io
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import islice
from typing import BinaryIO

from registry.core import codes, ids
from registry.core import rosters as values
from registry.core.callers import Caller
from registry.core.findings import Code, Finding, Refusal
from registry.core.rosters import Counts, Place
from registry.formats import roster_columns, roster_table
from registry.formats.roster_table import Reading, Row
from registry.services.world import World
from registry.storage import rosters as stored
from registry.storage.sealing import Sealer

#: Largest list of one roster, and of many, that is taken over HTTP, in bytes; a file at the machine is read as it comes.
MOST_BYTES, MOST_CITY_BYTES = 2_000_000, 30_000_000
_BATCH = 10_000
_MAIN = (codes.ROSTER_SHAPE, codes.ROSTER_COUNT, codes.ACCESS_UNIT, codes.SCHOOL_UNKNOWN, codes.ROSTER_SHRINKS)


class Step(StrEnum):
    """What an import is at."""

    READING = "reading"
    COMPARING = "comparing"
    WRITING = "writing"


#: Is told what is done now, and how many rows have been read.
Progress = Callable[[Step, int], None]


@dataclass(frozen=True, slots=True)
class Options:
    """How a list is meant: the total its sender counted, only a trial, and the word that many have really left."""

    total: int | None = None
    dry_run: bool = False
    allow_leaving: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """What a list did, or would do, over all its rosters, in pupils."""

    counts: Counts
    rosters: int
    schools: int
    dry_run: bool

    @property
    def joined(self) -> int:
        """How many pupils joined."""
        return self.counts.joined

    @property
    def left(self) -> int:
        """How many pupils left."""
        return self.counts.left

    @property
    def changed(self) -> int:
        """How many pupils stay with something changed."""
        return self.counts.changed

    @property
    def unchanged(self) -> int:
        """How many pupils stay as they were."""
        return self.counts.unchanged

    @property
    def total(self) -> int:
        """How many pupils stand on these rosters afterwards."""
        return self.counts.total


def within(caller: Caller, school_code: str) -> None:
    """Raise Refusal(access-unit) unless the caller answers for the school; an unknown school is the same answer."""
    if school_code not in caller.schools:
        raise Refusal(
            codes.ACCESS_UNIT, [Finding(codes.ACCESS_UNIT, "/path/school_code", "a school of the caller's units")]
        )


async def import_roster(
    world: World, place: Place, raw: bytes, now: datetime, *, source: str, caller_id: str | None = None,
    options: Options = Options(),
) -> Report:  # fmt: skip
    """Make a list (CSV or XLSX, `registry.formats.roster_table`) the roster in force from `now` on; all of it or nothing.

    Importing the same again changes nothing. Imports of one school and year wait for each other. Raises Refusal: roster-shape,
    roster-count, roster-shrinks or roster-row, with all findings; school-unknown.
    """
    if place.school_code not in (await world.known()).index.trust.schools:
        raise Refusal(codes.SCHOOL_UNKNOWN)
    reading = Reading(io.BytesIO(raw), place.school_code, place.grade)
    kept = stored.Source(source, caller_id, now)
    run = _Run(world, reading, place.school_year, options, None)
    return await run.whole(kept, [(place.school_code, place.grade)], large=False)


async def import_city(
    world: World, caller: Caller | None, school_year: str, file: BinaryIO, now: datetime, *, source: str,
    grade: int | None = None, options: Options = Options(), progress: Progress | None = None,
) -> Report:  # fmt: skip
    """Take a list of many schools and grades as it is read, in bounded memory; whole or nothing.

    Its rows say the school and, unless `grade` does, the grade. `caller` is None for the operator at the machine, else every
    school must lie within its units (access-unit). Raises Refusal as `import_roster`, and service-busy while another one comes in.
    """
    run = _Run(world, Reading(file, None, grade), school_year, options, progress, caller)
    kept = stored.Source(source, caller.caller_id if caller else None, now)
    return await run.whole(kept, [], large=True)


@dataclass(slots=True)
class _Run:
    """One list from its first byte to the commit."""

    world: World
    reading: Reading
    school_year: str
    options: Options
    progress: Progress | None
    caller: Caller | None = None

    async def whole(self, source: stored.Source, declared: list[tuple[str, int]], *, large: bool) -> Report:
        async with stored.staged(self.world.db, self.school_year, large=large) as (staged, connection):
            await self._stage(staged)
            self._tell(Step.COMPARING)
            named = await staged.settle(declared)
            await self._look(staged, {school for school, _ in named})
            places = [
                (school, grade, ids.uuid7(source.received_at, secrets.token_bytes(10))) for school, grade in named
            ]
            async with connection.transaction():
                counts = await staged.compare(places)
                self._judge(counts, await staged.elsewhere(roster_table.MOST_FINDINGS))
                if not self.options.dry_run:
                    self._tell(Step.WRITING)
                    await staged.write(places, counts, source)
        total = sum(counts.values(), Counts())
        return Report(total, len(places), len({school for school, _ in named}), self.options.dry_run)

    async def _stage(self, staged: stored.Staged) -> None:
        """Read and seal the next rows in a thread while the server takes in the ones before."""
        batches = _batches(self.reading.rows(), self.world.sealer)
        coming = asyncio.ensure_future(asyncio.to_thread(next, batches, None))
        try:
            while (batch := await coming) is not None:
                coming = asyncio.ensure_future(asyncio.to_thread(next, batches, None))
                if not self.reading.findings:
                    await staged.add(batch)
                self._tell(Step.READING)
        finally:
            await asyncio.gather(coming, return_exceptions=True)
        total = self.options.total
        if total is not None and total != self.reading.count and not self.reading.full:
            self.reading.findings.append(Finding(codes.ROSTER_COUNT, "", "as many rows as the declared total"))
        if self.reading.findings and self.reading.count > _BATCH:
            self._raise()  # what a large list lacks besides is not worth a sort of millions

    async def _look(self, staged: stored.Staged, named: set[str]) -> None:
        """What only all rows together show."""
        most = roster_table.MOST_FINDINGS
        for column, sql in ((roster_columns.CODE, "pupil_code"), (roster_columns.NUMBER, "number_index")):
            for sheet, row in await staged.twice(sql, most):
                what = "each pupil code once" if column == roster_columns.CODE else "each personal number once"
                self.reading.note(sheet, row, column, codes.ROSTER_ROW, what)
        if self.caller is not None:
            wrong, code, what = named - self.caller.schools, codes.ACCESS_UNIT, "a school of the caller's units"
        else:
            known = (await self.world.known()).index.trust.schools
            wrong, code, what = named - known.keys(), codes.SCHOOL_UNKNOWN, "a school that is on the map"
        if wrong:
            for _, sheet, row in (await staged.first_rows(wrong))[:most]:
                self.reading.note(sheet, row, roster_columns.SCHOOL, code, what)
        self._raise()

    def _judge(self, counts: dict[tuple[str, int], Counts], elsewhere: list[tuple[int, int]]) -> None:
        for sheet, row in elsewhere:
            expected = "a pupil who is not on the roster of another grade of this school"
            self.reading.note(sheet, row, roster_columns.CODE, codes.ROSTER_ROW, expected)
        by_school: dict[str, Counts] = {}
        for (school, _), each in counts.items():
            by_school[school] = by_school.get(school, Counts()) + each
        for school, each in by_school.items():
            if values.shrinks(each) and not self.options.allow_leaving:
                share = f"{each.left} of {each.left + each.changed + each.unchanged} pupils would leave; without a word"
                expected = (
                    f"{share} at most {values.MOST_LEAVING_SHARE:.0%} of a school's, or fewer than {values.FEW_LEAVING}"
                )
                self.reading.findings.append(Finding(codes.ROSTER_SHRINKS, f"/schools/{school}", expected))
        self._raise()

    def _tell(self, step: Step) -> None:
        if self.progress is not None:
            self.progress(step, self.reading.count)

    def _raise(self) -> None:
        findings = self.reading.findings
        if findings:
            found = {finding.code for finding in findings}
            main: Code = next((code for code in _MAIN if code in found), codes.ROSTER_ROW)
            raise Refusal(main, findings[: roster_table.MOST_FINDINGS + 1])


def _batches(rows: Iterator[Row], sealer: Sealer) -> Iterator[list[tuple[object, ...]]]:
    while batch := [_sealed(row, sealer) for row in islice(rows, _BATCH)]:
        yield batch


def _sealed(row: Row, sealer: Sealer) -> tuple[object, ...]:
    pupil, number = row.pupil, row.pupil.number
    return (
        row.sheet, row.number, row.school_code, row.grade, pupil.pupil_code, pupil.class_name, pupil.name,
        pupil.sex.value if pupil.sex else None, str(pupil.birth) if pupil.birth else None,
        sealer.number_index(number) if number else None, sealer.seal_number(number) if number else None,
    )  # fmt: skip
