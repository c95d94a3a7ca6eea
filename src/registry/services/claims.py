"""An office claims something about a pupil's results; the registry says yes, no or cannot say, and nothing else.

The result comes from the stored signed bytes of the record in force. What is written down is the claim, not what was said to it:
that would be a copy of a result. A pupil who is not the caller's and one whom nobody knows are one answer.
"""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from registry.core import claims, codes, ids
from registry.core.audit import Look
from registry.core.callers import Caller
from registry.core.claims import Claim, ClaimKind, Said
from registry.core.findings import Finding, Refusal
from registry.core.purposes import Purpose
from registry.core.verification import Stored
from registry.services import asking, limits
from registry.services.asking import Why
from registry.services.limits import Limits
from registry.services.world import World
from registry.storage import question_limits, questions
from registry.storage.database import Hot

log = logging.getLogger(__name__)

#: What stands in the record of questions: whether the pupil was one that the caller may ask about.
_TOLD, _NOT_KNOWN = "told", "not_known"


@dataclass(frozen=True, slots=True)
class Asked:
    """A claim, of whom, and why it is asked. `way` is transcript_code, number or pupil_code."""

    way: str
    key: str = field(repr=False)
    claim: Claim
    why: Why


@dataclass(frozen=True, slots=True)
class Answered:
    """What was said, after it was written down that it was asked."""

    question_id: UUID
    asked_at: datetime
    said: Said
    found: bool
    pause_begins: bool = False


async def ask(world: World, caller: Caller, asked: Asked, now: datetime, counted: Limits) -> Answered:
    """Say yes, no or cannot say to a claim about a pupil of the caller's schools; cannot say about any other.

    The question is committed before this returns. Raises Refusal: access-purpose, verification-claim, request-parameter,
    verification-nonce, -threshold, -day, -pupil, -enumeration, service-busy, service-database.
    """
    began = asking.started()
    known = await world.known()
    purpose = asking.permit(known, caller, asked.why, (asked.key,) if asked.way == "number" else (), now)
    _permit_claim(asked.claim, purpose)
    await counted.count(world, caller.caller_id, now)
    here = _Asking(world, caller, asked, purpose, counted, ids.uuid7(now, secrets.token_bytes(10)), now)
    try:
        found, written = await here.in_one_transaction()
    except asking.BrokenStoredError as broken:
        log.error("stored document does not have its fingerprint: submission %s", broken.submission_id)
        found, written = await here.in_one_transaction(vouching=False)
    said = Said.CANNOT_SAY
    if written.raw is not None and written.proof.media_type is not None:
        said = claims.judge(asked.claim, await asking.transcript(world, written.raw, written.proof.media_type))
    elif not found:
        await asking.even_out(began, counted.even_seconds)
    return Answered(here.question_id, now, said, found, written.pause_begins)


@dataclass(frozen=True, slots=True)
class _Asking:
    """One claim on its way through the database."""

    world: World
    caller: Caller
    asked: Asked
    purpose: Purpose
    counted: Limits
    question_id: UUID
    now: datetime

    async def in_one_transaction(self, *, vouching: bool = True) -> tuple[bool, asking.Written]:
        """Find, choose the record that decides, count its threshold, write down; as `verification` does."""
        async with self.world.db.hot_transaction() as tx:
            found = await self._find(tx)
            limits.check_pause(found.misses, self.now)
            visible = [each for each in found.sighting.versions if self._may_see(each)]
            version = claims.deciding(self.asked.claim, visible) if vouching else None
            if version is not None:
                await self._take_threshold(tx, version, found)
            row = self._row(version, bool(visible), found)
            written, before = await asking.write(
                tx, self.world, self.counted, row, version, self.asked.why, found.misses, found=bool(visible)
            )
        limits.check_pause(before, self.now)
        return bool(visible), written

    async def _find(self, tx: Hot) -> questions.Found:
        way, key = self.asked.way, self.asked.key
        years = claims.years_of(self.asked.claim, self.now.year)
        index = self.world.sealer.number_index(key) if way == "number" else key
        return await questions.find_records(tx, way, index, years, self.caller.caller_id)

    def _may_see(self, version: Stored) -> bool:
        grades = self.purpose.grades
        return version.school_code in self.caller.schools and (not grades or version.grade in grades)

    async def _take_threshold(self, tx: Hot, version: Stored, found: questions.Found) -> None:
        """One threshold for a result, whatever the purpose, the way of naming the pupil, and what was merged or corrected."""
        topic, threshold, days = self.asked.claim.topic, self.asked.claim.threshold, self.counted.threshold_days
        if topic is None or threshold is None:
            return
        since = await question_limits.take_threshold(
            tx, version.pupil_id, found.one_pupil, self.caller.caller_id, topic, threshold,
            self.now, self.now - timedelta(days=days),
        )  # fmt: skip
        if since is not None:
            raise limits.threshold_refusal(since, days, self.now)

    def _row(self, version: Stored | None, visible: bool, found: questions.Found) -> Look:
        claim = self.asked.claim
        year = str(claim.school_year) if claim.school_year is not None else version.school_year if version else None
        pupil_id = version.pupil_id if version is not None else found.sighting.pupil_id
        return Look(
            self.question_id, self.now, self.caller.caller_id, self.asked.why.purpose, self.asked.why.reference,
            "claim", year, pupil_id, _TOLD if visible else _NOT_KNOWN, str(claim),
        )  # fmt: skip


def _permit_claim(claim: Claim, purpose: Purpose) -> None:
    """Raises Refusal(verification-claim) for a kind or a threshold that the purpose does not allow."""
    if claim.kind not in purpose.claims:
        detail = "of: " + ", ".join(sorted(purpose.claims)) if purpose.claims else "none for this purpose"
        raise Refusal(codes.VERIFICATION_CLAIM, [Finding(codes.VERIFICATION_CLAIM, "/body/claim", detail)])
    if claim.threshold is None:
        return
    allowed = purpose.averages if claim.kind is ClaimKind.AVERAGE_AT_LEAST else purpose.results
    if claim.threshold not in allowed:
        detail = "of: " + ", ".join(sorted(allowed))
        raise Refusal(codes.VERIFICATION_CLAIM, [Finding(codes.VERIFICATION_CLAIM, "/body/threshold", detail)])
