"""Pupils who lack a personal number, and numbers that came back, on the rosters. What was signed is never touched here.

A number is put on a roster as a change is: the stay ends, and the next one begins with the number.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import DateTime, LargeBinary, SmallInteger, Text, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.elements import TextClause

from registry.core import codes, ids, numbers
from registry.core.findings import Refusal
from registry.core.ids import BirthDate, Sex
from registry.core.numbers import Lacking, Why
from registry.storage.database import Hot, Reading, Writing
from registry.storage.same_pupil import CODES, COUNTS

_TICK = timedelta(microseconds=1)
#: Whoever puts numbers on rosters, takes them back or relies on one does it alone.
_ALONE = 0x6E_75_6D_62
_REFUSED_FOR = tuple(code.slug for code in numbers.REFUSED_FOR)

# The last attempt of who speaks for the school says whether a number was refused; `refusal` finds those few without the journal.
# A pupil who stands at a school under two codes is one, by the row that counts in the buckets.
_LACKING = f"""
WITH t AS (SELECT DISTINCT s.school_code, s.pupil_code FROM refusal f JOIN submission s USING (submission_id)
            WHERE f.school_code = ANY(:schools) AND f.codes && :slugs AND s.school_year = :school_year
              AND s.kind = 'transcript' AND s.pupil_code IS NOT NULL),
     f AS (SELECT * FROM t UNION SELECT t.school_code, g.pupil_code FROM t
             JOIN same_pupil m ON m.pupil_code = t.pupil_code JOIN same_pupil g ON g.pupil_id = m.pupil_id),
     a AS (SELECT r.school_code, r.pupil_code, r.grade, r.class_name, r.pupil_name, r.sex, r.birth_date, r.number_index,
                  NULL::text[] AS codes
             FROM roster_pupil r
            WHERE r.school_year = :school_year AND r.school_code = ANY(:schools) AND r.left_at IS NULL
              AND r.number_index IS NULL AND (r.school_code, r.pupil_code) > (:after_school, :after_pupil)
              AND (:grades IS NULL OR r.grade = ANY(:grades)) AND {COUNTS}
            ORDER BY r.school_code, r.pupil_code LIMIT :most),
     b AS (SELECT r.school_code, r.pupil_code, r.grade, r.class_name, r.pupil_name, r.sex, r.birth_date, r.number_index, l.codes
             FROM f JOIN roster_pupil r ON r.school_year = :school_year AND r.school_code = f.school_code
                                       AND r.pupil_code = f.pupil_code AND r.left_at IS NULL
                                       AND (:grades IS NULL OR r.grade = ANY(:grades))
             JOIN LATERAL (
               SELECT v.outcome, ARRAY(SELECT DISTINCT x->>'code' FROM jsonb_array_elements(v.findings) x
                                        WHERE x->>'code' = ANY(:slugs) ORDER BY 1) AS codes
                 FROM submission s JOIN LATERAL (
                   SELECT outcome, findings FROM verdict WHERE submission_id = s.submission_id
                    ORDER BY judged_at DESC LIMIT 1) v ON NOT v.findings @> '[{{"code":"scope-school"}}]'::jsonb
                WHERE s.school_year = :school_year AND s.school_code = r.school_code AND s.pupil_code = ANY({CODES})
                ORDER BY s.received_at DESC, s.submission_id DESC LIMIT 1) l ON l.outcome = 'refused' AND l.codes <> '{{}}'
            WHERE r.number_index IS NOT NULL AND (r.school_code, r.pupil_code) > (:after_school, :after_pupil) AND {COUNTS})
SELECT * FROM (SELECT * FROM a UNION ALL SELECT * FROM b) x ORDER BY school_code, pupil_code LIMIT :most
"""  # noqa: S608 - only constants of this folder are put together

_HOLDERS = """
SELECT r.school_code, r.pupil_code, r.grade, r.class_name, r.pupil_name, r.sex, r.birth_date, r.number_index, NULL::text[] AS codes
  FROM roster_pupil r
 WHERE r.number_index = ANY(:indexes) AND r.school_year = :school_year AND r.school_code = ANY(:schools) AND r.left_at IS NULL
"""

#: Who has these numbers: on a roster of today, or on record, merged pupils being one.
_OWNERS = """
SELECT r.number_index, r.pupil_code FROM roster_pupil r WHERE r.number_index = ANY(:indexes) AND r.left_at IS NULL
UNION
SELECT n.number_index, c.pupil_code
  FROM pupil_number n LEFT JOIN pupil_alias a USING (pupil_id)
  JOIN pupil_code c ON c.pupil_id = n.pupil_id
    OR c.pupil_id IN (SELECT coalesce(a.survivor, n.pupil_id) UNION
                      SELECT pupil_id FROM pupil_alias WHERE survivor = coalesce(a.survivor, n.pupil_id))
 WHERE n.number_index = ANY(:indexes)
"""

_ON_RECORD = """
SELECT c.pupil_code, n.number_index FROM pupil_code c JOIN pupil_number n USING (pupil_id)
 WHERE c.pupil_code = ANY(:pupils) AND n.closed_at IS NULL
"""

_LOCK = """
SELECT pg_advisory_xact_lock(hashtextextended('roster ' || CAST(:school_year AS text) || ' ' || s, 0))
  FROM (SELECT DISTINCT unnest(CAST(:schools AS text[])) AS s ORDER BY 1) AS schools
"""
_NEWEST = """
SELECT max(greatest(joined_at, left_at)) FROM roster_pupil WHERE school_year = :school_year AND school_code = ANY(:schools)
"""
_GIVEN = """
WITH g AS (SELECT * FROM unnest(CAST(:schools AS text[]), CAST(:pupils AS text[]), CAST(:indexes AS bytea[]),
                                CAST(:sealed AS bytea[]), CAST(:seen AS bytea[]))
             AS t(school_code, pupil_code, number_index, number_sealed, seen_index))
"""
_END = f"""{_GIVEN}
UPDATE roster_pupil r SET left_at = :at FROM g
 WHERE r.school_year = :school_year AND r.school_code = g.school_code AND r.pupil_code = g.pupil_code AND r.left_at IS NULL
   AND r.number_index IS NOT DISTINCT FROM g.seen_index
RETURNING r.school_code, r.grade
"""  # noqa: S608 - only constants of this file are put together
_IMPORT = """
INSERT INTO roster_import (import_id, school_code, school_year, grade, source, caller_id, received_at, joined, left_, changed)
VALUES (:import_id, :school_code, :school_year, :grade, :source, :caller_id, :at, 0, 0, :changed)
"""
_BEGIN = f"""{_GIVEN}, i AS (SELECT * FROM unnest(CAST(:import_schools AS text[]), CAST(:import_grades AS smallint[]),
                                                  CAST(:import_ids AS uuid[])) AS t(school_code, grade, import_id))
INSERT INTO roster_pupil (school_year, school_code, pupil_code, joined_at, grade, class_name, pupil_name, sex, birth_date,
                          number_index, number_sealed, import_id)
SELECT o.school_year, o.school_code, o.pupil_code, :at, o.grade, o.class_name, o.pupil_name, o.sex, o.birth_date,
       g.number_index, g.number_sealed, i.import_id
  FROM roster_pupil o JOIN g USING (school_code, pupil_code) JOIN i USING (school_code, grade)
 WHERE o.school_year = :school_year AND o.left_at = :at
"""  # noqa: S608
#: A list of the school took it away (another child under the code, it seemed), and now it comes back: it rests on this file.
_AGAIN = f"""{_GIVEN}
UPDATE number_applied a SET undone_at = :at, undone_by = :caller_id, undone_reason = 'given again' FROM g
 WHERE a.school_year = :school_year AND a.school_code = g.school_code AND a.pupil_code = g.pupil_code
   AND a.number_index = g.number_index AND a.undone_at IS NULL
"""  # noqa: S608
_NOTE = f"""{_GIVEN}, k AS (SELECT * FROM unnest(CAST(:schools AS text[]), CAST(:pupils AS text[]), CAST(:applied_ids AS uuid[]),
                                                 CAST(:case_ids AS uuid[])) AS t(school_code, pupil_code, applied_id, case_id))
INSERT INTO number_applied (applied_id, return_id, case_id, school_year, school_code, pupil_code, number_index, before_index,
                            before_sealed, caller_id, applied_at)
SELECT k.applied_id, :return_id, k.case_id, o.school_year, o.school_code, o.pupil_code, g.number_index, o.number_index,
       o.number_sealed, :caller_id, :at
  FROM roster_pupil o JOIN g USING (school_code, pupil_code) JOIN k USING (school_code, pupil_code)
 WHERE o.school_year = :school_year AND o.left_at = :at
"""  # noqa: S608
#: What is held for these pupils is due again.
_DUE = f"""{_GIVEN}
UPDATE waiting w SET generation = -1 FROM submission s, g
 WHERE s.submission_id = w.submission_id AND w.school_year = :school_year AND w.school_code = g.school_code
   AND s.pupil_code = g.pupil_code
"""  # noqa: S608

#: A number that came back from the police, or that a list brought after the document was there: before it, the school could have
#: written it into the document, and has to say itself whose it is. A list is no word on whose it is while another pupil is listed with it.
_SUPPLIED = """
SELECT r.number_index, r.number_sealed, r.sex, r.birth_date FROM roster_pupil r
 WHERE r.left_at IS NULL AND r.number_index IS NOT NULL AND r.school_year = $1 AND r.school_code = $2 AND r.pupil_code = $3
   AND (EXISTS (SELECT FROM number_applied a
                 WHERE (a.school_year, a.school_code, a.pupil_code, a.number_index)
                     = (r.school_year, r.school_code, r.pupil_code, r.number_index) AND a.undone_at IS NULL)
     OR NOT EXISTS (SELECT FROM roster_pupil o
                     WHERE (o.school_year, o.school_code, o.pupil_code, o.number_index)
                         = (r.school_year, r.school_code, r.pupil_code, r.number_index) AND o.joined_at <= $4)
    AND NOT EXISTS (SELECT FROM roster_pupil x
                     WHERE x.number_index = r.number_index AND x.left_at IS NULL AND x.pupil_code <> r.pupil_code))
"""


@dataclass(frozen=True, slots=True)
class Given:
    """A number for a pupil on one roster, in the place of the one that was seen there; `case_id`: a person decided it."""

    school_code: str
    pupil_code: str
    seen: bytes | None = field(repr=False)
    index: bytes = field(repr=False)
    sealed: bytes = field(repr=False)
    applied_id: UUID
    case_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Act:
    """Who does it, when, on which year's rosters, for which returned file; `source` is what the rosters keep of it."""

    school_year: str
    return_id: UUID
    caller_id: str | None
    at: datetime
    source: str


@dataclass(frozen=True, slots=True)
class Supplied:
    """A number that a pupil has got, and whom the roster says that it belongs to."""

    index: bytes = field(repr=False)
    sealed: bytes = field(repr=False)
    sex: Sex | None
    birth: BirthDate | None = field(repr=False)


async def lacking(
    tx: Reading,
    schools: Collection[str],
    school_year: str,
    after: tuple[str, str],
    most: int,
    grades: Collection[int] | None = None,
) -> list[Lacking]:
    """Pupils without a number or with a refused one behind (school code, pupil code) in that order, at most so many; of all
    grades or of some."""
    statement = text(_LACKING).bindparams(
        bindparam("schools", sorted(schools), type_=ARRAY(Text)),
        bindparam("slugs", list(_REFUSED_FOR), type_=ARRAY(Text)),
        bindparam("school_year", school_year, type_=Text),
        bindparam("grades", None if grades is None else sorted(grades), type_=ARRAY(SmallInteger)),
    )
    arguments = {"after_school": after[0], "after_pupil": after[1], "most": most}
    return [_lacking(row) for row in await tx.execute(statement, arguments)]


def _lacking(row: Any) -> Lacking:
    return Lacking(
        row.school_code, row.pupil_code, row.grade, row.class_name, row.pupil_name, Sex(row.sex) if row.sex else None,
        BirthDate.parse(row.birth_date) if row.birth_date else None, Why.ABSENT if row.codes is None else Why.REFUSED,
        tuple(row.codes or ()), row.number_index,
    )  # fmt: skip


#: key of a number, or code of a pupil -> the other.
Owners = Mapping[bytes, frozenset[str]]
Known = Mapping[str, frozenset[bytes]]


async def holders(tx: Reading, schools: Collection[str], school_year: str, indexes: Collection[bytes]) -> list[Lacking]:
    """Who has these numbers on these schools' rosters, to be compared with a file that comes once more."""
    statement = text(_HOLDERS).bindparams(
        bindparam("schools", sorted(schools), type_=ARRAY(Text)),
        bindparam("indexes", list(indexes), type_=ARRAY(LargeBinary)),
        bindparam("school_year", school_year, type_=Text),
    )
    return [_lacking(row) for row in await tx.execute(statement)]


async def alone(tx: Writing) -> None:
    """Make others who put numbers on rosters wait until this transaction ends."""
    await tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ALONE})


async def owners(tx: Reading, indexes: Collection[bytes]) -> Owners:
    """number index -> codes of the pupils who have it."""
    statement = text(_OWNERS).bindparams(bindparam("indexes", list(indexes), type_=ARRAY(LargeBinary)))
    found: dict[bytes, set[str]] = {}
    for row in await tx.execute(statement):
        found.setdefault(row.number_index, set()).add(row.pupil_code)
    return {index: frozenset(codes) for index, codes in found.items()}


async def on_record(tx: Reading, pupils: Collection[str]) -> Known:
    """pupil code -> the numbers under which signed documents know the pupil."""
    statement = text(_ON_RECORD).bindparams(bindparam("pupils", list(pupils), type_=ARRAY(Text)))
    found: dict[str, set[bytes]] = {}
    for row in await tx.execute(statement):
        found.setdefault(row.pupil_code, set()).add(row.number_index)
    return {code: frozenset(indexes) for code, indexes in found.items()}


async def give(tx: Writing, act: Act, given: Sequence[Given]) -> None:
    """Put numbers on rosters, note each with what stood there before, and let what is held for these pupils be judged again.

    `alone` comes first. Raises Refusal(service-busy) when a list has just changed what was seen on one of them.
    """
    arrays = _arrays(given)
    at = await _moved(tx, act, arrays)
    noted = {
        "applied_ids": [each.applied_id for each in given],
        "case_ids": [each.case_id for each in given],
        "return_id": act.return_id,
        "caller_id": act.caller_id,
    }
    again = {"at": at, "school_year": act.school_year, "caller_id": act.caller_id}
    await tx.execute(_typed(_AGAIN), {**arrays, **again})
    await tx.execute(_typed(_NOTE), {**arrays, **noted, "at": at, "school_year": act.school_year})
    await tx.execute(_typed(_DUE), {**arrays, "school_year": act.school_year})


async def take_back(tx: Writing, act: Act, given: Sequence[Given]) -> None:
    """Put back what stood on the rosters before; `given` says what that is (empty: no number). Raises as `give` does."""
    if given:
        await _moved(tx, act, _arrays(given))


async def _moved(tx: Writing, act: Act, arrays: dict[str, Any]) -> datetime:
    """End these stays and begin the next ones; each roster remembers it as a change. The moment of the change."""
    where = {"school_year": act.school_year, "schools": arrays["schools"]}
    await tx.execute(text(_LOCK), where)
    newest = (await tx.execute(text(_NEWEST).bindparams(bindparam("schools", type_=ARRAY(Text))), where)).scalar_one()
    at = act.at if newest is None else max(act.at, newest + _TICK)
    ended = (await tx.execute(_typed(_END), {**arrays, "at": at, "school_year": act.school_year})).all()
    if len(ended) != len(set(zip(arrays["schools"], arrays["pupils"], strict=True))):
        raise Refusal(codes.SERVICE_BUSY, retry_after=1)
    rows = [
        {"import_id": ids.uuid7(at, secrets.token_bytes(10)), "school_code": school, "grade": grade,
         "school_year": act.school_year, "source": act.source, "caller_id": act.caller_id, "at": at, "changed": count}
        for (school, grade), count in Counter((row.school_code, row.grade) for row in ended).items()
    ]  # fmt: skip
    await tx.execute(text(_IMPORT), rows)
    imports = {
        "import_schools": [row["school_code"] for row in rows],
        "import_grades": [row["grade"] for row in rows],
        "import_ids": [row["import_id"] for row in rows],
    }
    await tx.execute(_typed(_BEGIN), {**arrays, **imports, "at": at, "school_year": act.school_year})
    return at


def _arrays(given: Sequence[Given]) -> dict[str, Any]:
    return {
        "schools": [each.school_code for each in given],
        "pupils": [each.pupil_code for each in given],
        "indexes": [each.index or None for each in given],
        "sealed": [each.sealed or None for each in given],
        "seen": [each.seen for each in given],
    }


def _typed(statement: str) -> TextClause:
    """The statement with the type of its moment, which the driver can't always guess."""
    made = text(statement)
    return made.bindparams(bindparam("at", type_=DateTime(timezone=True))) if ":at" in statement else made


async def supplied(
    tx: Hot, school_year: str, school_code: str, pupil_code: str, received_at: datetime
) -> Supplied | None:
    """The number that a pupil has got: from the police, or by a list that came after a document received at that moment."""
    row = await tx.fetchrow(_SUPPLIED, school_year, school_code, pupil_code, received_at)
    if row is None:
        return None
    sex, birth = row["sex"], row["birth_date"]
    return Supplied(
        row["number_index"], row["number_sealed"], Sex(sex) if sex else None, BirthDate.parse(birth) if birth else None
    )


async def rely_on(
    tx: Hot, school_year: str, school_code: str, pupil_code: str, received_at: datetime, index: bytes
) -> None:
    """In the transaction that accepts a document on a number that its pupil has got: nobody takes it back meanwhile.

    Raises one of `records.LOST_RACE` when somebody has.
    """
    await tx.execute("SELECT pg_advisory_xact_lock_shared($1)", _ALONE)
    found = await supplied(tx, school_year, school_code, pupil_code, received_at)
    if found is None or found.index != index:
        raise asyncpg.SerializationError("the number was taken back")
