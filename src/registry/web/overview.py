"""The overview of a campaign: how many of the expected are there, which stage is due when, and how its parts stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from fastapi import APIRouter, Request
from fastapi.responses import Response

from registry.api.edge import Edge
from registry.core.campaigns import Deadline, Plan, Stage
from registry.core.completeness import Bucket, Counts
from registry.services import completeness, readiness
from registry.web import asking, buckets, downloads, rendering, signed_in, words

router = APIRouter(route_class=rendering.PageRoute)


@dataclass(frozen=True, slots=True)
class Progress:
    """One stage: by when, and how many of how many are through it (None: not counted yet)."""

    stage: Stage
    deadline: Deadline
    days_left: int
    was: date | None
    done: int | None
    of: int


@router.get("/overview")
async def get_overview(request: Request, somebody: signed_in.Counting) -> Response:
    """Progress against the deadlines, the unit in buckets, and its parts."""
    edge: Edge = request.app.state.edge
    now = rendering.now()
    about = await asking.subject(request, somebody, now)
    report = await completeness.report(edge.world, somebody.caller, about.unit.code, about.year, None, now, about.on)
    parts = [line for line in report.children if line.counts.expected or line.counts.of(Bucket.UNEXPECTED)]
    if kind := downloads.wanted(request):
        return await downloads.answer(request, "overview", buckets.table(request, report.line, parts), kind, now)
    asked = readiness.Asked(about.unit.code, about.year, about.before)
    ready = await readiness.look(edge.world, somebody.caller, asked, now)
    values = asking.values(
        request,
        about,
        line=report.line,
        parts=parts,
        shares=buckets.shares(report.line.counts),
        stages=stages(about.plan, report.line.counts, now) if about.plan else [],
        ready=ready.lights,
        lights_of=list(words.LIGHTS.items()),
        lacking=buckets.LACKING,
        stage_words=words.STAGES,
    )
    return rendering.page(request, "overview.html", values)


def stages(plan: Plan, counts: Counts, now: datetime) -> Sequence[Progress]:
    """Each stage with what can be counted of it: pupils with a number or a transcript; schools without anything amiss."""
    today = now.astimezone(rendering.HANOI).date()
    done = {
        Stage.NUMBERS_REVIEWED: (counts.expected - counts.of(Bucket.AWAITING_NUMBER), counts.expected),
        Stage.TRANSCRIPTS_SUBMITTED: (buckets.on_record(counts), counts.expected),
    }
    found = []
    for stage, deadline in plan.deadlines().items():
        first = next(each for each in plan.history if each.stage is stage)
        reached, of = done.get(stage, (None, 0))
        was = first.due_on if first.due_on != deadline.due_on else None
        found.append(Progress(stage, deadline, (deadline.due_on - today).days, was, reached, of))
    return found
