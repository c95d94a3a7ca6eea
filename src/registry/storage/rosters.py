"""Rosters as rows: a list comes into a table of its connection alone, and is compared and written set by set.

Whatever its size, a list costs a few statements; of its rows only a bounded number is ever in this process.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from registry.core import codes
from registry.core.findings import Refusal
from registry.core.rosters import Counts
from registry.storage.database import Database, Hot

#: A statement over two million rows takes longer than those of a request; one that takes this long is lost.
_LONG = 1800.0
_TICK = timedelta(microseconds=1)
#: Large lists come one at a time: each keeps a connection and a core busy for minutes.
_LARGE = 0x72_6F_73_74
_COLUMNS = (
    "sheet", "row", "school_code", "grade", "pupil_code", "class_name", "pupil_name", "sex", "birth_date", "number_index",
    "number_sealed",
)  # fmt: skip

_TABLES = """
CREATE TEMP TABLE IF NOT EXISTS roster_staged (sheet smallint, row int, school_code text, grade smallint, pupil_code text,
  class_name text, pupil_name text, sex text, birth_date text, number_index bytea, number_sealed bytea);
CREATE TEMP TABLE IF NOT EXISTS roster_place (school_code text, grade smallint, import_id uuid);
CREATE TEMP TABLE IF NOT EXISTS roster_change (school_code text, pupil_code text, grade smallint, kind text, sheet smallint,
  row int);
TRUNCATE roster_staged, roster_place, roster_change;
"""

#: What stands more than once: every place but the first.
_TWICE = """
WITH twice AS (SELECT {column} FROM roster_staged WHERE {column} IS NOT NULL GROUP BY 1 HAVING count(*) > 1 LIMIT $1)
SELECT sheet, row FROM (SELECT sheet, row, row_number() OVER (PARTITION BY {column} ORDER BY sheet, row) AS nth
  FROM roster_staged JOIN twice USING ({column})) AS each WHERE nth > 1 ORDER BY 1, 2 LIMIT $1
"""

_LOCK = """
SELECT pg_advisory_xact_lock(hashtextextended('roster ' || $1 || ' ' || school_code, 0))
  FROM (SELECT DISTINCT school_code FROM roster_place ORDER BY 1) AS schools
"""

#: A list without a number takes none away that came back from the police: the school's system does not know it yet. Who is another
#: person by now keeps none; a corrected name, or a birth date or sex that was missing or is of the same year, makes nobody another.
_KEEP_NUMBERS = """
UPDATE roster_staged s SET number_index = o.number_index, number_sealed = o.number_sealed
  FROM roster_pupil o JOIN number_applied a USING (school_year, school_code, pupil_code, number_index)
 WHERE s.number_index IS NULL AND o.school_year = $1 AND o.school_code = s.school_code AND o.pupil_code = s.pupil_code
   AND o.left_at IS NULL AND a.undone_at IS NULL
   AND ((o.sex, o.birth_date) = (s.sex, s.birth_date)
     OR (o.pupil_name, coalesce(o.sex, s.sex), left(coalesce(o.birth_date, s.birth_date), 4))
        IS NOT DISTINCT FROM (s.pupil_name, s.sex, left(s.birth_date, 4)))
"""

_COMPARE = """
INSERT INTO roster_change
SELECT coalesce(s.school_code, o.school_code), coalesce(s.pupil_code, o.pupil_code), coalesce(s.grade, o.grade),
       CASE WHEN o.grade IS NULL THEN 'joined' WHEN s.grade IS NULL THEN 'left' WHEN p.school_code IS NULL THEN 'elsewhere'
            ELSE 'changed' END, s.sheet, s.row
  FROM roster_staged s FULL JOIN (
         SELECT * FROM roster_pupil WHERE school_year = $1 AND left_at IS NULL
            AND school_code IN (SELECT school_code FROM roster_place)) o USING (school_code, pupil_code)
       LEFT JOIN roster_place p ON p.school_code = o.school_code AND p.grade = o.grade
 WHERE (s.grade IS NULL AND p.school_code IS NOT NULL) OR (s.grade IS NOT NULL
   AND (s.grade, s.class_name, s.pupil_name, s.sex, s.birth_date, s.number_index)
        IS DISTINCT FROM (o.grade, o.class_name, o.pupil_name, o.sex, o.birth_date, o.number_index))
"""

_COUNTS = """
SELECT p.school_code, p.grade, coalesce(s.total, 0) AS total, coalesce(c.joined, 0) AS joined, coalesce(c.gone, 0) AS gone,
       coalesce(c.changed, 0) AS changed
  FROM roster_place p
  LEFT JOIN (SELECT school_code, grade, count(*) AS total FROM roster_staged GROUP BY 1, 2) s USING (school_code, grade)
  LEFT JOIN (SELECT school_code, grade, count(*) FILTER (WHERE kind = 'joined') AS joined,
                    count(*) FILTER (WHERE kind = 'left') AS gone, count(*) FILTER (WHERE kind = 'changed') AS changed
               FROM roster_change GROUP BY 1, 2) c USING (school_code, grade)
 ORDER BY 1, 2
"""

_NEWEST = """
SELECT max(greatest(joined_at, left_at)) FROM roster_pupil
 WHERE school_year = $1 AND school_code IN (SELECT school_code FROM roster_place)
"""

_END = """
UPDATE roster_pupil r SET left_at = $2 FROM roster_change c
 WHERE r.school_year = $1 AND r.school_code = c.school_code AND r.pupil_code = c.pupil_code AND r.left_at IS NULL
   AND c.kind IN ('left', 'changed')
"""

_BEGIN = """
INSERT INTO roster_pupil (school_year, school_code, pupil_code, joined_at, grade, class_name, pupil_name, sex, birth_date,
                          number_index, number_sealed, import_id)
SELECT $1, s.school_code, s.pupil_code, $2, s.grade, s.class_name, s.pupil_name, s.sex, s.birth_date, s.number_index,
       s.number_sealed, p.import_id
  FROM roster_staged s JOIN roster_change c USING (school_code, pupil_code)
       JOIN roster_place p ON p.school_code = s.school_code AND p.grade = s.grade
 WHERE c.kind IN ('joined', 'changed')
"""

#: What is held for a pupil who has a number and was corrected is due again: the number may fit it now.
_DUE = """
UPDATE waiting w SET generation = -1 FROM submission s, roster_change c
  JOIN roster_pupil r ON r.school_year = $1 AND r.school_code = c.school_code AND r.pupil_code = c.pupil_code
                     AND r.left_at IS NULL AND r.number_index IS NOT NULL
 WHERE s.submission_id = w.submission_id AND w.school_year = $1 AND w.school_code = c.school_code
   AND s.pupil_code = c.pupil_code AND c.kind IN ('joined', 'changed')
"""

_IMPORT = """
INSERT INTO roster_import (import_id, school_code, school_year, grade, source, caller_id, received_at, joined, left_, changed)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a list came from: a name, who sent it (None: by command), and when."""

    name: str
    caller_id: str | None
    received_at: datetime


class Staged:
    """A list on its way in: rows are added, then looked at, compared, written. Nobody else sees it."""

    def __init__(self, connection: Hot, school_year: str, *, large: bool = False) -> None:
        self._tx, self._year, self._large = connection, school_year, large

    async def add(self, rows: Sequence[tuple[object, ...]]) -> None:
        """Take rows in, cells in the order sheet, row, school, grade, code, class, name, sex, birth, index, sealed number."""
        await self._tx.copy_records_to_table("roster_staged", records=rows, columns=_COLUMNS)

    async def settle(self, places: Iterable[tuple[str, int]] = ()) -> list[tuple[str, int]]:
        """All rows are in: which rosters (school, grade) it is about, those named here too."""
        await self._tx.execute("ANALYZE roster_staged", timeout=_LONG)
        found = await self._tx.fetch("SELECT DISTINCT school_code, grade FROM roster_staged", timeout=_LONG)
        return sorted({(row["school_code"], row["grade"]) for row in found} | set(places))

    async def twice(self, column: str, most: int) -> list[tuple[int, int]]:
        """(sheet, row) of each repetition of a pupil code (`pupil_code`) or a number (`number_index`)."""
        assert column in {"pupil_code", "number_index"}
        return [tuple(row) for row in await self._tx.fetch(_TWICE.format(column=column), most, timeout=_LONG)]

    async def first_rows(self, schools: Collection[str]) -> list[tuple[str, int, int]]:
        """(school, sheet, row) where each of these schools is first named."""
        query = "SELECT DISTINCT ON (1) school_code, sheet, row FROM roster_staged WHERE school_code = ANY($1) ORDER BY 1, 2, 3"
        return [tuple(row) for row in await self._tx.fetch(query, list(schools), timeout=_LONG)]

    async def compare(self, places: Sequence[tuple[str, int, UUID]]) -> dict[tuple[str, int], Counts]:
        """What the list changes at each place; other lists of these schools and year wait until the transaction ends."""
        await self._tx.execute("TRUNCATE roster_place, roster_change")
        await self._tx.copy_records_to_table(
            "roster_place", records=places, columns=("school_code", "grade", "import_id")
        )
        await self._tx.execute("ANALYZE roster_place")
        await self._tx.execute("SET LOCAL work_mem = '64MB'")
        if (
            self._large
        ):  # a table that has grown since its statistics were made looks small: loops within loops took 33 s for 20,000
            await self._tx.execute("SET LOCAL enable_nestloop = off")
        await self._tx.fetch(_LOCK, self._year, timeout=_LONG)
        await self._tx.execute(_KEEP_NUMBERS, self._year, timeout=_LONG)
        await self._tx.execute(_COMPARE, self._year, timeout=_LONG)
        await self._tx.execute("ANALYZE roster_change", timeout=_LONG)
        found = {}
        for row in await self._tx.fetch(_COUNTS, timeout=_LONG):
            joined, changed = row["joined"], row["changed"]
            counts = Counts(joined, row["gone"], changed, row["total"] - joined - changed)
            found[row["school_code"], row["grade"]] = counts
        return found

    async def elsewhere(self, most: int) -> list[tuple[int, int]]:
        """(sheet, row) of pupils who stand on the roster of a grade of their school that the list is not about."""
        query = "SELECT sheet, row FROM roster_change WHERE kind = 'elsewhere' ORDER BY 1, 2 LIMIT $1"
        return [tuple(row) for row in await self._tx.fetch(query, most)]

    async def write(
        self, places: Sequence[tuple[str, int, UUID]], counts: dict[tuple[str, int], Counts], source: Source
    ) -> None:
        """Write the difference. Its moment lies after every earlier one, whatever the clocks of two machines say."""
        newest = await self._tx.fetchval(_NEWEST, self._year, timeout=_LONG)
        at = source.received_at if newest is None else max(source.received_at, newest + _TICK)
        rows = [
            (id_, school, self._year, grade, source.name, source.caller_id, at, each.joined, each.left, each.changed)
            for school, grade, id_ in places
            for each in (counts[school, grade],)
        ]
        await self._tx.executemany(_IMPORT, rows, timeout=_LONG)
        await self._tx.execute(_END, self._year, at, timeout=_LONG)
        await self._tx.execute(_BEGIN, self._year, at, timeout=_LONG)
        await self._tx.execute("SET LOCAL enable_nestloop = on")  # few documents wait: from them to the list, by keys
        await self._tx.execute(_DUE, self._year, timeout=_LONG)


#: A list is compared as a whole, unlike what else goes over such a connection.
_PLANNED_AS_USUAL = "SET plan_cache_mode = auto; SET enable_seqscan = on"


@asynccontextmanager
async def staged(db: Database, school_year: str, *, large: bool = False) -> AsyncIterator[tuple[Staged, Hot]]:
    """An empty list on a connection of its own, without a transaction yet.

    Raises Refusal(service-busy) when a large list is coming in already.
    """
    async with db.hot() as connection:
        if large and not await connection.fetchval("SELECT pg_try_advisory_lock($1)", _LARGE):
            raise Refusal(codes.SERVICE_BUSY, retry_after=60)
        try:
            await connection.execute(_TABLES)
            await connection.execute(_PLANNED_AS_USUAL)
            yield Staged(connection, school_year, large=large), connection
        finally:
            if not connection.is_closed():
                await connection.execute("TRUNCATE roster_staged, roster_place, roster_change")
                await connection.execute("RESET plan_cache_mode; RESET enable_seqscan")
                if large:
                    await connection.fetchval("SELECT pg_advisory_unlock($1)", _LARGE)
