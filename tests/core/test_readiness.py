"""The light of a school is a function of its facts: each fact alone, and the worst of several."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from registry.core.expiring import Standing
from registry.core.readiness import Facts, Light, Numbers, judge, tally
from registry.core.trust import Role

NOW = datetime(2026, 6, 1, tzinfo=UTC)
GOOD = Facts(
    "79000001",
    Numbers(100, 0),
    {role: Standing(role, good=1) for role in Role},
    ("vendor-a",),
    NOW - timedelta(days=1),
    {"field-missing": 9},
    9,
)
SEAL, TEACHER = Role.SEAL, Role.TEACHER
NONE = Standing(SEAL)


@pytest.mark.parametrize(
    ("change", "light", "reasons"),
    [
        ({}, Light.GREEN, []),
        ({"numbers": Numbers(0, 0)}, Light.RED, [("readiness-roster", "/numbers")]),
        ({"numbers": Numbers(100, 1)}, Light.AMBER, [("readiness-numbers", "/numbers")]),
        ({"numbers": Numbers(100, 10)}, Light.AMBER, [("readiness-numbers", "/numbers")]),
        ({"numbers": Numbers(100, 11)}, Light.RED, [("readiness-numbers-many", "/numbers")]),
        ({"signers": {SEAL: NONE}}, Light.RED, [("readiness-signer", "/signers/seal")]),
        ({"signers": {SEAL: Standing(SEAL, unusable=2)}}, Light.RED, [("readiness-signer", "/signers/seal")]),
        ({"signers": {SEAL: Standing(SEAL, ending=1)}}, Light.AMBER, [("readiness-signer-ends", "/signers/seal")]),
        ({"signers": {SEAL: Standing(SEAL, 1, 1, 1)}}, Light.GREEN, []),
        (
            {"signers": {TEACHER: Standing(TEACHER, 9, 0, 1)}},
            Light.AMBER,
            [("readiness-signer-ends", "/signers/teacher")],
        ),
        ({"vendors": ()}, Light.RED, [("readiness-vendor", "/vendors")]),
        ({"last_contact": None}, Light.AMBER, [("readiness-silent", "/last_contact")]),
        ({"last_contact": NOW - timedelta(days=15)}, Light.AMBER, [("readiness-silent", "/last_contact")]),
        ({"refused": 10}, Light.AMBER, [("readiness-refusals", "/refusals")]),
        (
            {"numbers": Numbers(10, 1), "vendors": (), "refused": 10},
            Light.RED,
            [("readiness-numbers", "/numbers"), ("readiness-vendor", "/vendors"), ("readiness-refusals", "/refusals")],
        ),
    ],
)
def test_each_fact(change: dict[str, Any], light: Light, reasons: list[tuple[str, str]]) -> None:
    row = judge(GOOD._replace(**change), NOW)
    assert (row.light, [(r.code.slug, r.pointer) for r in row.reasons]) == (light, reasons)


def test_details_stand_in_both_languages() -> None:
    facts = GOOD._replace(numbers=Numbers(10, 1), signers={SEAL: NONE, TEACHER: Standing(TEACHER, 1, 2)}, refused=12)
    row = judge(facts._replace(last_contact=None), NOW)
    assert [(r.detail, r.detail_vi) for r in row.reasons] == [
        ("1 / 10", "1 / 10"), ("seal", "con dấu"), ("teacher: 2", "giáo viên: 2"), ("14 days", "14 ngày"),
        ("12 in 7 days", "12 trong 7 ngày"),
    ]  # fmt: skip


def test_lights_are_counted() -> None:
    rows = [judge(GOOD, NOW), judge(GOOD._replace(vendors=()), NOW), judge(GOOD._replace(refused=10), NOW)]
    assert tally(rows) == {Light.RED: 1, Light.AMBER: 1, Light.GREEN: 1}


def test_a_share_stands_beside_counts() -> None:
    assert (Numbers(3, 1).with_number, Numbers(4, 1).share, Numbers().share) == (2, 0.75, None)
