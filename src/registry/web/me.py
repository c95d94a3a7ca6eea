"""What the registry knows of whoever is signed in: units, rights, sessions, and which names were seen."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from registry.api.edge import Edge
from registry.services import name_views, sessions
from registry.services.sessions import Own
from registry.services.tables_out import Column, TableOut
from registry.web import downloads, forms, rendering, signed_in

router = APIRouter(route_class=rendering.PageRoute)
_MOST, _MOST_IN_FILE = 50, 1000


@router.get("/me")
async def get_me(request: Request, somebody: signed_in.Somebody, table: str = "") -> Response:
    """Name, units, rights, open sessions, the views of names on record, and the way out everywhere; `table` (sessions or views)
    with `format`: as a file."""
    edge: Edge = request.app.state.edge
    now, person_id = rendering.now(), somebody.person.person_id
    lasting = await sessions.own(edge.world, signed_in.secret_of(request), person_id, edge.patience, now)
    units = (await edge.world.known()).map.units
    if kind := downloads.wanted(request):
        most = _MOST_IN_FILE if table == "views" else 0
        views = await name_views.newest(edge.world, person_id, most) if most else ()
        made = _views(request, views) if most else _sessions(request, lasting)
        return await downloads.answer(request, "views" if most else "sessions", made, kind, now)
    values = {
        "places": [units[code].name if code in units else code for code in sorted(somebody.person.units)],
        "sessions": lasting,
        "fresh": now - somebody.started_at < sessions.FRESH,
        "address": lambda **more: f"/me?{urlencode(more)}",
        "views": await name_views.newest(edge.world, person_id, _MOST),
        "units": units,
    }
    return rendering.page(request, "me.html", values)


@router.post("/me/sessions")
async def post_session(request: Request, somebody: signed_in.Somebody) -> Response:
    """End one of one's own sessions; the one that asks ends by signing out."""
    edge: Edge = request.app.state.edge
    fields, now = await forms.read(request, somebody), rendering.now()
    somebody.check_fresh(now)
    await sessions.end_one(edge.world, somebody.person.person_id, fields.get("session", ""), now)
    return RedirectResponse("/me", 303, headers=rendering.HEADERS)


def _sessions(request: Request, rows: Iterable[Own]) -> TableOut:
    _ = rendering.translator(request)
    heads = [
        Column(_("Đăng nhập lúc"), 18),
        Column(_("Bằng"), 24),
        Column(_("Dùng lần cuối"), 18),
        Column(_("phiên này"), 10),
    ]
    way = {True: _("liên kết một lần"), False: _("tài khoản của cơ quan")}
    cells = ([row.stay.started_at, way[row.way == "link"], row.stay.seen_at, "x" if row.here else None] for row in rows)
    return TableOut("sessions", heads, cells)


def _views(request: Request, rows: Iterable[name_views.View]) -> TableOut:
    _ = rendering.translator(request)
    heads = [Column(_("Lúc"), 18), Column(_("Trang"), 16), Column(_("Đơn vị"), 20), Column(_("Năm học"), 12),
             Column(_("Số học sinh"), 12)]  # fmt: skip
    return TableOut("views", heads, ([row.at, row.screen, row.unit_code, row.school_year, row.names] for row in rows))
