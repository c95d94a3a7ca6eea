"""One school: its classes, who is missing and why, and what to do. Names only for whom they are, and each view is written down."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from fastapi import APIRouter, Request
from fastapi.responses import Response

from registry.api.edge import Edge
from registry.core import codes
from registry.core.completeness import Bucket, Row
from registry.core.findings import Code
from registry.services import completeness_pupils, name_views, schools, tables_out, unnamed
from registry.services.sessions import SignedIn
from registry.services.tables_out import Column, TableOut
from registry.web import asking, buckets, downloads, rendering, signed_in, words
from registry.web.asking import Subject

router = APIRouter(route_class=rendering.PageRoute)
_PAGE = 100
_MOST_IN_FILE = 20_000


@dataclass(frozen=True, slots=True)
class Reason:
    """A code among the last attempts of the pupils that are shown, and of how many of them."""

    code: Code
    pupils: int


@router.get("/schools/{school_code}")
async def get_school(
    request: Request, somebody: signed_in.Counting, school_code: str, bucket: str = "", after: str = "", table: str = ""
) -> Response:
    """Classes, readiness, and the pupils of one bucket (by default the first that has any); `table=classes` with `format`: these."""
    edge: Edge = request.app.state.edge
    now = rendering.now()
    unit = f"school:{school_code}"
    about = await asking.subject(request, somebody, now, unit)
    found = await _table(edge, somebody, about)
    if about.plan is not None and not found.counts.anybody and "campaign" not in request.query_params:
        about = replace(about, plan=None)  # a school of other grades: what it has, instead of nothing
        found = await _table(edge, somebody, about)
    row = found.schools[0]
    chosen = _chosen(bucket, row)
    kind = downloads.wanted(request)
    if kind:
        classes = await _classes(edge, somebody, about, row.code) if table == "classes" else ()
        made = _classes_file(request, row, classes) if classes else await _file(request, somebody, about, chosen)
        name = "classes" if classes else chosen.value
        return await downloads.answer(request, f"school-{row.code}-{name}", made, kind, now)
    asked = completeness_pupils.Asked(unit, about.year, chosen, only=about.only)
    page, classes, nobody = await asyncio.gather(
        completeness_pupils.page(edge.world, somebody.caller, asked, None, after or None, _PAGE, now),
        _classes(edge, somebody, about, row.code),
        unnamed.page(edge.world, somebody.caller, unit, "", 1, now, about.when),
    )
    pupils = await _named(request, somebody, about, page.rows, "school")
    values = asking.values(
        request,
        about,
        row=row,
        frozen=found.frozen,
        shares=buckets.shares(row.counts),
        classes=classes,
        bucket=chosen,
        columns=buckets.LACKING,
        tabs=[
            each
            for each in (*buckets.LACKING, Bucket.PRESENT, Bucket.TRANSFERRED, Bucket.UNEXPECTED)
            if row.counts.of(each)
        ],
        pupils=pupils,
        unnamed=nobody,
        pending=found.pending,
        reasons=_reasons(pupils),
        code_of=codes.by_slug,
        next=page.next,
        frozen_at=page.frozen_at,
    )
    return rendering.page(request, "school.html", values)


async def _table(edge: Edge, somebody: SignedIn, about: Subject) -> schools.Table:
    return await schools.table(
        edge.world, somebody.caller, about.unit.code, about.year, about.before, about.now, about.only, about.on
    )


async def _classes(edge: Edge, somebody: SignedIn, about: Subject, code: str) -> Sequence[schools.Class]:
    return await schools.classes(edge.world, somebody.caller, code, about.year, about.now, about.only)


def _classes_file(request: Request, row: schools.School, classes: Sequence[schools.Class]) -> TableOut:
    _ = rendering.translator(request)
    heads = [Column(_("Khối"), 6), Column(_("Lớp"), 12), *buckets.columns(request)]
    return TableOut(f"{row.code}", heads, ([each.grade, each.name, *buckets.cells(each.counts)] for each in classes))


def _chosen(bucket: str, row: schools.School) -> Bucket:
    if bucket in set(Bucket):
        return Bucket(bucket)
    return next((each for each in buckets.LACKING if row.counts.of(each)), Bucket.MISSING)


async def _named(
    request: Request, somebody: SignedIn, about: Subject, rows: Sequence[Row], screen: str
) -> Sequence[Row]:
    """The rows with names when the reader may see them, which is written down first; else without."""
    edge: Edge = request.app.state.edge
    names = sum(row.name is not None for row in rows)
    place = name_views.Screen(screen, about.unit.code, str(about.year))
    if await name_views.note(edge.world, somebody.person, place, names, about.now):
        return rows
    return [replace(row, name=None) for row in rows]


def _reasons(rows: Sequence[Row]) -> list[Reason]:
    counted = Counter(slug for row in rows for slug in row.codes)
    return [Reason(code, pupils) for slug, pupils in counted.most_common() if (code := codes.by_slug(slug))]


async def _file(request: Request, somebody: SignedIn, about: Subject, bucket: Bucket) -> TableOut:
    """All pupils of the bucket, page by page in one moment."""
    edge: Edge = request.app.state.edge
    rows: list[Row] = []
    after: str | None = None
    asked = completeness_pupils.Asked(about.unit.code, about.year, bucket, only=about.only)
    while True:
        page = await completeness_pupils.page(
            edge.world, somebody.caller, asked, None, after, completeness_pupils.MOST_ROWS, about.now
        )
        rows += page.rows
        after = page.next
        if after is None or len(rows) >= _MOST_IN_FILE:
            break
    _, named = rendering.translator(request), await _named(request, somebody, about, rows, "school-file")
    heads = [Column(_("Mã học sinh"), 16), Column(_("Họ và tên"), 30), Column(_("Lớp"), 8), Column(_("Khối"), 6),
             Column(_("Tình trạng"), 18), Column(_("Lần gửi cuối"), 18), Column(_("Mã lỗi"), 40)]  # fmt: skip
    if page.frozen_at is not None:
        heads.append(Column(_("sau khi chốt"), 14))
    if not somebody.person.sees_names:
        heads.pop(1)
    state = _(words.BUCKETS[bucket])
    return TableOut(
        f"{about.unit.code.removeprefix('school:')} {bucket.value}",
        heads,
        (_cells(row, state, somebody, page.frozen_at) for row in named),
    )


def _cells(row: Row, state: str, somebody: SignedIn, frozen_at: datetime | None) -> list[tables_out.Cell]:
    last = rendering.moment(row.last_attempt_at) if row.last_attempt_at else None
    name = [row.name] if somebody.person.sees_names else []
    late = [] if frozen_at is None else ["x" if row.came_after(frozen_at) else None]
    return [row.pupil_code, *name, row.class_name, row.grade, state, last, " ".join(row.codes), *late]
