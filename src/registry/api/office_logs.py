"""/v1/sessions and /v1/name-views: who is signed in to the pages, and who saw names of pupils, on pages and through the API."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from registry.api import access, logs, paging
from registry.api.edge import Edge
from registry.core import codes
from registry.core.callers import Caller, Scope
from registry.core.findings import Finding, Refusal
from registry.core.people import Way
from registry.services import cursors, name_views, sessions

router, listing = APIRouter(tags=["sessions"]), APIRouter(tags=["name-views"])
_NOT_STORED = {"Cache-Control": "no-store"}
_LONGEST_ID = 80


class _SessionsQuestion(paging.Paged):
    person: str | None = Field(None, max_length=_LONGEST_ID, description="Of this person alone")


class _ViewsQuestion(paging.Paged):
    viewer: str | None = Field(
        None,
        max_length=_LONGEST_ID,
        description="Of this person or caller alone; needs the scope operate, as all views but one's own do",
    )


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
    next: str | None = Field(description=paging.NEXT)


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
    next: str | None = Field(description=paging.NEXT)


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
    behind = paging.behind(request, question)
    shown, more = cursors.cut(found, lambda row: row[1].place, behind, question.limit)
    rows = [
        SessionBody(
            session=each.name, person=person, way=each.way, started_at=each.stay.started_at, seen_at=each.stay.seen_at
        )
        for person, each in shown
    ]
    body = SessionsBody(sessions=rows, next=paging.following(request, question, more))
    return JSONResponse(body.model_dump(mode="json"), headers=_NOT_STORED)


@router.delete("/v1/sessions/{session}", status_code=204, response_class=Response)
async def delete_session(
    request: Request,
    session: Annotated[str, Path(pattern="^[0-9a-f]{32}$", description="As in the list")],
    caller: Annotated[Caller, Depends(access.caller(Scope.OPERATE))],
) -> Response:
    """End a session of the caller's people, wherever it is open: a lost telephone, somebody who has left."""
    edge: Edge = request.app.state.edge
    access.limit(request, caller, "questions")
    person = await sessions.end_of_units(edge.world, caller, session, edge.patience, datetime.now(UTC))
    logs.note(person=person)
    return Response(status_code=204, headers=_NOT_STORED)


@listing.get("/v1/name-views", response_model=NameViewsBody)
async def get_name_views(
    request: Request,
    caller: Annotated[Caller, Depends(access.caller(Scope.COMPLETENESS, Scope.OPERATE))],
    question: Annotated[_ViewsQuestion, Query()],
) -> Response:
    """Who saw names of pupils: with the scope operate everybody's views of the caller's units, else the caller's own views."""
    edge: Edge = request.app.state.edge
    access.limit(request, caller, "questions")
    place = paging.behind(request, question)
    behind = None if place is None else (datetime.fromisoformat(str(place[0])), UUID(str(place[1])))
    if Scope.OPERATE in caller.scopes:
        page = await name_views.of_units(edge.world, caller, question.viewer, behind, question.limit, datetime.now(UTC))
    elif question.viewer in (None, caller.caller_id):
        page = await name_views.own(edge.world, caller, behind, question.limit)
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
    more = None if page.next is None else (page.next[0].isoformat(), str(page.next[1]))
    body = NameViewsBody(views=rows, next=paging.following(request, question, more))
    return JSONResponse(body.model_dump(mode="json"), headers=_NOT_STORED)
