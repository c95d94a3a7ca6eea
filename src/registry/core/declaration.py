"""A declaration (khai báo hoàn thành): the signed statement that a school's year is complete, compared with what is held. Pure.

It says for each grade how many pupils are expected and how many transcripts are on record, and names every pupil who has none.
The greatest version that speaks of a grade counts for it; all are kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from registry.core import codes
from registry.core.findings import Finding
from registry.core.ids import SchoolYear

#: Pupil codes that one finding names at most.
_MOST_NAMED = 20


@dataclass(frozen=True, slots=True)
class Grade:
    """What is declared of one grade: pupils on its roster, and those of them with a transcript on record."""

    grade: int
    expected: int
    on_record: int


@dataclass(frozen=True, slots=True)
class Declaration:
    """What the statement says; `exceptions` are the codes of pupils without a transcript."""

    school_year: SchoolYear
    school_code: str
    version: int
    declared_on: date
    grades: tuple[Grade, ...]
    exceptions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a school keeps: which bytes were accepted as which version of its declaration."""

    submission_id: UUID
    school_year: str
    school_code: str
    version: int
    fingerprint: bytes
    accepted_at: datetime


@dataclass(frozen=True, slots=True)
class Held:
    """What the registry holds of one grade: its roster, and the codes of pupils with and without a transcript in force.

    `named_on_record`: of the pupils that the declaration excepts.
    """

    expected: int
    on_record: int
    absent: frozenset[str] = frozenset()
    named_on_record: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Found:
    """What the database knows about a declaration's bytes, its school and its grades."""

    generation: int
    receipt: Receipt | None = None  # for exactly these bytes
    waits: bool = False  # exactly these bytes are held
    newest: int = 0  # the greatest version accepted
    held: Mapping[int, Held] = field(default_factory=dict)


_NOTHING = Held(0, 0)


def flaws(declaration: Declaration) -> list[Finding]:
    """What contradicts itself (declaration-contradiction): something named twice, more on record than expected."""
    grades = Counter(each.grade for each in declaration.grades)
    found = [
        Finding(codes.DECLARATION_CONTRADICTION, f"/khoi/{n}/makhoi", "each grade once")
        for n, each in enumerate(declaration.grades)
        if grades[each.grade] > 1
    ]
    found += [
        Finding(codes.DECLARATION_CONTRADICTION, f"/khoi/{n}/sohocba", "at most sohocsinh")
        for n, each in enumerate(declaration.grades)
        if each.on_record > each.expected
    ]
    seen: set[str] = set()
    for n, pupil_code in enumerate(declaration.exceptions):
        if pupil_code in seen:
            found.append(Finding(codes.DECLARATION_CONTRADICTION, f"/ngoaile/{n}/mahocsinh", "each pupil once"))
        seen.add(pupil_code)
    return found


def troubles(found: Found, declaration: Declaration) -> tuple[Finding, ...]:
    """What differs from what is held; the numbers of both sides are in the detail.

    Codes: declaration-version, -expected, -count, -missing, -exception; declaration-count-less and -exception-held warn.
    """
    version = []
    if declaration.version <= found.newest:
        version = [Finding(codes.DECLARATION_VERSION, "/phienban", f"greater than {found.newest}")]
    excepted = frozenset(declaration.exceptions)
    of_grades = [
        finding
        for n, said in enumerate(declaration.grades)
        for finding in _grade(f"/khoi/{n}", said, found.held.get(said.grade, _NOTHING), excepted)
    ]
    return (*version, *of_grades, *_exceptions(found.held.values(), declaration.exceptions))


def _grade(at: str, said: Grade, held: Held, excepted: frozenset[str]) -> Iterable[Finding]:
    if said.expected != held.expected:
        yield Finding(codes.DECLARATION_EXPECTED, f"{at}/sohocsinh", _both(said.expected, held.expected))
    if said.on_record != held.on_record:
        more = said.on_record > held.on_record
        code = codes.DECLARATION_COUNT if more else codes.DECLARATION_COUNT_LESS
        yield Finding(code, f"{at}/sohocba", _both(said.on_record, held.on_record))
    if unnamed := sorted(held.absent - excepted):
        named = ", ".join(unnamed[:_MOST_NAMED]) + (", ..." if len(unnamed) > _MOST_NAMED else "")
        yield Finding(codes.DECLARATION_MISSING, at, f"{len(unnamed)}: {named}")


def _exceptions(held: Iterable[Held], exceptions: Iterable[str]) -> Iterable[Finding]:
    absent: set[str] = set()
    on_record: set[str] = set()
    for each in held:
        absent |= each.absent
        on_record |= each.named_on_record
    for n, pupil_code in enumerate(exceptions):
        if pupil_code in on_record:
            yield Finding(codes.DECLARATION_EXCEPTION_HELD, f"/ngoaile/{n}/mahocsinh")
        elif pupil_code not in absent:
            detail = "a pupil on the roster of one of the grades"
            yield Finding(codes.DECLARATION_EXCEPTION, f"/ngoaile/{n}/mahocsinh", detail)


def _both(said: int, held: int) -> str:
    return f"declared {said}, in the registry {held}"
