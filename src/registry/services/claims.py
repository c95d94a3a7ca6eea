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
from registry.services import asking
from registry.services.asking import Asker, Why
from registry.services.limits import Limits
from registry.services.world import World
from registry.storage import questions
from registry.storage.questions import Wanted, Way

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

    def permit(self, purpose: Purpose) -> None:
        """Raises Refusal(verification-claim) for a kind or a threshold that the purpose does not allow."""
        _permit_claim(self.claim, purpose)

    def wanted(self, asker: Asker) -> Wanted:
        """The records that may decide."""
        key = asker.world.sealer.number_index(self.key) if self.way == "number" else self.key
        return Wanted(
            Way(f"records_by_{self.way}"), key, asker.counting, years=claims.years_of(self.claim, asker.now.year)
        )

    def decide(self, asker: Asker, found: questions.Found, *, vouching: bool) -> asking.Decided[bool]:
        """Choose the record that decides; what is decided here is whether the caller may ask at all."""
        visible = [each for each in found.sighting.versions if _may_see(asker, each)]
        version = claims.deciding(self.claim, visible) if vouching else None
        threshold = _threshold(asker, self.claim, version, found) if version is not None else None
        year = str(self.claim.school_year) if self.claim.school_year is not None else None
        pupil_id = version.pupil_id if version is not None else found.sighting.pupil_id
        row = asker.look(
            "claim",
            year or (version.school_year if version else None),
            pupil_id,
            _TOLD if visible else _NOT_KNOWN,
            str(self.claim),
        )
        return asking.Decided(bool(visible), version, row, bool(visible), threshold)

    async def answered(self, asker: Asker, told: asking.Told[bool]) -> Answered:
        """Yes, no or cannot say."""
        said, behind = Said.CANNOT_SAY, told.written.behind
        if behind is not None:
            marks = self.claim.kind is ClaimKind.AVERAGE_AT_LEAST
            said = claims.judge(self.claim, await behind.of_the_year(asker.world, marks=marks))
        return Answered(asker.question_id, asker.now, said, told.decided.found, told.written.pause_begins)


async def ask(world: World, caller: Caller, asked: Asked, now: datetime, counted: Limits) -> Answered:
    """Say yes, no or cannot say to a claim about a pupil of the caller's schools; cannot say about any other.

    The question is committed before this returns. Raises Refusal: access-purpose, verification-claim, request-parameter,
    verification-nonce, -threshold, -day, -pupil, -enumeration, service-busy, service-database.
    """
    return await asking.ask(world, caller, asked, now, counted)


def _may_see(asker: Asker, version: Stored) -> bool:
    grades = asker.purpose.grades
    return version.school_code in asker.caller.schools and (not grades or version.grade in grades)


def _threshold(asker: Asker, claim: Claim, version: Stored, found: questions.Found) -> questions.Threshold | None:
    """One threshold for a result, whatever the purpose, the way of naming the pupil, and what was merged or corrected."""
    if claim.topic is None or claim.threshold is None:
        return None
    counts_from, caller = asker.now - timedelta(days=asker.counted.threshold_days), asker.caller
    return questions.Threshold(
        (version.pupil_id, *found.one_pupil),
        caller.counted_as,
        caller.office,
        claim.topic,
        claim.threshold,
        counts_from,
    )


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
