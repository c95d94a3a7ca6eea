"""Pupils without a personal number, or with a refused one: as a list, and as one file for the police.

A file of names never leaves before who took it out, of which unit and with which fingerprint is on record.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from registry.core import codes, ids
from registry.core import units as unit_values
from registry.core.callers import Caller
from registry.core.findings import Finding, Refusal
from registry.core.ids import Sex
from registry.core.numbers import Lacking, Why
from registry.core.tables_out import Cell, Column, FileKind, TableOut
from registry.core.units import MapOf, When
from registry.services import cursors, tables_out
from registry.services.completeness import EVERYBODY, Only
from registry.services.world import World
from registry.storage import number_returns
from registry.storage import numbers as stored
from registry.storage.number_returns import Export as Export  # what the edges show

#: Rows of one page, and of one file; a spreadsheet holds no more.
MOST_ROWS, MOST_EXPORTED = 500, 1_000_000
MOST_LISTED = 200
_SEXES = {Sex.MALE: "Nam", Sex.FEMALE: "Nữ"}
_WHY = {Why.ABSENT: "Chưa có số", Why.REFUSED: "Số bị từ chối"}
_COLUMNS = (
    Column("STT", 6), Column("Mã trường", 12), Column("Tên trường", 36), Column("Mã học sinh", 14), Column("Họ và tên", 30),
    Column("Ngày sinh", 12), Column("Giới tính", 9), Column("Lớp", 8), Column("Lý do", 16), Column("Số định danh cá nhân", 22),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose pupils, in which school year; `on`: of the unit on the map of then or of now; `only`: of a campaign or some grades."""

    unit: str
    school_year: ids.SchoolYear
    on: MapOf = MapOf.NOW
    only: Only = EVERYBODY

    @property
    def mark(self) -> str:
        """Names the question in its cursors, so that no cursor continues another question."""
        return f"numbers {self.unit} {self.school_year} {self.on.value} {self.only.mark}"


@dataclass(frozen=True, slots=True)
class Page:
    """Some pupils, the names of their schools, and the cursor of the next page (None: there are no more)."""

    rows: tuple[Lacking, ...]
    schools: Mapping[str, str]
    next: str | None


@dataclass(frozen=True, slots=True)
class Exported:
    """A file for the police under its running number. `sha256`: of its bytes."""

    number: int
    pupils: int
    sha256: str
    name: str
    file: tables_out.File = field(repr=False)

    @property
    def digest(self) -> str:
        """The fingerprint as a header has it (RFC 9530)."""
        return f"sha-256=:{b64encode(bytes.fromhex(self.sha256)).decode()}:"


async def permitted(world: World, caller: Caller | None, unit: str, now: datetime) -> unit_values.Map:
    """The map, if the caller (None: the operator at the machine) answers for the unit; raises Refusal(access-unit)."""
    here = (await world.known()).map
    own = caller is None or any(unit in here.below(each, now) for each in caller.units)
    if unit not in here.units or not own:
        raise Refusal(codes.ACCESS_UNIT, [Finding(codes.ACCESS_UNIT, "/query/unit", "a unit at or below the caller's")])
    return here


async def lacking(
    world: World, caller: Caller | None, asked: Asked, after: str | None, limit: int, now: datetime
) -> Page:
    """One page by school and pupil code; `after` is the cursor of the page before.

    Raises Refusal: access-unit, request-parameter (after, limit).
    """
    here = await permitted(world, caller, asked.unit, now)
    if not 1 <= limit <= MOST_ROWS:
        raise _wrong("limit", f"1 to {MOST_ROWS}")
    behind = ("", "")
    if after is not None:
        school, pupil = cursors.place(world, asked.mark, after)
        behind = (str(school), str(pupil))
    schools = schools_of(here, caller, asked, now)
    async with world.db.snapshot() as tx:
        found = await stored.lacking(tx, schools, str(asked.school_year), behind, limit + 1, asked.only.of_grades)
    rows = tuple(found[:limit])
    names = {row.school_code: here.units[f"school:{row.school_code}"].name for row in rows}
    more = len(found) > limit
    last = (rows[-1].school_code, rows[-1].pupil_code) if more else ()
    return Page(rows, names, cursors.given(world, asked.mark, last) if more else None)


async def export(world: World, caller: Caller | None, asked: Asked, kind: FileKind, now: datetime) -> Exported:
    """All of them as one file with an empty column for the number; on record with number and fingerprint before it is returned.

    Raises Refusal(access-unit).
    """
    here = await permitted(world, caller, asked.unit, now)
    schools = schools_of(here, caller, asked, now)
    async with world.db.snapshot() as tx:
        year, grades = str(asked.school_year), asked.only.of_grades
        found = await stored.lacking(tx, schools, year, ("", ""), MOST_EXPORTED, grades)
    names = {code: here.units[f"school:{code}"].name for code in schools}
    table = TableOut(f"Thiếu số định danh {asked.school_year}", _COLUMNS, _rows(found, names))
    file = await tables_out.file_of(table, kind, now)
    digest = sha256(file.body)
    made = Export(
        0, now, caller.caller_id if caller else None, asked.unit, str(asked.school_year), kind.value, len(found), digest.digest()
    )  # fmt: skip
    async with world.db.transaction() as tx:
        number = await number_returns.add_export(tx, made)
    return Exported(number, len(found), digest.hexdigest(), f"thieu-so-dinh-danh-{number:05d}", file)


def schools_of(here: unit_values.Map, caller: Caller | None, asked: Asked, now: datetime) -> frozenset[str]:
    """The schools that a question comes to on its map."""
    when = When.of(asked.on, asked.school_year, now, now)
    return asked.only.schools(here, here.schools_seen(None if caller is None else caller.units, asked.unit, when), now)


async def exports(
    world: World, caller: Caller | None, now: datetime, after: int | None = None, most: int = MOST_LISTED
) -> list[Export]:
    """The newest files that went out of the caller's units, or those before the one of a number."""
    async with world.db.snapshot() as tx:
        return await number_returns.exports(tx, await units_of(world, caller, now), most, after)


async def units_of(world: World, caller: Caller | None, now: datetime) -> frozenset[str] | None:
    """The units at or below the caller's; None: all."""
    if caller is None:
        return None
    here = (await world.known()).map
    return frozenset().union(*(here.below(each, now) for each in caller.units))


def _rows(found: list[Lacking], names: Mapping[str, str]) -> Iterator[list[Cell]]:
    for position, each in enumerate(found, 1):
        sex = _SEXES[each.sex] if each.sex else None
        yield [position, each.school_code, names[each.school_code], each.pupil_code, each.name, _shown(each), sex,
               each.class_name, _WHY[each.why], None]  # fmt: skip


def _shown(pupil: Lacking) -> str | None:
    """A birth date as text, as people write it: a spreadsheet changes nothing then."""
    if pupil.birth is None:
        return None
    parts = str(pupil.birth).split("-")
    return "/".join(reversed(parts))


def _wrong(parameter: str, expected: str) -> Refusal:
    return Refusal(codes.REQUEST_PARAMETER, [Finding(codes.REQUEST_PARAMETER, f"/query/{parameter}", expected)])
