"""What is wrong with a school's signers before a moment: each trouble, what covers it, the counts, the next signing day."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from registry.core import expiring
from registry.core.expiring import Item, Registered, Trouble
from registry.core.trust import Role

NOW = datetime(2026, 11, 23, tzinfo=UTC)
BEFORE = datetime(2027, 6, 14, 17, tzinfo=UTC)
DAY = timedelta(days=1)
GOOD = Registered("A", Role.SEAL, b"1", "Con dấu A", BEFORE + DAY, NOW - 300 * DAY, None, False)


def found(*rows: Registered, roles: tuple[Role, ...] = (Role.SEAL,)) -> list[tuple[Trouble, bool]]:
    return [(item.trouble, item.covered) for item in expiring.compare(["A"], rows, roles, BEFORE, NOW)]


@pytest.mark.parametrize(
    ("row", "trouble"),
    [
        (GOOD, None),
        (replace(GOOD, not_after=BEFORE), None),
        (replace(GOOD, not_after=BEFORE - timedelta(seconds=1)), Trouble.EXPIRES),
        (replace(GOOD, not_after=NOW - DAY), Trouble.EXPIRED),
        (replace(GOOD, revoked=True, not_after=NOW - DAY), Trouble.REVOKED),
        (replace(GOOD, valid_to=BEFORE - DAY), Trouble.REGISTRATION_ENDS),
        (replace(GOOD, valid_to=BEFORE), None),
        (replace(GOOD, valid_to=NOW), Trouble.NONE_REGISTERED),
        (replace(GOOD, school_code="B"), Trouble.NONE_REGISTERED),
        (replace(GOOD, role=Role.TEACHER), Trouble.NONE_REGISTERED),
    ],
)
def test_each_trouble(row: Registered, trouble: Trouble | None) -> None:
    assert found(row) == ([] if trouble is None else [(trouble, False)])


def test_a_renewed_seal_covers_the_old_one_and_a_colleague_does_not() -> None:
    old, new = replace(GOOD, certificate=b"0", not_after=NOW + DAY), GOOD
    assert found(old, new) == [(Trouble.EXPIRES, True)]
    assert found(old, replace(new, revoked=True)) == [(Trouble.EXPIRES, False), (Trouble.REVOKED, False)]
    teachers = [replace(row, role=Role.TEACHER) for row in (old, new)]
    assert found(*teachers, roles=(Role.TEACHER,)) == [(Trouble.EXPIRES, False)]


def test_one_certificate_registered_twice_is_one_entry() -> None:
    short, long = replace(GOOD, valid_to=NOW + DAY), replace(GOOD, valid_from=NOW)
    assert found(short, long) == found(long, short) == []
    assert found(short, replace(short, valid_from=NOW)) == [(Trouble.REGISTRATION_ENDS, False)]


def test_counts() -> None:
    items = [
        Item("A", Role.SEAL, Trouble.EXPIRES, covered=True),
        Item("B", Role.SEAL, Trouble.EXPIRES),
        Item("B", Role.TEACHER, Trouble.REVOKED),
        Item("C", Role.SEAL, Trouble.EXPIRED),
    ]
    counts = expiring.over({"A", "B"}, items)
    assert (counts.schools, counts.affected, counts.covered) == (2, 1, 1)
    assert {t: n for t, n in counts.by_trouble.items() if n} == {Trouble.EXPIRES: 1, Trouble.REVOKED: 1}


@pytest.mark.parametrize(
    ("now", "day"),
    [
        (datetime(2026, 11, 23, tzinfo=UTC), datetime(2027, 6, 14, 17, tzinfo=UTC)),
        (datetime(2027, 6, 14, 16, 59, tzinfo=UTC), datetime(2027, 6, 14, 17, tzinfo=UTC)),
        (datetime(2027, 6, 14, 17, tzinfo=UTC), datetime(2028, 6, 14, 17, tzinfo=UTC)),
    ],
)
def test_the_next_signing_day(now: datetime, day: datetime) -> None:
    assert expiring.next_day("06-15", now) == day
