"""Whose number it is: sure for exactly one pupil with name, whole birth date and sex; everything else is for a person."""

from __future__ import annotations

from unicodedata import normalize

import pytest

from registry.core import codes, names, numbers
from registry.core.findings import Finding
from registry.core.ids import BirthDate, Sex
from registry.core.numbers import Doubt, Lacking, Roll, Told, Why

BORN = BirthDate(2017, 5, 4)


def pupil(code: str, name: str, birth: BirthDate | None = BORN, sex: Sex | None = Sex.FEMALE) -> Lacking:
    return Lacking("79771101", code, 1, "1A", name, sex, birth, Why.ABSENT)


def told(name: str, birth: BirthDate | None = BORN, sex: Sex | None = Sex.FEMALE, code: str | None = None) -> Told:
    return Told(1, 2, name, birth, sex, "079317000001", code)


AN, AAN = pupil("1", "Nguyễn Thị Hòa An"), pupil("2", "Nguyễn Thị Hòa Ân")


@pytest.mark.parametrize(
    ("one", "two", "same"),
    [
        ("Hoà", "Hòa", True), ("THÚY", "thuý", True), ("Mỹ", "Mĩ", True), ("Lý", "Lí", True), ("An", "Ân", False),
        ("Đan", "Dan", False), ("Thủy", "Thùy", False), (normalize("NFD", "Nguyễn  Án"), " nguyễn án", True),
        ("Quý", "Quí", True), ("Tú", "Tư", False),
    ],
)  # fmt: skip
def test_two_spellings_are_one_and_two_names_are_two(one: str, two: str, same: bool) -> None:
    assert (names.match_key(one) == names.match_key(two)) is same


@pytest.mark.parametrize(
    ("row", "found", "doubts"),
    [
        (told("nguyễn thị hoà an"), ["1"], []),
        (told("Nguyễn Thị Hòa Ân"), ["2"], []),
        (told("Nguyen Thi Hoa An"), ["1", "2"], [Doubt.SEVERAL, Doubt.NAME]),
        (told("Nguyễn Thị Hòa An", BirthDate(2017)), ["1", "2"], [Doubt.SEVERAL, Doubt.NAME, Doubt.BIRTH]),
        (told("Nguyễn Thị Hòa An", None), ["1", "2"], [Doubt.SEVERAL, Doubt.NAME, Doubt.BIRTH]),
        (told("Nguyễn Thị Hòa An", sex=None), ["1", "2"], [Doubt.SEVERAL, Doubt.NAME, Doubt.SEX]),
        (told("Nguyễn Thị Hòa An", sex=Sex.MALE), [], []),
        (told("Nguyễn Thị Hòa An", BirthDate(2017, 5, 5)), [], []),
        (told("Trần Thị Hòa An"), [], []),
        (told("Nguyễn Thị Hòa An", code="1"), ["1"], []),
        (told("Nguyễn Thị Hòa An", code="2"), ["2"], [Doubt.NAME]),
        (told("Nguyễn Thị Hòa An", code="9"), ["1"], [Doubt.CODE]),
        (told("Trần Thị Hòa An", BirthDate(2017, 5, 5), code="1"), ["1"], [Doubt.NAME, Doubt.BIRTH]),
    ],
)
def test_whom_a_row_means(row: Told, found: list[str], doubts: list[Doubt]) -> None:
    match = Roll([AN, AAN]).match(row)
    assert [each.pupil_code for each in match.pupils] == found
    assert list(match.doubts) == doubts
    assert match.sure is (len(found) == 1 and not doubts)


def test_two_pupils_who_are_alike_are_never_told_apart_by_a_machine() -> None:
    alike = [pupil("1", "Lê An"), pupil("2", "Lê An")]
    assert Roll(alike).match(told("Lê An")).doubts == (Doubt.SEVERAL,)
    assert Roll(alike).match(told("Lê An", code="2")).sure


def test_a_pupil_on_two_rosters_is_one() -> None:
    assert Roll([AN, AN]).match(told(AN.name)).sure


def test_what_the_roster_does_not_know_is_a_doubt() -> None:
    roll = Roll([pupil("1", "Lê An", BirthDate(2017), None)])
    assert roll.match(told("Lê An")).doubts == (Doubt.BIRTH, Doubt.SEX)


ABSENT, WARNED = Finding(codes.NUMBER_ABSENT, "/sodinhdanh"), Finding(codes.NUMBER_SUPPLIED, "/sodinhdanh")


@pytest.mark.parametrize(
    ("findings", "waits"),
    [
        ([ABSENT], True), ([WARNED, ABSENT], True), ([], False), ([ABSENT, Finding(codes.FIELD_EMPTY)], False),
        ([ABSENT, Finding(codes.RECORD_DECISION)], False),
    ],
)  # fmt: skip
def test_what_waits_for_a_number_alone(findings: list[Finding], waits: bool) -> None:
    assert numbers.waits_for_number(findings) is waits
    assert numbers.supplied([ABSENT]) == (WARNED,)
