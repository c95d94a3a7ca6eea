"""Identifiers and their pure checks: personal number, birth date, school year, level, code shapes, fingerprint, row ids.

Nothing here repairs what was sent (no strip, no other digits than ASCII 0 to 9) and nothing here repeats it in a text.
Which wire codes stand for a level or a sex is the business of `registry.formats.code_lists`.
"""

from __future__ import annotations

import calendar
import hashlib
import re
import unicodedata
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from enum import StrEnum

from registry.core import codes, places
from registry.core.findings import Finding

_NUMBER = re.compile(r"[0-9]{12}")
_TWELVE_DIGITS = re.compile(r"(?<![0-9])[0-9]{12}(?![0-9])")
_SCHOOL_YEAR = re.compile(r"([0-9]{4})-([0-9]{4})")
_BIRTH = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")
_OPAQUE = re.compile(r"[A-Za-z0-9_-]{1,20}")
_TRANSCRIPT_CODE = re.compile(r"[A-Za-z0-9-]{1,36}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: Viet Nam has kept UTC+7 without summer time since 1975.
_LOCAL = timezone(timedelta(hours=7))
_FIRST_YEAR, _LAST_YEAR = 1900, 2399  # what the century digit of a personal number can express


class Sex(StrEnum):
    """Sex as registered."""

    MALE = "male"
    FEMALE = "female"


class Level(StrEnum):
    """Level of schooling a transcript belongs to."""

    PRIMARY = "primary"
    LOWER_SECONDARY = "lower_secondary"
    UPPER_SECONDARY = "upper_secondary"


#: Grades of each level (Luật Giáo dục 2019 art. 28).
GRADES: Mapping[Level, range] = {
    Level.PRIMARY: range(1, 6),
    Level.LOWER_SECONDARY: range(6, 10),
    Level.UPPER_SECONDARY: range(10, 13),
}


def grade_fits(level: Level, grade: int) -> bool:
    """True when the grade is one of the level's grades."""
    return grade in GRADES[level]


def level_of(grade: int) -> Level | None:
    """The level a grade belongs to; None outside 1 to 12."""
    return next((level for level, grades in GRADES.items() if grade in grades), None)


@dataclass(frozen=True, slots=True)
class BirthDate:
    """A birth date known to the day, the month or the year only."""

    year: int
    month: int | None = None
    day: int | None = None

    @classmethod
    def parse(cls, text: str) -> BirthDate | None:
        """Read "YYYY-MM-DD", "YYYY-MM" or "YYYY"; None when it is none of them, not a real date or before 1900."""
        match = _BIRTH.fullmatch(text)
        if match is None:
            return None
        year, month, day = (int(part) if part else None for part in match.groups())
        if year is None or not _FIRST_YEAR <= year <= _LAST_YEAR:
            return None
        if month is not None and not 1 <= month <= 12:
            return None
        if month is not None and day is not None and not 1 <= day <= calendar.monthrange(year, month)[1]:
            return None
        return cls(year, month, day)

    def agrees_with(self, other: BirthDate) -> bool:
        """True when neither contradicts the other in the parts that both know."""
        if self.year != other.year:
            return False
        pairs = ((self.month, other.month), (self.day, other.day))
        return all(one is None or two is None or one == two for one, two in pairs)

    def __str__(self) -> str:
        text = f"{self.year:04d}"
        if self.month is not None:
            text += f"-{self.month:02d}"
            if self.day is not None:
                text += f"-{self.day:02d}"
        return text


@dataclass(frozen=True, slots=True, order=True)
class SchoolYear:
    """A school year by the calendar year it starts in; `str()` gives "2023-2024". Ordered by time."""

    first: int

    @classmethod
    def parse(cls, text: str) -> SchoolYear | None:
        """Read "YYYY-YYYY" with two consecutive years from 1900 on; None for anything else."""
        match = _SCHOOL_YEAR.fullmatch(text)
        if match is None or int(match[1]) < _FIRST_YEAR or int(match[2]) != int(match[1]) + 1:
            return None
        return cls(int(match[1]))

    @classmethod
    def containing(cls, day: date) -> SchoolYear:
        """The school year a day lies in; a school year starts on 1 August (own choice: first term starts in early September)."""
        return cls(day.year if day.month >= 8 else day.year - 1)

    @property
    def ends(self) -> datetime:
        """The last day of lessons, 31 May at the latest by the ministry's frame of every school year, at its midnight."""
        return datetime(self.first + 1, 5, 31, tzinfo=_LOCAL)

    def __str__(self) -> str:
        return f"{self.first:04d}-{self.first + 1:04d}"


def number_fits(number: str) -> bool:
    """True for exactly 12 ASCII digits: the shape of a personal number, which says nothing about its meaning."""
    return _NUMBER.fullmatch(number) is not None


def number_findings(number: str, *, sex: Sex | None, birth: BirthDate | None, pointer: str) -> list[Finding]:
    """Check a personal number as sent against the declared sex and birth date, each None when not declared.

    The number is 3 digits place of registration, 1 century and sex, 2 year of birth, 6 random; there is no check digit
    (NĐ 137/2015/NĐ-CP art. 13, TT 07/2016/TT-BCA). Findings, all at `pointer`: number-shape (alone), else any of
    number-place, number-sex (digit against sex, and against the century when a birth date is known), number-year.
    """
    if not number_fits(number):
        return [Finding(codes.NUMBER_SHAPE, pointer, "12 digits 0 to 9, as text")]
    findings = []
    if number[:3] not in places.KNOWN:
        findings.append(
            Finding(codes.NUMBER_PLACE, pointer, "a province code, or 101 to 295 for births registered abroad")
        )
    century, parity = divmod(int(number[3]), 2)
    if sex is not None and (parity == 1) is not (sex is Sex.FEMALE):
        findings.append(Finding(codes.NUMBER_SEX, pointer, "4th digit: even for male, odd for female"))
    elif birth is not None and century != birth.year // 100 - 19:
        findings.append(
            Finding(
                codes.NUMBER_SEX, pointer, "4th digit: 0-1 for births 1900 to 1999, 2-3 for 2000 to 2099, and so on"
            )
        )
    if birth is not None and int(number[4:6]) != birth.year % 100:
        findings.append(Finding(codes.NUMBER_YEAR, pointer, "5th and 6th digit: the last two digits of the birth year"))
    return findings


def school_code_fits(code: str) -> bool:
    """True for the shape of a school code: opaque, 1 to 20 ASCII letters, digits, `-`, `_`."""
    return _OPAQUE.fullmatch(code) is not None


def pupil_code_fits(code: str) -> bool:
    """True for the shape of a pupil code (mã học sinh): opaque, 1 to 20 ASCII letters, digits, `-`, `_`."""
    return _OPAQUE.fullmatch(code) is not None


def transcript_code_fits(code: str) -> bool:
    """True for the shape of a transcript code: 1 to 36 ASCII letters, digits, `-`."""
    return _TRANSCRIPT_CODE.fullmatch(code) is not None


def fingerprint(raw: bytes) -> bytes:
    """SHA-256 of the bytes as received, 32 bytes."""
    return hashlib.sha256(raw).digest()


def mentions_number(text: str, numbers: Iterable[str] = ()) -> bool:
    """Whether a text that is kept plainly gives away a personal number.

    One of `numbers` counts however its digits are written (also in other scripts) or parted; of any other number, twelve digits
    on end that begin as numbers do.
    """
    plain = "".join(str(unicodedata.decimal(letter)) if letter.isdecimal() else letter for letter in text)
    digits = "".join(letter for letter in plain if letter.isdecimal())
    if any(number in digits for number in numbers):
        return True
    return any(found[:3] in places.KNOWN for found in _TWELVE_DIGITS.findall(plain))


def uuid7(moment: datetime, entropy: bytes) -> uuid.UUID:
    """A UUID version 7 (RFC 9562 5.7): an aware moment to the millisecond, then 74 bits of at least 10 random bytes."""
    milliseconds = (moment - _EPOCH) // timedelta(milliseconds=1)
    if not 0 <= milliseconds < 1 << 48 or len(entropy) < 10:
        raise ValueError("a version 7 UUID takes a moment from 1970 on and 10 random bytes")
    random = int.from_bytes(entropy[:10]) & ((1 << 74) - 1)
    high, low = divmod(random, 1 << 62)
    return uuid.UUID(int=milliseconds << 80 | 7 << 76 | high << 64 | 2 << 62 | low)
