"""/v1/sessions and /v1/name-views: who is signed in to the pages, and who saw names of pupils, on pages and through the API."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from registry.api import access
from registry.api.edge import Edge
from registry.core import codes
from registry.core.callers import Caller, Scope
from registry.core.findings import Finding, Refusal
from registry.core.people import Way
from registry.services import name_views, sessions

router, listing = APIRouter(tags=["sessions"]), APIRouter(tags=["name-views"])
_NOT_STORED = {"Cache-Control": "no-store"}
_LONGEST_ID = 80


class _Question(BaseModel):
    model_config = ConfigDict(extra="forbid")

    limit: int = Field(100, ge=1, le=name_views.MOST_ROWS)


class _SessionsQuestion(_Question):
    person: str | None = Field(None, max_length=_LONGEST_ID, description="Of this person alone")
    after: str | None = Field(
        None,
        pattern=r"^[0-9]{1,17}\.[0-9a-f]{32}$",
        description="`next` of the page before: where its last session stood",
    )


class _ViewsQuestion(_Question):
    viewer: str | None = Field(
        None,
        max_length=_LONGEST_ID,
        description="Of this person or caller alone; needs the scope operate, as all views but one's own do",
    )
    after: UUID | None = Field(None, description="`next` of the page before")


class SessionBody(BaseModel):
    """A session that lasts. `session` tells it from the others and opens nothing."""

    session: str
    person: str
    way: Way = Field(description="provider: the office's account; link: a one-time link")
    started_at: datetime
    seen_at: datetime = Field(description="Last used, to the minute")


class SessionsBody(BaseModel):
    """The newest first."""

    sessions: list[SessionBody]
    next: str | None = Field(description="For `after`; null on the last page")


class NameViewBody(BaseModel):
    """One answer with names of pupils: how many, on which screen or route, of which unit; who saw them, a person or a caller."""

    at: datetime
    person: str | None
    caller_id: str | None
    screen: str
    unit: str
    school_year: str | None
    names: int


class NameViewsBody(BaseModel):
    """The newest first."""

    views: list[NameViewBody]
    next: UUID | None = Field(description="For `after`; null on the last page")


@router.get("/v1/sessions", response_model=SessionsBody)
async def get_sessions(
    request: Request,
    caller: Annotated[Caller, Depends(access.caller(Scope.OPERATE))],
    question: Annotated[_SessionsQuestion, Query()],
) -> Response:
    """Open sessions of the people whose units are all at or below the caller's."""
    edge: Edge = request.app.state.edge
    access.limit(request, caller, "questions")
    now = datetime.now(UTC)
    found = await sessions.of_units(edge.world, caller, question.person, edge.patience, now)
    left = [row for row in found if question.after is None or _place(row[1]) < _behind(question.after)]
    shown = left[: question.limit]
    rows = [
        SessionBody(
            session=each.name, person=person, way=each.way, started_at=each.stay.started_at, seen_at=each.stay.seen_at
        )
        for person, each in shown
    ]
    more = "{}.{}".format(*_place(shown[-1][1])) if len(left) > len(shown) else None
    return JSONResponse(SessionsBody(sessions=rows, next=more).model_dump(mode="json"), headers=_NOT_STORED)


@listing.get("/v1/name-views", response_model=NameViewsBody)
async def get_name_views(
    request: Request,
    caller: Annotated[Caller, Depends(access.caller(Scope.COMPLETENESS, Scope.OPERATE))],
    question: Annotated[_ViewsQuestion, Query()],
) -> Response:
    """Who saw names of pupils: with the scope operate everybody's views of the caller's units, else the caller's own views."""
    edge: Edge = request.app.state.edge
    access.limit(request, caller, "questions")
    if Scope.OPERATE in caller.scopes:
        page = await name_views.of_units(
            edge.world, caller, question.viewer, question.after, question.limit, datetime.now(UTC)
        )
    elif question.viewer in (None, caller.caller_id):
        page = await name_views.own(edge.world, caller, question.after, question.limit)
    else:
        raise Refusal(
            codes.ACCESS_SCOPE, [Finding(codes.ACCESS_SCOPE, "/query/viewer", "operate, for another's views")]
        )
    rows = [
        NameViewBody(
            at=each.at, person=each.person_id, caller_id=each.caller_id, screen=each.screen, unit=each.unit_code,
            school_year=each.school_year, names=each.names,
        )
        for each in page.rows
    ]  # fmt: skip
    return JSONResponse(NameViewsBody(views=rows, next=page.next).model_dump(mode="json"), headers=_NOT_STORED)


def _place(each: sessions.Own) -> tuple[int, str]:
    """Where a session stands among the others: by its beginning in microseconds, and its name."""
    return round(each.stay.started_at.timestamp() * 1_000_000), each.name


def _behind(after: str) -> tuple[int, str]:
    started, name = after.split(".")
    return int(started), name
