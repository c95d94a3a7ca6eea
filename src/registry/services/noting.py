"""What a process has under way for questions: those that are found together, and those that are written down together.

Only plain ones come here; whatever may have to be undone has a transaction of its own (`registry.services.asking`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID

from registry.core.audit import Look
from registry.services.together import Together
from registry.storage import questions
from registry.storage.database import Database, Hot
from registry.storage.questions import Found, Nonce, Wanted, Way

#: So many statements of a kind at the same time: with one that writes and one that finds a connection is left.
_AT_ONCE = 1


@dataclass(frozen=True, slots=True)
class _Note:
    """A question to be written down."""

    row: Look
    nonce: Nonce | None

    @property
    def key(self) -> tuple[str, bytes] | UUID:
        """What no two of a statement may have in common."""
        return self.row.question_id if self.nonce is None else (self.row.caller_id, self.nonce.hashed)


async def _write_all(connection: Hot, notes: Sequence[_Note]) -> list[bool]:
    """Whether each is written. Of two with the same nonce only the first is tried: whatever becomes of it, the nonce is used."""
    first = {each.key: each for each in reversed(notes)}
    written = await questions.write_all(connection, [(each.row, each.nonce) for each in first.values()])
    return [each.row.question_id in written for each in notes]


@dataclass(slots=True)
class Notes:
    """The questions of one process that are under way."""

    _finding: dict[Way, Together[Wanted, Found]] = field(
        default_factory=lambda: {way: Together(questions.find_all, _AT_ONCE) for way in Way}
    )
    _writing: Together[_Note, bool] = field(default_factory=lambda: Together(_write_all, _AT_ONCE))
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

    async def find(self, db: Database, wanted: Wanted) -> Found:
        """What there is for a question. Raises Refusal: service-busy, service-database."""
        return await self._finding[wanted.way].ask(db, wanted)

    async def write(self, db: Database, row: Look, nonce: Nonce | None) -> bool:
        """Write a question down; it is committed when this returns. False, with nothing written, for a nonce used before.

        Raises Refusal: service-busy, service-database.
        """
        return await self._writing.ask(db, _Note(row, nonce))
