"""What every question of an office goes through, whatever it is about: its purpose, its limits, and the row before the answer."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from registry.core import codes, purposes
from registry.core.audit import Look
from registry.core.callers import Caller
from registry.core.findings import Finding, Refusal
from registry.core.misses import Misses
from registry.core.purposes import Purpose
from registry.core.transcript import Transcript
from registry.core.verification import Stored
from registry.formats import documents
from registry.services import judging, limits
from registry.services.limits import Limits
from registry.services.world import Known, World
from registry.storage import questions
from registry.storage.database import Hot
from registry.storage.sealing import SealBrokenError


@dataclass(frozen=True, slots=True)
class Why:
    """Why it is asked: a purpose granted to the caller and the reference of the procedure; and the nonce of a signed answer."""

    purpose: str
    reference: str
    nonce: str | None = None
    nonce_ends: datetime | None = None

    @property
    def spent(self) -> questions.Nonce | None:
        """The nonce as it is kept."""
        if self.nonce is None or self.nonce_ends is None:
            return None
        return questions.Nonce(sha256(self.nonce.encode()).digest(), self.nonce_ends)


@dataclass(frozen=True, slots=True)
class Written:
    """A question that is written down: the proof of the version it is answered with, the version's bytes, and whether the caller
    is paused from now on."""

    proof: questions.Proof
    raw: bytes | None
    pause_begins: bool


class BrokenStoredError(Exception):
    """A version whose stored bytes are gone or changed: the transaction is rolled back and asked again without vouching."""

    def __init__(self, version: Stored) -> None:
        super().__init__("stored bytes are gone or changed")
        self.submission_id = version.submission_id


def permit(known: Known, caller: Caller, why: Why, secrets: tuple[str, ...], now: datetime) -> Purpose:
    """What the purpose allows. Raises Refusal: access-purpose, request-parameter (a reference that repeats a number).

    The reference is kept as text for years; a personal number is kept sealed only. `secrets`: the numbers of the question.
    """
    found = purposes.in_force(known.purposes, why.purpose, now) if why.purpose in caller.purposes else None
    if found is None:
        mine = sorted(caller.purposes & set(purposes.codes_in_force(known.purposes, now)))
        detail = "one of: " + ", ".join(mine) if mine else "no purpose is granted"
        raise Refusal(codes.ACCESS_PURPOSE, [Finding(codes.ACCESS_PURPOSE, "/body/purpose", detail)])
    if any(secret in why.reference for secret in secrets):
        detail = "names the procedure, without the personal number"
        raise Refusal(codes.REQUEST_PARAMETER, [Finding(codes.REQUEST_PARAMETER, "/body/reference", detail)])
    return found


async def write(
    tx: Hot, world: World, counted: Limits, row: Look, version: Stored | None, why: Why,
    standing: Misses, *, found: bool,
) -> tuple[Written, Misses]:  # fmt: skip
    """Write a question down and count it, within the transaction that found it; also the caller's state before it.

    Raises BrokenStoredError, Refusal: verification-nonce, verification-pupil; then nothing is written.
    """
    try:
        proof = await questions.write(tx, row, version, nonce=why.spent, most_before=counted.per_pupil)
    except questions.NonceSpentError:
        raise Refusal(
            codes.VERIFICATION_NONCE, [Finding(codes.VERIFICATION_NONCE, "/body/nonce", "a new one")]
        ) from None
    raw = None
    if version is not None:
        counted.check_pupil(proof.asked_before)
        raw = _opened(world, version, proof)
        if raw is None:
            raise BrokenStoredError(version)
    before, begins = await limits.count_answer(tx, row.caller_id, standing, found=found, now=row.asked_at)
    return Written(proof, raw, begins), before


async def transcript(world: World, raw: bytes, media_type: str) -> Transcript:
    """What stored bytes say, read by the reader that once judged them, in the bounded pool. Raises Refusal(service-busy)."""

    def read() -> Transcript:
        found = documents.read(judging.payload_members(raw, media_type)).transcript
        if found is None:
            raise ValueError("a document on record can't be read")
        return found

    return await world.judges.run(read)


def started() -> float:
    """The clock by which `even_out` goes."""
    return time.monotonic()


async def even_out(since: float, step: float) -> None:
    """Wait for the next multiple of the step, so that nobody can tell by the clock why nothing was found."""
    if step:
        await asyncio.sleep(step - (time.monotonic() - since) % step)


def _opened(world: World, version: Stored, proof: questions.Proof) -> bytes | None:
    """The stored bytes, if they open and still have the stored fingerprint."""
    if proof.sealed is None:
        return None
    try:
        return world.sealer.open_document(proof.sealed, version.fingerprint)
    except (SealBrokenError, ValueError):  # ValueError: cut shorter than a nonce
        return None
