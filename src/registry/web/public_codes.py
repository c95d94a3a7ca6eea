"""/v and /v/{code}: whoever holds a paper sees what became of it. No sign-in, no script, no name, no mark."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from registry.api import logs, problems, telemetry
from registry.api.edge import Edge
from registry.core import codes, public_code
from registry.core.findings import Refusal
from registry.services import public_codes
from registry.web import forms, rendering, strangers

router = APIRouter(route_class=rendering.PageRoute, include_in_schema=False)

_NOT_A_PAGE_OF_ITS_OWN = frozenset({codes.PUBLIC_CODE_MALFORMED, codes.PUBLIC_CODE_UNKNOWN})


@router.get("/v")
async def get_entry(request: Request) -> Response:
    """A field for a typed code."""
    return rendering.page(request, "code_entry.html", {"refusal": None})


@router.post("/v")
async def post_entry(request: Request) -> Response:
    """From the typed code to its page; a slip of the hand is said here, where it can be mended."""
    typed = (await forms.read(request, None)).get("code", "")
    bits = public_code.read(public_code.out_of_address(typed))
    if bits is None:
        telemetry.count_view("code", codes.PUBLIC_CODE_MALFORMED.slug)
        return _again(request, Refusal(codes.PUBLIC_CODE_MALFORMED))
    return RedirectResponse(f"/v/{public_code.printed(bits)}", 303, headers=dict(rendering.HEADERS))


@router.get("/v/{code}")
async def get_code(request: Request, code: str) -> Response:
    """What became of the paper with this code; the view is written down first."""
    edge: Edge = request.app.state.edge
    try:
        async with strangers.asking(request, "code"):
            shown = await public_codes.look(edge.world, code, datetime.now(UTC))
    except Refusal as refusal:
        if refusal.code not in _NOT_A_PAGE_OF_ITS_OWN:
            raise
        return _again(request, refusal)
    telemetry.count_view("code", shown.answer.value)
    return rendering.page(request, "code_page.html", {"shown": shown, "now": datetime.now(UTC)})


def _again(request: Request, refusal: Refusal) -> Response:
    """The field for a code once more, with what was wrong; what was typed is not repeated."""
    logs.note(codes=[refusal.code.slug])
    return rendering.page(request, "code_entry.html", {"refusal": refusal}, status=problems.STATUS[refusal.code.kind])
