"""What is written is what is read: the same trust list, and every column of the policy."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime

from registry.core import trust
from registry.formats import trust_files, trust_files_writing
from registry.services import policies
from tests.small_city import PRIVATE, small_city

FROM, TO = datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)


def test_a_trust_list_survives() -> None:
    city = small_city()
    teacher = next(iter(city.trust_list.signers.values()))[0]
    twice = (teacher, replace(teacher, school_code=PRIVATE.code, role=trust.Role.SEAL, valid_from=FROM, valid_to=TO))
    before = replace(city.trust_list, signers={**city.trust_list.signers, teacher.certificate: twice})
    read = trust_files.read(trust_files_writing.write(before))
    assert read.problems == []
    after = read.trust_list(trust.Policy("none", ()))
    assert set(after.anchors) == set(before.anchors)
    assert set(after.intermediates) == set(before.intermediates)
    assert set(after.revocation_lists) == set(before.revocation_lists)
    assert {c: set(rows) for c, rows in after.signers.items()} == {c: set(r) for c, r in before.signers.items()}
    assert {(s.code, s.name, s.ownership) for s in after.schools.values()} == {
        (s.code, s.name, s.ownership) for s in before.schools.values()
    }
    assert after.policy.version == before.policy.version
    assert set(after.policy.rows) == set(before.policy.rows)


def test_the_same_material_gives_the_same_files() -> None:
    before = small_city().trust_list
    turned = replace(before, anchors=before.anchors[::-1], signers=dict(reversed(list(before.signers.items()))))
    assert trust_files_writing.write(before) == trust_files_writing.write(turned)


def test_every_column_of_the_policy_is_written() -> None:
    row = trust.PolicyRow(
        trust.Role.SEAL, trust.Ownership.PUBLIC, trust.Hierarchy.GOVERNMENT,
        frozenset({trust.Algorithm.PS256, trust.Algorithm.ES256}), FROM, TO,
        required=False, policies=frozenset({"1.2.3", "1.2.4"}), time_stamp=True, first_year=2024, last_year=2025,
    )  # fmt: skip
    text = trust_files_writing.policy(trust.Policy("v", (row, replace(row, required=True, last_year=None)))).decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert {"version": "v", "role": "seal", "ownership": "public", "hierarchy": "government", "algorithms": "ES256 PS256",
            "valid_from": FROM.isoformat(), "valid_to": TO.isoformat(), "required": "no", "policies": "1.2.3 1.2.4",
            "time_stamp": "yes", "first_year": "2024", "last_year": "2025", "extract": "", "declares": "", "subject_teachers": "no"} in rows  # fmt: skip
    assert {row["last_year"] for row in rows} == {"", "2025"}


def test_an_empty_policy_has_no_file_and_the_default_is_the_readers_choice() -> None:
    before = replace(small_city().trust_list, policy=trust.Policy("none", ()))
    assert "policy.csv" not in trust_files_writing.write(before)
    assert policies.default().rows
