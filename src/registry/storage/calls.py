"""Calls that an office noted, as rows: added, never changed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict

from sqlalchemy import func, insert, select

from registry.core.calls import Call
from registry.storage.database import Reading, Writing
from registry.storage.tables_reminders import school_call

_c = school_call.c


async def add(tx: Writing, call: Call) -> None:
    """Note a call."""
    await tx.execute(insert(school_call).values(asdict(call)))


async def newest(tx: Reading, schools: Collection[str]) -> dict[str, Call]:
    """The last call to each of these schools that was called."""
    query = (
        select(_c.call_id, _c.school_code, _c.at, _c.caller_id, _c.note)
        .distinct(_c.school_code)
        .where(_c.school_code == func.any(list(schools)))
        .order_by(_c.school_code, _c.at.desc(), _c.call_id.desc())
    )
    return {row.school_code: Call(*row) for row in await tx.execute(query)}
