"""What a transcript says to each claim, and which record decides."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest

from registry.core.claims import Claim, ClaimKind, Said, deciding, judge, recent_years, years_of
from registry.core.content import ContentField, read
from registry.core.ids import Level, SchoolYear
from registry.core.subjects import Subject
from registry.core.transcript import Transcript
from registry.core.verification import Stored
from registry.demo import transcripts
from registry.formats import documents

YEAR = SchoolYear(2024)
K = ClaimKind


def made(grade: int, result: str, **change: Any) -> Transcript:
    rng = Random(f"claims/{grade}/{result}")
    facts = transcripts.school(rng, code="79771501", name="Trường D")
    pupil = transcripts.pupil(rng, grade=grade, school_year=YEAR, pupil_code="P1")
    document = transcripts.document(rng, pupil, facts, result=result) | change
    parsed = documents.parse(json.dumps(document).encode()).transcript
    assert parsed is not None
    return parsed


PRIMARY = {result: made(5, result) for result in ("HTXS", "HT")}
SECONDARY = {result: made(9, result) for result in ("T", "K")}
OF_T = SECONDARY["T"].secondary
assert OF_T is not None
MATHS = next(row.year for row in OF_T.marks if row.subject is Subject.MATHEMATICS)


def claim(kind: K, **more: Any) -> Claim:
    return Claim(kind, **more)


def result(threshold: str) -> Claim:
    return claim(K.RESULT_AT_LEAST, school_year=YEAR, threshold=threshold)


def average(subject: Subject, threshold: str) -> Claim:
    return claim(K.AVERAGE_AT_LEAST, school_year=YEAR, subject=subject, threshold=threshold)


@pytest.mark.parametrize(
    ("asked", "of", "said"),
    [
        (result("HTT"), PRIMARY["HTXS"], Said.YES),
        (result("HTXS"), PRIMARY["HTXS"], Said.YES),
        (result("HTT"), PRIMARY["HT"], Said.NO),
        (result("K"), SECONDARY["T"], Said.YES),
        (result("T"), SECONDARY["K"], Said.NO),
        (result("T"), PRIMARY["HTXS"], Said.CANNOT_SAY),  # the scale of another level
        (result("HTT"), SECONDARY["T"], Said.CANNOT_SAY),
        (average(Subject.MATHEMATICS, str(MATHS)), SECONDARY["T"], Said.YES),
        (average(Subject.MATHEMATICS, "10.0"), SECONDARY["K"], Said.NO),
        (average(Subject.PHYSICAL_EDUCATION, "5.0"), SECONDARY["T"], Said.CANNOT_SAY),  # a letter is no average
        (average(Subject.PHYSICS, "5.0"), SECONDARY["T"], Said.CANNOT_SAY),
        (average(Subject.MATHEMATICS, "5.0"), PRIMARY["HTXS"], Said.CANNOT_SAY),
        (claim(K.PROMOTED, school_year=YEAR), SECONDARY["T"], Said.YES),
        (claim(K.PROMOTED, school_year=YEAR), SECONDARY["T"].but(promoted=False), Said.NO),
        (claim(K.GRADE_FINISHED, grade=5), PRIMARY["HT"], Said.YES),
        (claim(K.GRADE_FINISHED, grade=9), SECONDARY["K"], Said.YES),
        (claim(K.LEVEL_COMPLETED, level=Level.PRIMARY), PRIMARY["HT"], Said.YES),
        (claim(K.LEVEL_COMPLETED, level=Level.LOWER_SECONDARY), SECONDARY["T"], Said.YES),
    ],
)
def test_what_is_said(asked: Claim, of: Transcript, said: Said) -> None:
    assert judge(asked, of) is said


def test_what_summer_will_decide_is_not_said_before() -> None:
    primary = PRIMARY["HT"].primary
    assert primary is not None
    waiting = PRIMARY["HT"].but(promoted=False, primary=primary.but(overall="CHT", grade_completed=False))
    assert waiting.awaits_summer
    for asked in (claim(K.GRADE_FINISHED, grade=5), claim(K.PROMOTED, school_year=YEAR)):
        assert judge(asked, waiting) is Said.CANNOT_SAY


def test_after_the_summer_the_new_result_counts() -> None:
    secondary = SECONDARY["K"].secondary
    assert secondary is not None
    again = SECONDARY["K"].but(secondary=secondary.but(learning_retaken="Đ"))
    assert judge(result("K"), again) is Said.NO


def test_the_newest_record_in_force_decides() -> None:
    noon = datetime(2026, 6, 1, 12, tzinfo=UTC)
    first = Stored("2023-2024", UUID(int=1), "primary", 5, "A", "c", 1, 1, UUID(int=2), b"1" * 32, noon)
    again = replace(first, school_year="2024-2025", accepted_at=noon + timedelta(days=300))
    asked = claim(K.GRADE_FINISHED, grade=5)
    assert deciding(asked, [again, first]) == again
    assert deciding(asked, [replace(again, withdrawn_version=1), first]) == first
    assert deciding(asked, [replace(first, current_version=2)]) is None, "an older version decides nothing"
    assert deciding(claim(K.GRADE_FINISHED, grade=4), [first]) is None
    assert deciding(claim(K.LEVEL_COMPLETED, level=Level.PRIMARY), [first]) == first
    assert deciding(claim(K.LEVEL_COMPLETED, level=Level.LOWER_SECONDARY), [first]) is None


def test_years_and_topics() -> None:
    assert years_of(result("T"), 2026) == ("2024-2025",)
    assert recent_years(2026)[0] == "2011-2012"
    assert recent_years(2026)[-1] == "2026-2027"
    assert years_of(claim(K.GRADE_FINISHED, grade=1), 2026) == recent_years(2026)
    assert average(Subject.MATHEMATICS, "5.0").topic == average(Subject.MATHEMATICS, "8.0").topic
    assert average(Subject.MATHEMATICS, "5.0").topic != average(Subject.LITERATURE, "5.0").topic
    assert claim(K.PROMOTED, school_year=YEAR).topic is None
    assert str(average(Subject.MATHEMATICS, "5.0")) == "average_at_least 2024-2025 mathematics 5.0"


def test_content_is_what_was_asked_for_and_never_the_number() -> None:
    for of in (*PRIMARY.values(), *SECONDARY.values()):
        everything = read(of, ContentField)
        assert list(everything) == [field.value for field in ContentField]
        text = json.dumps(everything, ensure_ascii=False)
        assert of.number is not None
        assert of.number not in text
        assert of.principal_number not in text
        assert read(of, [ContentField.SEX, ContentField.PUPIL_NAME]) == {"pupil_name": of.pupil_name, "sex": of.sex}
    marks = {row["subject"]: row["year"] for row in read(SECONDARY["T"], [ContentField.SUBJECTS])["subjects"]}
    assert marks["mathematics"] == str(MATHS)
    assert read(SECONDARY["T"], [ContentField.BIRTH_DATE])["birth_date"].count("-") == 2
