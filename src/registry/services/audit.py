"""The chain of who looked is made here, and checked: whoever edits, removes or adds a row of the record is found out."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from registry.core import codes
from registry.core.audit import Break, Walk
from registry.services.limits import HERE
from registry.services.world import World
from registry.storage import audit
from registry.storage.chain_heads import Heads as Heads  # what the edges say where it is noted

log = logging.getLogger(__name__)

#: So many times as long as a batch took: one right behind the other held up every question for a quarter of a second.
_REST = 3


@dataclass(frozen=True, slots=True)
class Head:
    """The last place of the chain: to be noted elsewhere, so that a chain cut off at its end is missed."""

    position: int
    day: date
    hash: bytes


@dataclass(frozen=True, slots=True)
class Report:
    """How far the chain was walked, and what is wrong with it."""

    places: int
    head: Head | None
    breaks: tuple[Break, ...]


async def link_all(world: World, now: datetime, stop: asyncio.Event | None = None, *, at_ease: float = 0.0) -> None:
    """Give every committed question its place in the chain; ends early when `stop` is set.

    For `at_ease` seconds there is a rest after each batch of them, for the sake of those who ask; what is left then goes without.
    """
    more, began = True, time.monotonic()
    while more and not (stop is not None and stop.is_set()):
        batch_began = time.monotonic()
        async with world.db.hot_transaction() as tx:
            more = await audit.link(tx, world.sealer.chain_hash, now.astimezone(HERE).date())
        ended = time.monotonic()
        if more and ended - began < at_ease:
            await asyncio.sleep(_REST * (ended - batch_began))


async def head(world: World) -> Head | None:
    """The last place of the chain."""
    async with world.db.hot() as connection:
        found = await audit.head(connection)
    return None if found is None else Head(*found)


async def note(world: World, heads: Heads) -> bool:
    """Note the last place in a file of this machine, unless the place that was noted last is gone or another one: then False, and
    the file stays as it is, so that `check` finds what was done."""
    noted = next(reversed(heads.load().items()), None)
    async with world.db.hot() as connection:
        last = await audit.head(connection)
        before = None if noted is None else await audit.at(connection, noted[0])
    if noted is not None and (before is None or before[1] != noted[1]):
        log.error("the chain of who looked was cut off or changed: run `registry audit check`")
        return False
    if last is not None and (noted is None or last[0] > noted[0]):
        heads.keep(last[0], last[2], new_day=before is None or last[1] > before[0])
    return True


async def check(world: World, now: datetime, noted: Mapping[int, bytes] | None = None) -> Report:
    """Walk along the whole chain. `noted`: hashes by position, as they were noted before.

    Codes of the breaks: audit-gap, audit-missing, audit-edited, audit-loose, audit-cut (a noted place is gone or another one).
    """
    await link_all(world, now)
    walk, wanted = Walk(world.sealer.chain_hash), frozenset(noted or {})
    while True:
        async with world.db.hot() as connection:
            links = await audit.read(connection, walk.position)
        if not links:
            break
        await asyncio.to_thread(walk.go, links, wanted)
    async with world.db.hot() as connection:
        loose = [Break(codes.AUDIT_LOOSE, None, None, each) for each in await audit.loose(connection)]
    cut = [Break(codes.AUDIT_CUT, at, None, None) for at, kept in (noted or {}).items() if walk.seen.get(at) != kept]
    last = None if not walk.position else Head(walk.position, walk.day, walk.last)
    return Report(walk.position, last, (*walk.breaks, *loose, *cut))
