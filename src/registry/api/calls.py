"""/v1/calls: whom the office calls today, and that somebody called."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from registry.api import access, paging, parameters
from registry.api.edge import Edge
from registry.core import calls as values
from registry.core.callers import Caller, Scope
from registry.core.calls import Call, Row, Trouble
from registry.core.campaigns import Stage
from registry.core.reminders import Sending
from registry.core.units import MapOf
from registry.services import calls, contacts, cursors

router = APIRouter(tags=["reminders"])
_NOT_STORED = {"Cache-Control": "no-store"}


class _Question(paging.Paged):
    unit: str = Field(max_length=40, examples=["district:771"])
    map: MapOf = Field(MapOf.NOW, description=parameters.MAP)
    campaign: str | None = Field(None, max_length=40, description="Code of a campaign: of this one alone")


class NewCall(BaseModel):
    """Somebody has called."""

    model_config = ConfigDict(extra="forbid")

    school_code: str = Field(max_length=20)
    note: str = Field("", max_length=values.LONGEST_NOTE, description="One line, nobody's number")


class CallBody(BaseModel):
    """A call that was made."""

    school_code: str
    at: datetime
    by: str
    note: str


class ReasonBody(BaseModel):
    """One stage; `gained`: in the last seven days, null where a stage is not counted by day."""

    campaign: str
    stage: Stage
    trouble: Trouble = Field(
        description="late; slow: won't be done in time at the pace of the last week; soon: within 3 days"
    )
    due_on: date
    done: int
    of: int
    gained: int | None


class PhoneBody(BaseModel):
    """An office of the school."""

    role: str
    phone: str | None
    email: str | None


class ToCallBody(BaseModel):
    """A school to be called."""

    school_code: str
    school_name: str
    reasons: list[ReasonBody]
    contacts: list[PhoneBody]
    vendors: list[str]
    last_contact: datetime | None = Field(description="The last attempt by somebody who speaks for the school")
    last_reminder: datetime | None
    last_reminder_state: Sending | None = Field(description="What became of it")
    last_call: CallBody | None


class CallsBody(BaseModel):
    """Those first that were not called yet today, the worst first."""

    schools: list[ToCallBody]
    of: int = Field(description="Schools on all pages")
    called: int = Field(description="Of them those that were called today")
    next: str | None = Field(description=paging.NEXT)


_Office = Annotated[Caller, Depends(access.caller(Scope.COMPLETENESS, Scope.OPERATE))]


@router.get("/v1/calls", response_model=CallsBody)
async def get_calls(request: Request, caller: _Office, question: Annotated[_Question, Query()]) -> Response:
    """Which of a unit's schools are late or trending late, with phone and last contact."""
    edge: Edge = request.app.state.edge
    access.limit(request, caller, "questions")
    now = datetime.now(UTC)
    asked = calls.Asked(question.unit, None, edge.settings.signing_day, question.map, question.campaign)
    rows = await calls.listed(edge.world, caller, asked, now)
    today = contacts.day_of(now)
    behind = paging.behind(request, question)
    shown, more = cursors.cut(rows, lambda row: values.place(row, today), behind, question.limit)
    body = CallsBody(
        schools=[_row(row) for row in shown],
        of=len(rows),
        called=sum(row.called_on(today) for row in rows),
        next=paging.following(request, question, more),
    )
    return JSONResponse(body.model_dump(mode="json"), headers=_NOT_STORED)


@router.post("/v1/calls", response_model=CallBody, status_code=201)
async def post_call(request: Request, new: NewCall, caller: _Office) -> Response:
    """Note that a school was called."""
    edge: Edge = request.app.state.edge
    access.limit(request, caller, "questions")
    call = await calls.note(edge.world, caller, new.school_code, new.note, datetime.now(UTC))
    return JSONResponse(_call(call).model_dump(mode="json"), 201, headers=_NOT_STORED)


def _call(call: Call) -> CallBody:
    return CallBody(school_code=call.school_code, at=call.at, by=call.caller_id, note=call.note)


def _row(row: Row) -> ToCallBody:
    return ToCallBody(
        school_code=row.school_code,
        school_name=row.school_name,
        reasons=[
            ReasonBody(
                campaign=each.campaign_code,
                stage=each.stage,
                trouble=each.trouble,
                due_on=each.due_on,
                done=each.progress.done,
                of=each.progress.of,
                gained=each.gained,
            )
            for each in row.reasons
        ],
        contacts=[PhoneBody(role=each.role, phone=each.phone, email=each.email) for each in row.contacts],
        vendors=list(row.vendors),
        last_contact=row.last_contact,
        last_reminder=row.last_reminder.at if row.last_reminder else None,
        last_reminder_state=row.last_reminder.state if row.last_reminder else None,
        last_call=None if row.last_call is None else _call(row.last_call),
    )
