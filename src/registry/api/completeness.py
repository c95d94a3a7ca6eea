"""GET /v1/completeness and GET /v1/completeness/pupils: expected against held for a unit, and who stands where. Never percentages."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from registry.api import access, parameters
from registry.api.edge import Edge
from registry.core.callers import Caller, Scope
from registry.core.completeness import Bucket, Row
from registry.core.units import MapOf
from registry.services import completeness, name_views

router = APIRouter(tags=["completeness"])

_NOT_STORED = {"Cache-Control": "no-store"}
_LONGEST_CURSOR = 300


class _Question(BaseModel):
    """What both routes ask for. An unknown parameter is an error: a misspelled as_of would be another question."""

    model_config = ConfigDict(extra="forbid")

    unit: str = Field(
        max_length=40, description="city:79, district:..., commune:... or school:...", examples=["district:771"]
    )
    school_year: str = Field(max_length=9, description="YYYY-YYYY", examples=["2024-2025"])
    as_of: datetime | None = Field(
        None, description="The moment to answer for; default: now. Without time zone: UTC+7."
    )
    map: MapOf = Field(
        MapOf.NOW,
        description="Whose map groups the schools: `now`, or `then`, as it was when the school year ended (or as of `as_of`, if"
        " that was earlier). A unit that was not there then answers for the nearest moment; totals are the same on both.",
    )


class _PupilsQuestion(_Question):
    bucket: Bucket
    after: str | None = Field(None, max_length=_LONGEST_CURSOR, description="`next` of the page before")
    limit: int = Field(100, ge=1, le=completeness.MOST_ROWS)


class BucketsBody(BaseModel):
    """Pupils by bucket. All but `unexpected` add up to `expected`."""

    present: int = Field(description="A transcript in force stands on record")
    awaiting_summer: int = Field(description="On record, to be assessed again in summer: another version will come")
    missing: int = Field(description="Nothing came")
    awaiting_number: int = Field(description="On the roster without a personal number, nothing on record")
    held: int = Field(description="The last attempt is held")
    refused: int = Field(description="The last attempt was refused")
    unexpected: int = Field(description="On record without being on the roster")


class PartBody(BaseModel):
    """A direct part of the unit."""

    unit: str
    name: str
    expected: int
    buckets: BucketsBody


class CompletenessBody(PartBody):
    """A unit; its parts may share schools (a district and a commune), each of which counts once in the unit itself."""

    school_year: str
    as_of: datetime
    map: MapOf
    children: list[PartBody]


class PupilBody(BaseModel):
    """A pupil in a bucket. Name and class are null for a pupil who is on no roster."""

    school_code: str
    pupil_code: str
    name: str | None
    class_name: str | None
    grade: int
    bucket: Bucket
    codes: list[str] = Field(description="Codes of the last attempt's findings")
    last_attempt_at: datetime | None


class PupilsBody(BaseModel):
    """One page, by school and pupil code."""

    unit: str
    school_year: str
    as_of: datetime
    bucket: Bucket
    pupils: list[PupilBody]
    next: str | None = Field(description="Cursor for `after`; null on the last page. It keeps to the same as_of.")


_Asking = Annotated[Caller, Depends(access.caller(Scope.COMPLETENESS))]


@router.get("/v1/completeness", response_model=CompletenessBody)
async def get_completeness(request: Request, caller: _Asking, question: Annotated[_Question, Query()]) -> Response:
    """Expected against held for a unit and each of its direct parts."""
    edge: Edge = request.app.state.edge
    year = parameters.school_year(question.school_year, "/query/school_year")
    as_of = parameters.moment(question.as_of)
    found = await completeness.report(edge.world, caller, question.unit, year, as_of, datetime.now(UTC), question.map)
    body = CompletenessBody(
        **_line(found.line).model_dump(),
        school_year=str(year),
        as_of=found.as_of,
        map=question.map,
        children=[_line(child) for child in found.children],
    )
    return JSONResponse(body.model_dump(mode="json"), headers=_NOT_STORED)


@router.get("/v1/completeness/pupils", response_model=PupilsBody)
async def get_pupils(request: Request, caller: _Asking, question: Annotated[_PupilsQuestion, Query()]) -> Response:
    """The pupils in one bucket, page by page. Each page with names is written down before it is answered."""
    edge: Edge = request.app.state.edge
    year = parameters.school_year(question.school_year, "/query/school_year")
    asked = completeness.Asked(question.unit, year, question.bucket, question.map)
    as_of, now = parameters.moment(question.as_of), datetime.now(UTC)
    page = await completeness.pupils(edge.world, caller, asked, as_of, question.after, question.limit, now)
    place = name_views.Screen("api-pupils", question.unit, str(year))
    await name_views.note_caller(edge.world, caller, place, sum(row.name is not None for row in page.rows), now)
    body = PupilsBody(
        unit=question.unit,
        school_year=str(year),
        as_of=page.as_of,
        bucket=question.bucket,
        pupils=[_pupil(row, question.bucket) for row in page.rows],
        next=page.next,
    )
    return JSONResponse(body.model_dump(mode="json"), headers=_NOT_STORED)


def _line(line: completeness.Line) -> PartBody:
    buckets = {bucket.value: line.counts.of(bucket) for bucket in Bucket}
    return PartBody(
        unit=line.unit.code, name=line.unit.name, expected=line.counts.expected, buckets=BucketsBody(**buckets)
    )


def _pupil(row: Row, bucket: Bucket) -> PupilBody:
    return PupilBody(
        school_code=row.school_code,
        pupil_code=row.pupil_code,
        name=row.name,
        class_name=row.class_name,
        grade=row.grade,
        bucket=bucket,
        codes=list(row.codes),
        last_attempt_at=row.last_attempt_at,
    )
