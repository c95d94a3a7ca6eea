"""GET /v1/transcripts/{code}, /versions, /document: a record of one's own schools, as it is and as it was."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from registry.api import access
from registry.api.edge import Edge
from registry.core.callers import Caller, Scope
from registry.core.verification import Answer
from registry.services import judging, transcripts

router = APIRouter(tags=["transcripts"])

_NOT_STORED = {"Cache-Control": "no-store"}
_Reader = Annotated[Caller, Depends(access.caller(Scope.SUBMIT, Scope.OPERATE))]
_Code = Annotated[str, Path(pattern="^[A-Za-z0-9-]{1,36}$", description="madinhdanhhocba")]


class _Which(BaseModel):
    model_config = ConfigDict(extra="forbid")

    version: int | None = Field(None, ge=1, le=999_999_999, description="Default: the greatest")


class WithdrawalBody(BaseModel):
    """The signed statement that withdrew a version and all before it."""

    version: int
    at: datetime
    reason: str
    submission_id: UUID


class VersionBody(BaseModel):
    """One version, with what it is now."""

    version: int
    state: Answer
    replaced_by: int | None = Field(description="The version that counts in the place of this one, if any does")
    withdrawn: WithdrawalBody | None
    reason: str | None = Field(description="Why there is this version: correction, summer, civil_status, other")
    awaits_summer: bool
    accepted_at: datetime
    fingerprint: str = Field(description="SHA-256 of the document as received, in hex")
    submission_id: UUID


class VersionsBody(BaseModel):
    """A record with all its versions, the first first."""

    record_id: UUID
    transcript_code: str
    pupil_code: str
    school_code: str
    school_year: str
    level: str
    grade: int
    current_version: int | None = Field(description="The version that counts; null when all are withdrawn")
    versions: list[VersionBody]


class TranscriptBody(VersionBody):
    """A version with what it says, by the published field names, whatever syntax it came in."""

    transcript: dict[str, Any]


@router.get("/v1/transcripts/{code}", response_model=TranscriptBody)
async def get_transcript(request: Request, code: _Code, which: Annotated[_Which, Query()], caller: _Reader) -> Response:
    """What a version of a record says and what it is now. Every view is written down before it is answered."""
    edge: Edge = request.app.state.edge
    access.limit(request, caller, "questions")
    told, members = await transcripts.content(edge.world, caller, code, which.version, datetime.now(UTC))
    return JSONResponse({**_version(told), "transcript": members}, headers=_NOT_STORED)


@router.get("/v1/transcripts/{code}/versions", response_model=VersionsBody)
async def get_versions(request: Request, code: _Code, caller: _Reader) -> Response:
    """Every version of a record."""
    edge: Edge = request.app.state.edge
    access.limit(request, caller, "questions")
    found = await transcripts.versions(edge.world, caller, code, datetime.now(UTC))
    record = found[0].history.record
    in_force = record.current_version if record.current_version > record.withdrawn_version else None
    body = {
        "record_id": str(record.record_id),
        "transcript_code": record.transcript_code,
        "pupil_code": record.pupil_code,
        "school_code": record.school_code,
        "school_year": record.school_year,
        "level": record.level,
        "grade": record.grade,
        "current_version": in_force,
        "versions": [_version(told) for told in found],
    }
    return JSONResponse(body, headers=_NOT_STORED)


@router.get(
    "/v1/transcripts/{code}/document",
    response_class=Response,
    responses={200: {"content": {media_type: {} for media_type in judging.MEDIA_TYPES}}},
)
async def get_document(request: Request, code: _Code, which: Annotated[_Which, Query()], caller: _Reader) -> Response:
    """The received bytes of a version, exactly as received; Content-Digest (RFC 9530) is their SHA-256."""
    edge: Edge = request.app.state.edge
    access.limit(request, caller, "questions")
    found = await transcripts.document(edge.world, caller, code, which.version, datetime.now(UTC))
    digest = base64.b64encode(found.told.version.fingerprint).decode("ascii")
    headers = {
        **_NOT_STORED,
        "Content-Digest": f"sha-256=:{digest}:",
        "Content-Disposition": "attachment",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(found.raw, media_type=found.media_type, headers=headers)


def _version(told: transcripts.Told) -> dict[str, Any]:
    version, withdrawn = told.version, told.withdrawn
    return {
        "version": version.version,
        "state": told.state.value,
        "replaced_by": told.replaced_by,
        "withdrawn": None
        if withdrawn is None
        else {
            "version": withdrawn.version,
            "at": withdrawn.at.isoformat(),
            "reason": withdrawn.reason,
            "submission_id": str(withdrawn.submission_id),
        },
        "reason": version.reason,
        "awaits_summer": version.awaits_summer,
        "accepted_at": version.accepted_at.isoformat(),
        "fingerprint": version.fingerprint.hex(),
        "submission_id": str(version.submission_id),
    }
