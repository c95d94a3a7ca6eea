"""When a list is too much smaller than what is on file."""

import pytest

from registry.core import rosters
from registry.core.rosters import Counts


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        (Counts(left=19), False),
        (Counts(left=20), True),
        (Counts(left=20, unchanged=80), False),
        (Counts(left=21, unchanged=79), True),
        (Counts(joined=500, left=30, changed=20, unchanged=50), True),
        (Counts(joined=500), False),
    ],
)
def test_what_nobody_believes_without_a_word(counts: Counts, expected: bool) -> None:
    assert rosters.shrinks(counts) is expected


def test_counts_add_up() -> None:
    assert Counts(1, 2, 3, 4) + Counts(1, 1, 1, 1) == Counts(2, 3, 4, 5)
    assert Counts(1, 2, 3, 4).total == 8
