"""What is asked of every request while it arrives, before any route sees it: one Host header, of ours; a body that comes in time.

Pure ASGI. The server bounds heads and connections (`registry.cli.connections`); how large a body may be, each route says.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from registry.api import logs, problems
from registry.core import codes
from registry.core.findings import Finding, Refusal

#: How long a body may take to arrive.
BODY_SECONDS = 30.0


class Arrival:
    """Turns away requests with no or several Host headers, or for a host that is not ours; bounds the time for a body.

    `hosts` are names without port; none means any. A body that takes longer raises Refusal(request-slow) in the route that
    reads it, and the connection is closed after the answer.
    """

    def __init__(self, app: ASGIApp, hosts: Sequence[str] = (), body_seconds: float = BODY_SECONDS) -> None:
        self._app, self._body_seconds = app, body_seconds
        self._hosts = frozenset(host.strip().lower() for host in hosts if host.strip())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; anything but HTTP passes untouched."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif not self._is_for_us(scope):
            finding = Finding(codes.REQUEST_PARAMETER, "/header/host", "exactly one Host header, naming this service")
            logs.note(codes=[codes.REQUEST_PARAMETER.slug])
            answer = problems.problem(Request(scope), codes.REQUEST_PARAMETER, [finding])
            await answer(scope, receive, send)
        else:
            body = _Body(receive, send, self._body_seconds)
            await self._app(scope, body.receive, body.send)

    def _is_for_us(self, scope: Scope) -> bool:
        """RFC 9112 section 3.2: none, or more than one, is an error; which of two counts differs from proxy to proxy."""
        sent = [value for name, value in scope["headers"] if name == b"host"]
        if len(sent) != 1:
            return False
        host = sent[0].decode("latin-1").lower()
        name = host[: host.find("]") + 1] if host.startswith("[") else host.partition(":")[0]
        return not self._hosts or name in self._hosts


class _Body:
    """One request's body with its deadline."""

    def __init__(self, receive: Receive, send: Send, seconds: float) -> None:
        self._receive, self._send, self._seconds = receive, send, seconds
        self._deadline: float | None = None
        self._complete = self._late = False

    async def receive(self) -> Message:
        """The next part; after the last one there is no hurry (the client may be waited for to go away)."""
        if self._deadline is None and not self._complete:
            self._deadline = asyncio.get_running_loop().time() + self._seconds
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError:
            self._late = True
            detail = f"all of the body within {self._seconds:g} s"
            raise Refusal(codes.REQUEST_SLOW, [Finding(codes.REQUEST_SLOW, "", detail)]) from None
        if not message.get("more_body", False):
            self._complete, self._deadline = True, None
        return message

    async def send(self, message: Message) -> None:
        """What follows on the connection of a late body can't be told from the rest of it: close it."""
        if self._late and message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), (b"connection", b"close")]
        await self._send(message)
