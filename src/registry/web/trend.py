"""How the counts of a unit moved, day by day: a chart without script, and the same numbers as a table and as files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from fastapi import APIRouter, Request
from fastapi.responses import Response

from registry.api import parameters
from registry.api.edge import Edge
from registry.services import completeness
from registry.services.completeness import Day
from registry.services.sessions import SignedIn
from registry.services.tables_out import Column, TableOut
from registry.web import asking, buckets, downloads, rendering, signed_in
from registry.web.asking import Subject

router = APIRouter(route_class=rendering.PageRoute)
#: How many days can be looked at; the first by default.
SPANS = (30, 90, 365)
_WIDTH, _HEIGHT = 460, 180


@dataclass(frozen=True, slots=True)
class Chart:
    """Two lines in a box of 460 by 180: who is expected and who is on record; `top` is the number at its upper edge."""

    expected: str
    on_record: str
    top: int


@router.get("/trend")
async def get_trend(request: Request, somebody: signed_in.Counting, days: str = "") -> Response:
    """The last `days` (30, 90 or 365), the newest first."""
    about, trend = await _trend(request, somebody, days)
    if kind := downloads.wanted(request):
        return await downloads.answer(request, "trend", _file(request, about, trend.days), kind, about.now)
    values = asking.values(
        request,
        about,
        days=list(reversed(trend.days)),
        span=len(trend.days),
        spans=SPANS,
        pending=trend.pending,
        lacking=buckets.LACKING,
    )
    return rendering.page(request, "trend.html", values)


@router.get("/trend.svg")
async def get_picture(request: Request, somebody: signed_in.Counting, days: str = "") -> Response:
    """The same as a picture."""
    _, trend = await _trend(request, somebody, days)
    shown = {"chart": chart(trend.days), "first": trend.days[0].day, "last": trend.days[-1].day}
    return rendering.picture(request, "trend.svg", shown)


def chart(days: Sequence[Day]) -> Chart:
    """The lines through the days, from the first at the left edge to the last at the right one."""
    top = max(1, *(max(day.counts.expected, buckets.on_record(day.counts)) for day in days))
    step = _WIDTH / max(1, len(days) - 1)

    def line(numbers: Sequence[int]) -> str:
        return " ".join(f"{n * step:.1f},{_HEIGHT - number * _HEIGHT / top:.1f}" for n, number in enumerate(numbers))

    expected = line([day.counts.expected for day in days])
    return Chart(expected, line([buckets.on_record(day.counts) for day in days]), top)


async def _trend(request: Request, somebody: SignedIn, days: str) -> tuple[Subject, completeness.Trend]:
    edge: Edge = request.app.state.edge
    about = await asking.subject(request, somebody, rendering.now())
    span = int(days) if days in set(map(str, SPANS)) else SPANS[0]
    last: date = parameters.today(about.now)
    between = (last - timedelta(days=span - 1), last)
    found = await completeness.trend(
        edge.world, somebody.caller, about.unit.code, about.year, between, about.now, about.only, about.on
    )
    return about, found


def _file(request: Request, about: Subject, days: Sequence[Day]) -> TableOut:
    _ = rendering.translator(request)
    heads = [Column(_("Ngày"), 12), *buckets.columns(request)]
    return TableOut(about.unit.code.replace(":", "-"), heads, ([day.day, *buckets.cells(day.counts)] for day in days))
