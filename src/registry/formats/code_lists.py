"""Code lists of the transcript: what a wire code means.

The published structure names its lists without giving their values. Subjects, levels, grades, peoples and nationalities are
therefore dated tables of the project's own (`lists/*.csv`, published in `openapi/code-lists/`). A file of the same name in
the folder that the environment names as REGISTRY_CODE_LISTS takes the place of a built-in one: official values need no
release. Read once, when the program starts.

A row is in force from its valid_from to its valid_to, both days included, on the day a transcript was issued. A code may have
several rows one after the other, with other names; what it means never changes.
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar
from unicodedata import normalize

from registry.core import ids, names, rules_primary, rules_secondary, subjects
from registry.core.subjects import Subject
from registry.core.transcript import State, VersionReason

#: First and last day.
Period = tuple[date, date]
#: Of rows without a valid_from: the first school year of the oldest circular that is taken.
_EVER = date(2011, 9, 1)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class CodeList:
    """Wire code -> value in the registry's own words, with a Vietnamese name for each code; `periods` of a dated list.

    `is_open`: nothing rests on what a code means, so that one which the list lacks is taken as it is and only told of.
    """

    title: str
    names: Mapping[str, str]
    values: Mapping[str, Any] = field(repr=False)
    periods: Mapping[str, tuple[Period, ...]] = field(default_factory=dict, repr=False)
    is_open: bool = False

    def in_force(self, code: str, day: date) -> bool:
        """False for a code of a dated list none of whose rows is in force on the day."""
        periods = self.periods.get(code)
        return periods is None or any(first <= day <= last for first, last in periods)

    @property
    def settled(self) -> Period:
        """The days on which every code is in force, when they are one stretch without gaps; else a period that holds no day."""
        firsts, lasts = [], []
        for periods in self.periods.values():
            if any(last + _DAY != first for (_, last), (first, _) in pairwise(periods)):
                return date.max, date.min
            firsts.append(periods[0][0])
            lasts.append(periods[-1][1])
        return max(firsts, default=date.min), min(lasts, default=date.max)


_Row = TypeVar("_Row", "SubjectRow", "Named")
#: Of every list of the project's own.
CODE_PATTERN = "[A-Z0-9]{1,3}"
_CODE = re.compile(CODE_PATTERN)


class CodeListError(ValueError):
    """A code list that can't be read."""


@dataclass(frozen=True, slots=True)
class Named:
    """One row of a list: spellings met in files, and what the code means where that is more than its name."""

    code: str
    name: str
    variants: tuple[str, ...] = ()
    valid_from: date = _EVER
    valid_to: date = date.max
    value: ids.Level | int | None = None


@dataclass(frozen=True, slots=True)
class SubjectRow:
    """A subject: own code of at most 3 letters, name, short name of at most 20 characters, spellings met in files."""

    code: str
    subject: Subject
    name: str
    short: str
    variants: tuple[str, ...] = ()
    valid_from: date = _EVER
    valid_to: date = date.max

    @property
    def grades(self) -> tuple[int, ...]:
        """Grades in which a row may carry the subject."""
        return tuple(grade for grade in range(1, 13) if self.subject in subjects.taught_in(grade))

    @property
    def needs(self) -> Mapping[int, str]:
        """Grade -> compulsory, elective or optional."""
        return {grade: subjects.taught_in(grade)[self.subject].value for grade in self.grades}

    @property
    def assessed(self) -> Mapping[str, str]:
        """Level of schooling -> how it is assessed: levels, levels and test (primary); scored, comment (secondary)."""
        kinds = {}
        if min(self.grades) <= 5:
            kinds["primary"] = "levels and test" if self.subject in rules_primary.TESTED else "levels"
        if max(self.grades) >= 6:
            kinds["secondary"] = "comment" if self.subject in rules_secondary.COMMENT_ASSESSED else "scored"
        return kinds


def _subject(row: Mapping[str, str]) -> SubjectRow:
    code, name = row["code"], row["name"]
    if not _CODE.fullmatch(code):
        raise ValueError("code: 1 to 3 capital letters or digits")
    if row["subject"] not in set(Subject):
        raise ValueError("subject: one of " + ", ".join(Subject))
    short = row.get("short") or name
    return SubjectRow(code, Subject(row["subject"]), name, short, _variants(row), *_dates(row))


def _named(row: Mapping[str, str]) -> Named:
    if not _CODE.fullmatch(row["code"]):
        raise ValueError("code: 1 to 3 capital letters or digits")
    return Named(row["code"], row["name"], _variants(row), *_dates(row))


def _level(row: Mapping[str, str]) -> Named:
    if row["level"] not in set(ids.Level):
        raise ValueError("level: one of " + ", ".join(ids.Level))
    return replace(_named(row), value=ids.Level(row["level"]))


def _grade(row: Mapping[str, str]) -> Named:
    if row["grade"] not in {str(grade) for grade in range(1, 13)}:
        raise ValueError("grade: 1 to 12")
    return replace(_named(row), value=int(row["grade"]))


def _variants(row: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(variant.strip() for variant in (row.get("variants") or "").split("|") if variant.strip())


def _dates(row: Mapping[str, str]) -> Period:
    first, last = row.get("valid_from"), row.get("valid_to")
    period = date.fromisoformat(first) if first else _EVER, date.fromisoformat(last) if last else date.max
    if period[1] < period[0]:
        raise ValueError("valid_to: not before valid_from")
    return period


def _follows(row: _Row, earlier: Iterable[_Row]) -> bool:
    """Whether a row may stand beside the earlier ones of its code: another time, the same meaning."""
    meaning = row.subject if isinstance(row, SubjectRow) else row.value
    return all(
        (each.valid_to < row.valid_from or row.valid_to < each.valid_from)
        and meaning == (each.subject if isinstance(each, SubjectRow) else each.value)
        for each in earlier
    )


def _table(name: str, make: Callable[[Mapping[str, str]], _Row]) -> tuple[_Row, ...]:
    """The rows of a list, from the folder REGISTRY_CODE_LISTS when it has a file of that name, else as built in.

    Raises CodeListError that names file, line and column: with a list that can't be read nothing may start.
    """
    own = Path(os.environ["REGISTRY_CODE_LISTS"]) / f"{name}.csv" if os.environ.get("REGISTRY_CODE_LISTS") else None
    file = own if own is not None and own.is_file() else Path(__file__).parent / "lists" / f"{name}.csv"
    found: dict[str, list[_Row]] = {}
    try:
        lines = list(csv.DictReader(io.StringIO(file.read_text("utf-8-sig"))))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CodeListError(f"{file}: {error}") from None
    for number, line in enumerate(lines, start=2):
        try:
            row = {key: normalize("NFC", (value or "").strip()) for key, value in line.items() if isinstance(key, str)}
            if not row["code"] or not row["name"]:
                raise ValueError("code, name: needed")
            made, earlier = make(row), found.setdefault(row["code"], [])
            if not _follows(made, earlier):
                raise ValueError("code: once at a time, and always with one meaning")
            earlier.append(made)
        except KeyError as error:
            raise CodeListError(f"{file}, line {number}: the column {error}") from None
        except ValueError as error:
            raise CodeListError(f"{file}, line {number}: {error}") from None
    if not found:
        raise CodeListError(f"{file}: no rows")
    return tuple(row for rows in found.values() for row in sorted(rows, key=lambda row: row.valid_from))


SUBJECT_ROWS: tuple[SubjectRow, ...] = _table("subjects", _subject)
PEOPLE_ROWS: tuple[Named, ...] = _table("peoples", _named)
NATIONALITY_ROWS: tuple[Named, ...] = _table("nationalities", _named)
LEVEL_ROWS: tuple[Named, ...] = _table("levels", _level)
GRADE_ROWS: tuple[Named, ...] = _table("grades", _grade)


def _dated(title: str, rows: Sequence[SubjectRow | Named], values: Mapping[str, Any]) -> CodeList:
    periods: dict[str, tuple[Period, ...]] = {}
    for row in rows:
        periods[row.code] = (*periods.get(row.code, ()), (row.valid_from, row.valid_to))
    return CodeList(title, {row.code: row.name for row in rows}, values, periods)


SUBJECTS = _dated("Môn học, hoạt động giáo dục", SUBJECT_ROWS, {r.code: r.subject for r in SUBJECT_ROWS})

STATES = CodeList(
    "Trạng thái học bạ", {"1": "Có hiệu lực", "2": "Thu hồi"}, {"1": State.IN_FORCE, "2": State.WITHDRAWN}
)

#: The project's own: the published structure has no field for it.
VERSION_REASONS = CodeList(
    "Lý do lập phiên bản",
    {"1": "Đính chính", "2": "Kết quả sau hè", "3": "Thay đổi hộ tịch", "4": "Lý do khác"},
    {
        "1": VersionReason.CORRECTION,
        "2": VersionReason.SUMMER,
        "3": VersionReason.CIVIL_STATUS,
        "4": VersionReason.OTHER,
    },
)

LEVELS = _dated("Cấp học", LEVEL_ROWS, {r.code: r.value for r in LEVEL_ROWS})

GRADES = _dated("Khối", GRADE_ROWS, {r.code: r.value for r in GRADE_ROWS})

#: QCVN 109:2017/BTTTT; "0" declares no sex.
SEXES = CodeList(
    "Giới tính",
    {"0": "Chưa có thông tin", "1": "Nam", "2": "Nữ"},
    {"0": None, "1": ids.Sex.MALE, "2": ids.Sex.FEMALE},
)

#: The 54 peoples in the order of the statistics office's list of 1979, then 55 for foreigners; not compared with QCVN 109:2017.
PEOPLES = replace(_dated("Dân tộc", PEOPLE_ROWS, {r.code: r.code for r in PEOPLE_ROWS}), is_open=True)

#: ISO 3166-1 alpha-2, all 249 codes; Vietnamese names where they are known, else the code.
NATIONALITIES = _dated("Quốc tịch", NATIONALITY_ROWS, {r.code: r.code for r in NATIONALITY_ROWS})


def is_name_of(subject: Subject, name: str) -> bool:
    """True when the name is one of the subject's spellings, whatever its diacritics and Unicode form."""
    return name in _AS_WRITTEN[subject] or names.search_key(name) in SPELLINGS[subject]


#: Subject -> its row, for writers.
ROW_OF: Mapping[Subject, SubjectRow] = {
    row.subject: row for row in sorted(SUBJECT_ROWS, key=lambda row: (row.valid_to, row.valid_from))
}

#: Subject -> every spelling of its name, as `names.search_key` has it.
SPELLINGS: Mapping[Subject, frozenset[str]] = {
    subject: frozenset(
        names.search_key(spelling)
        for row in SUBJECT_ROWS
        if row.subject is subject
        for spelling in (row.name, row.short, *row.variants)
    )
    for subject in Subject
}

_AS_WRITTEN: Mapping[Subject, frozenset[str]] = {
    subject: frozenset(
        n for row in SUBJECT_ROWS if row.subject is subject for n in (row.name, row.short, *row.variants)
    )
    for subject in Subject
}
