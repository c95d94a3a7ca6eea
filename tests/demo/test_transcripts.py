"""The builder: repeatable, and everything it makes obeys the circulars."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from registry.core import rules
from registry.core.ids import SchoolYear
from registry.demo import marks, transcripts
from registry.formats import documents


def make(seed: int, grade: int, **choices: object) -> transcripts.Document:
    rng = Random(seed)
    school = transcripts.school(rng, code="79771001", name="Trường Thử nghiệm")
    pupil = transcripts.pupil(rng, grade=grade, school_year=SchoolYear(2024))
    return transcripts.document(rng, pupil, school, **choices)


def findings(document: transcripts.Document) -> list[tuple[str, str]]:
    parsed = documents.parse(transcripts.to_bytes(document))
    assert parsed.transcript is not None
    return [(f.code.slug, f.pointer) for f in (*parsed.findings, *rules.check(parsed.transcript))]


@pytest.mark.parametrize("grade", range(1, 13))
def test_documents_have_no_finding(grade: int) -> None:
    for seed in range(60):
        assert findings(make(seed, grade)) == []


@pytest.mark.parametrize("result", ["HTXS", "HTT", "HT", "CHT"])
@pytest.mark.parametrize("grade", [1, 3, 5])
def test_every_primary_result_can_be_asked_for(result: str, grade: int) -> None:
    for seed in range(20):
        document = make(seed, grade, result=result)
        assert document["xeploai"] == result
        assert findings(document) == []


@pytest.mark.parametrize("profile", marks.SECONDARY_PROFILES)
@pytest.mark.parametrize("grade", [6, 9, 10, 12])
def test_every_secondary_result_can_be_asked_for(profile: str, grade: int) -> None:
    for seed in range(20):
        document = make(seed, grade, result=profile)
        assert document["canam"] == marks.SECONDARY_PROFILES[profile].learning
        assert findings(document) == []


def test_every_result_occurs_by_itself() -> None:
    primary = Counter(make(seed, 4)["xeploai"] for seed in range(200))
    secondary = Counter(make(seed, 7)["canam"] for seed in range(200))
    assert set(primary) == {"HTXS", "HTT", "HT", "CHT"}
    assert set(secondary) == {"T", "K", "Đ", "CĐ"}


def test_the_same_seed_makes_the_same_document() -> None:
    assert make(5, 8) == make(5, 8) != make(6, 8)


def test_choices_of_the_caller_are_kept() -> None:
    teacher = ("Nguyễn Thị Thử", "079180000001")
    document = make(1, 6, class_name="6A9", teacher=teacher, code="ma-1", version=3)
    assert (document["tenlop"], document["tengvcn"], document["soddcngvcn"]) == ("6A9", *teacher)
    assert (document["madinhdanhhocba"], document["phienbanthongtinhocba"]) == ("ma-1", "3")
