"""What the service asks the database about itself: its schema, its waiting documents, its queue. And the queue's connection."""

from __future__ import annotations

from datetime import datetime

import asyncpg
from sqlalchemy import DateTime, bindparam, func, select, text

from registry.storage.database import Database, Reading, Writing
from registry.storage.tables import waiting


async def revision(tx: Reading) -> str | None:
    """The schema's revision; None when the database has no schema of ours yet."""
    there = (await tx.execute(text("SELECT to_regclass('alembic_version') IS NOT NULL"))).scalar_one()
    if not there:
        return None
    return (await tx.execute(text("SELECT version_num FROM alembic_version"))).scalar_one_or_none()


async def count_waiting(tx: Reading) -> int:
    """How many held documents wait to be judged again."""
    return int((await tx.execute(select(func.count()).select_from(waiting))).scalar_one())


async def clean_queue_log(tx: Writing, before: datetime) -> int:
    """Delete what the queue has logged and counted before a moment; returns how many log rows went."""
    moment = bindparam("before", before, type_=DateTime(timezone=True))
    gone = await tx.execute(text("DELETE FROM pgqueuer_log WHERE created < :before").bindparams(moment))
    await tx.execute(text("DELETE FROM pgqueuer_statistics WHERE created < :before").bindparams(moment))
    return int(gone.rowcount)  # type: ignore[attr-defined]


async def queue_connection(db: Database, role: str) -> asyncpg.Connection:
    """A driver connection of its own for the queue, outside of the pool: it listens for notifications as long as it lasts."""
    url = db.url.set(drivername="postgresql").render_as_string(hide_password=False)
    settings = {"application_name": "registry work", "timezone": "UTC", "jit": "off", "role": role}
    return await asyncpg.connect(url, timeout=5, command_timeout=30, server_settings=settings)
