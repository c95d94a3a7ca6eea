"""A signed transcript comes in: judge it, write journal and record in one statement, say what became of it.

Judging happens before and names the generation of the register it rests on; what writes compares it, so that nothing is
ever accepted under a trust list that has meanwhile changed.
"""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from registry.core import codes, ids, numbers
from registry.core import declaration as declared
from registry.core.callers import Caller
from registry.core.findings import Code, Finding, Outcome, Refusal, outcome_of
from registry.core.pupils import Case
from registry.core.record import Found, Place, Receipt, place
from registry.core.verdict import Verdict
from registry.formats import documents
from registry.services import (
    approvals,
    declaration,
    evidence_rows,
    judging,
    kept,
    number_supply,
    pace,
    persons,
    statements,
    withdrawal,
)
from registry.services.world import Known, World
from registry.storage import cases, declarations, journal, records
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
            writing = _Writing(world, speaker, attempt, verdict, b"", held_before=False)
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
        [_finding_row(Finding(code))], {},
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
    if attempt.kind == "transcript":
        writing = _Writing(world, caller, attempt, verdict, sealed, held_before)
        return await (await writing.supplied(tx)).write(tx)
    given = statements.Given(attempt, verdict, sealed, held_before)
    written: statements.Written | None
    if attempt.kind == "withdrawal":
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


@dataclass(frozen=True, slots=True)
class _Writing:
    """Everything one write needs; `write` answers None when the register has moved and the verdict is stale."""

    world: World
    caller: Caller
    attempt: records.Attempt
    verdict: Verdict
    sealed: bytes
    held_before: bool
    supply: number_supply.Supplied | None = None  # the number of a pupil whose document has none

    async def supplied(self, tx: Hot) -> _Writing:
        """The same, with the number that came back for the pupil where the document lacks one."""
        supply = await number_supply.find(tx, self.world, self.verdict)
        if supply is None:
            return self
        attempt = replace(self.attempt, number_index=supply.index)
        verdict = replace(self.verdict, findings=numbers.supplied(self.verdict.findings))
        return replace(self, attempt=attempt, verdict=verdict, supply=supply)

    async def write(self, tx: Hot) -> Answer | None:
        seen = await self.look(tx)
        if seen is None:
            return None
        found, findings, spot = seen
        if found.receipt is not None and found.receipt.school_code in self.caller.schools:
            return await self._repeated(tx, found.receipt)
        case = spot if isinstance(spot, Case) else None
        outcome = outcome_of(findings)
        attempt = replace(self.attempt, outcome=outcome.value, findings=[_finding_row(f) for f in findings])
        if outcome is Outcome.ACCEPTED and isinstance(spot, Place):
            if self.supply is None:
                return await self._accept(tx, attempt, findings, spot, found)
            async with tx.transaction():
                await number_supply.rely_on(tx, self.verdict, self.supply)
                return await self._accept(tx, attempt, findings, spot, found)
        if self.held_before:
            return await self._still_or_refused(tx, attempt, findings, outcome, case)
        if outcome is Outcome.HELD and attempt.school_year is not None:
            await records.hold(tx, attempt, self.sealed, self.verdict.generation, case)
        else:
            await records.journal(tx, attempt)
        return self._answer(outcome, findings)

    async def look(self, tx: Hot) -> tuple[Found, tuple[Finding, ...], Place | Case | None] | None:
        """What is on record, all findings, and where the record belongs; None when the register has moved. Writes nothing."""
        found = await records.look_up(tx, self._keys())
        if found.generation != self.verdict.generation:
            return None
        if found.receipt is not None and found.receipt.school_code in self.caller.schools:
            return found, (), None
        findings, spot = self._placed(found)
        trouble = await self._unapproved(tx) if isinstance(spot, Place) else None
        if trouble is not None:
            findings, spot = (*findings, trouble), None
        return found, findings, spot

    def _keys(self) -> records.Keys:
        claims, entry_document = self.verdict.claims, self._entry_document()
        return records.Keys(
            fingerprint=self.verdict.fingerprint,
            number_index=self.attempt.number_index,
            pupil_code=claims.pupil_code,
            school_year=self.attempt.school_year,
            level=self.attempt.level,
            transcript_code=claims.transcript_code,
            version=self.verdict.transcript.version if self.verdict.transcript else None,
            school_code=self.attempt.school_code,
            document_index=None if entry_document is None else entry_document.index,
        )

    def _entry_document(self) -> records.EntryDocument | None:
        """Of a foreign pupil without a number: nationality and document number together stand in its place."""
        claims = self.verdict.claims
        if claims.number is not None or claims.entry_document is None or claims.nationality is None:
            return None
        text, sealer = f"{claims.nationality}:{claims.entry_document}", self.world.sealer
        return records.EntryDocument(sealer.number_index(text), sealer.seal_number(text))

    def _placed(self, found: Found) -> tuple[tuple[Finding, ...], Place | Case | None]:
        """The verdict's findings with what speaks against the record, and where it belongs or what is to be decided first."""
        transcript = self.verdict.transcript
        if transcript is None or self.verdict.outcome is not Outcome.ACCEPTED:
            return self.verdict.findings, None
        spot = place(
            found,
            pupil_code=transcript.pupil_code,
            transcript_code=transcript.code,
            school_code=transcript.school_code,
            fresh_pupil=ids.uuid7(self.attempt.judged_at, secrets.token_bytes(10)),
            fresh_record=ids.uuid7(self.attempt.judged_at, secrets.token_bytes(10)),
        )
        if isinstance(spot, Place):
            return self.verdict.findings, spot
        if isinstance(spot, Case):
            doubt = Finding(codes.RECORD_DECISION)
            differs = persons.differing(self.world.sealer, found.person, transcript, self.attempt.number_index)
            return (*self.verdict.findings, doubt), replace(spot, differs=differs)
        return (*self.verdict.findings, documents.with_wire_pointer(spot, transcript)), None

    async def _unapproved(self, tx: Hot) -> Finding | None:
        """Any version but the first corrects something; whether the city must approve that is asked for these alone."""
        transcript = self.verdict.transcript
        if transcript is None or transcript.version == 1:
            return None
        year, now = str(transcript.school_year), self.attempt.judged_at
        return await approvals.trouble(tx, approvals.Kind.CORRECTION, year, self.verdict.fingerprint, now)

    async def _accept(
        self, tx: Hot, attempt: records.Attempt, findings: tuple[Finding, ...], spot: Place, found: Found
    ) -> Answer:
        transcript = self.verdict.transcript
        assert transcript is not None, "accepted only with a readable transcript"
        index, person = attempt.number_index, None
        if index is not None:
            person = persons.sealed_if_newer(self.world.sealer, found.person, transcript, index)
        number_sealed = self.supply.sealed if self.supply else None
        if transcript.number is not None:
            number_sealed = self.world.sealer.seal_number(transcript.number)
        await records.accept(
            tx,
            attempt,
            spot,
            version=transcript.version,
            reason=transcript.version_reason.value if transcript.version_reason else None,
            awaits_summer=transcript.awaits_summer,
            sealed=self.sealed,
            number_sealed=number_sealed,
            generation=self.verdict.generation,
            journaled=self.held_before,
            ends_wait=found.waits,
            person_sealed=person,
            entry_document=self._entry_document(),
        )
        receipt = Receipt(
            attempt.submission_id,
            spot.record_id,
            transcript.code,
            transcript.version,
            str(transcript.school_year),
            transcript.school_code,
            transcript.level.value,
            self.verdict.fingerprint,
            attempt.judged_at,
        )
        return self._answer(Outcome.ACCEPTED, findings, receipt)

    async def _repeated(self, tx: Hot, receipt: Receipt) -> Answer:
        """The same bytes again: the same receipt, and a journal row that says so; never a second record."""
        attempt = replace(self.attempt, outcome=Outcome.ACCEPTED.value, findings=[])
        if self.held_before:  # it came while another submission of the same bytes was being accepted
            await records.end_wait(tx, attempt)
        else:
            await records.journal(tx, attempt)
        return replace(self._answer(Outcome.ACCEPTED, (), receipt), repeated=True)

    async def _still_or_refused(
        self, tx: Hot, attempt: records.Attempt, findings: tuple[Finding, ...], outcome: Outcome, case: Case | None
    ) -> Answer:
        if outcome is Outcome.HELD:
            await cases.keep_waiting(tx, self.verdict.fingerprint, self.verdict.generation, attempt.judged_at, case)
        else:
            await records.end_wait(tx, attempt)
        return self._answer(outcome, findings)

    def _answer(self, outcome: Outcome, findings: tuple[Finding, ...], receipt: Receipt | None = None) -> Answer:
        attempt = self.attempt
        return Answer(attempt.submission_id, outcome, findings, receipt, attempt.received_at, attempt.judged_at)


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
        findings=[_finding_row(f) for f in verdict.findings],
        evidence=evidence_rows.row(verdict, known.index.trust, received.received_at, world.skew),
        kind=received.kind,
    )


def _finding_row(finding: Finding) -> dict[str, object]:
    return {"code": finding.code.slug, "pointer": finding.pointer, "detail": finding.detail}
