"""GET /v1/pupils/{pupil_code}/views: which office looked, when, and for which procedure; and the same to hand out to the family."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from registry.api import access, paging
from registry.api.edge import Edge
from registry.core.callers import Caller, Scope
from registry.core.views import View, Viewer
from registry.services import views

router = APIRouter(tags=["pupils"])

_NOT_STORED = {"Cache-Control": "no-store"}
_Reader = Annotated[Caller, Depends(access.caller(Scope.SUBMIT, Scope.OPERATE))]
_Code = Annotated[str, Path(pattern="^[A-Za-z0-9_-]{1,20}$", description="mahocsinh, never a personal number")]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid")

    form: Literal["text", "csv"] = Field("text", description="text: for the family, Vietnamese first; csv: a table")


class ViewBody(BaseModel):
    """One question or view."""

    question_id: UUID
    at: datetime
    caller_id: str
    office: str | None = Field(description="The caller's name; null when it is no longer registered")
    viewer: Viewer = Field(
        description="office, school (a school's own system), share_link (whoever was given a link), public (whoever has the code on "
        "a paper; nobody's address is kept), closed (a caller that is no longer registered)"
    )
    kind: str = Field(description="How it was asked, or what was read")
    purpose: str
    purpose_vi: str
    purpose_en: str
    reference: str = Field(description="The procedure, as the office named it; empty for one's own records")
    school_year: str | None
    detail: str | None = Field(description="The fields or the claim that was asked for; never what was answered")
    answer: str = Field(description="not_known and unknown: nothing was told")


class ViewsBody(BaseModel):
    """Newest first."""

    views: list[ViewBody]
    next: str | None = Field(description=paging.NEXT)


@router.get("/v1/pupils/{pupil_code}/views", response_model=ViewsBody)
async def get_views(
    request: Request, pupil_code: _Code, question: Annotated[paging.Paged, Query()], caller: _Reader
) -> Response:
    """Who asked about a pupil of one's own schools. This look is written down too, before it is answered."""
    edge: Edge = request.app.state.edge
    access.limit(request, caller, "questions")
    behind = paging.behind_id(request, question)
    found = await views.page(edge.world, caller, pupil_code, behind, question.limit, datetime.now(UTC))
    more = paging.following(request, question, found.next)
    body = ViewsBody(views=[_view(each) for each in found.views], next=more)
    return JSONResponse(body.model_dump(mode="json"), headers=_NOT_STORED)


@router.get(
    "/v1/pupils/{pupil_code}/views/export",
    response_class=Response,
    responses={200: {"content": {"text/plain": {}, "text/csv": {}}}},
)
async def get_export(request: Request, pupil_code: _Code, form: Annotated[_Form, Query()], caller: _Reader) -> Response:
    """The same as a text or a table for the family."""
    edge: Edge = request.app.state.edge
    access.limit(request, caller, "questions")
    now = datetime.now(UTC)
    if form.form == "text":
        text = await views.text(edge.world, caller, pupil_code, now)
        headers = {**_NOT_STORED, "Content-Disposition": 'attachment; filename="tra-cuu.txt"'}
        return PlainTextResponse(text, headers=headers)
    file = await views.table(edge.world, caller, pupil_code, now)
    headers = {**_NOT_STORED, "Content-Disposition": 'attachment; filename="tra-cuu.csv"'}
    return Response(file.body, media_type=file.media_type, headers=headers)


def _view(view: View) -> ViewBody:
    look = view.look
    return ViewBody(
        question_id=look.question_id,
        at=look.asked_at,
        caller_id=look.caller_id,
        office=view.office,
        viewer=view.viewer,
        kind=look.kind,
        purpose=look.purpose,
        purpose_vi=view.purpose_vi,
        purpose_en=view.purpose_en,
        reference=look.reference,
        school_year=look.school_year,
        detail=look.detail,
        answer=look.answer,
    )
