"""Campaigns as values: which deadline holds when, and what a campaign must have."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from registry.core import campaigns
from registry.core.campaigns import Campaign, Deadline, Plan, Stage
from registry.core.ids import Level

MADE = datetime(2024, 6, 1, tzinfo=UTC)
GOOD = Campaign("q10-1", "Lớp 1", "Grade 1", "2023-2024", (1,), ("district:771",))
DUE = dict(zip(Stage, (date(2024, 6, 30), date(2024, 6, 30), date(2024, 8, 15), date(2024, 8, 22), date(2024, 8, 30)), strict=True))  # fmt: skip


def test_a_good_campaign_has_no_flaws_and_knows_its_levels() -> None:
    assert campaigns.flaws(GOOD, DUE) == []
    assert replace(GOOD, grades=(5, 6)).levels == (Level.PRIMARY, Level.LOWER_SECONDARY)
    assert campaigns.grades_of([Level.UPPER_SECONDARY]) == (10, 11, 12)


@pytest.mark.parametrize(
    ("change", "member"),
    [
        ({"code": "-q10"}, "code"),
        ({"code": "Q10"}, "code"),
        ({"code": "a" * 41}, "code"),
        ({"name": " x"}, "name"),
        ({"name_en": ""}, "name_en"),
        ({"school_year": "2023-2025"}, "school_year"),
        ({"grades": ()}, "grades"),
        ({"grades": (1, 1)}, "grades"),
        ({"grades": (13,)}, "grades"),
        ({"units": ()}, "units"),
        ({"units": ("a:1", "a:1")}, "units"),
    ],
)
def test_each_flaw_names_its_member(change: dict[str, object], member: str) -> None:
    assert [flaw.member for flaw in campaigns.flaws(replace(GOOD, **change), DUE)] == [member]  # type: ignore[arg-type]


def test_every_stage_has_a_day_and_none_comes_before_what_it_needs() -> None:
    assert [f.member for f in campaigns.flaws(GOOD, {s: d for s, d in DUE.items() if s is not Stage.DECLARED})] == [
        "deadlines"
    ]
    late = {**DUE, Stage.CERTIFICATES_READY: date(2024, 8, 16)}
    assert [f.member for f in campaigns.flaws(GOOD, late)] == ["deadlines/transcripts_submitted"]
    assert [f.member for f in campaigns.flaws(GOOD, {**DUE, Stage.REVIEWED: date(2024, 8, 21)})] == [
        "deadlines/reviewed"
    ]


def test_a_deadline_lasts_until_the_end_of_its_day_in_the_city() -> None:
    deadline = Deadline(Stage.REVIEWED, date(2024, 8, 30), MADE, None, "x")
    assert deadline.due_at == datetime(2024, 8, 30, 17, tzinfo=UTC)


def test_the_newest_row_of_a_stage_holds_and_earlier_moments_can_be_asked_for() -> None:
    first = [Deadline(stage, DUE[stage], MADE, None, "plan") for stage in Stage]
    moved = Deadline(Stage.REVIEWED, date(2024, 9, 5), MADE + timedelta(days=3), "office", "storm")
    plan = Plan(GOOD, MADE, None, (*first, moved))
    assert [*plan.deadlines()] == [*Stage]
    assert plan.deadlines()[Stage.REVIEWED] is moved
    assert plan.deadlines(MADE + timedelta(days=2))[Stage.REVIEWED].due_on == date(2024, 8, 30)
    assert plan.deadlines(MADE - timedelta(days=1)) == {}
