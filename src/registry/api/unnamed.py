"""GET /v1/completeness/unnamed: refused attempts that name nobody, beside the buckets."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from registry.api import access, paging, parameters
from registry.api.edge import Edge
from registry.core.callers import Caller, Scope
from registry.core.units import MapOf
from registry.services import unnamed

router = APIRouter(tags=["completeness"])


class _Question(paging.Paged):
    unit: str = Field(max_length=40, examples=["district:771"])
    map: MapOf = Field(MapOf.NOW, description=parameters.MAP)
    school_year: str | None = Field(None, max_length=9, description=parameters.MAP_YEAR)


class UnnamedSchoolBody(BaseModel):
    """A school that is named, in attempts that name no pupil."""

    school_code: str
    school_name: str
    attempts: int


class UnnamedVendorBody(BaseModel):
    """A vendor of the unit's schools whose attempts name no school, whomever they were for."""

    caller_id: str
    name: str
    attempts: int


class UnnamedBody(BaseModel):
    """Of the last 30 days; schools page by page, vendors on each page."""

    unit: str
    since: datetime
    schools: list[UnnamedSchoolBody]
    vendors: list[UnnamedVendorBody]
    next: str | None = Field(description=paging.NEXT)


@router.get("/v1/completeness/unnamed", response_model=UnnamedBody)
async def get_unnamed(
    request: Request,
    caller: Annotated[Caller, Depends(access.caller(Scope.COMPLETENESS))],
    question: Annotated[_Question, Query()],
) -> Response:
    """Refused transcripts that name no pupil stand in no bucket: by school, and by vendor where no school could be read."""
    edge: Edge = request.app.state.edge
    access.limit(request, caller, "questions")
    now = datetime.now(UTC)
    when = parameters.when(question.map, question.school_year, now)
    school = paging.behind_code(request, question)
    page = await unnamed.page(edge.world, caller, question.unit, school, question.limit, now, when)
    body = UnnamedBody(
        unit=question.unit,
        since=page.since,
        schools=[
            UnnamedSchoolBody(school_code=code, school_name=name, attempts=attempts)
            for code, (name, attempts) in page.schools.items()
        ],
        vendors=[
            UnnamedVendorBody(caller_id=vendor, name=name, attempts=attempts)
            for vendor, (name, attempts) in page.vendors.items()
        ],
        next=paging.following(request, question, page.next),
    )
    return JSONResponse(body.model_dump(mode="json"), headers={"Cache-Control": "no-store"})
