"""Questions that are answered at the same moment are written down together: one statement, one commit, one wait for the disk.

A question waits for no other: whoever comes first is written at once, who comes meanwhile goes together with the next. Only
plain ones come here; whatever may have to be undone has a transaction of its own (`registry.services.asking`).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID

from registry.core.audit import Look
from registry.storage import questions
from registry.storage.database import Database
from registry.storage.questions import Nonce

#: So many write at the same time, so that connections are left for finding.
_WRITERS = 2
_MOST = 64


@dataclass(slots=True)
class _Note:
    """A question that waits, and who waits for it: True when it is written, False when its nonce was used before."""

    row: Look
    nonce: Nonce | None
    written: asyncio.Future[bool]

    @property
    def key(self) -> tuple[str, bytes] | None:
        return None if self.nonce is None else (self.row.caller_id, self.nonce.hashed)


@dataclass(slots=True)
class Notes:
    """Those of one process that wait to be written down."""

    _waiting: deque[_Note] = field(default_factory=deque)
    _writers: set[asyncio.Task[None]] = field(default_factory=set)
    _under_way: set[tuple[str, UUID]] = field(default_factory=set)

    @contextmanager
    def alone(self, caller_id: str, pupil_id: UUID) -> Iterator[bool]:
        """Whether no other question of the caller about the pupil is under way here, for as long as the block lasts."""
        key = (caller_id, pupil_id)
        if key in self._under_way:
            yield False
            return
        self._under_way.add(key)
        try:
            yield True
        finally:
            self._under_way.discard(key)

    async def write(self, db: Database, row: Look, nonce: Nonce | None) -> bool:
        """Write a question down; it is committed when this returns. False, with nothing written, for a nonce used before.

        Raises Refusal: service-busy, service-database.
        """
        note = _Note(row, nonce, asyncio.get_running_loop().create_future())
        self._waiting.append(note)
        if len(self._writers) < _WRITERS:
            task = asyncio.create_task(self._write_waiting(db))
            self._writers.add(task)
            task.add_done_callback(self._writers.discard)
        return await note.written

    async def _write_waiting(self, db: Database) -> None:
        while self._waiting:
            together = self._next()
            try:
                async with db.hot() as connection:
                    written = await questions.write_all(connection, [(each.row, each.nonce) for each in together])
            except Exception as error:  # whatever it is, those who wait have to hear of it
                for each in together:
                    if not each.written.done():
                        each.written.set_exception(error)
                continue
            for each in together:
                if not each.written.done():  # else nobody waits any more
                    each.written.set_result(each.row.question_id in written)

    def _next(self) -> list[_Note]:
        """Those that go together: of two with the same nonce the second one waits."""
        together: list[_Note] = []
        later: list[_Note] = []
        nonces: set[tuple[str, bytes]] = set()
        while self._waiting and len(together) < _MOST:
            note = self._waiting.popleft()
            if note.key is not None and note.key in nonces:
                later.append(note)
                continue
            if note.key is not None:
                nonces.add(note.key)
            together.append(note)
        self._waiting.extendleft(reversed(later))
        return together
