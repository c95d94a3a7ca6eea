"""Campaigns: made once, seen by those they concern, deadlines moved with a history."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from registry.core.callers import Caller, CallerKind, Scope
from registry.core.campaigns import Stage
from registry.core.findings import Refusal
from registry.services import campaigns, units
from registry.services.world import World
from tests.small_city import NOW

pytestmark = pytest.mark.anyio
Q10, FIRST = "district:771", "q10-lop1-2023-2024"
SCHOOLS = """kind,code,name,parents,valid_from,valid_to,ownership
school,79771101,A,district:771;commune:27190,2020-01-01,,public
school,79760101,B,district:760,2020-01-01,,public
"""


@pytest.fixture
async def mapped(world: World) -> World:
    assert not (await units.import_builtin(world, "hcmc-2025", NOW)).problems
    assert not (await units.import_units(world, SCHOOLS.encode(), NOW)).problems
    return world


def caller(*places: str, schools: frozenset[str] = frozenset()) -> Caller:
    return Caller("office", CallerKind.OFFICE, "office", frozenset(Scope), frozenset(), frozenset(places), schools, {})


CITY = caller("city:79", schools=frozenset({"79771101", "79760101"}))
HERE = caller("commune:27190", schools=frozenset({"79771101"}))
ELSEWHERE = caller("district:760", schools=frozenset({"79760101"}))


async def refused(question: Any) -> list[tuple[str, str]]:
    with pytest.raises(Refusal) as caught:
        await question
    return [(finding.code.slug, finding.pointer) for finding in caught.value.findings] or [(caught.value.code.slug, "")]


async def test_the_plan_is_made_once_and_seen_by_whom_it_concerns(mapped: World) -> None:
    made = await campaigns.add_file(mapped, campaigns.builtin("plan"), NOW)
    assert [plan.campaign.code for plan in made] == [FIRST, "q10-lop6-2024-2025"]
    assert await campaigns.add_file(mapped, campaigns.builtin("plan"), NOW) == []
    assert [len(await campaigns.listed(mapped, who, NOW)) for who in (None, CITY, HERE, ELSEWHERE)] == [2, 2, 2, 0]
    assert (await campaigns.find(mapped, HERE, FIRST, NOW)).campaign.units == (Q10,)
    assert await refused(campaigns.find(mapped, ELSEWHERE, FIRST, NOW)) == [("campaign-unknown", "")]
    assert await refused(campaigns.find(mapped, None, "nothing", NOW)) == [("campaign-unknown", "")]


async def test_a_moved_deadline_keeps_what_held_before(mapped: World) -> None:
    await campaigns.add_file(mapped, campaigns.builtin("plan"), NOW)
    stage, day = Stage.TRANSCRIPTS_SUBMITTED, date(2024, 8, 20)
    for due_on in (day, day + timedelta(days=1)):  # twice in the same moment: both are kept
        plan = await campaigns.move(mapped, CITY, FIRST, stage, due_on, " bão ", NOW)
    assert (plan.deadlines()[stage].due_on, plan.deadlines()[stage].caller_id) == (date(2024, 8, 21), "office")
    assert [each.due_on.day for each in plan.history if each.stage is stage] == [15, 20, 21]
    assert plan.deadlines()[stage].reason == "bão"
    assert plan.deadlines(NOW)[stage].due_on.day == 15


async def test_a_move_must_keep_the_order_have_a_reason_and_come_from_whom_it_all_concerns(mapped: World) -> None:
    await campaigns.add_file(mapped, campaigns.builtin("plan"), NOW)
    late = campaigns.move(mapped, CITY, FIRST, Stage.DECLARED, date(2024, 9, 30), "", NOW)
    assert await refused(late) == [("request-parameter", "/body/reason"), ("request-parameter", "/body/due_on")]
    part = campaigns.move(mapped, HERE, FIRST, Stage.DECLARED, date(2024, 8, 23), "x", NOW)
    assert await refused(part) == [("access-unit", "/body/units")]
    other = campaigns.move(mapped, ELSEWHERE, FIRST, Stage.DECLARED, date(2024, 8, 23), "x", NOW)
    assert await refused(other) == [("campaign-unknown", "")]


def members(**change: Any) -> dict[str, Any]:
    due = dict.fromkeys([*Stage], "2026-06-30")
    good = {"code": "c", "name": "C", "name_en": "C", "school_year": "2025-2026", "grades": [10], "units": [Q10]}
    return {**good, "deadlines": due, **change}


async def test_a_campaign_of_one_s_own_units(mapped: World) -> None:
    made = await campaigns.add(mapped, CITY, members(), NOW)
    assert (made.caller_id, len(made.history)) == ("office", 5)
    assert (await campaigns.add(mapped, CITY, members(), NOW)).campaign == made.campaign
    assert await refused(campaigns.add(mapped, CITY, members(grades=[11]), NOW)) == [("campaign-exists", "/body/code")]
    assert await refused(campaigns.add(mapped, ELSEWHERE, members(), NOW)) == [("access-unit", "/body/units")]


async def test_a_file_is_taken_as_a_whole(mapped: World) -> None:
    raw = campaigns.builtin("plan").replace(b'units = ["district:771"]', b'units = ["district:404"]', 1)
    assert await refused(campaigns.add_file(mapped, raw, NOW)) == [("campaign-shape", "/campaign/0/units/0")]
    assert await campaigns.listed(mapped, None, NOW) == []
    assert await refused(campaigns.add_file(mapped, b"{}", NOW)) == [("campaign-shape", "")]
