"""/v1/reminders: who has to be reminded of what, and the messages that were sent. Sending is the background work's."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from registry.api import access, paging, parameters
from registry.api.edge import Edge
from registry.core.callers import Caller, Scope
from registry.core.campaigns import Stage
from registry.core.reminders import Item, Reminder, Sending, State, tally
from registry.core.units import MapOf
from registry.services import cursors, reminders

router = APIRouter(tags=["reminders"])
_NOT_STORED = {"Cache-Control": "no-store"}


class _Question(paging.Paged):
    unit: str = Field(max_length=40, examples=["district:771"])
    map: MapOf = Field(MapOf.NOW, description=parameters.MAP)
    campaign: str | None = Field(None, max_length=40, description="Code of a campaign: of this one alone")
    state: State | None = Field(None, description="Only these")


class _LogQuestion(paging.Paged):
    unit: str = Field(max_length=40, examples=["district:771"])
    map: MapOf = Field(MapOf.NOW, description=parameters.MAP)
    school_year: str | None = Field(None, max_length=9, description=parameters.MAP_YEAR)


class MessageBody(BaseModel):
    """What became of a message; `reason` is the slug of a code."""

    day: date
    state: Sending
    at: datetime
    attempts: int
    recipients: int
    reason: str | None


class ReminderBody(BaseModel):
    """Somebody to be reminded of something."""

    school_code: str
    school_name: str
    campaign: str
    stage: Stage
    due_on: date
    done: int
    of: int = Field(description="Pupils, signing roles or grades, as the stage is counted")
    state: State = Field(
        description="due: to be written to now; no_contact: nobody there to write to; failed: tried today as often as is "
        "tried; reminded: written to"
    )
    last: MessageBody | None
    next_on: date | None = Field(description="The next day of the rhythm; null after the last one")


class RemindersBody(BaseModel):
    """By school, campaign and stage; `states` counts all of the unit."""

    reminders: list[ReminderBody]
    states: dict[State, int]
    sending: bool = Field(
        description="Messages are sent by themselves; else the list says who has to be reminded all the same"
    )
    next: str | None = Field(description=paging.NEXT)


class SentBody(MessageBody):
    """A message of the past."""

    school_code: str
    school_name: str
    campaign: str
    stage: Stage


class SentPage(BaseModel):
    """The newest first."""

    messages: list[SentBody]
    next: str | None = Field(description=paging.NEXT)


_Asking = Annotated[Caller, Depends(access.caller(Scope.COMPLETENESS, Scope.OPERATE))]


@router.get("/v1/reminders", response_model=RemindersBody)
async def get_reminders(request: Request, caller: _Asking, question: Annotated[_Question, Query()]) -> Response:
    """Who of a unit's schools has to be reminded of what: near a deadline or late, and not done."""
    edge: Edge = request.app.state.edge
    access.limit(request, caller, "questions")
    now, day = datetime.now(UTC), edge.settings.signing_day
    items = await reminders.listed(
        edge.world, caller, question.unit, day, now, on=question.map, campaign=question.campaign
    )
    wanted = [item for item in items if question.state in (None, item.state)]
    behind = paging.behind(request, question)
    shown, more = cursors.cut(wanted, lambda item: (item.key.place,), behind, question.limit)
    body = RemindersBody(
        reminders=[_item(item) for item in shown],
        states=dict(tally(items)),
        sending=edge.settings.reminders,
        next=paging.following(request, question, more),
    )
    return JSONResponse(body.model_dump(mode="json"), headers=_NOT_STORED)


@router.get("/v1/reminders/messages", response_model=SentPage)
async def get_messages(request: Request, caller: _Asking, question: Annotated[_LogQuestion, Query()]) -> Response:
    """The messages to a unit's schools, with what became of each."""
    edge: Edge = request.app.state.edge
    access.limit(request, caller, "questions")
    now = datetime.now(UTC)
    when = parameters.when(question.map, question.school_year, now)
    page = await reminders.log_page(edge.world, caller, question.unit, question.after, question.limit, now, when)
    rows = [
        SentBody(
            school_code=row.key.school_code,
            school_name=page.names[row.key.school_code],
            campaign=row.key.campaign_code,
            stage=row.key.stage,
            **_message(row).model_dump(),
        )
        for row in page.rows
    ]
    return JSONResponse(SentPage(messages=rows, next=page.next).model_dump(mode="json"), headers=_NOT_STORED)


def _item(item: Item) -> ReminderBody:
    return ReminderBody(
        school_code=item.key.school_code,
        school_name=item.school_name,
        campaign=item.key.campaign_code,
        stage=item.key.stage,
        due_on=item.due_on,
        done=item.progress.done,
        of=item.progress.of,
        state=item.state,
        last=None if item.last is None else _message(item.last),
        next_on=item.next_on,
    )


def _message(row: Reminder) -> MessageBody:
    return MessageBody(
        day=row.day, state=row.state, at=row.at, attempts=row.attempts, recipients=row.recipients, reason=row.reason
    )
