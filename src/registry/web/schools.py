"""The table of schools: sorted and filtered by the address alone, so that it works without script and can be sent to somebody."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from registry.api.edge import Edge
from registry.core import completeness as counting
from registry.core import names
from registry.core.completeness import Bucket
from registry.core.readiness import Light
from registry.services import schools, tables_out
from registry.services.schools import School
from registry.services.tables_out import Column, TableOut
from registry.web import asking, buckets, downloads, rendering, signed_in, words

router = APIRouter(route_class=rendering.PageRoute)


def _most_of(bucket: Bucket) -> Callable[[School], int]:
    return lambda row: -row.counts.of(bucket)


#: What a column sorts by. Counts begin with the most, words with the first.
_SORTS: dict[str, Callable[[School], Any]] = {
    "name": lambda row: names.search_key(row.name),
    "commune": lambda row: (names.search_key(row.commune), names.search_key(row.name)),
    "light": lambda row: list(Light).index(row.readiness.light),
    "expected": lambda row: -row.counts.expected,
    "share": lambda row: buckets.on_record(row.counts) / row.counts.expected if row.counts.expected else 2,
    **{bucket.value: _most_of(bucket) for bucket in Bucket},
}
_COUNTS = (Bucket.MISSING, Bucket.REFUSED, Bucket.AWAITING_NUMBER, Bucket.HELD, Bucket.AWAITING_SUMMER)


@router.get("/schools")
async def get_schools(
    request: Request,
    somebody: signed_in.Counting,
    sort: str = "missing",
    order: str = "",
    q: str = "",
    show: str = "",
) -> Response:
    """The schools of the unit: `sort`, `order=back`, `q` (part of a name or code), `show` (lacking, a light, or a bucket)."""
    edge: Edge = request.app.state.edge
    now = rendering.now()
    about = await asking.subject(request, somebody, now)
    found = await schools.table(
        edge.world, somebody.caller, about.unit.code, about.year, about.before, now, about.only, about.on
    )
    by = sort if sort in _SORTS else "missing"
    rows = _arranged(found.schools, by, order == "back", q[:100], show)
    if kind := downloads.wanted(request):
        return await downloads.answer(request, "schools", _file(request, about.unit.code, rows), kind, now)
    total = counting.add_up(row.counts for row in rows)
    values = asking.values(
        request,
        about,
        rows=asking.first(request, rows),
        found=len(rows),
        total=total,
        pending=found.pending,
        of=len(found.schools),
        sort=by,
        back=order == "back",
        columns=_COUNTS,
        q=q,
        show=show,
    )
    return rendering.page(request, "schools.html", values)


def _arranged(rows: Iterable[School], sort: str, back: bool, q: str, show: str) -> Sequence[School]:
    wanted = names.search_key(q)
    kept = [row for row in rows if _shows(row, show) and (wanted in names.search_key(row.name) or wanted in row.code)]
    kept.sort(key=lambda row: names.search_key(row.name))
    return sorted(kept, key=_SORTS[sort], reverse=back)


def _shows(row: School, show: str) -> bool:
    if show == "lacking":
        return buckets.on_record(row.counts) < row.counts.expected
    if show in set(Light):
        return row.readiness.light == show
    return row.counts.of(Bucket(show)) > 0 if show in set(Bucket) else True


def _file(request: Request, unit: str, rows: Sequence[School]) -> TableOut:
    _ = rendering.translator(request)
    heads = [
        Column(_("Mã trường"), 12), Column(_("Trường"), 40), Column(_("Phường, xã"), 24), *buckets.columns(request),
        Column(_("Mức sẵn sàng"), 14), Column(_("Phần mềm"), 24), Column(_("Liên hệ gần nhất"), 18),
    ]  # fmt: skip
    return TableOut(unit.replace(":", "-"), heads, (_cells(row, _) for row in rows))


def _cells(row: School, _: Callable[[str], str]) -> list[tables_out.Cell]:
    last = row.readiness.facts.last_contact
    return [
        row.code, row.name, row.commune, *buckets.cells(row.counts), _(words.LIGHTS[row.readiness.light]),
        ", ".join(row.vendors), rendering.moment(last) if last else None,
    ]  # fmt: skip
