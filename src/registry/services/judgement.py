"""A dry run: what would become of a transcript if it were submitted now. The same code, nothing stored but a count."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from registry.core.callers import Caller
from registry.core.findings import Finding, Outcome
from registry.services import submission
from registry.services.world import World
from registry.storage import judgements


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a submission would be answered; of an unsigned transcript the signatures were not judged."""

    outcome: Outcome
    findings: tuple[Finding, ...]
    signed: bool
    rules_version: str
    policy_version: str


async def judge(world: World, caller: Caller, raw: bytes, media_type: str, now: datetime) -> Judgement:
    """Judge a signed document, or the bare transcript before anybody signs it: `judging.UNSIGNED`, or a record in XML alone.

    Codes: those of a submission; for an unsigned one without those of envelope and signatures. Raises Refusal: service-busy,
    service-database.
    """
    tried = await submission.try_out(world, caller, raw, media_type, now)
    signed = tried.signed
    async with world.db.hot() as tx:
        await judgements.count(tx, now.date(), caller.caller_id, tried.outcome.value, signed)
    return Judgement(tried.outcome, tried.findings, signed, tried.rules_version, tried.policy_version)
