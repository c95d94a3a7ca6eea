"""The keys that sign answers and papers: their public halves as rows, their private halves as files of this machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, insert, select, text

from registry.core.answer_keys import AnswerKey, Use
from registry.storage import key_files
from registry.storage.database import Reading, Writing
from registry.storage.tables_answers import answer_key, signing_key

#: Any constant will do, so long as nobody else takes the same advisory lock.
_REGISTERING = 0x61_6E_73_6B_65_79


@dataclass(frozen=True, slots=True)
class Files:
    """Where this machine's private keys lie: a folder, and the file with the first key of papers, which there was before others."""

    folder: Path
    first_paper: Path

    def first(self, use: Use) -> Path:
        """The file of the first key of a use."""
        return self.first_paper if use is Use.PAPER else self.folder / "answers-1.pem"

    def further(self, use: Use) -> Iterator[Path]:
        """The files of all keys of a use that lie in the folder."""
        yield from sorted(self.folder.glob(f"{use}s-*.pem"))


async def load(tx: Reading) -> tuple[AnswerKey, ...]:
    """Every registered key, the oldest first."""
    k = signing_key.c
    rows = await tx.execute(select(k.key_id, k.public_key, k.signs_from, k.use).order_by(k.signs_from))
    return tuple(AnswerKey(key_id, public_key, begins, Use(use)) for key_id, public_key, begins, use in rows)


async def register(tx: Writing, key: AnswerKey, now: datetime, *, first: bool = False) -> bool:
    """Register a public key; with `first` only where there is none of its use yet. False when it was not taken."""
    count, last = await _registered(tx, key.use)
    if (first and count) or (last is not None and key.signs_from <= last):
        return False
    await _add(tx, key, now)
    return True


async def keep(tx: Writing, keys: list[AnswerKey], now: datetime) -> int:
    """Register keys of the past, so that what they signed stays good: before all others of their use, and none of them signs
    again. How many were not known."""
    await _registered(tx, Use.PAPER)
    known = set(await tx.scalars(select(signing_key.c.key_id)))
    new = [key for key in keys if key.key_id not in known]
    for key in new:
        await _add(tx, key, now)
    return len(new)


async def _registered(tx: Writing, use: Use) -> tuple[int, datetime | None]:
    """How many keys of a use there are, and from when the last one signs; nobody else registers until the transaction ends."""
    await tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _REGISTERING})
    k = signing_key.c
    count, last = (await tx.execute(select(func.count(), func.max(k.signs_from)).where(k.use == use.value))).one()
    return count, last


async def _add(tx: Writing, key: AnswerKey, now: datetime) -> None:
    """Keys of answers go the way that the version before this one knows too; a trigger copies them."""
    row = {"key_id": key.key_id, "public_key": key.public_key, "signs_from": key.signs_from, "registered_at": now}
    if key.use is Use.ANSWER:
        await tx.execute(insert(answer_key).values(row))
    else:
        await tx.execute(insert(signing_key).values({**row, "use": key.use.value}))


def private_keys(files: Files) -> Iterator[bytes]:
    """The PEM of every key file of this machine; raises PermissionError when others may read one."""
    for use in Use:
        for path in {files.first(use), *files.further(use)}:
            if path.exists():
                yield key_files.load(path)


def ensure_first(files: Files, use: Use) -> bytes:
    """The PEM of the first key of a use, made where there is none; of two processes at once both get the same."""
    return key_files.ensure(files.first(use), key_files.new_p256)


def create_next(files: Files, use: Use) -> bytes:
    """The PEM of a new key in a new file; no file is ever written over."""
    number = 1 + sum(path.exists() for path in {files.first(use), *files.further(use)})
    pem = key_files.new_p256()
    files.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    while not key_files.create(files.folder / f"{use}s-{number}.pem", pem):
        number += 1
    return pem
