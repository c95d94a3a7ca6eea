"""From values already read, keyed by their place in the transcript, to the transcript itself. No checks, no wire names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from registry.core.transcript import (
    Certificate,
    PrimaryMark,
    PrimaryResults,
    SecondaryMark,
    SecondaryResults,
    Stay,
    Terms,
    Transcript,
)

_Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a child list, column by column, each under its place in the transcript."""

    count: int
    columns: Mapping[str, Sequence[Any]]

    @classmethod
    def of(cls, rows: Sequence[_Values]) -> Table:
        """Of rows that need not all have the same values."""
        return cls(
            len(rows), {key: [row.get(key) for row in rows] for key in dict.fromkeys(k for row in rows for k in row)}
        )

    def column(self, key: str, absent: Any = None) -> Sequence[Any]:
        """A value for each row: `absent` where there is none."""
        found = self.columns.get(key)
        if found is None:
            return [absent] * self.count
        return found if absent is None else [absent if value is None else value for value in found]


NO_ROWS = Table(0, {})


def transcript(read: _Values, lists: Mapping[str, Table], primary: bool) -> Transcript:
    """Put a transcript together; texts that are not there become "" (where the transcript needs a text) or None."""
    get = read.get
    return Transcript(
        code=get("code") or "",
        version=read["version"],
        state=read["state"],
        extract=read["extract"],
        circular=get("circular") or "",
        school_year=read["school_year"],
        school_code=get("school_code") or "",
        school_name=get("school_name") or "",
        department_code=get("department_code") or "",
        level=read["level"],
        grade=read["grade"],
        class_name=get("class_name") or "",
        pupil_code=get("pupil_code") or "",
        pupil_name=get("pupil_name") or "",
        number=get("number"),
        sex=get("sex"),
        birth=get("birth"),
        people=get("people") or "",
        nationality=get("nationality") or "",
        disabled_not_assessed=read["disabled_not_assessed"],
        made_on=read["made_on"],
        issued_on=read["issued_on"],
        principal_name=get("principal_name") or "",
        principal_title=get("principal_title") or "",
        principal_number=get("principal_number") or "",
        teacher_name=get("teacher_name") or "",
        teacher_number=get("teacher_number"),
        promoted=read["promoted"],
        history=_history(lists["history"]),
        primary=_primary(read, lists["marks"]) if primary else None,
        secondary=None if primary else _secondary(read, lists),
        version_reason=get("version_reason"),
        version_note=get("version_note"),
        completion_note=get("completion_note"),
        awards=get("awards"),
        entry_document=get("entry_document"),
    )


def _history(rows: Table) -> tuple[Stay, ...]:
    of = rows.column
    return tuple(
        map(Stay, of("school_year"), of("class_name"), of("school_name"), of("province_name"), of("arrived_on"))
    )


def _primary(read: _Values, rows: Table) -> PrimaryResults:
    of = rows.column
    return PrimaryResults(
        marks=tuple(map(PrimaryMark, of("subject"), of("subject_name", ""), of("level"), of("test_mark"))),
        qualities=_group(read, "qualities/"),
        competencies=_group(read, "competencies/"),
        overall=read.get("overall"),
        grade_completed=read["grade_completed"],
        level_completed=read["level_completed"],
    )


def _group(read: _Values, prefix: str) -> dict[str, str | None]:
    return {path.removeprefix(prefix): letter for path, letter in read.items() if path.startswith(prefix)}


def _secondary(read: _Values, lists: Mapping[str, Table]) -> SecondaryResults:
    get, certificates = read.get, lists["certificates"].column
    return SecondaryResults(
        marks=_secondary_marks(lists["marks"].column),
        learning=Terms(get("learning/term1"), get("learning/term2"), get("learning/year")),
        conduct=Terms(get("conduct/term1"), get("conduct/term2"), get("conduct/year")),
        learning_retaken=get("learning_retaken"),
        conduct_retaken=get("conduct_retaken"),
        absences=get("absences"),
        certificates=tuple(map(Certificate, certificates("name"), certificates("kind"))),
    )


def _secondary_marks(of: Callable[..., Sequence[Any]]) -> tuple[SecondaryMark, ...]:
    marks = of("term1"), of("term2"), of("year"), of("retake")
    teachers = of("teacher_name", ""), of("teacher_number")
    return tuple(map(SecondaryMark, of("subject"), of("subject_name", ""), *marks, *teachers))
