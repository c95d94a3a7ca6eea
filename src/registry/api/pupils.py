"""/v1/pupils: a vendor asks who a pupil is; an operator renumbers, merges and parts. Numbers come in a body and never go out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field, field_validator

from registry.api import access, bodies, logs, paging
from registry.api.edge import Edge
from registry.core import ids
from registry.core.callers import Caller, Scope
from registry.core.pupils import Identity
from registry.services import identifying, pupils

router = APIRouter()
_NOT_STORED = {"Cache-Control": "no-store"}
_Operator = Annotated[Caller, Depends(access.caller(Scope.OPERATE))]
_Vendor = Annotated[Caller, Depends(access.caller(Scope.SUBMIT))]
_CODE = r"^[A-Za-z0-9_-]{1,20}$"
_NUMBER = r"^[0-9]{12}$"
_REASON = pupils.REASON_SHAPE


class IdentifyBody(bodies.Strict):
    """Who a pupil is said to be."""

    personal_number: str = Field(pattern=_NUMBER, description="12 digits 0 to 9, as text")
    birth_date: str = Field(max_length=10, description="YYYY-MM-DD, or YYYY-MM or YYYY where no more is known")
    sex: Literal["male", "female"] = Field(description="male or female")

    @field_validator("birth_date")
    @classmethod
    def _date(cls, text: str) -> str:
        if ids.BirthDate.parse(text) is None:
            raise ValueError
        return text


class IdentifiedBody(BaseModel):
    """The answer, of one shape whatever it is; a pupil of other schools is as unknown as one that nobody has."""

    question_id: UUID = Field(description="Names this question in the registry's record of questions")
    asked_at: datetime
    answer: Identity
    differs: list[Literal["birth_date", "sex"]] = Field(description="What is otherwise; empty for known and unknown")


class RenumberingBody(bodies.Strict):
    """A personal number that took another's place by a decision."""

    old_number: str = Field(pattern=_NUMBER, description="12 digits 0 to 9, as text: the pupil's present number")
    new_number: str = Field(pattern=_NUMBER, description="12 digits 0 to 9, as text: the number in its place")
    reference: str = Field(max_length=200, description=f"The decision: {_REASON}")


class RenumberedBody(BaseModel):
    """What was done; the numbers are not repeated."""

    pupil_code: str | None
    schools: list[str] = Field(description="Told in the feed of changes")
    repeated: bool = Field(description="It had been done before; nothing was written")


class MergeBody(bodies.Strict):
    """Two pupils that are one."""

    from_pupil_code: str = Field(pattern=_CODE, description="Pupil code: 1 to 20 letters, digits, -, _")
    into_pupil_code: str = Field(pattern=_CODE, description="Code of the pupil that stands for both from now on")
    reason: str = Field(max_length=200, description=_REASON)


class UndoBody(bodies.Strict):
    """Why a merge is undone."""

    reason: str = Field(max_length=200, description=_REASON)


class MergedBody(BaseModel):
    """One merge. No record was changed by it, nor is one by its undo."""

    merge_id: UUID
    from_pupil_code: str | None
    into_pupil_code: str | None
    reason: str
    caller_id: str | None = Field(description="null: by command")
    at: datetime
    undone_at: datetime | None
    undone_reason: str | None
    undone_by: str | None


class MergesBody(BaseModel):
    """Merges past and present, newest first."""

    merges: list[MergedBody]
    next: str | None = Field(description=paging.NEXT)


@router.post(
    "/v1/pupils/identify",
    response_model=IdentifiedBody,
    openapi_extra=bodies.described(IdentifyBody),
    tags=["identification"],
)
async def post_identification(request: Request, caller: _Vendor) -> Response:
    """Ask whether number, birth date and sex belong together, for pupils of one's own schools. No name goes out."""
    edge: Edge = request.app.state.edge
    access.limit(request, caller, "identifications")
    sent = await bodies.read(request, IdentifyBody, pupils.read_json)
    birth = ids.BirthDate.parse(sent.birth_date)
    assert birth is not None, "checked with its member"
    asked = identifying.Asked(sent.personal_number, birth, ids.Sex(sent.sex))
    found = await identifying.identify(edge.world, caller, asked, datetime.now(UTC))
    logs.note(answer=found.answer.value, question=str(found.question_id))
    return _answer(
        {
            "question_id": found.question_id,
            "asked_at": found.asked_at,
            "answer": found.answer,
            "differs": found.differs,
        },
        IdentifiedBody,
    )


@router.post(
    "/v1/pupils/renumberings",
    response_model=RenumberedBody,
    openapi_extra=bodies.described(RenumberingBody),
    tags=["pupils"],
)
async def post_renumbering(request: Request, caller: _Operator) -> Response:
    """Give a pupil a new personal number; the old one goes on finding the pupil, signed documents keep theirs."""
    edge: Edge = request.app.state.edge
    sent = await bodies.read(request, RenumberingBody, pupils.read_json)
    asked = pupils.Renumbering(sent.old_number, sent.new_number, sent.reference)
    done = await pupils.renumber(edge.world, caller, asked, datetime.now(UTC))
    return _answer({"pupil_code": done.pupil_code, "schools": done.schools, "repeated": done.repeated}, RenumberedBody)


@router.post("/v1/pupils/merges", response_model=MergedBody, openapi_extra=bodies.described(MergeBody), tags=["pupils"])
async def post_merge(request: Request, caller: _Operator) -> Response:
    """Let one pupil stand for another: look-ups find the records of both. Refused where both have a record of one year."""
    edge: Edge = request.app.state.edge
    sent = await bodies.read(request, MergeBody, pupils.read_json)
    made = await pupils.merge(
        edge.world, caller, sent.from_pupil_code, sent.into_pupil_code, sent.reason, datetime.now(UTC)
    )
    return _answer(_merge(made), MergedBody)


@router.post(
    "/v1/pupils/merges/{merge_id}/undo",
    response_model=MergedBody,
    openapi_extra=bodies.described(UndoBody),
    tags=["pupils"],
)
async def post_undo(request: Request, merge_id: UUID, caller: _Operator) -> Response:
    """Undo a merge: both pupils stand as before it, each with what came in under its own number and code."""
    edge: Edge = request.app.state.edge
    sent = await bodies.read(request, UndoBody, pupils.read_json)
    undone = await pupils.unmerge(edge.world, caller, merge_id, sent.reason, datetime.now(UTC))
    return _answer(_merge(undone), MergedBody)


@router.get("/v1/pupils/merges", response_model=MergesBody, tags=["pupils"])
async def get_merges(request: Request, caller: _Operator, question: Annotated[paging.Paged, Query()]) -> Response:
    """The merges of pupils within the caller's units."""
    edge: Edge = request.app.state.edge
    access.limit(request, caller, "questions")
    place = paging.behind(request, question)
    behind = None if place is None else (datetime.fromisoformat(str(place[0])), UUID(str(place[1])))
    found = await pupils.merges(edge.world, caller, datetime.now(UTC), behind, question.limit + 1)
    page = found[: question.limit]
    more = (page[-1].at.isoformat(), str(page[-1].merge_id)) if len(found) > len(page) else None
    listed = {"merges": [_merge(each) for each in page], "next": paging.following(request, question, more)}
    return _answer(listed, MergesBody)


def _merge(merge: pupils.Merge) -> dict[str, Any]:
    return {
        "merge_id": merge.merge_id,
        "from_pupil_code": merge.from_code,
        "into_pupil_code": merge.into_code,
        "reason": merge.reason,
        "caller_id": merge.caller_id,
        "at": merge.at,
        "undone_at": merge.undone_at,
        "undone_reason": merge.undone_reason,
        "undone_by": merge.undone_by,
    }


def _answer(values: dict[str, Any], model: type[BaseModel]) -> Response:
    return JSONResponse(model.model_validate(values).model_dump(mode="json"), headers=_NOT_STORED)
