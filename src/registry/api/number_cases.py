"""/v1/numbers/cases: numbers that wait for a person to say whose they are. The numbers themselves are not shown."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from registry.api import access, bodies, numbers, paging, parameters
from registry.api.edge import Edge
from registry.core.callers import Caller, Scope
from registry.core.numbers import Doubt
from registry.services import name_views, number_cases, pupils

router = APIRouter(tags=["numbers"])
_Operator = Annotated[Caller, Depends(access.caller(Scope.OPERATE))]


class _CasesQuestion(paging.Paged):
    school_year: str | None = Field(None, max_length=9, description="YYYY-YYYY; default: all")
    limit: int = Field(100, ge=1, le=number_cases.MOST_CASES, description="Rows of one page")


class CandidateBody(BaseModel):
    """A pupil whose number it can be, as the roster has the pupil now; null where the pupil has left it."""

    school_code: str
    pupil_code: str
    name: str | None
    class_name: str | None
    birth_date: str | None
    sex: str | None


class NumberCaseBody(BaseModel):
    """A number that waits for a person. The number itself is not shown."""

    case_id: UUID
    return_id: UUID
    school_year: str
    cell: str
    told_name: str
    told_birth_date: str | None
    told_sex: str | None
    doubts: list[Doubt]
    raised_at: datetime
    pupils: list[CandidateBody]


class NumberCasesBody(BaseModel):
    """Cases, oldest first; `waiting`: how many there are on all pages."""

    waiting: int
    cases: list[NumberCaseBody]
    next: str | None = Field(description=paging.NEXT)


class NumberDecisionBody(bodies.Strict):
    """What a person says after looking into it."""

    pupil_code: str | None = Field(
        pattern=numbers.CODE, description="Code of the pupil whose number it is; null: nobody's of them"
    )
    reason: str = Field(max_length=200, description=pupils.REASON_SHAPE)


class NumberDecidedBody(BaseModel):
    """What was decided."""

    case_id: UUID
    pupil_code: str | None


@router.get("/v1/numbers/cases", response_model=NumberCasesBody)
async def get_number_cases(
    request: Request, caller: _Operator, question: Annotated[_CasesQuestion, Query()]
) -> Response:
    """Numbers that wait for a person to say whose they are."""
    edge: Edge = request.app.state.edge
    access.limit(request, caller, "questions")
    year = (
        None
        if question.school_year is None
        else str(parameters.school_year(question.school_year, "/query/school_year"))
    )
    found = await number_cases.waiting(edge.world, caller, year, paging.behind_id(request, question), question.limit)
    page = found[: question.limit]
    for school, names in number_cases.names_of(page).items():
        place = name_views.Screen("api-number-cases", f"school:{school}", year)
        await name_views.note_caller(edge.world, caller, place, names, datetime.now(UTC))
    more = page[-1].case_id if len(found) > question.limit else None
    body = NumberCasesBody(
        waiting=await number_cases.count(edge.world, caller, year),
        cases=[_case(each) for each in page],
        next=paging.following(request, question, more),
    )
    return numbers.answer(body)


@router.post(
    "/v1/numbers/cases/{case_id}/decision",
    response_model=NumberDecidedBody,
    openapi_extra=bodies.described(NumberDecisionBody),
)
async def post_number_decision(request: Request, case_id: UUID, caller: _Operator) -> Response:
    """Say whose a number is; it is applied at once, unless it contradicts the roster or is another pupil's."""
    edge: Edge = request.app.state.edge
    sent = await bodies.read(request, NumberDecisionBody, pupils.read_json)
    await number_cases.decide(edge.world, caller, case_id, sent.pupil_code, sent.reason, datetime.now(UTC))
    return numbers.answer(NumberDecidedBody(case_id=case_id, pupil_code=sent.pupil_code))


def _case(case: number_cases.NumberCase) -> NumberCaseBody:
    return NumberCaseBody(
        case_id=case.case_id, return_id=case.return_id, school_year=case.school_year, cell=case.place,
        told_name=case.told_name, told_birth_date=case.told_birth, told_sex=case.told_sex,
        doubts=[Doubt(each) for each in case.doubts], raised_at=case.raised_at,
        pupils=[
            CandidateBody(
                school_code=each.school_code, pupil_code=each.pupil_code, name=each.name, class_name=each.class_name,
                birth_date=each.birth, sex=each.sex,
            )
            for each in case.candidates
        ],
    )  # fmt: skip
