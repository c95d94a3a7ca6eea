"""GET /v1/completeness with /trend and /pupils: expected against held for a unit, day by day, and who stands where. Never percentages."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from registry.api import access, parameters, problems
from registry.api.edge import Edge
from registry.core.callers import Caller, Scope
from registry.core.completeness import Bucket, Counts, Row
from registry.core.frozen import Beside
from registry.core.ids import SchoolYear
from registry.core.units import MapOf
from registry.services import completeness, completeness_parts, completeness_pupils, name_views

router = APIRouter(tags=["completeness"])

_NOT_STORED = {"Cache-Control": "no-store"}
_LONGEST_CURSOR = 300
#: Days of a trend when nobody says from when on.
_DAYS = 30


class _Question(BaseModel):
    """What both routes ask for. An unknown parameter is an error: a misspelled as_of would be another question."""

    model_config = ConfigDict(extra="forbid")

    unit: str = Field(
        max_length=40, description="city:79, district:..., commune:... or school:...", examples=["district:771"]
    )
    school_year: str | None = Field(
        None, max_length=9, description="YYYY-YYYY; may be left out with `campaign`", examples=["2024-2025"]
    )
    campaign: str | None = Field(
        None, max_length=40, description="Code of a campaign: of its year, its grades and its schools alone"
    )
    grade: list[Annotated[int, Field(ge=1, le=12)]] = Field(
        [], max_length=12, description="Of these grades alone; may be given several times"
    )
    map: MapOf = Field(
        MapOf.NOW,
        description="Whose map groups the schools: `now`, or `then`, as it was when the school year ended (or as of `as_of`, if"
        " that was earlier). A unit that was not there then answers for the nearest moment; totals are the same on both.",
    )


class _MomentQuestion(_Question):
    as_of: datetime | None = Field(
        None, description="The moment to answer for; default: now. Without time zone: UTC+7."
    )


class _CountsQuestion(_MomentQuestion):
    by: completeness.By | None = Field(
        None,
        description="What the counts are broken down by; without: by the direct parts of the unit. `class` needs a school.",
    )
    after: str | None = Field(None, max_length=_LONGEST_CURSOR, description="`next` of the page before")
    limit: int = Field(
        completeness_parts.MOST_ROWS,
        ge=1,
        le=completeness_parts.MOST_ROWS,
        description="Rows of one page: of `children`, then of `groups`; a city's direct parts are one page",
    )


class _TrendQuestion(_Question):
    since: date | None = Field(None, description="The first day; default: 29 days before `until`")
    until: date | None = Field(None, description="The last day; default: today")


class _PupilsQuestion(_MomentQuestion):
    bucket: Bucket
    after: str | None = Field(None, max_length=_LONGEST_CURSOR, description="`next` of the page before")
    limit: int = Field(100, ge=1, le=completeness_pupils.MOST_ROWS)


class BucketsBody(BaseModel):
    """Pupils by bucket, each pupil of a school in one. All but `transferred` and `unexpected` add up to `expected`."""

    present: int = Field(description="A transcript in force stands on record")
    awaiting_summer: int = Field(description="On record, to be assessed again in summer: another version will come")
    missing: int = Field(description="Nothing came")
    awaiting_number: int = Field(description="On the roster without a personal number, nothing on record")
    held: int = Field(description="The last attempt is held")
    refused: int = Field(description="The last attempt was refused")
    transferred: int = Field(
        description="Left the roster and stands on another school's, where the pupil is expected now"
    )
    unexpected: int = Field(description="On record without being on the roster")


class AfterFreezeBody(BaseModel):
    """The unit as the campaign was frozen; what the body counts beyond it came after the freeze."""

    frozen_at: datetime
    fingerprint: str = Field(
        description="SHA-256 of the snapshot, in hex; the snapshot is at /v1/campaigns/{code}/freeze"
    )
    expected: int
    buckets: BucketsBody
    arrived: int = Field(
        description="Pupils of whom a transcript (a first or a corrected one) came onto the books after the freeze"
    )


class PartBody(BaseModel):
    """A part of the unit; `key` is `unit` again, as rows of every `by` have a key and a name."""

    key: str
    unit: str
    name: str
    expected: int
    buckets: BucketsBody


class GroupBody(BaseModel):
    """The pupils of one grade, class or vendor, or of no unit of the kind asked for."""

    key: str = Field(
        description="The grade; `<school code>/<grade>/<class>`, which names one class of the school year; the vendor's id;"
        " empty: pupils of no vendor, or of schools in no unit of the kind"
    )
    name: str = Field(description="Of no class, vendor or unit: in words, in the language of Accept-Language")
    grade: int | None = Field(description="Of a grade or a class")
    expected: int
    buckets: BucketsBody


class CompletenessBody(PartBody):
    """A unit; its parts may share schools (a district and a commune), each of which counts once in the unit itself."""

    school_year: str
    campaign: str | None
    grades: list[int] | None = Field(description="The grades that are counted; null: all")
    as_of: datetime
    map: MapOf
    by: completeness.By | None
    children: list[PartBody] = Field(
        description="Its direct parts, or those of the kind asked for that have any pupils"
    )
    groups: list[GroupBody] = Field(
        description="With `by` grade, class or vendor; with a kind of unit: the row of schools in none of them, if any pupils are"
        " there, so that the rows of a kind add up to the unit, unless its units share schools"
    )
    frozen: AfterFreezeBody | None = Field(
        description="With `campaign` and without fewer grades than its own, as of a moment after its freeze; else null"
    )
    pending: int = Field(
        description="Of about so many pupils the newest changes are not counted yet; 0 but for minutes after a large list"
    )
    next: str | None = Field(
        description="Cursor for `after`: the other children and groups, as of the same moment; null on the last page"
    )


class DayBody(BaseModel):
    """The counts at the end of a day in the city; today's: so far."""

    day: date
    expected: int
    buckets: BucketsBody


class TrendBody(BaseModel):
    """A unit, day by day; its schools are those of one map."""

    unit: str
    name: str
    school_year: str
    campaign: str | None
    grades: list[int] | None
    days: list[DayBody]
    pending: int


class PupilBody(BaseModel):
    """A pupil in a bucket. Name and class are null for a pupil who is on no roster."""

    school_code: str
    pupil_code: str
    name: str | None
    class_name: str | None
    grade: int
    bucket: Bucket
    codes: list[str] = Field(description="Codes of the last attempt's findings")
    last_attempt_at: datetime | None
    accepted_at: datetime | None = Field(description="When the newest transcript of this school came onto the books")
    after_freeze: bool | None = Field(
        description="With a `campaign` that is frozen: whether anything of the pupil was sent or accepted after that; else null"
    )


class PupilsBody(BaseModel):
    """One page, by school and pupil code."""

    unit: str
    school_year: str
    as_of: datetime
    bucket: Bucket
    pupils: list[PupilBody]
    next: str | None = Field(description="Cursor for `after`; null on the last page. It keeps to the same as_of.")


_Asking = Annotated[Caller, Depends(access.caller(Scope.COMPLETENESS))]


@router.get("/v1/completeness", response_model=CompletenessBody)
async def get_completeness(
    request: Request, caller: _Asking, question: Annotated[_CountsQuestion, Query()]
) -> Response:
    """Expected against held for a unit, and page by page for its direct parts or `by` something else."""
    edge: Edge = request.app.state.edge
    now = datetime.now(UTC)
    year, only = await _narrowed(edge, caller, question, now)
    as_of = parameters.moment(question.as_of)
    asked = completeness_parts.Asked(question.unit, year, question.map, question.by, only)
    page = await completeness_parts.page(edge.world, caller, asked, as_of, question.after, question.limit, now)
    found = page.report
    body = CompletenessBody(
        **_line(found.line).model_dump(),
        school_year=str(year),
        campaign=question.campaign,
        grades=_grades(only),
        as_of=found.as_of,
        map=question.map,
        by=question.by,
        children=[_line(child) for child in found.children],
        groups=[_group(group, question.by, problems.language(request)) for group in found.groups],
        frozen=None if found.frozen is None else _frozen(found.frozen),
        pending=found.pending,
        next=page.next,
    )
    return JSONResponse(body.model_dump(mode="json"), headers=_NOT_STORED)


@router.get("/v1/completeness/trend", response_model=TrendBody)
async def get_trend(request: Request, caller: _Asking, question: Annotated[_TrendQuestion, Query()]) -> Response:
    """The counts of a unit at the end of each day."""
    edge: Edge = request.app.state.edge
    now = datetime.now(UTC)
    year, only = await _narrowed(edge, caller, question, now)
    until = question.until or parameters.today(now)
    since = question.since or parameters.days_before(until, _DAYS - 1)
    found = await completeness.trend(edge.world, caller, question.unit, year, (since, until), now, only, question.map)
    body = TrendBody(
        unit=found.unit.code,
        name=found.unit.name,
        school_year=str(year),
        campaign=question.campaign,
        grades=_grades(only),
        days=[DayBody(day=each.day, **_counts(each.counts)) for each in found.days],
        pending=found.pending,
    )
    return JSONResponse(body.model_dump(mode="json"), headers=_NOT_STORED)


@router.get("/v1/completeness/pupils", response_model=PupilsBody)
async def get_pupils(request: Request, caller: _Asking, question: Annotated[_PupilsQuestion, Query()]) -> Response:
    """The pupils in one bucket, page by page. Each page with names is written down before it is answered."""
    edge: Edge = request.app.state.edge
    as_of, now = parameters.moment(question.as_of), datetime.now(UTC)
    year, only = await _narrowed(edge, caller, question, now)
    asked = completeness_pupils.Asked(question.unit, year, question.bucket, question.map, only)
    page = await completeness_pupils.page(edge.world, caller, asked, as_of, question.after, question.limit, now)
    place = name_views.Screen("api-pupils", question.unit, str(year))
    await name_views.note_caller(edge.world, caller, place, sum(row.name is not None for row in page.rows), now)
    body = PupilsBody(
        unit=question.unit,
        school_year=str(year),
        as_of=page.as_of,
        bucket=question.bucket,
        pupils=[_pupil(row, question.bucket, page.frozen_at) for row in page.rows],
        next=page.next,
    )
    return JSONResponse(body.model_dump(mode="json"), headers=_NOT_STORED)


async def _narrowed(
    edge: Edge, caller: Caller, question: _Question, now: datetime
) -> tuple[SchoolYear, completeness.Only]:
    """The school year and the pupils that are asked about. Raises Refusal: request-parameter, campaign-unknown."""
    year = None
    if question.school_year is not None:
        year = parameters.school_year(question.school_year, "/query/school_year")
    return await completeness.narrowed(edge.world, caller, year, tuple(question.grade), question.campaign, now)


def _grades(only: completeness.Only) -> list[int] | None:
    return None if only.of_grades is None else list(only.of_grades)


def _counts(counts: Counts) -> dict[str, Any]:
    return {
        "expected": counts.expected,
        "buckets": BucketsBody(**{bucket.value: counts.of(bucket) for bucket in Bucket}),
    }


def _frozen(found: Beside) -> AfterFreezeBody:
    done, line = found.freeze, found.line
    return AfterFreezeBody(
        frozen_at=done.frozen_at, fingerprint=done.fingerprint.hex(), arrived=line.arrived, **_counts(line.frozen)
    )


def _line(line: completeness.Line) -> PartBody:
    return PartBody(key=line.unit.code, unit=line.unit.code, name=line.unit.name, **_counts(line.counts))


def _group(group: completeness.Group, by: completeness.By | None, language: str) -> GroupBody:
    name = group.name
    if not name and by is not None:
        name = completeness.NOWHERE[by][language == "en"]
    return GroupBody(key=group.key, name=name, grade=group.grade, **_counts(group.counts))


def _pupil(row: Row, bucket: Bucket, frozen_at: datetime | None) -> PupilBody:
    return PupilBody(
        school_code=row.school_code,
        pupil_code=row.pupil_code,
        name=row.name,
        class_name=row.class_name,
        grade=row.grade,
        bucket=bucket,
        codes=list(row.codes),
        last_attempt_at=row.last_attempt_at,
        accepted_at=row.accepted_at,
        after_freeze=None if frozen_at is None else row.came_after(frozen_at),
    )
