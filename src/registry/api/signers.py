"""GET /v1/signers/expiring: which schools' certificates end before the signing window, are revoked, or were never registered."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from registry.api import access, parameters
from registry.api.edge import Edge
from registry.core import expiring
from registry.core.callers import Caller, Scope
from registry.core.trust import Role
from registry.core.units import MapOf
from registry.services import signer_watch

router = APIRouter(tags=["signers"])

_NOT_STORED = {"Cache-Control": "no-store"}
_LONGEST_CURSOR = 300


class _Question(BaseModel):
    """An unknown parameter is an error: a misspelled `before` would be another question."""

    model_config = ConfigDict(extra="forbid")

    unit: str = Field(
        max_length=40, description="city:79, district:..., commune:... or school:...", examples=["district:771"]
    )
    before: datetime | None = Field(
        None, description="Ends before this moment count; default: the next signing day. Without time zone: UTC+7."
    )
    map: MapOf = Field(MapOf.NOW, description=parameters.MAP)
    school_year: str | None = Field(None, max_length=9, description=parameters.MAP_YEAR)
    after: str | None = Field(None, max_length=_LONGEST_CURSOR, description="`next` of the page before")
    limit: int = Field(100, ge=1, le=signer_watch.MOST_ROWS)


class TroubleBody(BaseModel):
    """Certificates (for none_registered: roles of a school) that nothing covers, each counted once."""

    none_registered: int = Field(description="Roles of a school without any registration")
    revoked: int = Field(description="On the newest revocation list held")
    expired: int
    expires: int = Field(description="Good now, ends before the moment")
    registration_ends: int = Field(description="The certificate lasts, its registration does not")


class SchoolsBody(BaseModel):
    """A unit with its counts. `covered`: what another good certificate of the same school and role makes up for."""

    unit: str
    name: str
    schools: int
    affected: int = Field(description="Schools with at least one entry that nothing covers")
    troubles: TroubleBody
    covered: int


class EntryBody(BaseModel):
    """One certificate, or one role without any (then the certificate's members are null)."""

    school_code: str
    school_name: str
    role: Role
    trouble: expiring.Trouble
    certificate: str | None = Field(description="SHA-256, hexadecimal")
    holder: str | None = Field(description="Common name in the certificate")
    ends_at: datetime | None = Field(description="End of the certificate or of its registration, whichever is first")
    covered: bool


class ExpiringBody(SchoolsBody):
    """Counts of all, then one page of entries by school and role. Parts may share schools."""

    before: datetime
    children: list[SchoolsBody]
    entries: list[EntryBody]
    next: str | None = Field(
        description="Cursor for `after`; null on the last page. It keeps to the same unit and moment."
    )


_Asking = Annotated[Caller, Depends(access.caller(Scope.COMPLETENESS, Scope.OPERATE))]


@router.get("/v1/signers/expiring", response_model=ExpiringBody)
async def get_expiring(request: Request, caller: _Asking, question: Annotated[_Question, Query()]) -> Response:
    """Certificates that end before the next signing window, are revoked or were never registered, by unit."""
    edge: Edge = request.app.state.edge
    now = datetime.now(UTC)
    before = parameters.moment(question.before) or expiring.next_day(edge.settings.signing_day, now)
    when = parameters.when(question.map, question.school_year, now)
    page = await signer_watch.page(edge.world, caller, question.unit, before, question.after, question.limit, now, when)
    report = page.report
    body = ExpiringBody(
        **_line(report.line).model_dump(),
        before=report.before,
        children=[_line(child) for child in report.children],
        entries=[_entry(item, report.names[item.school_code]) for item in page.items],
        next=page.next,
    )
    return JSONResponse(body.model_dump(mode="json"), headers=_NOT_STORED)


def _line(line: signer_watch.Line) -> SchoolsBody:
    counts = line.counts
    return SchoolsBody(
        unit=line.unit.code,
        name=line.unit.name,
        schools=counts.schools,
        affected=counts.affected,
        troubles=TroubleBody(**{trouble.value: count for trouble, count in counts.by_trouble.items()}),
        covered=counts.covered,
    )


def _entry(item: expiring.Item, school_name: str) -> EntryBody:
    return EntryBody(
        school_code=item.school_code,
        school_name=school_name,
        role=item.role,
        trouble=item.trouble,
        certificate=item.certificate.hex() or None,
        holder=item.holder or None,
        ends_at=item.ends_at,
        covered=item.covered,
    )
