"""A database of one connection in one transaction that never ends well: what was done in it is taken back to a mark.

For tests that look at many orders of the same arrivals: what two orders begin with is done once, and taking it back costs next to
nothing. The use cases run as always, on the same statements, constraints and triggers; what needs several connections, they can't.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from registry.storage.database import Database, Hot, Reading, Writing


class OneTransaction(Database):
    """Everything through one connection, one task after the other; open it with `opened`."""

    _one: AsyncConnection
    _driver: Hot
    _turn: asyncio.Lock
    _user: asyncio.Task[Any] | None = None

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        """The register is looked at behind a submission's back: that has to wait until the connection is free."""
        me = asyncio.current_task()
        if self._user is me:
            yield
            return
        async with self._turn:
            self._user = me
            try:
                yield
            finally:
                self._user = None

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[OneTransaction]:
        """The transaction, rolled back at the end."""
        async with self.engine.connect() as connection:
            await connection.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))  # begins, and defers nothing to a commit
            raw = await connection.get_raw_connection()
            driver = raw.driver_connection
            assert driver is not None
            self._one, self._driver, self._turn = connection, driver, asyncio.Lock()
            yield self
            async with self._alone():
                await connection.rollback()
        await self.close()

    @asynccontextmanager
    async def taken_back(self) -> AsyncIterator[None]:
        """What is done inside is undone when the block ends."""
        undone = self._driver.transaction()
        async with self._alone():
            await undone.start()
        yield
        async with self._alone():
            await undone.rollback()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Writing]:
        """All or nothing, within the one transaction."""
        async with self._alone(), self._driver.transaction():
            yield Writing(Reading(self._one))

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Reading]:
        """Nobody else writes here."""
        async with self._alone():
            yield Reading(self._one)

    @asynccontextmanager
    async def hot(self) -> AsyncIterator[Hot]:
        """The connection itself."""
        async with self._alone():
            yield self._driver
