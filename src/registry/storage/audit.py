"""The chain of who looked: queued by the transactions that write questions, linked one batch at a time, read along its positions.

As in the feed of changes a place is given only to what is committed, by one writer at a time: the hot path never waits for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

import asyncpg

from registry.core.audit import GENESIS, Hash, Link, Look, row_bytes
from registry.storage.database import Hot

#: Any constant will do, so long as nobody else takes the same advisory lock.
_LINKING = 0x61_75_64_69_74
#: So many at a time take the processors for a few milliseconds; thousands held up every hundredth question.
BATCH = 200
_PAGE = 5_000

_COLUMNS = """q.asked_at, q.caller_id, q.purpose, q.reference, q.kind, q.school_year, q.pupil_id, q.answer, q.detail"""
#: A row that somebody has taken away since it was queued has its place all the same: there it is missed.
_TAKE = f"""
WITH taken AS (DELETE FROM question_queue WHERE queued IN (SELECT queued FROM question_queue ORDER BY queued LIMIT {BATCH})
                 RETURNING queued, question_id)
SELECT t.question_id, {_COLUMNS} FROM taken t LEFT JOIN question q USING (question_id)
WHERE NOT EXISTS (SELECT FROM question_chain c WHERE c.question_id = t.question_id) ORDER BY t.queued
"""  # noqa: S608 - only constants of this file are put together
_LINK = """
INSERT INTO question_chain (position, day, question_id, hash)
SELECT p, $2, i, h FROM unnest($1::bigint[], $3::uuid[], $4::bytea[]) AS u(p, i, h)
"""
_READ = f"""
SELECT c.position, c.day, c.question_id, c.hash, {_COLUMNS} FROM question_chain c LEFT JOIN question q USING (question_id)
WHERE c.position > $1 ORDER BY c.position LIMIT {_PAGE}
"""  # noqa: S608
_LOOSE = """
SELECT question_id FROM question q WHERE NOT EXISTS (SELECT FROM question_chain c WHERE c.question_id = q.question_id)
   AND NOT EXISTS (SELECT FROM question_queue w WHERE w.question_id = q.question_id) ORDER BY question_id LIMIT 100
"""
_VIEWS = f"""
SELECT q.question_id, {_COLUMNS} FROM question q
WHERE q.pupil_id = ANY($1) AND ($2::uuid IS NULL OR q.question_id < $2) ORDER BY q.question_id DESC LIMIT $3
"""  # noqa: S608


async def link(tx: Hot, hash_of: Hash, today: date) -> bool:
    """Give queued questions their places; True when a whole batch was there, so that more may wait. In a transaction."""
    await tx.execute("SELECT pg_advisory_xact_lock($1)", _LINKING)
    last = await head(tx)
    position, before, day = (0, GENESIS, today) if last is None else (last[0], last[2], max(last[1], today))
    rows = await tx.fetch(_TAKE)
    positions, ids, hashes = [], [], []
    for row in rows:
        position += 1
        before = hash_of(before, row_bytes(position, day, row["question_id"], _look(row)))
        positions.append(position)
        ids.append(row["question_id"])
        hashes.append(before)
    if rows:
        await tx.execute(_LINK, positions, day, ids, hashes)
    return len(rows) == BATCH


async def head(tx: Hot) -> tuple[int, date, bytes] | None:
    """The last place: position, day, hash; None for an empty chain."""
    row = await tx.fetchrow("SELECT position, day, hash FROM question_chain ORDER BY position DESC LIMIT 1")
    return None if row is None else (row["position"], row["day"], row["hash"])


async def at(tx: Hot, position: int) -> tuple[date, bytes] | None:
    """Day and hash of a place, if it is there."""
    row = await tx.fetchrow("SELECT day, hash FROM question_chain WHERE position = $1", position)
    return None if row is None else (row["day"], row["hash"])


async def read(tx: Hot, after: int) -> list[Link]:
    """The next places behind a position, some thousand at most, each with its row as it stands now."""
    rows = await tx.fetch(_READ, after)
    return [Link(row["position"], row["day"], row["question_id"], row["hash"], _look(row)) for row in rows]


async def loose(tx: Hot) -> list[UUID]:
    """Questions that have no place and wait for none: put in, or taken out of the chain, by other hands. A hundred at most."""
    return [row["question_id"] for row in await tx.fetch(_LOOSE)]


async def views(tx: Hot, pupils: Sequence[UUID], before: UUID | None, limit: int) -> list[Look]:
    """Who asked about these pupils, newest first, older than `before`."""
    rows = await tx.fetch(_VIEWS, list(pupils), before, limit)
    return [look for row in rows if (look := _look(row)) is not None]


def _look(row: asyncpg.Record) -> Look | None:
    asked_at: datetime | None = row["asked_at"]
    if asked_at is None:
        return None
    return Look(row["question_id"], asked_at, row["caller_id"], row["purpose"], row["reference"], row["kind"],
                row["school_year"], row["pupil_id"], row["answer"], row["detail"])  # fmt: skip
