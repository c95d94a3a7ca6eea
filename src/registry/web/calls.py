"""Whom to call today: the schools that are late or will be, with phone and last contact, and a button for "called"."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from registry.api.edge import Edge
from registry.core.calls import LONGEST_NOTE, Row
from registry.services import calls, contacts, tables_out
from registry.services.tables_out import Column, TableOut
from registry.web import asking, downloads, forms, rendering, signed_in, words

router = APIRouter(route_class=rendering.PageRoute)
_MOST = 100


@router.get("/calls")
async def get_calls(request: Request, somebody: signed_in.Counting, all: str = "") -> Response:  # noqa: A002
    """Those first that were not called yet today, the worst first; `all`: not only the first hundred."""
    edge: Edge = request.app.state.edge
    now = rendering.now()
    about = await asking.subject(request, somebody, now, whole_year=True)
    asked = calls.Asked(about.unit.code, str(about.year), edge.settings.signing_day, about.on, about.campaign)
    rows = await calls.listed(edge.world, somebody.caller, asked, now)
    if kind := downloads.wanted(request):
        return await downloads.answer(request, "calls", _file(request, about.unit.code, rows), kind, now)
    today = contacts.day_of(now)
    values = asking.values(
        request,
        about,
        rows=rows if all else rows[:_MOST],
        of=len(rows),
        called=sum(row.called_on(today) for row in rows),
        today=today,
        longest=LONGEST_NOTE,
        **words.REMINDERS,
    )
    return rendering.page(request, "calls.html", values)


@router.post("/calls")
async def post_call(request: Request, somebody: signed_in.Counting) -> Response:
    """Note that a school was called, and go back to the list."""
    edge: Edge = request.app.state.edge
    fields = await forms.read(request, somebody)
    now = rendering.now()
    call = await calls.note(edge.world, somebody.caller, fields.get("school", ""), fields.get("note", ""), now)
    about = await asking.subject(request, somebody, now, whole_year=True)
    return RedirectResponse(f"{about.address('/calls')}#s{call.school_code}", 303, headers=rendering.HEADERS)


def _file(request: Request, unit: str, rows: Sequence[Row]) -> TableOut:
    _ = rendering.translator(request)
    heads = [Column(_("Mã trường"), 12), Column(_("Trường"), 40), Column(_("Lý do gọi"), 60), Column(_("Điện thoại"), 30),
             Column(_("Phần mềm"), 20), Column(_("Phần mềm gửi gần nhất"), 18), Column(_("Thư nhắc gần nhất"), 18),
             Column(_("Kết quả"), 16), Column(_("Cuộc gọi gần nhất"), 18), Column(_("Ghi chú"), 40)]  # fmt: skip

    def cells(row: Row) -> list[tables_out.Cell]:
        why = "; ".join(
            f"{_(words.STAGES[each.stage])}: {_(words.TROUBLES[each.trouble])}, {each.progress.done}/{each.progress.of}"
            + (f" (+{each.gained})" if each.gained is not None else "")
            + f", {_('hạn')} {rendering.calendar_day(each.due_on)}"
            for each in row.reasons
        )
        phones = "; ".join(f"{each.role} {each.phone}" for each in row.contacts if each.phone)
        call = row.last_call
        return [
            row.school_code, row.school_name, why, phones or None, ", ".join(row.vendors), row.last_contact,
            row.last_reminder.at if row.last_reminder else None,
            _(words.SENDINGS[row.last_reminder.state]) if row.last_reminder else None, call.at if call else None, call.note if call else None,
        ]  # fmt: skip

    return TableOut(unit.replace(":", "-"), heads, (cells(row) for row in rows))
