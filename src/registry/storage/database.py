"""The database as the use cases see it: `transaction()` to write, `snapshot()` to read.

A use case owns the transaction; store functions take `Writing` or `Reading` first and never commit. The pool is opened
by the first use and heals by itself, so an absent database is a refusal (503), never an exit.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NewType, TypeAlias

import asyncpg
from sqlalchemy import event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, DisconnectionError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from registry.core import codes
from registry.core.findings import Refusal

#: A connection inside a read-only, repeatable-read transaction.
Reading = NewType("Reading", AsyncConnection)
#: A connection inside a read-write transaction; usable wherever a `Reading` is.
Writing = NewType("Writing", Reading)
#: The driver's connection; whether inside a transaction, `hot` and `hot_transaction` say.
Hot: TypeAlias = asyncpg.Connection

#: The role without ownership that the service works under (least privilege); the migrations grant it its rights.
SERVICE_ROLE = "registry_service"
_ABSENT_RETRY_SECONDS = 2
#: What the driver says of a connection that is gone; the second when the server's last words came while nobody waited for any.
_BROKEN_CONNECTION = (asyncpg.InterfaceError, asyncpg.InternalClientError)


class Database:
    """A lazily opened pool on one PostgreSQL."""

    def __init__(self, url: str, *, pool_size: int = 3, role: str | None = SERVICE_ROLE) -> None:
        settings = {"application_name": "registry", "timezone": "UTC", "jit": "off"}
        if role is not None:
            settings["role"] = role
        self.url: URL = async_url(url)
        self.engine: AsyncEngine = create_async_engine(
            self.url,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=10,
            pool_pre_ping=False,
            pool_reset_on_return=None,  # every use below ends its own transaction
            connect_args={"server_settings": settings, "timeout": 5, "command_timeout": 30},
        )
        event.listen(self.engine.sync_engine, "checkout", _drop_if_dead)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Writing]:
        """A read-write transaction: commits when the block ends well, else rolls back.

        Raises Refusal(service-database) when the server is away; other database errors pass through.
        """
        async with self._connection() as connection, connection.begin():
            yield Writing(Reading(connection))

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Reading]:
        """A read-only repeatable-read transaction: every query inside sees the same moment."""
        async with self._connection() as connection, connection.begin():
            await connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
            yield Reading(connection)

    @asynccontextmanager
    async def hot_transaction(self) -> AsyncIterator[Hot]:
        """A read-write transaction at the driver's level, for the measured hot paths of this folder only."""
        async with self.hot() as raw, raw.transaction():
            yield raw

    @asynccontextmanager
    async def hot(self) -> AsyncIterator[Hot]:
        """The same without a transaction: each statement is one of its own, and saves two ways to the server."""
        async with self._connection() as connection:
            raw = (await connection.get_raw_connection()).driver_connection
            assert isinstance(raw, asyncpg.Connection)
            yield raw

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[AsyncConnection]:
        try:
            async with self.engine.connect() as connection:
                yield connection
        except PoolTimeout as error:
            raise Refusal(codes.SERVICE_BUSY, retry_after=1) from error
        except (OSError, asyncpg.PostgresError, *_BROKEN_CONNECTION, DBAPIError) as error:
            if is_absence(error):
                raise Refusal(codes.SERVICE_DATABASE, retry_after=_ABSENT_RETRY_SECONDS) from error
            raise

    async def close(self) -> None:
        """Close every connection of the pool."""
        await self.engine.dispose()


def async_url(url: str) -> URL:
    """A SQLAlchemy URL with the asyncpg driver from any PostgreSQL URL ("postgres://", "postgresql://")."""
    parsed = make_url(url.replace("postgres://", "postgresql://", 1))
    return parsed.set(drivername="postgresql+asyncpg")


def is_absence(error: Exception) -> bool:
    """True when the error means that the server is away or leaving, not that a statement is wrong."""
    if isinstance(error, (OSError, *_BROKEN_CONNECTION, InterfaceError, OperationalError)):
        return True
    origin = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(getattr(origin, "__cause__", None) or origin, asyncpg.InternalClientError):
        return True  # the driver lost the thread of a conversation that was cut in the middle
    state = str(getattr(origin, "sqlstate", None) or "")
    # Class 08 connection, 57P0x shutdown and start-up, 53300 too many connections, 25006 read-only after a fail-over.
    return state.startswith(("08", "57P0")) or state in {"53300", "25006"}


def _drop_if_dead(_dbapi: object, record: ConnectionPoolEntry, _proxy: object) -> None:
    """At check-out: a connection whose server went away is replaced at once, without a question over the wire."""
    driver = getattr(record.dbapi_connection, "driver_connection", None)
    if driver is not None and driver.is_closed():
        raise DisconnectionError("the server closed this connection")
