"""Expected against held, asked of the rows themselves: where each pupil of a school stood at a moment, and who they are.

One fragment (`standing_at`) says where one pupil stands at one moment. Lists, snapshots, the counts of classes and everything
in `registry.storage.standing`, which keeps the counts of a whole city ready, are made of it: so a list has as many rows as the
table counted. Which standing falls into which bucket is not said here (`registry.core.completeness`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import DateTime, SmallInteger, Text, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.elements import TextClause
from sqlalchemy.types import TypeEngine

from registry.core import completeness
from registry.core.completeness import Bucket, Counts, Row
from registry.storage.database import Reading

#: A pupil with several codes (merged, or decided to be one) is one: under that of its codes which was first on the school's roster,
#: or the least of those sent for it, q has all codes, under the others none. Today's merges count for every moment.
OWN_CODES = """(
  SELECT CASE WHEN m.pupil_id IS NULL THEN ARRAY[q.pupil_code]
              WHEN q.pupil_code = (
                SELECT g.pupil_code FROM same_pupil g LEFT JOIN LATERAL (
                  SELECT min(joined_at) AS at FROM roster_pupil
                   WHERE school_year = q.school_year AND school_code = q.school_code AND pupil_code = g.pupil_code) f ON true
                 WHERE g.pupil_id = m.pupil_id AND (f.at IS NOT NULL OR EXISTS (SELECT FROM submission
                   WHERE school_year = q.school_year AND school_code = q.school_code AND pupil_code = g.pupil_code))
                 ORDER BY f.at, g.pupil_code LIMIT 1)
              THEN ARRAY(SELECT g.pupil_code FROM same_pupil g WHERE g.pupil_id = m.pupil_id)
              ELSE '{}' END AS codes
    FROM (SELECT) one LEFT JOIN same_pupil m ON m.pupil_code = q.pupil_code)"""

#: In the fragments @at stands for a moment, q for a row (school_year, school_code, pupil_code), own for its codes.
_ON_ROSTER = """
  SELECT r.grade, r.class_name, r.pupil_name, r.number_index IS NULL AS without_number FROM roster_pupil r
   WHERE r.school_year = q.school_year AND r.school_code = q.school_code AND r.pupil_code = ANY(own.codes)
     AND r.joined_at <= @at AND (r.left_at IS NULL OR r.left_at > @at)
   ORDER BY r.joined_at DESC, r.pupil_code LIMIT 1
"""

# The versions of this school that counted then: the newest of their record, whichever school that one is of, unless it or a
# later one had been withdrawn. Which school and pupil code a version is for says its document: a record may change schools.
_IN_FORCE = """
  SELECT bool_or(v.awaits_summer) AS awaits_summer, min(s.grade) AS grade
    FROM submission s JOIN record_version v ON v.fingerprint = s.fingerprint AND v.school_year = s.school_year
   WHERE s.school_year = q.school_year AND s.school_code = q.school_code AND s.pupil_code = ANY(own.codes)
     AND v.accepted_at <= @at
     AND NOT EXISTS (SELECT FROM record_version n
                      WHERE n.school_year = v.school_year AND n.pupil_id = v.pupil_id AND n.level = v.level
                        AND n.version > v.version AND n.accepted_at <= @at)
     AND NOT EXISTS (SELECT FROM withdrawal w
                      WHERE w.school_year = v.school_year AND w.pupil_id = v.pupil_id AND w.level = v.level
                        AND w.version >= v.version AND w.accepted_at <= @at)
"""

_MOVED = """
  SELECT l.grade, l.class_name, l.pupil_name FROM roster_pupil l
   WHERE l.school_year = q.school_year AND l.school_code = q.school_code AND l.pupil_code = ANY(own.codes)
     AND l.left_at <= @at AND r.grade IS NULL
     AND EXISTS (SELECT FROM roster_pupil o
                  WHERE o.school_year = q.school_year AND o.pupil_code = ANY(own.codes) AND o.school_code <> q.school_code
                    AND o.joined_at <= @at AND (o.left_at IS NULL OR o.left_at > @at))
   ORDER BY l.left_at DESC LIMIT 1
"""

# An attempt of somebody who does not speak for the school says nothing about its pupils: else anybody could move another's
# pupils to "refused". The newest verdict of an attempt counts, and the newest attempt that counts at all.
_ATTEMPT = """
  SELECT s.received_at, d.outcome, d.findings
    FROM submission s JOIN LATERAL (
      SELECT outcome, findings FROM verdict
       WHERE submission_id = s.submission_id AND judged_at <= @at ORDER BY judged_at DESC LIMIT 1
    ) d ON NOT d.findings @> '[{"code":"scope-school"}]'::jsonb
   WHERE s.school_year = q.school_year AND s.school_code = q.school_code AND s.pupil_code = ANY(own.codes)
     AND s.received_at <= @at @decides
   ORDER BY s.received_at DESC, s.submission_id DESC LIMIT 1
"""

# Attempts decide about those alone who are expected, have a number, and are not on record (`bucket_of`).
_STANDING = f"""
  SELECT coalesce(r.grade, m.grade, v.grade)::smallint AS grade, coalesce(r.class_name, m.class_name) AS class_name,
         coalesce(r.pupil_name, m.pupil_name) AS pupil_name,
         concat((r.grade IS NOT NULL)::int, (m.grade IS NOT NULL)::int, (v.awaits_summer IS NOT NULL)::int,
                coalesce(r.without_number, false)::int, coalesce(v.awaits_summer, false)::int, a.outcome) AS key
    FROM {OWN_CODES} own
    LEFT JOIN LATERAL ({_ON_ROSTER}) r ON true
    LEFT JOIN LATERAL ({_IN_FORCE}) v ON true
    LEFT JOIN LATERAL ({_MOVED}) m ON true
    LEFT JOIN LATERAL ({_ATTEMPT.replace("@decides", "AND NOT r.without_number AND v.awaits_summer IS NULL")}) a ON true
"""  # noqa: S608 - only constants of this folder are put together, here and below


def standing_at(moment: str) -> str:
    """Where q stands at a moment: grade, class_name, pupil_name and key, for a lateral join."""
    return _STANDING.replace("@at", moment)


def places(year: str, school: str) -> str:
    """Every pupil a school ever had to do with in a year, as rows q: on its rosters, or in what was sent for it."""
    return f"""
  SELECT school_year, school_code, pupil_code FROM roster_pupil WHERE school_year = {year} AND school_code = {school}
  UNION
  SELECT school_year, school_code, pupil_code FROM submission
   WHERE school_year = {year} AND school_code = {school} AND pupil_code IS NOT NULL
"""  # noqa: S608


#: Nothing is known that would put the pupil into a bucket.
NOTHING = "00000"


def _each(among: str) -> str:
    return f"""
SELECT q.school_code, q.pupil_code, x.grade, x.class_name, x.pupil_name, x.key
  FROM ({among}) q CROSS JOIN LATERAL ({standing_at(":as_of")}) x
 WHERE x.key <> '{NOTHING}' AND (:grades IS NULL OR x.grade = ANY(:grades))
"""  # noqa: S608


_ALL = places(":school_year", "ANY(:schools)")
_EACH = _each(_ALL)

_COUNT_CLASSES = f"""
SELECT e.grade, coalesce(e.class_name, '') AS class_name, e.key, count(*) AS pupils FROM ({_EACH}) e GROUP BY 1, 2, 3
"""  # noqa: S608

_CODES = "ARRAY(SELECT f->>'code' FROM jsonb_array_elements(a.findings) WITH ORDINALITY AS t(f, n) ORDER BY n)"
_ACCEPTED = """
SELECT max(v.accepted_at) AS accepted_at,
       bool_or(NOT pg_visible_in_snapshot(v.written_in::text::xid8, CAST(:seen AS pg_snapshot))) AS unseen FROM submission s
  JOIN record_version v ON v.fingerprint = s.fingerprint AND v.school_year = s.school_year
 WHERE s.school_year = q.school_year AND s.school_code = q.school_code AND s.pupil_code = ANY(own.codes)
   AND v.accepted_at <= :as_of
"""


def _list(among: str) -> str:
    return f"""
SELECT q.*, a.received_at, {_CODES} AS codes, c.accepted_at, coalesce(c.unseen, false) AS unseen
  FROM (SELECT :school_year AS school_year, * FROM ({_each(among)} AND q.school_code >= :after_school) e
         WHERE (school_code, pupil_code) > (:after_school, :after_pupil) AND key = ANY(:keys)
         ORDER BY school_code, pupil_code LIMIT :most) q
 CROSS JOIN LATERAL {OWN_CODES} own CROSS JOIN LATERAL ({_ACCEPTED}) c
  LEFT JOIN LATERAL ({_ATTEMPT.replace("@decides", "").replace("@at", ":as_of")}) a ON true
 ORDER BY q.school_code, q.pupil_code
"""  # noqa: S608


_NAMED = re.compile(r"(?<!:):([a-z_]+)")
_MOMENT = DateTime(timezone=True)
_TYPES: dict[str, TypeEngine[Any]] = {
    "schools": ARRAY(Text),
    "school_year": Text(),
    "as_of": _MOMENT,
    "day": _MOMENT,
    "since": _MOMENT,
    "grades": ARRAY(SmallInteger),
    "keys": ARRAY(Text),
    "seen": Text(),
}


@dataclass(frozen=True, slots=True)
class Question:
    """Which schools, which school year, as of when; `grades` None: all."""

    schools: Sequence[str]
    school_year: str
    as_of: datetime
    grades: Sequence[int] | None = None


async def each(tx: Reading, question: Question) -> list[tuple[str, str, int, Bucket]]:
    """Every pupil in a bucket as (school, pupil code, grade, bucket), by school and pupil code. For a few schools at a time."""
    rows = await tx.execute(asked(_EACH, question))
    found = ((row.school_code, row.pupil_code, row.grade, completeness.BUCKETS[row.key]) for row in rows)
    return sorted((school, pupil, grade, bucket) for school, pupil, grade, bucket in found if bucket is not None)


async def count_classes(tx: Reading, question: Question) -> dict[tuple[int, str], Counts]:
    """Pupils by bucket for each (grade, class) of some schools; who never was on a roster has the class ""."""
    rows = await tx.execute(asked(_COUNT_CLASSES, question))
    return completeness.tally(((row.grade, row.class_name), row.key, row.pupils) for row in rows)


async def pupils(
    tx: Reading,
    question: Question,
    bucket: Bucket,
    after: tuple[str, str],
    most: int,
    seen: str | None = None,
    among: str = _ALL,
) -> list[Row]:
    """The pupils of a bucket behind (school code, pupil code) in that order, at most so many. For a few schools at a time.

    `seen`: what the snapshot of a freeze saw, for `Row.unseen`. `among`: a statement that gives all who may be in the bucket (it may use :keys); without, everybody is looked at.
    """
    keys = list(completeness.keys_of(bucket))
    more = {"after_school": after[0], "after_pupil": after[1], "most": most, "keys": keys, "seen": seen}
    return [
        Row(
            row.school_code,
            row.pupil_code,
            row.pupil_name,
            row.class_name,
            row.grade,
            tuple(dict.fromkeys(row.codes)),
            row.received_at,
            row.accepted_at,
            row.unseen,
        )
        for row in await tx.execute(asked(_list(among), question, **more))
    ]


def asked(statement: str, question: Question, **more: object) -> TextClause:
    """The statement with those parameters it names, and their types, which the driver can't always guess."""
    values = {
        "schools": sorted(question.schools),
        "school_year": question.school_year,
        "as_of": question.as_of,
        "grades": None if question.grades is None else list(question.grades),
        **more,
    }
    named = set(_NAMED.findall(statement))
    return text(statement).bindparams(
        *(bindparam(name, value, type_=_TYPES.get(name)) for name, value in values.items() if name in named)
    )
