"""The one road of every question of an office, whatever it is about: its purpose, its limits, and the row before the answer.

What is asked (`Asked`) finds and decides; when it is permitted, counted and written down, is decided here and nowhere else.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Generic, Protocol, TypeAlias, TypeVar
from uuid import UUID

from registry.core import codes, ids, purposes
from registry.core.audit import Look
from registry.core.callers import Caller
from registry.core.findings import Finding, Refusal
from registry.core.misses import Misses
from registry.core.purposes import Purpose
from registry.core.transcript import Transcript
from registry.core.verification import Stored
from registry.formats import documents
from registry.services import judging, limits, pace
from registry.services.limits import Limits
from registry.services.noting import Against
from registry.services.world import Known, World
from registry.storage import questions
from registry.storage.database import Hot
from registry.storage.sealing import SealBrokenError

log = logging.getLogger(__name__)

#: So many questions before a pupil's limit they are counted one after the other: more than any caller has under way at once.
_NEAR = 32
#: Documents of up to so many bytes are read in a third of a millisecond, in which nothing else could have been handed over.
_READ_AT_ONCE = 32_768

D = TypeVar("D")
A = TypeVar("A")
A_co = TypeVar("A_co", covariant=True)
Keep: TypeAlias = Callable[[Hot, A], Awaitable[None]]


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
class Behind:
    """The version a question is answered with, its proof, and its signed bytes."""

    version: Stored
    proof: questions.Proof
    raw: bytes

    async def transcript(self, world: World) -> Transcript:
        """What the bytes say, read by the reader that once judged them; of large ones in the bounded pool. Raises Refusal(service-busy)."""
        return await self._read(world, lambda members: documents.read(members).transcript)

    async def of_the_year(self, world: World, *, marks: bool) -> Transcript:
        """The same of the year as a whole, with the marks or without (`documents.of_the_year`)."""
        return await self._read(world, lambda members: documents.of_the_year(members, marks=marks))

    async def _read(self, world: World, reader: Callable[[Mapping[str, Any]], Transcript | None]) -> Transcript:
        def read() -> Transcript:
            found = reader(judging.payload_members(self.raw, self.proof.media_type or ""))
            if found is None:
                raise ValueError("a document on record can't be read")
            return found

        return read() if len(self.raw) <= _READ_AT_ONCE else await world.judges.run(read)


@dataclass(frozen=True, slots=True)
class Written:
    """A question that is written down: what it is answered with, if anything, and whether the caller is paused from now on.
    `refusal`: one that found nothing is only counted, not written down and not answered."""

    behind: Behind | None
    pause_begins: bool = False
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True)
class Asker:
    """One question on its way: who asks it, for which purpose, within which limits, and the id that it is written down with."""

    world: World
    caller: Caller
    why: Why
    purpose: Purpose
    counted: Limits
    question_id: UUID
    now: datetime
    missed_before: int
    began: float

    @property
    def guessing(self) -> bool:
        """Whether another question of the caller that found nothing was under way at the same time (`Notes.guessing`)."""
        return self.world.notes.guessing(self.caller.counted_as, self.missed_before)

    @property
    def counting(self) -> questions.Counting:
        """What is counted with the question."""
        return questions.Counting(self.caller.counted_as, self.now, self.caller.office, self.counted.per_pupil)

    def look(self, kind: str, school_year: str | None, pupil_id: UUID | None, answer: str, detail: str | None) -> Look:
        """The row that is kept of the question."""
        why, caller_id = self.why, self.caller.caller_id
        return Look(
            self.question_id,
            self.now,
            caller_id,
            why.purpose,
            why.reference,
            kind,
            school_year,
            pupil_id,
            answer,
            detail,
        )


@dataclass(frozen=True, slots=True)
class Decided(Generic[D]):
    """What is going to be said, the version it is said of, the row that is kept, whether something was found, and the threshold
    that is taken with it."""

    what: D
    version: Stored | None
    row: Look
    found: bool
    threshold: questions.Threshold | None = None


@dataclass(frozen=True, slots=True)
class Told(Generic[D]):
    """A decision that is written down; it may be answered once the transaction is committed."""

    decided: Decided[D]
    written: Written


class Asked(Protocol[D, A_co]):
    """What is asked: `D` is what it decides within the transaction, `A_co` the answer that is made of it."""

    @property
    def why(self) -> Why:
        """Why it is asked."""

    @property
    def numbers(self) -> tuple[str, ...]:
        """The personal numbers of the question."""

    def permit(self, purpose: Purpose) -> None:
        """Raises Refusal for what the purpose does not allow."""

    def wanted(self, asker: Asker) -> questions.Wanted:
        """What is looked for, whoever asks."""

    def decide(self, asker: Asker, found: questions.Found, *, vouching: bool) -> Decided[D]:
        """What this caller may be told of it; without `vouching` nothing is genuine."""

    async def answered(self, asker: Asker, told: Told[D]) -> A_co:
        """The answer, from the stored signed bytes and from nowhere else."""


class InVain(Refusal):
    """A question that found nothing and is refused all the same, as for a nonce that was used before: it is counted like any other that
    finds nothing, or what is refused would be a guess for nothing, told by the clock. `pause_begins`: that was one too many."""

    def __init__(self, refusal: Refusal, pause_begins: bool) -> None:
        super().__init__(refusal.code, refusal.findings, refusal.retry_after)
        self.pause_begins = pause_begins


class BrokenStoredError(Exception):
    """A version whose stored bytes are gone or changed: what was written is undone, and it is asked again without vouching."""

    def __init__(self, version: Stored) -> None:
        super().__init__("stored bytes are gone or changed")
        self.submission_id = version.submission_id


async def ask(
    world: World, caller: Caller, asked: Asked[D, A], now: datetime, counted: Limits, keep: Keep[A] | None = None
) -> A:
    """Answer one question; it is committed before this returns.

    `keep` stores the answer in the same transaction: either both stay, or neither. Raises Refusal: what `permit`,
    `Limits.count` and `_write` raise, InVain, verification-enumeration, service-busy, service-database.
    """
    began = pace.started()
    purpose = permit(await world.known(), caller, asked, now)
    await counted.count(world, caller.counted_as, now)
    question_id, missed = ids.uuid7(now, secrets.token_bytes(10)), world.notes.missed(caller.counted_as)
    asker = Asker(world, caller, asked.why, purpose, counted, question_id, now, missed, began)
    with ExitStack() as until_counted:
        plain = await _plainly(asker, asked, until_counted) if keep is None else None
        if plain is not None:
            return await asked.answered(asker, plain)
        try:
            answer, found = await _in_one_transaction(asker, asked, keep)
        except BrokenStoredError as broken:
            log.error("stored document does not have its fingerprint: submission %s", broken.submission_id)
            answer, found = await _in_one_transaction(asker, asked, keep, vouching=False)
    if not found:
        await pace.even_out(began, counted.even_seconds)
    return answer


async def _plainly(asker: Asker, asked: Asked[D, A], until_counted: ExitStack) -> Told[D] | None:
    """The short road of nearly all questions: it is looked for together with others, something is found, nothing about it has to be
    counted or undone, and the row is written together with those of others. None, with nothing written, for every question that is
    not so; of one that finds nothing others have to know until it is counted, or of a hundred guesses at the same moment all that
    are right would be told.

    Raises Refusal: verification-enumeration, verification-nonce, -threshold.
    """
    found = await asker.world.notes.find(asker.world.db, asked.wanted(asker))
    limits.check_pause(found.misses, asker.now)
    decided = asked.decide(asker, found, vouching=True)
    if not decided.found:
        until_counted.enter_context(asker.world.notes.missing(asker.caller.counted_as))
    if decided.version is None or not decided.found or found.misses.in_a_row or asker.guessing:
        return None
    return await _write_plainly(asker, decided, decided.version, found.proof_of(decided.version))


async def _write_plainly(asker: Asker, decided: Decided[D], version: Stored, proof: questions.Proof) -> Told[D] | None:
    """The second half: one question of an office about a pupil at a time, since the ones before it are counted first.

    Of those that were found before it was written, each process has no more than one of each way of asking.
    """
    world = asker.world
    with world.notes.alone(asker.caller.counted_as, version.pupil_id) as alone:
        raw = _opened(world, version, proof) if alone else None
        if raw is None or proof.asked_before + _NEAR >= asker.counted.per_pupil:
            return None
        refusal = _refusal(asker, await world.notes.write(world.db, _note(asker, decided)))
        if refusal is not None:
            raise refusal
    return Told(decided, Written(Behind(version, proof, raw)))


async def _in_one_transaction(
    asker: Asker, asked: Asked[D, A], keep: Keep[A] | None, *, vouching: bool = True
) -> tuple[A, bool]:
    """Find, decide, write down and count; then answer. Whoever has been paused since it asked gets no answer."""
    answer: A | None = None
    async with asker.world.db.hot_transaction() as tx:
        found = await questions.find(tx, asked.wanted(asker))
        limits.check_pause(found.misses, asker.now)
        decided = asked.decide(asker, found, vouching=vouching)
        written, before = await _write(tx, asker, decided, found)
        told = Told(decided, written)
        if keep is not None:
            limits.check_pause(before, asker.now)
            answer = await asked.answered(asker, told)
            await keep(tx, answer)
    limits.check_pause(before, asker.now)
    if written.refusal is not None:
        await pace.even_out(asker.began, asker.counted.even_seconds)
        raise InVain(written.refusal, written.pause_begins)
    return answer if answer is not None else await asked.answered(asker, told), decided.found


def permit(known: Known, caller: Caller, asked: Asked[Any, Any], now: datetime) -> Purpose:
    """What the purpose allows. Raises Refusal: access-purpose, request-parameter (a reference that repeats a number), and what
    the question itself raises.

    The reference is kept as text for years; a personal number is kept sealed only.
    """
    why = asked.why
    found = purposes.in_force(known.purposes, why.purpose, now) if why.purpose in caller.purposes else None
    if found is None:
        mine = sorted(caller.purposes & set(purposes.codes_in_force(known.purposes, now)))
        detail = "one of: " + ", ".join(mine) if mine else "no purpose is granted"
        raise Refusal(codes.ACCESS_PURPOSE, [Finding(codes.ACCESS_PURPOSE, "/body/purpose", detail)])
    if ids.mentions_number(why.reference, asked.numbers):
        detail = "names the procedure, without the personal number"
        raise Refusal(codes.REQUEST_PARAMETER, [Finding(codes.REQUEST_PARAMETER, "/body/reference", detail)])
    asked.permit(found)
    return found


async def _write(tx: Hot, asker: Asker, decided: Decided[D], found: questions.Found) -> tuple[Written, Misses]:
    """Write a question down and count it; also the caller's state before it.

    Raises BrokenStoredError, Refusal: verification-nonce, -threshold, -pupil; then nothing may stay written.
    """
    row, version, caller = decided.row, decided.version, asker.caller
    refusal = _refusal(asker, (await questions.write_all(tx, [_note(asker, decided)]))[0])
    if refusal is not None and decided.found:
        raise refusal
    behind = None
    if version is not None:
        proof, most = found.proof_of(version), asker.counted.per_pupil
        asked_before = proof.asked_before
        if asked_before + _NEAR >= most:
            asked_before = await questions.count_about(tx, row, caller.counted_as, caller.office, most)
        asker.counted.check_pupil(asked_before)
        raw = _opened(asker.world, version, proof)
        if raw is None:
            raise BrokenStoredError(version)
        behind = Behind(version, proof, raw)
    before, begins = await limits.count_answer(
        tx, caller.counted_as, None if asker.guessing else found.misses, found=decided.found, now=row.asked_at
    )
    return Written(behind, begins, refusal), before


def _note(asker: Asker, decided: Decided[Any]) -> questions.Note:
    return questions.Note(decided.row, asker.why.spent, decided.threshold)


def _refusal(asker: Asker, against: Against) -> Refusal | None:
    """verification-nonce or -threshold, of a question that is not written."""
    if isinstance(against, questions.ThresholdTakenError):
        return limits.threshold_refusal(against.since, asker.counted.threshold_days, asker.now)
    if against is not None:
        return Refusal(codes.VERIFICATION_NONCE, [Finding(codes.VERIFICATION_NONCE, "/body/nonce", "a new one")])
    return None


def _opened(world: World, version: Stored, proof: questions.Proof) -> bytes | None:
    """The stored bytes, if they open and still have the stored fingerprint."""
    if proof.sealed is None:
        return None
    try:
        return world.sealer.open_document(proof.sealed, version.fingerprint)
    except (SealBrokenError, ValueError):  # ValueError: cut shorter than a nonce
        return None
