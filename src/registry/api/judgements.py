"""POST /v1/judgements: what would become of a transcript, before it is submitted or before anybody signs it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from registry.api import access, logs, problems, submission
from registry.api.edge import Edge
from registry.core.callers import Caller, Scope
from registry.core.findings import Outcome
from registry.services import judgement, judging

router = APIRouter(tags=["submissions"])
_MEDIA_TYPES = (*judging.MEDIA_TYPES, judging.UNSIGNED)


class JudgementBody(BaseModel):
    """What a submission of the same bytes would be answered now."""

    signed: bool = Field(
        description="false: a bare transcript; its signatures were not judged, and it can't be submitted"
    )
    outcome: Outcome
    rules: str = Field(description="Version of the content rules (openapi/rules.md)")
    policy: str = Field(description="Version of the signature policy")
    errors: list[submission.FindingBody]


_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            **submission.CONTENT,
            judging.XML: {
                "schema": {
                    "type": "string",
                    "description": "SignedTranscript of urn:hocbaso:signed:1, or the record alone, as it would be signed; UTF-8",
                }
            },
            judging.UNSIGNED: {
                "schema": {"type": "object", "description": "The transcript alone, as it would be signed"}
            },
        },
    }
}


@router.post("/v1/judgements", response_model=JudgementBody, openapi_extra=_BODY)
async def post_judgement(request: Request, caller: Annotated[Caller, Depends(access.caller(Scope.SUBMIT))]) -> Response:
    """Try a transcript out: every finding a submission would give, and nothing stored but a count."""
    edge: Edge = request.app.state.edge
    access.limit(request, caller, "submissions")
    media_type, raw = await submission.body(request, edge, _MEDIA_TYPES)
    found = await judgement.judge(edge.world, caller, raw, media_type, datetime.now(UTC))
    logs.note(judged=found.outcome.value, size=len(raw))
    body = {
        "signed": found.signed,
        "outcome": found.outcome.value,
        "rules": found.rules_version,
        "policy": found.policy_version,
        "errors": [problems.finding_body(finding) for finding in found.findings],
    }
    return JSONResponse(body, headers={"Cache-Control": "no-store"})
