"""/v1/numbers: pupils who lack a personal number, out as one file, back as another, and what a person says of the doubtful ones.

A number comes in with a file and never goes out again.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from registry.api import access, bodies, parameters, problems, submission
from registry.api.edge import Edge
from registry.core.callers import Caller, Scope
from registry.core.numbers import Doubt, Why
from registry.core.units import MapOf
from registry.services import completeness, name_views, number_returns, numbers, pupils, tables_out
from registry.services.number_returns import Report
from registry.services.tables_out import FileKind

router = APIRouter(tags=["numbers"])
listing = APIRouter(tags=["missing-numbers"])
_NOT_STORED = {"Cache-Control": "no-store"}
_LONGEST_CURSOR = 300
_SOURCE = "POST /v1/numbers/returns"
_CODE = r"^[A-Za-z0-9_-]{1,20}$"
_Asking = Annotated[Caller, Depends(access.caller(Scope.COMPLETENESS, Scope.OPERATE))]
_Operator = Annotated[Caller, Depends(access.caller(Scope.OPERATE))]


class _Question(BaseModel):
    """An unknown parameter is an error: a misspelled one would be another question."""

    model_config = ConfigDict(extra="forbid")

    unit: str = Field(
        max_length=40, description="city:79, district:..., commune:... or school:...", examples=["district:771"]
    )
    school_year: str = Field(max_length=9, description="YYYY-YYYY", examples=["2024-2025"])
    map: MapOf = Field(MapOf.NOW, description=parameters.MAP)


class _OfCampaign(_Question):
    campaign: str | None = Field(
        None, max_length=40, description="Code of a campaign of the school year: of its grades and its schools alone"
    )


class _PageQuestion(_OfCampaign):
    after: str | None = Field(None, max_length=_LONGEST_CURSOR, description="`next` of the page before")
    limit: int = Field(100, ge=1, le=numbers.MOST_ROWS)


class _ExportQuestion(_OfCampaign):
    format: FileKind = Field(FileKind.XLSX, description="csv or xlsx")


class _ReturnQuestion(_Question):
    dry_run: bool = Field(False, description="Say what the file would do, and every problem; write nothing")
    skip_wrong: bool = Field(False, description="Leave wrong rows out instead of refusing the file")


class _CasesQuestion(BaseModel):
    model_config = ConfigDict(extra="forbid")

    school_year: str | None = Field(None, max_length=9, description="YYYY-YYYY; default: all")
    after: UUID | None = Field(None, description="`next` of the page before")
    limit: int = Field(100, ge=1, le=number_returns.MOST_CASES)


class LackingBody(BaseModel):
    """A pupil on a roster who needs a number."""

    school_code: str
    school_name: str
    pupil_code: str
    name: str
    class_name: str
    grade: int
    birth_date: str | None = Field(description="YYYY-MM-DD, or YYYY-MM or YYYY where no more is known")
    sex: str | None
    why: Why = Field(description="absent: no number on the roster; refused: the last transcript was refused for it")
    codes: list[str] = Field(description="What the last transcript was refused for")


class LackingPage(BaseModel):
    """One page, by school and pupil code."""

    unit: str
    school_year: str
    pupils: list[LackingBody]
    next: str | None = Field(description="Cursor for `after`; null on the last page")


class ExportBody(BaseModel):
    """A file of names that went out."""

    export_number: int
    exported_at: datetime
    caller_id: str | None = Field(description="null: by command; person:...: on the pages")
    unit: str
    school_year: str
    format: str
    pupils: int
    sha256: str


class ExportsBody(BaseModel):
    """The newest files that went out of the caller's units."""

    exports: list[ExportBody]


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
    """The newest files that came back for the caller's units."""

    returns: list[ReturnBody]


class CandidateBody(BaseModel):
    """A pupil whose number it can be, as the roster has the pupil now; null where the pupil has left it."""

    school_code: str
    pupil_code: str
    name: str | None
    class_name: str | None
    birth_date: str | None
    sex: str | None


class NumberCaseBody(BaseModel):
    """A number that waits for a person. The number itself is not shown."""

    case_id: UUID
    return_id: UUID
    school_year: str
    cell: str
    told_name: str
    told_birth_date: str | None
    told_sex: str | None
    doubts: list[Doubt]
    raised_at: datetime
    pupils: list[CandidateBody]


class NumberCasesBody(BaseModel):
    """Cases, oldest first; `next` is null on the last page."""

    cases: list[NumberCaseBody]
    next: UUID | None


class NumberDecisionBody(bodies.Strict):
    """What a person says after looking into it."""

    pupil_code: str | None = Field(
        pattern=_CODE, description="Code of the pupil whose number it is; null: nobody's of them"
    )
    reason: str = Field(max_length=200, description=pupils.REASON_SHAPE)


class NumberDecidedBody(BaseModel):
    """What was decided."""

    case_id: UUID
    pupil_code: str | None


class NumberUndoBody(bodies.Strict):
    """Why numbers are taken back."""

    pupil_code: str | None = Field(pattern=_CODE, description="Of one pupil; null: all that came of the file")
    reason: str = Field(max_length=200, description=pupils.REASON_SHAPE)


class NumberUndoneBody(BaseModel):
    """How many pupils have again what stood before."""

    undone: int


@listing.get("/v1/numbers/missing", response_model=LackingPage)
async def get_missing(request: Request, caller: _Asking, question: Annotated[_PageQuestion, Query()]) -> Response:
    """The pupils of a unit without a number, or whose last transcript was refused for its number."""
    edge: Edge = request.app.state.edge
    access.limit(request, caller, "questions")
    now = datetime.now(UTC)
    asked = await _narrowed(edge, caller, question, now)
    page = await numbers.lacking(edge.world, caller, asked, question.after, question.limit, now)
    place = name_views.Screen("api-numbers", asked.unit, str(asked.school_year))
    await name_views.note_caller(edge.world, caller, place, len(page.rows), now)
    found = [
        LackingBody(
            school_code=row.school_code, school_name=page.schools[row.school_code], pupil_code=row.pupil_code, name=row.name,
            class_name=row.class_name, grade=row.grade, birth_date=str(row.birth) if row.birth else None, sex=row.sex,
            why=row.why, codes=list(row.codes),
        )
        for row in page.rows
    ]  # fmt: skip
    body = LackingPage(unit=asked.unit, school_year=str(asked.school_year), pupils=found, next=page.next)
    return _answer(body)


@router.post(
    "/v1/numbers/exports",
    response_class=Response,
    responses={
        200: {"content": {"text/csv": {}, bodies.XLSX: {}}, "description": "The file; its SHA-256 in Content-Digest"}
    },
)
async def post_export(request: Request, caller: _Operator, question: Annotated[_ExportQuestion, Query()]) -> Response:
    """One file of these pupils for the police, with an empty column for the number; on record with number and fingerprint."""
    edge: Edge = request.app.state.edge
    access.limit(request, caller, "questions")
    now = datetime.now(UTC)
    asked = await _narrowed(edge, caller, question, now)
    made = await numbers.export(edge.world, caller, asked, question.format, now)
    place = name_views.Screen("api-numbers-file", asked.unit, str(asked.school_year))
    await name_views.note_caller(edge.world, caller, place, made.pupils, now)
    headers = {**tables_out.headers(made.name, question.format), "Content-Digest": made.digest}
    return Response(made.file.body, media_type=made.file.media_type, headers=headers)


@router.get("/v1/numbers/exports", response_model=ExportsBody)
async def get_exports(request: Request, caller: _Operator) -> Response:
    """Which files of names went out, who took them, when, and their fingerprints."""
    edge: Edge = request.app.state.edge
    found = await numbers.exports(edge.world, caller, datetime.now(UTC))
    body = ExportsBody(
        exports=[
            ExportBody(
                export_number=each.export_number, exported_at=each.exported_at, caller_id=each.caller_id,
                unit=each.unit_code, school_year=each.school_year, format=each.kind, pupils=each.pupils,
                sha256=each.fingerprint.hex(),
            )
            for each in found
        ]
    )  # fmt: skip
    return _answer(body)


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
    report = await number_returns.take(edge.world, caller, _asked(question), raw, _SOURCE, options, datetime.now(UTC))
    return _answer(_returned(report))


@router.get("/v1/numbers/returns", response_model=ReturnsBody)
async def get_returns(request: Request, caller: _Operator) -> Response:
    """Which files came back, and what came of them."""
    edge: Edge = request.app.state.edge
    found = await number_returns.returns(edge.world, caller, datetime.now(UTC))
    body = ReturnsBody(
        returns=[
            ReturnBody(
                return_id=each.return_id, received_at=each.received_at, caller_id=each.caller_id, source=each.source,
                sha256=each.fingerprint.hex(), unit=each.unit_code, school_year=each.school_year, rows=each.rows,
                applied=each.applied, doubtful=each.doubtful, undone=each.undone,
            )
            for each in found
        ]
    )  # fmt: skip
    return _answer(body)


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
    return _answer(NumberUndoneBody(undone=undone))


@router.get("/v1/numbers/cases", response_model=NumberCasesBody)
async def get_number_cases(
    request: Request, caller: _Operator, question: Annotated[_CasesQuestion, Query()]
) -> Response:
    """Numbers that wait for a person to say whose they are."""
    edge: Edge = request.app.state.edge
    access.limit(request, caller, "questions")
    year = (
        None
        if question.school_year is None
        else str(parameters.school_year(question.school_year, "/query/school_year"))
    )
    found = await number_returns.cases(edge.world, caller, year, question.after, question.limit)
    page = found[: question.limit]
    for school, names in number_returns.names_of(page).items():
        place = name_views.Screen("api-number-cases", f"school:{school}", year)
        await name_views.note_caller(edge.world, caller, place, names, datetime.now(UTC))
    more = page[-1].case_id if len(found) > question.limit else None
    return _answer(NumberCasesBody(cases=[_case(each) for each in page], next=more))


@router.post(
    "/v1/numbers/cases/{case_id}/decision",
    response_model=NumberDecidedBody,
    openapi_extra=bodies.described(NumberDecisionBody),
)
async def post_number_decision(request: Request, case_id: UUID, caller: _Operator) -> Response:
    """Say whose a number is; it is applied at once, unless it contradicts the roster or is another pupil's."""
    edge: Edge = request.app.state.edge
    sent = await bodies.read(request, NumberDecisionBody, pupils.read_json)
    await number_returns.decide(edge.world, caller, case_id, sent.pupil_code, sent.reason, datetime.now(UTC))
    return _answer(NumberDecidedBody(case_id=case_id, pupil_code=sent.pupil_code))


def _asked(question: _Question) -> numbers.Asked:
    return numbers.Asked(
        question.unit, parameters.school_year(question.school_year, "/query/school_year"), question.map
    )


async def _narrowed(edge: Edge, caller: Caller, question: _OfCampaign, now: datetime) -> numbers.Asked:
    asked = _asked(question)
    _, only = await completeness.narrowed(edge.world, caller, asked.school_year, (), question.campaign, now)
    return replace(asked, only=only)


def _answer(body: BaseModel) -> Response:
    return JSONResponse(body.model_dump(mode="json"), headers=_NOT_STORED)


def _returned(report: Report) -> ReturnedBody:
    names = ("return_id", "dry_run", "rows", "without", "applied", "repeated", "unmatched")
    counts: dict[str, Any] = {name: getattr(report, name) for name in names}
    doubtful = [DoubtfulBody(cell=each.place, doubts=list(each.doubts), pupils=each.pupils) for each in report.doubtful]
    wrong = [submission.FindingBody(**problems.finding_body(each)) for each in report.findings]
    return ReturnedBody(**counts, doubtful=doubtful, wrong=wrong)


def _case(case: number_returns.NumberCase) -> NumberCaseBody:
    return NumberCaseBody(
        case_id=case.case_id, return_id=case.return_id, school_year=case.school_year, cell=case.place,
        told_name=case.told_name, told_birth_date=case.told_birth, told_sex=case.told_sex,
        doubts=[Doubt(each) for each in case.doubts], raised_at=case.raised_at,
        pupils=[
            CandidateBody(
                school_code=each.school_code, pupil_code=each.pupil_code, name=each.name, class_name=each.class_name,
                birth_date=each.birth, sex=each.sex,
            )
            for each in case.candidates
        ],
    )  # fmt: skip
