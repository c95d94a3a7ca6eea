"""Reminders: which school is late with what, whether it was written to, and what became of the messages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fastapi import APIRouter, Request
from fastapi.responses import Response

from registry.api.edge import Edge
from registry.core import codes
from registry.core.campaigns import Stage
from registry.core.reminders import Item, Reminder, State, tally
from registry.services import contacts, reminders, tables_out
from registry.services.reminders import LogPage
from registry.services.tables_out import Column, TableOut
from registry.web import asking, downloads, rendering, signed_in, words

router = APIRouter(route_class=rendering.PageRoute)
_MESSAGES, _MESSAGES_IN_FILE = 30, 200_000


@router.get("/reminders")
async def get_reminders(
    request: Request, somebody: signed_in.Counting, state: str = "", table: str = "", after: str = ""
) -> Response:
    """Who has to be reminded of what (`state`: only these), and the last messages; `table=messages`: these as a file."""
    edge: Edge = request.app.state.edge
    now = rendering.now()
    about = await asking.subject(request, somebody, now, whole_year=True)
    kind = downloads.wanted(request)
    most = _MESSAGES_IN_FILE if kind else _MESSAGES
    page = await reminders.log_page(edge.world, somebody.caller, about.unit.code, after or None, most, now, about.when)
    if kind and table == "messages":
        return await downloads.answer(request, "messages", _messages(request, about.unit.code, page), kind, now)
    day, year = edge.settings.signing_day, str(about.year)
    items = await reminders.listed(
        edge.world, somebody.caller, about.unit.code, day, now, year, about.on, about.campaign
    )
    rows = _arranged(item for item in items if state not in set(State) or item.state == state)
    if kind:
        return await downloads.answer(request, "reminders", _file(request, about.unit.code, rows), kind, now)
    values = asking.values(
        request,
        about,
        rows=asking.first(request, rows),
        of=len(rows),
        states=list(tally(items).items()),
        state=state,
        page=page,
        today=contacts.day_of(now),
        plans={plan.campaign.code: plan.campaign for plan in about.plans},
        switched_on=edge.settings.reminders,
        code_of=codes.by_slug,
        **words.REMINDERS,
    )
    return rendering.page(request, "reminders.html", values)


def _arranged(items: Iterable[Item]) -> list[Item]:
    """By school and campaign, the stages in their order."""
    order = list(Stage)
    return sorted(items, key=lambda i: (i.key.school_code, i.key.campaign_code, order.index(i.key.stage)))


def _file(request: Request, unit: str, rows: Sequence[Item]) -> TableOut:
    _ = rendering.translator(request)
    heads = [Column(_("Mã trường"), 12), Column(_("Trường"), 40), Column(_("Đợt"), 24), Column(_("Giai đoạn"), 26),
             Column(_("Hạn"), 12), Column(_("Đã xong"), 10), Column(_("Trên tổng số"), 10), Column(_("Tình trạng"), 20),
             Column(_("Thư gần nhất"), 18), Column(_("Kết quả"), 16), Column(_("Lần nhắc tới"), 12)]  # fmt: skip

    def cells(item: Item) -> list[tables_out.Cell]:
        key = item.key
        return [
            key.school_code, item.school_name, key.campaign_code, _(words.STAGES[key.stage]), item.due_on,
            item.progress.done, item.progress.of, _(words.STATES[item.state]), item.last.at if item.last else None,
            _(words.SENDINGS[item.last.state]) if item.last else None, item.next_on,
        ]  # fmt: skip

    return TableOut(unit.replace(":", "-"), heads, (cells(item) for item in rows))


def _messages(request: Request, unit: str, page: LogPage) -> TableOut:
    _, english = rendering.translator(request), rendering.language(request) == "en"
    heads = [Column(_("Lúc"), 18), Column(_("Mã trường"), 12), Column(_("Trường"), 40), Column(_("Đợt"), 24),
             Column(_("Giai đoạn"), 26), Column(_("Kết quả"), 16), Column(_("Lý do"), 40), Column(_("Số địa chỉ"), 10)]  # fmt: skip

    def cells(row: Reminder) -> list[tables_out.Cell]:
        code = codes.by_slug(row.reason) if row.reason else None
        reason = None if code is None else code.title_en if english else code.title_vi
        key = row.key
        return [
            row.at, key.school_code, page.names[key.school_code], key.campaign_code, _(words.STAGES[key.stage]),
            _(words.SENDINGS[row.state]), reason, row.recipients,
        ]  # fmt: skip

    return TableOut(unit.replace(":", "-"), heads, (cells(row) for row in page.rows))
