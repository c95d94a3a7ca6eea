"""/v1/cases: held documents that wait for a person, without anybody's name or number, and the person's decision."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from registry.api import access, bodies, logs, paging
from registry.api.edge import Edge
from registry.core.callers import Caller, Scope
from registry.core.findings import Outcome
from registry.core.pupils import CaseKind, Decision
from registry.services import cases, pupils

router = APIRouter(tags=["cases"])
_NOT_STORED = {"Cache-Control": "no-store"}
_Operator = Annotated[Caller, Depends(access.caller(Scope.OPERATE))]


class CaseBody(BaseModel):
    """One held document and the doubt it is in."""

    submission_id: UUID
    kind: CaseKind
    school_code: str
    school_year: str
    level: str
    grade: int | None
    pupil_code: str | None = Field(description="As the document says")
    received_at: datetime
    judged_at: datetime
    differs: list[Literal["birth_date", "sex"]] = Field(
        description="What the holder of the number is known to have otherwise"
    )
    other_pupil_code: str | None = Field(description="Of the pupil that the document runs into")
    other_school_code: str | None = Field(description="School of the record that it runs into")
    possible: list[Decision] = Field(description="What can be decided; where two known pupils are one, merge them")


class CasesBody(BaseModel):
    """Cases, oldest first."""

    cases: list[CaseBody]
    next: str | None = Field(description=paging.NEXT)


class DecisionBody(bodies.Strict):
    """What a person says after looking into it."""

    decision: Literal["same-pupil", "other-pupil", "transfer", "number-moves"] = Field(
        description="same-pupil, other-pupil (the document is refused), transfer (both schools' records of the year count) or "
        "number-moves (the known pupil had the number by mistake: it is the document's pupil's)"
    )
    reason: str = Field(max_length=200, description=pupils.REASON_SHAPE)


class JudgedBody(BaseModel):
    """What became of the document; held: another doubt is left, or it is judged again within seconds."""

    submission_id: UUID
    outcome: Outcome
    codes: list[str]


@router.get("/v1/cases", response_model=CasesBody)
async def get_cases(request: Request, question: Annotated[paging.Paged, Query()], caller: _Operator) -> Response:
    """The held documents of the caller's schools that wait for a person."""
    edge: Edge = request.app.state.edge
    access.limit(request, caller, "questions")
    found = await cases.waiting(edge.world, caller, paging.behind_id(request, question), question.limit)
    page = found[: question.limit]
    more = page[-1].submission_id if len(found) > question.limit else None
    body = CasesBody(cases=[_case(each) for each in page], next=paging.following(request, question, more))
    return JSONResponse(body.model_dump(mode="json"), headers=_NOT_STORED)


@router.post(
    "/v1/cases/{submission_id}/decision", response_model=JudgedBody, openapi_extra=bodies.described(DecisionBody)
)
async def post_decision(request: Request, submission_id: UUID, caller: _Operator) -> Response:
    """Decide a case. The decision is about these very bytes; the document is judged again at once."""
    edge: Edge = request.app.state.edge
    sent = await bodies.read(request, DecisionBody, pupils.read_json)
    done = await cases.decide(
        edge.world, caller, submission_id, Decision(sent.decision), sent.reason, datetime.now(UTC)
    )
    logs.note(decision=sent.decision, outcome=done.outcome.value)
    body = JudgedBody(submission_id=done.submission_id, outcome=done.outcome, codes=list(done.codes))
    return JSONResponse(body.model_dump(mode="json"), headers=_NOT_STORED)


def _case(case: cases.Waiting) -> CaseBody:
    return CaseBody.model_validate(
        {
            **{name: getattr(case, name) for name in CaseBody.model_fields if name != "possible"},
            "possible": cases.possible(case),
        }
    )
