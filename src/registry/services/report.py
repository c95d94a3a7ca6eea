"""Why a verdict is what it is, in the published structure: the same for the API, the command line and the evidence archive.

Only puts together what is handed in; reading it from the journal is in `registry.services.kept`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from registry.core import report
from registry.core.findings import Finding
from registry.core.verdict import RevocationUsed, Verdict

Json = dict[str, Any]


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
