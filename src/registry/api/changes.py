"""GET /v1/changes: what was accepted, superseded, withdrawn or renumbered, in one order, for one's own schools."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from registry.api import access
from registry.api.edge import Edge
from registry.core.callers import Caller, Scope
from registry.services import changes

router = APIRouter(tags=["changes"])

_Reader = Annotated[Caller, Depends(access.caller(Scope.SUBMIT, Scope.COMPLETENESS, Scope.OPERATE))]


class _Question(BaseModel):
    model_config = ConfigDict(extra="forbid")

    after: int = Field(0, ge=0, le=2**62, description="`next` of the answer before; 0 begins at the beginning")
    limit: int = Field(100, ge=1, le=changes.MOST_ROWS)


class ChangeBody(BaseModel):
    """One change. What concerns a pupil and no record (renumbered) has no record, code, year, level or version."""

    position: int = Field(description="Grows by time of commit; the feed has no gaps, one's own part of it has")
    kind: Literal["accepted", "superseded", "withdrawn", "renumbered"]
    at: datetime
    school_code: str
    pupil_code: str | None
    record_id: UUID | None
    transcript_code: str | None
    school_year: str | None
    level: str | None
    version: int | None = Field(description="The version accepted, superseded or withdrawn (with all before it)")
    superseded_by: int | None = Field(description="Of a superseded version: the one in its place")


class ChangesBody(BaseModel):
    """Changes in order. Ask again with `after` = `next`: nothing is missed and nothing comes twice."""

    changes: list[ChangeBody]
    next: int
    more: bool = Field(description="The next page is there already")


@router.get("/v1/changes", response_model=ChangesBody)
async def get_changes(request: Request, question: Annotated[_Question, Query()], caller: _Reader) -> Response:
    """What changed in the records of one's own schools since a position."""
    edge: Edge = request.app.state.edge
    access.limit(request, caller, "questions")
    page = await changes.read(edge.world, caller, question.after, question.limit)
    rows = [
        {
            "position": each.position,
            "kind": each.kind,
            "at": each.at.isoformat(),
            "school_code": each.school_code,
            "pupil_code": each.pupil_code,
            "record_id": each.record_id,
            "transcript_code": each.transcript_code,
            "school_year": each.school_year,
            "level": each.level,
            "version": each.version,
            "superseded_by": each.by_version,
        }
        for each in page.changes
    ]
    return JSONResponse({"changes": rows, "next": page.next, "more": page.more}, headers={"Cache-Control": "no-store"})
