"""The days on which a list's codes need not be asked for one by one."""

from __future__ import annotations

from datetime import date

import pytest

from registry.formats.code_lists import CodeList, Period

_FIRST, _MIDDLE, _LAST = date(2011, 9, 1), date(2019, 7, 1), date.max


@pytest.mark.parametrize(
    ("periods", "settled"),
    [
        ({"A": ((_FIRST, _LAST),)}, (_FIRST, _LAST)),
        ({"A": ((_FIRST, _LAST),), "B": ((_MIDDLE, _LAST),)}, (_MIDDLE, _LAST)),
        ({"A": ((_FIRST, _LAST),), "B": ((_FIRST, _MIDDLE),)}, (_FIRST, _MIDDLE)),
        ({"A": ((_FIRST, date(2019, 6, 30)), (_MIDDLE, _LAST))}, (_FIRST, _LAST)),
    ],
)
def test_one_stretch(periods: dict[str, tuple[Period, ...]], settled: Period) -> None:
    listed = CodeList("", {}, {}, periods)
    assert listed.settled == settled
    assert all(listed.in_force(code, day) for code in periods for day in settled)


@pytest.mark.parametrize(
    "periods",
    [
        {"A": ((_FIRST, date(2019, 6, 29)), (_MIDDLE, _LAST))},  # a day between the two
        {"A": ((_FIRST, date(2015, 1, 1)),), "B": ((_MIDDLE, _LAST),)},  # never both
    ],
)
def test_a_gap_settles_no_day(periods: dict[str, tuple[Period, ...]]) -> None:
    first, last = CodeList("", {}, {}, periods).settled
    assert not any(first <= day <= last for day in (_FIRST, date(2017, 1, 1), date(2019, 6, 30), _MIDDLE, _LAST))
