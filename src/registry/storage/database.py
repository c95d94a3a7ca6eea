"""The database as the use cases see it: `transaction()` to write, `snapshot()` to read.

A use case owns the transaction; store functions take `Writing` or `Reading` first and never commit. The pool is opened
by the first use and heals by itself, so an absent database is a refusal (503), never an exit.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import NewType, TypeAlias, cast

import asyncpg
from sqlalchemy import Insert, event, text
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
_ABSENT_RETRY_SECONDS, _BUSY_RETRY_SECONDS = 2, 1
#: How long a request waits for a connection when all are in use.
_WAIT_SECONDS = 10
#: The hot paths find everything by a key. Their statements are planned once: over partitioned tables planning takes ten times as
#: long as the statement. And never by what a table that was nearly empty then looked like.
_BY_KEY = {"plan_cache_mode": "force_generic_plan", "enable_seqscan": "off"}
_FEW = 10
_PLANNED_ONCE = text("SET LOCAL plan_cache_mode = force_generic_plan")
_PLANNED_ANEW = text("SET LOCAL plan_cache_mode = force_custom_plan")
#: What the driver says of a connection that is gone; the second when the server's last words came while nobody waited for any.
_BROKEN_CONNECTION = (asyncpg.InterfaceError, asyncpg.InternalClientError)
#: Two that were in each other's way: a snapshot can't write over what has changed since, and of a deadlock one is undone.
_CONFLICTS = frozenset({"40001", "40P01"})


class Database:
    """Two lazily opened pools on one PostgreSQL: SQLAlchemy's for nearly everything, the driver's own for the hot paths."""

    def __init__(self, url: str, *, pool_size: int = 3, role: str | None = SERVICE_ROLE) -> None:
        settings = {"application_name": "registry", "timezone": "UTC", "jit": "off"}
        if role is not None:
            settings["role"] = role
        self.url: URL = async_url(url)
        connect = {"server_settings": settings, "timeout": 5, "command_timeout": 30}
        self.engine: AsyncEngine = create_async_engine(
            self.url,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=_WAIT_SECONDS,
            pool_pre_ping=False,
            pool_reset_on_return=None,  # every use below ends its own transaction
            connect_args=connect,
        )
        #: The same pool; a transaction begins as what it is, without a statement that says so.
        self._reading = self.engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        address = self.engine.dialect.create_connect_args(self.url)[1]
        self._open_hot = partial(
            asyncpg.create_pool,
            min_size=0,
            max_size=pool_size,
            reset=_nothing,
            **address,
            **{**connect, "server_settings": settings | _BY_KEY},
        )
        self._hot_pool: asyncpg.Pool | None = None
        event.listen(self.engine.sync_engine, "checkout", _drop_if_dead)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Writing]:
        """A read-write transaction: commits when the block ends well, else rolls back.

        Raises Refusal: service-database (the server is away), service-busy (no connection free, or in the way of another
        transaction: nothing is written, and the same again may go through). Other database errors pass through.
        """
        async with self._connection(self.engine) as connection, connection.begin():
            yield Writing(Reading(connection))

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Reading]:
        """A read-only repeatable-read transaction: every query inside sees the same moment."""
        async with self._connection(self._reading) as connection, connection.begin():
            yield Reading(connection)

    @asynccontextmanager
    async def hot_transaction(self) -> AsyncIterator[Hot]:
        """A read-write transaction at the driver's level, for the measured hot paths of this folder only."""
        async with self.hot() as connection, connection.transaction():
            yield connection

    @asynccontextmanager
    async def hot(self) -> AsyncIterator[Hot]:
        """The same without a transaction: each statement is one of its own, and saves two ways to the server."""
        with _refused():
            pool = await self._driver_pool()
            try:  # for one that is there nobody waits: to wait for so long at most takes a task and a timer
                connection = await pool.acquire(timeout=None if pool.get_idle_size() else _WAIT_SECONDS)
            except TimeoutError as error:
                full = pool.get_size() == pool.get_max_size()
                code, pause = (
                    (codes.SERVICE_BUSY, _BUSY_RETRY_SECONDS)
                    if full
                    else (codes.SERVICE_DATABASE, _ABSENT_RETRY_SECONDS)
                )
                raise Refusal(code, retry_after=pause) from error
            try:
                yield cast("Hot", connection)  # a proxy with all the methods of one
            finally:
                await pool.release(connection)

    async def _driver_pool(self) -> asyncpg.Pool:
        """Without a connection to begin with, so that opening it can't fail."""
        if self._hot_pool is None:
            self._hot_pool = self._open_hot()
            await self._hot_pool
        return self._hot_pool

    @asynccontextmanager
    async def _connection(self, engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
        with _refused():
            async with engine.connect() as connection:
                yield connection

    async def close(self) -> None:
        """Close every connection of both pools."""
        if self._hot_pool is not None:
            await self._hot_pool.close()
            self._hot_pool = None
        await self.engine.dispose()


async def add_all(tx: Writing, statement: Insert, rows: Sequence[Mapping[str, object]]) -> int:
    """Carry out an INSERT with each of the rows as its parameters; how many rows it returned (0 when it returns none).

    Rows as parameters, not as `values(rows)`: that would be another statement for every number of rows, made anew each time.
    """
    if not rows:
        return 0
    result = await tx.execute(statement, list(rows))
    return len(result.all()) if result.returns_rows else 0


async def planned_for(tx: Reading, schools: Collection[str]) -> None:
    """Before a statement about some schools: for a few it is planned once, which takes longer than to carry it out; for many anew.

    A plan for any schools reads a whole city school by school: 2 s instead of 0.15 s.
    """
    await tx.execute(_PLANNED_ONCE if len(schools) <= _FEW else _PLANNED_ANEW)


@contextmanager
def _refused() -> Iterator[None]:
    """Turn what the drivers raise when the server is away, every connection in use, or another in the way, into refusals."""
    try:
        yield
    except PoolTimeout as error:
        raise Refusal(codes.SERVICE_BUSY, retry_after=_BUSY_RETRY_SECONDS) from error
    except (OSError, asyncpg.PostgresError, *_BROKEN_CONNECTION, DBAPIError) as error:
        if is_absence(error):
            raise Refusal(codes.SERVICE_DATABASE, retry_after=_ABSENT_RETRY_SECONDS) from error
        if _sqlstate(error) in _CONFLICTS:
            raise Refusal(codes.SERVICE_BUSY, retry_after=_BUSY_RETRY_SECONDS) from error
        raise


async def _nothing(_connection: object) -> None:
    """What a connection needs before its next use: every use ends its own transaction and changes no setting."""


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
    state = _sqlstate(error)
    # Class 08 connection, 57P0x shutdown and start-up, 53300 too many connections, 25006 read-only after a fail-over.
    return state.startswith(("08", "57P0")) or state in {"53300", "25006"}


def _sqlstate(error: Exception) -> str:
    origin = error.orig if isinstance(error, DBAPIError) else error
    return str(getattr(origin, "sqlstate", None) or "")


def _drop_if_dead(_dbapi: object, record: ConnectionPoolEntry, _proxy: object) -> None:
    """At check-out: a connection whose server went away is replaced at once, without a question over the wire."""
    driver = getattr(record.dbapi_connection, "driver_connection", None)
    if driver is not None and driver.is_closed():
        raise DisconnectionError("the server closed this connection")
