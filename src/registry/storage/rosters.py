"""Rosters as rows: who is expected where, since when and until when, and where each change came from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, insert, select, text, update

from registry.core.rosters import Place, Stay
from registry.storage.database import Reading, Writing
from registry.storage.tables import roster_import, roster_pupil


@dataclass(frozen=True, slots=True)
class Import:
    """One reading-in of a roster: when, from where, by whom (None: by command), and what it changed."""

    import_id: UUID
    place: Place
    source: str
    caller_id: str | None
    received_at: datetime
    joined: int
    left: int
    changed: int


async def lock(tx: Writing, place: Place) -> None:
    """Make other imports of this school and school year wait until this transaction ends."""
    name = f"roster {place.school_year} {place.school_code}"
    await tx.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": name})


async def newest_change(tx: Reading, place: Place) -> datetime | None:
    """When anybody last joined or left a roster of this school and school year."""
    r = roster_pupil.c
    moments = select(func.max(func.greatest(r.joined_at, r.left_at))).where(
        r.school_year == place.school_year, r.school_code == place.school_code
    )
    newest: datetime | None = (await tx.execute(moments)).scalar_one()
    return newest


async def open_stays(tx: Reading, place: Place) -> tuple[dict[str, Stay], frozenset[str]]:
    """The pupils on this roster by code, and the codes on the school's rosters of other grades in that school year."""
    r = roster_pupil.c
    rows = await tx.execute(
        select(r.grade, r.pupil_code, r.class_name, r.pupil_name, r.sex, r.birth_date, r.number_index).where(
            r.school_year == place.school_year, r.school_code == place.school_code, r.left_at.is_(None)
        )
    )
    here: dict[str, Stay] = {}
    elsewhere: set[str] = set()
    for row in rows:
        if row.grade == place.grade:
            here[row.pupil_code] = Stay(*row[1:])
        else:
            elsewhere.add(row.pupil_code)
    return here, frozenset(elsewhere)


async def add_import(tx: Writing, new: Import) -> None:
    """Keep where and when a roster came in."""
    await tx.execute(
        insert(roster_import).values(
            import_id=new.import_id,
            school_code=new.place.school_code,
            school_year=new.place.school_year,
            grade=new.place.grade,
            source=new.source,
            caller_id=new.caller_id,
            received_at=new.received_at,
            joined=new.joined,
            left_=new.left,
            changed=new.changed,
        )
    )


async def end(tx: Writing, place: Place, pupil_codes: Iterable[str], at: datetime) -> None:
    """End the stays of these pupils on the roster."""
    wanted = list(pupil_codes)
    if not wanted:
        return
    r = roster_pupil.c
    here = (r.school_year == place.school_year) & (r.school_code == place.school_code) & r.left_at.is_(None)
    await tx.execute(update(roster_pupil).where(here, r.pupil_code == func.any(wanted)).values(left_at=at))


async def begin(
    tx: Writing, place: Place, stays: Iterable[tuple[Stay, bytes | None]], at: datetime, import_id: UUID
) -> None:
    """Begin these stays, each with its sealed personal number (None: without number)."""
    rows = [
        {
            "school_year": place.school_year,
            "school_code": place.school_code,
            "pupil_code": stay.pupil_code,
            "joined_at": at,
            "grade": place.grade,
            "class_name": stay.class_name,
            "pupil_name": stay.name,
            "sex": stay.sex,
            "birth_date": stay.birth_date,
            "number_index": stay.number_index,
            "number_sealed": sealed,
            "import_id": import_id,
        }
        for stay, sealed in stays
    ]
    if rows:
        await tx.execute(insert(roster_pupil), rows)
