"""PUT /v1/rosters: the pupils that schools are expected to send transcripts of, of one roster or of many at once, CSV or XLSX."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from registry.api import access, bodies, parameters
from registry.api.edge import Edge
from registry.core.callers import Caller, Scope
from registry.core.rosters import Place
from registry.services import rosters

router = APIRouter(tags=["rosters"])

_SOURCE = "PUT /v1/rosters"


class RosterBody(BaseModel):
    """What the import did, or would do in a dry run, in pupils; `total` stand on the roster then."""

    joined: int
    left: int
    changed: int = Field(description="Class, name, sex, birth date or number changed")
    unchanged: int
    total: int
    dry_run: bool = Field(description="True: nothing was written")


class RostersBody(RosterBody):
    """The same over all rosters that the list names."""

    rosters: int = Field(description="How many rosters (school and grade) the list is about")
    schools: int


class _Options(BaseModel):
    model_config = ConfigDict(extra="forbid")

    total: int | None = Field(
        None, ge=0, description="How many pupils the sender counted: another number takes nothing in"
    )
    dry_run: bool = Field(False, description="Say what the list would do, and every problem; write nothing")
    allow_leaving: bool = Field(False, description="The word that many pupils have really left (roster-shrinks)")


class _CityOptions(_Options):
    grade: int | None = Field(None, ge=1, le=12, description="The grade of all, where the list has no column for it")


_COLUMNS = (
    "CSV (UTF-8 or UTF-16; commas, semicolons or tabs) or XLSX. A header, also below titles or over two rows, with the columns "
    "mahocsinh (Mã học sinh), hovaten (Họ và tên), tenlop (Lớp), ngaysinh (Ngày sinh: dd/mm/yyyy or YYYY-MM-DD, month or year "
    "alone, or empty), gioitinh (Giới tính: Nam, Nữ, 1, 2, 0 or empty), sodinhdanh (Số định danh cá nhân: 12 digits as text, "
    "empty without), in any order, among others"
)
_MANY = (
    ", and matruong (Mã trường), khoi (Khối). Every roster (school and grade) that is named is replaced as a difference"
)


_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"description": "Taken as a difference; the same again changes nothing"}
}


@router.put(
    "/v1/rosters/{school_code}/{school_year}/{grade}",
    response_model=RosterBody,
    responses=_RESPONSES,
    openapi_extra=bodies.described_table(_COLUMNS),
)
async def put_roster(
    request: Request,
    school_code: Annotated[str, Path(max_length=20)],
    school_year: Annotated[str, Path(max_length=9, examples=["2024-2025"])],
    grade: Annotated[int, Path(ge=1, le=12)],
    options: Annotated[_Options, Query()],
    caller: Annotated[Caller, Depends(access.caller(Scope.OPERATE))],
) -> Response:
    """Make this the roster of a school, school year and grade. Who is no longer on it has left; nothing is wiped."""
    edge: Edge = request.app.state.edge
    rosters.within(caller, school_code)
    place = Place(school_code, str(parameters.school_year(school_year, "/path/school_year")), grade)
    raw = await bodies.table(request, rosters.MOST_BYTES)
    report = await rosters.import_roster(
        edge.world, place, raw, datetime.now(UTC), source=_SOURCE, caller_id=caller.caller_id, options=_meant(options)
    )
    return _answer(RosterBody(**_counts(report)))


@router.put(
    "/v1/rosters/{school_year}",
    response_model=RostersBody,
    responses=_RESPONSES,
    openapi_extra=bodies.described_table(_COLUMNS + _MANY),
)
async def put_rosters(
    request: Request,
    school_year: Annotated[str, Path(max_length=9, examples=["2024-2025"])],
    options: Annotated[_CityOptions, Query()],
    caller: Annotated[Caller, Depends(access.caller(Scope.OPERATE))],
) -> Response:
    """Take a list of many schools and grades, as a city's own database gives it: whole or nothing, one at a time.

    Rosters that the list does not name stay as they are, so that a large city may send some schools after the others.
    """
    edge: Edge = request.app.state.edge
    year = str(parameters.school_year(school_year, "/path/school_year"))
    raw = await bodies.table(request, rosters.MOST_CITY_BYTES)
    report = await rosters.import_city(
        edge.world, caller, year, io.BytesIO(raw), datetime.now(UTC),
        source=_SOURCE, grade=options.grade, options=_meant(options),
    )  # fmt: skip
    return _answer(RostersBody(**_counts(report), rosters=report.rosters, schools=report.schools))


def _meant(options: _Options) -> rosters.Options:
    return rosters.Options(options.total, options.dry_run, options.allow_leaving)


def _counts(report: rosters.Report) -> dict[str, Any]:
    names = ("joined", "left", "changed", "unchanged", "total", "dry_run")
    return {name: getattr(report, name) for name in names}


def _answer(body: BaseModel) -> Response:
    return JSONResponse(body.model_dump(), headers={"Cache-Control": "no-store"})
