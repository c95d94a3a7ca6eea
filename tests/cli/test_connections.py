"""How an answer leaves the server: its head together with its body, and before it when the body lets wait."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn

from registry.cli.connections import Connection

_BODY = b"x" * 3000
_written: list[bytes] = []


class _Seen:
    """A transport whose writes are seen."""

    def __init__(self, transport: Any) -> None:
        self._transport = transport

    def write(self, data: bytes) -> None:
        _written.append(data)
        self._transport.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class _Observed(Connection):
    def connection_made(self, transport: Any) -> None:
        super().connection_made(_Seen(transport))  # type: ignore[arg-type]


@pytest.fixture
def address() -> Iterator[tuple[str, int]]:
    may_go_on = threading.Event()

    async def app(scope: Any, _receive: Any, send: Any) -> None:
        if scope["path"] == "/go-on":
            may_go_on.set()
        headers = [(b"content-length", str(len(_BODY)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        while scope["path"] == "/slow" and not may_go_on.is_set():
            await asyncio.sleep(0.01)
        await send({"type": "http.response.body", "body": _BODY})

    config = uvicorn.Config(app, http=_Observed, port=0, lifespan="off", log_config=None, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 10
    while not server.started and time.monotonic() < until:
        time.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()
    server.should_exit = True
    thread.join(10)


def _asked(address: tuple[str, int], path: str) -> socket.socket:
    connection = socket.create_connection(address, timeout=10)
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    return connection


def test_head_and_body_go_out_in_one_piece(address: tuple[str, int]) -> None:
    _written.clear()
    with _asked(address, "/") as connection:
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
    [answer] = _written
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.endswith(b"\r\n\r\n" + _BODY)


def test_a_head_does_not_wait_for_a_body_that_comes_later(address: tuple[str, int]) -> None:
    with _asked(address, "/slow") as slow:
        head = slow.recv(65536)
        assert head.startswith(b"HTTP/1.1 200 ")
        assert head.endswith(b"\r\n\r\n")
        with _asked(address, "/go-on"):
            assert slow.recv(65536) == _BODY
