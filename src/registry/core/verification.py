"""Is a record genuine? The ways to ask, the closed list of answers, and the decision between them. Pure.

What the caller may not see is not there: a foreign record and an unknown one come out of `decide` as the same value.
"""

from __future__ import annotations

from collections.abc import Collection, Container
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias
from uuid import UUID

from registry.core.ids import Level, SchoolYear
from registry.core.withdrawal import Standing


class Answer(StrEnum):
    """Every answer there is."""

    GENUINE_CURRENT = "genuine_current"
    GENUINE_SUPERSEDED = "genuine_superseded"
    GENUINE_WITHDRAWN = "genuine_withdrawn"
    HELD = "held"
    NOT_KNOWN = "not_known"


@dataclass(frozen=True, slots=True)
class ByCode:
    """The record with this transcript code, in this version; None asks for the current one."""

    transcript_code: str
    version: int | None = None


@dataclass(frozen=True, slots=True)
class ByDocument:
    """Exactly these bytes, named by their SHA-256: those of a document as received, or of an extract."""

    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class ByNumber:
    """The record of a pupil in a school year; without a level, that of the newest accepted version."""

    number: str = field(repr=False)
    school_year: SchoolYear
    level: Level | None = None


@dataclass(frozen=True, slots=True)
class ByPupil:
    """The record of the pupil with this code; without a school year, or without a level, the newest accepted version."""

    pupil_code: str
    school_year: SchoolYear | None = None
    level: Level | None = None


Question: TypeAlias = ByCode | ByDocument | ByNumber | ByPupil


@dataclass(frozen=True, slots=True)
class Stored:
    """One accepted version of a record; `extract`: the number of the extract by whose bytes it was found."""

    school_year: str
    pupil_id: UUID
    level: str
    grade: int
    school_code: str
    transcript_code: str
    version: int
    current_version: int
    submission_id: UUID
    fingerprint: bytes
    accepted_at: datetime
    withdrawn_version: int = 0
    awaits_summer: bool = False
    extract: str | None = None

    @property
    def standing(self) -> Standing:
        """What of the record counts now."""
        return Standing(self.current_version, self.withdrawn_version)

    @property
    def replaced_by(self) -> int | None:
        """The version that counts in the place of this one; None when this one does, or none does."""
        in_force = self.standing.in_force
        return None if in_force == self.version else in_force

    @property
    def answer(self) -> Answer:
        """What this version is: current, superseded or withdrawn."""
        if self.version <= self.withdrawn_version:
            return Answer.GENUINE_WITHDRAWN
        return Answer.GENUINE_CURRENT if self.version == self.current_version else Answer.GENUINE_SUPERSEDED


@dataclass(frozen=True, slots=True)
class Sighting:
    """What the database holds on a question: accepted versions, the schools that held documents claim, and the pupil."""

    versions: tuple[Stored, ...] = ()
    held_at: frozenset[str] = frozenset()
    pupil_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer, and the version it vouches for (for genuine ones only)."""

    answer: Answer
    version: Stored | None = None


def decide(sighting: Sighting, schools: Container[str], grades: Collection[int] = ()) -> Decision:
    """Answer a question of a caller who sees these schools, for a purpose that is about these grades (none: every grade).

    What a purpose is not about is as little there as what is foreign; of a held document the grade is not proven.

    Of several records (two levels in one year) the version accepted last counts. An accepted version is vouched for even
    while a newer one is held; what only waits is vouched for by nobody.
    """
    visible = [
        version
        for version in sighting.versions
        if version.school_code in schools and (not grades or version.grade in grades)
    ]
    if visible:
        newest = max(visible, key=lambda version: (version.accepted_at, version.submission_id))
        return Decision(newest.answer, newest)
    if not grades and any(school in schools for school in sighting.held_at):
        return Decision(Answer.HELD)
    return Decision(Answer.NOT_KNOWN)
