"""Who looks at a page: the session's cookie, and where it may be set. Whether a session is good is decided in `services.sessions`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Request, Response

from registry.api import limiting, logs
from registry.api.edge import Edge
from registry.core import codes
from registry.core.callers import Scope
from registry.core.findings import Refusal
from registry.services import sessions
from registry.services.sessions import SignedIn
from registry.settings import Settings

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_QUESTIONS: limiting.Kind = "questions"


def cookie_name(settings: Settings, kind: str = "session") -> str:
    """`__Host-` binds a cookie to this host and https (RFC 6265bis 4.1.3.2); plain http has no such cookies."""
    return f"__Host-{kind}" if is_secure(settings) else f"{kind}-plain"


def is_secure(settings: Settings) -> bool:
    """Whether people reach this service over https."""
    return settings.issuer.startswith("https://")


def is_here(request: Request) -> bool:
    """Whether the request comes from this machine and was meant for it: behind a proxy it is meant for another name."""
    client = request.client.host if request.client else ""
    return client in _LOOPBACK and request.url.hostname in _LOOPBACK


def check_secure(request: Request) -> None:
    """Raise Refusal(session-insecure) where a cookie would travel in the clear."""
    edge: Edge = request.app.state.edge
    if not is_secure(edge.settings) and request.url.hostname not in _LOOPBACK:
        raise Refusal(codes.SESSION_INSECURE)


def secret_of(request: Request, kind: str = "session") -> str:
    """The secret the browser sent; "" without one."""
    edge: Edge = request.app.state.edge
    return request.cookies.get(cookie_name(edge.settings, kind), "")


def keep(request: Request, answer: Response, secret: str, kind: str = "session") -> None:
    """Give the browser a secret until it is closed."""
    settings = request.app.state.edge.settings
    answer.set_cookie(
        cookie_name(settings, kind), secret, httponly=True, secure=is_secure(settings), samesite="lax", path="/"
    )


def forget(request: Request, answer: Response, kind: str = "session") -> None:
    """Take a secret from the browser."""
    settings = request.app.state.edge.settings
    answer.delete_cookie(
        cookie_name(settings, kind), httponly=True, secure=is_secure(settings), samesite="lax", path="/"
    )


async def somebody(request: Request) -> SignedIn:
    """A dependency: who is signed in. Raises Refusal: session-none, request-rate."""
    edge: Edge = request.app.state.edge
    found = await sessions.find(edge.world, secret_of(request), edge.patience, datetime.now(UTC))
    request.state.signed_in = found
    logs.note(caller=found.caller.caller_id)
    edge.limits.count(_QUESTIONS, found.caller.caller_id)
    return found


async def perhaps(request: Request) -> SignedIn | None:
    """A dependency: who is signed in, if anybody; never refuses."""
    if not secret_of(request):
        return None
    try:
        return await somebody(request)
    except Refusal:
        return None


async def _counting(request: Request) -> SignedIn:
    found = await somebody(request)
    found.require(Scope.COMPLETENESS)
    return found


async def _operating(request: Request) -> SignedIn:
    found = await somebody(request)
    found.require(Scope.OPERATE)
    return found


Somebody = Annotated[SignedIn, Depends(somebody)]
Perhaps = Annotated[SignedIn | None, Depends(perhaps)]
#: Who may see counts, and who may change the register.
Counting = Annotated[SignedIn, Depends(_counting)]
Operating = Annotated[SignedIn, Depends(_operating)]
