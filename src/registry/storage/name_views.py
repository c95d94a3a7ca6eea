"""Who saw names of pupils, as rows: added, never changed."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, select

from registry.storage.database import Reading, Writing
from registry.storage.tables_sessions import name_view


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
