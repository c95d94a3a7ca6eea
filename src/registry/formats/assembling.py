"""From values already read, keyed by their place in the transcript, to the transcript itself. No checks, no wire names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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


def transcript(read: _Values, lists: Mapping[str, Sequence[_Values]], primary: bool) -> Transcript:
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
        history=tuple(_stay(row) for row in lists["history"]),
        primary=_primary(read, lists["marks"]) if primary else None,
        secondary=None if primary else _secondary(read, lists),
        version_reason=get("version_reason"),
        version_note=get("version_note"),
        completion_note=get("completion_note"),
        awards=get("awards"),
        entry_document=get("entry_document"),
    )


def _stay(row: _Values) -> Stay:
    return Stay(row["school_year"], row["class_name"], row["school_name"], row["province_name"], row.get("arrived_on"))


def _primary(read: _Values, marks: Sequence[_Values]) -> PrimaryResults:
    return PrimaryResults(
        marks=tuple(
            PrimaryMark(m["subject"], m.get("subject_name", ""), m.get("level"), m.get("test_mark")) for m in marks
        ),
        qualities=_group(read, "qualities/"),
        competencies=_group(read, "competencies/"),
        overall=read.get("overall"),
        grade_completed=read["grade_completed"],
        level_completed=read["level_completed"],
    )


def _group(read: _Values, prefix: str) -> dict[str, str | None]:
    return {path.removeprefix(prefix): letter for path, letter in read.items() if path.startswith(prefix)}


def _secondary(read: _Values, lists: Mapping[str, Sequence[_Values]]) -> SecondaryResults:
    get = read.get
    return SecondaryResults(
        marks=tuple(_secondary_mark(row) for row in lists["marks"]),
        learning=Terms(get("learning/term1"), get("learning/term2"), get("learning/year")),
        conduct=Terms(get("conduct/term1"), get("conduct/term2"), get("conduct/year")),
        learning_retaken=get("learning_retaken"),
        conduct_retaken=get("conduct_retaken"),
        absences=get("absences"),
        certificates=tuple(Certificate(row.get("name"), row.get("kind")) for row in lists["certificates"]),
    )


def _secondary_mark(row: _Values) -> SecondaryMark:
    get = row.get
    return SecondaryMark(
        row["subject"],
        get("subject_name", ""),
        get("term1"),
        get("term2"),
        get("year"),
        get("retake"),
        get("teacher_name", ""),
        get("teacher_number"),
    )
