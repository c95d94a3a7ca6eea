"""What becomes of a judged statement (a withdrawal, a declaration): journaled, then done, held or refused.

What a statement does, and what speaks against it, its deed says; everything else is the same for all of them, and how what is
held, refused or repeated is journaled is the same for transcripts (`registry.services.recording`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeVar

from registry.core import declaration
from registry.core.findings import Finding, Outcome, outcome_of
from registry.core.pupils import Case
from registry.core.record import Receipt
from registry.core.verdict import Verdict
from registry.storage import cases, records
from registry.storage.database import Hot

AnyReceipt = Receipt | declaration.Receipt


class Found(Protocol):
    """What every deed has to know of a statement's bytes."""

    @property
    def generation(self) -> int:
        """Of the register, when it was looked up."""

    @property
    def receipt(self) -> AnyReceipt | None:
        """For exactly these bytes."""

    @property
    def waits(self) -> bool:
        """Whether exactly these bytes are held."""


_Found = TypeVar("_Found", bound=Found)


@dataclass(frozen=True, slots=True)
class Written:
    """What was written; `repeated` says that exactly these bytes had been accepted before."""

    outcome: Outcome
    findings: tuple[Finding, ...]
    receipt: AnyReceipt | None = None
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Given:
    """What is to be written; `held_before`: it is in the journal already and waits."""

    attempt: records.Attempt
    verdict: Verdict
    sealed: bytes
    held_before: bool


class Deed(Protocol[_Found]):
    """What one sort of statement does."""

    async def look_up(self, tx: Hot, given: Given) -> _Found:
        """What is known about its bytes and about what it speaks of."""

    async def troubles(self, tx: Hot, given: Given, found: _Found) -> Sequence[Finding]:
        """What speaks against it; asked when nothing in the verdict does."""

    async def accept(self, tx: Hot, given: Given, found: _Found) -> AnyReceipt:
        """Write it with its attempt, all or nothing; raises one of records.LOST_RACE."""

    def waits_for(self, given: Given, troubles: Sequence[Finding]) -> int | None:
        """The version that it waits for, if that is why it is held."""


@dataclass(frozen=True, slots=True)
class Writing(Generic[_Found]):
    """One write of a statement for a caller who speaks for `schools`."""

    given: Given
    schools: frozenset[str]
    deed: Deed[_Found]

    async def write(self, tx: Hot) -> Written | None:
        """Journal it, and do or hold it; None when the register has moved. Raises one of records.LOST_RACE."""
        given, verdict = self.given, self.given.verdict
        found = await self.deed.look_up(tx, given)
        if found.generation != verdict.generation:
            return None
        if found.receipt is not None and found.receipt.school_code in self.schools:
            return await repeated(tx, given, found.receipt)
        sound = verdict.outcome is Outcome.ACCEPTED
        troubles = tuple(await self.deed.troubles(tx, given, found)) if sound else ()
        findings = (*verdict.findings, *troubles)
        outcome = outcome_of(findings)
        given = with_outcome(given, outcome, findings)
        if outcome is Outcome.ACCEPTED:
            return Written(outcome, findings, await self.deed.accept(tx, given, found))
        await keep(tx, given, outcome, waits_for=self.deed.waits_for(given, troubles))
        return Written(outcome, findings)


def finding_row(finding: Finding) -> dict[str, object]:
    """A finding as the journal has it."""
    return {"code": finding.code.slug, "pointer": finding.pointer, "detail": finding.detail}


def with_outcome(given: Given, outcome: Outcome, findings: Sequence[Finding]) -> Given:
    """The same with what became of it in its attempt."""
    rows = [finding_row(finding) for finding in findings]
    return replace(given, attempt=replace(given.attempt, outcome=outcome.value, findings=rows))


async def repeated(tx: Hot, given: Given, receipt: AnyReceipt) -> Written:
    """The same bytes again: the same receipt, and a journal row that says so; never a second record."""
    attempt = with_outcome(given, Outcome.ACCEPTED, ()).attempt
    if given.held_before:  # it came while another submission of the same bytes was being accepted
        await records.end_wait(tx, attempt)
    else:
        await records.journal(tx, attempt)
    return Written(Outcome.ACCEPTED, (), receipt, repeated=True)


async def keep(
    tx: Hot, given: Given, outcome: Outcome, *, case: Case | None = None, waits_for: int | None = None
) -> None:
    """Journal what is held or refused. `case`: what a person has to decide; `waits_for`: the version a withdrawal waits for."""
    attempt, verdict = given.attempt, given.verdict
    if not given.held_before and outcome is Outcome.HELD and attempt.school_year is not None:
        await records.hold(tx, attempt, given.sealed, verdict.generation, case, waits_for)
    elif not given.held_before:
        await records.journal(tx, attempt)
    elif outcome is Outcome.HELD:
        await cases.keep_waiting(tx, verdict.fingerprint, verdict.generation, attempt.judged_at, case, waits_for)
    else:
        await records.end_wait(tx, attempt)
