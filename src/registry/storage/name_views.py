"""Who saw names of pupils, as rows: added, never changed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, insert, select, tuple_

from registry.storage.database import Reading, Writing
from registry.storage.tables_sessions import name_view

#: Where a view stands in the order of time.
Place = tuple[datetime, UUID]


@dataclass(frozen=True, slots=True)
class View:
    """One answer with names: how many, on which screen, of which unit; to a person on a page, or to a caller of the API."""

    view_id: UUID
    at: datetime
    person_id: str | None
    screen: str
    unit_code: str
    school_year: str | None
    names: int
    caller_id: str | None = None

    @property
    def viewer(self) -> str:
        """Who saw them."""
        return self.person_id or self.caller_id or ""


async def add(tx: Writing, view: View) -> None:
    """Write a view down."""
    await tx.execute(insert(name_view).values(asdict(view)))


async def newest(tx: Reading, person_id: str | None, most: int) -> list[View]:
    """The newest views, of everybody or of one person."""
    wanted = select(name_view).order_by(name_view.c.at.desc(), name_view.c.view_id.desc()).limit(most)
    if person_id is not None:
        wanted = wanted.where(name_view.c.person_id == person_id)
    return [View(*row) for row in await tx.execute(wanted)]


async def of_units(
    tx: Reading, units: Collection[str], viewer: str | None, after: Place | None, most: int
) -> list[View]:
    """Views of names of these units behind a place, the newest first; of everybody, or of one person or caller."""
    v = name_view.c
    wanted = select(name_view).where(v.unit_code == func.any(sorted(units)))
    return await _paged(
        tx, wanted if viewer is None else wanted.where((v.person_id == viewer) | (v.caller_id == viewer)), after, most
    )


async def of_caller(tx: Reading, caller_id: str, after: Place | None, most: int) -> list[View]:
    """What one caller of the API saw, as `of_units`."""
    return await _paged(tx, select(name_view).where(name_view.c.caller_id == caller_id), after, most)


async def _paged(tx: Reading, wanted: Select[Any], after: Place | None, most: int) -> list[View]:
    v = name_view.c
    if after is not None:
        wanted = wanted.where(tuple_(v.at, v.view_id) < tuple_(*after))
    rows = await tx.execute(wanted.order_by(v.at.desc(), v.view_id.desc()).limit(most))
    return [View(*row) for row in rows]
