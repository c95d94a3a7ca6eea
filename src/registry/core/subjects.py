"""Subjects of the general education programme of 2018 (TT 32/2018/TT-BGDĐT) and in which grades each one is taught.

The lists rest on common knowledge of the programme, not on a text that was read. How a subject is assessed is the business
of the rule set of a circular; wire codes and Vietnamese names are in `registry.formats.code_lists`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple, Protocol, TypeVar

from registry.core import codes
from registry.core.findings import Code, Finding

#: A code and its detail.
Trouble = tuple[Code, str]


class Subject(StrEnum):
    """A subject or compulsory educational activity."""

    __hash__ = str.__hash__  # Enum's own is written in Python and these are looked up all the time

    VIETNAMESE = "vietnamese"
    LITERATURE = "literature"
    MATHEMATICS = "mathematics"
    FOREIGN_LANGUAGE_1 = "foreign_language_1"
    FOREIGN_LANGUAGE_2 = "foreign_language_2"
    MINORITY_LANGUAGE = "minority_language"
    ETHICS = "ethics"
    CIVICS = "civics"
    ECONOMICS_AND_LAW = "economics_and_law"
    NATURE_AND_SOCIETY = "nature_and_society"
    HISTORY_AND_GEOGRAPHY = "history_and_geography"
    HISTORY = "history"
    GEOGRAPHY = "geography"
    SCIENCE = "science"
    NATURAL_SCIENCE = "natural_science"
    PHYSICS = "physics"
    CHEMISTRY = "chemistry"
    BIOLOGY = "biology"
    INFORMATICS_AND_TECHNOLOGY = "informatics_and_technology"
    INFORMATICS = "informatics"
    TECHNOLOGY = "technology"
    DEFENCE = "defence"
    PHYSICAL_EDUCATION = "physical_education"
    ART = "art"
    MUSIC = "music"
    FINE_ART = "fine_art"
    EXPERIENCE = "experience"
    LOCAL_EDUCATION = "local_education"


class Need(StrEnum):
    """Whether every pupil of the grade takes the subject."""

    COMPULSORY = "compulsory"
    ELECTIVE = "elective"  # chosen out of a group (grades 10 to 12)
    OPTIONAL = "optional"  # offered where it can be taught


@dataclass(frozen=True, slots=True)
class Taught:
    """A subject in some grades, and its need there."""

    subject: Subject
    grades: frozenset[int]
    need: Need


#: A subject that schools may report in one row or in one row for each part.
PARTS: Mapping[Subject, tuple[Subject, Subject]] = {
    Subject.INFORMATICS_AND_TECHNOLOGY: (Subject.INFORMATICS, Subject.TECHNOLOGY),
    Subject.ART: (Subject.MUSIC, Subject.FINE_ART),
}

#: Part -> the subject it is a part of.
WHOLE: Mapping[Subject, Subject] = {part: whole for whole, parts in PARTS.items() for part in parts}


def _rows(first: int, last: int, need: Need, *subjects: Subject) -> Iterable[Taught]:
    return (Taught(subject, frozenset(range(first, last + 1)), need) for subject in subjects)


_S = Subject

#: Everything taught, with combined subjects named as the programme names them (parts are not listed where a whole is).
TAUGHT: tuple[Taught, ...] = (
    *_rows(
        1, 5, Need.COMPULSORY, _S.VIETNAMESE, _S.MATHEMATICS, _S.ETHICS, _S.PHYSICAL_EDUCATION, _S.ART, _S.EXPERIENCE
    ),
    *_rows(1, 3, Need.COMPULSORY, _S.NATURE_AND_SOCIETY),
    *_rows(4, 5, Need.COMPULSORY, _S.HISTORY_AND_GEOGRAPHY, _S.SCIENCE),
    *_rows(3, 5, Need.COMPULSORY, _S.FOREIGN_LANGUAGE_1, _S.INFORMATICS_AND_TECHNOLOGY),
    *_rows(1, 2, Need.OPTIONAL, _S.FOREIGN_LANGUAGE_1),
    *_rows(1, 12, Need.OPTIONAL, _S.MINORITY_LANGUAGE),
    *_rows(6, 12, Need.COMPULSORY, _S.LITERATURE, _S.MATHEMATICS, _S.FOREIGN_LANGUAGE_1, _S.PHYSICAL_EDUCATION),
    *_rows(6, 12, Need.COMPULSORY, _S.EXPERIENCE, _S.LOCAL_EDUCATION),
    *_rows(
        6,
        9,
        Need.COMPULSORY,
        _S.CIVICS,
        _S.HISTORY_AND_GEOGRAPHY,
        _S.NATURAL_SCIENCE,
        _S.TECHNOLOGY,
        _S.INFORMATICS,
        _S.ART,
    ),
    *_rows(6, 12, Need.OPTIONAL, _S.FOREIGN_LANGUAGE_2),
    *_rows(10, 12, Need.COMPULSORY, _S.HISTORY, _S.DEFENCE),
    *_rows(10, 12, Need.ELECTIVE, _S.GEOGRAPHY, _S.ECONOMICS_AND_LAW, _S.PHYSICS, _S.CHEMISTRY, _S.BIOLOGY),
    *_rows(10, 12, Need.ELECTIVE, _S.TECHNOLOGY, _S.INFORMATICS, _S.MUSIC, _S.FINE_ART),
)

#: How many electives a pupil of grades 10 to 12 takes.
ELECTIVES = 4


def _taught_in(grade: int) -> Mapping[Subject, Need]:
    """Every subject a row may carry in the grade, parts of combined subjects included."""
    taught = {row.subject: row.need for row in TAUGHT if grade in row.grades}
    parts = {part: need for subject, need in taught.items() for part in PARTS.get(subject, ())}
    return {**parts, **taught}


_BY_GRADE: Mapping[int, Mapping[Subject, Need]] = {grade: _taught_in(grade) for grade in range(1, 13)}
_COMPULSORY: Mapping[int, tuple[Taught, ...]] = {
    grade: tuple(row for row in TAUGHT if grade in row.grades and row.need is Need.COMPULSORY) for grade in range(1, 13)
}


def taught_in(grade: int) -> Mapping[Subject, Need]:
    """Subject -> need for every subject a row may carry in a grade from 1 to 12, parts of combined subjects included."""
    return _BY_GRADE[grade]


_Row = TypeVar("_Row", bound="HasSubject")


class HasSubject(Protocol):
    """A row of marks."""

    @property
    def subject(self) -> Subject:
        """What it is about."""


def rows_that_count(rows: Sequence[_Row], taught: Mapping[Subject, Need]) -> list[Sequence[_Row]]:
    """Every choice of rows that a result may rest on, all of them first.

    Open: whether subjects of no known grade count, and whether a combined subject given twice counts whole or in parts.
    """
    known = [row for row in rows if row.subject in taught]
    found = []
    for chosen in (rows, known) if len(known) < len(rows) else (rows,):
        found.append(chosen)
        wholes = {row.subject for row in chosen if row.subject in PARTS}
        parts = {row.subject for row in chosen if WHOLE.get(row.subject) in wholes} if wholes else None
        if parts:
            wholes = {WHOLE[part] for part in parts}
            found += [[row for row in chosen if row.subject not in out] for out in (parts, wholes)]
    return found


@dataclass(frozen=True, slots=True)
class Layout:
    """What the subjects of a transcript's rows say without any mark: it is the same for a whole class."""

    repeats: tuple[bool, ...]  # row by row: the subject of an earlier one
    troubles: tuple[
        tuple[Trouble, ...], ...
    ]  # row by row: rule-subject alone, or rule-subject-parts, rule-subject-grade
    missing: tuple[Trouble, ...]  # see `missing_findings`
    all_count: bool  # `rows_that_count` has no choice


class _Named(NamedTuple):
    subject: Subject


@lru_cache(maxsize=1024)
def layout(grade: int, rows: tuple[Subject, ...]) -> Layout:
    """The layout of rows with these subjects in a grade from 1 to 12."""
    taught = _BY_GRADE[grade]
    before = [frozenset(rows[:index]) for index in range(len(rows))]
    return Layout(
        tuple(subject in seen for subject, seen in zip(rows, before, strict=True)),
        tuple(tuple(_troubles(subject, seen, taught)) for subject, seen in zip(rows, before, strict=True)),
        _missing(grade, frozenset(rows)),
        len(rows_that_count([_Named(subject) for subject in rows], taught)) == 1,
    )


def _troubles(subject: Subject, seen: AbstractSet[Subject], taught: Mapping[Subject, Need]) -> Iterator[Trouble]:
    """What a row's subject says beside those `seen` before."""
    if subject in seen:
        yield codes.RULE_SUBJECT, "one row per subject"
        return
    if WHOLE.get(subject) in seen or not seen.isdisjoint(PARTS.get(subject, ())):
        yield codes.RULE_SUBJECT_PARTS, "TT 32/2018: whole, or in its parts"
    if subject not in taught:
        yield codes.RULE_SUBJECT_GRADE, "TT 32/2018"


def missing_findings(rows: Layout) -> list[Finding]:
    """rule-subject-missing at /marks for every compulsory subject of the grade without a row and too few electives; rule-electives.

    A combined subject is covered by itself or by all of its parts.
    """
    return [Finding(code, "/marks", detail) for code, detail in rows.missing]


def _missing(grade: int, present: AbstractSet[Subject]) -> tuple[Trouble, ...]:
    missing = [
        row.subject
        for row in _COMPULSORY[grade]
        if row.subject not in present and not (row.subject in PARTS and present >= set(PARTS[row.subject]))
    ]
    found = [(codes.RULE_SUBJECT_MISSING, subject.value.replace("_", " ")) for subject in missing]
    if grade < 10:
        return tuple(found)
    chosen = sum(_BY_GRADE[grade].get(subject) is Need.ELECTIVE for subject in present)
    if chosen != ELECTIVES:
        code = codes.RULE_SUBJECT_MISSING if chosen < ELECTIVES else codes.RULE_ELECTIVES
        found.append((code, f"{ELECTIVES} electives"))
    return tuple(found)
