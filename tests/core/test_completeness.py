"""Buckets: each pupil in exactly one, in order of precedence, and sums that lose nobody."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.core import completeness
from registry.core.completeness import Bucket, Counts, Standing
from registry.core.findings import Outcome

STANDINGS = st.builds(Standing, st.booleans(), st.booleans(), st.none() | st.sampled_from(Outcome), st.booleans())
ROWS = st.lists(st.tuples(st.sampled_from("ABC"), st.none() | STANDINGS, st.integers(1, 9)))


@pytest.mark.parametrize(
    ("on_record", "without_number", "last", "bucket"),
    [
        (True, True, Outcome.REFUSED, Bucket.PRESENT),
        (True, False, Outcome.HELD, Bucket.PRESENT),
        (False, True, Outcome.HELD, Bucket.AWAITING_NUMBER),
        (False, True, None, Bucket.AWAITING_NUMBER),
        (False, False, Outcome.HELD, Bucket.HELD),
        (False, False, Outcome.REFUSED, Bucket.REFUSED),
        (False, False, None, Bucket.MISSING),
        (False, False, Outcome.ACCEPTED, Bucket.MISSING),  # accepted as somebody else's: not on record here
    ],
)
def test_precedence(on_record: bool, without_number: bool, last: Outcome | None, bucket: Bucket) -> None:
    assert completeness.bucket_of(Standing(on_record, without_number, last)) is bucket


def test_who_is_assessed_again_in_summer_is_on_record() -> None:
    assert completeness.bucket_of(Standing(True, False, None, True)) is Bucket.AWAITING_SUMMER
    assert completeness.bucket_of(Standing(False, False, None, True)) is Bucket.MISSING


@given(STANDINGS)
def test_each_standing_belongs_to_exactly_one_bucket(standing: Standing) -> None:
    homes = [bucket for bucket in Bucket if standing in completeness.standings_of(bucket)]
    assert homes == [completeness.bucket_of(standing)]
    assert Bucket.UNEXPECTED not in homes


@given(STANDINGS, st.none() | st.sampled_from(Outcome))
def test_attempts_do_not_matter_to_the_first_three(standing: Standing, other: Outcome | None) -> None:
    bucket = completeness.bucket_of(standing)
    if bucket in {Bucket.PRESENT, Bucket.AWAITING_SUMMER, Bucket.AWAITING_NUMBER}:
        assert completeness.bucket_of(replace(standing, last=other)) is bucket


@given(ROWS)
def test_sums_lose_nobody(rows: list[tuple[str, Standing | None, int]]) -> None:
    by_school = completeness.tally(rows)
    expected = sum(number for _, standing, number in rows if standing is not None)
    total = completeness.over(["A", "A", "B", "C", "D"], by_school)
    assert total.expected == sum(counts.expected for counts in by_school.values()) == expected
    assert total.of(Bucket.UNEXPECTED) == sum(number for _, standing, number in rows if standing is None)
    assert completeness.over(["B"], by_school).expected == by_school.get("B", Counts()).expected
