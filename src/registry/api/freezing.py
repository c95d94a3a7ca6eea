"""/v1/campaigns/{code}/freeze: two operators freeze a campaign; its snapshot beside what is there now, and as one file."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from registry.api import access, paging, parameters
from registry.api.completeness import BucketsBody
from registry.api.edge import Edge
from registry.core import reasons
from registry.core.callers import Caller, Scope
from registry.core.completeness import Bucket, Counts
from registry.core.frozen import Freeze
from registry.core.units import MapOf
from registry.services import cursors, freezing

router = APIRouter(tags=["campaigns"])
_NOT_STORED = {"Cache-Control": "no-store"}
_Asking = Annotated[Caller, Depends(access.caller(Scope.COMPLETENESS, Scope.OPERATE))]


class FreezeWord(BaseModel):
    """Why the campaign is frozen."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=1, max_length=reasons.LONGEST)


class _Question(paging.Paged):
    map: MapOf = Field(MapOf.NOW, description=parameters.MAP + ", or of the freeze, if that was earlier")


class FreezeBody(BaseModel):
    """A frozen campaign."""

    campaign: str
    frozen_at: datetime
    frozen_by: list[str]
    reason: str
    fingerprint: str = Field(description="SHA-256 of the snapshot without its last line, in hex")
    pupils: int
    size: int = Field(description="Octets of the file")


class FreezeAnswer(BaseModel):
    """Frozen (201), or waiting for a second operator's word, for seven days (202)."""

    state: Literal["frozen", "waits"]
    freeze: FreezeBody | None


class StandBody(BaseModel):
    """Pupils by bucket at one moment."""

    expected: int
    buckets: BucketsBody


class FrozenUnitBody(BaseModel):
    """A unit as it was frozen and as it is now; `arrived`: pupils of whom a transcript came onto the books in between."""

    unit: str
    name: str
    frozen: StandBody
    now: StandBody
    arrived: int


class FrozenBody(FreezeBody):
    """The frozen campaign, unit by unit."""

    units: list[FrozenUnitBody] = Field(description="One page, by code")
    next: str | None = Field(description=paging.NEXT)


@router.post(
    "/v1/campaigns/{code}/freeze",
    response_model=FreezeAnswer,
    status_code=201,
    responses={202: {"model": FreezeAnswer, "description": "Waits for a second operator"}},
)
async def post_freeze(
    request: Request, code: str, word: FreezeWord, caller: Annotated[Caller, Depends(access.caller(Scope.OPERATE))]
) -> Response:
    """Freeze a campaign; the first operator's word waits for that of a second one. This can't be undone."""
    edge: Edge = request.app.state.edge
    access.limit(request, caller, "questions")
    answer = await freezing.freeze(edge.world, caller, code, word.reason, datetime.now(UTC))
    done = answer.freeze
    body = FreezeAnswer(state="waits" if done is None else "frozen", freeze=None if done is None else _freeze(done))
    return JSONResponse(body.model_dump(mode="json"), 202 if done is None else 201, headers=_NOT_STORED)


@router.get("/v1/campaigns/{code}/freeze", response_model=FrozenBody)
async def get_freeze(request: Request, code: str, caller: _Asking, question: Annotated[_Question, Query()]) -> Response:
    """The frozen counts of the caller's units beside the present ones: the difference came after the freeze."""
    edge: Edge = request.app.state.edge
    access.limit(request, caller, "questions")
    behind = paging.behind(request, question)
    report = await freezing.report(edge.world, caller, code, datetime.now(UTC), question.map)
    shown, more = cursors.cut(report.lines, lambda line: (line.unit,), behind, question.limit)
    units = [
        FrozenUnitBody(
            unit=line.unit, name=line.name, frozen=_stand(line.frozen), now=_stand(line.now), arrived=line.arrived
        )
        for line in shown
    ]
    body = FrozenBody(
        **_freeze(report.freeze).model_dump(), units=units, next=paging.following(request, question, more)
    )
    return JSONResponse(body.model_dump(mode="json"), headers=_NOT_STORED)


@router.get(
    "/v1/campaigns/{code}/freeze/export",
    responses={200: {"content": {freezing.MEDIA_TYPE: {}}, "description": "The snapshot, the same bytes for ever"}},
    response_class=StreamingResponse,
)
async def get_export(request: Request, code: str, caller: _Asking) -> Response:
    """The snapshot as one file (JSON Lines); its last line is the SHA-256 of all before it. Without names and numbers."""
    edge: Edge = request.app.state.edge
    access.limit(request, caller, "questions")
    parts = await freezing.export(edge.world, caller, code, datetime.now(UTC))
    name = f'attachment; filename="frozen-{code}.jsonl"'
    return StreamingResponse(
        parts, media_type=freezing.MEDIA_TYPE, headers={**_NOT_STORED, "Content-Disposition": name}
    )


def _freeze(done: Freeze) -> FreezeBody:
    return FreezeBody(
        campaign=done.campaign_code,
        frozen_at=done.frozen_at,
        frozen_by=list(done.frozen_by),
        reason=done.reason,
        fingerprint=done.fingerprint.hex(),
        pupils=done.pupils,
        size=done.size,
    )


def _stand(counts: Counts) -> StandBody:
    return StandBody(
        expected=counts.expected, buckets=BucketsBody(**{bucket.value: counts.of(bucket) for bucket in Bucket})
    )
