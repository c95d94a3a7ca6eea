"""The database as the use cases see it: `transaction()` to write, `snapshot()` to read.

A use case owns the transaction; store functions take `Writing` or `Reading` first and never commit. The pool is opened
by the first use and heals by itself, so an absent database is a refusal (503), never an exit.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NewType

import asyncpg
from sqlalchemy import text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from registry.core import codes
from registry.core.findings import Refusal

#: A connection inside a read-only, repeatable-read transaction.
Reading = NewType("Reading", AsyncConnection)
#: A connection inside a read-write transaction; usable wherever a `Reading` is.
Writing = NewType("Writing", Reading)

#: The role without ownership that the service works under (least privilege); the migrations grant it its rights.
SERVICE_ROLE = "registry_service"
_ABSENT_RETRY_SECONDS = 2


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
    async def _connection(self) -> AsyncIterator[AsyncConnection]:
        try:
            async with self.engine.connect() as connection:
                yield connection
        except PoolTimeout as error:
            raise Refusal(codes.SERVICE_BUSY, retry_after=1) from error
        except (OSError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError) as error:
            raise Refusal(codes.SERVICE_DATABASE, retry_after=_ABSENT_RETRY_SECONDS) from error
        except DBAPIError as error:
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


def is_absence(error: DBAPIError) -> bool:
    """True when the error means that the server is away or leaving, not that a statement is wrong."""
    if error.connection_invalidated or isinstance(error, InterfaceError):
        return True
    state = str(getattr(error.orig, "sqlstate", None) or "")
    # Class 08 connection, 57P0x shutdown and start-up, 53300 too many connections, 25006 read-only after a fail-over.
    return state.startswith(("08", "57P0")) or state in {"53300", "25006"} or isinstance(error, OperationalError)


async def driver(tx: Reading) -> Any:
    """The asyncpg connection inside the transaction, for the measured hot paths of this folder only.

    Returns `asyncpg.Connection`; typed Any because the pool hands out a proxy.
    """
    raw = await tx.get_raw_connection()
    return raw.driver_connection
