"""An office hands in many questions as one file, sees how far they are, takes the result, and takes it all back.

They are answered in the background (`registry.services.batch_work`). Nothing of a file is kept unless all of it is in order. A batch
of another caller and one that never was are the same answer.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any, TypeVar
from uuid import UUID

from registry.core import batches, codes, ids
from registry.core.batches import Batch as Batch  # what the edge shows
from registry.core.batches import Form as Form
from registry.core.batches import State as State
from registry.core.callers import Caller
from registry.core.findings import Finding, Refusal
from registry.core.tables_out import FileKind
from registry.formats import batch_lines, batch_sheet, tables_out
from registry.services import asking, limits
from registry.services.world import Known, World
from registry.storage import batches as stored

MOST_BYTES = batches.MOST_BYTES
MEDIA_TYPES = {Form.NDJSON: "application/x-ndjson", Form.XLSX: tables_out.MEDIA_TYPES[FileKind.XLSX]}
#: Lines that are read without letting anything else have its turn: two milliseconds.
_AT_ONCE = 20
_BUSY_SECONDS = 60
L = TypeVar("L")
#: How the edge makes a question of the members of a line.
Read = Callable[[Mapping[str, Any]], asking.Asked[Any, Any]]


@dataclass(frozen=True, slots=True)
class File:
    """A file of questions as received, the form its result is to have, and the key that makes sending it again harmless."""

    raw: bytes = field(repr=False)
    form: Form
    result: Form
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """The batch that stands for a file; `new` unless the same file had come before under the same key."""

    batch: Batch
    new: bool


async def submit(world: World, caller: Caller, file: File, read: Read, now: datetime) -> Taken:
    """Take a file of questions in, whole or not at all.

    `read` makes a question of the members of a line and raises Refusal with pointers below `/body`. Raises Refusal: batch-file,
    batch-size, batch-row (every finding at its row), batch-key, batch-many,
    verification-enumeration (paused), service-database.
    """
    fingerprint = sha256(file.raw).digest()
    key_hash = sha256(file.key.encode("ascii")).digest() if file.key is not None else None
    if key_hash is not None and (known := await _known(world, caller, key_hash, fingerprint)) is not None:
        return Taken(known, new=False)
    await limits.check_standing(world, caller.counted_as, now)
    lines = await _checked(world, caller, file, read, now)
    batch_id = ids.uuid7(now, secrets.token_bytes(10))
    new = stored.New(batch_id, caller.caller_id, file.result, fingerprint, key_hash, lines)
    async with world.db.transaction() as tx:
        await stored.alone(tx, caller.caller_id)
        twin = await stored.find_by_key(tx, world.sealer, caller.caller_id, key_hash) if key_hash is not None else None
        if twin is None:
            if await stored.count_unfinished(tx, caller.caller_id) >= batches.MOST_UNFINISHED:
                detail = f"at most {batches.MOST_UNFINISHED} that wait or run"
                raise Refusal(codes.BATCH_MANY, [Finding(codes.BATCH_MANY, "", detail)], retry_after=_BUSY_SECONDS)
            await stored.add(tx, world.sealer, new, now)
        made = twin or await stored.find(tx, world.sealer, batch_id, caller.caller_id)
    assert made is not None, "written in this transaction"
    return Taken(_same(made, fingerprint), new=twin is None)


async def find(world: World, caller: Caller, batch_id: str) -> Batch:
    """A batch of the caller as it stands; raises Refusal(batch-unknown)."""
    named = _uuid(batch_id)
    async with world.db.snapshot() as tx:
        found = await stored.find(tx, world.sealer, named, caller.caller_id) if named is not None else None
    if found is None:
        raise Refusal(codes.BATCH_UNKNOWN)
    return found


async def finished(world: World, caller: Caller, batch_id: str, now: datetime) -> Batch:
    """A batch whose result is there. Raises Refusal: batch-unknown, batch-unfinished, batch-expired."""
    found = await find(world, caller, batch_id)
    if found.state in batches.UNFINISHED:
        detail = f"{found.answered} of {found.questions} are answered"
        raise Refusal(codes.BATCH_UNFINISHED, [Finding(codes.BATCH_UNFINISHED, "", detail)], retry_after=5)
    if found.state is State.EXPIRED or found.expires_at is None or found.expires_at <= now:
        raise Refusal(codes.BATCH_EXPIRED, [Finding(codes.BATCH_EXPIRED, "", f"kept for {batches.KEPT.days} days")])
    return found


async def result(world: World, of: Batch) -> AsyncIterator[bytes]:
    """The file of a finished batch, part by part; whoever reads it slowly keeps nothing of the database waiting."""
    number = 0
    while True:
        async with world.db.snapshot() as tx:
            part = await stored.part(tx, world.sealer, of.batch_id, number)
        if part is None:
            return
        yield part
        number += 1


async def remove(world: World, caller: Caller, batch_id: str) -> None:
    """Delete a batch and all of its content; what was asked stays written down. Raises Refusal(batch-unknown)."""
    named = _uuid(batch_id)
    async with world.db.transaction() as tx:
        gone = named is not None and await stored.remove(tx, named, caller.caller_id)
    if not gone:
        raise Refusal(codes.BATCH_UNKNOWN)


async def _known(world: World, caller: Caller, key_hash: bytes, fingerprint: bytes) -> Batch | None:
    async with world.db.snapshot() as tx:
        found = await stored.find_by_key(tx, world.sealer, caller.caller_id, key_hash)
    return None if found is None else _same(found, fingerprint)


def _same(found: Batch, fingerprint: bytes) -> Batch:
    """One key stands for one file. Raises Refusal(batch-key)."""
    if found.questions_sha256 != fingerprint:
        raise Refusal(codes.BATCH_KEY, [Finding(codes.BATCH_KEY, "/header/idempotency-key", "a new one for each file")])
    return found


async def _checked(world: World, caller: Caller, file: File, read: Read, now: datetime) -> list[bytes]:
    """The file's lines as they are kept, every one of them a question that the caller may ask."""
    known = await world.known()
    findings: list[Finding] = []
    kept: list[bytes] = []
    for count, line in enumerate(await _lines(file)):
        if count % _AT_ONCE == 0:
            await asyncio.sleep(0)
        found = list(line.findings) or _flaws(known, caller, line, read, now)
        findings += found
        if len(findings) > batch_lines.MOST_FINDINGS:
            break
        if not findings:  # else nothing of the file is kept, and what is no question may not even be fit to be
            kept.append(batch_lines.kept(line))
    if findings:
        raise Refusal(codes.BATCH_ROW, batch_lines.listed(findings))
    return kept


async def _lines(file: File) -> Iterator[batch_lines.Line]:
    """Raises Refusal: batch-file, batch-size. A workbook is unpacked in a thread."""
    try:
        if file.form is Form.XLSX:
            lines = await asyncio.to_thread(batch_sheet.read, file.raw, batches.MOST_QUESTIONS)
            return iter(_counted(lines))
        numbered = _counted(batch_lines.ndjson(file.raw, batches.MOST_QUESTIONS))
        return (batch_lines.parsed(number, raw) for number, raw in numbered)
    except batch_lines.UnreadableError as error:
        pointer = "" if error.row is None else f"/rows/{error.row}"
        raise Refusal(codes.BATCH_FILE, [Finding(codes.BATCH_FILE, pointer, error.expected)]) from None


def _counted(lines: list[L]) -> list[L]:
    if not 1 <= len(lines) <= batches.MOST_QUESTIONS:
        detail = f"1 to {batches.MOST_QUESTIONS} questions"
        raise Refusal(codes.BATCH_SIZE, [Finding(codes.BATCH_SIZE, "", detail)])
    return lines


def _flaws(known: Known, caller: Caller, line: batch_lines.Line, read: Read, now: datetime) -> list[Finding]:
    """What is wrong with a line, each finding at its place in the file."""
    try:
        asking.permit(known, caller, read(line.members), now)
    except Refusal as refusal:
        return [line.placed(each) for each in refusal.findings or (Finding(refusal.code),)]
    return []


def _uuid(text: str) -> UUID | None:
    try:
        named = UUID(text)
    except ValueError:
        return None
    return named if str(named) == text else None
