"""Expected against held, asked of the database: one set-based statement per question, whatever the number of pupils.

Both statements are made of the same parts, so that a list always has as many rows as the table counted. Which standing falls
into which bucket is not said here (`registry.core.completeness`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import DateTime, SmallInteger, Text, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.elements import TextClause

from registry.core import completeness
from registry.core.completeness import Bucket, Row, Standing
from registry.storage.database import Reading

# An attempt of somebody who does not speak for the school says nothing about its pupils: else anybody could move another's
# pupils to "refused". The newest verdict of an attempt counts, and the newest attempt that counts at all.
_ATTEMPT = """
  SELECT s.received_at, v.outcome, v.findings
    FROM submission s JOIN LATERAL (
      SELECT outcome, findings FROM verdict
       WHERE submission_id = s.submission_id AND judged_at <= :as_of ORDER BY judged_at DESC LIMIT 1
    ) v ON NOT v.findings @> '[{"code":"scope-school"}]'::jsonb
   WHERE s.school_year = :school_year AND s.school_code = e.school_code AND s.pupil_code = e.pupil_code
     AND s.received_at <= :as_of
"""
_NEWEST_FIRST = "ORDER BY s.received_at DESC, s.submission_id DESC LIMIT 1"

# The version of record k that counted at the time, if any: the newest one, unless it or a later one had been withdrawn.
_IN_FORCE = """(
  SELECT v.awaits_summer FROM record_version v
   WHERE v.school_year = k.school_year AND v.pupil_id = k.pupil_id AND v.level = k.level AND v.accepted_at <= :as_of
     AND (k.withdrawn_version = 0 OR NOT EXISTS (
       SELECT FROM withdrawal w WHERE w.school_year = k.school_year AND w.pupil_id = k.pupil_id AND w.level = k.level
          AND w.accepted_at <= :as_of AND w.version >= v.version))
   ORDER BY v.version DESC LIMIT 1)"""

_EXPECTED = f"""
  SELECT r.school_code, r.pupil_code, r.pupil_name, r.class_name, r.grade, r.number_index IS NULL AS without_number,
         f.awaits_summer IS NOT NULL AS on_record, coalesce(f.awaits_summer, false) AS awaits_summer
    FROM roster_pupil r LEFT JOIN LATERAL (
      SELECT bool_or({_IN_FORCE}) AS awaits_summer FROM record k
       WHERE k.school_year = :school_year AND k.school_code = ANY(:schools)
         AND k.school_code = r.school_code AND k.pupil_code = r.pupil_code AND k.created_at <= :as_of) f ON true
   WHERE r.school_year = :school_year AND r.school_code = ANY(:schools)
     AND r.joined_at <= :as_of AND (r.left_at IS NULL OR r.left_at > :as_of)
"""  # noqa: S608 - only constants of this file are put together

_UNEXPECTED = f"""
    FROM record k
   WHERE k.school_year = :school_year AND k.school_code = ANY(:schools) AND k.created_at <= :as_of
     AND NOT EXISTS (SELECT FROM roster_pupil r
                      WHERE r.school_year = k.school_year AND r.school_code = k.school_code AND r.pupil_code = k.pupil_code
                        AND r.joined_at <= :as_of AND (r.left_at IS NULL OR r.left_at > :as_of))
     AND {_IN_FORCE} IS NOT NULL
"""

_STANDING = "concat(e.on_record::int, e.without_number::int, e.awaits_summer::int, a.outcome)"
_CODES = "ARRAY(SELECT f->>'code' FROM jsonb_array_elements(a.findings) WITH ORDINALITY AS t(f, n) ORDER BY n)"
_AFTER = "(school_code, pupil_code) > (:after_school, :after_pupil)"
_PAGE = "ORDER BY school_code, pupil_code LIMIT :most"

# Attempts are looked up only where they matter (`bucket_of`): at the end of June nearly everybody is on record.
_COUNT = f"""
WITH e AS MATERIALIZED ({_EXPECTED})
SELECT e.school_code, {_STANDING} AS standing, count(*) AS pupils
  FROM e LEFT JOIN LATERAL ({_ATTEMPT} AND NOT e.on_record AND NOT e.without_number {_NEWEST_FIRST}) a ON true
 GROUP BY 1, 2
UNION ALL
SELECT k.school_code, NULL, count(DISTINCT k.pupil_code) {_UNEXPECTED} GROUP BY 1
"""  # noqa: S608 - only constants of this file are put together

# The same pupils by class instead of school; who is on no roster has no class.
_COUNT_CLASSES = f"""
WITH e AS MATERIALIZED ({_EXPECTED})
SELECT e.grade, e.class_name, {_STANDING} AS standing, count(*) AS pupils
  FROM e LEFT JOIN LATERAL ({_ATTEMPT} AND NOT e.on_record AND NOT e.without_number {_NEWEST_FIRST}) a ON true
 GROUP BY 1, 2, 3
"""  # noqa: S608

_LIST = f"""
SELECT e.school_code, e.pupil_code, e.pupil_name, e.class_name, e.grade, a.received_at, {_CODES} AS codes
  FROM ({_EXPECTED} AND {_AFTER} ORDER BY school_code, pupil_code OFFSET 0) e
  LEFT JOIN LATERAL ({_ATTEMPT} {_NEWEST_FIRST}) a ON true
 WHERE {_STANDING} = ANY(:standings) {_PAGE}
"""  # noqa: S608

_LIST_UNEXPECTED = f"""
SELECT e.school_code, e.pupil_code, NULL AS pupil_name, NULL AS class_name, e.grade, a.received_at, {_CODES} AS codes
  FROM (SELECT DISTINCT ON (school_code, pupil_code) k.school_code, k.pupil_code, k.grade {_UNEXPECTED}
          AND {_AFTER} ORDER BY school_code, pupil_code, k.level LIMIT :most) e
  LEFT JOIN LATERAL ({_ATTEMPT} {_NEWEST_FIRST}) a ON true
 {_PAGE}
"""  # noqa: S608


_EACH = f"""
SELECT e.school_code, e.pupil_code, e.grade, {_STANDING} AS standing
  FROM ({_EXPECTED} AND r.grade = ANY(:grades) OFFSET 0) e
  LEFT JOIN LATERAL ({_ATTEMPT} AND NOT e.on_record AND NOT e.without_number {_NEWEST_FIRST}) a ON true
UNION ALL
SELECT DISTINCT ON (school_code, pupil_code) k.school_code, k.pupil_code, k.grade, NULL {_UNEXPECTED}
   AND k.grade = ANY(:grades)
"""  # noqa: S608


_COUNT_GRADES = f"SELECT school_code, standing, count(*) AS pupils FROM ({_EACH}) x GROUP BY 1, 2"  # noqa: S608


@dataclass(frozen=True, slots=True)
class Question:
    """Which schools, which school year, as of when."""

    schools: Sequence[str]
    school_year: str
    as_of: datetime


async def count(tx: Reading, question: Question) -> dict[str, completeness.Counts]:
    """Pupils by bucket for each school that has any."""
    rows = await tx.execute(_with_types(_COUNT), _arguments(question))
    return completeness.tally((row.school_code, _STANDINGS.get(row.standing), row.pupils) for row in rows)


async def count_grades(tx: Reading, question: Question, grades: Sequence[int]) -> list[tuple[str, Bucket, int]]:
    """Pupils of these grades as (school, bucket, number)."""
    statement = _with_types(_COUNT_GRADES).bindparams(bindparam("grades", list(grades), type_=ARRAY(SmallInteger)))
    found: dict[tuple[str, Bucket], int] = {}
    for row in await tx.execute(statement, _arguments(question)):
        standing = None if row.standing is None else _STANDINGS[row.standing]
        bucket = Bucket.UNEXPECTED if standing is None else completeness.bucket_of(standing)
        found[row.school_code, bucket] = found.get((row.school_code, bucket), 0) + row.pupils
    return [(school, bucket, number) for (school, bucket), number in found.items()]


async def each(tx: Reading, question: Question, grades: Sequence[int]) -> list[tuple[str, str, int, Bucket]]:
    """Every pupil of these grades as (school, pupil code, grade, bucket), by school and pupil code. For a few schools at a time."""
    statement = _with_types(_EACH).bindparams(bindparam("grades", list(grades), type_=ARRAY(SmallInteger)))
    found = []
    for row in await tx.execute(statement, _arguments(question)):
        standing = None if row.standing is None else _STANDINGS[row.standing]
        bucket = Bucket.UNEXPECTED if standing is None else completeness.bucket_of(standing)
        found.append((row.school_code, row.pupil_code, row.grade, bucket))
    return sorted(found)


async def count_classes(tx: Reading, question: Question) -> dict[tuple[int, str], completeness.Counts]:
    """Pupils by bucket for each (grade, class) of the rosters."""
    found: dict[tuple[int, str], list[completeness.Counts]] = {}
    for row in await tx.execute(_with_types(_COUNT_CLASSES), _arguments(question)):
        bucket = completeness.bucket_of(_STANDINGS[row.standing])
        found.setdefault((row.grade, row.class_name), []).append(completeness.Counts({bucket: row.pupils}))
    return {place: completeness.add_up(counts) for place, counts in found.items()}


async def pupils(tx: Reading, question: Question, bucket: Bucket, after: tuple[str, str], most: int) -> list[Row]:
    """The pupils of a bucket behind (school code, pupil code) in that order, at most so many."""
    arguments = _arguments(question) | {"after_school": after[0], "after_pupil": after[1], "most": most}
    if bucket is Bucket.UNEXPECTED:
        statement = _with_types(_LIST_UNEXPECTED)
    else:
        wanted = [_key(standing) for standing in completeness.standings_of(bucket)]
        statement = _with_types(_LIST).bindparams(bindparam("standings", type_=ARRAY(Text)))
        arguments |= {"standings": wanted}
    return [
        Row(
            row.school_code,
            row.pupil_code,
            row.pupil_name,
            row.class_name,
            row.grade,
            tuple(dict.fromkeys(row.codes)),
            row.received_at,
        )
        for row in await tx.execute(statement, arguments)
    ]


def _with_types(statement: str) -> TextClause:
    """The statement with the types of its parameters, which the driver can't always guess."""
    return text(statement).bindparams(
        bindparam("schools", type_=ARRAY(Text)),
        bindparam("school_year", type_=Text),
        bindparam("as_of", type_=DateTime(timezone=True)),
    )


def _arguments(question: Question) -> dict[str, Any]:
    return {"schools": sorted(question.schools), "school_year": question.school_year, "as_of": question.as_of}


def _key(standing: Standing) -> str:
    """A standing as `_STANDING` writes it."""
    last = standing.last.value if standing.last else ""
    return f"{standing.on_record:d}{standing.without_number:d}{standing.awaits_summer:d}{last}"


_STANDINGS = {_key(standing): standing for standing in completeness.standings()}
