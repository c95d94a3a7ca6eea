"""Limits on questions that all processes share: misses and pauses, portions of a day, thresholds of claims, used nonces."""

from __future__ import annotations

from datetime import date, datetime

from registry.core.misses import Misses
from registry.storage.database import Hot

#: The row stays locked until the transaction ends: misses of one caller are counted one after the other, hits never wait.
_LOCK_MISSES = """
INSERT INTO caller_miss AS m (caller_id, in_a_row, hour, in_hour, day, pauses) VALUES ($1, 0, $2, 0, $3, 0)
ON CONFLICT (caller_id) DO UPDATE SET in_a_row = m.in_a_row
RETURNING in_a_row, hour, in_hour, day, pauses, paused_until
"""
_MISSES = "SELECT in_a_row, hour, in_hour, day, pauses, paused_until FROM caller_miss WHERE caller_id = $1"
_KEEP_MISSES = """
UPDATE caller_miss SET in_a_row = $2, hour = $3, in_hour = $4, day = $5, pauses = $6, paused_until = $7 WHERE caller_id = $1
"""

_TAKE = """
INSERT INTO question_budget AS b (day, caller_id, taken) VALUES ($1, $2, $3)
ON CONFLICT (day, caller_id) DO UPDATE SET taken = b.taken + $3 WHERE b.taken + $3 <= $4
RETURNING taken
"""


async def misses(tx: Hot, caller_id: str) -> Misses:
    """Where the caller stands now."""
    row = await tx.fetchrow(_MISSES, caller_id)
    return Misses() if row is None else Misses(*row)


async def lock_misses(tx: Hot, caller_id: str, now: datetime) -> Misses:
    """Where the caller stands, kept from everybody else until the transaction ends."""
    row = await tx.fetchrow(_LOCK_MISSES, caller_id, now, now.date())
    assert row is not None, "the row is there or is made"
    return Misses(*row)


async def keep_misses(tx: Hot, caller_id: str, misses: Misses) -> None:
    """Write down where the caller stands now."""
    kept = (misses.in_a_row, misses.hour, misses.in_hour, misses.day, misses.pauses, misses.paused_until)
    await tx.execute(_KEEP_MISSES, caller_id, *kept)


async def take(tx: Hot, caller_id: str, day: date, portion: int, most: int) -> bool:
    """Take so many questions of the caller's day; False, with nothing taken, when that would be more than `most` in all."""
    return portion <= most and await tx.fetchval(_TAKE, day, caller_id, portion, most) is not None


async def forget_nonces(tx: Hot, now: datetime) -> None:
    """Delete the nonces of answers that have expired."""
    await tx.execute("DELETE FROM answer_nonce WHERE expires_at < $1", now)
