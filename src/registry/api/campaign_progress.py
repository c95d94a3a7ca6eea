"""/v1/campaigns/{code}/progress, /grades and /freeze/requests: what the campaign's pages show beside its deadlines."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from registry.api import access, declarations, paging, parameters
from registry.api.edge import Edge
from registry.core import expiring
from registry.core.callers import Caller, Scope
from registry.core.campaigns import Stage
from registry.core.units import MapOf
from registry.services import cursors, declaration, freezing, stages

router = APIRouter(tags=["campaigns"])
_NOT_STORED = {"Cache-Control": "no-store"}
_Asking = Annotated[Caller, Depends(access.caller(Scope.COMPLETENESS, Scope.OPERATE))]


class _Question(BaseModel):
    model_config = ConfigDict(extra="forbid")

    unit: str = Field(max_length=40, examples=["district:771"])
    map: MapOf = Field(MapOf.NOW, description=parameters.MAP)


class StageBody(BaseModel):
    """One stage: by when, and how many of how many are through it."""

    stage: Stage
    due_on: date
    done: int
    of: int
    of_schools: bool = Field(description="Schools are counted, not pupils")


class ProgressBody(BaseModel):
    """In the order of the stages."""

    campaign: str
    unit: str
    map: MapOf
    stages: list[StageBody]


class GradeBody(BaseModel):
    """A grade of a school with pupils, and what the school has declared of it (null: nothing)."""

    school_code: str
    school_name: str
    grade: int
    pupils: int
    declared: declarations.DeclaredBody | None


class GradesBody(BaseModel):
    """By school code and grade."""

    grades: list[GradeBody]
    of: int = Field(description="Grades on all pages")
    declared: int = Field(description="Of them those that are declared")
    next: str | None = Field(description=paging.NEXT)


class WordBody(BaseModel):
    """An operator's word that the campaign is to be frozen, waiting for a second one."""

    caller_id: str
    requested_at: datetime
    reason: str


class WordsBody(BaseModel):
    """By operator; none once the campaign is frozen."""

    requests: list[WordBody]
    next: str | None = Field(description=paging.NEXT)


@router.get("/v1/campaigns/{code}/progress", response_model=ProgressBody)
async def get_progress(
    request: Request, code: str, caller: _Asking, question: Annotated[_Question, Query()]
) -> Response:
    """How far a unit is with each stage of a campaign."""
    edge: Edge = request.app.state.edge
    access.limit(request, caller, "questions")
    now = datetime.now(UTC)
    usual = expiring.next_day(edge.settings.signing_day, now)
    plan, found = await stages.progress(edge.world, caller, code, question.unit, usual, now, question.map)
    due = plan.deadlines()
    rows = [
        StageBody(
            stage=each.stage,
            due_on=due[each.stage].due_on,
            done=each.progress.done,
            of=each.progress.of,
            of_schools=each.of_schools,
        )
        for each in found
    ]
    body = ProgressBody(campaign=code, unit=question.unit, map=question.map, stages=rows)
    return JSONResponse(body.model_dump(mode="json"), headers=_NOT_STORED)


@router.get("/v1/campaigns/{code}/grades", response_model=GradesBody)
async def get_grades(
    request: Request, code: str, caller: _Asking, question: Annotated[paging.Paged, Query()]
) -> Response:
    """The grades of the caller's schools in a campaign, declared or not yet, page by page."""
    edge: Edge = request.app.state.edge
    access.limit(request, caller, "questions")
    behind = paging.behind(request, question)
    rows = await declaration.grades(edge.world, caller, code, datetime.now(UTC))
    shown, more = cursors.cut(rows, lambda row: (row.school_code, row.grade), behind, question.limit)
    body = GradesBody(
        grades=[_grade(row) for row in shown],
        of=len(rows),
        declared=sum(row.declared is not None for row in rows),
        next=paging.following(request, question, more),
    )
    return JSONResponse(body.model_dump(mode="json"), headers=_NOT_STORED)


@router.get("/v1/campaigns/{code}/freeze/requests", response_model=WordsBody)
async def get_words(
    request: Request, code: str, caller: _Asking, question: Annotated[paging.Paged, Query()]
) -> Response:
    """Which operators want the campaign frozen and wait for a second one."""
    edge: Edge = request.app.state.edge
    access.limit(request, caller, "questions")
    _, words = await freezing.state(edge.world, caller, code, datetime.now(UTC))
    shown, more = cursors.cut(words, lambda word: (word.caller_id,), paging.behind(request, question), question.limit)
    rows = [WordBody(caller_id=w.caller_id, requested_at=w.requested_at, reason=w.reason) for w in shown]
    body = WordsBody(requests=rows, next=paging.following(request, question, more))
    return JSONResponse(body.model_dump(mode="json"), headers=_NOT_STORED)


def _grade(row: declaration.Grade) -> GradeBody:
    return GradeBody(
        school_code=row.school_code,
        school_name=row.school_name,
        grade=row.grade,
        pupils=row.pupils,
        declared=None if row.declared is None else declarations.declared(row.declared, row.school_name),
    )
