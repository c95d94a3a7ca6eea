"""Who a pupil is: what contradicts what, and which texts may be kept."""

from __future__ import annotations

import pytest

from registry.core.ids import BirthDate, SchoolYear, Sex
from registry.core.pupils import Person, differences, reason_fits

ANNA = Person(BirthDate(2015, 3, 4), Sex.FEMALE, SchoolYear(2023), 2)


@pytest.mark.parametrize(
    ("told", "differs"),
    [
        (Person(BirthDate(2015, 3, 4), Sex.FEMALE), ()),
        (Person(BirthDate(2015), Sex.FEMALE), ()),
        (Person(), ()),
        (Person(BirthDate(2015, 3, 5), Sex.FEMALE), ("birth_date",)),
        (Person(BirthDate(2015, 3, 4), Sex.MALE), ("sex",)),
        (Person(BirthDate(2014), Sex.MALE), ("birth_date", "sex")),
    ],
)
def test_differences(told: Person, differs: tuple[str, ...]) -> None:
    assert differences(ANNA, told) == differs


def test_what_is_kept_comes_back() -> None:
    for person in (ANNA, Person(), Person(BirthDate(2015), None, SchoolYear(2024), 1)):
        assert Person.parse(str(person)) == person


def test_the_later_document_counts() -> None:
    earlier = Person(None, None, SchoolYear(2023), 1)
    assert ANNA.told_later_than(earlier)
    assert not earlier.told_later_than(ANNA)
    assert Person(None, None, SchoolYear(2024), 1).told_later_than(ANNA)
    assert not ANNA.told_later_than(ANNA)


def test_a_number_says_sex_and_year() -> None:
    assert Person.of_number("079315000001") == Person(BirthDate(2015), Sex.FEMALE)
    assert Person.of_number("079098000001") == Person(BirthDate(1998), Sex.MALE)
    assert ANNA.fits("079315000001")
    assert not ANNA.fits("079215000001")
    assert not ANNA.fits("079314000001")


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("Quyết định 12/QĐ-CA ngày 01/02/2026", True),
        ("a" * 200, True),
        ("a" * 201, False),
        ("", False),
        (" ", False),
        (" x", False),
        ("a\nb", False),
        ("số 079315000001", False),
        ("CMND 123456789", False),
        ("1234567890", True),
    ],
)
def test_reasons(text: str, fits: bool) -> None:
    assert reason_fits(text) is fits
