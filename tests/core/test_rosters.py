"""How two rosters differ."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from registry.core.rosters import Stay, compare

CODES = st.sampled_from("abcdef")
ROSTERS = st.dictionaries(CODES, st.sampled_from(["1A", "1B"])).map(
    lambda classes: {code: Stay(code, name, "Tên") for code, name in classes.items()}
)


@given(ROSTERS, ROSTERS)
def test_the_difference_turns_one_roster_into_the_other(before: dict[str, Stay], after: dict[str, Stay]) -> None:
    found = compare(before, after)
    kept = {code: stay for code, stay in before.items() if code not in {*found.left, *found.changed}}
    assert kept | {code: after[code] for code in (*found.joined, *found.changed)} == after
    assert len(found.joined) + len(found.changed) + found.unchanged == len(after)
    assert all(before[code] != after[code] for code in found.changed)


@given(ROSTERS)
def test_the_same_roster_is_no_difference(roster: dict[str, Stay]) -> None:
    found = compare(roster, dict(roster))
    assert (found.joined, found.left, found.changed, found.unchanged) == ((), (), (), len(roster))
