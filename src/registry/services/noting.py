"""What a process has under way for questions: those that are found together, and those that are written down together.

Only plain ones come here; whatever may have to be undone has a transaction of its own (`registry.services.asking`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeAlias
from uuid import UUID

from registry.services.together import Together
from registry.storage import questions
from registry.storage.database import Database, Hot
from registry.storage.questions import Found, NonceSpentError, Note, ThresholdTakenError, Wanted, Way

Against: TypeAlias = NonceSpentError | ThresholdTakenError | None

#: So many statements of a kind at the same time: with one that writes and one that finds a connection is left.
_AT_ONCE = 1


async def _write_all(connection: Hot, notes: Sequence[Note]) -> list[Against]:
    """Of two with the same nonce only the first is tried: whatever becomes of it, the second was not the first with it."""
    first = {_nonce_or_id(each): each for each in reversed(notes)}.values()
    against = await questions.write_all(connection, [*first])
    by_id = dict(zip((each.row.question_id for each in first), against, strict=True))
    return [by_id.get(each.row.question_id, NonceSpentError()) for each in notes]


def _nonce_or_id(note: Note) -> tuple[str, bytes] | UUID:
    return note.row.question_id if note.nonce is None else (note.row.caller_id, note.nonce.hashed)


@dataclass(slots=True)
class Notes:
    """The questions of one process that are under way."""

    _finding: dict[Way, Together[Wanted, Found]] = field(
        default_factory=lambda: {way: Together(questions.find_all, _AT_ONCE) for way in Way}
    )
    _writing: Together[Note, Against] = field(default_factory=lambda: Together(_write_all, _AT_ONCE))
    _under_way: set[tuple[str, UUID]] = field(default_factory=set)
    _missing: Counter[str] = field(default_factory=Counter)
    _missed: Counter[str] = field(default_factory=Counter)

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

    @contextmanager
    def missing(self, caller_id: str) -> Iterator[None]:
        """A question of the caller that found nothing, for as long as it is not counted."""
        self._missing[caller_id] += 1
        try:
            yield
        finally:
            self._missed[caller_id] += 1

    def missed(self, caller_id: str) -> int:
        """How many questions of the caller that found nothing have been counted here."""
        return self._missed[caller_id]

    def guessing(self, caller_id: str, since: int) -> bool:
        """Whether a question of the caller that found nothing was under way here at any moment since so many had been counted: what is
        answered meanwhile has to wait until it is known whether the caller is paused."""
        return self._missing[caller_id] != since

    async def find(self, db: Database, wanted: Wanted) -> Found:
        """What there is for a question. Raises Refusal: service-busy, service-database."""
        return await self._finding[wanted.way].ask(db, wanted)

    async def write(self, db: Database, note: Note) -> Against:
        """Write a question down; it is committed when this returns. Else why it is not written: its nonce was used before, or another
        threshold counts. No two that are under way may take a threshold of one pupil for one caller (`alone`).

        Raises Refusal: service-busy, service-database.
        """
        return await self._writing.ask(db, note)
