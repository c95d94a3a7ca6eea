"""A file of personal numbers comes back: what is sure goes onto the rosters, what is doubtful waits for a person.

Two pupils never get one number. Every application is on record with its file, and can be taken back while no record rests on
it. Signed documents stay as they are; those that wait for a number are judged again by the background work.
"""

from __future__ import annotations

import asyncio
import io
import secrets
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from registry.core import codes, ids
from registry.core.callers import Caller
from registry.core.findings import Code, Finding, Refusal
from registry.core.ids import BirthDate, Sex
from registry.core.numbers import Doubt, Lacking, Match, Roll, Told
from registry.formats import roster_columns
from registry.formats.number_table import Reading
from registry.services import numbers, pupils
from registry.services.numbers import Asked
from registry.services.world import World
from registry.storage import number_returns as stored
from registry.storage import numbers as rosters
from registry.storage.database import Writing
from registry.storage.number_returns import Candidate as Candidate
from registry.storage.number_returns import NumberCase as NumberCase  # what the edges show
from registry.storage.number_returns import Return as Return
from registry.storage.numbers import Act, Given

MOST_BYTES, MOST_ROWS = 10_000_000, 200_000
MOST_CASES = 200


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


@dataclass(slots=True)
class _Came:
    """What a file holds: its rows with the keyed indexes of their numbers."""

    reading: Reading
    told: list[tuple[Told, bytes]]

    @property
    def rows(self) -> int:
        return self.reading.listing.count

    def place(self, told: Told) -> str:
        return self.reading.listing.place(told.sheet, told.row, roster_columns.NUMBER)[1]

    def wrong(self, told: Told, code: Code, expected: str) -> None:
        self.reading.listing.note(told.sheet, told.row, roster_columns.NUMBER, code, expected)


@dataclass(frozen=True, slots=True)
class _Doubted:
    place: str
    told: Told
    index: bytes
    pupils: tuple[Lacking, ...]
    doubts: tuple[Doubt, ...]


@dataclass(slots=True)
class _Sorting:
    """What the rows of a file mean."""

    sure: list[tuple[Lacking, tuple[Told, bytes]]] = field(default_factory=list)
    doubtful: list[_Doubted] = field(default_factory=list)
    unmatched: list[str] = field(default_factory=list)
    repeated: int = 0


def _read(world: World, raw: bytes) -> _Came:
    reading = Reading(io.BytesIO(raw))
    told = [(each, world.sealer.number_index(each.number)) for each in reading.rows()]
    listing = reading.listing
    if listing.count > MOST_ROWS:
        listing.findings.append(Finding(codes.NUMBERS_SHAPE, "", f"at most {MOST_ROWS} rows"))
    if any(each.code is codes.NUMBERS_SHAPE for each in listing.findings):
        raise Refusal(codes.NUMBERS_SHAPE, listing.findings)
    if listing.full:
        raise Refusal(codes.NUMBERS_ROW, listing.findings)
    return _Came(reading, told)


async def _sorted(tx: Writing, asked: Asked, schools: Iterable[str], came: _Came) -> _Sorting:
    """Whom each row means, with what the rosters and records know."""
    lacking = await rosters.lacking(tx, list(schools), str(asked.school_year), ("", ""), numbers.MOST_EXPORTED)
    indexes = {index for _, index in came.told}
    owners = await rosters.owners(tx, indexes)
    holders = await rosters.holders(tx, list(schools), str(asked.school_year), indexes)
    known = await rosters.on_record(tx, {each.pupil_code for each in lacking})
    decided = await stored.given_by_decision(tx, str(asked.school_year), indexes)
    return await asyncio.to_thread(_Sorter(came, lacking, owners, Roll(holders), known, decided).sort)


@dataclass(slots=True)
class _Sorter:
    """Sorts the rows of a file. Nothing here needs the world."""

    came: _Came
    lacking: Sequence[Lacking]
    owners: rosters.Owners
    holders: Roll
    known: rosters.Known
    decided: Mapping[bytes, str]
    found: _Sorting = field(default_factory=_Sorting)

    def sort(self) -> _Sorting:
        roll, seen = Roll(self.lacking), set[bytes]()
        for told, index in self.came.told:
            if index in seen:
                self.came.wrong(told, codes.NUMBER_TAKEN, "each number once")
                continue
            seen.add(index)
            self._one(told, index, roll.match(told))
        self._never_two()
        return self.found

    def _one(self, told: Told, index: bytes, match: Match) -> None:
        owners = self.owners.get(index, frozenset())
        same = any(pupil.number_index == index for pupil in self.holders.match(told).pupils)
        if same or self.decided.get(index) in owners:
            self.found.repeated += 1
        elif owners - {pupil.pupil_code for pupil in match.pupils}:
            self.came.wrong(told, codes.NUMBER_TAKEN, "a number that no other pupil has")
        elif not match.pupils:
            self.found.unmatched.append(self.came.place(told))
        elif match.sure:
            self._sure(told, index, match.pupils[0])
        else:
            self._doubt(told, index, match.pupils, match.doubts)

    def _sure(self, told: Told, index: bytes, pupil: Lacking) -> None:
        if pupil.number_index == index:
            self.found.repeated += 1  # the roster had it right; the transcript that was refused has not
            return
        others = self.known.get(pupil.pupil_code, frozenset()) - {index}
        if pupil.number_index is not None or others:
            self._doubt(told, index, (pupil,), (Doubt.REPLACES,))
            return
        self.found.sure.append((pupil, (told, index)))

    def _doubt(self, told: Told, index: bytes, pupils: tuple[Lacking, ...], doubts: tuple[Doubt, ...]) -> None:
        self.found.doubtful.append(_Doubted(self.came.place(told), told, index, pupils, doubts))

    def _never_two(self) -> None:
        """A pupil to whom two rows give a number gets none of them."""
        rows: dict[str, int] = {}
        for pupil, _ in self.found.sure:
            rows[pupil.pupil_code] = rows.get(pupil.pupil_code, 0) + 1
        for pupil, (told, _) in self.found.sure:
            if rows[pupil.pupil_code] > 1:
                self.came.wrong(told, codes.NUMBER_TWO, "one number for each pupil")
        self.found.sure = [each for each in self.found.sure if rows[each[0].pupil_code] == 1]
        # A pupil on the rosters of two schools is one: each of them gets the number.
        by_code: dict[str, list[Lacking]] = {}
        for each in self.lacking:
            by_code.setdefault(each.pupil_code, []).append(each)
        self.found.sure = [
            (row, told)
            for pupil, told in self.found.sure
            for row in by_code[pupil.pupil_code]
            if row.number_index is None
        ]


async def _write(
    tx: Writing, world: World, caller: Caller | None, asked: Asked, raw: bytes, source: str, sorting: _Sorting,
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


async def cases(
    world: World, caller: Caller | None, school_year: str | None, after: UUID | None, limit: int
) -> list[NumberCase]:
    """Numbers that wait for a person, all of whose pupils are of the caller's schools; oldest first, at most `limit` + 1."""
    if not 1 <= limit <= MOST_CASES:
        raise Refusal(codes.REQUEST_PARAMETER, [Finding(codes.REQUEST_PARAMETER, "/query/limit", f"1 to {MOST_CASES}")])
    async with world.db.snapshot() as tx:
        return await stored.cases(tx, _schools(caller), school_year=school_year, after=after, most=limit + 1)


def names_of(found: Iterable[NumberCase]) -> Mapping[str, int]:
    """school -> how many names of its pupils are seen with these cases."""
    return Counter(each.school_code for case in found for each in case.candidates if each.name is not None)


async def decide(
    world: World, caller: Caller | None, case_id: UUID, pupil_code: str | None, reason: str, now: datetime
) -> NumberCase:
    """A person says whose a number is (None: nobody's of them); then it is applied. The same again changes nothing.

    Raises Refusal: request-parameter (reason), number-case-unknown, number-case-decided, number-case-pupil, number-taken, or
    number-place, -sex, -year where the number contradicts the pupil's roster; service-busy as `take`.
    """
    pupils.check_reason(reason, "/body/reason")
    async with world.db.transaction() as tx:
        await rosters.alone(tx)
        case = next(iter(await stored.cases(tx, _schools(caller), case_id=case_id, undecided=False)), None)
        if case is None:
            raise Refusal(codes.NUMBER_CASE_UNKNOWN)
        if case.decided_at is not None:
            if case.decided_pupil != pupil_code:
                raise Refusal(codes.NUMBER_CASE_DECIDED)
            return case
        await stored.add_decision(tx, case_id, pupil_code, reason, _id(caller), now)
        if pupil_code is not None:
            await _give_decided(tx, world, caller, case, pupil_code, now)
    return case


async def _give_decided(
    tx: Writing, world: World, caller: Caller | None, case: NumberCase, pupil_code: str, now: datetime
) -> None:
    chosen = [each for each in case.candidates if each.pupil_code == pupil_code and each.grade is not None]
    if not chosen:
        raise Refusal(codes.NUMBER_CASE_PUPIL)
    number = world.sealer.open_number(case.number_sealed)
    for each in chosen:
        sex, birth = Sex(each.sex) if each.sex else None, BirthDate.parse(each.birth or "")
        if found := ids.number_findings(number, sex=sex, birth=birth, pointer="/body/pupil_code"):
            raise Refusal(found[0].code, found)
    owners = (await rosters.owners(tx, [case.number_index])).get(case.number_index, frozenset())
    if owners - {pupil_code}:
        raise Refusal(codes.NUMBER_TAKEN)
    given = [
        Given(
            each.school_code, pupil_code, each.number_index, case.number_index, case.number_sealed, _fresh(now),
            case.case_id,
        )
        for each in chosen
        if each.number_index != case.number_index
    ]  # fmt: skip
    if given:
        source = f"numbers {case.return_id}"
        await rosters.give(tx, Act(case.school_year, case.return_id, _id(caller), now, source), given)


async def returns(world: World, caller: Caller | None, now: datetime) -> list[Return]:
    """The newest files that came back for the caller's units."""
    async with world.db.snapshot() as tx:
        return await stored.returns(tx, await numbers.units_of(world, caller, now), numbers.MOST_LISTED)


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
        schools = _schools(caller)
        if came is None or (schools is not None and any(each.school_code not in schools for each in found)):
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


def _schools(caller: Caller | None) -> frozenset[str] | None:
    return None if caller is None else caller.schools


def _fresh(now: datetime) -> UUID:
    return ids.uuid7(now, secrets.token_bytes(10))


def _id(caller: Caller | None) -> str | None:
    return caller.caller_id if caller is not None else None
