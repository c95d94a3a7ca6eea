"""Reminders: on which days a school is written to about a stage, and what became of it. Pure.

There are days on which a reminder is due; one that was not written then (no worker ran, the mail server was away) is made up for
until the next such day. What was handed over, or may have been, is not written again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from enum import StrEnum
from functools import lru_cache
from uuid import UUID

from registry.core.campaigns import Stage
from registry.core.stages import Progress

_LOCAL = timezone(timedelta(hours=7))


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Days before the deadline, then every so many days after it until the last; hours of the day; tries within a day."""

    before: tuple[int, ...] = (14, 7, 3, 1, 0)
    late_every: int = 3
    late_until: int = 30
    from_hour: int = 7
    until_hour: int = 18
    tries: int = 3
    pause: timedelta = timedelta(minutes=15)

    def newest(self, due_on: date, today: date) -> date | None:
        """The newest day up to today on which a reminder is due; None before the first, and after the last one's turn."""
        if today >= due_on + timedelta(days=self.late_until + self.late_every):
            return None
        return max((day for day in self._days(due_on) if day <= today), default=None)

    def following(self, due_on: date, today: date) -> date | None:
        """The next such day after today."""
        return min((day for day in self._days(due_on) if day > today), default=None)

    def writes_at(self, now: datetime) -> bool:
        """Whether messages leave at this time of the day in the city."""
        return time(self.from_hour) <= now.astimezone(_LOCAL).time() < time(self.until_hour)

    def _days(self, due_on: date) -> tuple[date, ...]:
        return _days_of(self, due_on)


@lru_cache(maxsize=256)  # a city asks for each of its schools
def _days_of(rhythm: Rhythm, due_on: date) -> tuple[date, ...]:
    late = range(rhythm.late_every, rhythm.late_until + 1, rhythm.late_every)
    return tuple(due_on + timedelta(days=days) for days in (*(-before for before in rhythm.before), *late))


RHYTHM = Rhythm()


class Sending(StrEnum):
    """What became of a message."""

    SENDING = "sending"  # claimed; being handed over, or whoever did it is gone
    SENT = "sent"  # the mail server has taken it
    FAILED = "failed"  # it has surely not left
    UNCERTAIN = "uncertain"  # it may have left: never again that day


class State(StrEnum):
    """Where a school stands with a stage it is late with or will be asked about."""

    DUE = "due"  # to be written to now
    NO_CONTACT = "no_contact"  # nobody there to write to
    FAILED = "failed"  # tried today as often as is tried
    REMINDED = "reminded"  # written to; the next day comes


@dataclass(frozen=True, slots=True)
class Key:
    """What a reminder is about."""

    school_code: str
    campaign_code: str
    stage: Stage

    @property
    def place(self) -> str:
        """Its place in a list, by school, campaign and stage."""
        return f"{self.school_code} {self.campaign_code} {self.stage}"


@dataclass(frozen=True, slots=True)
class Reminder:
    """One message about a stage to a school on a day, as it is on record; `reason`: the slug of a code."""

    reminder_id: UUID
    key: Key
    day: date
    state: Sending
    attempts: int
    at: datetime
    recipients: int
    reason: str | None


@dataclass(frozen=True, slots=True)
class Item:
    """Somebody to be reminded of something; `last`: the newest message about it."""

    key: Key
    school_name: str
    due_on: date
    progress: Progress
    state: State
    last: Reminder | None
    next_on: date | None

    def days_left(self, today: date) -> int:
        """Until the deadline; below zero after it."""
        return (self.due_on - today).days


def state_of(
    due_on: date, addresses: int, last: Reminder | None, now: datetime, rhythm: Rhythm = RHYTHM
) -> State | None:
    """How a school stands that has not finished a stage; None: no reminder about it is due yet, or any more."""
    today = now.astimezone(_LOCAL).date()
    day = rhythm.newest(due_on, today)
    if day is None:
        return None
    if not addresses:
        return State.NO_CONTACT
    if last is None or last.day < day:
        return State.DUE
    if last.state is not Sending.FAILED:
        return State.REMINDED
    again = last.day < today or (last.attempts < rhythm.tries and last.at <= now - rhythm.pause)
    return State.DUE if again else State.FAILED


def tally(items: Iterable[Item]) -> Mapping[State, int]:
    """How many stand how."""
    found = dict.fromkeys(State, 0)
    for item in items:
        found[item.state] += 1
    return found
