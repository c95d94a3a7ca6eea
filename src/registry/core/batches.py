"""Batches: many questions of one office in one file, answered one by one in the background. Values and bounds; pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

#: Questions of one batch, and bytes of its file.
MOST_QUESTIONS = 10_000
MOST_BYTES = 8_000_000
#: Batches of one caller that are not finished; one of them runs, the others wait.
MOST_UNFINISHED = 5
#: How long a result can be had, and how long is remembered that there was one.
KEPT, REMEMBERED = timedelta(days=3), timedelta(days=30)


class Form(StrEnum):
    """The files that questions come in and results go out as."""

    NDJSON = "ndjson"
    XLSX = "xlsx"


class State(StrEnum):
    """Where a batch stands. `failed`: a limit or a closed caller ended it; what was answered before is in its result."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    EXPIRED = "expired"


UNFINISHED = (State.QUEUED, State.RUNNING)


@dataclass(frozen=True, slots=True)
class Result:
    """The finished file: its SHA-256, and its size in bytes."""

    sha256: bytes
    size: int


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch as it stands. `form` is that of its result, `questions_sha256` that of the file as received."""

    batch_id: UUID
    caller_id: str
    form: Form
    questions: int
    answered: int
    state: State
    created_at: datetime
    questions_sha256: bytes = field(repr=False)
    code: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    expires_at: datetime | None = None
    result: Result | None = None
