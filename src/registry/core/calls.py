"""Which schools the office calls today: who is late with a stage, or will be at the pace of the last week. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from enum import StrEnum
from uuid import UUID

from registry.core.campaigns import Stage
from registry.core.contacts import Contact
from registry.core.reminders import Reminder
from registry.core.stages import Progress

LONGEST_NOTE = 200
#: Days looked back for the pace; days before a deadline from which it counts, and from which anything open does; days after it.
WEEK, PACE_FROM, SOON_FROM, LATE_UNTIL = 7, 21, 3, 90
_LOCAL = timezone(timedelta(hours=7))


class Trouble(StrEnum):
    """Why a school is called; the worst first."""

    LATE = "late"  # the deadline has passed
    SLOW = "slow"  # at the pace of the last week it won't be done in time
    SOON = "soon"  # open, and due within three days


def trouble(progress: Progress, week_ago: int | None, due_on: date, today: date) -> Trouble | None:
    """Why a stage is a reason to call; `week_ago`: how many were done then, None where a stage has no pace."""
    left = (due_on - today).days
    if not progress.of or progress.complete or left < -LATE_UNTIL:
        return None
    if left < 0:
        return Trouble.LATE
    if week_ago is None:
        return Trouble.SOON if left <= SOON_FROM else None
    gained = max(0, progress.done - week_ago)
    return Trouble.SLOW if left <= PACE_FROM and gained * left < (progress.of - progress.done) * WEEK else None


@dataclass(frozen=True, slots=True)
class Reason:
    """One stage of one campaign that a school is called about; `gained`: of it in the last week, where it has a pace."""

    campaign_code: str
    stage: Stage
    trouble: Trouble
    due_on: date
    progress: Progress
    gained: int | None


@dataclass(frozen=True, slots=True)
class Call:
    """Somebody of an office called a school."""

    call_id: UUID
    school_code: str
    at: datetime
    caller_id: str
    note: str


@dataclass(frozen=True, slots=True)
class Row:
    """One school to be called: why, whom, and what was heard of it last."""

    school_code: str
    school_name: str
    reasons: Sequence[Reason]
    contacts: Sequence[Contact]
    vendors: Sequence[str]
    last_contact: datetime | None
    last_reminder: Reminder | None
    last_call: Call | None

    def called_on(self, day: date) -> bool:
        """Whether somebody has called on that day in the city."""
        return self.last_call is not None and self.last_call.at.astimezone(_LOCAL).date() == day

    @property
    def open(self) -> int:
        """How much is left to do, over all reasons."""
        return sum(each.progress.of - each.progress.done for each in self.reasons)


def arranged(rows: Sequence[Row], today: date) -> list[Row]:
    """Whom to call first: not called yet today, the worst trouble, the most left to do."""
    return sorted(rows, key=lambda row: place(row, today))


def place(row: Row, today: date) -> tuple[bool, int, int, str]:
    """Where a row stands among the others; a page that begins behind it skips nobody who has not moved meanwhile."""
    order = list(Trouble)
    return row.called_on(today), min(order.index(r.trouble) for r in row.reasons), -row.open, row.school_code
