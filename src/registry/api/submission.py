"""POST /v1/submissions and GET /v1/submissions/{id}: bytes in, what became of them out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, TypeAlias
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from registry.api import access, logs, problems, telemetry
from registry.api.edge import Edge
from registry.core import codes, declaration
from registry.core.callers import Caller, Scope
from registry.core.findings import Code, Finding, Outcome, Refusal
from registry.services import judging, statements, submission
from registry.services.world import World

router = APIRouter(tags=["submissions"])


class ReceiptBody(BaseModel):
    """Which bytes were accepted as which version of which record, and when. The same bytes always get the same receipt."""

    submission_id: UUID
    record_id: UUID
    transcript_code: str
    version: int
    school_year: str
    school_code: str
    level: str
    fingerprint: str = Field(description="SHA-256 of the received bytes, in hex", min_length=64, max_length=64)
    accepted_at: datetime


class Sentences(BaseModel):
    """A code's title and what to do, in one language."""

    title: str
    fix: str


class FindingBody(BaseModel):
    """One broken or undecidable check."""

    code: str
    pointer: str = Field(description="JSON pointer into the transcript, or /signatures/<n>/... into the envelope")
    effect: str
    detail: str
    vi: Sentences
    en: Sentences


class DeclarationReceiptBody(BaseModel):
    """Which bytes were accepted as which version of the school's declaration. The same bytes always get the same receipt."""

    submission_id: UUID
    school_year: str
    school_code: str
    version: int
    fingerprint: str = Field(description="SHA-256 of the received bytes, in hex", min_length=64, max_length=64)
    accepted_at: datetime


class SubmissionBody(BaseModel):
    """What became of a submission."""

    submission_id: UUID
    outcome: Outcome
    received_at: datetime
    judged_at: datetime
    receipt: ReceiptBody | DeclarationReceiptBody | None = None
    errors: list[FindingBody] = Field(
        default_factory=list, description="Findings; for an accepted document only warnings"
    )


_SUBMIT_RESPONSES: dict[int | str, dict[str, Any]] = {
    201: {"model": SubmissionBody, "description": "Accepted, with a receipt"},
    200: {"model": SubmissionBody, "description": "Exactly these bytes were accepted before: the same receipt"},
    202: {"model": SubmissionBody, "description": "Held: something can't be decided yet; Location names the state"},
}
#: The forms a signed transcript comes in.
CONTENT: dict[str, Any] = {
    judging.JOSE: {"schema": {"$ref": "#/components/schemas/SignedTranscript"}},
    judging.COMPACT: {"schema": {"type": "string", "description": "JWS Compact Serialization, one signer"}},
    judging.XML: {"schema": {"type": "string", "description": "SignedTranscript of urn:hocbaso:signed:1, UTF-8"}},
}
_BODY = {"requestBody": {"required": True, "content": CONTENT}}


@router.post(
    "/v1/submissions", status_code=201, response_model=SubmissionBody, responses=_SUBMIT_RESPONSES, openapi_extra=_BODY
)
async def post_submission(
    request: Request, caller: Annotated[Caller, Depends(access.caller(Scope.SUBMIT))]
) -> Response:
    """Submit one signed transcript (openapi/envelope.md and envelope-xml.md say how it is made)."""
    return await taken(request, caller, judging.MEDIA_TYPES, submission.submit)


@router.get("/v1/submissions/{submission_id}", response_model=SubmissionBody)
async def get_submission(
    request: Request,
    submission_id: UUID,
    caller: Annotated[Caller, Depends(access.caller(Scope.SUBMIT, Scope.OPERATE))],
) -> Response:
    """What became of one's own submission; held ones are judged again by themselves."""
    edge: Edge = request.app.state.edge
    state = await submission.state(edge.world, caller, submission_id)
    findings = [_stored_finding(row) for row in state.findings]
    receipt = await submission.receipt_of(edge.world, state)
    return JSONResponse(
        _json_body(state.submission_id, Outcome(state.outcome), state.received_at, state.judged_at, receipt, findings),
        headers={"Cache-Control": "no-store"},
    )


UseCase: TypeAlias = Callable[[World, Caller, bytes, str, datetime], Awaitable[submission.Answer]]


async def taken(request: Request, caller: Caller, media_types: Sequence[str], use_case: UseCase) -> Response:
    """One signed document from its body to its answer, whatever sort of document the use case takes."""
    edge: Edge = request.app.state.edge
    access.limit(request, caller, "submissions")
    now = datetime.now(UTC)
    media_type, raw = await received(request, edge, caller, now, media_types)
    with telemetry.judging():
        answer = await use_case(edge.world, caller, raw, media_type, now)
    slugs = [finding.code.slug for finding in answer.findings]
    telemetry.count_submission(answer.outcome.value, slugs)
    logs.note(outcome=answer.outcome.value, codes=slugs, size=len(raw))
    return rendered(request, answer)


async def received(
    request: Request, edge: Edge, caller: Caller, now: datetime, media_types: Sequence[str]
) -> tuple[str, bytes]:
    """`body`, with a journal row for what is turned away."""
    try:
        return await body(request, edge, media_types)
    except Refusal as refusal:
        await submission.journal_refusal(edge.world, caller, refusal.code, now, media_type=None, size=None)
        telemetry.count_submission(Outcome.REFUSED.value, [refusal.code.slug])
        raise


async def body(request: Request, edge: Edge, media_types: Sequence[str]) -> tuple[str, bytes]:
    """The media type and the raw body within the limit. Raises Refusal: request-media-type, request-too-large."""
    kind, _, charset = request.headers.get("content-type", "").lower().partition(";")
    media_type = kind.strip()
    utf8 = charset.strip().replace('"', "") in {
        "",
        "charset=utf-8",
    }  # RFC 7303 lets it overrule the document's own word
    if media_type not in media_types or not utf8 or "content-encoding" in request.headers:
        detail = f"{', '.join(media_types)}; UTF-8"
        raise Refusal(codes.REQUEST_MEDIA_TYPE, [Finding(codes.REQUEST_MEDIA_TYPE, "", detail)])
    limit = edge.settings.max_body_bytes
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > limit:
            detail = f"at most {limit} bytes"
            raise Refusal(codes.REQUEST_TOO_LARGE, [Finding(codes.REQUEST_TOO_LARGE, "", detail)])
    return media_type, bytes(raw)


def rendered(request: Request, answer: submission.Answer) -> Response:
    """What became of a submission or a withdrawal: 201, 200 (the same bytes again), 202 (held), or a problem."""
    place = f"/v1/submissions/{answer.submission_id}"
    if answer.outcome is Outcome.REFUSED:
        main = _main_code(answer.findings)
        body = {"submission_id": str(answer.submission_id), "outcome": answer.outcome.value}
        return problems.problem(request, main, answer.findings, headers={"Location": place}, extra=body)
    status = 202 if answer.outcome is Outcome.HELD else 200 if answer.repeated else 201
    body = _json_body(
        answer.submission_id,
        answer.outcome,
        answer.received_at,
        answer.judged_at,
        answer.receipt or answer.declared,
        answer.findings,
    )
    return JSONResponse(body, status, headers={"Location": place, "Cache-Control": "no-store"})


def _main_code(findings: tuple[Finding, ...]) -> Code:
    """The code that stands for the whole answer: the scope before all else, then the first that refuses."""
    refusing = [f.code for f in findings if f.code.effect.value == "refuse"]
    return codes.SCOPE_SCHOOL if codes.SCOPE_SCHOOL in refusing else refusing[0]


def _stored_finding(row: dict[str, Any]) -> Finding:
    code = codes.by_slug(row["code"])
    return Finding(code or codes.SERVICE_FAULT, row["pointer"], row["detail"])


def _json_body(
    submission_id: UUID,
    outcome: Outcome,
    received_at: datetime,
    judged_at: datetime,
    receipt: statements.AnyReceipt | None,
    findings: tuple[Finding, ...] | list[Finding],
) -> dict[str, Any]:
    return {
        "submission_id": str(submission_id),
        "outcome": outcome.value,
        "received_at": received_at.isoformat(),
        "judged_at": judged_at.isoformat(),
        "receipt": None if receipt is None else _receipt_body(receipt),
        "errors": [problems.finding_body(f) for f in findings],
    }


def _receipt_body(receipt: statements.AnyReceipt) -> dict[str, Any]:
    if isinstance(receipt, declaration.Receipt):
        return {
            "submission_id": str(receipt.submission_id),
            "school_year": receipt.school_year,
            "school_code": receipt.school_code,
            "version": receipt.version,
            "fingerprint": receipt.fingerprint.hex(),
            "accepted_at": receipt.accepted_at.isoformat(),
        }
    return {
        "submission_id": str(receipt.submission_id),
        "record_id": str(receipt.record_id),
        "transcript_code": receipt.transcript_code,
        "version": receipt.version,
        "school_year": receipt.school_year,
        "school_code": receipt.school_code,
        "level": receipt.level,
        "fingerprint": receipt.fingerprint.hex(),
        "accepted_at": receipt.accepted_at.isoformat(),
    }
