"""Batches are answered here, in the background: a few questions of each caller in turn, with pauses, below everything else.

Each question goes the road of a single one (`registry.services.asking`), and its answer is kept in the transaction that writes it
down. So a worker may be killed at any moment: what was asked has its answer, and nothing is asked twice.
"""

from __future__ import annotations

import asyncio
import io
import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from registry.core import batches, codes, ids
from registry.core.batches import Batch, Form, Result, State
from registry.core.callers import Caller, Scope
from registry.core.findings import Code, Refusal
from registry.formats import batch_lines, batch_sheet, tables_out
from registry.services import asking, submission
from registry.services.batches import Read
from registry.services.limits import Limits
from registry.services.work import Task, Watch
from registry.services.world import World
from registry.storage import batches as stored
from registry.storage.database import Hot

log = logging.getLogger(__name__)

_PART = 256 * 1024
#: What ends a batch: the rest of its questions are not asked.
_ENDS = frozenset({codes.VERIFICATION_ENUMERATION, codes.VERIFICATION_DAY, codes.ACCESS_TOKEN, codes.ACCESS_SCOPE})
#: What is over by itself: the same question is asked again a little later.
_PASSES = frozenset({codes.SERVICE_BUSY, codes.SERVICE_DATABASE})
_MOST_TRIES = 3
_LONGEST_WAY = 30.0


@dataclass(frozen=True, slots=True)
class Words:
    """How the edge reads the members of a line, words an answer or a refusal as members of the result's line, and counts both."""

    read: Read
    said: Callable[[Mapping[str, Any], Any], Mapping[str, Any]]
    refused: Callable[[Mapping[str, Any], Refusal], Mapping[str, Any]]
    count: Callable[[Any], None] = lambda _answered_or_refused: None


@dataclass(frozen=True, slots=True)
class Pace:
    """How much of the machine batches may have: after `questions` questions a rest, as a multiple of the time they took.

    `busy_rest` while submissions come in. A slice lasts a multiple of `step` seconds, so that the progress of a batch tells
    nothing of what was found.
    """

    questions: int = 10
    quiet_rest: float = 0.5
    busy_rest: float = 4.0
    step: float = 0.05
    busy_for: timedelta = timedelta(seconds=2)


@dataclass(slots=True)
class Worker:
    """Answers batches in one process."""

    words: Words
    counted: Limits
    pace: Pace = Pace()
    _tries: dict[UUID, int] = field(default_factory=dict)

    def task(self) -> Task:
        """As the background work runs it."""
        return Task("batches", "* * * * * *", self.run)

    async def run(self, world: World, _watch: Watch, stop: asyncio.Event) -> None:
        """Answer all batches there are, a slice of each caller's oldest in turn; ends early when `stop` is set."""
        while True:
            async with world.db.snapshot() as tx:
                due = await stored.due(tx)
            if not due:
                return
            for batch in due:
                if stop.is_set():
                    return
                await self._turn(world, stop, batch)

    async def _turn(self, world: World, stop: asyncio.Event, batch: Batch) -> None:
        """A slice of one batch, and the rest after it."""
        await _give_way(world, stop)
        began = time.monotonic()
        try:
            await self._slice(world, stop, batch)
            self._tries.pop(batch.batch_id, None)
        except stored.GoneError:
            log.info("a batch was deleted while it ran, or another process has finished it")
        except Refusal:
            raise
        except Exception as error:
            log.error("a batch can't go on", exc_info=error)
            await self._give_up(world, batch)
        worked = time.monotonic() - began
        rest = worked * (self.pace.busy_rest if await self._is_busy(world) else self.pace.quiet_rest)
        await _pause(stop, rest + self.pace.step - (worked + rest) % self.pace.step)

    async def _is_busy(self, world: World) -> bool:
        """Whether submissions are coming in."""
        earliest = ids.uuid7(datetime.now(UTC) - self.pace.busy_for, bytes(10))
        async with world.db.hot() as connection:
            return await stored.submissions_since(connection, earliest)

    async def _slice(self, world: World, stop: asyncio.Event, batch: Batch) -> None:
        """Ask the next few questions; finish the batch after the last one."""
        if batch.state is State.QUEUED:
            async with world.db.transaction() as tx:
                await stored.begin(tx, batch.batch_id, datetime.now(UTC))
        done, ended = batch.answered, None
        async with world.db.snapshot() as reading:
            portion = await stored.questions(reading, world.sealer, batch.batch_id, done // stored.PORTION)
        at = done % stored.PORTION
        for question in portion[at : at + self.pace.questions]:
            if stop.is_set():
                return
            ended = await self._ask(world, batch, done, question)
            if ended is not None:
                break
            done += 1
        if ended is not None or done >= batch.questions:
            await self._finish(world, batch, ended)

    async def _ask(self, world: World, batch: Batch, line: int, question: bytes) -> Code | None:
        """Ask one question and keep its answer; the code that ends the batch, if there is one."""
        row, members = batch_lines.opened(question)

        async def keep(tx: Hot, answered: Any) -> None:
            answer = batch_lines.answer(row, self.words.said(members, answered))
            await stored.keep_answer(tx, world.sealer, batch.batch_id, line, answer)

        try:
            caller, asked = await _caller(world, batch.caller_id), self.words.read(members)
            answered = await asking.ask(world, caller, asked, datetime.now(UTC), self.counted, keep)
            self.words.count(answered)
        except Refusal as refusal:
            if refusal.code in _PASSES:
                raise
            self.words.count(refusal)
            if refusal.code in _ENDS:
                return refusal.code
            answer = batch_lines.answer(row, self.words.refused(members, refusal))
            async with world.db.hot_transaction() as tx:
                await stored.keep_answer(tx, world.sealer, batch.batch_id, line, answer)
        return None

    async def _finish(self, world: World, batch: Batch, ended: Code | None) -> None:
        """Make the file of the answers there are; what was not asked says why."""
        pairs: list[tuple[bytes, bytes]] = []
        answered = 0
        for first in range(0, batch.questions, stored.PORTION):
            async with world.db.snapshot() as tx:
                asked = await stored.questions(tx, world.sealer, batch.batch_id, first // stored.PORTION)
                said = await stored.answers(tx, world.sealer, batch.batch_id, first, first + stored.PORTION - 1)
            answered += len(said)
            pairs += [(each, said.get(line) or self._unasked(each, ended)) for line, each in enumerate(asked, first)]
        await _keep_file(world, batch, pairs, (State.DONE if ended is None else State.FAILED, ended), answered)

    def _unasked(self, question: bytes, ended: Code | None) -> bytes:
        row, members = batch_lines.opened(question)
        return batch_lines.answer(row, self.words.refused(members, Refusal(ended or codes.SERVICE_FAULT)))

    async def _give_up(self, world: World, batch: Batch) -> None:
        """After some tries a batch that always fails ends without answers, or the worker would never come to an end with it."""
        self._tries[batch.batch_id] = self._tries.get(batch.batch_id, 0) + 1
        if self._tries[batch.batch_id] >= _MOST_TRIES:
            with suppress(stored.GoneError):
                await _keep_file(world, batch, [], (State.FAILED, codes.SERVICE_FAULT), batch.answered)


async def _keep_file(
    world: World, batch: Batch, pairs: list[tuple[bytes, bytes]], ended: tuple[State, Code | None], answered: int
) -> None:
    now = datetime.now(UTC)
    parts = await asyncio.to_thread(_file, batch, pairs, now)
    result = Result(sha256(b"".join(parts)).digest(), sum(map(len, parts)))
    state, code = ended
    async with world.db.transaction() as tx:
        await stored.finish(
            tx,
            world.sealer,
            batch,
            (state, code.slug if code else None),
            answered,
            parts,
            result,
            now,
            now + batches.KEPT,
        )


def _file(batch: Batch, pairs: list[tuple[bytes, bytes]], now: datetime) -> list[bytes]:
    """The result in parts; in its form."""
    if batch.form is Form.NDJSON:
        return list(batch_lines.in_parts((answer for _, answer in pairs), _PART)) or [b""]
    buffer = io.BytesIO()
    tables_out.write_xlsx(batch_sheet.table("Kết quả xác thực", batch_sheet.lines_of(pairs)), buffer, now)
    raw = buffer.getvalue()
    return [raw[at : at + _PART] for at in range(0, len(raw), _PART)]


async def _caller(world: World, caller_id: str) -> Caller:
    """The caller as it is registered now. Raises Refusal: access-token, access-scope."""
    found = await world.caller(caller_id)
    if Scope.VERIFY not in found.scopes:
        raise Refusal(codes.ACCESS_SCOPE)
    return found


async def _give_way(world: World, stop: asyncio.Event) -> None:
    """Held documents are judged first."""
    until = time.monotonic() + _LONGEST_WAY
    while not stop.is_set() and time.monotonic() < until and await submission.waiting(world, 1):
        await _pause(stop, 0.5)


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
