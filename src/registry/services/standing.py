"""Keeping the counts of completeness ready, and the comparison of what is kept with what the rows say."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from registry.services.world import World
from registry.storage import standing

_SCHOOLS_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Comparison:
    """How many pupils' histories were compared, how many differ, and the (school year, school) where they or the sums do."""

    pupils: int
    differing: int
    schools: tuple[tuple[str, str], ...]

    @property
    def good(self) -> bool:
        """Whether everything that is kept is what the rows say."""
        return not self.schools


async def settle_all(world: World, stop: asyncio.Event | None = None) -> int:
    """Count everybody again who is marked, some at a time, each time in a transaction of its own; gives the number of turns."""
    turns = 0
    while stop is None or not stop.is_set():
        async with world.db.hot() as connection:
            if not await standing.waiting(connection):
                break
        async with world.db.hot_transaction() as tx:
            if not await standing.settle(tx):
                break
        turns += 1
    return turns


async def compare(world: World, say: Callable[[int, int], None] = lambda _done, _of: None) -> Comparison:
    """Compare the kept history of every pupil, at every moment of it, and every sum, with what the rows say.

    Pupils that wait to be counted are left out. `say` hears how many schools of how many are done.
    """
    schools = sorted((await world.known()).index.trust.schools)
    async with world.db.snapshot() as tx:
        years = await standing.years(tx)
    pupils, differing, where, done = 0, 0, list[tuple[str, str]](), 0
    for year in years:
        for start in range(0, len(schools), _SCHOOLS_AT_ONCE):
            some = schools[start : start + _SCHOOLS_AT_ONCE]
            async with world.db.snapshot() as tx:
                found = await standing.check(tx, some, year)
            pupils, differing, done = pupils + found.pupils, differing + found.differing, done + len(some)
            where += [(year, school) for school in found.schools]
            say(done, len(schools) * len(years))
    return Comparison(pupils, differing, tuple(where))


async def count_again(world: World, comparison: Comparison) -> None:
    """Have what is kept of the schools that differ made again."""
    by_year: dict[str, list[str]] = {}
    for year, school in comparison.schools:
        by_year.setdefault(year, []).append(school)
    async with world.db.transaction() as tx:
        for year, schools in by_year.items():
            await standing.forget(tx, schools, year)
