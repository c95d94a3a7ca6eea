"""Batches of questions as rows: taken in whole, answered line by line, finished as one file in parts. All content is sealed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import delete, func, insert, select, text, update

from registry.core.batches import UNFINISHED, Batch, Form, Result, State
from registry.storage.database import Hot, Reading, Writing
from registry.storage.sealing import Sealer
from registry.storage.tables_batches import batch, batch_answer, batch_part, batch_question

#: Questions of one sealed portion, answers and parts read at once.
PORTION = 100
_READ = 500
_b = batch.c
_answered = func.coalesce(
    _b.answered,
    select(func.count()).select_from(batch_answer).where(batch_answer.c.batch_id == _b.batch_id).scalar_subquery(),
).label("answered_now")

#: Whoever finishes the batch is waited for: nothing is asked after that.
_KEEP_ANSWER = """
INSERT INTO batch_answer (batch_id, line, sealed)
SELECT $1, $2, $3 FROM (SELECT FROM batch WHERE batch_id = $1 AND state IN ('queued', 'running') FOR SHARE) unfinished
"""
#: Submissions have UUIDs of version 7: the key itself says since when.
_BUSY = "SELECT EXISTS (SELECT FROM submission WHERE submission_id > $1)"


class GoneError(Exception):
    """The batch was deleted or finished, or another process has this answer: what was written is undone."""


@dataclass(frozen=True, slots=True)
class New:
    """A batch as it comes in; `key_hash` of the sender's idempotency key, if it gave one."""

    batch_id: UUID
    caller_id: str
    form: Form
    questions_sha256: bytes
    key_hash: bytes | None
    lines: Sequence[bytes]


async def alone(tx: Writing, caller_id: str) -> None:
    """Wait until no other batch of this caller is being taken in; until this transaction ends."""
    lock = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
    await tx.execute(lock, {"name": f"batches {caller_id}"})


async def add(tx: Writing, sealer: Sealer, new: New, now: datetime) -> None:
    """Keep a new batch with all its questions."""
    row = {
        "batch_id": new.batch_id, "caller_id": new.caller_id, "form": new.form.value, "questions": len(new.lines),
        "questions_sha256_sealed": _sealed(sealer, new.questions_sha256, new.batch_id, "asked", 0),
        "key_hash": new.key_hash, "created_at": now, "state": State.QUEUED.value,
    }  # fmt: skip
    await tx.execute(insert(batch).values(row))
    portions = [
        {"batch_id": new.batch_id, "portion": at // PORTION,
         "sealed": _sealed(sealer, b"\n".join(new.lines[at : at + PORTION]), new.batch_id, "question", at // PORTION)}
        for at in range(0, len(new.lines), PORTION)
    ]  # fmt: skip
    await tx.execute(insert(batch_question), portions)


async def find(tx: Reading, sealer: Sealer, batch_id: UUID, caller_id: str) -> Batch | None:
    """A batch of this caller; None for any other, whether there is one or not."""
    query = select(batch, _answered).where(_b.batch_id == batch_id, _b.caller_id == caller_id)
    row = (await tx.execute(query)).one_or_none()
    return None if row is None else _batch(sealer, row)


async def find_by_key(tx: Reading, sealer: Sealer, caller_id: str, key_hash: bytes) -> Batch | None:
    """The batch that the caller sent with this idempotency key."""
    query = select(batch, _answered).where(_b.caller_id == caller_id, _b.key_hash == key_hash)
    row = (await tx.execute(query)).one_or_none()
    return None if row is None else _batch(sealer, row)


async def count_unfinished(tx: Reading, caller_id: str) -> int:
    """How many batches of a caller wait or run."""
    query = select(func.count()).where(_b.caller_id == caller_id, _b.state.in_(UNFINISHED))
    return int((await tx.execute(query)).scalar_one())


async def remove(tx: Writing, batch_id: UUID, caller_id: str) -> bool:
    """Delete a batch of this caller with all that belongs to it; False when there is none."""
    gone = await tx.execute(delete(batch).where(_b.batch_id == batch_id, _b.caller_id == caller_id))
    return bool(gone.rowcount)


# --- working ---------------------------------------------------------------------------------------------------------------


async def due(tx: Reading) -> list[Batch]:
    """The oldest unfinished batch of each caller, with nothing unsealed: one that was edited at rest must not stop the others."""
    query = (
        select(batch, _answered)
        .where(_b.state.in_(UNFINISHED))
        .distinct(_b.caller_id)
        .order_by(_b.caller_id, _b.created_at, _b.batch_id)
    )
    return [_batch(None, row) for row in await tx.execute(query)]


async def begin(tx: Writing, batch_id: UUID, now: datetime) -> None:
    """Say that a batch runs."""
    started = update(batch).where(_b.batch_id == batch_id, _b.state == State.QUEUED.value)
    await tx.execute(started.values(state=State.RUNNING.value, started_at=now))


async def questions(tx: Reading, sealer: Sealer, batch_id: UUID, portion: int) -> list[bytes]:
    """One portion of a batch's questions; nothing when the batch is gone."""
    q = batch_question.c
    query = select(q.sealed).where(q.batch_id == batch_id, q.portion == portion)
    sealed = (await tx.execute(query)).scalar_one_or_none()
    return [] if sealed is None else sealer.open_batch(sealed, _bound(batch_id, "question", portion)).split(b"\n")


async def keep_answer(tx: Hot, sealer: Sealer, batch_id: UUID, line: int, answer: bytes) -> None:
    """Keep the answer to one question; raises GoneError, after which the transaction has to be undone."""
    try:
        done = await tx.execute(_KEEP_ANSWER, batch_id, line, _sealed(sealer, answer, batch_id, "answer", line))
    except asyncpg.UniqueViolationError:
        raise GoneError from None
    if done != "INSERT 0 1":
        raise GoneError


async def answers(tx: Reading, sealer: Sealer, batch_id: UUID, first: int, last: int) -> dict[int, bytes]:
    """The answers to the questions of these lines, both included."""
    a = batch_answer.c
    query = select(a.line, a.sealed).where(a.batch_id == batch_id, a.line.between(first, last))
    rows = (await tx.execute(query)).tuples()
    return {line: sealer.open_batch(sealed, _bound(batch_id, "answer", line)) for line, sealed in rows}


async def finish(
    tx: Writing, sealer: Sealer, of: Batch, ended: tuple[State, str | None], answered: int, parts: Sequence[bytes],
    result: Result, now: datetime, expires_at: datetime,
) -> None:  # fmt: skip
    """Put the finished file in the place of questions and answers; raises GoneError when the batch is no more or finished."""
    done = update(batch).where(_b.batch_id == of.batch_id, _b.state.in_(UNFINISHED))
    values: dict[str, Any] = {
        "state": ended[0].value, "code": ended[1], "answered": answered, "ended_at": now, "expires_at": expires_at,
        "result_sha256_sealed": _sealed(sealer, result.sha256, of.batch_id, "result", 0), "result_size": result.size,
    }  # fmt: skip
    if not (await tx.execute(done.values(values))).rowcount:
        raise GoneError
    rows = [
        {"batch_id": of.batch_id, "part": part, "sealed": _sealed(sealer, raw, of.batch_id, "part", part)}
        for part, raw in enumerate(parts)
    ]
    await tx.execute(insert(batch_part), rows)
    for table in (batch_question, batch_answer):
        await tx.execute(delete(table).where(table.c.batch_id == of.batch_id))


async def part(tx: Reading, sealer: Sealer, batch_id: UUID, number: int) -> bytes | None:
    """One part of the finished file; None behind the last one."""
    p = batch_part.c
    sealed = (await tx.execute(select(p.sealed).where(p.batch_id == batch_id, p.part == number))).scalar_one_or_none()
    return None if sealed is None else sealer.open_batch(sealed, _bound(batch_id, "part", number))


async def expire(tx: Writing, now: datetime, forget_before: datetime) -> int:
    """Delete the results whose time is over, and the last word of those that ended long ago; how many results went."""
    over = update(batch).where(_b.state.in_((State.DONE, State.FAILED)), _b.expires_at <= now)
    gone = (await tx.execute(over.values(state=State.EXPIRED.value).returning(_b.batch_id))).scalars().all()
    if gone:
        await tx.execute(delete(batch_part).where(batch_part.c.batch_id.in_(gone)))
    await tx.execute(delete(batch).where(_b.state == State.EXPIRED.value, _b.expires_at < forget_before))
    return len(gone)


async def submissions_since(tx: Hot, earliest: UUID) -> bool:
    """Whether a submission has come in since the moment of this UUID (version 7)."""
    return bool(await tx.fetchval(_BUSY, earliest))


def _batch(sealer: Sealer | None, row: Any) -> Batch:
    """A row as a value; without a sealer, without fingerprints."""
    result, asked = None, b""
    if sealer is not None:
        asked = sealer.open_batch(row.questions_sha256_sealed, _bound(row.batch_id, "asked", 0))
    if sealer is not None and row.result_sha256_sealed is not None:
        sha256 = sealer.open_batch(row.result_sha256_sealed, _bound(row.batch_id, "result", 0))
        result = Result(sha256, row.result_size)
    return Batch(
        row.batch_id, row.caller_id, Form(row.form), row.questions, row.answered_now, State(row.state), row.created_at,
        asked, row.code, row.started_at, row.ended_at, row.expires_at, result,
    )  # fmt: skip


def _sealed(sealer: Sealer, raw: bytes, batch_id: UUID, use: str, number: int) -> bytes:
    return sealer.seal_batch(raw, _bound(batch_id, use, number))


def _bound(batch_id: UUID, use: str, number: int) -> bytes:
    """Sealed content opens in its own place only."""
    return f"{batch_id} {use} {number}".encode("ascii")
