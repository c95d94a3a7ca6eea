"""Why a verdict is what it is: the report of a stored submission, from what was kept then, and of a verdict just made.

The same structure for the API, the command line and the evidence archive. What the verdict rests on is never looked up
anew: the register may have changed since.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from registry.core import codes, report
from registry.core.callers import Caller, Scope
from registry.core.findings import Finding, Outcome, Refusal
from registry.core.verdict import RevocationUsed, Verdict
from registry.services import evidence_rows
from registry.services.world import World
from registry.storage import evidence as stored
from registry.storage import journal
from registry.storage.database import Reading

log = logging.getLogger(__name__)
Json = dict[str, Any]


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


async def of_submission(world: World, caller: Caller, submission_id: UUID) -> report.Report:
    """The report of a caller's own submission (an operator may see all); raises Refusal(submission-unknown).

    Bytes that had been accepted before have the report of their acceptance, with its moments.
    """
    async with world.db.snapshot() as tx:
        kept = await load(tx, submission_id, caller)
    log.info("report read: submission %s, caller %s", submission_id, caller.caller_id)
    return of_kept(kept)


async def load(tx: Reading, submission_id: UUID, caller: Caller | None) -> Kept:
    """What was kept with a submission's newest verdict; `caller` is None for the operator at the machine itself.

    Raises Refusal(submission-unknown), also for another vendor's.
    """
    state = await journal.state(tx, submission_id)
    if state is None or not (caller is None or caller.caller_id == state.caller_id or Scope.OPERATE in caller.scopes):
        raise Refusal(codes.SUBMISSION_UNKNOWN)
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
    return Kept(state, source, newest, evidence_rows.read(newest.evidence), findings, history)


def of_kept(kept: Kept) -> report.Report:
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


def of_verdict(verdict: Verdict, received_at: datetime, judged_at: datetime) -> report.Report:
    """The report of a verdict that is not in the journal."""
    signatures, document_level = report.split(verdict.signatures, verdict.findings)
    return report.Report(
        fingerprint=verdict.fingerprint,
        outcome=verdict.outcome,
        received_at=received_at,
        judged_at=judged_at,
        signatures=signatures,
        findings=document_level,
        generation=verdict.generation,
        policy_version=verdict.policy_version,
        rules_version=verdict.rules_version,
    )


def as_json(found: report.Report) -> Json:
    """The published structure: texts, numbers, lists and null only."""
    return {
        "submission_id": str(found.submission_id) if found.submission_id else None,
        "accepted_as": str(found.accepted_as) if found.accepted_as else None,
        "sha256": found.fingerprint.hex() if found.fingerprint else None,
        "outcome": found.outcome.value,
        "received_at": found.received_at.isoformat(),
        "judged_at": found.judged_at.isoformat(),
        "signatures": [_signature(each, found.received_at) for each in found.signatures],
        "findings": [finding_json(f) for f in found.findings],
        "policy": found.policy_version,
        "rules": found.rules_version,
        "generation": found.generation,
        "history": [
            {"judged_at": h.judged_at.isoformat(), "outcome": h.outcome.value, "codes": list(h.codes)}
            for h in found.history
        ],
    }


def finding_json(finding: Finding) -> Json:
    """One finding with its title and fix-it sentence in both languages."""
    code = finding.code
    return {
        "code": code.slug,
        "pointer": finding.pointer,
        "effect": code.effect.value,
        "detail": finding.detail,
        "vi": {"title": code.title_vi, "fix": code.fix_vi},
        "en": {"title": code.title_en, "fix": code.fix_en},
    }


def _signature(each: report.SignatureReport, received_at: datetime) -> Json:
    facts, sub = each.facts, each.assessment.sub_indication
    names: Sequence[str] = (*facts.path_names, *("" for _ in facts.path[len(facts.path_names) :]))
    name_of = {fingerprint.hex(): name for fingerprint, name in zip(facts.path, names, strict=False)}
    return {
        "index": each.index,
        "indication": each.assessment.indication.value,
        "sub_indication": sub.value if sub else None,
        "signer": facts.signer,
        "certificate": facts.certificate.hex() if facts.certificate else None,
        "role": facts.role.value if facts.role else None,
        "claimed_roles": list(facts.claimed_roles),
        "hierarchy": facts.hierarchy.value if facts.hierarchy else None,
        "algorithm": facts.algorithm.value if facts.algorithm else None,
        "claimed_at": facts.signed_at.isoformat() if facts.signed_at else None,
        "proven_at": (facts.proven_at or received_at).isoformat(),
        "proof": facts.proof.value,
        "path": [{"name": name, "sha256": sha256} for sha256, name in name_of.items()],
        "revocation": [_revocation(used, name_of) for used in facts.revocation],
        "time_stamps": [stamp.hex() for stamp in facts.stamps],
        "findings": [finding_json(f) for f in each.findings],
    }


def _revocation(used: RevocationUsed, name_of: dict[str, str]) -> Json:
    return {
        "kind": used.kind.value,
        "issuer": used.issuer,
        "issuer_name": name_of.get(used.issuer, ""),
        "number": None if used.number is None else str(used.number),
        "this_update": used.this_update.isoformat(),
        "next_update": used.next_update.isoformat() if used.next_update else None,
        "sha256": used.fingerprint.hex(),
    }


def _finding(row: Json) -> Finding:
    code = codes.by_slug(row["code"])
    return Finding(code or codes.SERVICE_FAULT, row["pointer"], row["detail"])
