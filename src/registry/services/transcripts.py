"""Who submitted or oversees a school's records reads them again: a version's content, all versions, the received bytes.

Every view is written down and committed before anything leaves. What is not the caller's is not there: an unknown record and
another school's are one answer.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from registry.core import codes
from registry.core.callers import Caller
from registry.core.findings import Refusal
from registry.core.verification import Answer, Stored
from registry.services import judging, own_looks
from registry.services.world import World
from registry.storage import transcripts
from registry.storage.sealing import SealBrokenError
from registry.storage.transcripts import History, Version, Withdrawn

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Told:
    """One version of a record with what it is now, and the withdrawal that ended it, if one did."""

    history: History
    version: Version
    state: Answer
    replaced_by: int | None
    withdrawn: Withdrawn | None


@dataclass(frozen=True, slots=True)
class Document:
    """The received bytes of a version, as received."""

    told: Told
    media_type: str
    raw: bytes


async def versions(world: World, caller: Caller, code: str, now: datetime) -> tuple[Told, ...]:
    """Every version of a record, the first first. Raises Refusal: record-unknown."""
    history = await _load(world, caller.schools, code)
    await _write_down(world, caller, history, "versions", now)
    return tuple(_told(history, version) for version in history.versions)


async def document(world: World, caller: Caller, code: str, version: int | None, now: datetime) -> Document:
    """The received bytes of a version (None: the greatest). Raises Refusal: record-unknown, service-fault."""
    history = await _load(world, caller.schools, code)
    told = _told(history, _version(history, version))
    await _write_down(world, caller, history, "original", now)
    return await _document(world, told)


async def content(
    world: World, caller: Caller, code: str, version: int | None, now: datetime
) -> tuple[Told, Mapping[str, Any]]:
    """What a version says, by the published field names whatever syntax it came in. Raises as `document` does."""
    history = await _load(world, caller.schools, code)
    told = _told(history, _version(history, version))
    await _write_down(world, caller, history, "transcript", now)
    return told, await members(world, told)


async def in_force(world: World, schools: Iterable[str], code: str) -> Told | None:
    """The version that counts of a record of these schools, None when none does, for who writes the view down.

    Raises Refusal: record-unknown.
    """
    history = await _load(world, schools, code)
    told = _told(history, _version(history, None))
    return told if told.state is Answer.GENUINE_CURRENT else None


async def members(world: World, told: Told) -> Mapping[str, Any]:
    """What a version says, by the published field names. Raises Refusal: service-busy, service-fault."""
    found = await _document(world, told)
    return await world.judges.run(lambda: judging.payload_members(found.raw, found.media_type))


async def _load(world: World, schools: Iterable[str], code: str) -> History:
    async with world.db.snapshot() as tx:
        history = await transcripts.load(tx, code, schools)
    if history is None:
        raise Refusal(codes.RECORD_UNKNOWN)
    return history


def _version(history: History, number: int | None) -> Version:
    """The version with the number, without one the greatest that there is to see."""
    for version in reversed(history.versions):
        if number in (None, version.version):
            return version
    raise Refusal(codes.RECORD_UNKNOWN)


def _told(history: History, version: Version) -> Told:
    record = history.record
    stored = Stored(
        record.school_year, record.pupil_id, record.level, record.grade, record.school_code, record.transcript_code,
        version.version, record.current_version, version.submission_id, version.fingerprint, version.accepted_at,
        record.withdrawn_version, version.awaits_summer,
    )  # fmt: skip
    withdrawn = next((each for each in history.withdrawals if each.version >= version.version), None)
    return Told(history, version, stored.answer, stored.replaced_by, withdrawn)


async def _write_down(world: World, caller: Caller, history: History, kind: str, now: datetime) -> None:
    record = history.record
    await own_looks.write_down(world, caller, kind, record.school_year, record.pupil_id, now)


async def _document(world: World, told: Told) -> Document:
    """The bytes, opened; those that no longer have their fingerprint are shown to nobody."""
    version = told.version
    async with world.db.snapshot() as tx:
        found = await transcripts.received(tx, told.history.record.school_year, version.fingerprint)
    try:
        if found is not None:
            return Document(told, found[0], world.sealer.open_document(found[1], version.fingerprint))
    except (SealBrokenError, ValueError):  # ValueError: cut shorter than a nonce
        pass
    log.error("stored document does not have its fingerprint: submission %s", version.submission_id)
    raise Refusal(codes.SERVICE_FAULT)
