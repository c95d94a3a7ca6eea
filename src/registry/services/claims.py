"""An office claims something about a pupil's results; the registry says yes, no or cannot say, and nothing else.

The result comes from the stored signed bytes of the record in force. What is written down is the claim, not what was said to it:
that would be a copy of a result. A pupil who is not the caller's and one whom nobody knows are one answer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from registry.core import claims, codes
from registry.core.callers import Caller
from registry.core.claims import Claim, ClaimKind, Said
from registry.core.findings import Finding, Refusal
from registry.core.purposes import Purpose
from registry.core.verification import Stored
from registry.services import asking, limits
from registry.services.asking import Asker, Why
from registry.services.limits import Limits
from registry.services.world import World
from registry.storage import question_limits, questions
from registry.storage.database import Hot

#: What stands in the record of questions: whether the pupil was one that the caller may ask about.
_TOLD, _NOT_KNOWN = "told", "not_known"


@dataclass(frozen=True, slots=True)
class Answered:
    """What was said, after it was written down that it was asked."""

    question_id: UUID
    asked_at: datetime
    said: Said
    found: bool
    pause_begins: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """A claim, of whom, and why it is asked. `way` is transcript_code, number or pupil_code."""

    way: str
    key: str = field(repr=False)
    claim: Claim
    why: Why

    @property
    def numbers(self) -> tuple[str, ...]:
        """The personal number asked by."""
        return (self.key,) if self.way == "number" else ()

    @property
    def plain(self) -> bool:
        """A threshold is written down when it is decided."""
        return self.claim.threshold is None

    def permit(self, purpose: Purpose) -> None:
        """Raises Refusal(verification-claim) for a kind or a threshold that the purpose does not allow."""
        _permit_claim(self.claim, purpose)

    async def find(self, tx: Hot, asker: Asker) -> questions.Found:
        """The records that may decide."""
        years = claims.years_of(self.claim, asker.now.year)
        index = asker.world.sealer.number_index(self.key) if self.way == "number" else self.key
        return await questions.find_records(tx, self.way, index, years, asker.caller.counted_as)

    async def decide(self, tx: Hot, asker: Asker, found: questions.Found, *, vouching: bool) -> asking.Decided[bool]:
        """Choose the record that decides, and count its threshold; what is decided here is whether the caller may ask at all.

        Raises Refusal(verification-threshold).
        """
        visible = [each for each in found.sighting.versions if _may_see(asker, each)]
        version = claims.deciding(self.claim, visible) if vouching else None
        if version is not None:
            await _take_threshold(tx, asker, self.claim, version, found)
        year = str(self.claim.school_year) if self.claim.school_year is not None else None
        pupil_id = version.pupil_id if version is not None else found.sighting.pupil_id
        row = asker.look(
            "claim",
            year or (version.school_year if version else None),
            pupil_id,
            _TOLD if visible else _NOT_KNOWN,
            str(self.claim),
        )
        return asking.Decided(bool(visible), version, row, bool(visible))

    async def answered(self, asker: Asker, told: asking.Told[bool]) -> Answered:
        """Yes, no or cannot say."""
        said, written = Said.CANNOT_SAY, told.written
        if written.raw is not None and written.proof.media_type is not None:
            transcript = await asking.transcript(asker.world, written.raw, written.proof.media_type)
            said = claims.judge(self.claim, transcript)
        return Answered(asker.question_id, asker.now, said, told.decided.found, written.pause_begins)


async def ask(world: World, caller: Caller, asked: Asked, now: datetime, counted: Limits) -> Answered:
    """Say yes, no or cannot say to a claim about a pupil of the caller's schools; cannot say about any other.

    The question is committed before this returns. Raises Refusal: access-purpose, verification-claim, request-parameter,
    verification-nonce, -threshold, -day, -pupil, -enumeration, service-busy, service-database.
    """
    return await asking.ask(world, caller, asked, now, counted)


def _may_see(asker: Asker, version: Stored) -> bool:
    grades = asker.purpose.grades
    return version.school_code in asker.caller.schools and (not grades or version.grade in grades)


async def _take_threshold(tx: Hot, asker: Asker, claim: Claim, version: Stored, found: questions.Found) -> None:
    """One threshold for a result, whatever the purpose, the way of naming the pupil, and what was merged or corrected."""
    topic, threshold, days, now = claim.topic, claim.threshold, asker.counted.threshold_days, asker.now
    if topic is None or threshold is None:
        return
    since = await question_limits.take_threshold(
        tx,
        version.pupil_id,
        found.one_pupil,
        asker.caller.counted_as,
        asker.caller.office,
        topic,
        threshold,
        now,
        now - timedelta(days=days),
    )
    if since is not None:
        raise limits.threshold_refusal(since, days, now)


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
