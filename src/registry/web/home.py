"""The first page: what this service is, and where to go."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from registry.web import rendering

router = APIRouter(route_class=rendering.PageRoute)


@router.get("/")
async def get_home(request: Request) -> Response:
    """For whoever comes by."""
    return rendering.page(request, "home.html")
