"""Connections that stay open are spread evenly over the workers, and nobody waits for one that hangs or is gone."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from registry.cli.accepting import Table
from registry.cli.service import Service

pytestmark = pytest.mark.slow
CONNECTIONS = 32
#: What a worker may wait for another, with all that this machine does beside it.
SOON_SECONDS = 2.0
#: A sixteenth of what each has is no difference; one more may be taken meanwhile.
MOST_UNEVEN = 3


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with Service(workers=2) as started:
        yield started


def opened(service: Service, stack: ExitStack) -> list[socket.socket]:
    """So many connections, each of which has been answered once."""
    return [answered(service, stack) for _ in range(CONNECTIONS)]


def answered(service: Service, stack: ExitStack) -> socket.socket:
    address = urlsplit(service.base_url)
    connection = stack.enter_context(socket.create_connection((address.hostname, address.port), timeout=30))
    connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    assert connection.recv(65_536).startswith(b"HTTP/1.1 200 ")
    return connection


def held_by(service: Service, connections: list[socket.socket]) -> dict[int, list[socket.socket]]:
    """Which of these connections each worker has, as the system says."""
    mine = {each.getsockname()[1]: each for each in connections}
    return {
        pid: [
            mine[each.raddr.port]
            for each in psutil.Process(pid).net_connections("tcp")
            if each.raddr and each.raddr.port in mine
        ]
        for pid in service.worker_pids()
    }


def unevenness(service: Service, connections: list[socket.socket]) -> int:
    held = [len(each) for each in held_by(service, connections).values()]
    assert sum(held) == len(connections)
    return max(held) - min(held)


def test_connections_are_spread_evenly(service: Service) -> None:
    for _ in range(3):
        with ExitStack() as stack:
            assert unevenness(service, opened(service, stack)) <= MOST_UNEVEN


def test_nobody_waits_for_a_worker_that_hangs(service: Service) -> None:
    with ExitStack() as stack:
        hangs, its_own = next(iter(held_by(service, opened(service, stack)).items()))
        for each in its_own:
            each.close()
        time.sleep(0.5)  # until it knows: from now on it has fewer than the other one
        os.kill(hangs, signal.SIGSTOP)
        try:
            for _ in range(3):
                began = time.monotonic()
                answered(service, stack)
                assert time.monotonic() - began < SOON_SECONDS
        finally:
            os.kill(hangs, signal.SIGCONT)


def test_a_worker_in_the_place_of_one_that_was_killed_takes_its_part(service: Service) -> None:
    os.kill(service.worker_pids()[0], signal.SIGKILL)
    until, uneven = time.monotonic() + 60, CONNECTIONS
    while uneven > MOST_UNEVEN:
        assert time.monotonic() < until, uneven
        time.sleep(0.5)
        with ExitStack() as stack:
            uneven = unevenness(service, opened(service, stack)) if len(service.worker_pids()) == 2 else CONNECTIONS


def test_a_table_says_whose_turn_it_is(tmp_path: Path) -> None:
    one, other = Table(tmp_path / "connections"), Table(tmp_path / "connections")
    assert one.is_my_turn()
    one.begun()
    assert not one.is_my_turn()
    assert other.is_my_turn()
    other.begun()
    assert one.is_my_turn()
    for _ in range(15):
        other.begun()
    for _ in range(16):
        one.begun()
    assert one.is_my_turn(), "of sixteen, one is no difference"
    one.begun()
    assert not one.is_my_turn()
    one.ended()
    assert one.is_my_turn()
    one.begun()
    other.left()
    assert one.is_my_turn(), "nobody waits for a worker that takes no more"


def test_a_table_forgets_the_dead(tmp_path: Path) -> None:
    mine = Table(tmp_path / "connections")
    for _ in range(5):
        mine.begun()
    assert mine.is_my_turn()
    if not (child := os.fork()):
        Table(tmp_path / "connections")
        os._exit(0)
    os.waitpid(child, 0)
    assert not mine.is_my_turn()
    mine.forget_dead()
    assert mine.is_my_turn()
