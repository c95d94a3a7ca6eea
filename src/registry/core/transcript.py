"""The transcript (học bạ) as frozen values: what a signed document says, in the registry's own words.

No wire names, no reading, no checks. Marks keep what the document says; levels keep the letters of the circular, known or
not, because judging them is the business of the rule sets.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple

from registry.core.ids import BirthDate, Level, SchoolYear, Sex
from registry.core.subjects import Subject


class State(StrEnum):
    """What a version of a transcript claims about itself."""

    IN_FORCE = "in_force"
    WITHDRAWN = "withdrawn"


class VersionReason(StrEnum):
    """Why there is a version after the first."""

    CORRECTION = "correction"
    SUMMER = "summer"  # re-assessment or training in summer (TT 22/2021 art. 13, 14; TT 27/2020 art. 11)
    CIVIL_STATUS = "civil_status"
    OTHER = "other"


class Letter(StrEnum):
    """A mark that is not a number, with the letters of the circulars."""

    __hash__ = str.__hash__  # as in `Subject`

    PASSED = "Đ"  # Đạt
    FAILED = "CĐ"  # Chưa đạt
    EXEMPT = "M"  # miễn


#: Half-days of absence in a year after which nobody is promoted, whatever the summer brings (TT 22/2021 art. 12.1.c).
MOST_ABSENCES = 45

_EXEMPT = Letter.EXEMPT

#: A number on the scale as written, a letter, or nothing.
Mark = Decimal | Letter | None


def is_mark(mark: Mark) -> bool:
    """True of a number, Đ and CĐ; False where the pupil is exempt, and of nothing."""
    return mark is not None and mark is not _EXEMPT


@dataclass(frozen=True, slots=True)
class Stay:
    """One year of the pupil's learning history."""

    school_year: SchoolYear
    class_name: str
    school_name: str
    province_name: str
    arrived_on: date | None = None


class PrimaryMark(NamedTuple):
    """One subject of a primary year: level letter (T, H, C, M for exempt) and the mark of the end-of-year test."""

    subject: Subject
    subject_name: str
    level: str | None
    test_mark: Mark = None


@dataclass(frozen=True, slots=True)
class PrimaryResults:
    """A year's results in grades 1 to 5. Qualities and competencies map their English name to a letter (T, Đ, C)."""

    marks: tuple[PrimaryMark, ...]
    qualities: Mapping[str, str | None]
    competencies: Mapping[str, str | None]
    overall: str | None  # HTXS, HTT, HT, CHT
    grade_completed: bool
    level_completed: bool

    def but(self, **changes: Any) -> PrimaryResults:
        """The same results with other values in the named fields."""
        return replace(self, **changes)


class SecondaryMark(NamedTuple):
    """One subject of a secondary year: both terms, the year, and the mark of the re-test in summer. (A named tuple, as a transcript
    has a dozen and a frozen dataclass takes three times as long to make.)"""

    subject: Subject
    subject_name: str
    term1: Mark
    term2: Mark
    year: Mark
    retake: Mark = None
    teacher_name: str = ""
    teacher_number: str | None = None

    def __repr__(self) -> str:
        """Without the teacher."""
        shown = ", ".join(f"{name}={value!r}" for name, value in zip(self._fields[:6], self, strict=False))
        return f"SecondaryMark({shown})"


@dataclass(frozen=True, slots=True)
class Terms:
    """A result (T, K, Đ, CĐ) of both terms and of the year."""

    term1: str | None
    term2: str | None
    year: str | None


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate listed in a secondary transcript."""

    name: str | None
    kind: str | None


@dataclass(frozen=True, slots=True)
class SecondaryResults:
    """A year's results in grades 6 to 12, as first assessed and, where there was one, after the summer."""

    marks: tuple[SecondaryMark, ...]
    learning: Terms
    conduct: Terms
    learning_retaken: str | None = None
    conduct_retaken: str | None = None
    absences: Decimal | None = None  # half-days in the year
    certificates: tuple[Certificate, ...] = ()

    @property
    def awaits_summer(self) -> bool:
        """Training or re-assessment is due and its result is not there (TT 22/2021 art. 13, 14).

        Who was absent too often stays in the grade all the same (art. 12.1.c): nothing is waited for.
        """
        if (self.absences or 0) > MOST_ABSENCES:
            return False
        if self.conduct.year == "CĐ":
            return self.conduct_retaken is None
        return self.learning.year == "CĐ" and self.learning_retaken is None

    def but(self, **changes: Any) -> SecondaryResults:
        """The same results with other values in the named fields."""
        return replace(self, **changes)


@dataclass(frozen=True, slots=True)
class Transcript:
    """One version of one pupil's transcript of one school year; names and personal numbers stay out of `repr`.

    Exactly one of `primary` and `secondary` is given, as the level says. `number` is None when the pupil has none yet.
    """

    code: str
    version: int
    state: State
    extract: bool  # trích lục: taken over from a paper transcript
    circular: str
    school_year: SchoolYear
    school_code: str
    school_name: str
    department_code: str
    level: Level
    grade: int
    class_name: str
    pupil_code: str
    pupil_name: str = field(repr=False)
    number: str | None = field(repr=False)
    sex: Sex | None
    birth: BirthDate | None = field(repr=False)
    people: str
    nationality: str
    disabled_not_assessed: bool
    made_on: date
    issued_on: date
    principal_name: str = field(repr=False)
    principal_title: str
    principal_number: str = field(repr=False)
    teacher_name: str = field(repr=False)
    teacher_number: str | None = field(repr=False)
    promoted: bool
    history: tuple[Stay, ...] = field(default=(), repr=False)
    primary: PrimaryResults | None = None
    secondary: SecondaryResults | None = None
    version_reason: VersionReason | None = None
    version_note: str | None = field(default=None, repr=False)
    completion_note: str | None = field(default=None, repr=False)
    awards: str | None = field(default=None, repr=False)
    entry_document: str | None = field(default=None, repr=False)  # of a pupil of foreign nationality

    @property
    def awaits_summer(self) -> bool:
        """True when the pupil is to be assessed again or to train in summer, and this version does not say how it ended.

        Secondary: TT 22/2021 art. 13 (conduct), art. 14 (learning, only with conduct of the year at Đ or better).
        Primary: TT 27/2020 art. 11, a pupil who has not completed the grade and is not promoted is helped and assessed again.
        """
        if self.extract or self.disabled_not_assessed or self.promoted or self.version_reason is VersionReason.SUMMER:
            return False
        if self.primary is not None:
            return self.primary.overall == "CHT" and not self.primary.grade_completed
        return self.secondary is not None and self.secondary.awaits_summer

    def but(self, **changes: Any) -> Transcript:
        """The same transcript with other values in the named fields."""
        return replace(self, **changes)


@dataclass(frozen=True, slots=True)
class Claims:
    """What a document says about whose transcript it is, each part only where it could be read well-formed.

    A refused attempt is attributed to a school and a pupil through these; nothing here is proven.
    """

    transcript_code: str | None = None
    version: int | None = None
    school_year: SchoolYear | None = None
    school_code: str | None = None
    level: Level | None = None
    grade: int | None = None
    pupil_code: str | None = None
    number: str | None = field(default=None, repr=False)
    nationality: str | None = None
    entry_document: str | None = field(default=None, repr=False)
    extract: bool = False
