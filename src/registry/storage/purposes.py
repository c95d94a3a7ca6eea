"""The operator's purposes as rows: added, never changed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from registry.storage.database import Reading, Writing
from registry.storage.tables_answers import purpose

#: Code, moment from which it counts, and what it allows.
Row = tuple[str, datetime, Mapping[str, Any]]


async def load(tx: Reading) -> list[Row]:
    """Every row, by code and moment."""
    p = purpose.c
    rows = await tx.execute(select(p.purpose, p.valid_from, p.content).order_by(p.purpose, p.valid_from))
    return [(row.purpose, row.valid_from, row.content) for row in rows]


async def add(tx: Writing, row: Row, now: datetime) -> bool:
    """Add a row; False where there is one of that code and moment, which stays as it is."""
    values = {"purpose": row[0], "valid_from": row[1], "content": dict(row[2]), "imported_at": now}
    added = insert(purpose).values(values).on_conflict_do_nothing().returning(purpose.c.purpose)
    return (await tx.execute(added)).first() is not None
