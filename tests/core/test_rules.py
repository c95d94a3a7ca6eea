"""Which circular judges which grade in which school year, and how its name may be written."""

from __future__ import annotations

from random import Random

import pytest

from registry.core import codes, ids, rules
from registry.core.findings import Finding
from registry.core.ids import SchoolYear
from registry.core.rule_sets import RuleSet
from registry.core.transcript import Transcript
from registry.demo import transcripts
from registry.formats import documents


def made(grade: int, year: int = 2024) -> Transcript:
    rng = Random(grade)
    school = transcripts.school(rng, code="79771001", name="Trường Thử nghiệm")
    pupil = transcripts.pupil(rng, grade=grade, school_year=SchoolYear(year))
    transcript = documents.parse(transcripts.to_bytes(transcripts.document(rng, pupil, school))).transcript
    assert transcript is not None
    return transcript


def found(transcript: Transcript) -> list[tuple[str, str]]:
    return [(finding.code.slug, finding.pointer) for finding in rules.check(transcript)]


#: First school year of the circular now in force for each grade (TT 27/2020, TT 22/2021: roadmaps).
FIRST = {1: 2020, 2: 2021, 3: 2022, 4: 2023, 5: 2024, 6: 2021, 7: 2022, 8: 2023, 9: 2024, 10: 2022, 11: 2023, 12: 2024}


#: Grades with a first year that rests on unverified knowledge: the year of which a text read says it was in force.
SURE = {6: 2023, 7: 2023, 8: 2023, 9: 2025, 10: 2023, 11: 2023, 12: 2025}
UNSURE, WRONG = [("rule-circular-unsure", "/circular")], [("rule-circular", "/circular")]


@pytest.mark.parametrize(("grade", "first"), FIRST.items())
def test_a_circular_is_in_force_from_its_first_year_on(grade: int, first: int) -> None:
    transcript = made(grade)
    assert found(transcript.but(school_year=SchoolYear(first))) == []
    assert found(transcript.but(school_year=SchoolYear(first + 9))) == []
    early = UNSURE if grade in SURE and first > 2021 else WRONG  # before the year of its issue it can't have been
    assert found(transcript.but(school_year=SchoolYear(first - 1))) == early
    assert found(transcript.but(school_year=SchoolYear(first - 2))) == WRONG


@pytest.mark.parametrize(("grade", "first"), FIRST.items())
def test_older_circulars_are_history(grade: int, first: int) -> None:
    """Shape alone is asked of them, and only until the new one is known to be there."""
    primary = ("30/2014", "22/2016/TT-BGDĐT", "32/2009", "QĐ 30/2005/QĐ-BGD&ĐT")
    for name in primary if grade <= 5 else ("TT 58/2011/TT-BGDĐT", "26/2020", "40/2006/QĐ-BGDĐT", "51/2008"):
        transcript = made(grade).but(circular=name)
        assert found(transcript.but(school_year=SchoolYear(first - 1), promoted=False)) == []
        for year in range(first, first + 4):
            late = UNSURE if year < SURE.get(grade, first) else WRONG
            assert found(transcript.but(school_year=SchoolYear(year))) == late


@pytest.mark.parametrize("name", ["27/2020", "27/2020/TT-BGDĐT", "TT 27/2020/TT-BGDĐT", "TT 27/2020"])
def test_spellings_of_the_primary_circular(name: str) -> None:
    assert found(made(3).but(circular=name)) == []
    assert found(made(7).but(circular=name)) == [("rule-circular", "/circular")]


@pytest.mark.parametrize(
    "name",
    [
        *("22/2021", "22/2021/TT-BGDĐT", "TT 22/2021/TT-BGDĐT", "TT 22/2021", "Thông tư 22/2021/TT-BGDĐT", "TT22/2021"),
        *("Thông tư số 22/2021/TT-BGDĐT", "22/2021/TT-BGDDT"),
    ],
)
def test_spellings_of_the_secondary_circular(name: str) -> None:
    assert found(made(11).but(circular=name)) == []
    assert found(made(2).but(circular=name)) == [("rule-circular", "/circular")]


@pytest.mark.parametrize(
    "name", ["", "27", "27-2020", "58/2011/TT-BGDĐT", "27/2020/QĐ", "tt 27/2020", " 27/2020", "27/2020/TT-BGDÐT"]
)
def test_other_names_are_no_circular(name: str) -> None:
    assert found(made(1).but(circular=name)) == [("rule-circular", "/circular")]


@pytest.mark.parametrize(("grade", "first"), FIRST.items())
def test_of_the_past_an_unknown_name_is_only_warned_of(grade: int, first: int) -> None:
    """Which decisions books of the past name rests on unverified knowledge; what is in force now does not."""
    transcript = made(grade).but(circular="QĐ 1993", promoted=False)
    for year in (first - 1, 1994):
        assert found(transcript.but(school_year=SchoolYear(year))) == [("rule-circular-unsure", "/circular")]
    assert found(transcript.but(school_year=SchoolYear(first))) == [("rule-circular", "/circular")]


def test_of_the_past_an_older_circular_of_another_level_is_only_warned_of() -> None:
    """Which grades it was of was not read; of which year it is its name says."""
    for grade, circular in ((3, "58/2011"), (7, "30/2014")):
        transcript = made(grade).but(circular=circular, promoted=False)
        assert found(transcript.but(school_year=SchoolYear(FIRST[grade] - 1))) == UNSURE
        assert found(transcript.but(school_year=SchoolYear(FIRST[grade]))) == WRONG
        assert found(transcript.but(school_year=SchoolYear(int(circular[-4:]) - 1))) == WRONG
        assert found(transcript.but(school_year=SchoolYear(2018), circular="27/2020")) == WRONG


def test_a_new_circular_is_one_module_and_one_row_of_dates() -> None:
    """A made-up circular for grades 6 and 7: what it replaces ends by itself, nothing else changes."""
    refused = Finding(codes.RULE_RESULT, "/learning/year")
    row = RuleSet("99/2030", lambda _: [refused], {6: SchoolYear(2030), 7: SchoolYear(2031)}, replaces=("22/2021",))
    known = rules.by_name(rules.timeline((*rules.ROWS, row)))

    def told(grade: int, year: int, circular: str) -> list[str]:
        transcript = made(grade).but(school_year=SchoolYear(year), circular=circular)
        return [finding.code.slug for finding in rules.check(transcript, known)]

    for grade, first in ((6, 2030), (7, 2031)):
        assert told(grade, first - 1, "22/2021") == []
        assert told(grade, first - 1, "99/2030") == ["rule-circular"]
        assert told(grade, first, "99/2030/TT-BGDĐT") == ["rule-result"]
        assert told(grade, first, "22/2021") == ["rule-circular"]
    assert told(8, 2040, "22/2021") == []
    assert told(8, 2040, "99/2030") == ["rule-circular"]
    assert [finding.code.slug for finding in rules.check(made(6).but(circular="99/2030"))] == ["rule-circular"]


def test_a_wrong_circular_is_told_which_ones_are_right() -> None:
    [finding] = rules.check(made(6).but(school_year=SchoolYear(2020)))
    assert finding.detail == "58/2011, 26/2020, 40/2006, 51/2008"
    [finding] = rules.check(made(7).but(school_year=SchoolYear(2021)))
    assert (finding.code.slug, finding.detail) == ("rule-circular-unsure", "22/2021: 2022-2023")
    [finding] = rules.check(made(6).but(school_year=SchoolYear(2003)))
    assert finding.detail.startswith("no circular")


def test_every_rule_set_names_grades_of_its_own() -> None:
    in_force = [rule_set for rule_set in rules.RULE_SETS if rule_set.rules]
    grades = [grade for rule_set in in_force for grade in rule_set.first]
    assert sorted(grades) == list(range(1, 13))
    assert all(ids.level_of(grade) for grade in grades)


def test_nothing_personal_in_repr() -> None:
    transcript = made(6)
    shown = repr(transcript)
    for secret in (transcript.number, transcript.pupil_name, transcript.principal_name, transcript.principal_number):
        assert secret
        assert secret not in shown
    assert transcript.teacher_name not in shown
    assert transcript.secondary is not None
    assert transcript.secondary.marks[0].teacher_name not in shown
