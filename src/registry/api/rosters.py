"""PUT /v1/rosters/{school_code}/{school_year}/{grade}: the pupils a school expects transcripts of, as CSV."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from registry.api import access, logs, parameters
from registry.api.edge import Edge
from registry.core import codes
from registry.core.callers import Caller, Scope
from registry.core.findings import Finding, Refusal
from registry.core.rosters import Place
from registry.services import rosters

router = APIRouter(tags=["rosters"])

_CSV = "text/csv"
_SOURCE = "PUT /v1/rosters"


class RosterBody(BaseModel):
    """What the import did, in pupils; `total` stand on the roster now."""

    joined: int
    left: int
    changed: int = Field(description="Class, name, sex, birth date or number changed")
    unchanged: int
    total: int


class _Options(BaseModel):
    model_config = ConfigDict(extra="forbid")

    total: int | None = Field(
        None, ge=0, description="How many pupils the sender counted: another number takes nothing in"
    )
    dry_run: bool = Field(False, description="Say what the list would do, and every problem; write nothing")
    allow_leaving: bool = Field(False, description="The word that many pupils have really left (roster-shrinks)")


_COLUMNS = (
    "UTF-8, commas or semicolons; a header with the columns mahocsinh, hovaten, tenlop, ngaysinh (YYYY-MM-DD, YYYY-MM, YYYY or "
    "empty), gioitinh (1 male, 2 female, 0 or empty), sodinhdanh (12 digits, empty without), in any order"
)
_BODY: dict[str, Any] = {
    "requestBody": {"required": True, "content": {_CSV: {"schema": {"type": "string", "description": _COLUMNS}}}}
}
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"description": "Taken as a difference; the same again changes nothing"}
}


@router.put(
    "/v1/rosters/{school_code}/{school_year}/{grade}",
    response_model=RosterBody,
    responses=_RESPONSES,
    openapi_extra=_BODY,
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
    raw = await _body(request)
    meant = rosters.Options(options.total, options.dry_run, options.allow_leaving)
    report = await rosters.import_roster(
        edge.world, place, raw, datetime.now(UTC), source=_SOURCE, caller_id=caller.caller_id, options=meant
    )
    logs.note(size=len(raw))
    body = RosterBody(
        joined=report.joined, left=report.left, changed=report.changed, unchanged=report.unchanged, total=report.total
    )
    return JSONResponse(body.model_dump(), headers={"Cache-Control": "no-store"})


async def _body(request: Request) -> bytes:
    """The CSV; raises Refusal: request-media-type, request-too-large."""
    media_type, _, charset = request.headers.get("content-type", "").lower().partition(";")
    utf8 = charset.strip().replace('"', "") in {"", "charset=utf-8"}
    if media_type.strip() != _CSV or not utf8 or "content-encoding" in request.headers:
        raise Refusal(codes.REQUEST_MEDIA_TYPE, [Finding(codes.REQUEST_MEDIA_TYPE, "", f"{_CSV}, UTF-8")])
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > rosters.MOST_BYTES:
            detail = f"at most {rosters.MOST_BYTES} bytes"
            raise Refusal(codes.REQUEST_TOO_LARGE, [Finding(codes.REQUEST_TOO_LARGE, "", detail)])
    return bytes(raw)
