"""POST /v1/withdrawals: a signed statement that a version of a record no longer counts."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from registry.api import access, submission
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
    return await submission.taken(request, caller, judging.STATEMENT_MEDIA_TYPES, submissions.withdraw)
