"""How much an office may ask: per day, per pupil, and how often in vain. Counted in the database, so that all processes agree.

The day is counted in portions: a process takes some questions of a caller's day at once and then answers so many without asking the
database again; the next portion is taken when half of one is left, so that nobody waits for it. What a process had taken and not used
when it ended is lost to the caller until the next day.
"""

from __future__ import annotations

import asyncio
import math
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, timezone

from registry.core import codes, misses
from registry.core.findings import Code, Finding, Refusal
from registry.core.misses import Misses
from registry.services.world import World
from registry.storage import question_limits
from registry.storage.database import Hot

#: An office's day ends at its own midnight.
HERE = timezone(timedelta(hours=7))
_PORTION = 64
_DAY_SECONDS = 86_400


@dataclass(slots=True)
class Limits:
    """The limits of one process, and what it has taken of each caller's day.

    `even_seconds`: what finds nothing is answered at the next multiple of this, counted from the question.
    """

    per_day: int = 20_000
    per_pupil: int = 50
    threshold_days: int = 365
    even_seconds: float = 0.01
    _left: dict[str, tuple[date, int]] = field(default_factory=dict, repr=False)
    _taking: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)
    _tasks: set[asyncio.Task[None]] = field(
        default_factory=set, repr=False
    )  # a task that nobody keeps may be collected

    async def count(self, world: World, caller_id: str, now: datetime) -> None:
        """Count one question of the caller's day; raises Refusal(verification-day) with the seconds until it ends."""
        day = now.astimezone(HERE).date()
        if self._use(caller_id, day):
            if self._left[caller_id][1] == self._portion // 2 and self._portion > 1:
                self._keep(asyncio.create_task(self._take_ahead(world, caller_id, day)))
            return
        async with self._taking:
            if self._use(caller_id, day):
                return
            await self._take(world, caller_id, day)
            if not self._use(caller_id, day):
                tomorrow = datetime.combine(day + timedelta(days=1), time(), HERE)
                detail = f"at most {self.per_day} a day"
                raise _too_many(codes.VERIFICATION_DAY, detail, (tomorrow - now).total_seconds())

    @property
    def _portion(self) -> int:
        return min(_PORTION, max(1, self.per_day // 50))

    def _use(self, caller_id: str, day: date) -> bool:
        of, left = self._left.get(caller_id, (day, 0))
        if of != day or left <= 0:
            return False
        self._left[caller_id] = (day, left - 1)
        return True

    async def _take_ahead(self, world: World, caller_id: str, day: date) -> None:
        """What keeps a portion from being taken, those hear who need it."""
        async with self._taking:
            with suppress(Refusal):
                await self._take(world, caller_id, day)

    async def _take(self, world: World, caller_id: str, day: date) -> None:
        """A portion more, or the single questions that are left, if any is."""
        async with world.db.hot() as connection:
            for portion in (self._portion, 1):
                if await question_limits.take(connection, caller_id, day, portion, self.per_day):
                    self._left = {name: each for name, each in self._left.items() if each[0] == day}
                    _, left = self._left.get(caller_id, (day, 0))
                    self._left[caller_id] = (day, left + portion)
                    return

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def check_pupil(self, asked_before: int) -> None:
        """Raises Refusal(verification-pupil) when the caller has asked about the pupil too often within a day."""
        if asked_before >= self.per_pupil:
            detail = f"at most {self.per_pupil} questions about a pupil a day"
            raise _too_many(codes.VERIFICATION_PUPIL, detail, _DAY_SECONDS)


async def check_standing(world: World, caller_id: str, now: datetime) -> None:
    """Raises Refusal(verification-enumeration) while the caller is paused, before it asks anything."""
    async with world.db.hot() as connection:
        standing = await question_limits.misses(connection, caller_id)
    check_pause(standing, now)


def check_pause(standing: Misses, now: datetime) -> None:
    """Raises Refusal(verification-enumeration) while the caller is paused."""
    left = standing.pause_left(now)
    if left:
        detail = f"after {misses.IN_A_ROW} in a row or {misses.IN_AN_HOUR} in an hour"
        raise _too_many(codes.VERIFICATION_ENUMERATION, detail, left)


async def count_answer(
    tx: Hot, caller_id: str, standing: Misses | None, *, found: bool, now: datetime
) -> tuple[Misses, bool]:
    """Count a question that found something, or nothing. The state before it, and whether a pause begins with it. `standing`: as it
    was found, which is good enough for what found something; None when others are being counted, and are waited for.

    Whoever has been paused since it asked gets no answer either: `check_pause` on the state before, after the commit.
    """
    if found and standing is not None and not standing.in_a_row:
        return standing, False
    before = await question_limits.lock_misses(tx, caller_id, now)
    after = misses.after_hit(before) if found else misses.after_miss(before, now)
    if after != before:
        await question_limits.keep_misses(tx, caller_id, after)
    return before, after.paused_until != before.paused_until


def threshold_refusal(since: datetime, days: int, now: datetime) -> Refusal:
    """The refusal of a second threshold, with the seconds until the first one no longer counts."""
    return _too_many(
        codes.VERIFICATION_THRESHOLD,
        f"one threshold for a result and a pupil in {days} days",
        (since + timedelta(days=days) - now).total_seconds(),
    )


def _too_many(code: Code, detail: str, seconds: float) -> Refusal:
    return Refusal(code, [Finding(code, "", detail)], retry_after=max(1, math.ceil(seconds)))
