"""GET /v1/units: what one may ask about, on the map of then or of now."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from registry.api import access, paging, parameters
from registry.api.edge import Edge
from registry.core.callers import Caller, Scope
from registry.core.units import MapOf
from registry.services import units

router = APIRouter(tags=["campaigns"])


class Kind(StrEnum):
    """Kinds of units."""

    CITY = "city"
    DISTRICT = "district"
    WARD = "ward"
    COMMUNE = "commune"
    CLUSTER = "cluster"
    SCHOOL = "school"


class _Question(paging.Paged):
    kind: Kind | None = Field(None, description="Only these")
    map: MapOf = Field(MapOf.NOW, description=parameters.MAP)
    school_year: str | None = Field(None, max_length=9, description=parameters.MAP_YEAR)


class UnitBody(BaseModel):
    """A unit; it is there from `valid_from` until before `valid_to`."""

    unit: str
    kind: Kind
    name: str
    valid_from: datetime
    valid_to: datetime | None
    schools: int = Field(description="How many it comes to on the map asked about, of the caller's")
    parents: list[str] = Field(description="The units it is directly part of on that map, by code")


class UnitsBody(BaseModel):
    """By code."""

    units: list[UnitBody]
    next: str | None = Field(description=paging.NEXT)


@router.get("/v1/units", response_model=UnitsBody)
async def get_units(
    request: Request,
    caller: Annotated[Caller, Depends(access.caller(Scope.COMPLETENESS, Scope.OPERATE))],
    question: Annotated[_Question, Query()],
) -> Response:
    """The units at or below the caller's that are on a map."""
    edge: Edge = request.app.state.edge
    access.limit(request, caller, "questions")
    when = parameters.when(question.map, question.school_year, datetime.now(UTC))
    kind = None if question.kind is None else question.kind.value
    code = paging.behind_code(request, question)
    page = await units.listed(edge.world, caller, kind, code, question.limit, when)
    rows = [
        UnitBody(
            unit=unit.code,
            kind=Kind(unit.kind),
            name=unit.name,
            valid_from=unit.valid_from,
            valid_to=unit.valid_to,
            schools=schools,
            parents=parents,
        )
        for unit, schools, parents in page.rows
    ]
    body = UnitsBody(units=rows, next=paging.following(request, question, page.next))
    return JSONResponse(body.model_dump(mode="json"), headers={"Cache-Control": "no-store"})
