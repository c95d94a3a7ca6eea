"""/v1/approvals: changes that wait for the city's decision, and the decision."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from registry.api import access, paging, submission
from registry.api.edge import Edge
from registry.core import reasons
from registry.core.callers import Caller, Scope
from registry.services import approvals, cursors
from registry.services import submission as submissions

router = APIRouter(tags=["approvals"])
_Operator = Annotated[Caller, Depends(access.caller(Scope.OPERATE))]


class PendingBody(BaseModel):
    """A correction or a withdrawal that waits for a decision."""

    submission_id: UUID
    received_at: datetime
    submitted_by: str
    kind: Literal["correction", "withdrawal"]
    school_code: str
    school_year: str
    transcript_code: str
    fingerprint: str = Field(description="SHA-256 of the received bytes, in hex: what is decided on")


class PendingList(BaseModel):
    """The oldest first."""

    approvals: list[PendingBody]
    next: str | None = Field(description=paging.NEXT)


class DecisionBody(BaseModel):
    """The city's decision on exactly the bytes of that submission; it is never changed."""

    model_config = ConfigDict(extra="forbid")

    decision: Literal["approve", "reject"]
    reason: str = Field(min_length=1, max_length=reasons.LONGEST)


@router.get("/v1/approvals", response_model=PendingList)
async def get_approvals(request: Request, caller: _Operator, question: Annotated[paging.Paged, Query()]) -> Response:
    """Changes that wait for a decision."""
    edge: Edge = request.app.state.edge
    access.limit(request, caller, "questions")
    found = await approvals.pending(edge.world, caller)
    behind = paging.behind(request, question)
    shown, more = cursors.cut(found, _place, behind, question.limit)
    listed = {"approvals": [_body(each) for each in shown], "next": paging.following(request, question, more)}
    return JSONResponse(listed, headers={"Cache-Control": "no-store"})


@router.post("/v1/approvals/{submission_id}", response_model=submission.SubmissionBody)
async def post_approval(request: Request, submission_id: UUID, decision: DecisionBody, caller: _Operator) -> Response:
    """Approve or reject a change; the answer is what has become of its submission."""
    edge: Edge = request.app.state.edge
    access.limit(request, caller, "questions")
    now = datetime.now(UTC)
    approved = decision.decision == "approve"
    await approvals.decide(edge.world, caller, submission_id, approved, decision.reason, now)
    await submissions.rejudge(edge.world, submission_id, now)
    return await submission.get_submission(request, submission_id, caller)


def _place(change: approvals.Pending) -> cursors.Place:
    return round(change.received_at.timestamp() * 1_000_000), str(change.submission_id)


def _body(change: approvals.Pending) -> dict[str, str]:
    return {
        "submission_id": str(change.submission_id),
        "received_at": change.received_at.isoformat(),
        "submitted_by": change.caller_id,
        "kind": "correction" if change.kind == "transcript" else "withdrawal",
        "school_code": change.school_code,
        "school_year": change.school_year,
        "transcript_code": change.transcript_code,
        "fingerprint": change.fingerprint.hex(),
    }
