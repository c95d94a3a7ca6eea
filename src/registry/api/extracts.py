"""Papers of a record: the verification code of a version, for who prints it, and the extract as a sealed PDF."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from registry.api import access, paging, telemetry
from registry.api.edge import Edge
from registry.core import codes
from registry.core.callers import Caller, Scope
from registry.core.findings import Refusal
from registry.core.verification import Answer
from registry.services import cursors, extracts

router = APIRouter()

_NOT_STORED = {"Cache-Control": "no-store"}
_Code = Annotated[str, Path(pattern="^[A-Za-z0-9-]{1,36}$", description="madinhdanhhocba")]


class _Which(BaseModel):
    model_config = ConfigDict(extra="forbid")

    version: int | None = Field(None, ge=1, le=999_999_999, description="Default: the greatest")


class _Why(BaseModel):
    model_config = ConfigDict(extra="forbid")

    purpose: str | None = Field(
        None,
        pattern="^[a-z0-9_-]{1,63}$",
        description="Of an office: one of the purposes granted to it that allow a whole extract",
    )
    reference: str | None = Field(
        None, min_length=1, max_length=100, description="Of an office: the procedure; never a personal number"
    )


class IssueBody(BaseModel):
    """One extract that was handed out, or (without a fingerprint) numbered and never finished."""

    number: str = Field(description="Year and running number in it, without a gap")
    issued_at: datetime
    version: int
    caller: str
    purpose: str
    reference: str
    fingerprint: str | None = Field(description="SHA-256 of the PDF, in hex")


class IssuesBody(BaseModel):
    """Every extract of a record, the first first."""

    extracts: list[IssueBody]
    next: str | None = Field(description=paging.NEXT)


class PublicCodeBody(BaseModel):
    """The verification code of one version; it stays with that version for ever."""

    version: int
    public_code: str = Field(description="28 characters in groups of four, the last two of them check characters")
    address: str = Field(description="The page that anybody may open")
    qr_text: str = Field(
        description="What the QR of a paper holds: the address, and what can be checked without a network"
    )


@router.get("/v1/transcripts/{code}/public-code", response_model=PublicCodeBody, tags=["transcripts"])
async def get_public_code(
    request: Request,
    code: _Code,
    which: Annotated[_Which, Query()],
    caller: Annotated[Caller, Depends(access.caller(Scope.SUBMIT, Scope.OPERATE))],
) -> Response:
    """The verification code of a version of one's own record, for a paper that the school's software prints."""
    edge: Edge = request.app.state.edge
    access.limit(request, caller, "questions")
    found = await extracts.printed(edge.world, edge.press, caller, code, which.version, datetime.now(UTC))
    body = {
        "version": found.version,
        "public_code": found.public_code,
        "address": found.qr_text.partition("#")[0],
        "qr_text": found.qr_text,
    }
    return JSONResponse(body, headers=_NOT_STORED)


@router.get(
    "/v1/transcripts/{code}/extract.pdf",
    tags=["extracts"],
    response_class=Response,
    responses={200: {"content": {"application/pdf": {}}}},
)
async def get_extract(
    request: Request,
    code: _Code,
    why: Annotated[_Why, Query()],
    caller: Annotated[Caller, Depends(access.caller(Scope.SUBMIT, Scope.OPERATE, Scope.VERIFY))],
) -> Response:
    """A new extract (bản thể hiện) of the version in force, sealed by the registry (PAdES); numbered and written down first."""
    edge: Edge = request.app.state.edge
    access.limit(request, caller, "questions")
    now = datetime.now(UTC)
    reason = await extracts.why(edge.world, caller, why.purpose, why.reference, edge.question_limits, now)
    made = await extracts.issue(edge.world, edge.press, caller, code, reason, now)
    if isinstance(made, extracts.NotKnown):
        telemetry.count_question(Answer.NOT_KNOWN.value, pause_begins=made.pause_begins)
        raise Refusal(codes.RECORD_UNKNOWN)
    name = f"ban-the-hien-{made.number.replace('/', '-')}.pdf"
    headers = {
        **_NOT_STORED,
        "Content-Disposition": f'attachment; filename="{name}"',
        "X-Content-Type-Options": "nosniff",
        "X-Extract-Number": made.number,
    }
    return Response(made.pdf, media_type="application/pdf", headers=headers)


@router.get("/v1/transcripts/{code}/extracts", response_model=IssuesBody, tags=["transcripts"])
async def get_extracts(
    request: Request,
    code: _Code,
    caller: Annotated[Caller, Depends(access.caller(Scope.SUBMIT, Scope.OPERATE))],
    question: Annotated[paging.Paged, Query()],
) -> Response:
    """Every extract of one's own record that was handed out: when, to whom, for which purpose."""
    edge: Edge = request.app.state.edge
    access.limit(request, caller, "questions")
    behind = paging.behind(request, question)
    found = await extracts.issued(edge.world, caller, code, datetime.now(UTC))
    shown, more = cursors.cut(found, lambda each: (each.year, each.number), behind, question.limit)
    rows = [
        {
            "number": f"{each.year}/{each.number:06d}",
            "issued_at": each.issued_at.isoformat(),
            "version": each.version,
            "caller": each.caller_id,
            "purpose": each.purpose,
            "reference": each.reference,
            "fingerprint": each.fingerprint.hex() if each.fingerprint else None,
        }
        for each in shown
    ]
    listed = {"extracts": rows, "next": paging.following(request, question, more)}
    return JSONResponse(listed, headers=_NOT_STORED)
