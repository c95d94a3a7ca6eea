"""Four eyes: which changes need the city's approval, and the city's decisions (by policy; always once a year is frozen).

A correction (any version but the first) or a withdrawal is held until somebody at the city who did not submit it decides on
exactly its bytes. The decision is never changed; what was rejected has to be made and signed anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from registry.core import codes, ids, reasons
from registry.core.callers import Caller
from registry.core.findings import Finding, Refusal
from registry.services.world import World
from registry.storage import approvals, generation
from registry.storage.approvals import Frozen
from registry.storage.approvals import Pending as Pending  # what `pending` gives
from registry.storage.database import Hot

#: Stands in the decision for the operator at the machine itself, who has no caller; no caller can have this name.
AT_THE_MACHINE = "(operator)"


class Kind(StrEnum):
    """Sorts of change."""

    CORRECTION = "correction"
    WITHDRAWAL = "withdrawal"


@dataclass(frozen=True, slots=True)
class Policy:
    """What needs approval now: changes in these years, and of these kinds in every year."""

    frozen: tuple[Frozen, ...]
    required: frozenset[str]


async def trouble(tx: Hot, kind: Kind, school_year: str, fingerprint: bytes, now: datetime) -> Finding | None:
    """version-approval (HOLD) when a decision is needed and not there, version-not-approved when it was a rejection."""
    need = await approvals.need(tx, kind.value, school_year, fingerprint, now)
    if need.approved is False:
        return Finding(codes.VERSION_NOT_APPROVED, "/phienbanthongtinhocba")
    if need.needed and not need.approved:
        return Finding(codes.VERSION_APPROVAL, "/phienbanthongtinhocba")
    return None


async def pending(world: World, caller: Caller | None = None) -> list[Pending]:
    """What waits for a decision in the caller's schools, the oldest first; None: the operator at the machine, who sees all."""
    async with world.db.snapshot() as tx:
        return _within(await approvals.pending(tx, codes.VERSION_APPROVAL.slug), caller)


async def decide(
    world: World, caller: Caller | None, submission_id: UUID, approved: bool, reason: str, now: datetime
) -> None:
    """Approve or reject a change that waits; it is judged again by the caller of this, or by the background work.

    `caller` is None for the operator at the machine itself. Raises Refusal: approval-unknown, approval-four-eyes,
    approval-decided, request-parameter (reason).
    """
    reasons.check(reason)
    async with world.db.transaction() as tx:
        waiting = _within(await approvals.pending(tx, codes.VERSION_APPROVAL.slug), caller)
        found = {each.submission_id: each for each in waiting}
        change = found.get(submission_id)
        if change is None:
            raise Refusal(codes.APPROVAL_UNKNOWN)
        by = caller.caller_id if caller is not None else AT_THE_MACHINE
        if by in await approvals.submitters(tx, change.fingerprint):
            raise Refusal(codes.APPROVAL_FOUR_EYES)
        if not await approvals.decide(tx, change.fingerprint, approved, reason.strip(), by, now):
            raise Refusal(codes.APPROVAL_DECIDED)


async def freeze(world: World, caller: Caller | None, school_year: ids.SchoolYear, reason: str, now: datetime) -> None:
    """Freeze a school year: from now on its corrections and withdrawals need approval. Raises Refusal: year-frozen."""
    reasons.check(reason)
    by = caller.caller_id if caller is not None else None
    async with world.db.transaction() as tx:
        if not await approvals.freeze(tx, Frozen(str(school_year), now, by, reason.strip())):
            raise Refusal(codes.YEAR_FROZEN)
        await generation.move(tx)  # what was judged before and is not yet written is looked at again


async def require(world: World, kind: Kind, required: bool, now: datetime) -> None:
    """Let every change of a kind need approval from now on, or only those in frozen years."""
    async with world.db.transaction() as tx:
        if (kind.value in await approvals.required_kinds(tx)) != required:
            await approvals.require(tx, kind.value, required, now)
            await generation.move(tx)


async def policy(world: World) -> Policy:
    """What needs approval now."""
    async with world.db.snapshot() as tx:
        return Policy(tuple(await approvals.frozen_years(tx)), await approvals.required_kinds(tx))


def _within(found: list[Pending], caller: Caller | None) -> list[Pending]:
    return found if caller is None else [each for each in found if each.school_code in caller.schools]
