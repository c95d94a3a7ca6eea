"""A stored submission with the verdict that stands for it, as it was kept then, and its report.

What the verdict rested on is never looked up anew: the register may have changed since.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from registry.core import codes, report
from registry.core.callers import Caller, Scope
from registry.core.findings import Finding, Outcome, Refusal
from registry.services import evidence_rows
from registry.services.world import World
from registry.storage import evidence as stored
from registry.storage import journal
from registry.storage.database import Reading

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Kept:
    """A submission with the verdict that stands for it. `source` is the submission whose verdict and bytes these are."""

    state: journal.State
    source: UUID
    verdict: stored.StoredVerdict
    evidence: evidence_rows.Evidence
    findings: tuple[Finding, ...]
    history: tuple[report.Judged, ...]

    @property
    def received_at(self) -> datetime:
        """The receipt the verdict counted with: the first one of these bytes."""
        return self.evidence.received_at or self.state.received_at


async def report_of(world: World, caller: Caller, submission_id: UUID) -> report.Report:
    """The report of a caller's own submission (an operator sees its schools'); raises Refusal(submission-unknown).

    Bytes that had been accepted before have the report of their acceptance, with its moments.
    """
    async with world.db.snapshot() as tx:
        kept = await load(tx, submission_id, caller)
    log.info("report read: submission %s, caller %s", submission_id, caller.caller_id)
    return as_report(kept)


async def load(tx: Reading, submission_id: UUID, caller: Caller | None) -> Kept:
    """What was kept with a submission's newest verdict; `caller` is None for the operator at the machine itself.

    Raises Refusal(submission-unknown), also for another vendor's.
    """
    state = await state_of(tx, submission_id, caller)
    own = await stored.verdicts(tx, submission_id)
    source, newest = submission_id, own[0]
    if state.receipt is not None and state.receipt.submission_id != submission_id:
        source = state.receipt.submission_id
        newest = (await stored.verdicts(tx, source))[0]
    findings = tuple(_finding(row) for row in newest.findings)
    history = tuple(
        report.Judged(v.judged_at, Outcome(v.outcome), tuple(dict.fromkeys(row["code"] for row in v.findings)))
        for v in own
    )
    found = evidence_rows.read(newest.evidence)
    if found.registrations is None:  # the first version did not keep the school either
        found = replace(found, school=await stored.claimed_school(tx, source))
    return Kept(state, source, newest, found, findings, history)


async def state_of(tx: Reading, submission_id: UUID, caller: Caller | None) -> journal.State:
    """A submission of the caller's own, or for an operator one that speaks of its schools or of none in the city.

    Raises Refusal(submission-unknown).
    """
    found = await journal.state(tx, submission_id)
    if found is None or not (caller is None or _is_visible(found, caller)):
        raise Refusal(codes.SUBMISSION_UNKNOWN)
    return found


def _is_visible(found: journal.State, caller: Caller) -> bool:
    within = found.school_code is None or found.school_code in caller.schools
    return found.caller_id == caller.caller_id or (within and Scope.OPERATE in caller.scopes)


def as_report(kept: Kept) -> report.Report:
    """The report from the journal."""
    signatures, document_level = report.split(kept.evidence.signatures, kept.findings)
    return report.Report(
        fingerprint=kept.state.fingerprint,
        outcome=Outcome(kept.state.outcome),
        received_at=kept.received_at,
        judged_at=kept.verdict.judged_at,
        signatures=signatures,
        findings=document_level,
        generation=kept.evidence.generation,
        policy_version=kept.evidence.policy_version,
        rules_version=kept.evidence.rules_version,
        submission_id=kept.state.submission_id,
        accepted_as=kept.source if kept.source != kept.state.submission_id else None,
        history=kept.history,
    )


def _finding(row: dict[str, Any]) -> Finding:
    code = codes.by_slug(row["code"])
    return Finding(code or codes.SERVICE_FAULT, row["pointer"], row["detail"])
