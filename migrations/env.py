"""Alembic's environment: runs on the connection that `registry.storage.migrating` hands over, or on DATABASE_URL."""

from __future__ import annotations

import asyncio
import os

from alembic import context
from sqlalchemy import Connection, pool
from sqlalchemy.ext.asyncio import create_async_engine

from registry.storage import database, schema


def _include(name: str | None, kind: str, _parents: object) -> bool:
    """Leave the queue's own tables (PgQueuer) out of the comparison: their shape belongs to that library."""
    return not (kind == "table" and name is not None and name.startswith("pgqueuer"))


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=schema.metadata,
        compare_type=True,
        include_name=_include,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


async def _run_on(url: str) -> None:
    engine = create_async_engine(database.async_url(url), poolclass=pool.NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(_run)
        await connection.commit()
    await engine.dispose()


given = context.config.attributes.get("connection")
if context.is_offline_mode():
    context.configure(dialect_name="postgresql", target_metadata=schema.metadata, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
elif isinstance(given, Connection):
    _run(given)
else:
    asyncio.run(_run_on(os.environ["DATABASE_URL"]))
