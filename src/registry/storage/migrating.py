"""Bringing a database to this version's schema with Alembic. No tables are named here."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, pool, text
from sqlalchemy.ext.asyncio import create_async_engine

from registry.storage import database

#: Two services that start together must not migrate together (any constant will do).
_LOCK = 7_140_216_301


def script_folder() -> Path:
    """Where the migrations lie: inside an installed package, or at the top of a checkout."""
    package = Path(str(resources.files("registry")))
    installed = package / "_migrations"
    return installed if installed.is_dir() else package.parents[1] / "migrations"


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(script_folder()))
    config.set_main_option("path_separator", "os")
    if connection is not None:
        config.attributes["connection"] = connection
    return config


def newest() -> str:
    """The revision this version of the service expects."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None, "a checkout without migrations"
    return head


async def upgrade(owner_url: str) -> None:
    """Bring the database to the newest revision; `owner_url` names a role that owns the schema."""
    await _on(owner_url, lambda connection: command.upgrade(_config(connection), "head"))


async def check(owner_url: str) -> None:
    """Raise when the tables in code and in the database differ (alembic's own comparison)."""
    await _on(owner_url, lambda connection: command.check(_config(connection)))


async def _on(owner_url: str, step: object) -> None:
    engine = create_async_engine(database.async_url(owner_url), poolclass=pool.NullPool)
    try:
        async with engine.connect() as connection:
            await connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK})
            await connection.commit()
            await connection.run_sync(step)  # type: ignore[arg-type]
            await connection.commit()
            await connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _LOCK})
            await connection.commit()
    finally:
        await engine.dispose()
