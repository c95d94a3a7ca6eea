"""What a judged statement of withdrawal does: it withdraws a version, waits for one, waits for the city, or is refused."""

from __future__ import annotations

from collections.abc import Sequence

from registry.core import codes, withdrawal
from registry.core.findings import Finding
from registry.core.record import Receipt
from registry.services import approvals
from registry.services.statements import Given
from registry.storage import withdrawals
from registry.storage.database import Hot


class Deed:
    """Codes: withdrawal-unknown, -record, -version, version-approval, version-not-approved."""

    async def look_up(self, tx: Hot, given: Given) -> withdrawal.Found:
        """What is known about the bytes and about the record."""
        claims = given.verdict.claims
        return await withdrawals.look_up(tx, given.verdict.fingerprint, claims.transcript_code, claims.version)

    async def troubles(self, tx: Hot, given: Given, found: withdrawal.Found) -> Sequence[Finding]:
        """The record does not fit, or the city has to approve."""
        said = given.verdict.withdrawal
        if said is None:
            return ()
        trouble = withdrawal.trouble(found, said) or await approvals.trouble(
            tx, approvals.Kind.WITHDRAWAL, str(said.school_year), given.verdict.fingerprint, given.attempt.judged_at
        )
        return () if trouble is None else (trouble,)

    def waits_for(self, given: Given, troubles: Sequence[Finding]) -> int | None:
        """A version that has not come yet."""
        unknown = any(trouble.code is codes.WITHDRAWAL_UNKNOWN for trouble in troubles)
        return given.verdict.claims.version if unknown else None

    async def accept(self, tx: Hot, given: Given, found: withdrawal.Found) -> Receipt:
        """Withdraw the version and all before it."""
        said, record, attempt = given.verdict.withdrawal, found.record, given.attempt
        assert said is not None, "accepted only when it was read"
        assert record is not None, "accepted only when its record was found"
        await withdrawals.accept(
            tx,
            attempt,
            record.pupil_id,
            version=said.version,
            reason=said.reason,
            sealed=given.sealed,
            generation=given.verdict.generation,
            journaled=given.held_before,
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
            given.verdict.fingerprint,
            attempt.judged_at,
        )
