"""Readiness: one light a school, with the reasons in words and what to do about them."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from registry.api.edge import Edge
from registry.core import names
from registry.core.readiness import Light, Reason, Row
from registry.services import readiness, tables_out
from registry.services.tables_out import Column, TableOut
from registry.web import asking, downloads, rendering, signed_in, words

router = APIRouter(route_class=rendering.PageRoute)


@router.get("/readiness")
async def get_readiness(request: Request, somebody: signed_in.Counting, light: str = "") -> Response:
    """The schools of the unit, the worst first; `light`: only these."""
    edge: Edge = request.app.state.edge
    now = rendering.now()
    about = await asking.subject(request, somebody, now)
    report = await readiness.look(edge.world, somebody.caller, about.ready, now)
    order = list(Light)
    concerned = report.concerned
    rows = sorted(
        (row for row in concerned if light not in set(Light) or row.light == light),
        key=lambda row: (order.index(row.light), names.search_key(report.names[row.facts.school_code])),
    )
    if kind := downloads.wanted(request):
        return await downloads.answer(request, "readiness", _file(request, report, rows), kind, now)
    tally = [(each, sum(row.light is each for row in concerned)) for each in Light]
    shown = asking.first(request, rows)
    values = asking.values(request, about, report=report, rows=shown, of=len(rows), tally=tally, light=light)
    return rendering.page(request, "readiness.html", values)


def _file(request: Request, report: readiness.Report, rows: list[Row]) -> TableOut:
    _, english = rendering.translator(request), rendering.language(request) == "en"
    heads = [Column(_("Mã trường"), 12), Column(_("Trường"), 40), Column(_("Mức sẵn sàng"), 14),
             Column(_("Học sinh"), 10), Column(_("Chờ số định danh"), 10), Column(_("Lý do"), 60),
             Column(_("Phần mềm"), 24), Column(_("Liên hệ gần nhất"), 18)]  # fmt: skip
    return TableOut(report.unit.code.replace(":", "-"), heads, (_cells(row, report, _, english) for row in rows))


def _cells(row: Row, report: readiness.Report, _: rendering.Say, english: bool) -> list[tables_out.Cell]:
    facts = row.facts
    reasons = "; ".join(_said(each, english) for each in row.reasons)
    last = rendering.moment(facts.last_contact) if facts.last_contact else None
    vendors = ", ".join(report.vendors[vendor] for vendor in facts.vendors)
    return [
        facts.school_code, report.names[facts.school_code], _(words.LIGHTS[row.light]), facts.numbers.pupils,
        facts.numbers.without_number, reasons, vendors, last,
    ]  # fmt: skip


def _said(reason: Reason, english: bool) -> str:
    title, detail = (reason.code.title_en, reason.detail) if english else (reason.code.title_vi, reason.detail_vi)
    return f"{title} ({detail})" if detail else title
