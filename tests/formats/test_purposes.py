"""Purposes as data: what a file may say, and what counts when."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from registry.core.claims import ClaimKind
from registry.core.content import ContentField
from registry.core.purposes import BUILTIN, codes_in_force, in_force
from registry.formats import purposes

GOOD = """
[[purpose]]
code = "grade-10"
valid_from = 2026-03-01
title_vi = "Tuyển sinh lớp 10"
title_en = "Admission to grade 10"
fields = ["pupil_name", "birth_date"]
claims = ["average_at_least"]
averages = ["6.5"]
results = ["K"]
grades = [6, 7, 8, 9]
"""
MARCH = datetime(2026, 3, 1, tzinfo=UTC)


def test_a_file_is_read_and_kept_without_loss() -> None:
    (row,), problems = purposes.read_toml(GOOD.encode())
    assert not problems
    assert (row.code, row.valid_from, row.grades) == ("grade-10", MARCH, frozenset({6, 7, 8, 9}))
    assert row.fields == {ContentField.PUPIL_NAME, ContentField.BIRTH_DATE}
    assert row.claims == {ClaimKind.AVERAGE_AT_LEAST}
    assert purposes.of_members(row.code, row.valid_from, purposes.members(row)) == row


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        (('code = "grade-10"', 'code = "Grade 10"'), "/purpose/0/code"),
        (("2026-03-01", '"soon"'), "/purpose/0/valid_from"),
        (("2026-03-01", "2026-03-01T00:00:00"), "/purpose/0/valid_from"),
        (('"birth_date"', '"personal_number"'), "/purpose/0/fields"),
        (('["average_at_least"]', '["rank"]'), "/purpose/0/claims"),
        (('"6.5"', "6.5"), "/purpose/0/averages"),
        (('"6.5"', '"6.55"'), "/purpose/0/averages"),
        (('"K"', '"A"'), "/purpose/0/results"),
        (("[6, 7, 8, 9]", "[13]"), "/purpose/0/grades"),
        (("[6, 7, 8, 9]", "[true]"), "/purpose/0/grades"),
        (('title_vi = "Tuyển sinh lớp 10"', ""), "/purpose/0/title_vi"),
        (("grades", "years"), "/purpose/0/years"),
        (("[[purpose]]", "[[reason]]"), "/purpose"),
        (("[[purpose]]", "[[purpose"), ""),
        (("averages", "closed = 1\naverages"), "/purpose/0/closed"),
        (("averages", 'extract = "yes"\naverages'), "/purpose/0/extract"),
        (("averages", "extract = true\naverages"), "/purpose/0/extract"),  # two fields, and an extract shows all
    ],
)
def test_what_is_wrong_is_pointed_at(change: tuple[str, str], pointer: str) -> None:
    rows, problems = purposes.read_toml(GOOD.replace(*change).encode())
    assert rows == ()
    assert pointer in {problem.pointer for problem in problems}


def test_the_same_moment_twice_is_a_problem() -> None:
    rows, problems = purposes.read_toml((GOOD + GOOD).encode())
    assert (rows, [problem.pointer for problem in problems]) == ((), ["/purpose/1"])


def test_what_counts_when() -> None:
    rows, _ = purposes.read_toml(GOOD.replace("grade-10", "admission").encode())
    builtin = in_force(rows, "admission", MARCH - timedelta(seconds=1))
    assert builtin in BUILTIN
    assert in_force(rows, "admission", MARCH) == rows[0]
    assert in_force((), "curiosity", MARCH) is None
    closing, _ = purposes.read_toml(
        GOOD.replace("grade-10", "admission").replace("grades", "closed = true\ngrades").encode()
    )
    assert in_force(closing, "admission", MARCH) is None
    assert "admission" not in codes_in_force(closing, MARCH)
    assert "transfer" in codes_in_force(closing, MARCH)


def test_a_whole_extract_is_for_who_may_read_every_field() -> None:
    every = ", ".join(f'"{each}"' for each in ContentField)
    raw = GOOD.replace('"pupil_name", "birth_date"', every).replace("averages", "extract = true\naverages")
    (row,), problems = purposes.read_toml(raw.encode())
    assert not problems
    assert row.whole
    for each in (*BUILTIN, row):
        assert not each.extract or each.whole, each.code
    assert not replace(row, fields=row.fields - {ContentField.SUBJECTS}).whole


def test_what_this_version_does_not_know_allows_nothing() -> None:
    (row,), _ = purposes.read_toml(GOOD.encode())
    later = purposes.of_members(row.code, row.valid_from, {**purposes.members(row), "fields": ["of_the_future"]})
    assert later.closed
