"""Two who are in each other's way, step by step: stop one at a row or lock that somebody holds, and see when it waits there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from registry.services.world import World
from tests.conftest import Urls


@asynccontextmanager
async def stopped(urls: Urls, statement: str, *arguments: object) -> AsyncIterator[None]:
    """Everybody who needs the rows of this statement waits inside this block; in the end nothing has happened to them."""
    holder = await asyncpg.connect(dsn=urls.owner.replace("+asyncpg", ""))
    try:
        begun = holder.transaction()
        await begun.start()
        await holder.execute(statement, *arguments)
        yield
        await begun.rollback()
    finally:
        await holder.close()


async def waiting(world: World, number: int) -> None:
    """Until so many statements of this database wait for somebody's lock."""
    for _ in range(500):
        async with world.db.hot() as tx:
            found = await tx.fetchval(
                "SELECT count(DISTINCT l.pid) FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
                " WHERE NOT l.granted AND a.datname = current_database()"
            )
        if found >= number:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"never {number} waiting")
