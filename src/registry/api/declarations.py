"""/v1/declarations: a signed statement that a school's year is complete, and what has been declared."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from registry.api import access, paging, parameters, submission
from registry.api.edge import Edge
from registry.core.callers import Caller, Scope
from registry.core.units import MapOf
from registry.services import declaration, judging
from registry.services import submission as submissions

router = APIRouter(tags=["submissions"])
listing = APIRouter(tags=["declarations"])

_RESPONSES: dict[int | str, dict[str, Any]] = {
    201: {"model": submission.SubmissionBody, "description": "Declared, with a receipt"},
    200: {"model": submission.SubmissionBody, "description": "Exactly these bytes came before: the same receipt"},
    202: {"model": submission.SubmissionBody, "description": "Held: something about a signature can't be decided yet"},
}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            judging.JOSE: {"schema": {"$ref": "#/components/schemas/SignedTranscript"}},
            judging.COMPACT: {"schema": {"type": "string", "description": "JWS Compact Serialization, one signer"}},
        },
    }
}


class _Question(paging.Paged):
    unit: str = Field(max_length=40, examples=["district:771"])
    school_year: str = Field(max_length=9, description="YYYY-YYYY", examples=["2024-2025"])
    map: MapOf = Field(MapOf.NOW, description=parameters.MAP)


class DeclaredBody(BaseModel):
    """What counts of a school's declarations for one grade: the greatest version that speaks of it."""

    school_code: str
    school_name: str
    grade: int
    version: int
    expected: int
    on_record: int
    excepted: int = Field(description="Pupils named as having no transcript")
    declared_on: date
    accepted_at: datetime
    submission_id: UUID
    fingerprint: str = Field(description="SHA-256 of the received bytes, in hex")


class DeclarationPage(BaseModel):
    """By school code and grade."""

    declarations: list[DeclaredBody]
    next: str | None = Field(description=paging.NEXT)


@router.post(
    "/v1/declarations",
    status_code=201,
    response_model=submission.SubmissionBody,
    responses=_RESPONSES,
    openapi_extra=_BODY,
)
async def post_declaration(
    request: Request, caller: Annotated[Caller, Depends(access.caller(Scope.SUBMIT))]
) -> Response:
    """Declare a school's year complete, grade by grade (openapi/envelope.md says how the statement is made)."""
    return await submission.taken(request, caller, judging.STATEMENT_MEDIA_TYPES, submissions.declare)


@listing.get("/v1/declarations", response_model=DeclarationPage)
async def get_declarations(
    request: Request,
    caller: Annotated[Caller, Depends(access.caller(Scope.COMPLETENESS, Scope.OPERATE))],
    question: Annotated[_Question, Query()],
) -> Response:
    """What the schools of a unit have declared, page by page."""
    edge: Edge = request.app.state.edge
    access.limit(request, caller, "questions")
    year = parameters.school_year(question.school_year, "/query/school_year")
    school, grade = paging.behind(request, question) or ("", 0)
    now = datetime.now(UTC)
    page = await declaration.page(
        edge.world, caller, question.unit, year, (str(school), int(grade)), question.limit, now, question.map
    )
    body = DeclarationPage(
        declarations=[declared(row, page.names[row.school_code]) for row in page.rows],
        next=paging.following(request, question, page.next),
    )
    return JSONResponse(body.model_dump(mode="json"), headers={"Cache-Control": "no-store"})


def declared(row: declaration.Declared, school_name: str) -> DeclaredBody:
    """A declared grade as it is told."""
    return DeclaredBody(
        school_code=row.school_code,
        school_name=school_name,
        grade=row.grade,
        version=row.version,
        expected=row.expected,
        on_record=row.on_record,
        excepted=row.excepted,
        declared_on=row.declared_on,
        accepted_at=row.accepted_at,
        submission_id=row.submission_id,
        fingerprint=row.fingerprint.hex(),
    )
