"""The last places of the chain of who looked, noted in a file beside the keys: who cuts the chain off in the database alone is missed.

One line `POSITION:HASH` for the end of each day so far, the newest last. Nothing of a question is in it.
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

#: Days that are kept: as long as questions are looked through, and more.
_MOST = 1000


@dataclass(frozen=True, slots=True)
class Heads:
    """The file; there need not be one yet."""

    path: Path

    def load(self) -> dict[int, bytes]:
        """position -> hash, the oldest first; raises ValueError for a file that somebody has spoilt."""
        if not self.path.exists():
            return {}
        lines = (line.partition(":") for line in self.path.read_text("ascii").split())
        return {int(position): bytes.fromhex(value) for position, _, value in lines}

    def keep(self, position: int, head: bytes, *, new_day: bool) -> None:
        """Note a head in the place of the last one, or behind it when a new day has begun. Whole or not at all."""
        kept = list(self.load().items())
        kept = [*(kept if new_day else kept[:-1]), (position, head)][-_MOST:]
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = self.path.with_name(f".{self.path.name}.{secrets.token_hex(8)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write("".join(f"{at}:{value.hex()}\n" for at, value in kept))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.path)
