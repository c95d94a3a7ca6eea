"""/v1/contacts: whom to call and write to at the schools of a unit; the city's own list comes in as CSV."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from registry.api import access, logs, paging, parameters
from registry.api.edge import Edge
from registry.core import codes
from registry.core.callers import Caller, Scope
from registry.core.findings import Finding, Refusal
from registry.core.units import MapOf
from registry.services import contacts

router = APIRouter(tags=["reminders"])
_NOT_STORED = {"Cache-Control": "no-store"}
_CSV = "text/csv"
_COLUMNS = (
    "UTF-8, commas or semicolons; a header with the columns school_code, role (the office, never a person), phone, email, "
    "valid_from (YYYY-MM-DD), and valid_to where wanted (holds until before that day); a phone or an e-mail at least"
)


class _Question(paging.Paged):
    unit: str = Field(max_length=40, examples=["district:771"])
    map: MapOf = Field(MapOf.NOW, description=parameters.MAP)
    school_year: str | None = Field(None, max_length=9, description=parameters.MAP_YEAR)
    limit: int = Field(100, ge=1, le=paging.MOST_ROWS, description="Schools of one page")


class _Options(BaseModel):
    model_config = ConfigDict(extra="forbid")

    dry_run: bool = Field(False, description="Say what would change and what is wrong, and change nothing")


class ContactBody(BaseModel):
    """One office of a school; it holds from `valid_from` until before `valid_to`."""

    school_code: str
    school_name: str
    role: str
    phone: str | None
    email: str | None
    valid_from: date
    valid_to: date | None


class ContactsBody(BaseModel):
    """Past and present contacts by school, role and beginning; `without`: schools of this page that have none today."""

    contacts: list[ContactBody]
    without: list[str]
    next: str | None = Field(description=paging.NEXT)


class ContactsTaken(BaseModel):
    """What the list did, in contacts."""

    new: int
    changed: int
    unchanged: int


@router.get("/v1/contacts", response_model=ContactsBody)
async def get_contacts(
    request: Request,
    caller: Annotated[Caller, Depends(access.caller(Scope.COMPLETENESS, Scope.OPERATE))],
    question: Annotated[_Question, Query()],
) -> Response:
    """The contacts of the schools of a unit, page by page."""
    edge: Edge = request.app.state.edge
    access.limit(request, caller, "questions")
    now = datetime.now(UTC)
    when = parameters.when(question.map, question.school_year, now)
    school = paging.behind_code(request, question)
    page = await contacts.page(edge.world, caller, question.unit, school, question.limit, now, when)
    rows = [
        ContactBody(
            school_code=row.school_code,
            school_name=page.names[row.school_code],
            role=row.role,
            phone=row.phone,
            email=row.email,
            valid_from=row.valid_from,
            valid_to=row.valid_to,
        )
        for row in page.rows
    ]
    body = ContactsBody(contacts=rows, without=list(page.without), next=paging.following(request, question, page.next))
    return JSONResponse(body.model_dump(mode="json"), headers=_NOT_STORED)


_BODY: dict[str, Any] = {
    "requestBody": {"required": True, "content": {_CSV: {"schema": {"type": "string", "description": _COLUMNS}}}}
}


@router.post("/v1/contacts", response_model=ContactsTaken, openapi_extra=_BODY)
async def post_contacts(
    request: Request,
    caller: Annotated[Caller, Depends(access.caller(Scope.OPERATE))],
    options: Annotated[_Options, Query()],
) -> Response:
    """Take a list as a difference: who is not named stays, the same again changes nothing; all of it or nothing."""
    edge: Edge = request.app.state.edge
    raw = await _body(request)
    now = datetime.now(UTC)
    report = await contacts.import_table(edge.world, caller, raw, now, "POST /v1/contacts", dry_run=options.dry_run)
    logs.note(new=report.new, changed=report.changed)
    body = ContactsTaken(new=report.new, changed=report.changed, unchanged=report.unchanged)
    return JSONResponse(body.model_dump(), headers=_NOT_STORED)


async def _body(request: Request) -> bytes:
    """The CSV; raises Refusal: request-media-type, request-too-large."""
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media_type != _CSV or "content-encoding" in request.headers:
        raise Refusal(codes.REQUEST_MEDIA_TYPE, [Finding(codes.REQUEST_MEDIA_TYPE, "", _CSV)])
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > contacts.MOST_BYTES:
            detail = f"at most {contacts.MOST_BYTES} bytes"
            raise Refusal(codes.REQUEST_TOO_LARGE, [Finding(codes.REQUEST_TOO_LARGE, "", detail)])
    return bytes(raw)
