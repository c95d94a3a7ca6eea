"""The overview of a campaign: how many of the expected are there, which stage is due when, and how its parts stand."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from fastapi import APIRouter, Request
from fastapi.responses import Response

from registry.api.edge import Edge
from registry.core import readiness as judged
from registry.core.callers import Caller
from registry.core.campaigns import Deadline, Stage
from registry.core.completeness import Counts
from registry.services import completeness, readiness
from registry.services import stages as through
from registry.services.tables_out import Column, TableOut
from registry.web import asking, buckets, downloads, grouping, rendering, signed_in, words
from registry.web.asking import Subject

router = APIRouter(route_class=rendering.PageRoute)


@dataclass(frozen=True, slots=True)
class Progress:
    """One stage: by when, and how many of how many are through it: pupils, or schools (`of_schools`)."""

    stage: Stage
    deadline: Deadline
    days_left: int
    was: date | None
    done: int
    of: int
    of_schools: bool


@router.get("/overview")
async def get_overview(request: Request, somebody: signed_in.Counting, table: str = "", by: str = "") -> Response:
    """Progress against the deadlines, the unit in buckets, and its parts, or `by` something else; `table` with `format`: buckets or stages, else the parts."""
    now = rendering.now()
    about = await asking.subject(request, somebody, now)
    grouped = grouping.chosen(about, by)
    report, ready, said = await look(request, somebody.caller, about, grouped)
    kind = downloads.wanted(request)
    if kind and table == "buckets":
        return await downloads.answer(request, table, buckets.shares_table(request, report.line), kind, now)
    if kind and table != "stages":
        return await downloads.answer(request, "overview", grouping.table(request, report, grouped), kind, now)
    reached = stages(about, report.line.counts, ready, said)
    if kind:
        return await downloads.answer(request, table, _stages_file(request, about, reached), kind, now)
    parts = grouping.rows(request, report, grouped)
    values = asking.values(
        request,
        about,
        line=report.line,
        parts=asking.first(request, parts),
        parts_of_all=len(parts),
        by=grouped,
        by_options=grouping.options(request, about),
        by_words=grouping.WORDS,
        shares_school=grouping.shares_school(grouped),
        pending=report.pending,
        frozen=report.frozen,
        shares=buckets.shares(report.line.counts),
        stages=reached,
        ready=judged.tally(ready.concerned),
        lights_of=list(words.LIGHTS.items()),
        lacking=buckets.LACKING,
        stage_words=words.STAGES,
    )
    return rendering.page(request, "overview.html", values)


async def look(
    request: Request, caller: Caller, about: Subject, by: completeness.By | None
) -> tuple[completeness.Report, readiness.Report, through.Said | None]:
    """The counts, how ready the schools are, and what they have said in the campaign (None of none): asked side by side."""
    edge: Edge = request.app.state.edge
    counted = completeness.report(
        edge.world, caller, about.unit.code, about.year, None, about.now, about.on, by=by, only=about.only
    )
    ready = readiness.look(edge.world, caller, about.ready, about.now)
    if about.plan is None:
        return *await asyncio.gather(counted, ready), None
    return await asyncio.gather(
        counted, ready, through.declared(edge.world, caller, about.plan, about.ready, about.now)
    )


def stages(about: Subject, counts: Counts, ready: readiness.Report, said: through.Said | None) -> Sequence[Progress]:
    """Each stage of the campaign with how far it is: pupils with a number or a transcript; schools for the others."""
    if about.plan is None or said is None:
        return []
    today = about.now.astimezone(rendering.HANOI).date()
    found = []
    deadlines = about.plan.deadlines()
    for each in through.of_unit(about.plan, counts, ready, said):
        deadline = deadlines[each.stage]
        first = next(row for row in about.plan.history if row.stage is each.stage)
        was = first.due_on if first.due_on != deadline.due_on else None
        days = (deadline.due_on - today).days
        found.append(Progress(each.stage, deadline, days, was, each.progress.done, each.progress.of, each.of_schools))
    return found


def _stages_file(request: Request, about: Subject, reached: Sequence[Progress]) -> TableOut:
    _ = rendering.translator(request)
    heads = [Column(_("Giai đoạn"), 30), Column(_("Hạn"), 12), Column(_("ban đầu"), 12), Column(_("Đã xong"), 12),
             Column(_("Trên tổng số"), 12), Column("", 12)]  # fmt: skip
    rows = (
        [_(words.STAGES[each.stage]), each.deadline.due_on, each.was, each.done, each.of,
         _("trường") if each.of_schools else _("học sinh")]
        for each in reached
    )  # fmt: skip
    return TableOut(about.unit.code.replace(":", "-"), heads, rows)
