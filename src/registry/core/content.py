"""Content fields: what of a transcript a purpose may let an office read. A closed list; the personal number is not on it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from enum import StrEnum
from typing import Any

from registry.core.ids import BirthDate
from registry.core.transcript import Letter, Mark, Transcript


class ContentField(StrEnum):
    """Every field that can be asked for."""

    PUPIL_NAME = "pupil_name"
    BIRTH_DATE = "birth_date"
    SEX = "sex"
    CLASS_NAME = "class_name"
    PROMOTED = "promoted"
    RESULT = "result"
    CONDUCT = "conduct"
    GRADE_COMPLETED = "grade_completed"
    LEVEL_COMPLETED = "level_completed"
    SUBJECTS = "subjects"
    ABSENCES = "absences"
    AWARDS = "awards"
    HISTORY = "history"
    ISSUED_ON = "issued_on"
    SIGNERS = "signers"


#: What is the pupil's: an extract shows all of it.
OF_PUPIL = frozenset(ContentField) - {ContentField.SIGNERS}


def read(transcript: Transcript, fields: Iterable[ContentField]) -> dict[str, Any]:
    """The fields asked for, in the order of the list, as JSON values; null for what this transcript does not say."""
    wanted = frozenset(fields)
    return {field.value: _READ[field](transcript) for field in ContentField if field in wanted}


def _mark(mark: Mark) -> str | None:
    """As written: 7.50 stays 7.50."""
    if isinstance(mark, Letter):
        return mark.value
    return None if mark is None else format(mark, "f") if isinstance(mark, Decimal) else str(mark)


def _date(birth: BirthDate) -> str:
    parts = (f"{birth.year:04d}", *(f"{part:02d}" for part in (birth.month, birth.day) if part is not None))
    return "-".join(parts)


def _result(transcript: Transcript) -> str | None:
    if transcript.primary is not None:
        return transcript.primary.overall
    secondary = transcript.secondary
    return None if secondary is None else secondary.learning_retaken or secondary.learning.year


def _conduct(transcript: Transcript) -> str | None:
    secondary = transcript.secondary
    return None if secondary is None else secondary.conduct_retaken or secondary.conduct.year


def _subjects(transcript: Transcript) -> list[dict[str, Any]]:
    if transcript.primary is not None:
        return [
            {"subject": row.subject.value, "name": row.subject_name, "level": row.level, "test": _mark(row.test_mark)}
            for row in transcript.primary.marks
        ]
    rows = transcript.secondary.marks if transcript.secondary is not None else ()
    return [
        {"subject": row.subject.value, "name": row.subject_name, "term1": _mark(row.term1), "term2": _mark(row.term2),
         "year": _mark(row.year), "retake": _mark(row.retake)}
        for row in rows
    ]  # fmt: skip


def _history(transcript: Transcript) -> list[dict[str, Any]]:
    return [
        {"school_year": str(stay.school_year), "class_name": stay.class_name, "school_name": stay.school_name}
        for stay in transcript.history
    ]


def _absences(transcript: Transcript) -> str | None:
    return _mark(transcript.secondary.absences) if transcript.secondary is not None else None


def _signers(transcript: Transcript) -> list[dict[str, Any]]:
    return [
        {"role": "teacher", "name": transcript.teacher_name, "title": None},
        {"role": "principal", "name": transcript.principal_name, "title": transcript.principal_title},
    ]


_READ: dict[ContentField, Callable[[Transcript], Any]] = {
    ContentField.PUPIL_NAME: lambda t: t.pupil_name,
    ContentField.BIRTH_DATE: lambda t: None if t.birth is None else _date(t.birth),
    ContentField.SEX: lambda t: None if t.sex is None else t.sex.value,
    ContentField.CLASS_NAME: lambda t: t.class_name,
    ContentField.PROMOTED: lambda t: t.promoted,
    ContentField.RESULT: _result,
    ContentField.CONDUCT: _conduct,
    ContentField.GRADE_COMPLETED: lambda t: t.primary.grade_completed if t.primary is not None else None,
    ContentField.LEVEL_COMPLETED: lambda t: t.primary.level_completed if t.primary is not None else None,
    ContentField.SUBJECTS: _subjects,
    ContentField.ABSENCES: _absences,
    ContentField.AWARDS: lambda t: t.awards,
    ContentField.HISTORY: _history,
    ContentField.ISSUED_ON: lambda t: t.issued_on.isoformat(),
    ContentField.SIGNERS: _signers,
}
