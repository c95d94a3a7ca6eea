"""Contacts of schools as rows: a change is a new row, of one place the newest counts."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import func, insert, select, text

from registry.core.contacts import Contact
from registry.storage.database import Reading, Writing
from registry.storage.tables_reminders import school_contact

#: Any constant will do, so long as nobody else takes the same advisory lock.
_WRITING = 7_140_216_311
_ROWS_AT_ONCE = 1000


async def write_alone(tx: Writing) -> None:
    """Until the transaction ends nobody else changes contacts: periods must not begin to overlap behind a comparison."""
    await tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _WRITING})


async def of_schools(tx: Reading, schools: Collection[str]) -> list[Contact]:
    """Every contact of these schools, past and present, by school, role and beginning."""
    c = school_contact.c
    query = (
        select(c.school_code, c.role, c.phone, c.email, c.valid_from, c.valid_to)
        .distinct(c.school_code, c.role, c.valid_from)
        .where(c.school_code == func.any(list(schools)))
        .order_by(c.school_code, c.role, c.valid_from, c.set_at.desc())
    )
    return [Contact(*row) for row in await tx.execute(query)]


async def newest_change(tx: Reading) -> datetime | None:
    """When contacts were changed last."""
    found: datetime | None = (await tx.execute(select(func.max(school_contact.c.set_at)))).scalar_one()
    return found


async def add(tx: Writing, contacts: Iterable[Contact], set_at: datetime, source: str, caller_id: str | None) -> None:
    """Let these contacts hold from `set_at` on."""
    values = [
        {
            "school_code": each.school_code,
            "role": each.role,
            "valid_from": each.valid_from,
            "set_at": set_at,
            "valid_to": each.valid_to,
            "phone": each.phone,
            "email": each.email,
            "source": source,
            "caller_id": caller_id,
        }
        for each in contacts
    ]
    for start in range(0, len(values), _ROWS_AT_ONCE):
        await tx.execute(insert(school_contact), values[start : start + _ROWS_AT_ONCE])
