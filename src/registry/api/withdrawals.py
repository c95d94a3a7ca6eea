"""POST /v1/withdrawals: a signed statement that a version of a record no longer counts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from registry.api import access, logs, submission, telemetry
from registry.api.edge import Edge
from registry.core.callers import Caller, Scope
from registry.services import judging
from registry.services import submission as submissions

router = APIRouter(tags=["submissions"])

_RESPONSES: dict[int | str, dict[str, Any]] = {
    201: {"model": submission.SubmissionBody, "description": "Withdrawn, with a receipt"},
    200: {"model": submission.SubmissionBody, "description": "Exactly these bytes came before: the same receipt"},
    202: {"model": submission.SubmissionBody, "description": "Held: for the version to come, or for approval"},
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


@router.post(
    "/v1/withdrawals",
    status_code=201,
    response_model=submission.SubmissionBody,
    responses=_RESPONSES,
    openapi_extra=_BODY,
)
async def post_withdrawal(
    request: Request, caller: Annotated[Caller, Depends(access.caller(Scope.SUBMIT))]
) -> Response:
    """Withdraw a version of a transcript and all before it (openapi/envelope.md says how the statement is made)."""
    edge: Edge = request.app.state.edge
    access.limit(request, caller, "submissions")
    now = datetime.now(UTC)
    media_type, raw = await submission.received(request, edge, caller, now, judging.STATEMENT_MEDIA_TYPES)
    with telemetry.judging():
        answer = await submissions.withdraw(edge.world, caller, raw, media_type, now)
    slugs = [finding.code.slug for finding in answer.findings]
    telemetry.count_submission(answer.outcome.value, slugs)
    logs.note(outcome=answer.outcome.value, codes=slugs, size=len(raw))
    return submission.rendered(request, answer)
