"""The chain of who looked: the bytes of a row that its hash covers, and the walk along the chain that finds what was done to it.

Pure. The hash itself is a keyed one, given as a function: who may write to the database but has no key can't mend the chain.
Every row's hash covers the hash before it, the first row of a day that of the last of the day before.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

from registry.core import codes, findings

#: What the first row of all stands upon.
GENESIS = bytes(32)
#: (hash before, bytes of the row) -> hash.
Hash = Callable[[bytes, bytes], bytes]


@dataclass(frozen=True, slots=True)
class Look:
    """A question or view as it is kept, with the answer it got; `pupil_id` is whom it is about, as far as the registry knows."""

    question_id: UUID
    asked_at: datetime
    caller_id: str
    purpose: str
    reference: str
    kind: str
    school_year: str | None
    pupil_id: UUID | None
    answer: str
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """One place in the chain. `look` is None when the record no longer has the row."""

    position: int
    day: date
    question_id: UUID
    hash: bytes
    look: Look | None


@dataclass(frozen=True, slots=True)
class Break:
    """What is wrong with the chain, and where."""

    code: findings.Code
    position: int | None
    day: date | None
    question_id: UUID | None

    def __post_init__(self) -> None:
        """Said, as a finding is."""
        findings.said(self.code)


def row_bytes(position: int, day: date, question_id: UUID, look: Look | None) -> bytes:
    """What the hash of a place covers: the place and every column of the row, as JSON."""
    columns = None
    if look is not None:
        columns = [
            look.asked_at.astimezone(UTC).isoformat(timespec="microseconds"), look.caller_id, look.purpose, look.reference,
            look.kind, look.school_year, None if look.pupil_id is None else str(look.pupil_id), look.answer, look.detail,
        ]  # fmt: skip
    row = [position, day.isoformat(), str(question_id), columns]
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode()


class Walk:
    """Goes along the chain from its beginning, one link after the other, and keeps what it finds."""

    def __init__(self, hash_of: Hash) -> None:
        self._hash = hash_of
        self.position, self.last, self.day = 0, GENESIS, date.min
        self.breaks: list[Break] = []
        self.seen: dict[int, bytes] = {}

    def go(self, links: Iterable[Link], noted: frozenset[int] = frozenset()) -> None:
        """Check the next links. Codes: audit-gap, audit-missing, audit-edited. `noted`: positions whose hashes are kept."""
        for link in links:
            whole = link.position == self.position + 1
            if not whole:
                self._found(codes.AUDIT_GAP, link, self.position + 1)
            if link.look is None:
                self._found(codes.AUDIT_MISSING, link)
            # After a gap the hash before this one is gone: nothing can be said about this row, and the gap is told already.
            elif whole and link.hash != self._hash(self.last, _covered(link)):
                self._found(codes.AUDIT_EDITED, link)
            if link.position in noted:
                self.seen[link.position] = link.hash
            self.position, self.last, self.day = link.position, link.hash, link.day

    def _found(self, code: findings.Code, link: Link, position: int | None = None) -> None:
        self.breaks.append(Break(code, position or link.position, link.day, link.question_id))


def _covered(link: Link) -> bytes:
    return row_bytes(link.position, link.day, link.question_id, link.look)
