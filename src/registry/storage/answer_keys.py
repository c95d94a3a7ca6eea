"""The keys that sign answers: their public halves as rows, their private halves as files of this machine."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, insert, select, text

from registry.core.answer_keys import AnswerKey
from registry.storage import key_files
from registry.storage.database import Reading, Writing
from registry.storage.tables_answers import answer_key

#: Any constant will do, so long as nobody else takes the same advisory lock.
_REGISTERING = 0x61_6E_73_6B_65_79
_FIRST = "answers-1.pem"


async def load(tx: Reading) -> tuple[AnswerKey, ...]:
    """Every registered key, the oldest first."""
    k = answer_key.c
    rows = await tx.execute(select(k.key_id, k.public_key, k.signs_from).order_by(k.signs_from))
    return tuple(AnswerKey(*row) for row in rows)


async def register(tx: Writing, key: AnswerKey, now: datetime, *, first: bool = False) -> bool:
    """Register a public key; with `first` only where there is none yet. False when it was not taken."""
    await tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _REGISTERING})
    count, last = (await tx.execute(select(func.count(), func.max(answer_key.c.signs_from)))).one()
    if (first and count) or (last is not None and key.signs_from <= last):
        return False
    row = {"key_id": key.key_id, "public_key": key.public_key, "signs_from": key.signs_from, "registered_at": now}
    await tx.execute(insert(answer_key).values(row))
    return True


def private_keys(folder: Path) -> Iterator[bytes]:
    """The PEM of every key file of this machine; raises PermissionError when others may read one."""
    for path in sorted(folder.glob("answers-*.pem")):
        yield key_files.load(path)


def ensure_first(folder: Path) -> bytes:
    """The PEM of the first key, made where there is none; of two processes at once both get the same."""
    return key_files.ensure(folder / _FIRST, key_files.new_p256)


def create_next(folder: Path) -> bytes:
    """The PEM of a new key in a new file; no file is ever written over."""
    number = 1 + len(list(folder.glob("answers-*.pem")))
    pem = key_files.new_p256()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    while not key_files.create(folder / f"answers-{number}.pem", pem):
        number += 1
    return pem
