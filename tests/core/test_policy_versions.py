"""Which version decides about which moment: a table of versions and the rows that are left of them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from registry.core import policy_versions
from registry.core.trust import Algorithm, Hierarchy, Ownership, Policy, PolicyRow, Role


def at(year: int) -> datetime:
    return datetime(year, 1, 1, tzinfo=UTC)


def row(start: int, end: int | None = None, role: Role = Role.SEAL, **more: object) -> PolicyRow:
    made = PolicyRow(role, Ownership.PUBLIC, Hierarchy.GOVERNMENT, frozenset({Algorithm.PS256}), at(start),
                     at(end) if end else None)  # fmt: skip
    return PolicyRow(**{**{name: getattr(made, name) for name in PolicyRow.__slots__}, **more})


#: (versions, the newest first; what is left of each as (version, start, end))
CASES: list[tuple[str, list[Policy], list[tuple[str, int, int | None]]]] = [
    ("none", [], []),
    ("one", [Policy("1", (row(2020),))], [("1", 2020, None)]),
    ("a later version ends the earlier one", [Policy("2", (row(2025),)), Policy("1", (row(2020),))],
     [("2", 2025, None), ("1", 2020, 2025)]),
    ("a version for a while", [Policy("2", (row(2025, 2026),)), Policy("1", (row(2020),))],
     [("2", 2025, 2026), ("1", 2020, 2025), ("1", 2026, None)]),
    ("a version that covers everything", [Policy("2", (row(2019),)), Policy("1", (row(2020),))], [("2", 2019, None)]),
    ("a gap in a version belongs to the one before", [Policy("2", (row(2021, 2022), row(2023, 2024))), Policy("1", (row(2020),))],
     [("2", 2021, 2022), ("2", 2023, 2024), ("1", 2020, 2021), ("1", 2022, 2023), ("1", 2024, None)]),
    ("three", [Policy("3", (row(2026),)), Policy("2", (row(2024),)), Policy("1", (row(2020),))],
     [("3", 2026, None), ("2", 2024, 2026), ("1", 2020, 2024)]),
    ("what a version does not name it forbids", [Policy("2", (row(2025, role=Role.SEAL),)), Policy("1", (row(2020, role=Role.TEACHER),))],
     [("2", 2025, None), ("1", 2020, 2025)]),
]  # fmt: skip


@pytest.mark.parametrize(("versions", "left"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_is_left(versions: list[Policy], left: list[tuple[str, int, int | None]]) -> None:
    found = [
        (version, r.valid_from.year, r.valid_to.year if r.valid_to else None)
        for version, r in policy_versions.origins(versions)
    ]
    assert sorted(found, key=str) == sorted(left, key=str)
    table = policy_versions.in_force(versions)
    assert (table.version, len(table.rows)) == (versions[0].version if versions else "none", len(left))


def test_rows_by_year_and_time() -> None:
    policy = Policy("1", (row(2020, first_year=2022, last_year=2023), row(2020, first_year=2024, required=False)))
    seal, public = Role.SEAL, Ownership.PUBLIC
    for year, count, required in (
        (2021, 0, ()),
        (2022, 1, (seal,)),
        (2023, 1, (seal,)),
        (2024, 1, ()),
        (None, 2, (seal,)),
    ):
        assert len(policy.rows_for(seal, public, at(2026), year)) == count
        assert policy.required(public, at(2026), year) == required
    assert policy.rows_for(seal, public, at(2019), 2022) == ()
    assert policy.required(Ownership.NON_PUBLIC, at(2026), None) == ()
    assert policy.required(None, None, None) == (seal,)


_A, _B = frozenset({"1.2.3"}), frozenset({"1.2.4"})


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ((row(2020), row(2025, time_stamp=True)), (1, 2)),
        ((row(2020, 2026), row(2019), row(2025)), (1, 2)),
        ((row(2020, 2025), row(2025, time_stamp=True)), None),
        ((row(2020, role=Role.TEACHER), row(2021)), None),
        ((row(2020), row(2021, hierarchy=Hierarchy.PUBLIC)), None),
        ((row(2020, last_year=2024), row(2021, first_year=2025)), None),
        ((row(2020, last_year=2025), row(2021, first_year=2025)), (1, 2)),
        ((row(2020), row(2021, algorithms=frozenset({Algorithm.ES256}))), None),
        ((row(2020, policies=_A), row(2021, policies=_B, time_stamp=True)), None),
        ((row(2020, policies=_A), row(2021, policies=_A | _B)), (1, 2)),
        ((row(2020, policies=_A), row(2021)), (1, 2)),
    ],
)  # fmt: skip
def test_rows_of_which_the_stricter_would_say_nothing(
    rows: tuple[PolicyRow, ...], found: tuple[int, int] | None
) -> None:
    assert policy_versions.overlap(rows) == found
