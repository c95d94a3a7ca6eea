"""Claims: yes/no questions about a pupil's results, answered from what the record in force says. Pure.

Nothing but yes, no or cannot say ever comes out. What could be tried again and again to find a mark (a threshold) has a topic, by
which the tries are counted (`registry.services.claims`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from registry.core.ids import Level, SchoolYear
from registry.core.subjects import Subject
from registry.core.transcript import Transcript
from registry.core.verification import Stored


class ClaimKind(StrEnum):
    """What may be claimed."""

    GRADE_FINISHED = "grade_finished"
    PROMOTED = "promoted"
    RESULT_AT_LEAST = "result_at_least"
    AVERAGE_AT_LEAST = "average_at_least"
    LEVEL_COMPLETED = "level_completed"


class Said(StrEnum):
    """Every answer there is to a claim."""

    YES = "yes"
    NO = "no"
    CANNOT_SAY = "cannot_say"


#: Results of a year, the least first: TT 27/2020 art. 9.2, TT 22/2021 art. 9.2.
RESULTS: tuple[tuple[str, ...], ...] = (("CHT", "HT", "HTT", "HTXS"), ("CĐ", "Đ", "K", "T"))
#: The levels whose completion a transcript says: its last grade. After upper secondary there is an examination, held elsewhere.
COMPLETED_BY = {Level.PRIMARY: 5, Level.LOWER_SECONDARY: 9}
#: How far back records are looked for where a claim names no year.
YEARS_BACK = 15


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim; which members are given, its kind says (`NEEDS`)."""

    kind: ClaimKind
    school_year: SchoolYear | None = None
    grade: int | None = None
    level: Level | None = None
    subject: Subject | None = None
    threshold: str | None = None

    @property
    def topic(self) -> str | None:
        """What a threshold is about: one topic, one threshold. None for a claim without one."""
        if self.kind is ClaimKind.AVERAGE_AT_LEAST:
            return f"average {self.subject} {self.school_year}"
        return f"result {self.school_year}" if self.kind is ClaimKind.RESULT_AT_LEAST else None

    def __str__(self) -> str:
        """As it is written down: the kind and what was given, in the order of the members."""
        given = (self.school_year, self.grade, self.level, self.subject, self.threshold)
        return " ".join([self.kind.value, *(str(each) for each in given if each is not None)])


#: kind -> the members that it needs, and no others.
NEEDS: dict[ClaimKind, frozenset[str]] = {
    ClaimKind.GRADE_FINISHED: frozenset({"grade"}),
    ClaimKind.PROMOTED: frozenset({"school_year"}),
    ClaimKind.RESULT_AT_LEAST: frozenset({"school_year", "threshold"}),
    ClaimKind.AVERAGE_AT_LEAST: frozenset({"school_year", "subject", "threshold"}),
    ClaimKind.LEVEL_COMPLETED: frozenset({"level"}),
}


def years_of(claim: Claim, this_year: int) -> tuple[str, ...]:
    """The school years in which a record may decide the claim."""
    if claim.school_year is not None:
        return (str(claim.school_year),)
    return recent_years(this_year)


def recent_years(this_year: int) -> tuple[str, ...]:
    """The school years of a pupil who may still be asked about, also the one that begins this year."""
    return tuple(str(SchoolYear(year)) for year in range(this_year - YEARS_BACK, this_year + 1))


def deciding(claim: Claim, records: Iterable[Stored]) -> Stored | None:
    """The record that decides: in force, of the year or grade, the newest; None when there is none."""
    grade = claim.grade if claim.level is None else COMPLETED_BY.get(claim.level)
    fit = [
        record
        for record in records
        if record.standing.in_force == record.version and (grade is None or record.grade == grade)
    ]
    return max(fit, key=lambda record: (record.school_year, record.accepted_at, record.submission_id), default=None)


def judge(claim: Claim, transcript: Transcript) -> Said:
    """What the transcript says to the claim; what it leaves open until summer, or does not contain, it can't say."""
    match claim.kind:
        case ClaimKind.RESULT_AT_LEAST:
            return _result(claim.threshold, transcript)
        case ClaimKind.AVERAGE_AT_LEAST:
            return _average(claim.subject, claim.threshold, transcript)
        case _ if transcript.awaits_summer:
            return Said.CANNOT_SAY
        case ClaimKind.PROMOTED:
            return _said(transcript.promoted)
        case ClaimKind.GRADE_FINISHED:
            primary = transcript.primary
            return _said(primary.grade_completed if primary is not None else transcript.promoted)
        case ClaimKind.LEVEL_COMPLETED:
            primary = transcript.primary
            return _said(primary.level_completed if primary is not None else transcript.promoted)
    raise AssertionError("every kind is above")


def _said(value: bool) -> Said:
    return Said.YES if value else Said.NO


def _result(threshold: str | None, transcript: Transcript) -> Said:
    """TT 22/2021 art. 14: after the summer the new result counts."""
    if transcript.primary is not None:
        value = transcript.primary.overall
    elif transcript.secondary is not None:
        value = transcript.secondary.learning_retaken or transcript.secondary.learning.year
    else:
        value = None
    scale = next((each for each in RESULTS if threshold in each), ())
    if threshold is None or value not in scale:
        return Said.CANNOT_SAY
    return _said(scale.index(value) >= scale.index(threshold))


def _average(subject: Subject | None, threshold: str | None, transcript: Transcript) -> Said:
    """The average of the year as first assessed: a re-test in summer counts for the promotion alone."""
    marks = transcript.secondary.marks if transcript.secondary is not None else ()
    mark = next((row.year for row in marks if row.subject == subject), None)
    if not isinstance(mark, Decimal) or threshold is None:
        return Said.CANNOT_SAY
    return _said(mark >= Decimal(threshold))
