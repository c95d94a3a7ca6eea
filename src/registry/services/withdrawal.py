"""What a judged statement of withdrawal does: it withdraws a version, waits for one, waits for the city, or is refused."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from registry.core import codes, withdrawal
from registry.core.findings import Finding, Outcome, outcome_of
from registry.core.record import Receipt
from registry.core.verdict import Verdict
from registry.services import approvals
from registry.storage import cases, records, withdrawals
from registry.storage.database import Hot


@dataclass(frozen=True, slots=True)
class Written:
    """What was written; `repeated` says that exactly these bytes had been accepted before."""

    outcome: Outcome
    findings: tuple[Finding, ...]
    receipt: Receipt | None = None
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Writing:
    """Everything one write needs; `held_before`: the statement is in the journal already and waits."""

    attempt: records.Attempt
    verdict: Verdict
    sealed: bytes
    schools: frozenset[str]
    held_before: bool

    async def write(self, tx: Hot) -> Written | None:
        """Journal it, and withdraw or hold; None when the register has moved. Raises one of records.LOST_RACE.

        Codes: those of the verdict, withdrawal-unknown, -record, -version, version-approval, version-not-approved.
        """
        claims = self.verdict.claims
        found = await withdrawals.look_up(tx, self.verdict.fingerprint, claims.transcript_code, claims.version)
        if found.generation != self.verdict.generation:
            return None
        if found.receipt is not None and found.receipt.school_code in self.schools:
            return await self._repeated(tx, found.receipt)
        trouble = await self._trouble(tx, found)
        findings = self.verdict.findings if trouble is None else (*self.verdict.findings, trouble)
        outcome = outcome_of(findings)
        attempt = replace(
            self.attempt,
            outcome=outcome.value,
            findings=[{"code": f.code.slug, "pointer": f.pointer, "detail": f.detail} for f in findings],
        )
        if outcome is Outcome.ACCEPTED:
            return Written(outcome, findings, await self._accept(tx, attempt, found))
        waits_for = claims.version if trouble is not None and trouble.code is codes.WITHDRAWAL_UNKNOWN else None
        await self._keep(tx, attempt, outcome, waits_for)
        return Written(outcome, findings)

    async def _trouble(self, tx: Hot, found: withdrawal.Found) -> Finding | None:
        said = self.verdict.withdrawal
        if said is None or self.verdict.outcome is not Outcome.ACCEPTED:
            return None
        trouble = withdrawal.trouble(found, said)
        if trouble is not None:
            return trouble
        return await approvals.trouble(
            tx, approvals.Kind.WITHDRAWAL, str(said.school_year), self.verdict.fingerprint, self._now
        )

    async def _accept(self, tx: Hot, attempt: records.Attempt, found: withdrawal.Found) -> Receipt:
        said, record = self.verdict.withdrawal, found.record
        assert said is not None, "accepted only when it was read"
        assert record is not None, "accepted only when its record was found"
        await withdrawals.accept(
            tx,
            attempt,
            record.pupil_id,
            version=said.version,
            reason=said.reason,
            sealed=self.sealed,
            generation=self.verdict.generation,
            journaled=self.held_before,
            ends_wait=found.waits,
        )
        return Receipt(
            attempt.submission_id,
            record.record_id,
            said.transcript_code,
            said.version,
            record.school_year,
            record.school_code,
            record.level,
            self.verdict.fingerprint,
            self._now,
        )

    async def _keep(self, tx: Hot, attempt: records.Attempt, outcome: Outcome, waits_for: int | None) -> None:
        generation = self.verdict.generation
        if not self.held_before and outcome is Outcome.HELD and attempt.school_year is not None:
            await records.hold(tx, attempt, self.sealed, generation, withdraws=waits_for)
        elif not self.held_before:
            await records.journal(tx, attempt)
        elif outcome is Outcome.HELD:
            await cases.keep_waiting(tx, self.verdict.fingerprint, generation, self._now, None, waits_for)
        else:
            await records.end_wait(tx, attempt)

    async def _repeated(self, tx: Hot, receipt: Receipt) -> Written:
        """The same bytes again: the same receipt, and a journal row that says so."""
        if not self.held_before:
            await records.journal(tx, replace(self.attempt, outcome=Outcome.ACCEPTED.value, findings=[]))
        return Written(Outcome.ACCEPTED, (), receipt, repeated=True)

    @property
    def _now(self) -> datetime:
        return self.attempt.judged_at
