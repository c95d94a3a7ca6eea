"""What the registry knows of whoever is signed in: units, rights, sessions, and which names were seen."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from registry.api.edge import Edge
from registry.services import name_views, sessions
from registry.web import forms, rendering, signed_in

router = APIRouter(route_class=rendering.PageRoute)
_MOST = 50


@router.get("/me")
async def get_me(request: Request, somebody: signed_in.Somebody) -> Response:
    """Name, units, rights, open sessions, the views of names on record, and the way out everywhere."""
    edge: Edge = request.app.state.edge
    now, person_id = rendering.now(), somebody.person.person_id
    lasting = await sessions.own(
        edge.world, signed_in.secret_of(request), person_id, signed_in.patience(edge.settings), now
    )
    units = (await edge.world.known()).map.units
    values = {
        "places": [units[code].name if code in units else code for code in sorted(somebody.person.units)],
        "sessions": lasting,
        "views": await name_views.newest(edge.world, person_id, _MOST),
        "units": units,
    }
    return rendering.page(request, "me.html", values)


@router.post("/me/sessions")
async def post_session(request: Request, somebody: signed_in.Somebody) -> Response:
    """End one of one's own sessions; the one that asks ends by signing out."""
    edge: Edge = request.app.state.edge
    fields = await forms.read(request, somebody)
    await sessions.end_one(edge.world, somebody.person.person_id, fields.get("session", ""), rendering.now())
    return RedirectResponse("/me", 303, headers=rendering.HEADERS)
