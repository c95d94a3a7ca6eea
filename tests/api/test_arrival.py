"""What is asked of requests while they arrive, over a real socket: one Host header, a body in time, a head within limits."""

from __future__ import annotations

import select
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import SimpleNamespace

import pytest
import uvicorn
from fastapi import FastAPI, Request

from registry.api import arrival, problems
from registry.cli import connections

BODY_SECONDS = 0.5


class Hasty(connections.Connection):
    """The server's connection with short deadlines."""

    head_seconds, message_seconds = 0.5, 1.5


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    app = FastAPI()
    app.state.edge = SimpleNamespace(settings=SimpleNamespace(issuer="http://registry.test"))

    @app.post("/")
    async def read(request: Request) -> int:
        return len(await request.body())

    @app.post("/unread")
    async def unread() -> int:
        return 0

    problems.install(app)
    app.add_middleware(arrival.Arrival, hosts=["registry.test", "[::1]"], body_seconds=BODY_SECONDS)
    with served(app) as bound:
        yield bound


@contextmanager
def served(app: FastAPI) -> Iterator[int]:
    config = uvicorn.Config(app, port=0, http=Hasty, ws="none", log_config=None, access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join(10)


def talk(port: int, *parts: bytes, pause: float = 0.0, stubborn: bool = False) -> bytes:
    """Send the parts with pauses between them until there is an answer (or on and on); all of it, until the other side closes."""
    answer = b""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as wire:
        try:
            for part in parts:
                wire.sendall(part)
                answered, _, _ = select.select([wire], [], [], pause)
                if answered and not stubborn:
                    break
                time.sleep(pause if answered else 0)
            while chunk := wire.recv(65536):
                answer += chunk
        except ConnectionError:
            pass
    return answer


def head(*lines: str, path: str = "/") -> bytes:
    return "\r\n".join([f"POST {path} HTTP/1.1", *lines, "", ""]).encode()


OURS = ("Host: registry.test", "Connection: close")


@pytest.mark.parametrize(
    ("hosts", "status"),
    [
        (["registry.test"], b"200"),
        (["REGISTRY.test:8000"], b"200"),
        (["[::1]:8000"], b"200"),
        (["elsewhere.test"], b"400"),
        (["registry.test.elsewhere.test"], b"400"),
        (["registry.test", "registry.test"], b"400"),
        (["registry.test", "elsewhere.test"], b"400"),
        ([], b"400"),
        ([""], b"400"),
    ],
)
def test_there_is_one_host_and_it_is_ours(port: int, hosts: list[str], status: bytes) -> None:
    answer = talk(port, head(*(f"Host: {host}" for host in hosts), "Connection: close", "Content-Length: 0"))
    assert answer.split(b" ")[1] == status
    assert (b"request-parameter" in answer) == (status == b"400")
    assert b"elsewhere" not in answer


def test_a_body_in_time_is_read(port: int) -> None:
    answer = talk(port, head(*OURS, "Content-Length: 4"), b"ab", b"cd", pause=BODY_SECONDS / 4)
    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.endswith(b"4")


def test_a_late_body_is_answered_408_and_the_connection_closed(port: int) -> None:
    started = time.monotonic()
    answer = talk(port, head("Host: registry.test", "Content-Length: 40"), b"ab")
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"request-slow" in answer
    assert b"connection: close" in answer.lower()
    assert time.monotonic() - started < BODY_SECONDS + 2


def test_a_body_that_drips_is_late_as_a_whole(port: int) -> None:
    answer = talk(port, head("Host: registry.test", "Content-Length: 40"), *[b"a"] * 12, pause=BODY_SECONDS / 6)
    assert answer.startswith(b"HTTP/1.1 408")


@pytest.mark.parametrize(
    "parts",
    [
        (),
        (b"PO",),
        (b"POST / HTTP/1.1\r\nHost: registry.test\r\n",),
        (b"POST / HTTP/1.1\r\n", *[b"A: b\r\n"] * 20),
        (b"\r\n",),
        (head("Host: registry.test", "Content-Length: 0"), b"\r\n"),
        (head("Host: registry.test", "Content-Length: 40", path="/unread"), *[b"a"] * 20),
    ],
    ids=[
        "nothing",
        "a word",
        "half a head",
        "a head that drips",
        "an empty line",
        "an empty line after",
        "a body nobody reads",
    ],
)
def test_whoever_keeps_the_server_waiting_is_cut_off(port: int, parts: tuple[bytes, ...]) -> None:
    started = time.monotonic()
    talk(port, *parts, pause=0.15, stubborn=True)
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    "request_head",
    [
        head(*OURS, *(f"A{number}: b" for number in range(connections.MOST_HEADERS))),
        head(*OURS, "A: " + "b" * connections.LARGEST_HEAD),
        head(*OURS, *(f"A{number}: " + "b" * 1000 for number in range(40))),
        head(*OURS, path="/" + "a" * connections.LARGEST_HEAD),
    ],
    ids=["many headers", "one long header", "long headers", "a long path"],
)
def test_a_head_beyond_the_limits_is_not_read_to_its_end(port: int, request_head: bytes) -> None:
    answer = talk(port, request_head)
    assert not answer or answer.startswith(b"HTTP/1.1 400")


def test_a_header_without_end_is_cut_off(port: int) -> None:
    sent = 0
    with socket.create_connection(("127.0.0.1", port), timeout=10) as wire, suppress(ConnectionError):
        wire.sendall(b"POST / HTTP/1.1\r\nA: ")
        while sent < 64 * 2**20:
            sent += wire.send(b"b" * 65536)
    assert sent < 16 * 2**20
