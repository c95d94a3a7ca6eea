"""What the service asks the database about itself: its schema, its waiting documents, its queue. And the queue's connection."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

import asyncpg
from alembic.script import ScriptDirectory
from sqlalchemy import DateTime, bindparam, func, select, text

from registry.storage import migrating
from registry.storage.database import Database, Reading, Writing
from registry.storage.tables import waiting


async def revision(tx: Reading) -> str | None:
    """The schema's revision; None when the database has no schema of ours yet."""
    there = (await tx.execute(text("SELECT to_regclass('alembic_version') IS NOT NULL"))).scalar_one()
    if not there:
        return None
    return (await tx.execute(text("SELECT version_num FROM alembic_version"))).scalar_one_or_none()


def older_revisions() -> frozenset[str]:
    """The revisions of the schema that came before the one this version of the service expects."""
    script = ScriptDirectory(str(migrating.script_folder()))
    return frozenset(found.revision for found in script.walk_revisions()) - {migrating.newest()}


async def count_waiting(tx: Reading) -> int:
    """How many held documents wait to be judged again."""
    return int((await tx.execute(select(func.count()).select_from(waiting))).scalar_one())


async def waiting_on_revocation(tx: Reading) -> dict[bytes, int]:
    """How many held documents wait for revocation data, by each certificate on their signatures' paths (SHA-256)."""
    query = text(
        "SELECT path.fingerprint, count(DISTINCT v.submission_id) AS documents"
        " FROM waiting w JOIN verdict v ON v.submission_id = w.submission_id"
        " CROSS JOIN LATERAL jsonb_array_elements(v.evidence -> 'signatures') AS signature"
        " CROSS JOIN LATERAL jsonb_array_elements_text(signature -> 'path') AS path(fingerprint)"
        ' WHERE v.findings @> \'[{"code": "revocation-unknown"}]\' GROUP BY 1'
    )
    return {bytes.fromhex(row.fingerprint): row.documents for row in await tx.execute(query)}


async def clean_queue_log(tx: Writing, before: datetime) -> int:
    """Delete what the queue has logged and counted before a moment; returns how many log rows went."""
    moment = bindparam("before", before, type_=DateTime(timezone=True))
    gone = await tx.execute(text("DELETE FROM pgqueuer_log WHERE created < :before").bindparams(moment))
    await tx.execute(text("DELETE FROM pgqueuer_statistics WHERE created < :before").bindparams(moment))
    return int(gone.rowcount)


@asynccontextmanager
async def queue_connection(db: Database) -> AsyncIterator[asyncpg.Connection]:
    """A driver connection of the pool for as long as the block lasts: the queue listens on it for notifications."""
    async with db.engine.connect() as connection:
        raw = (await connection.get_raw_connection()).driver_connection
        assert isinstance(raw, asyncpg.Connection)
        try:
            yield raw
        finally:
            await connection.invalidate()  # it may still listen, which nobody else in the pool expects
