"""One statement at a time over the socket of an embedded server, for the little that is asked before there is a pool."""

from __future__ import annotations

import socket
import struct
from pathlib import Path
from typing import BinaryIO

from registry.storage.server_binaries import EmbeddedError


class Asking:
    """One statement at a time as the owner over the socket: the few lines of PostgreSQL's protocol that needs.

    Neither psql (not every bin directory has it) nor a driver (which needs an event loop) is wanted here.
    """

    def __init__(self, path: Path, user: str) -> None:
        self._path, self._user = path, user

    def __call__(self, statement: str) -> list[str]:
        """Run one statement of one column; its values. Raises `EmbeddedError` with the server's words."""
        with socket.socket(socket.AF_UNIX) as wire, wire.makefile("rb") as answers:
            wire.connect(str(self._path))
            start = struct.pack("!i", 196608) + f"user\0{self._user}\0database\0postgres\0\0".encode()
            wire.sendall(struct.pack("!i", len(start) + 4) + start)
            self._until_ready(answers)
            text = statement.encode() + b"\0"
            wire.sendall(b"Q" + struct.pack("!i", len(text) + 4) + text)
            return self._until_ready(answers)

    @staticmethod
    def _until_ready(answers: BinaryIO) -> list[str]:
        values: list[str] = []
        while len(head := answers.read(5)) == 5:
            kind, body = head[:1], answers.read(struct.unpack("!i", head[1:])[0] - 4)
            if kind == b"Z":
                return values
            if kind == b"D":
                values.append(body[6:].decode())  # after the count of columns and the length of this one
            if kind == b"E":
                words = [field[1:].decode(errors="replace") for field in body.split(b"\0") if field[:1] in b"MC"]
                raise EmbeddedError(f"the embedded server answered: {' '.join(words)}")
        raise EmbeddedError("the embedded server closed the connection")
