"""Buckets: each pupil in exactly one, in order of precedence, and sums that lose nobody."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.core import completeness
from registry.core.completeness import Bucket, Counts, Standing
from registry.core.findings import Outcome

_TWO = st.booleans()
STANDINGS = st.builds(Standing, _TWO, _TWO, _TWO, st.none() | st.sampled_from(Outcome), _TWO, _TWO)
ROWS = st.lists(st.tuples(st.sampled_from("ABC"), STANDINGS, st.integers(1, 9)))


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
    assert completeness.bucket_of(Standing(True, on_record, without_number, last)) is bucket


def test_who_is_assessed_again_in_summer_is_on_record() -> None:
    assert completeness.bucket_of(Standing(True, True, awaits_summer=True)) is Bucket.AWAITING_SUMMER
    assert completeness.bucket_of(Standing(True, False, awaits_summer=True)) is Bucket.MISSING


@pytest.mark.parametrize(
    ("standing", "bucket"),
    [
        (Standing(False, False), None),
        (Standing(False, True), Bucket.UNEXPECTED),
        (Standing(False, False, transferred=True), Bucket.TRANSFERRED),
        (Standing(False, True, transferred=True), Bucket.TRANSFERRED),  # the other school expects a transcript now
        (Standing(True, False, transferred=True), Bucket.MISSING),  # came back
        (Standing(False, False, without_number=True, last=Outcome.REFUSED), None),
    ],
)
def test_off_the_roster(standing: Standing, bucket: Bucket | None) -> None:
    assert completeness.bucket_of(standing) is bucket


@given(STANDINGS)
def test_each_standing_belongs_to_one_bucket_at_most(standing: Standing) -> None:
    homes = [bucket for bucket in Bucket if standing.key in completeness.keys_of(bucket)]
    assert homes == [bucket for bucket in (completeness.bucket_of(standing),) if bucket is not None]
    assert all((bucket in completeness.BESIDE) != standing.on_roster for bucket in homes)


def test_no_two_standings_have_one_key() -> None:
    assert len({standing.key for standing in completeness.standings()}) == len(completeness.standings())


@given(STANDINGS, st.none() | st.sampled_from(Outcome))
def test_attempts_do_not_matter_to_the_first_three(standing: Standing, other: Outcome | None) -> None:
    bucket = completeness.bucket_of(standing)
    if bucket in {Bucket.PRESENT, Bucket.AWAITING_SUMMER, Bucket.AWAITING_NUMBER}:
        assert completeness.bucket_of(replace(standing, last=other)) is bucket


@given(ROWS)
def test_sums_lose_nobody(rows: list[tuple[str, Standing, int]]) -> None:
    by_school = completeness.tally((school, standing.key, number) for school, standing, number in rows)
    total = completeness.over(["A", "A", "B", "C", "D"], by_school)
    expected = sum(number for _, standing, number in rows if standing.on_roster)
    assert total.expected == sum(counts.expected for counts in by_school.values()) == expected
    in_a_bucket = sum(number for _, standing, number in rows if completeness.bucket_of(standing) is not None)
    assert sum(total.of(bucket) for bucket in Bucket) == in_a_bucket
    assert completeness.over(["B"], by_school).expected == by_school.get("B", Counts()).expected
