"""Who looked at a pupil's records: for the schools the pupil is or was at, for the city, and through them for the family.

The look at this record is itself written down before it is answered. Pupils are named by their pupil code: a personal number stands
in no address. Another school's pupil and a code that nobody has are one answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from registry.core import codes, purposes, shares
from registry.core.audit import Look
from registry.core.callers import Caller
from registry.core.findings import Refusal
from registry.core.tables_out import Cell, Column, FileKind, TableOut
from registry.core.views import OWN_PURPOSES, View, Viewer, as_text, viewer
from registry.services import own_looks, tables_out
from registry.services.limits import HERE
from registry.services.tables_out import File
from registry.services.world import Known, World
from registry.storage import audit, pupils

_AT_ONCE = 10_000
_COLUMNS = (
    Column("Thời điểm", 20), Column("Loại người xem", 14), Column("Cơ quan", 30), Column("Mã cơ quan", 20), Column("Việc tra cứu", 30), Column("Mục đích", 30),
    Column("Thủ tục", 30), Column("Năm học", 12), Column("Chi tiết", 40), Column("Kết quả", 24),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Page:
    """Looks, newest first; `next` is the one to go on before, None on the last page."""

    views: tuple[View, ...]
    next: UUID | None


async def page(world: World, caller: Caller, pupil_code: str, before: UUID | None, limit: int, now: datetime) -> Page:
    """One page of who looked. Raises Refusal: pupil-unknown, service-busy, service-database."""
    looks = await _looks(world, caller, await _group(world, caller, pupil_code), before, limit + 1, now)
    known = await world.known()
    shown = tuple(_view(known, look) for look in looks[:limit])
    return Page(shown, shown[-1].look.question_id if len(looks) > limit else None)


async def text(world: World, caller: Caller, pupil_code: str, now: datetime) -> str:
    """All of it as a plain text for the family, Vietnamese first. Raises as `page` does."""
    return as_text(pupil_code, await _all(world, caller, pupil_code, now), now, HERE)


async def table(world: World, caller: Caller, pupil_code: str, now: datetime) -> File:
    """All of it as a CSV file. Raises as `page` does."""
    rows = [_cells(view) for view in await _all(world, caller, pupil_code, now)]
    return await tables_out.file_of(TableOut("Ai đã tra cứu", _COLUMNS, rows), FileKind.CSV, now)


async def _all(world: World, caller: Caller, pupil_code: str, now: datetime) -> tuple[View, ...]:
    """Page after page to the end: whoever opens a public page ten thousand times hides no office behind it."""
    group = await _group(world, caller, pupil_code)
    looks = await _looks(world, caller, group, None, _AT_ONCE, now)
    found, known = list(looks), await world.known()
    while len(looks) == _AT_ONCE:
        async with world.db.hot() as connection:
            looks = await audit.views(connection, group, looks[-1].question_id, _AT_ONCE)
        found += looks
    return tuple(_view(known, look) for look in found)


async def _looks(
    world: World, caller: Caller, group: Sequence[UUID], before: UUID | None, limit: int, now: datetime
) -> list[Look]:
    """The newest of them, after this look is written down."""
    await own_looks.write_down(world, caller, "views", None, group[0], now)
    async with world.db.hot() as connection:
        return await audit.views(connection, group, before, limit)


async def _group(world: World, caller: Caller, pupil_code: str) -> Sequence[UUID]:
    """All that are one with the pupil, if one of the caller's schools has or had any of them."""
    async with world.db.snapshot() as tx:
        pupil_id = await pupils.of_code(tx, pupil_code)
        group = await pupils.group(tx, pupil_id or pupils.NOBODY)
        schools = await pupils.schools_of(tx, group)
    if caller.schools.isdisjoint(schools):
        raise Refusal(codes.PUPIL_UNKNOWN)
    return group


def _view(known: Known, look: Look) -> View:
    office = known.callers.get(look.caller_id)
    kind = viewer(look.caller_id, None if office is None else office.kind)
    titles = OWN_PURPOSES.get(look.purpose) or _titles(known, look, kind)
    return View(look, office.name if office is not None else None, *titles, kind)


def _titles(known: Known, look: Look, kind: Viewer) -> tuple[str, str]:
    shared = shares.PURPOSES.get(look.purpose) if kind is Viewer.SHARE_LINK else None
    if shared is not None:
        return shared.name_vi, shared.name_en
    allowed = purposes.in_force(known.purposes, look.purpose, look.asked_at)
    return (look.purpose, look.purpose) if allowed is None else (allowed.title_vi, allowed.title_en)


def _cells(view: View) -> Sequence[Cell]:
    look = view.look
    return (
        look.asked_at, view.viewer.value, view.office, look.caller_id, view.kind[0], view.purpose_vi, look.reference, look.school_year,
        look.detail, view.outcome[0],
    )  # fmt: skip
