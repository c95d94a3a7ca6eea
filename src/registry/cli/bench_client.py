"""A light HTTP client for measuring on the machine that is measured: requests are whole bytes, made beforehand or nearly so.

It takes about a tenth of the processor time that a comfortable client takes, which here would be taken from the service.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlsplit

import httptools
import uvloop

#: Makes the next request, as bytes; says whether an answer (status, body) is the right one.
Make = Callable[[], bytes]
IsGood = Callable[[int, bytes], bool]


@dataclass(frozen=True, slots=True)
class Measurement:
    """What was measured at one number of connections."""

    connections: int
    per_second: float
    p50_ms: float
    p99_ms: float
    errors: int


@dataclass(frozen=True, slots=True)
class Load:
    """What is asked, of whom, and which answers are right."""

    base_url: str
    make: Make
    is_good: IsGood


def request(method: str, path: str, host: str, headers: str = "", body: bytes = b"") -> bytes:
    """One request of HTTP/1.1 on a connection that stays open; `headers` are whole lines."""
    length = f"Content-Length: {len(body)}\r\n" if body else ""
    return f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n{headers}{length}\r\n".encode("ascii") + body


def run(load: Load, connections: int, seconds: float) -> Measurement:
    """Keep so many requests under way for so long."""
    return uvloop.run(_run(load, connections, seconds))


async def _run(load: Load, connections: int, seconds: float) -> Measurement:
    address, loop = urlsplit(load.base_url), asyncio.get_running_loop()
    host, port = address.hostname or "", address.port or 80
    started = time.perf_counter()
    opened = [
        (await loop.create_connection(lambda: _Connection(load, started + seconds), host, port))[1]
        for _ in range(connections)
    ]
    await asyncio.gather(*(each.ended for each in opened))
    took = time.perf_counter() - started
    times = [each for connection in opened for each in connection.times]
    cuts = statistics.quantiles(times, n=100) if len(times) > 1 else [0.0] * 99
    errors = sum(each.errors for each in opened)
    return Measurement(
        connections, round(len(times) / took, 1), round(cuts[49] * 1000, 2), round(cuts[98] * 1000, 2), errors
    )


class _Connection(asyncio.Protocol):
    """One connection that asks again as soon as it is answered."""

    def __init__(self, load: Load, ends_at: float) -> None:
        self._load, self._ends_at = load, ends_at
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self._body = bytearray()
        self._sent_at = 0.0
        self.times: list[float] = []
        self.errors = 0
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask the first time."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one by its methods alone
        self._ask()

    def data_received(self, data: bytes) -> None:
        """Feed the parser, which calls the methods below."""
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        self._body += body

    def on_message_complete(self) -> None:
        """An answer is whole."""
        now = time.perf_counter()
        self.times.append(now - self._sent_at)
        self.errors += not self._load.is_good(self._parser.get_status_code(), bytes(self._body))
        self._parser = httptools.HttpResponseParser(self)
        if now < self._ends_at:
            asyncio.get_running_loop().call_soon(self._ask)
        elif self._transport is not None:
            self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        """Over; before its time it is an error."""
        self.errors += time.perf_counter() < self._ends_at
        if not self.ended.done():
            self.ended.set_result(None)

    def _ask(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._body.clear()
            self._sent_at = time.perf_counter()
            self._transport.write(self._load.make())
