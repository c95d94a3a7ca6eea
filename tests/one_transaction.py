"""A database of one connection in one transaction that never ends well: what was done in it is taken back to a mark.

For tests that look at many orders of the same arrivals: what two orders begin with is done once, and taking it back costs next to
nothing. The use cases run as always, on the same statements, constraints and triggers; what needs several connections, they can't.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from registry.storage.database import Database, Hot, Reading, Writing


class OneTransaction(Database):
    """Everything through one connection; open it with `opened`."""

    _one: AsyncConnection
    _driver: Hot

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[OneTransaction]:
        """The transaction, rolled back at the end."""
        async with self.engine.connect() as connection:
            await connection.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))  # begins, and defers nothing to a commit
            raw = await connection.get_raw_connection()
            driver = raw.driver_connection
            assert driver is not None
            self._one, self._driver = connection, driver
            yield self
            await connection.rollback()
        await self.close()

    @asynccontextmanager
    async def taken_back(self) -> AsyncIterator[None]:
        """What is done inside is undone when the block ends."""
        undone = self._driver.transaction()
        await undone.start()
        yield
        await undone.rollback()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Writing]:
        """All or nothing, within the one transaction."""
        async with self._driver.transaction():
            yield Writing(Reading(self._one))

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Reading]:
        """Nobody else writes here."""
        yield Reading(self._one)

    @asynccontextmanager
    async def hot(self) -> AsyncIterator[Hot]:
        """The connection itself."""
        yield self._driver
