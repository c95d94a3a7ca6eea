"""/v1/campaigns: which transcripts are due by when, stage by stage, and how a deadline is moved."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from registry.api import access, paging
from registry.api.edge import Edge
from registry.core import campaigns as values
from registry.core import reasons
from registry.core.callers import Caller, Scope
from registry.core.campaigns import Deadline, Plan, Stage
from registry.core.ids import Level
from registry.services import campaigns, cursors

router = APIRouter(tags=["campaigns"])
_NOT_STORED = {"Cache-Control": "no-store"}
_Asking = Annotated[Caller, Depends(access.caller(Scope.COMPLETENESS, Scope.OPERATE))]
_Operator = Annotated[Caller, Depends(access.caller(Scope.OPERATE))]


class DeadlineBody(BaseModel):
    """A stage is due by the end of this day in the city."""

    stage: Stage
    due_on: date
    due_at: datetime = Field(description="The first moment that is too late")
    set_at: datetime
    set_by: str | None = Field(description="Null: an operator at the machine itself")
    reason: str


class CampaignBody(BaseModel):
    """A campaign; `history` has every deadline there ever was, the oldest first."""

    code: str
    name: str
    name_en: str
    school_year: str
    grades: list[int]
    levels: list[Level]
    units: list[str]
    unit_names: list[str] = Field(description="Of `units`, in the same order")
    created_at: datetime
    created_by: str | None
    deadlines: list[DeadlineBody] = Field(description="Those that hold now, in the order of the stages")
    history: list[DeadlineBody]


class CampaignList(BaseModel):
    """By school year and code."""

    campaigns: list[CampaignBody]
    next: str | None = Field(description=paging.NEXT)


class NewCampaign(BaseModel):
    """A campaign as it is made; it never changes, only its deadlines move."""

    model_config = ConfigDict(extra="forbid")

    code: str = Field(max_length=40, examples=["q10-lop1-2023-2024"])
    name: str = Field(max_length=values.LONGEST_NAME)
    name_en: str = Field(max_length=values.LONGEST_NAME)
    school_year: str = Field(max_length=9, examples=["2023-2024"])
    grades: list[int] = Field(min_length=1, max_length=12)
    units: list[str] = Field(min_length=1, max_length=values.MOST_UNITS, examples=[["district:771"]])
    deadlines: dict[Stage, date]


class Move(BaseModel):
    """Another day for a stage, and why."""

    model_config = ConfigDict(extra="forbid")

    stage: Stage
    due_on: date
    reason: str = Field(min_length=1, max_length=reasons.LONGEST)


@router.get("/v1/campaigns", response_model=CampaignList)
async def get_campaigns(request: Request, caller: _Asking, question: Annotated[paging.Paged, Query()]) -> Response:
    """The campaigns that concern a school of the caller."""
    edge: Edge = request.app.state.edge
    found = await campaigns.listed(edge.world, caller, datetime.now(UTC))
    behind = paging.behind(request, question)
    shown, more = cursors.cut(
        found, lambda plan: (plan.campaign.school_year, plan.campaign.code), behind, question.limit
    )
    listed = {
        "campaigns": [await body(edge, plan) for plan in shown],
        "next": paging.following(request, question, more),
    }
    return JSONResponse(listed, headers=_NOT_STORED)


@router.get("/v1/campaigns/{code}", response_model=CampaignBody)
async def get_campaign(request: Request, code: str, caller: _Asking) -> Response:
    """One campaign with the history of its deadlines."""
    edge: Edge = request.app.state.edge
    found = await campaigns.find(edge.world, caller, code, datetime.now(UTC))
    return JSONResponse(await body(edge, found), headers=_NOT_STORED)


@router.post("/v1/campaigns", response_model=CampaignBody, status_code=201)
async def post_campaign(request: Request, new: NewCampaign, caller: _Operator) -> Response:
    """Make a campaign. The same again changes nothing; the caller answers for all of its units."""
    edge: Edge = request.app.state.edge
    made = await campaigns.add(edge.world, caller, new.model_dump(mode="json"), datetime.now(UTC))
    return JSONResponse(await body(edge, made), status_code=201, headers=_NOT_STORED)


@router.post("/v1/campaigns/{code}/deadlines", response_model=CampaignBody)
async def post_deadline(request: Request, code: str, move: Move, caller: _Operator) -> Response:
    """Move the deadline of a stage; what held before stays in the history."""
    edge: Edge = request.app.state.edge
    now = datetime.now(UTC)
    moved = await campaigns.move(edge.world, caller, code, move.stage, move.due_on, move.reason, now)
    return JSONResponse(await body(edge, moved), headers=_NOT_STORED)


async def body(edge: Edge, plan: Plan) -> dict[str, Any]:
    """A campaign as it is told."""
    here, campaign = (await edge.world.known()).map, plan.campaign
    return CampaignBody(
        code=campaign.code,
        name=campaign.name,
        name_en=campaign.name_en,
        school_year=campaign.school_year,
        grades=list(campaign.grades),
        levels=list(campaign.levels),
        units=list(campaign.units),
        # Another process may have brought a unit in a moment ago.
        unit_names=[here.units[unit].name if unit in here.units else unit for unit in campaign.units],
        created_at=plan.created_at,
        created_by=plan.caller_id,
        deadlines=[_deadline(each) for each in plan.deadlines().values()],
        history=[_deadline(each) for each in plan.history],
    ).model_dump(mode="json")


def _deadline(each: Deadline) -> DeadlineBody:
    return DeadlineBody(
        stage=each.stage,
        due_on=each.due_on,
        due_at=each.due_at,
        set_at=each.set_at,
        set_by=each.caller_id,
        reason=each.reason,
    )
