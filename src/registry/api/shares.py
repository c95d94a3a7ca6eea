"""/v1/shares: links by which one receiver sees chosen years of one pupil: made, listed, revoked."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from registry.api import access, bodies, paging, parameters
from registry.api.edge import Edge
from registry.core import codes, shares
from registry.core.callers import Caller, Scope
from registry.core.findings import Finding, Refusal
from registry.services import shares as sharing
from registry.services import verification

router = APIRouter(tags=["shares"])

_NOT_STORED = {"Cache-Control": "no-store"}
_Holder = Annotated[Caller, Depends(access.caller(Scope.SUBMIT, Scope.OPERATE))]


class NewShareBody(bodies.Strict):
    """A link to make."""

    pupil_code: str = Field(pattern="^[A-Za-z0-9_-]{1,20}$", description="mahocsinh of the pupil, as in its records")
    school_years: list[str] = Field(
        min_length=1, max_length=shares.MOST_YEARS, description="1 to 12 school years, YYYY-YYYY, each once"
    )
    receiver: str = Field(
        min_length=1, max_length=shares.LONGEST_RECEIVER, description="Who receives it, 1 to 150 characters"
    )
    purpose: str = Field(description="One of: " + ", ".join(shares.PURPOSES))
    ends_at: str = Field(description="When it ends: a moment (RFC 3339), at most a year away")
    openings: int = Field(ge=1, le=shares.MOST_OPENINGS, description="How often it may be opened, 1 to 50")


class ShareBody(BaseModel):
    """A link as it stands, without its secret."""

    share_id: UUID
    created_at: datetime
    created_by: str
    school_code: str
    receiver: str
    purpose: str
    ends_at: datetime
    most_openings: int
    openings: int
    revoked_at: datetime | None


class MadeShareBody(ShareBody):
    """A new link; its address is shown this once and stored nowhere."""

    address: str


class SharesBody(BaseModel):
    """The newest first."""

    shares: list[ShareBody]
    next: str | None = Field(description=paging.NEXT)


@router.post("/v1/shares", response_model=MadeShareBody, status_code=201, openapi_extra=bodies.described(NewShareBody))
async def post_share(request: Request, caller: _Holder) -> Response:
    """Make a link for one pupil of one's own schools. The answer holds its address, which is shown this once."""
    edge: Edge = request.app.state.edge
    access.limit(request, caller, "questions")
    body = await bodies.read(request, NewShareBody, verification.read_json)
    share, secret = await sharing.make(edge.world, caller, _new(body), datetime.now(UTC))
    address = f"{edge.settings.issuer.rstrip('/')}/s/{secret}"
    return JSONResponse({**_body(share), "address": address}, 201, headers=_NOT_STORED)


@router.get("/v1/shares", response_model=SharesBody)
async def get_shares(request: Request, question: Annotated[paging.Paged, Query()], caller: _Holder) -> Response:
    """The links of one's own schools, with how often each was opened."""
    edge: Edge = request.app.state.edge
    access.limit(request, caller, "questions")
    found = await sharing.listed(edge.world, caller, paging.behind_id(request, question), question.limit + 1)
    page = found[: question.limit]
    following = paging.following(request, question, page[-1].share_id if len(found) > len(page) else None)
    return JSONResponse({"shares": [_body(each) for each in page], "next": following}, headers=_NOT_STORED)


@router.post("/v1/shares/{share_id}/revocation", status_code=204, response_class=Response)
async def post_revocation(request: Request, share_id: UUID, caller: _Holder) -> Response:
    """End a link of one's own schools at once; once more changes nothing."""
    edge: Edge = request.app.state.edge
    access.limit(request, caller, "questions")
    await sharing.revoke(edge.world, caller, share_id, datetime.now(UTC))
    return Response(status_code=204, headers=_NOT_STORED)


def _new(body: NewShareBody) -> sharing.New:
    years = tuple(str(parameters.school_year(each, "/body/school_years")) for each in body.school_years)
    try:
        ends_at = parameters.moment(datetime.fromisoformat(body.ends_at))
    except ValueError:
        ends_at = None
    if ends_at is None or len(set(years)) != len(years):
        pointer, detail = (
            ("/body/ends_at", "a moment (RFC 3339)") if ends_at is None else ("/body/school_years", "each once")
        )
        raise Refusal(codes.REQUEST_PARAMETER, [Finding(codes.REQUEST_PARAMETER, pointer, detail)])
    return sharing.New(body.pupil_code, years, body.receiver, body.purpose, ends_at, body.openings)


def _body(share: sharing.Link) -> dict[str, Any]:
    return {
        "share_id": str(share.share_id),
        "created_at": share.created_at.isoformat(),
        "created_by": share.created_by,
        "school_code": share.school_code,
        "receiver": share.receiver,
        "purpose": share.purpose,
        "ends_at": share.ends_at.isoformat(),
        "most_openings": share.most_openings,
        "openings": share.openings,
        "revoked_at": share.revoked_at.isoformat() if share.revoked_at else None,
    }
