"""Who a pupil is: birth date and sex as signed documents said them, and what a person decides where a machine must not.

Pure. Names play no part: twins have the same family name, birth date and often the same sex, and are told apart by number and code.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from registry.core import ids
from registry.core.ids import BirthDate, SchoolYear, Sex

_NUMBER_IN_TEXT = re.compile(r"(?<![0-9])[0-9]{9}(?:[0-9]{3})?(?![0-9])")
LONGEST_REASON = 200


class CaseKind(StrEnum):
    """Why a held document waits for a person."""

    NUMBER_TWO_PUPILS = "number-two-pupils"  # the number is known for a pupil with another pupil code
    CODE_TWO_NUMBERS = "code-two-numbers"  # the pupil code is known with another number
    OTHER_SCHOOL = "other-school"  # this record of the year came from another school
    TRANSCRIPT_CODE = "transcript-code"  # the transcript code stands on a record of another school


class Decision(StrEnum):
    """What a person says about a held document."""

    SAME_PUPIL = "same-pupil"
    OTHER_PUPIL = "other-pupil"  # ends in a refusal: number, pupil code or transcript code are another pupil's
    TRANSFER = "transfer"  # the pupil has moved: both schools' records of the year count
    NUMBER_MOVES = "number-moves"  # it was given to the known pupil by mistake and is the document's: done at once, nothing is kept of it


class Identity(StrEnum):
    """Every answer to a vendor who asks whether a number, a birth date and a sex belong together."""

    KNOWN = "known"
    UNKNOWN = "unknown"
    DIFFERS = "differs"


#: What can be decided about each kind of case.
POSSIBLE: dict[CaseKind, tuple[Decision, ...]] = {
    CaseKind.NUMBER_TWO_PUPILS: (Decision.SAME_PUPIL, Decision.OTHER_PUPIL, Decision.NUMBER_MOVES),
    CaseKind.CODE_TWO_NUMBERS: (Decision.SAME_PUPIL, Decision.OTHER_PUPIL),
    CaseKind.OTHER_SCHOOL: (Decision.TRANSFER, Decision.OTHER_PUPIL),
    CaseKind.TRANSCRIPT_CODE: (Decision.OTHER_PUPIL,),
}


@dataclass(frozen=True, slots=True)
class Case:
    """A doubt that only a person can end: its kind, and the pupil whom the document runs into.

    The sender hears the same words of every kind: which doubt it is would tell what another school holds.
    """

    kind: CaseKind
    against: UUID
    differs: tuple[str, ...] = ()  # of birth_date, sex: what the known pupil has otherwise
    two_known: bool = False  # number and code are both known, for different pupils: those would have to be merged


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision about exactly these bytes. `placed_as`: under which id a transferred pupil's second record stands."""

    kind: CaseKind
    against: UUID
    decision: Decision
    placed_as: UUID | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """Birth date and sex as a signed document said them, and which document that was; None where it said nothing."""

    birth: BirthDate | None = field(default=None, repr=False)
    sex: Sex | None = None
    school_year: SchoolYear | None = None
    version: int = 0

    @classmethod
    def of_number(cls, number: str) -> Person:
        """What a personal number says by itself: sex and year of birth (NĐ 137/2015/NĐ-CP art. 13)."""
        century, parity = divmod(int(number[3]), 2)
        return cls(BirthDate(1900 + 100 * century + int(number[4:6])), Sex.FEMALE if parity else Sex.MALE)

    @classmethod
    def parse(cls, text: str) -> Person:
        """The inverse of `str()`; raises ValueError."""
        birth, sex, year, version = text.split("|")
        return cls(BirthDate.parse(birth), Sex(sex) if sex else None, SchoolYear.parse(year), int(version))

    def __str__(self) -> str:
        return "|".join((str(self.birth or ""), self.sex or "", str(self.school_year or ""), str(self.version)))

    def told_later_than(self, other: Person) -> bool:
        """Whether this comes from a later school year, or the same year's later version."""
        return (str(self.school_year or ""), self.version) > (str(other.school_year or ""), other.version)

    def fits(self, number: str) -> bool:
        """Whether a personal number can be this person's."""
        return not ids.number_findings(number, sex=self.sex, birth=self.birth, pointer="")


def differences(known: Person, told: Person) -> tuple[str, ...]:
    """Which of birth_date and sex contradict each other; what either side does not say contradicts nothing."""
    found = []
    if known.birth is not None and told.birth is not None and not known.birth.agrees_with(told.birth):
        found.append("birth_date")
    if known.sex is not None and told.sex is not None and known.sex is not told.sex:
        found.append("sex")
    return tuple(found)


def reason_fits(text: str) -> bool:
    """True for 1 to 200 printable characters without anything that looks like a person's number: it is kept as text."""
    fits = 0 < len(text) <= LONGEST_REASON and text == text.strip() and text.isprintable()
    return fits and not repeats_number(text)


def repeats_number(text: str) -> bool:
    """Whether a text holds 9 or 12 digits in a row, as identity cards and personal numbers have."""
    return _NUMBER_IN_TEXT.search(text) is not None
