"""Pages for whoever holds a code or a link and has no sign-in: how often an address may ask."""

from __future__ import annotations

import ipaddress
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from fastapi import Request

from registry.api import telemetry
from registry.api.edge import Edge
from registry.core import codes
from registry.core.findings import Refusal
from registry.services import strangers

_MISSES = frozenset({codes.PUBLIC_CODE_UNKNOWN, codes.SHARE_ENDED})


def address(request: Request) -> str:
    """Whose limit a request counts against: the address it comes from, of IPv6 the network that one household has."""
    host = request.client.host if request.client else ""
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return host
    return str(ipaddress.ip_network((host, 64), strict=False)) if found.version == 6 else host


@asynccontextmanager
async def asking(request: Request, page: str) -> AsyncIterator[None]:
    """Count one view of a page. An address that has tried too much that nobody was given waits, before anything is looked up.

    What is tried in vain counts for all processes together: one that did not know learns it with the first that is tried there.

    Raises Refusal(request-rate), and passes on what is raised inside; each is counted by its code.
    """
    edge: Edge = request.app.state.edge
    who = address(request)
    try:
        edge.limits.count("all_views", "all")
        edge.limits.count("views", who)
        edge.limits.check("misses", who)
        yield
    except Refusal as refusal:
        if refusal.code in _MISSES:
            await _missed(edge, page, who)
        telemetry.count_view(page, refusal.code.slug)
        raise


async def _missed(edge: Edge, page: str, who: str) -> None:
    """Raises Refusal(request-rate) when that was one too many."""
    edge.limits.count("misses", who)  # room for it was there a moment ago
    if await strangers.missed(edge.world, who, datetime.now(UTC)) <= edge.limits.most("misses"):
        return
    edge.limits.use_up("misses", who)
    telemetry.count_view(page, codes.REQUEST_RATE.slug)
    edge.limits.check("misses", who)
