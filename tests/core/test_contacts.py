"""Contacts of schools: a list as a difference, periods, whom a message goes to."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from registry.core import contacts
from registry.core.contacts import Contact

FIRST = Contact("79771101", "Văn thư", "02838650001", "vt@a.example", date(2026, 1, 1))
ENDED = replace(FIRST, valid_to=date(2026, 6, 1))
LATER = replace(FIRST, valid_from=date(2026, 6, 1), phone="02838650002")


@pytest.mark.parametrize(
    ("stored", "declared", "expected"),
    [
        ([], [FIRST], (1, 0, 0, [])),
        ([FIRST], [FIRST], (0, 0, 1, [])),
        ([FIRST], [replace(FIRST, phone=None)], (0, 1, 0, [])),
        ([FIRST], [], (0, 0, 0, [])),
        ([FIRST], [LATER], (1, 0, 0, [2])),
        ([FIRST], [ENDED, LATER], (1, 1, 0, [])),
        ([FIRST], [replace(LATER, role="Hiệu trưởng")], (1, 0, 0, [])),
        ([FIRST], [replace(LATER, school_code="79771102")], (1, 0, 0, [])),
        ([], [FIRST, FIRST], (1, 0, 0, [3])),
        ([], [FIRST, LATER], (2, 0, 0, [2, 3])),
    ],
)
def test_a_list_is_a_difference(
    stored: list[Contact], declared: list[Contact], expected: tuple[int, int, int, list[int]]
) -> None:
    found = contacts.compare(stored, list(enumerate(declared, 2)))
    rows = sorted({row for row, _ in found.problems})
    assert (len(found.new), len(found.changed), found.unchanged, rows) == expected


def test_who_holds_on_a_day() -> None:
    other = replace(FIRST, role="Công nghệ thông tin", email="cntt@a.example")
    for day, roles in (
        (date(2025, 12, 31), []),
        (date(2026, 1, 1), [other, ENDED]),
        (date(2026, 6, 1), [other, LATER]),
    ):
        assert list(contacts.on([ENDED, LATER, other], day).get("79771101", ())) == roles


def test_addresses_each_once() -> None:
    many = [replace(FIRST, role=str(n), email=f"a{n // 2}@a.example" if n else None) for n in range(20)]
    assert contacts.addresses(many) == tuple(f"a{n}@a.example" for n in range(5))
