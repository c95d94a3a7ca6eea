"""A policy version as a table: old tables as before, the new columns, and every line that can't be taken."""

from __future__ import annotations

import pytest

from registry.core.trust import Algorithm, Hierarchy, Ownership, Policy, Role
from registry.formats import policy_csv, trust_files_writing
from registry.services import policies

OLD = "version,role,ownership,hierarchy,algorithms,valid_from,valid_to"
NEW = f"{OLD},required,policies,time_stamp,first_year,last_year"
GOOD = "v1,seal,public,government,PS256 ES256,2025-01-01,"


def test_an_old_table_means_what_it_meant() -> None:
    (row,) = policy_csv.read(f"{OLD}\n{GOOD}\n").rows
    assert (row.role, row.ownership, row.hierarchy) == (Role.SEAL, Ownership.PUBLIC, Hierarchy.GOVERNMENT)
    assert row.algorithms == {Algorithm.PS256, Algorithm.ES256}
    assert (row.required, row.policies, row.time_stamp, row.first_year, row.last_year) == (
        True,
        frozenset(),
        False,
        None,
        None,
    )
    assert policy_csv.read(f"{NEW}\n{GOOD},,,,,\n").rows == (row,)
    assert {r.role for r in policies.default().rows} == set(Role)


def test_every_column_comes_back() -> None:
    text = f"{NEW}\n{GOOD[:-1]},2026-01-01,no,1.2.3 2.16.704.1.1,yes,2024,2025\n"
    policy = policy_csv.read(text)
    (row,) = policy.rows
    assert (row.required, row.policies, row.time_stamp) == (False, frozenset({"1.2.3", "2.16.704.1.1"}), True)
    assert (row.first_year, row.last_year) == (2024, 2025)
    assert policy_csv.read(trust_files_writing.policy(policy).decode()) == policy


@pytest.mark.parametrize(("cell", "meant"), [("no", False), ("yes", True), ("", False)])
def test_subject_teachers_come_back(cell: str, meant: bool) -> None:
    policy = policy_csv.read(f"{OLD},subject_teachers\n{GOOD},{cell}\n")
    assert policy.rows[0].subject_teachers is policy.asks_subject_teachers is meant
    assert policy_csv.read(trust_files_writing.policy(policy).decode()) == policy
    with pytest.raises(ValueError, match="subject_teachers: yes or no"):
        policy_csv.read(f"{OLD},subject_teachers\n{GOOD},all\n")


@pytest.mark.parametrize(("cell", "meant"), [("no", "no"), ("may", "may"), ("must", "must"), ("", None)])
def test_who_declares_comes_back(cell: str, meant: str | None) -> None:
    policy = policy_csv.read(f"{OLD},declares\n{GOOD},{cell}\n")
    assert policy.rows[0].declares == meant
    assert policy_csv.read(trust_files_writing.policy(policy).decode()) == policy
    with pytest.raises(ValueError, match="declares: one of no, may, must"):
        policy_csv.read(f"{OLD},declares\n{GOOD},yes\n")


BAD = {
    "role": GOOD.replace("seal", "pupil"),
    "ownership": GOOD.replace("public,", "secret,"),
    "hierarchy": GOOD.replace("government", "other"),
    "roots of time-stamping sign nothing": GOOD.replace("government", "timestamp"),
    "algorithm": GOOD.replace("ES256", "HS256"),
    "no algorithm": GOOD.replace("PS256 ES256", ""),
    "no beginning": GOOD.replace("2025-01-01", ""),
    "no date": GOOD.replace("2025-01-01", "1/1/2025"),
    "ends before it begins": GOOD + "2024-01-01",
    "version": GOOD.replace("v1", "v 1"),
    "required": GOOD + ",maybe,,,,",
    "policies": GOOD + ",,seal,,,",
    "time_stamp": GOOD + ",,,1,,",
    "year": GOOD + ",,,,24,",
    "years turned": GOOD + ",,,,2025,2024",
    "twice": f"{GOOD}\n{GOOD}",
    "two versions": f"{GOOD}\n{GOOD.replace('v1', 'v2').replace('seal', 'teacher')}",
    "nothing": "",
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_not_taken(name: str) -> None:
    with pytest.raises(ValueError, match=r"line \d+:|exactly one version"):
        policy_csv.read(f"{NEW}\n{BAD[name]}\n")


def test_a_column_that_is_not_there() -> None:
    with pytest.raises(ValueError, match="line 2: the column algorithms"):
        policy_csv.read("version,role,ownership,hierarchy,valid_from\nv1,seal,public,government,2025-01-01\n")


def test_one_role_in_two_ranges_of_years() -> None:
    found = policy_csv.read(f"{NEW}\n{GOOD},,,,,2024\n{GOOD},no,,,2025,\n")
    assert isinstance(found, Policy)
    assert [row.required for row in found.rows] == [True, False]


def test_two_rows_about_the_same_signatures() -> None:
    """Each can be read, and stays readable where it was taken before; together they are not taken any more."""
    text = f"{NEW}\n{GOOD},,,,,\n{GOOD.replace('2025', '2027')},,,yes,,\n"
    assert len(policy_csv.read(text).rows) == 2
    with pytest.raises(ValueError, match="rows 1 and 2"):
        policies.read(text)
    assert policies.read(text.replace("2025-01-01,", "2025-01-01,2027-01-01")).rows
