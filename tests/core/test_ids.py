"""Identifiers: tables of numbers and texts with what is said about them."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.core import ids, places
from registry.core.ids import BirthDate, Level, SchoolYear, Sex

MALE, FEMALE = Sex.MALE, Sex.FEMALE
BORN = BirthDate(2017, 5, 3)


def found(number: str, sex: Sex | None = MALE, birth: BirthDate | None = BORN) -> list[str]:
    findings = ids.number_findings(number, sex=sex, birth=birth, pointer="/here")
    assert {finding.pointer for finding in findings} <= {"/here"}
    # shorter texts stand in the sentence of their own accord ("12 digits 0 to 9")
    assert not any(len(number) > 2 and number in finding.detail for finding in findings)
    return [finding.code.slug for finding in findings]


@pytest.mark.parametrize(
    ("number", "sex", "birth", "expected"),
    [
        ("079217012345", MALE, BORN, []),
        ("079317012345", FEMALE, BORN, []),
        ("079217012345", None, None, []),
        ("079217012345", MALE, BirthDate(2017), []),
        ("001085000001", MALE, BirthDate(1985, 2), []),
        ("295317999999", FEMALE, BORN, []),
        ("101217000000", MALE, BORN, []),
        # shape, and nothing else: never repaired
        ("", MALE, BORN, ["number-shape"]),
        ("79217012345", MALE, BORN, ["number-shape"]),
        ("0792170123456", MALE, BORN, ["number-shape"]),
        (" 079217012345", MALE, BORN, ["number-shape"]),
        ("079217012345\n", MALE, BORN, ["number-shape"]),
        ("079 217 012 345", MALE, BORN, ["number-shape"]),
        ("07921701234x", MALE, BORN, ["number-shape"]),
        ("０７９２１７０１２３４５", MALE, BORN, ["number-shape"]),
        ("٠٧٩٢١٧٠١٢٣٤٥", MALE, BORN, ["number-shape"]),
        # place: gaps of the table
        ("000217012345", MALE, BORN, ["number-place"]),
        ("003217012345", MALE, BORN, ["number-place"]),
        ("097217012345", MALE, BORN, ["number-place"]),
        ("100217012345", MALE, BORN, ["number-place"]),
        ("296217012345", MALE, BORN, ["number-place"]),
        # century and sex
        ("079317012345", MALE, BORN, ["number-sex"]),
        ("079217012345", FEMALE, BORN, ["number-sex"]),
        ("079017012345", MALE, BORN, ["number-sex"]),
        ("079117012345", FEMALE, BORN, ["number-sex"]),
        ("079017012345", None, BORN, ["number-sex"]),
        ("079417012345", MALE, BORN, ["number-sex"]),
        ("079417012345", MALE, BirthDate(2117), []),
        ("079017012345", MALE, None, []),
        ("079317012345", MALE, None, ["number-sex"]),
        # year
        ("079216012345", MALE, BORN, ["number-year"]),
        ("079216012345", MALE, None, []),
        ("079200012345", MALE, BirthDate(2000), []),
        # several at once
        ("003316012345", MALE, BORN, ["number-place", "number-sex", "number-year"]),
    ],
)
def test_personal_numbers(number: str, sex: Sex | None, birth: BirthDate | None, expected: list[str]) -> None:
    assert found(number, sex, birth) == expected


def test_the_places_are_the_63_provinces_and_195_countries() -> None:
    assert len(places.PROVINCES) == 63
    assert list(places.COUNTRIES) == [str(n) for n in range(101, 296)]
    assert places.COUNTRIES["279"] == "CN"


@given(st.text(max_size=14))
def test_any_text_gets_an_answer(number: str) -> None:
    assert (found(number) == ["number-shape"]) == (not ids.number_fits(number))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2023-2024", SchoolYear(2023)),
        ("1999-2000", SchoolYear(1999)),
        ("2023-2025", None),
        ("2024-2023", None),
        ("2023-2023", None),
        ("2023/2024", None),
        ("2023-24", None),
        (" 2023-2024", None),
        ("2023-2024\n", None),
        ("２０２３-２０２４", None),
        ("1899-1900", None),
        ("", None),
    ],
)
def test_school_years(text: str, expected: SchoolYear | None) -> None:
    assert SchoolYear.parse(text) == expected
    if expected is not None:
        assert str(expected) == text


def test_school_years_are_ordered_by_time() -> None:
    assert SchoolYear(2023) < SchoolYear(2024)
    assert SchoolYear(2023).first == 2023


@pytest.mark.parametrize(
    ("day", "expected"), [(date(2024, 7, 31), 2023), (date(2024, 8, 1), 2024), (date(2025, 1, 1), 2024)]
)
def test_the_school_year_of_a_day(day: date, expected: int) -> None:
    assert SchoolYear.containing(day) == SchoolYear(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2016-02-29", BirthDate(2016, 2, 29)),
        ("2016-02", BirthDate(2016, 2)),
        ("2016", BirthDate(2016)),
        ("2017-02-29", None),
        ("2016-13", None),
        ("2016-00", None),
        ("2016-01-00", None),
        ("2016-1-1", None),
        ("20160101", None),
        ("1899", None),
        ("", None),
    ],
)
def test_birth_dates(text: str, expected: BirthDate | None) -> None:
    assert BirthDate.parse(text) == expected
    if expected is not None:
        assert str(expected) == text


@pytest.mark.parametrize(
    ("one", "two", "agree"),
    [
        ("2016-02-29", "2016-02", True),
        ("2016-02-29", "2016", True),
        ("2016-02", "2016-02-01", True),
        ("2016-02-29", "2016-03", False),
        ("2016-02-29", "2017", False),
        ("2016-02-29", "2016-02-28", False),
    ],
)
def test_birth_dates_agree_in_what_both_know(one: str, two: str, agree: bool) -> None:
    first, second = BirthDate.parse(one), BirthDate.parse(two)
    assert first is not None
    assert second is not None
    assert first.agrees_with(second) is agree
    assert second.agrees_with(first) is agree


@pytest.mark.parametrize(
    ("code", "school", "transcript"),
    [
        ("79771001", True, True),
        ("A_b-9", True, False),
        ("a" * 20, True, True),
        ("a" * 21, False, True),
        ("a" * 36, False, True),
        ("a" * 37, False, False),
        ("", False, False),
        ("79 771", False, False),
        ("79/771", False, False),
        ("mã", False, False),
        ("79771001\n", False, False),
    ],
)
def test_shapes_of_codes(code: str, school: bool, transcript: bool) -> None:
    assert ids.school_code_fits(code) is school
    assert ids.pupil_code_fits(code) is school
    assert ids.transcript_code_fits(code) is transcript


def test_grades_belong_to_levels() -> None:
    assert [ids.level_of(grade) for grade in (0, 1, 5, 6, 9, 10, 12, 13)] == [
        None,
        *(Level.PRIMARY,) * 2,
        *(Level.LOWER_SECONDARY,) * 2,
        *(Level.UPPER_SECONDARY,) * 2,
        None,
    ]
    assert ids.grade_fits(Level.PRIMARY, 5)
    assert not ids.grade_fits(Level.PRIMARY, 6)


def test_fingerprint_is_the_sha_256_of_the_bytes() -> None:
    assert ids.fingerprint(b"abc") == hashlib.sha256(b"abc").digest()


def test_uuid7_matches_the_example_of_rfc_9562() -> None:
    moment = datetime(2022, 2, 22, 19, 22, 22, tzinfo=UTC)  # 0x017F22E279B0 milliseconds
    entropy = ((0xCC3 << 62) | 0x18C4DC0C0C07398F).to_bytes(10)
    assert str(ids.uuid7(moment, entropy)) == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"


@given(st.integers(0, 250 * 10**9), st.binary(min_size=10, max_size=16))
def test_uuid7_has_version_variant_and_time(milliseconds: int, entropy: bytes) -> None:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds, microseconds=999)
    made = ids.uuid7(moment, entropy)
    assert made.version == 7
    assert made.variant == "specified in RFC 4122"
    assert made.int >> 80 == milliseconds


def test_uuid7_wants_ten_random_bytes() -> None:
    with pytest.raises(ValueError, match="10 random bytes"):
        ids.uuid7(datetime(2024, 1, 1, tzinfo=UTC), bytes(9))
