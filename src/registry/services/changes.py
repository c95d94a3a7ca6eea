"""What changed: one gapless ordered feed for vendors (their schools) and offices (their units), read by position.

A reader remembers the last position it has seen and nothing else. Whatever had been acknowledged before it asks is in the
answer or behind it, never before it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from registry.core import codes
from registry.core.callers import Caller
from registry.core.findings import Finding, Refusal
from registry.services.world import World
from registry.storage import changes
from registry.storage.changes import Change

MOST_ROWS = 1000
_LARGEST_POSITION = 2**62


@dataclass(frozen=True, slots=True)
class Page:
    """Changes in order; `next` is what to ask behind the next time, `more` says that the next page is there already."""

    changes: tuple[Change, ...]
    next: int
    more: bool


async def read(world: World, caller: Caller, after: int, limit: int) -> Page:
    """The changes of the caller's schools behind a position (0: from the beginning), at most `limit`.

    A position that no answer can have told is refused, not waited for: what comes meanwhile would be missed without a word.
    Raises Refusal: request-parameter (after, limit).
    """
    if not 0 <= after <= _LARGEST_POSITION:
        raise _wrong("after", "`next` of the page before, or 0")
    if not 1 <= limit <= MOST_ROWS:
        raise _wrong("limit", f"1 to {MOST_ROWS}")
    await number_all(world)
    async with world.db.hot() as tx:
        found = await changes.read(tx, after, caller.schools, limit + 1)
        if not found and after > await changes.last(tx):
            raise _wrong("after", "`next` of the page before, or 0; this one is behind the end of the feed")
    rows = tuple(found[:limit])
    return Page(rows, rows[-1].position if rows else after, len(found) > limit)


async def number_all(world: World, stop: asyncio.Event | None = None) -> None:
    """Give every change that is committed now its position; ends early when `stop` is set."""
    async with world.db.hot() as tx:
        if not await changes.waiting(tx):
            return
    more = True
    while more and not (stop is not None and stop.is_set()):
        async with world.db.hot_transaction() as tx:
            more = await changes.number(tx)


def _wrong(parameter: str, expected: str) -> Refusal:
    return Refusal(codes.REQUEST_PARAMETER, [Finding(codes.REQUEST_PARAMETER, f"/query/{parameter}", expected)])
