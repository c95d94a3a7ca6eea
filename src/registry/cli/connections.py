"""One HTTP connection as the server keeps it, bounded in time and size before any request exists.

uvicorn waits for ever for the rest of a request and takes headers of any length; what an application could check comes too
late for both. Bodies are bounded once more, with a proper answer, in `registry.api.arrival`.
"""

from __future__ import annotations

import asyncio
from asyncio.events import TimerHandle
from typing import Any, ClassVar, Protocol, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

#: How large the head may be, and all of a request; whoever goes on after the answer is cut off here.
LARGEST_HEAD, MOST_HEADERS, LARGEST_MESSAGE = 32_768, 100, 32 * 2**20


class Counted(Protocol):
    """Who counts the connections of this process, where somebody does."""

    def ended(self) -> None:
        """One less."""


class _HeadWithBody:
    """A transport over which the head of an answer goes out together with the first of its body.

    uvicorn writes them apart: two ways through the kernel, two packets, and the receiver is woken twice. A head that nothing
    follows at once goes out in the next turn of the loop.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop = transport, loop
        self._head = b""

    def write(self, data: bytes) -> None:
        """A head is kept for a moment; whatever comes next goes out with it."""
        if not self._head and data.startswith(b"HTTP/1.1 "):
            self._head = data
            self._loop.call_soon(self._send_head)
            return
        head, self._head = self._head, b""
        self._transport.write(head + data if head else data)

    def close(self) -> None:
        """Nothing that was written is lost."""
        self._send_head()
        self._transport.close()

    def _send_head(self) -> None:
        if self._head:
            self.write(b"")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class Connection(HttpToolsProtocol):
    """uvicorn's own protocol with deadlines and limits for what arrives."""

    #: How long the head of a request may take to arrive, and all of it.
    head_seconds, message_seconds = 10.0, 60.0
    counted: ClassVar[Counted | None] = None

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._deadline: TimerHandle | None = None
        self._in_head = True
        self._received = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A connection that asks nothing is closed."""
        super().connection_made(cast("asyncio.Transport", _HeadWithBody(transport, self.loop)))
        self._await_for(self.head_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the deadline."""
        self._forget_deadline()
        if self.counted is not None:
            self.counted.ended()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count and pass on; empty lines between requests are no request, and must not keep a connection open."""
        self._received += len(data)
        super().data_received(data)
        if self._received > (LARGEST_HEAD if self._in_head else LARGEST_MESSAGE):
            self._cut_off()
        elif self._in_head and self._deadline is None and (self.cycle is None or self.cycle.response_complete):
            self._await_for(self.head_seconds)

    def on_message_begin(self) -> None:
        """The first byte of a request: the clock starts."""
        self._in_head = True
        self._await_for(self.head_seconds)
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Raises for a head beyond the limits, which the parser turns into a 400."""
        size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if size > LARGEST_HEAD or len(self.headers) > MOST_HEADERS:
            raise ValueError("request head beyond the limits")
        self._in_head = False
        self._await_for(self.message_seconds)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """All of it is here."""
        self._forget_deadline()
        self._in_head, self._received = True, 0
        super().on_message_complete()

    def _await_for(self, seconds: float) -> None:
        self._forget_deadline()
        self._deadline = self.loop.call_later(seconds, self._cut_off)

    def _forget_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _cut_off(self) -> None:
        self._forget_deadline()
        if self.transport is not None and not self.transport.is_closing():
            self.transport.close()
