"""/v1/numbers/returns: a file of numbers comes back, is taken, and taken back. A number comes in and never goes out again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from registry.api import access, bodies, numbers, paging, problems, submission
from registry.api.edge import Edge
from registry.core.callers import Caller, Scope
from registry.core.numbers import Doubt
from registry.services import number_returns, pupils
from registry.services.number_returns import Report

router = APIRouter(tags=["numbers"])
_SOURCE = "POST /v1/numbers/returns"
_Operator = Annotated[Caller, Depends(access.caller(Scope.OPERATE))]


class _ReturnQuestion(numbers.Question):
    dry_run: bool = Field(False, description="Say what the file would do, and every problem; write nothing")
    skip_wrong: bool = Field(False, description="Leave wrong rows out instead of refusing the file")


class DoubtfulBody(BaseModel):
    """A row that waits for a person."""

    cell: str
    doubts: list[Doubt]
    pupils: int = Field(description="How many it can be")


class ReturnedBody(BaseModel):
    """What a returned file did, or would do in a dry run, in rows."""

    return_id: UUID | None = Field(description="null in a dry run")
    dry_run: bool
    rows: int
    without: int = Field(description="Rows without a number")
    applied: int = Field(description="Pupils who got their number")
    repeated: int = Field(description="Done, decided, confirmed or waiting before")
    doubtful: list[DoubtfulBody]
    unmatched: list[str] = Field(description="Cells of rows that mean nobody who lacks a number")
    wrong: list[submission.FindingBody] = Field(description="Rows that were left out (skip_wrong)")


class ReturnBody(BaseModel):
    """A file that came back and was taken."""

    return_id: UUID
    received_at: datetime
    caller_id: str | None
    source: str
    sha256: str
    unit: str
    school_year: str
    rows: int
    applied: int
    doubtful: int
    undone: int


class ReturnsBody(BaseModel):
    """Files that came back for the caller's units, the newest first."""

    returns: list[ReturnBody]
    next: str | None = Field(description=paging.NEXT)


class NumberUndoBody(bodies.Strict):
    """Why numbers are taken back."""

    pupil_code: str | None = Field(pattern=numbers.CODE, description="Of one pupil; null: all that came of the file")
    reason: str = Field(max_length=200, description=pupils.REASON_SHAPE)


class NumberUndoneBody(BaseModel):
    """How many pupils have again what stood before."""

    undone: int


_COLUMNS = (
    "CSV or XLSX, such as the exported file with its last column filled in. Columns: hovaten (Họ và tên), ngaysinh (Ngày sinh), "
    "gioitinh (Giới tính), sodinhdanh (Số định danh cá nhân: 12 digits as text, empty where there is none); mahocsinh (Mã học "
    "sinh) is used where it is there"
)


@router.post("/v1/numbers/returns", response_model=ReturnedBody, openapi_extra=bodies.described_table(_COLUMNS))
async def post_return(request: Request, caller: _Operator, question: Annotated[_ReturnQuestion, Query()]) -> Response:
    """Take a returned file: sure rows are applied, doubtful ones wait for a person, a wrong one refuses the file."""
    edge: Edge = request.app.state.edge
    raw = await bodies.table(request, number_returns.MOST_BYTES)
    options = number_returns.Options(question.dry_run, question.skip_wrong)
    report = await number_returns.take(
        edge.world, caller, numbers.asked_of(question), raw, _SOURCE, options, datetime.now(UTC)
    )
    return numbers.answer(_returned(report))


@router.get("/v1/numbers/returns", response_model=ReturnsBody)
async def get_returns(request: Request, caller: _Operator, question: Annotated[paging.Paged, Query()]) -> Response:
    """Which files came back, and what came of them."""
    edge: Edge = request.app.state.edge
    access.limit(request, caller, "questions")
    behind = paging.behind_id(request, question)
    found = await number_returns.returns(edge.world, caller, datetime.now(UTC), behind, question.limit + 1)
    page = found[: question.limit]
    more = page[-1].return_id if len(found) > len(page) else None
    body = ReturnsBody(
        returns=[
            ReturnBody(
                return_id=each.return_id, received_at=each.received_at, caller_id=each.caller_id, source=each.source,
                sha256=each.fingerprint.hex(), unit=each.unit_code, school_year=each.school_year, rows=each.rows,
                applied=each.applied, doubtful=each.doubtful, undone=each.undone,
            )
            for each in page
        ],
        next=paging.following(request, question, more),
    )  # fmt: skip
    return numbers.answer(body)


@router.post(
    "/v1/numbers/returns/{return_id}/undo",
    response_model=NumberUndoneBody,
    openapi_extra=bodies.described(NumberUndoBody),
)
async def post_undo(request: Request, return_id: UUID, caller: _Operator) -> Response:
    """Take back the numbers that came of a file, of one pupil or all; refused where a record rests on one."""
    edge: Edge = request.app.state.edge
    sent = await bodies.read(request, NumberUndoBody, pupils.read_json)
    now = datetime.now(UTC)
    undone = await number_returns.undo(edge.world, caller, return_id, sent.pupil_code, sent.reason, now)
    return numbers.answer(NumberUndoneBody(undone=undone))


def _returned(report: Report) -> ReturnedBody:
    names = ("return_id", "dry_run", "rows", "without", "applied", "repeated", "unmatched")
    counts: dict[str, Any] = {name: getattr(report, name) for name in names}
    doubtful = [DoubtfulBody(cell=each.place, doubts=list(each.doubts), pupils=each.pupils) for each in report.doubtful]
    wrong = [submission.FindingBody(**problems.finding_body(each)) for each in report.findings]
    return ReturnedBody(**counts, doubtful=doubtful, wrong=wrong)
