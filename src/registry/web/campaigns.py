"""Campaigns: what is due by when, what the schools have declared, and the freeze with what came after it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response, StreamingResponse

from registry.api.edge import Edge
from registry.core import codes, frozen, reasons
from registry.core.callers import Scope
from registry.core.campaigns import Plan, Stage
from registry.core.findings import Finding, Refusal
from registry.core.units import Unit
from registry.services import campaigns, declaration, freezing, tables_out
from registry.services.declaration import Grade
from registry.services.tables_out import Column, TableOut
from registry.web import asking, buckets, downloads, forms, rendering, signed_in, words

router = APIRouter(route_class=rendering.PageRoute)


@router.get("/campaigns")
async def get_campaigns(request: Request, somebody: signed_in.Counting) -> Response:
    """The campaigns that concern a school of the reader, with the days of their stages."""
    edge: Edge = request.app.state.edge
    now = rendering.now()
    plans = await campaigns.listed(edge.world, somebody.caller, now)
    units = (await edge.world.known()).map.units
    if kind := downloads.wanted(request):
        return await downloads.answer(request, "campaigns", _list_file(request, plans, units), kind, now)
    shown = {
        "plans": plans,
        "stage_words": words.STAGES,
        "units": units,
        "address": lambda **more: f"/campaigns?format={more['format']}",
    }
    return rendering.page(request, "campaigns.html", shown)


@router.get("/campaigns/{code}")
async def get_campaign(request: Request, somebody: signed_in.Counting, code: str, table: str = "") -> Response:
    """One campaign. `table` with `format`: deadlines, declarations or freeze, as a file."""
    edge: Edge = request.app.state.edge
    now = rendering.now()
    plan = await campaigns.find(edge.world, somebody.caller, code, now)
    done, words_given = await freezing.state(edge.world, somebody.caller, code, now)
    grades = await declaration.of_campaign(edge.world, somebody.caller, plan, now)
    report = await freezing.report(edge.world, somebody.caller, code, now, asking.map_of(request)) if done else None
    if kind := downloads.wanted(request):
        if report and table == "freeze":
            name, made = table, _freeze_file(request, report)
        elif table == "deadlines":
            name, made = table, _deadlines_file(request, plan)
        else:
            name, made = "declarations", _declared_file(request, plan, grades)
        return await downloads.answer(request, f"{name}-{code}", made, kind, now)
    today = now.astimezone(rendering.HANOI).date()
    shown: dict[str, Any] = {
        "plan": plan,
        "stage_words": words.STAGES,
        "today": today,
        "units": (await edge.world.known()).map.units,
        "grades": asking.first(request, grades),
        "of": len(grades),
        "declared": sum(each.declared is not None for each in grades),
        "frozen": done,
        "on": asking.map_of(request),
        "lines": report.lines if report else (),
        "requests": words_given,
        "own_word": any(each.caller_id == somebody.caller.caller_id for each in words_given),
        "operates": Scope.OPERATE in somebody.person.scopes,
        "longest": reasons.LONGEST,
        "on_record": buckets.on_record,
        "address": lambda **more: f"/campaigns/{code}?{urlencode({'map': asking.map_of(request).value, **more})}",
    }
    return rendering.page(request, "campaign.html", shown)


@router.get("/campaigns/{code}/frozen.jsonl")
async def get_frozen(request: Request, somebody: signed_in.Counting, code: str) -> Response:
    """The snapshot as one file, the same bytes for ever."""
    edge: Edge = request.app.state.edge
    parts = await freezing.export(edge.world, somebody.caller, code, rendering.now())
    headers = {**rendering.HEADERS, "Content-Disposition": f'attachment; filename="frozen-{code}.jsonl"'}
    return StreamingResponse(parts, media_type=freezing.MEDIA_TYPE, headers=headers)


@router.post("/campaigns/{code}/deadline")
async def post_deadline(request: Request, somebody: signed_in.Operating, code: str) -> Response:
    """Let another day hold for a stage."""
    edge: Edge = request.app.state.edge
    fields = await forms.read(request, somebody)
    stage, day = fields.get("stage", ""), _day(fields.get("due_on", ""))
    if stage not in set(Stage) or day is None:
        raise _wrong("due_on", "a stage, and a day as YYYY-MM-DD")
    reason, now = fields.get("reason", ""), rendering.now()
    await campaigns.move(edge.world, somebody.caller, code, Stage(stage), day, reason, now)
    return RedirectResponse(f"/campaigns/{code}#deadlines", 303, headers=rendering.HEADERS)


@router.post("/campaigns/{code}/freeze")
async def post_freeze(request: Request, somebody: signed_in.Operating, code: str) -> Response:
    """An operator's word that the campaign is to be frozen; the second one's freezes it. This can't be undone."""
    edge: Edge = request.app.state.edge
    fields = await forms.read(request, somebody)
    if fields.get("sure") != "1":
        raise _wrong("sure", "the box that says so is ticked")
    await freezing.freeze(edge.world, somebody.caller, code, fields.get("reason", ""), rendering.now())
    return RedirectResponse(f"/campaigns/{code}#freeze", 303, headers=rendering.HEADERS)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _wrong(field: str, expected: str) -> Refusal:
    return Refusal(codes.REQUEST_PARAMETER, [Finding(codes.REQUEST_PARAMETER, f"/body/{field}", expected)])


def _list_file(request: Request, plans: Sequence[Plan], units: Mapping[str, Unit]) -> TableOut:
    _ = rendering.translator(request)
    heads = [Column(_("Mã"), 24), Column(_("Đợt"), 50), Column(_("Năm học"), 12), Column(_("Khối"), 12),
             Column(_("Đơn vị"), 40), *(Column(_(words.STAGES[stage]), 14) for stage in Stage)]  # fmt: skip

    def cells(plan: Plan) -> list[tables_out.Cell]:
        due = plan.deadlines()
        campaign = plan.campaign
        name = campaign.name_en if rendering.language(request) == "en" else campaign.name
        grades = ", ".join(map(str, campaign.grades))
        of = ", ".join(units[unit].name for unit in campaign.units if unit in units)
        return [campaign.code, name, campaign.school_year, grades, of, *(due[stage].due_on for stage in Stage)]

    return TableOut("campaigns", heads, (cells(plan) for plan in plans))


def _deadlines_file(request: Request, plan: Plan) -> TableOut:
    _ = rendering.translator(request)
    heads = [Column(_("Giai đoạn"), 30), Column(_("Hạn"), 12), Column(_("Lúc"), 18), Column(_("Người thực hiện"), 24),
             Column(_("Lý do"), 50)]  # fmt: skip
    rows = (
        [_(words.STAGES[each.stage]), each.due_on, each.set_at, each.caller_id, each.reason] for each in plan.history
    )
    return TableOut(plan.campaign.code, heads, rows)


def _declared_file(request: Request, plan: Plan, grades: Sequence[Grade]) -> TableOut:
    _ = rendering.translator(request)
    heads = [Column(_("Mã trường"), 12), Column(_("Trường"), 40), Column(_("Khối"), 6), Column(_("Học sinh"), 10),
             Column(_("Tình trạng"), 18), Column(_("Phiên bản"), 10), Column(_("Khai: học sinh"), 10),
             Column(_("Khai: học bạ"), 10), Column(_("Ngoại lệ"), 10), Column(_("Ngày xác nhận"), 14),
             Column(_("Nhận lúc"), 18)]  # fmt: skip

    def cells(row: Grade) -> list[tables_out.Cell]:
        said = row.declared
        state = _("đã xác nhận") if said else _("chưa xác nhận")
        more: list[tables_out.Cell] = [None] * 6
        if said:
            more = [said.version, said.expected, said.on_record, said.excepted, said.declared_on, said.accepted_at]
        return [row.school_code, row.school_name, row.grade, row.pupils, state, *more]

    return TableOut(plan.campaign.code, heads, (cells(row) for row in grades))


def _freeze_file(request: Request, report: freezing.Report) -> TableOut:
    _: Callable[[str], str] = rendering.translator(request)
    heads = [Column(_("Mã"), 18), Column(_("Đơn vị"), 40), Column(_("Dự kiến lúc chốt"), 12),
             Column(_("Trên sổ lúc chốt"), 12), Column(_("Dự kiến"), 12), Column(_("Trên sổ"), 12),
             Column(_("Đến sau khi chốt"), 12)]  # fmt: skip

    def cells(line: frozen.Line) -> list[tables_out.Cell]:
        then, now = line.frozen, line.now
        counts = (then.expected, buckets.on_record(then), now.expected, buckets.on_record(now), line.arrived)
        return [line.unit, line.name, *counts]

    return TableOut(report.freeze.campaign_code, heads, (cells(line) for line in report.lines))
