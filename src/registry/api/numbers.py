"""/v1/numbers: pupils who lack a personal number, as a list and as one file. What comes back: `number_returns`, `number_cases`."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from registry.api import access, bodies, paging, parameters
from registry.api.edge import Edge
from registry.core.callers import Caller, Scope
from registry.core.numbers import Why
from registry.core.units import MapOf
from registry.services import completeness, name_views, numbers, tables_out
from registry.services.tables_out import FileKind

router = APIRouter(tags=["numbers"])
listing = APIRouter(tags=["missing-numbers"])
_NOT_STORED = {"Cache-Control": "no-store"}
_LONGEST_CURSOR = 300
CODE = r"^[A-Za-z0-9_-]{1,20}$"
_Asking = Annotated[Caller, Depends(access.caller(Scope.COMPLETENESS, Scope.OPERATE))]
_Operator = Annotated[Caller, Depends(access.caller(Scope.OPERATE))]


class Question(BaseModel):
    """An unknown parameter is an error: a misspelled one would be another question."""

    model_config = ConfigDict(extra="forbid")

    unit: str = Field(
        max_length=40, description="city:79, district:..., commune:... or school:...", examples=["district:771"]
    )
    school_year: str = Field(max_length=9, description="YYYY-YYYY", examples=["2024-2025"])
    map: MapOf = Field(MapOf.NOW, description=parameters.MAP)


class _OfCampaign(Question):
    campaign: str | None = Field(
        None, max_length=40, description="Code of a campaign of the school year: of its grades and its schools alone"
    )


class _PageQuestion(_OfCampaign):
    after: str | None = Field(None, max_length=_LONGEST_CURSOR, description="`next` of the page before")
    limit: int = Field(100, ge=1, le=numbers.MOST_ROWS)


class _ExportQuestion(_OfCampaign):
    format: FileKind = Field(FileKind.XLSX, description="csv or xlsx")


class LackingBody(BaseModel):
    """A pupil on a roster who needs a number."""

    school_code: str
    school_name: str
    pupil_code: str
    name: str
    class_name: str
    grade: int
    birth_date: str | None = Field(description="YYYY-MM-DD, or YYYY-MM or YYYY where no more is known")
    sex: str | None
    why: Why = Field(description="absent: no number on the roster; refused: the last transcript was refused for it")
    codes: list[str] = Field(description="What the last transcript was refused for")


class LackingPage(BaseModel):
    """One page, by school and pupil code."""

    unit: str
    school_year: str
    pupils: list[LackingBody]
    next: str | None = Field(description="Cursor for `after`; null on the last page")


class ExportBody(BaseModel):
    """A file of names that went out."""

    export_number: int
    exported_at: datetime
    caller_id: str | None = Field(description="null: by command; person:...: on the pages")
    unit: str
    school_year: str
    format: str
    pupils: int
    sha256: str


class ExportsBody(BaseModel):
    """Files that went out of the caller's units, the newest first."""

    exports: list[ExportBody]
    next: str | None = Field(description=paging.NEXT)


@listing.get("/v1/numbers/missing", response_model=LackingPage)
async def get_missing(request: Request, caller: _Asking, question: Annotated[_PageQuestion, Query()]) -> Response:
    """The pupils of a unit without a number, or whose last transcript was refused for its number."""
    edge: Edge = request.app.state.edge
    access.limit(request, caller, "questions")
    now = datetime.now(UTC)
    asked = await _narrowed(edge, caller, question, now)
    page = await numbers.lacking(edge.world, caller, asked, question.after, question.limit, now)
    place = name_views.Screen("api-numbers", asked.unit, str(asked.school_year))
    await name_views.note_caller(edge.world, caller, place, len(page.rows), now)
    found = [
        LackingBody(
            school_code=row.school_code, school_name=page.schools[row.school_code], pupil_code=row.pupil_code, name=row.name,
            class_name=row.class_name, grade=row.grade, birth_date=str(row.birth) if row.birth else None, sex=row.sex,
            why=row.why, codes=list(row.codes),
        )
        for row in page.rows
    ]  # fmt: skip
    body = LackingPage(unit=asked.unit, school_year=str(asked.school_year), pupils=found, next=page.next)
    return answer(body)


@router.post(
    "/v1/numbers/exports",
    response_class=Response,
    responses={
        200: {"content": {"text/csv": {}, bodies.XLSX: {}}, "description": "The file; its SHA-256 in Content-Digest"}
    },
)
async def post_export(request: Request, caller: _Operator, question: Annotated[_ExportQuestion, Query()]) -> Response:
    """One file of these pupils for the police, with an empty column for the number; on record with number and fingerprint."""
    edge: Edge = request.app.state.edge
    access.limit(request, caller, "questions")
    now = datetime.now(UTC)
    asked = await _narrowed(edge, caller, question, now)
    made = await numbers.export(edge.world, caller, asked, question.format, now)
    place = name_views.Screen("api-numbers-file", asked.unit, str(asked.school_year))
    await name_views.note_caller(edge.world, caller, place, made.pupils, now)
    headers = {**tables_out.headers(made.name, question.format), "Content-Digest": made.digest}
    return Response(made.file.body, media_type=made.file.media_type, headers=headers)


@router.get("/v1/numbers/exports", response_model=ExportsBody)
async def get_exports(request: Request, caller: _Operator, question: Annotated[paging.Paged, Query()]) -> Response:
    """Which files of names went out, who took them, when, and their fingerprints."""
    edge: Edge = request.app.state.edge
    access.limit(request, caller, "questions")
    behind = paging.behind(request, question)
    number = None if behind is None else int(behind[0])
    found = await numbers.exports(edge.world, caller, datetime.now(UTC), number, question.limit + 1)
    page = found[: question.limit]
    more = page[-1].export_number if len(found) > len(page) else None
    body = ExportsBody(
        exports=[
            ExportBody(
                export_number=each.export_number, exported_at=each.exported_at, caller_id=each.caller_id,
                unit=each.unit_code, school_year=each.school_year, format=each.kind, pupils=each.pupils,
                sha256=each.fingerprint.hex(),
            )
            for each in page
        ],
        next=paging.following(request, question, more),
    )  # fmt: skip
    return answer(body)


def asked_of(question: Question) -> numbers.Asked:
    """The question as the use cases have it. Raises Refusal(request-parameter)."""
    return numbers.Asked(
        question.unit, parameters.school_year(question.school_year, "/query/school_year"), question.map
    )


async def _narrowed(edge: Edge, caller: Caller, question: _OfCampaign, now: datetime) -> numbers.Asked:
    asked = asked_of(question)
    _, only = await completeness.narrowed(edge.world, caller, asked.school_year, (), question.campaign, now)
    return replace(asked, only=only)


def answer(body: BaseModel) -> Response:
    """An answer that no cache keeps."""
    return JSONResponse(body.model_dump(mode="json"), headers=_NOT_STORED)
