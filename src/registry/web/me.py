"""What the registry knows of whoever is signed in: units, rights, and which names were seen."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from registry.api.edge import Edge
from registry.services import name_views
from registry.web import rendering, signed_in

router = APIRouter(route_class=rendering.PageRoute)
_MOST = 50


@router.get("/me")
async def get_me(request: Request, somebody: signed_in.Somebody) -> Response:
    """Name, units, rights, the views of names on record, and the way out everywhere."""
    edge: Edge = request.app.state.edge
    views = await name_views.newest(edge.world, somebody.person.person_id, _MOST)
    units = (await edge.world.known()).map.units
    places = [units[code].name if code in units else code for code in sorted(somebody.person.units)]
    return rendering.page(request, "me.html", {"places": places, "views": views, "units": units})
