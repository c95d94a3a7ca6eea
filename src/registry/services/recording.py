"""What becomes of a judged transcript: on record, held or refused; journaled in any case, by one statement with all that follows.

Nothing is written on a verdict that rests on a register which has moved meanwhile.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace

from registry.core import codes, ids, numbers
from registry.core.findings import Finding, Outcome, outcome_of
from registry.core.pupils import Case
from registry.core.record import Found, Place, Receipt, place
from registry.formats import documents
from registry.services import approvals, number_supply, persons, statements
from registry.services.statements import Given, Written
from registry.services.world import World
from registry.storage import records
from registry.storage.database import Hot


@dataclass(frozen=True, slots=True)
class Writing:
    """One write of a transcript for a caller who speaks for `schools`."""

    world: World
    schools: frozenset[str]
    given: Given
    supply: number_supply.Supplied | None = None  # the number of a pupil whose document has none

    async def supplied(self, tx: Hot) -> Writing:
        """The same, with the number that the pupil has got since where the document lacks one."""
        given = self.given
        supply = await number_supply.find(tx, self.world, given.verdict, given.attempt.received_at)
        if supply is None:
            return self
        attempt = replace(given.attempt, number_index=supply.index)
        verdict = replace(given.verdict, findings=numbers.supplied(given.verdict.findings))
        return replace(self, given=replace(given, attempt=attempt, verdict=verdict), supply=supply)

    async def write(self, tx: Hot) -> Written | None:
        """Journal it, and accept or hold it; None when the register has moved. Raises one of records.LOST_RACE."""
        seen = await self.look(tx)
        if seen is None:
            return None
        found, findings, spot = seen
        if found.receipt is not None and found.receipt.school_code in self.schools:
            return await statements.repeated(tx, self.given, found.receipt)
        outcome = outcome_of(findings)
        given = statements.with_outcome(self.given, outcome, findings)
        if outcome is Outcome.ACCEPTED and isinstance(spot, Place):
            return Written(outcome, findings, await self._accepted(tx, given.attempt, spot, found))
        await statements.keep(tx, given, outcome, case=spot if isinstance(spot, Case) else None)
        return Written(outcome, findings)

    async def look(self, tx: Hot) -> tuple[Found, tuple[Finding, ...], Place | Case | None] | None:
        """What is on record, all findings, and where the record belongs; None when the register has moved. Writes nothing."""
        found = await records.look_up(tx, self._keys())
        if found.generation != self.given.verdict.generation:
            return None
        if found.receipt is not None and found.receipt.school_code in self.schools:
            return found, (), None
        findings, spot = self._placed(found)
        trouble = await self._unapproved(tx) if isinstance(spot, Place) else None
        if trouble is not None:
            findings, spot = (*findings, trouble), None
        return found, findings, spot

    def _keys(self) -> records.Keys:
        attempt, verdict, entry_document = self.given.attempt, self.given.verdict, self._entry_document()
        return records.Keys(
            fingerprint=verdict.fingerprint,
            number_index=attempt.number_index,
            pupil_code=attempt.pupil_code,
            school_year=attempt.school_year,
            level=attempt.level,
            transcript_code=attempt.transcript_code,
            version=verdict.transcript.version if verdict.transcript else None,
            school_code=attempt.school_code,
            document_index=None if entry_document is None else entry_document.index,
        )

    def _entry_document(self) -> records.EntryDocument | None:
        """Of a foreign pupil without a number: nationality and document number together stand in its place."""
        claims = self.given.verdict.claims
        if claims.number is not None or claims.entry_document is None or claims.nationality is None:
            return None
        text, sealer = f"{claims.nationality}:{claims.entry_document}", self.world.sealer
        return records.EntryDocument(sealer.number_index(text), sealer.seal_number(text))

    def _placed(self, found: Found) -> tuple[tuple[Finding, ...], Place | Case | None]:
        """The verdict's findings with what speaks against the record, and where it belongs or what is to be decided first."""
        transcript = self.given.verdict.transcript
        if transcript is None or self.given.verdict.outcome is not Outcome.ACCEPTED:
            return self.given.verdict.findings, None
        spot = place(
            found,
            pupil_code=transcript.pupil_code,
            transcript_code=transcript.code,
            school_code=transcript.school_code,
            fresh_pupil=ids.uuid7(self.given.attempt.judged_at, secrets.token_bytes(10)),
            fresh_record=ids.uuid7(self.given.attempt.judged_at, secrets.token_bytes(10)),
        )
        if isinstance(spot, Place):
            return self.given.verdict.findings, spot
        if isinstance(spot, Case):
            doubt = Finding(codes.RECORD_DECISION)
            differs = persons.differing(self.world.sealer, found.person, transcript, self.given.attempt.number_index)
            return (*self.given.verdict.findings, doubt), replace(spot, differs=differs)
        return (*self.given.verdict.findings, documents.with_wire_pointer(spot, transcript)), None

    async def _unapproved(self, tx: Hot) -> Finding | None:
        """Any version but the first corrects something; whether the city must approve that is asked for these alone."""
        transcript = self.given.verdict.transcript
        if transcript is None or transcript.version == 1:
            return None
        year, now = str(transcript.school_year), self.given.attempt.judged_at
        return await approvals.trouble(tx, approvals.Kind.CORRECTION, year, self.given.verdict.fingerprint, now)

    async def _accepted(self, tx: Hot, attempt: records.Attempt, spot: Place, found: Found) -> Receipt:
        """Put on record; a number that the pupil has got since is relied upon in the same transaction."""
        if self.supply is None:
            return await self._accept(tx, attempt, spot, found)
        async with tx.transaction():
            await number_supply.rely_on(tx, self.given.verdict, attempt.received_at, self.supply)
            return await self._accept(tx, attempt, spot, found)

    async def _accept(self, tx: Hot, attempt: records.Attempt, spot: Place, found: Found) -> Receipt:
        given, sealer = self.given, self.world.sealer
        transcript = given.verdict.transcript
        assert transcript is not None, "accepted only with a readable transcript"
        index, person = attempt.number_index, None
        if index is not None:
            person = persons.sealed_if_newer(sealer, found.person, transcript, index)
        number_sealed = self.supply.sealed if self.supply else None
        if transcript.number is not None:
            number_sealed = sealer.seal_number(transcript.number)
        await records.accept(
            tx,
            attempt,
            spot,
            version=transcript.version,
            reason=transcript.version_reason.value if transcript.version_reason else None,
            awaits_summer=transcript.awaits_summer,
            sealed=given.sealed,
            number_sealed=number_sealed,
            generation=given.verdict.generation,
            journaled=given.held_before,
            ends_wait=found.waits,
            person_sealed=person,
            entry_document=self._entry_document(),
        )
        return Receipt(
            attempt.submission_id, spot.record_id, transcript.code, transcript.version, str(transcript.school_year),
            transcript.school_code, transcript.level.value, given.verdict.fingerprint, attempt.judged_at,
        )  # fmt: skip
