"""The stages of a campaign from real rosters, certificates, transcripts, declarations and a freeze: by school, and how many schools."""

from __future__ import annotations

from datetime import timedelta

import pytest

from registry.core.callers import Caller, CallerKind, Scope
from registry.core.campaigns import Plan, Stage
from registry.core.stages import Progress
from registry.demo import signers
from registry.services import campaigns, declaration, freezing, readiness, stages
from registry.services.world import World
from tests.services.test_declaration import YEAR, declare, settled, statement
from tests.services.test_reminders import campaign
from tests.small_city import NOW, PRIMARY, SECONDARY

__all__ = ["settled"]
pytestmark = pytest.mark.anyio
BEFORE = signers.CERTIFICATES_TO - timedelta(days=1)
OFFICE = Caller("office", CallerKind.OFFICE, "office", frozenset({Scope.COMPLETENESS}), frozenset(), frozenset({"city:79"}),
                frozenset({PRIMARY.code, SECONDARY.code}), {})  # fmt: skip


@pytest.fixture
async def plan(settled: World) -> Plan:
    await campaign(settled, "lop1", NOW.date())
    return await campaigns.find(settled, None, "lop1", NOW)


async def through(world: World, plan: Plan) -> dict[Stage, Progress]:
    asked = readiness.Asked("city:79", YEAR, BEFORE)
    report = await readiness.look(world, None, asked, NOW)
    return stages.through(report, await stages.declared(world, None, plan, asked, NOW))


async def test_only_schools_with_pupils_in_the_grades(settled: World, plan: Plan) -> None:
    found = await stages.schools(settled, None, plan, "city:79", BEFORE, NOW)
    assert set(found) == {PRIMARY.code}
    assert found[PRIMARY.code].progress == {
        Stage.NUMBERS_REVIEWED: Progress(0, 2),
        Stage.CERTIFICATES_READY: Progress(3, 3),
        Stage.TRANSCRIPTS_SUBMITTED: Progress(1, 2),
        Stage.DECLARED: Progress(0, 1),
    }
    assert await through(settled, plan) == {
        Stage.CERTIFICATES_READY: Progress(1, 1), Stage.DECLARED: Progress(0, 1), Stage.REVIEWED: Progress(0, 1)
    }  # fmt: skip


async def test_declared_and_reviewed(settled: World, plan: Plan) -> None:
    (before,) = await declaration.of_campaign(settled, OFFICE, plan, NOW)
    assert (before.school_code, before.grade, before.pupils, before.declared) == (PRIMARY.code, 1, 2, None)
    await declare(settled, statement())
    (after,) = await declaration.of_campaign(settled, OFFICE, plan, NOW)
    assert after.declared is not None
    assert (after.declared.version, after.declared.on_record, after.declared.excepted) == (1, 1, 1)
    assert (
        (await stages.schools(settled, None, plan, "city:79", BEFORE, NOW))[PRIMARY.code]
        .progress[Stage.DECLARED]
        .complete
    )
    await freezing.freeze(settled, None, "lop1", "sơ kết", NOW)
    found = await through(settled, plan)
    assert {found[stage] for stage in (Stage.DECLARED, Stage.REVIEWED)} == {Progress(1, 1)}
