"""The counts of completeness, kept ready: a pupil's history as stretches, what each day changed, and how many stand where now.

Triggers mark a pupil in the transaction that changes something (`standing_mark`; an empty pupil code: a whole school). `settle`
takes marks, asks `registry.storage.completeness` where those pupils stood at each moment of theirs, and writes the difference.
A question counts what is kept and, for pupils that are still marked, what the rows themselves say: no answer is old.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from typing import Any

from sqlalchemy import TextClause, text

from registry.core import completeness
from registry.core.completeness import AT, BUCKETS, Bucket, Counts, Row
from registry.storage import completeness as from_rows
from registry.storage.completeness import NOTHING, OWN_CODES, Question, asked, places, standing_at
from registry.storage.database import Hot, Reading, Writing, planned_for

#: The lock of who settles; any number that nothing else in the database uses.
_SETTLER = 0x68_6F_63_62_62
#: Marked pupils of one turn, and whole schools; how long a turn may take.
PUPILS, SCHOOLS, _LONG = 1_000, 2, 300.0
#: So many marked pupils are counted from the rows within a question; a whole school counts as so many.
MOST_FOLDED, _OF_SCHOOL = 2_000, 600
#: Viet Nam has kept UTC+7 without summer time since 1975: days are the city's.
CITY = timezone(timedelta(hours=7))
_DAY = "(({0}) AT TIME ZONE INTERVAL '7 hours')::date"

#: Every moment at which q may have begun to stand elsewhere.
_MOMENTS = f"""
  SELECT unnest(ARRAY[joined_at, left_at]) AS at FROM {OWN_CODES} own JOIN roster_pupil
    ON school_year = q.school_year AND pupil_code = ANY(own.codes)
  UNION
  SELECT unnest(ARRAY[greatest(s.received_at, d.judged_at), n.accepted_at, w.accepted_at])
    FROM {OWN_CODES} own JOIN submission s
      ON s.school_year = q.school_year AND s.school_code = q.school_code AND s.pupil_code = ANY(own.codes)
    LEFT JOIN verdict d USING (submission_id)
    LEFT JOIN record_version v ON v.fingerprint = s.fingerprint AND v.school_year = s.school_year
    LEFT JOIN record_version n ON n.school_year = v.school_year AND n.pupil_id = v.pupil_id AND n.level = v.level
    LEFT JOIN withdrawal w ON w.school_year = v.school_year AND w.pupil_id = v.pupil_id AND w.level = v.level
"""  # noqa: S608 - only constants of this folder are put together, here and below

#: The history of each q as stretches: from `since` until `until` nothing changes.
_STRETCHES = f"""
  SELECT school_year, school_code, pupil_code, since, until, grade, class_name, key FROM (
    SELECT c.*, coalesce(lead(since) OVER w, 'infinity') AS until FROM (
      SELECT q.school_year, q.school_code, q.pupil_code, turn.at AS since, x.grade, coalesce(x.class_name, '') AS class_name, x.key,
             lag((x.grade, coalesce(x.class_name, ''), x.key)::text, 1, '') OVER
               (PARTITION BY q.school_year, q.school_code, q.pupil_code ORDER BY turn.at) AS before
        FROM q CROSS JOIN LATERAL (SELECT DISTINCT at FROM ({_MOMENTS}) t WHERE at IS NOT NULL) turn
        CROSS JOIN LATERAL ({standing_at("turn.at")}) x) c
     WHERE (grade, class_name, key)::text <> before
    WINDOW w AS (PARTITION BY school_year, school_code, pupil_code ORDER BY since)) s
   WHERE key <> '{NOTHING}'
"""  # noqa: S608 - only constants of this folder are put together, here and below

#: What is kept of q. OFFSET 0: by the key, pupil by pupil, whatever the statistics say of a table that has grown since.
_KEPT = """SELECT * FROM standing s
  WHERE s.school_year = q.school_year AND s.school_code = q.school_code AND s.pupil_code = q.pupil_code OFFSET 0"""
_SAME = "school_year, school_code, pupil_code, since, until, grade, class_name, key"
_PUPILS = "SELECT DISTINCT school_year, school_code, pupil_code FROM t"
_SCHOOLS = f"""
  SELECT e.* FROM (SELECT DISTINCT school_year, school_code FROM t) t
   CROSS JOIN LATERAL ({places("t.school_year", "t.school_code")}) e
"""  # noqa: S608

#: The counts are summed before they are added, so that a group is written once; groups go in one order, whoever writes.
_SETTLE = f"""
WITH t AS (DELETE FROM standing_mark WHERE marked IN (
             SELECT marked FROM standing_mark WHERE (pupil_code = '') = $1 ORDER BY marked LIMIT $2) RETURNING *),
     q AS MATERIALIZED (@taken),
     new AS MATERIALIZED ({_STRETCHES}),
     old AS MATERIALIZED (SELECT k.* FROM q CROSS JOIN LATERAL ({_KEPT}) k),
     gone AS (DELETE FROM standing s USING old o
               WHERE s.school_year = o.school_year AND s.school_code = o.school_code AND s.pupil_code = o.pupil_code
                 AND s.since = o.since AND NOT EXISTS (SELECT FROM new n
               WHERE n.school_year = o.school_year AND n.school_code = o.school_code AND n.pupil_code = o.pupil_code
                 AND n.since = o.since)),
     kept AS (INSERT INTO standing ({_SAME})
              SELECT {_SAME} FROM new EXCEPT SELECT {_SAME} FROM old
              ON CONFLICT (school_year, school_code, pupil_code, since) DO UPDATE
                SET until = excluded.until, grade = excluded.grade, class_name = excluded.class_name, key = excluded.key),
     moved AS (SELECT school_year, school_code, grade, key, at, sum(n) AS n FROM (
                 SELECT school_year, school_code, grade, key, since AS at, 1 AS n FROM new
                 UNION ALL SELECT school_year, school_code, grade, key, until, -1 FROM new
                 UNION ALL SELECT school_year, school_code, grade, key, since, -1 FROM old
                 UNION ALL SELECT school_year, school_code, grade, key, until, 1 FROM old) c
                WHERE at < 'infinity' GROUP BY 1, 2, 3, 4, 5 HAVING sum(n) <> 0),
     days AS (INSERT INTO standing_day AS d (school_year, school_code, grade, key, day, pupils)
              SELECT school_year, school_code, grade, key, {_DAY.format("at")}, sum(n) FROM moved GROUP BY 1, 2, 3, 4, 5
              HAVING sum(n) <> 0 ORDER BY 1, 2, 3, 4, 5
              ON CONFLICT (school_year, school_code, grade, key, day) DO UPDATE SET pupils = d.pupils + excluded.pupils),
     counts AS (INSERT INTO standing_count AS c (school_year, school_code, grade, key, pupils)
                SELECT school_year, school_code, grade, key, sum(n) FROM moved GROUP BY 1, 2, 3, 4 HAVING sum(n) <> 0
                ORDER BY 1, 2, 3, 4
                ON CONFLICT (school_year, school_code, grade, key) DO UPDATE SET pupils = c.pupils + excluded.pupils)
SELECT count(*) FROM t
"""  # noqa: S608


#: Everything is found by a key, also when tables were empty as the plan was made, or their statistics are of that time.
_BY_KEY = "SET LOCAL plan_cache_mode = force_custom_plan; SET LOCAL enable_seqscan = off"


async def settle(tx: Hot) -> bool:
    """Take a bounded number of marks and write what they change; False when there were none. In a transaction.

    Whoever comes second waits for the first to commit, and then sees what it wrote.
    """
    await tx.execute("SELECT pg_advisory_xact_lock($1)", _SETTLER)
    await tx.execute(_BY_KEY)
    if await tx.fetchval(_SETTLE.replace("@taken", _PUPILS), False, PUPILS, timeout=_LONG):
        return True
    return bool(await tx.fetchval(_SETTLE.replace("@taken", _SCHOOLS), True, SCHOOLS, timeout=_LONG))


async def waiting(tx: Hot) -> bool:
    """True when marks wait."""
    return bool(await tx.fetchval("SELECT EXISTS (SELECT FROM standing_mark)"))


# --- questions ------------------------------------------------------------------------------------------------------------

_ASKED = "school_year = :school_year AND school_code = ANY(:schools) AND (:grades IS NULL OR grade = ANY(:grades))"
_NOW = f"SELECT school_code, grade, key, pupils FROM standing_count WHERE {_ASKED}"  # noqa: S608
#: Whole days by what they changed, the rest of the last one pupil by pupil.
_PAST = f"""
  SELECT school_code, grade, key, pupils FROM standing_day WHERE {_ASKED} AND day < {_DAY.format(":as_of")}
  UNION ALL SELECT school_code, grade, key, 1 FROM standing WHERE {_ASKED} AND since BETWEEN :day AND :as_of
  UNION ALL
  SELECT school_code, grade, key, -1 FROM standing WHERE {_ASKED} AND until < 'infinity' AND until BETWEEN :day AND :as_of
"""  # noqa: S608

#: Pupils that are marked: away with what is kept of them, and here is what the rows say.
_MARKED = f"""
  SELECT school_year, school_code, pupil_code FROM standing_mark
   WHERE school_year = :school_year AND school_code = ANY(:schools) AND pupil_code <> ''
  UNION
  SELECT e.* FROM (SELECT DISTINCT school_year, school_code FROM standing_mark
                    WHERE school_year = :school_year AND school_code = ANY(:schools) AND pupil_code = '') t
   CROSS JOIN LATERAL ({places("t.school_year", "t.school_code")}) e
"""  # noqa: S608
_FOLD = f"""
  UNION ALL
  SELECT k.school_code, k.grade, @class k.key, -1 FROM q CROSS JOIN LATERAL ({_KEPT}) k
   WHERE @kept AND (:grades IS NULL OR grade = ANY(:grades))
  UNION ALL
  SELECT q.school_code, x.grade, @class x.key, 1 FROM q CROSS JOIN LATERAL ({standing_at(":as_of")}) x
   WHERE x.key <> '{NOTHING}' AND (:grades IS NULL OR x.grade = ANY(:grades))
"""  # noqa: S608
#: The classes of a school need its pupils one by one.
_NOW_BY_CLASS = (
    f"SELECT school_code, grade, class_name, key, 1 AS pupils FROM standing WHERE {_ASKED} AND until = 'infinity'"  # noqa: S608
)
_CLASSES = "SELECT grade, class_name, key, sum(pupils)::bigint AS pupils FROM ({parts}) c GROUP BY 1, 2, 3 HAVING sum(pupils) <> 0"
#: One row for each school, grade or day, with the number of each bucket: a city has fifty thousand numbers.
_SUM = f"""
SELECT {{by}} AS by, {", ".join(f"coalesce(sum(pupils) FILTER (WHERE bucket = {at}), 0)::bigint" for at in AT.values())}
  FROM ({{parts}}) c JOIN (VALUES {", ".join(f"('{key}', {AT[bucket]})" for key, bucket in BUCKETS.items() if bucket)})
       AS b (key, bucket) USING (key) GROUP BY 1
"""  # noqa: S608

_PENDING = """
SELECT count(*) FILTER (WHERE pupil_code <> '') AS pupils, count(*) FILTER (WHERE pupil_code = '') AS schools
  FROM standing_mark WHERE school_year = :school_year AND school_code = ANY(:schools)
"""
_TREND = _SUM.format(by="day", parts=f"SELECT day, key, pupils FROM standing_day WHERE {_ASKED}")  # noqa: S608


#: Who is kept in a bucket, and whoever has changed since.
_MAYBE = f"""
  SELECT school_year, school_code, pupil_code FROM standing
   WHERE school_year = :school_year AND school_code = ANY(:schools) AND until = 'infinity' AND key = ANY(:keys)
  UNION {_MARKED}
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Counted:
    """Counts by school code or grade. `pending`: of about so many pupils the newest changes are not counted yet (0: all are)."""

    groups: Mapping[Any, Counts]
    pending: int


async def count(tx: Reading, question: Question, *, past: bool, by_grade: bool = False) -> Counted:
    """Pupils by bucket for each school (or grade) that has any: `past` as of the question's moment, else as all is known."""
    await planned_for(tx, question.schools)
    pending = await _pending(tx, question)
    folded = 0 < pending <= MOST_FOLDED
    parts, kept = (_PAST, "since <= :as_of AND until > :as_of") if past else (_NOW, "until = 'infinity'")
    by = "grade" if by_grade else "school_code"
    statement = _folded(lambda fold: _SUM.format(by=by, parts=parts + fold), kept if folded else None)
    day = datetime.combine(question.as_of.astimezone(CITY).date(), time(), CITY)
    return Counted(await _sums(tx, asked(statement, question, day=day)), 0 if folded else pending)


async def count_classes(tx: Reading, question: Question, *, past: bool) -> dict[tuple[int, str], Counts]:
    """Pupils by bucket for each (grade, class) of some schools; who never was on a roster has the class ""."""
    await planned_for(tx, question.schools)
    pending = 0 if past else await _pending(tx, question)
    if past or pending > MOST_FOLDED:
        return await from_rows.count_classes(tx, question)
    kept = "until = 'infinity'" if pending else None
    statement = _folded(lambda fold: _CLASSES.format(parts=_NOW_BY_CLASS + fold), kept, "{}.class_name,")
    rows = await tx.execute(asked(statement, question))
    return completeness.tally(((row.grade, row.class_name), row.key, row.pupils) for row in rows)


async def pupils(
    tx: Reading, question: Question, bucket: Bucket, after: tuple[str, str], most: int, seen: str | None = None
) -> list[Row]:
    """As `completeness.pupils`, now, when all that has changed is counted (`Counted.pending` is 0): nobody else is looked at."""
    return await from_rows.pupils(tx, question, bucket, after, most, seen, _MAYBE)


def _folded(statement: Callable[[str], str], kept: str | None, class_name: str = "") -> str:
    """The statement, with marked pupils counted from the rows where `kept` says which of their stretches it has counted."""
    if kept is None:
        return statement("")
    before, behind = class_name.format("k"), class_name and f"coalesce({class_name.format('x').rstrip(',')}, ''),"
    fold = _FOLD.replace("@kept", kept).replace("@class", before, 1).replace("@class", behind, 1)
    return f"WITH q AS MATERIALIZED ({_MARKED}) {statement(fold)}"


async def trend(tx: Reading, question: Question) -> tuple[dict[date, Counts], int]:
    """What each day changed in the number of pupils by bucket, oldest first; and how many pupils wait to be counted."""
    await planned_for(tx, question.schools)
    days: dict[date, Counts] = await _sums(tx, asked(_TREND, question))
    return dict(sorted(days.items())), await _pending(tx, question)


async def _sums(tx: Reading, statement: TextClause) -> dict[Any, Counts]:
    """The groups that have anybody, from the rows of `_SUM`."""
    rows = (await tx.execute(statement)).all()  # taken apart at once: a whole city has thousands
    return {by: Counts(tuple(pupils)) for by, *pupils in rows if any(pupils)}


async def _pending(tx: Reading, question: Question) -> int:
    row = (await tx.execute(asked(_PENDING, question))).one()
    return int(row.pupils + row.schools * _OF_SCHOOL)


# --- the proof ------------------------------------------------------------------------------------------------------------

#: What is kept of these schools and what the rows say, pupil by pupil, marked ones left out; and what the sums say.
_CHECK = f"""
WITH q AS MATERIALIZED (
       SELECT e.* FROM unnest(:schools) AS t(school) CROSS JOIN LATERAL ({places(":school_year", "t.school")}) e
        WHERE NOT EXISTS (SELECT FROM standing_mark k WHERE k.school_year = e.school_year AND k.school_code = e.school_code
                             AND k.pupil_code IN ('', e.pupil_code))),
     new AS MATERIALIZED ({_STRETCHES}),
     old AS MATERIALIZED (SELECT {_SAME} FROM standing s WHERE school_year = :school_year AND school_code = ANY(:schools)
              AND NOT EXISTS (SELECT FROM standing_mark k WHERE k.school_year = s.school_year AND k.school_code = s.school_code
                                 AND k.pupil_code IN ('', s.pupil_code))),
     d AS (SELECT school_code, pupil_code FROM (SELECT {_SAME} FROM new EXCEPT SELECT {_SAME} FROM old) a
           UNION SELECT school_code, pupil_code FROM (SELECT {_SAME} FROM old EXCEPT SELECT {_SAME} FROM new) b),
     every AS (SELECT school_code, grade, key, since, until FROM standing
                WHERE school_year = :school_year AND school_code = ANY(:schools)),
     c AS (SELECT school_code, grade, key, NULL::date AS day, count(*) AS n FROM every WHERE until = 'infinity' GROUP BY 1, 2, 3
           UNION ALL
           SELECT school_code, grade, key, {_DAY.format("at")}, sum(n) FROM (
             SELECT school_code, grade, key, since AS at, 1 AS n FROM every
             UNION ALL SELECT school_code, grade, key, until, -1 FROM every WHERE until < 'infinity') x GROUP BY 1, 2, 3, 4
           UNION ALL
           SELECT school_code, grade, key, NULL, -pupils FROM standing_count
            WHERE school_year = :school_year AND school_code = ANY(:schools)
           UNION ALL
           SELECT school_code, grade, key, day, -pupils FROM standing_day
            WHERE school_year = :school_year AND school_code = ANY(:schools))
SELECT (SELECT count(*) FROM q) AS pupils,
       coalesce((SELECT array_agg(DISTINCT school_code) FROM (
         SELECT school_code FROM d UNION ALL
         SELECT school_code FROM (SELECT school_code FROM c GROUP BY school_code, grade, key, day HAVING sum(n) <> 0) x) y),
         '{{}}') AS schools,
       (SELECT count(*) FROM d) AS differing
"""  # noqa: S608

_YEARS = (
    "SELECT DISTINCT school_year FROM standing_count UNION SELECT DISTINCT school_year FROM standing_mark ORDER BY 1"
)


@dataclass(frozen=True, slots=True)
class Checked:
    """How many pupils were looked at, of how many what is kept differs, and at which schools these or the sums do."""

    pupils: int
    differing: int
    schools: tuple[str, ...]


async def check(tx: Reading, schools: Sequence[str], school_year: str) -> Checked:
    """Compare what is kept of some schools with what the rows say about every moment; marked pupils are not due yet."""
    question = Question(schools, school_year, datetime.now(CITY))
    row = (await tx.execute(asked(_CHECK, question))).one()
    return Checked(row.pupils, row.differing, tuple(sorted(row.schools)))


async def years(tx: Reading) -> list[str]:
    """The school years of which anything is kept or marked."""
    return list((await tx.execute(text(_YEARS))).scalars())


async def forget(tx: Writing, schools: Sequence[str], school_year: str) -> None:
    """Throw away what is kept of these schools and mark them, so that all of it is made again."""
    await tx.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _SETTLER})
    question = Question(schools, school_year, datetime.now(CITY))
    for table in ("standing", "standing_count", "standing_day"):
        gone = f"DELETE FROM {table} WHERE school_year = :school_year AND school_code = ANY(:schools)"  # noqa: S608
        await tx.execute(asked(gone, question))
    marks = "INSERT INTO standing_mark (school_year, school_code, pupil_code) SELECT :school_year, unnest(:schools), ''"
    await tx.execute(asked(marks, question))
