"""`registry readiness` on a real database: the rows, the lights, and the exit code."""

from __future__ import annotations

import json

import pytest

from registry.services.world import World
from tests.cli.conftest import Commands, Run
from tests.small_city import PRIMARY, settle, small_city, vendor

pytestmark = pytest.mark.anyio


@pytest.fixture
def run(commands: Commands) -> Run:
    return commands("readiness")


async def test_schools_with_their_lights(run: Run, world: World) -> None:
    await settle(world, small_city(), vendor(PRIMARY))
    done = await run("city:79", "--year", "2023-2024", "--json")
    assert done.exit_code == 1
    body = json.loads(done.stdout)
    assert body["lights"] == {"red": 3, "amber": 0, "green": 0}
    row = next(each for each in body["schools"] if each["school_code"] == PRIMARY.code)
    assert [reason["code"] for reason in row["reasons"]] == ["readiness-roster", "readiness-silent"]
    shown = await run("city:79", "--year", "2023-2024", "--light", "red")
    assert PRIMARY.code in shown.stdout
    assert "red: 3" in shown.stdout
    none = await run(f"school:{PRIMARY.code}", "--year", "2023-2024", "--light", "green", "--json")
    assert json.loads(none.stdout)["schools"] == []


async def test_what_can_not_be_asked(run: Run, world: World) -> None:
    await settle(world, small_city())
    assert (await run("city:79")).exit_code == 2
    assert (await run("city:79", "--year", "2023-2024", "--campaign", "x")).exit_code == 2
    assert (await run("nowhere:1", "--year", "2023-2024")).exit_code == 1
    assert (await run("city:79", "--campaign", "x")).exit_code == 1
    assert (await run("city:79", "--year", "2023")).exit_code == 1
