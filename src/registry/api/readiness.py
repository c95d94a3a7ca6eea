"""GET /v1/readiness: which schools of a unit can deliver their transcripts, and why the others can't."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from registry.api import access, parameters, problems, submission
from registry.api.edge import Edge
from registry.core import expiring
from registry.core import readiness as judged
from registry.core.callers import Caller, Scope
from registry.core.readiness import Light, Row
from registry.core.units import MapOf
from registry.services import readiness

router = APIRouter(tags=["readiness"])

_NOT_STORED = {"Cache-Control": "no-store"}
_LONGEST_CURSOR = 300


class _Question(BaseModel):
    """An unknown parameter is an error: a misspelled `grade` would be another question."""

    model_config = ConfigDict(extra="forbid")

    unit: str = Field(
        max_length=40, description="city:79, district:..., commune:... or school:...", examples=["district:771"]
    )
    school_year: str | None = Field(
        None, max_length=9, description="YYYY-YYYY; this or `campaign`", examples=["2024-2025"]
    )
    campaign: str | None = Field(
        None,
        max_length=40,
        description="Code of a campaign: its school year, grades and units, and signing until its deadlines",
    )
    grade: list[Annotated[int, Field(ge=1, le=12)]] | None = Field(
        None, max_length=12, description="Grades whose pupils count; default: all"
    )
    before: datetime | None = Field(
        None,
        description="Certificates must last until then; default: the campaign's last deadline for signing, else the next"
        " signing day. Without time zone: UTC+7.",
    )
    map: MapOf = Field(MapOf.NOW, description=parameters.MAP)
    light: Light | None = Field(None, description="Only schools that show this light")
    after: str | None = Field(None, max_length=_LONGEST_CURSOR, description="`next` of the page before")
    limit: int = Field(100, ge=1, le=readiness.MOST_ROWS)


class NumbersBody(BaseModel):
    """Pupils on the roster; `share` is the part of them that have a personal number, null without pupils."""

    pupils: int
    with_number: int
    without_number: int
    share: float | None


class StandingBody(BaseModel):
    """The registered certificates of one role, each counted once."""

    good: int = Field(description="Valid beyond `before`")
    ending: int = Field(description="Valid now; the certificate or its registration ends before `before`")
    unusable: int = Field(description="Revoked or expired")


class VendorBody(BaseModel):
    """Who may submit for the school."""

    caller_id: str
    name: str


class ReasonBody(submission.FindingBody):
    """Why the light is not green; `detail` in both languages."""

    detail_vi: str


class ReadinessBody(BaseModel):
    """One school. `reasons` is empty when the light is green."""

    school_code: str
    school_name: str
    light: Light
    numbers: NumbersBody
    signers: dict[str, StandingBody] = Field(description="By role that must sign")
    vendors: list[VendorBody]
    last_contact: datetime | None = Field(description="The last attempt by somebody who speaks for the school")
    refused: int = Field(description="Attempts refused in the last 7 days")
    refusals: dict[str, int] = Field(description="Such attempts by code")
    reasons: list[ReasonBody]


class LightsBody(BaseModel):
    """Schools of the whole unit by light."""

    red: int
    amber: int
    green: int


class ReadinessPage(BaseModel):
    """One page, by school code; `lights` counts all schools of the unit, `concerned` those with pupils or a vendor (all, when there
    are none such), as the pages do."""

    unit: str
    name: str
    school_year: str
    before: datetime
    map: MapOf
    lights: LightsBody
    concerned: LightsBody
    schools: list[ReadinessBody]
    next: str | None = Field(description="Cursor for `after`; null on the last page")


@router.get("/v1/readiness", response_model=ReadinessPage)
async def get_readiness(
    request: Request,
    caller: Annotated[Caller, Depends(access.caller(Scope.COMPLETENESS, Scope.OPERATE))],
    question: Annotated[_Question, Query()],
) -> Response:
    """One row for each school of a unit, with a traffic light and its reasons."""
    edge: Edge = request.app.state.edge
    access.limit(request, caller, "questions")
    now = datetime.now(UTC)
    asked = await _asked(edge, caller, question, now)
    page = await readiness.page(edge.world, caller, asked, question.light, question.after, question.limit, now)
    report = page.report
    body = ReadinessPage(
        unit=report.unit.code,
        name=report.unit.name,
        school_year=str(asked.school_year),
        before=asked.before,
        map=asked.on,
        lights=_lights(report.lights),
        concerned=_lights(judged.tally(report.concerned)),
        schools=[_row(row, report) for row in page.rows],
        next=page.next,
    )
    return JSONResponse(body.model_dump(mode="json"), headers=_NOT_STORED)


async def _asked(edge: Edge, caller: Caller, question: _Question, now: datetime) -> readiness.Asked:
    """Raises Refusal: request-parameter, campaign-unknown."""
    before, usual = parameters.moment(question.before), expiring.next_day(edge.settings.signing_day, now)
    if (question.campaign is None) is (question.school_year is None):
        raise parameters.wrong("/query/school_year", "school_year or campaign, one of the two")
    if question.campaign is not None and question.grade:
        raise parameters.wrong("/query/grade", "no grade beside a campaign, which has its own")
    if question.campaign is not None:
        return await readiness.for_campaign(
            edge.world, caller, question.unit, question.campaign, before, usual, now, question.map
        )
    year = parameters.school_year(question.school_year or "", "/query/school_year")
    grades = tuple(sorted(set(question.grade))) if question.grade else None
    return readiness.Asked(question.unit, year, before or usual, grades, on=question.map)


def _lights(found: Mapping[Light, int]) -> LightsBody:
    return LightsBody(**{light.value: count for light, count in found.items()})


def _row(row: Row, report: readiness.Report) -> ReadinessBody:
    facts = row.facts
    numbers = facts.numbers
    return ReadinessBody(
        school_code=facts.school_code,
        school_name=report.names[facts.school_code],
        light=row.light,
        numbers=NumbersBody(
            pupils=numbers.pupils,
            with_number=numbers.with_number,
            without_number=numbers.without_number,
            share=None if numbers.share is None else round(numbers.share, 4),
        ),
        signers={
            role.value: StandingBody(good=s.good, ending=s.ending, unusable=s.unusable)
            for role, s in facts.signers.items()
        },
        vendors=[VendorBody(caller_id=vendor, name=report.vendors[vendor]) for vendor in facts.vendors],
        last_contact=facts.last_contact,
        refused=facts.refused,
        refusals=dict(facts.refusals),
        reasons=[ReasonBody(**problems.finding_body(reason), detail_vi=reason.detail_vi) for reason in row.reasons],
    )
