"""Papers of a record: the verification code of a version, for who prints it, and the extract as a sealed PDF."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from registry.api import access
from registry.api.edge import Edge
from registry.core.callers import Caller, Scope
from registry.services import public_codes

router = APIRouter(tags=["extracts"])

_NOT_STORED = {"Cache-Control": "no-store"}
_Code = Annotated[str, Path(pattern="^[A-Za-z0-9-]{1,36}$", description="madinhdanhhocba")]


class _Which(BaseModel):
    model_config = ConfigDict(extra="forbid")

    version: int | None = Field(None, ge=1, le=999_999_999, description="Default: the greatest")


class PublicCodeBody(BaseModel):
    """The verification code of one version; it stays with that version for ever."""

    version: int
    public_code: str = Field(description="28 characters in groups of four, the last two of them check characters")
    address: str = Field(description="The page that anybody may open")


@router.get("/v1/transcripts/{code}/public-code", response_model=PublicCodeBody)
async def get_public_code(
    request: Request,
    code: _Code,
    which: Annotated[_Which, Query()],
    caller: Annotated[Caller, Depends(access.caller(Scope.SUBMIT, Scope.OPERATE))],
) -> Response:
    """The verification code of a version of one's own record, for a paper that the school's software prints."""
    edge: Edge = request.app.state.edge
    access.limit(request, caller, "questions")
    found, version = await public_codes.give(edge.world, caller, code, which.version, datetime.now(UTC))
    address = f"{edge.settings.issuer.rstrip('/')}/v/{found}"
    body = {"version": version, "public_code": found, "address": address}
    return JSONResponse(body, headers=_NOT_STORED)
