"""The overview of a campaign: how many of the expected are there, which stage is due when, and how its parts stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from fastapi import APIRouter, Request
from fastapi.responses import Response

from registry.api.edge import Edge
from registry.core import readiness as judged
from registry.core.campaigns import Deadline, Stage
from registry.core.completeness import Bucket, Counts
from registry.services import completeness, readiness
from registry.services import stages as through
from registry.web import asking, buckets, downloads, rendering, signed_in, words
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
async def get_overview(request: Request, somebody: signed_in.Counting) -> Response:
    """Progress against the deadlines, the unit in buckets, and its parts."""
    edge: Edge = request.app.state.edge
    now = rendering.now()
    about = await asking.subject(request, somebody, now)
    report = await completeness.report(
        edge.world, somebody.caller, about.unit.code, about.year, None, now, about.on, only=about.only
    )
    parts = [line for line in report.children if line.counts.expected or line.counts.of(Bucket.UNEXPECTED)]
    if kind := downloads.wanted(request):
        return await downloads.answer(request, "overview", buckets.table(request, report.line, parts), kind, now)
    ready = await readiness.look(edge.world, somebody.caller, about.ready, now)
    values = asking.values(
        request,
        about,
        line=report.line,
        parts=parts,
        pending=report.pending,
        frozen=report.frozen,
        shares=buckets.shares(report.line.counts),
        stages=await stages(request, about, report.line.counts, ready),
        ready=judged.tally(ready.concerned),
        lights_of=list(words.LIGHTS.items()),
        lacking=buckets.LACKING,
        stage_words=words.STAGES,
    )
    return rendering.page(request, "overview.html", values)


async def stages(request: Request, about: Subject, counts: Counts, ready: readiness.Report) -> Sequence[Progress]:
    """Each stage of the campaign with how far it is: pupils with a number or a transcript; schools for the others."""
    edge: Edge = request.app.state.edge
    if about.plan is None:
        return []
    today = about.now.astimezone(rendering.HANOI).date()
    found = []
    deadlines = about.plan.deadlines()
    for each in await through.of_unit(edge.world, about.plan, counts, ready, about.now):
        deadline = deadlines[each.stage]
        first = next(row for row in about.plan.history if row.stage is each.stage)
        was = first.due_on if first.due_on != deadline.due_on else None
        days = (deadline.due_on - today).days
        found.append(Progress(each.stage, deadline, days, was, each.progress.done, each.progress.of, each.of_schools))
    return found
