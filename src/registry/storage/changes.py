"""The feed of changes: queued by the transactions that make them, numbered one batch at a time, read by position.

A row id is handed out before its transaction commits, so a reader that remembers the largest one it saw misses whatever
commits later with a smaller one. Here a position is given only to what is already committed, by one numberer at a time, in
a transaction that ends before the next one begins: whoever has seen position n has seen all there is up to n.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from registry.storage.database import Hot

#: The lock of the numberer; any number that nothing else in the database uses.
_NUMBERER = 0x68_6F_63_62_61
#: As many as take the processors for a few milliseconds.
BATCH = 500

#: What two paths have queued, or what is in the feed already, counts once. A version supersedes, or is superseded by, the
#: greatest that came before it in the feed: so the feed is consistent in itself whatever the order of arrival was. A change is
#: told to the school whose document it is about, wherever the record has gone since (a pupil who changed schools).
_SCHOOL_OF = """(SELECT s.school_code FROM {of} d JOIN submission s USING (submission_id) WHERE d.school_year = {row}.school_year
                        AND d.pupil_id = {row}.pupil_id AND d.level = {row}.level AND d.version = {version})"""

_NUMBER = f"""
WITH taken AS (DELETE FROM change_queue WHERE queued IN (SELECT queued FROM change_queue ORDER BY queued LIMIT {BATCH})
                 RETURNING *),
     fresh AS (SELECT DISTINCT ON (kind, school_year, pupil_id, level, version,
                                   CASE WHEN kind = 'renumbered' THEN queued END) * FROM taken
                 ORDER BY kind, school_year, pupil_id, level, version, CASE WHEN kind = 'renumbered' THEN queued END, queued),
     kept AS (SELECT f.queued, f.kind, f.school_year, f.pupil_id, f.level, f.version, f.at, CASE f.kind
                WHEN 'accepted' THEN {_SCHOOL_OF.format(of="record_version", row="f", version="f.version")}
                WHEN 'withdrawn' THEN {_SCHOOL_OF.format(of="withdrawal", row="f", version="f.version")}
                ELSE f.school_code END AS school_code FROM fresh f
                WHERE f.kind = 'renumbered' OR NOT EXISTS (
                  SELECT FROM change c WHERE c.pupil_id = f.pupil_id AND c.school_year = f.school_year AND c.level = f.level
                     AND c.version = f.version AND c.kind = f.kind)),
     ranked AS (SELECT kept.*, CASE WHEN kind = 'accepted' THEN greatest(
                    (SELECT max(version) FROM change c WHERE c.pupil_id = kept.pupil_id AND c.school_year = kept.school_year
                        AND c.level = kept.level AND c.kind = 'accepted'),
                    max(version) FILTER (WHERE kind = 'accepted') OVER (
                        PARTITION BY school_year, pupil_id, level ORDER BY queued
                        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)) END AS before FROM kept),
     told AS (SELECT queued, 0 AS part, kind, version, NULL::int AS by_version, at, school_year, pupil_id, level, school_code
                FROM ranked
              UNION ALL
              SELECT queued, 1, 'superseded', least(version, before), greatest(version, before), at, school_year, pupil_id, level,
                     {_SCHOOL_OF.format(of="record_version", row="ranked", version="least(ranked.version, before)")}
                FROM ranked WHERE before IS NOT NULL)
INSERT INTO change (position, kind, at, school_code, school_year, pupil_id, level, version, by_version)
SELECT (SELECT coalesce(max(position), 0) FROM change) + row_number() OVER (ORDER BY queued, part),
       kind, at, school_code, school_year, pupil_id, level, version, by_version
FROM told
"""  # noqa: S608 - only constants of this file are put together

_READ = """
SELECT c.position, c.kind, c.at, c.school_code, c.school_year, c.level, c.version, c.by_version, k.record_id,
       k.transcript_code, coalesce(k.pupil_code, (SELECT pupil_code FROM pupil_code p WHERE p.pupil_id = c.pupil_id
                                                    ORDER BY known_since LIMIT 1)) AS pupil_code
FROM (SELECT * FROM change WHERE position > $1 AND school_code = ANY($2) ORDER BY position LIMIT $3) c
LEFT JOIN record k USING (school_year, pupil_id, level) ORDER BY c.position
"""


@dataclass(frozen=True, slots=True)
class Change:
    """One change at its position. `record_id` and what follows are None for one that concerns a pupil and no record."""

    position: int
    kind: str  # accepted, superseded, withdrawn, renumbered
    at: datetime
    school_code: str
    pupil_code: str | None
    record_id: str | None
    transcript_code: str | None
    school_year: str | None
    level: str | None
    version: int | None
    by_version: int | None  # of a superseded version: the one that took its place


async def number(tx: Hot) -> bool:
    """Give queued changes their positions; True when a whole batch was there, so that more may wait.

    In a transaction. Whoever comes second waits for the first to commit, and then sees what it wrote.
    """
    await tx.execute("SELECT pg_advisory_xact_lock($1)", _NUMBERER)
    waiting = await tx.fetchval(f"SELECT count(*) FROM (SELECT FROM change_queue LIMIT {BATCH}) q")  # noqa: S608
    if waiting:
        await tx.execute(_NUMBER)
    return bool(waiting == BATCH)


async def waiting(tx: Hot) -> bool:
    """True when committed changes have no position yet."""
    return bool(await tx.fetchval("SELECT EXISTS (SELECT FROM change_queue)"))


async def read(tx: Hot, after: int, schools: Iterable[str], limit: int) -> list[Change]:
    """The changes of these schools behind a position, in order, at most so many."""
    rows = await tx.fetch(_READ, after, sorted(schools), limit)
    return [
        Change(
            row["position"],
            row["kind"],
            row["at"],
            row["school_code"],
            row["pupil_code"],
            str(row["record_id"]) if row["record_id"] else None,
            row["transcript_code"],
            row["school_year"],
            row["level"],
            row["version"],
            row["by_version"],
        )
        for row in rows
    ]


async def last(tx: Hot) -> int:
    """The last position there is; 0 for an empty feed."""
    return int(await tx.fetchval("SELECT coalesce(max(position), 0) FROM change"))
