"""Files of pupils who lack a number, out and back; what came back, what a person decided about it, and what was undone."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import Text, TextClause, bindparam, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as upsert

from registry.storage.database import Reading, Writing, add_all
from registry.storage.tables_workbench import (
    number_applied,
    number_candidate,
    number_case,
    number_decision,
    number_export,
    number_return,
)

_EXPORTS = 0x6E_75_6D_65

#: Cases all of whose pupils are of these schools, with the pupils as their rosters have them now. Nobody has to decide any more
#: what a corrected roster, or the same file after it, has settled: one of the pupils has the number.
_WAITING = """
NOT EXISTS (SELECT FROM number_decision d WHERE d.case_id = c.case_id) AND NOT EXISTS (
             SELECT FROM number_candidate k JOIN roster_pupil r USING (school_code, pupil_code)
              WHERE k.case_id = c.case_id AND r.school_year = c.school_year AND r.left_at IS NULL
                AND r.number_index = c.number_index)
"""
_WITHIN = """
(CAST(:school_year AS text) IS NULL OR c.school_year = :school_year)
           AND (CAST(:schools AS text[]) IS NULL OR NOT EXISTS (
             SELECT FROM number_candidate k WHERE k.case_id = c.case_id AND k.school_code <> ALL(:schools)))
"""
_COUNT = f"SELECT count(*) FROM number_case c WHERE {_WITHIN} AND {_WAITING}"  # noqa: S608 - only constants of this file
_CASES = f"""
SELECT c.*, d.decided_at, d.pupil_code AS decided_pupil, k.school_code, k.pupil_code, r.pupil_name, r.class_name, r.grade, r.sex,
       r.birth_date, r.number_index AS present_index
  FROM (SELECT * FROM number_case c
         WHERE {_WITHIN}
           AND (CAST(:case_id AS uuid) IS NULL OR c.case_id = :case_id)
           AND (CAST(:after AS uuid) IS NULL OR c.case_id > :after)
           AND (NOT :open OR {_WAITING})
         ORDER BY c.case_id LIMIT :most) c
  JOIN number_candidate k USING (case_id)
  LEFT JOIN number_decision d USING (case_id)
  LEFT JOIN roster_pupil r ON r.school_year = c.school_year AND r.school_code = k.school_code AND r.pupil_code = k.pupil_code
                          AND r.left_at IS NULL
 ORDER BY c.case_id, k.school_code, k.pupil_code
"""  # noqa: S608

#: What came of a file and still stands, and whether a record rests on it.
_APPLIED = """
SELECT a.*, r.number_index = a.number_index AS stands,
       EXISTS (SELECT FROM pupil_number n JOIN pupil_code c USING (pupil_id)
                WHERE n.number_index = a.number_index AND c.pupil_code = a.pupil_code) AS relied
  FROM number_applied a
  LEFT JOIN roster_pupil r ON r.school_year = a.school_year AND r.school_code = a.school_code AND r.pupil_code = a.pupil_code
                          AND r.left_at IS NULL
 WHERE a.return_id = :return_id AND a.undone_at IS NULL AND (CAST(:pupil_code AS text) IS NULL OR a.pupil_code = :pupil_code)
"""


@dataclass(frozen=True, slots=True)
class Export:
    """A file that went out."""

    export_number: int
    exported_at: datetime
    caller_id: str | None
    unit_code: str
    school_year: str
    kind: str
    pupils: int
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class Return:
    """A file that came back and was taken; `undone` of its numbers were taken back."""

    return_id: UUID
    received_at: datetime
    caller_id: str | None
    source: str
    fingerprint: bytes
    unit_code: str
    school_year: str
    rows: int
    applied: int
    doubtful: int
    undone: int = 0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A pupil whose number it can be, as the roster has the pupil now; None where the pupil has left it."""

    school_code: str
    pupil_code: str
    name: str | None = field(repr=False)
    class_name: str | None
    grade: int | None
    sex: str | None
    birth: str | None = field(repr=False)
    number_index: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class NumberCase:
    """A number that waits for a person, with what the file said of whose it is. `decided_pupil`: whom it was given to."""

    case_id: UUID
    return_id: UUID
    school_year: str
    place: str
    told_name: str = field(repr=False)
    told_birth: str | None = field(repr=False)
    told_sex: str | None
    number_index: bytes = field(repr=False)
    number_sealed: bytes = field(repr=False)
    doubts: tuple[str, ...]
    raised_at: datetime
    candidates: tuple[Candidate, ...] = ()
    decided_at: datetime | None = None
    decided_pupil: str | None = None


@dataclass(frozen=True, slots=True)
class Applied:
    """A number that came back and is on record as applied. `stands`: it is the roster's number now."""

    applied_id: UUID
    school_code: str
    pupil_code: str
    index: bytes = field(repr=False)
    before_index: bytes | None = field(repr=False)
    before_sealed: bytes | None = field(repr=False)
    stands: bool
    relied: bool


async def add_export(tx: Writing, export: Export) -> int:
    """Write an export down under the next number, which is returned; numbers have no gap."""
    await tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _EXPORTS})
    newest = (await tx.execute(select(func.max(number_export.c.export_number)))).scalar_one()
    number = (newest or 0) + 1
    await tx.execute(insert(number_export).values({**asdict(export), "export_number": number}))
    return number


async def exports(tx: Reading, units: Collection[str] | None, most: int, after: int | None = None) -> list[Export]:
    """The newest exports of these units (None: of all), or those before one."""
    query = select(number_export).order_by(number_export.c.export_number.desc()).limit(most)
    if units is not None:
        query = query.where(number_export.c.unit_code == func.any(sorted(units)))
    if after is not None:
        query = query.where(number_export.c.export_number < after)
    return [Export(*row) for row in await tx.execute(query)]


async def add_return(tx: Writing, came: Return) -> None:
    """Write down a file that was taken."""
    values = asdict(came)
    del values["undone"]
    await tx.execute(insert(number_return).values(values))


async def returns(
    tx: Reading, units: Collection[str] | None, most: int, return_id: UUID | None = None, after: UUID | None = None
) -> list[Return]:
    """The newest returned files of these units (None: of all), or those before one (ids grow with time), or the one of this id."""
    undone = select(func.count()).where(
        number_applied.c.return_id == number_return.c.return_id, number_applied.c.undone_at.is_not(None)
    )
    query = select(number_return, undone.scalar_subquery()).order_by(number_return.c.return_id.desc()).limit(most)
    if units is not None:
        query = query.where(number_return.c.unit_code == func.any(sorted(units)))
    if return_id is not None:
        query = query.where(number_return.c.return_id == return_id)
    if after is not None:
        query = query.where(number_return.c.return_id < after)
    return [Return(*row) for row in await tx.execute(query)]


async def add_case(tx: Writing, case: NumberCase) -> bool:
    """Keep a number that waits for a person; False when it was kept before, whatever was decided then."""
    columns = set(number_case.c.keys())
    values = {name: value for name, value in asdict(case).items() if name in columns} | {"doubts": list(case.doubts)}
    stored = await tx.execute(
        upsert(number_case).values(values).on_conflict_do_nothing().returning(number_case.c.case_id)
    )
    if stored.one_or_none() is None:
        return False
    rows = [
        {"case_id": case.case_id, "school_code": each.school_code, "pupil_code": each.pupil_code}
        for each in case.candidates
    ]
    await add_all(tx, insert(number_candidate), rows)
    return True


async def cases(
    tx: Reading, schools: Collection[str] | None, *, school_year: str | None = None, case_id: UUID | None = None,
    after: UUID | None = None, most: int = 1, undecided: bool = True,
) -> list[NumberCase]:  # fmt: skip
    """Cases all of whose pupils are of these schools (None: any), oldest first."""
    statement = _of_schools(_CASES, schools)
    arguments = {"school_year": school_year, "case_id": case_id, "after": after, "most": most, "open": undecided}
    found: dict[UUID, NumberCase] = {}
    people: dict[UUID, list[Candidate]] = {}
    for row in await tx.execute(statement, arguments):
        people.setdefault(row.case_id, []).append(
            Candidate(
                row.school_code, row.pupil_code, row.pupil_name, row.class_name, row.grade, row.sex, row.birth_date,
                row.present_index,
            )
        )  # fmt: skip
        found[row.case_id] = NumberCase(
            row.case_id, row.return_id, row.school_year, row.place, row.told_name, row.told_birth, row.told_sex,
            row.number_index, row.number_sealed, tuple(row.doubts), row.raised_at, tuple(people[row.case_id]),
            row.decided_at, row.decided_pupil,
        )  # fmt: skip
    return list(found.values())


async def count_cases(tx: Reading, schools: Collection[str] | None, school_year: str | None) -> int:
    """How many cases wait all of whose pupils are of these schools (None: any)."""
    return int((await tx.execute(_of_schools(_COUNT, schools), {"school_year": school_year})).scalar_one())


def _of_schools(statement: str, schools: Collection[str] | None) -> TextClause:
    return text(statement).bindparams(
        bindparam("schools", None if schools is None else sorted(schools), type_=ARRAY(Text))
    )


async def given_by_decision(tx: Reading, school_year: str, indexes: Collection[bytes]) -> dict[bytes, str]:
    """Of these numbers those that a person gave to a pupil: number index -> pupil code."""
    c, d = number_case.c, number_decision.c
    query = select(c.number_index, d.pupil_code).join(number_decision, d.case_id == c.case_id)
    query = query.where(
        c.school_year == school_year, d.pupil_code.is_not(None), c.number_index == func.any(list(indexes))
    )
    return {row.number_index: row.pupil_code for row in await tx.execute(query)}


async def add_decision(
    tx: Writing, case_id: UUID, pupil_code: str | None, reason: str, caller_id: str | None, now: datetime
) -> None:
    """Keep what a person decided."""
    row = {"case_id": case_id, "pupil_code": pupil_code, "reason": reason, "caller_id": caller_id, "decided_at": now}
    await tx.execute(insert(number_decision).values(row))


async def applied(tx: Reading, return_id: UUID, pupil_code: str | None) -> list[Applied]:
    """What came of a file and was not taken back, of one pupil or all."""
    rows = await tx.execute(text(_APPLIED), {"return_id": return_id, "pupil_code": pupil_code})
    return [
        Applied(
            row.applied_id, row.school_code, row.pupil_code, row.number_index, row.before_index, row.before_sealed,
            bool(row.stands), row.relied,
        )
        for row in rows
    ]  # fmt: skip


async def mark_undone(
    tx: Writing, applied_ids: Sequence[UUID], reason: str, caller_id: str | None, now: datetime
) -> None:
    """Write down that these were taken back."""
    a = number_applied.c
    undone = {"undone_at": now, "undone_by": caller_id, "undone_reason": reason}
    await tx.execute(update(number_applied).where(a.applied_id == func.any(list(applied_ids))).values(undone))
