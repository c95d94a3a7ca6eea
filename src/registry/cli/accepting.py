"""New connections spread evenly over the workers.

All workers wait at one socket, and whoever is awake takes every connection that waits: of 32 that stayed open one worker had 22 and
the other 10, and answers of the first took twice as long. So each says in a table that all of them see how many it has, and one
that has more than another leaves the next connection to that one. For a moment only: nobody waits for a worker that hangs.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import mmap
import os
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import uvloop

from registry.cli.connections import Connection
from registry.settings import Settings

log = logging.getLogger(__name__)

#: Process id and open connections; 0 is nobody's place.
_PLACE = struct.Struct("=ii")
#: Twice as many as there can be workers: when they are replaced one after the other, an old and a new one live at once.
_PLACES = 128
_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.002, 0.05
#: After one more connection was too much for the machine.
_RECOVERY_SECONDS = 1.0


def forget_former_run(settings: Settings) -> None:
    """Before the first worker starts: nobody has a connection."""
    _path(settings).unlink(missing_ok=True)


def loop() -> asyncio.AbstractEventLoop:
    """The event loop of a worker, whose connections are counted beside those of the other workers."""
    table = Table(_path(Settings()))
    Connection.counted = table
    return Loop(table)


def _path(settings: Settings) -> Path:
    return settings.state_dir / "connections"


class Table:
    """How many connections each worker has open, in a file that all of them have in memory."""

    def __init__(self, path: Path) -> None:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            os.ftruncate(handle, _PLACES * _PLACE.size)
            self._bytes = mmap.mmap(handle, _PLACES * _PLACE.size)
            self._mine = next(place for place in range(_PLACES) if not self._taken(place))
            self._pid, self._open = os.getpid(), 0
            self._write()
        finally:
            fcntl.flock(handle, fcntl.LOCK_UN)  # closing does not: the map has a handle of its own
            os.close(handle)

    def begun(self) -> None:
        """This worker has one connection more."""
        self._open += 1
        self._write()

    def ended(self) -> None:
        """This worker has one connection less."""
        self._open -= 1
        self._write()

    def left(self) -> None:
        """This worker takes no more: nobody is to wait for it."""
        self._pid = 0
        self._write()

    def is_my_turn(self) -> bool:
        """Whether no other worker has fewer; among many a sixteenth is no difference. (Of 32 that stayed open, 17 and 15 were seen at
        the slowest answers.)"""
        others = [connections for place, pid, connections in self._places() if pid and place != self._mine]
        least = min(others, default=self._open)
        return self._open <= least + least // 16

    def forget_dead(self) -> None:
        """Free the places of processes that are no more: one that was killed could not."""
        for place, pid, _ in self._places():
            if pid and not psutil.pid_exists(pid):
                _PLACE.pack_into(self._bytes, place * _PLACE.size, 0, 0)

    def _taken(self, place: int) -> bool:
        pid, _ = _PLACE.unpack_from(self._bytes, place * _PLACE.size)
        return pid != 0 and psutil.pid_exists(pid)

    def _places(self) -> list[tuple[int, int, int]]:
        return [(place, *each) for place, each in enumerate(_PLACE.iter_unpack(self._bytes))]

    def _write(self) -> None:
        _PLACE.pack_into(self._bytes, self._mine * _PLACE.size, self._pid, self._open)


class Loop(uvloop.Loop):
    """uvloop, but for how a listening socket is shared."""

    def __init__(self, table: Table) -> None:
        super().__init__()
        self._table = table

    async def create_server(self, protocol_factory: Any, *args: Any, sock: Any = None, **more: Any) -> Any:
        """What listens at a given socket takes turns with the other workers."""
        if sock is None:
            return await super().create_server(protocol_factory, *args, **more)
        sock.setblocking(False)
        sock.listen(more["backlog"])
        return Accepting(self, protocol_factory, sock, self._table)


class Accepting:
    """Takes the connections that wait at a socket, as long as it is this worker's turn."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        make: Callable[[], asyncio.Protocol],
        listener: socket.socket,
        table: Table,
    ) -> None:
        self._loop, self._make, self._listener, self._table = loop, make, listener, table
        self._begun: set[asyncio.Task[None]] = set()  # a task that nobody keeps may be collected
        self._task = loop.create_task(self._accept())

    def close(self) -> None:
        """Take no more."""
        self._task.cancel()
        self._table.left()

    async def wait_closed(self) -> None:
        """Until no more is taken."""
        await asyncio.wait([self._task])

    async def _accept(self) -> None:
        while True:
            try:
                await self._somebody_waits()
                await self._others_first()
                self._take()
            except Exception:  # no descriptor left, say: a worker that took no more would look alive
                log.exception("connections can't be accepted")
                await asyncio.sleep(_RECOVERY_SECONDS)

    def _take(self) -> None:
        """Whatever waits, as long as it is this worker's turn; one at least, if it is still there."""
        with suppress(BlockingIOError, ConnectionAbortedError):  # another worker has taken it, or it is gone again
            while True:
                connection, _ = self._listener.accept()
                self._begin(connection)
                if not self._table.is_my_turn():
                    return

    async def _somebody_waits(self) -> None:
        waits = self._loop.create_future()

        def tell() -> None:
            if not waits.done():
                waits.set_result(None)

        self._loop.add_reader(self._listener, tell)
        try:
            await waits
        finally:
            self._loop.remove_reader(self._listener)

    async def _others_first(self) -> None:
        until = self._loop.time() + _LONGEST_PAUSE_SECONDS
        while not self._table.is_my_turn():
            if self._loop.time() >= until:
                self._table.forget_dead()
                return
            await asyncio.sleep(_PAUSE_SECONDS)

    def _begin(self, connection: socket.socket) -> None:
        self._table.begun()
        task = self._loop.create_task(self._connect(connection))
        self._begun.add(task)
        task.add_done_callback(self._begun.discard)

    async def _connect(self, connection: socket.socket) -> None:
        try:
            connection.setblocking(False)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await self._loop.connect_accepted_socket(self._make, connection)
        except OSError:
            connection.close()
            self._table.ended()
