"""A file of campaigns: what is taken from it, and every way in which it is wrong."""

from __future__ import annotations

from datetime import date

import pytest

from registry.core.campaigns import Stage
from registry.formats import campaign_toml
from registry.services import campaigns

GOOD = """
[[campaign]]
code = "a"
name = "A"
name_en = "A"
school_year = "2023-2024"
grades = [2, 1]
units = ["district:771"]
[campaign.deadlines]
numbers_reviewed = 2024-06-30
certificates_ready = "2024-06-30"
transcripts_submitted = 2024-08-15
declared = 2024-08-22
reviewed = 2024-08-30
"""


def test_the_plan_that_comes_along_has_the_two_phases() -> None:
    first, second = campaign_toml.read(campaigns.builtin("plan")).entries
    assert (first.flaws, second.flaws) == ((), ())
    assert (first.campaign.school_year, first.campaign.grades, first.campaign.units) == (
        "2023-2024",
        (1,),
        ("district:771",),
    )
    assert (second.campaign.school_year, second.campaign.grades) == ("2024-2025", (6,))
    wanted = {Stage.NUMBERS_REVIEWED: (6, 30), Stage.CERTIFICATES_READY: (6, 30), Stage.TRANSCRIPTS_SUBMITTED: (8, 15), Stage.REVIEWED: (8, 30)}  # fmt: skip
    assert {stage: first.due[stage] for stage in wanted} == {stage: date(2024, *day) for stage, day in wanted.items()}


def test_grades_come_sorted_and_days_as_text_or_date() -> None:
    (entry,) = campaign_toml.read(GOOD.encode()).entries
    assert (entry.flaws, entry.campaign.grades) == ((), (1, 2))
    assert entry.due[Stage.CERTIFICATES_READY] == date(2024, 6, 30)
    (levels,) = campaign_toml.read(GOOD.replace("grades = [2, 1]", 'levels = ["primary"]').encode()).entries
    assert (levels.flaws, levels.campaign.grades) == ((), (1, 2, 3, 4, 5))


@pytest.mark.parametrize(
    "raw", [b"\xff", b"[[campaign", b"", b"campaign = 1", b"x = 1\n[[campaign]]", b" " * 1_000_001]
)
def test_what_is_no_file_of_campaigns(raw: bytes) -> None:
    assert campaign_toml.read(raw).flaw is not None


@pytest.mark.parametrize(
    ("old", "new", "members"),
    [
        ("name_en", "name_fr", {"name_fr", "name_en"}),
        ("grades = [2, 1]", "", {"grades"}),
        ("grades = [2, 1]", "grades = [true]", {"grades"}),
        ("grades = [2, 1]", 'levels = ["no"]', {"levels", "grades"}),
        ('units = ["district:771"]', "units = 1", {"units"}),
        ("2024-08-15", '"15/08/2024"', {"deadlines/transcripts_submitted", "deadlines"}),
        ("2024-08-15", "2024-08-15T00:00:00Z", {"deadlines/transcripts_submitted", "deadlines"}),
        ("2024-08-15", "1024-08-15", {"deadlines/transcripts_submitted", "deadlines"}),
        ("declared =", "declare =", {"deadlines/declare", "deadlines"}),
        ("[campaign.deadlines]", "[campaign.deadline]", {"deadline", "deadlines"}),
    ],
)
def test_each_flaw_names_its_member(old: str, new: str, members: set[str]) -> None:
    (entry,) = campaign_toml.read(GOOD.replace(old, new).encode()).entries
    assert {flaw.member for flaw in entry.flaws} == members
