"""/s/{secret}: who was given a link sees what it is, opens it, and may keep the extracts. No sign-in, no script."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter, Request
from fastapi.responses import Response

from registry.api import telemetry
from registry.api.edge import Edge
from registry.core import codes, shares
from registry.core.findings import Refusal
from registry.services import shares as sharing
from registry.web import forms, rendering, strangers

router = APIRouter(route_class=rendering.PageRoute)


@router.get("/s/{secret}")
async def get_cover(request: Request, secret: str) -> Response:
    """What the link is, with the button that opens it: what only looks at addresses (previews, mail filters) uses nothing up."""
    edge: Edge = request.app.state.edge
    async with strangers.asking(request, "share"):
        share = await sharing.cover(edge.world, secret, datetime.now(UTC))
    telemetry.count_view("share", "cover")
    purpose = shares.PURPOSES[share.purpose]
    return rendering.page(request, "share_cover.html", {"share": share, "purpose": purpose})


@router.post("/s/{secret}")
async def post_opening(request: Request, secret: str) -> Response:
    """Open the link: counted and written down, then shown."""
    edge: Edge = request.app.state.edge
    async with strangers.asking(request, "share"):
        opened = await sharing.open_(edge.world, secret, datetime.now(UTC))
    telemetry.count_view("share", "opened")
    purpose = shares.PURPOSES[opened.share.purpose]
    return rendering.page(
        request, "share_opened.html", {"opened": opened, "purpose": purpose, "now": datetime.now(UTC)}
    )


@router.post("/s/{secret}/extract.pdf")
async def post_extract(request: Request, secret: str) -> Response:
    """The extract of one of the records, for half an hour after an opening."""
    edge: Edge = request.app.state.edge
    fields = await forms.read(request, None)
    place = fields.get("record", "")
    async with strangers.asking(request, "share"):
        if not (place.isascii() and place.isdecimal() and len(place) < 4):
            raise Refusal(codes.SHARE_ENDED)
        made = await sharing.extract(
            edge.world, edge.press, secret, fields.get("ticket", ""), int(place), datetime.now(UTC)
        )
    telemetry.count_view("share", "extract")
    name = f"ban-the-hien-{made.number.replace('/', '-')}.pdf"
    headers = {**rendering.HEADERS, "Content-Disposition": f'attachment; filename="{name}"'}
    return Response(made.pdf, media_type="application/pdf", headers=headers)
