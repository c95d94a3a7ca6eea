"""Guessing: questions that find nothing, counted by caller, and the pause that too many of them bring. Pure.

An office that mistypes goes on at once after nine errors in a row; the tenth costs a minute. Whoever tries codes or numbers one
after the other is stopped for longer each time, and may not hide behind a code that is known, because an hour has its limit too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

IN_A_ROW, IN_AN_HOUR = 10, 60
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Misses:
    """Where a caller stands: misses in a row, in the hour that began at `hour`, and pauses of the (UTC) day."""

    in_a_row: int = 0
    hour: datetime | None = None
    in_hour: int = 0
    day: date | None = None
    pauses: int = 0
    paused_until: datetime | None = None

    def pause_left(self, now: datetime) -> int:
        """Seconds for which nothing is answered; 0 when it is."""
        left = (self.paused_until - now).total_seconds() if self.paused_until is not None else 0.0
        return max(0, int(-(-left // 1)))


def after_miss(before: Misses, now: datetime) -> Misses:
    """The state after one more question without an answer; `paused_until` is new when that was one too many."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    in_hour = before.in_hour + 1 if before.hour == hour else 1
    pauses = before.pauses if before.day == now.date() else 0
    after = Misses(before.in_a_row + 1, hour, in_hour, now.date(), pauses, before.paused_until)
    if after.in_a_row < IN_A_ROW and in_hour < IN_AN_HOUR:
        return after
    pause = min(FIRST_PAUSE * 2 ** min(pauses, 16), LONGEST_PAUSE)
    until = now + pause
    if in_hour >= IN_AN_HOUR:
        until = max(until, hour + timedelta(hours=1))
    return replace(after, in_a_row=0, pauses=pauses + 1, paused_until=until)


def after_hit(before: Misses) -> Misses:
    """The state after a question that found something; the hour goes on counting."""
    return replace(before, in_a_row=0)
