"""A signed document comes in: judge it, have it written, say what became of it.

Judging happens before and names the generation of the register it rests on; what writes compares it, so that nothing is
ever accepted under a trust list that has meanwhile changed.
"""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from registry.core import codes, ids
from registry.core import declaration as declared
from registry.core.callers import Caller
from registry.core.findings import Code, Finding, Outcome, Refusal, outcome_of
from registry.core.record import Receipt
from registry.core.verdict import Verdict
from registry.services import declaration, evidence_rows, judging, kept, pace, recording, statements, withdrawal
from registry.services.statements import Given, Written
from registry.services.world import Known, World
from registry.storage import declarations, journal, records
from registry.storage.database import Hot

log = logging.getLogger(__name__)
_TRIES = 8


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one submission. `repeated` says that exactly these bytes had been accepted before."""

    submission_id: UUID
    outcome: Outcome
    findings: tuple[Finding, ...]
    receipt: Receipt | None
    received_at: datetime
    judged_at: datetime
    repeated: bool = False
    declared: declared.Receipt | None = None  # of an accepted declaration


async def submit(world: World, caller: Caller, raw: bytes, media_type: str, now: datetime) -> Answer:
    """Judge and store one signed transcript.

    Accepted (with a receipt), held or refused; the journal row is committed before this returns, whatever the outcome.
    Raises Refusal: service-busy, service-database, access-token (the caller was closed meanwhile).
    """
    submission_id = ids.uuid7(now, secrets.token_bytes(10))
    received = _Received(submission_id, caller.caller_id, raw, media_type, now)
    return await _judged_and_stored(world, received, now, held_before=False)


async def withdraw(world: World, caller: Caller, raw: bytes, media_type: str, now: datetime) -> Answer:
    """Judge and store one signed statement of withdrawal, as `submit` does with a transcript.

    A record that nobody has and another school's are one answer, also by the clock.
    """
    began, submission_id = pace.started(), ids.uuid7(now, secrets.token_bytes(10))
    received = _Received(submission_id, caller.caller_id, raw, media_type, now, "withdrawal")
    answer = await _judged_and_stored(world, received, now, held_before=False)
    if any(finding.code is codes.WITHDRAWAL_UNKNOWN for finding in answer.findings):
        await pace.even_out(began, world.even_seconds)
    return answer


async def declare(world: World, caller: Caller, raw: bytes, media_type: str, now: datetime) -> Answer:
    """Judge and store one signed declaration, as `submit` does with a transcript."""
    submission_id = ids.uuid7(now, secrets.token_bytes(10))
    received = _Received(submission_id, caller.caller_id, raw, media_type, now, "declaration")
    return await _judged_and_stored(world, received, now, held_before=False)


@dataclass(frozen=True, slots=True)
class Tried:
    """What would have become of a submission."""

    outcome: Outcome
    findings: tuple[Finding, ...]
    signed: bool
    rules_version: str
    policy_version: str


async def try_out(world: World, caller: Caller, raw: bytes, media_type: str, now: datetime) -> Tried:
    """Do all that `submit` does up to writing; also takes a bare transcript (JSON, or a record in XML). Nothing is stored.

    Whether a person would have to decide is told of signed documents alone: else anybody could try out whose numbers and codes
    other schools have.
    """
    known = await world.known()
    media_type = judging.bare(raw, media_type)
    received = _Received(UUID(int=0), caller.caller_id, raw, media_type, now)
    for _ in range(_TRIES):
        speaker = known.caller(caller.caller_id)
        verdict, _sealed = await _judge(world, known, speaker, received, now)
        attempt = _attempt(world, known, received, now, verdict)
        async with world.db.hot() as tx:
            writing = recording.Writing(world, speaker.schools, Given(attempt, verdict, b"", held_before=False))
            seen = await (await writing.supplied(tx)).look(tx)
        if seen is not None:
            findings, signed = seen[1], media_type not in judging.BARE
            if not signed:
                findings = tuple(finding for finding in findings if finding.code is not codes.RECORD_DECISION)
            return Tried(outcome_of(findings), findings, signed, verdict.rules_version, verdict.policy_version)
        known = await world.register.newer_than(world.db, verdict.generation)
    raise Refusal(codes.SERVICE_BUSY, retry_after=1)


async def rejudge(world: World, submission_id: UUID, now: datetime) -> Answer | None:
    """Judge a held document again on the newest knowledge; None when its wait has ended meanwhile."""
    async with world.db.snapshot() as tx:
        held = await journal.held_document(tx, submission_id)
    if held is None:
        return None
    raw = world.sealer.open_document(held.sealed, held.fingerprint)
    received = _Received(submission_id, held.caller_id, raw, held.media_type, held.received_at, held.kind)
    return await _judged_and_stored(world, received, now, held_before=True)


async def waiting(world: World, limit: int) -> list[UUID]:
    """Held submissions that have not been judged under the present generation of the register."""
    known = await world.known()
    async with world.db.snapshot() as tx:
        return await journal.waiting_since(tx, known.generation, limit)


async def state(world: World, caller: Caller, submission_id: UUID) -> journal.State:
    """What became of a caller's own submission (an operator sees its schools'); raises Refusal(submission-unknown)."""
    async with world.db.snapshot() as tx:
        return await kept.state_of(tx, submission_id, caller)


async def receipt_of(world: World, state: journal.State) -> statements.AnyReceipt | None:
    """The receipt for a submission's bytes, whatever they were; None when they are not accepted."""
    if state.kind != "declaration" or state.outcome != Outcome.ACCEPTED or state.fingerprint is None:
        return state.receipt
    async with world.db.snapshot() as tx:
        return await declarations.receipt(tx, state.fingerprint)


async def journal_refusal(
    world: World, caller: Caller, code: Code, now: datetime, *, media_type: str | None, size: int | None
) -> UUID:
    """Leave a journal row for an attempt that was turned away before its bytes were judged; returns its submission id."""
    submission_id = ids.uuid7(now, secrets.token_bytes(10))
    attempt = records.Attempt(
        submission_id, now, caller.caller_id, None, media_type, size, *(None,) * 7, now, Outcome.REFUSED.value,
        [statements.finding_row(Finding(code))], {},
    )  # fmt: skip
    async with world.db.hot_transaction() as tx:
        await records.journal(tx, attempt)
    return submission_id


@dataclass(frozen=True, slots=True)
class _Received:
    """What came in: whose, when, which bytes, and what sort of document they are."""

    submission_id: UUID
    caller_id: str
    raw: bytes
    media_type: str
    received_at: datetime
    kind: str = "transcript"


async def _judged_and_stored(world: World, received: _Received, now: datetime, *, held_before: bool) -> Answer:
    known = await world.known()
    for _ in range(_TRIES):
        caller = known.caller(received.caller_id)
        verdict, sealed = await _judge(world, known, caller, received, now)
        attempt = _attempt(world, known, received, now, verdict)
        async with world.db.hot() as tx:
            try:
                answer = await _written(tx, world, caller, attempt, verdict, sealed, held_before)
            except records.LOST_RACE:
                continue  # somebody else wrote first; the next look finds their rows
        if answer is not None:
            return answer
        known = await world.register.newer_than(world.db, verdict.generation)
    log.error("submission given up after %d lost races", _TRIES)
    raise Refusal(codes.SERVICE_BUSY, retry_after=1)


async def _judge(
    world: World, known: Known, caller: Caller, received: _Received, now: datetime
) -> tuple[Verdict, bytes]:
    """The verdict, and the sealed bytes unless it refuses: both take time that the event loop must not lose."""
    moment = judging.Moment(now, received.received_at, world.skew)
    judge = judging.JUDGES[received.kind]
    if received.media_type in judging.BARE:
        judge = judging.judge_unsigned

    def work() -> tuple[Verdict, bytes]:
        verdict = judge(received.raw, received.media_type, known.index, moment, schools=caller.schools)
        refused = verdict.outcome is Outcome.REFUSED
        return verdict, b"" if refused else world.sealer.seal_document(received.raw, verdict.fingerprint)

    return await world.judges.run(work)


async def _written(
    tx: Hot, world: World, caller: Caller, attempt: records.Attempt, verdict: Verdict, sealed: bytes, held_before: bool
) -> Answer | None:
    """One write; None when the register has moved and the verdict is stale."""
    given = Given(attempt, verdict, sealed, held_before)
    written: Written | None
    if attempt.kind == "transcript":
        written = await (await recording.Writing(world, caller.schools, given).supplied(tx)).write(tx)
    elif attempt.kind == "withdrawal":
        written = await statements.Writing(given, caller.schools, withdrawal.Deed()).write(tx)
    else:
        written = await statements.Writing(given, caller.schools, declaration.Deed()).write(tx)
    if written is None:
        return None
    receipt = written.receipt
    return Answer(
        attempt.submission_id, written.outcome, written.findings, receipt if isinstance(receipt, Receipt) else None,
        attempt.received_at, attempt.judged_at, written.repeated,
        receipt if isinstance(receipt, declared.Receipt) else None,
    )  # fmt: skip


def _attempt(world: World, known: Known, received: _Received, now: datetime, verdict: Verdict) -> records.Attempt:
    claims = verdict.claims
    return records.Attempt(
        submission_id=received.submission_id,
        received_at=received.received_at,
        caller_id=received.caller_id,
        fingerprint=verdict.fingerprint,
        media_type=received.media_type,
        size=len(received.raw),
        school_year=str(claims.school_year) if claims.school_year else None,
        school_code=claims.school_code,
        level=claims.level.value if claims.level else None,
        grade=claims.grade,
        pupil_code=claims.pupil_code,
        number_index=world.sealer.number_index(claims.number) if claims.number else None,
        transcript_code=claims.transcript_code,
        judged_at=now,
        outcome=verdict.outcome.value,
        findings=[statements.finding_row(f) for f in verdict.findings],
        evidence=evidence_rows.row(verdict, known.index.trust, received.received_at, world.skew),
        kind=received.kind,
    )
