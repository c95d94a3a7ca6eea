"""The one counter that moves with every change of the register, and the mark of the sealing key."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from registry.storage.database import Reading, Writing
from registry.storage.sealing import SealBrokenError
from registry.storage.tables import generation, sealing_key


async def current(tx: Reading) -> int:
    """The generation of the register that this transaction sees."""
    return int((await tx.execute(select(generation.c.value))).scalar_one())


async def move(tx: Writing) -> int:
    """Say that the register changed; every process re-reads it before its next write. Returns the new generation."""
    moved = update(generation).values(value=generation.c.value + 1).returning(generation.c.value)
    return int((await tx.execute(moved)).scalar_one())


async def check_sealing_key(tx: Reading, key_id: bytes) -> None:
    """Raise SealBrokenError when rows here were sealed under another key than this process holds."""
    known = set((await tx.execute(select(sealing_key.c.key_id))).scalars())
    if known and key_id not in known:
        raise SealBrokenError(
            "the database was sealed under another key: restore the sealing key file that belongs to it"
        )


async def note_sealing_key(tx: Writing, key_id: bytes) -> None:
    """Remember the key under which this database is sealed; raises SealBrokenError when it is another one."""
    await check_sealing_key(tx, key_id)
    row = insert(sealing_key).values(key_id=key_id, first_used_at=datetime.now(UTC))
    await tx.execute(row.on_conflict_do_nothing())
