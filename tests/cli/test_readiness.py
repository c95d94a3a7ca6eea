"""`registry readiness` on a real database: the rows, the lights, and the exit code."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from registry.cli.main import app
from registry.services.world import World
from registry.storage import key_files
from tests.conftest import Urls
from tests.small_city import PRIMARY, settle, small_city, vendor

pytestmark = pytest.mark.anyio
Run = Callable[..., Any]


@pytest.fixture
def run(database_urls: Urls, tmp_path: Path) -> Run:
    """Run one command to its end, as an operator with the owner's address would."""
    keys = tmp_path / "state" / "keys"
    keys.mkdir(parents=True, mode=0o700)
    keys.parent.chmod(0o711)
    key_files.create(keys / "sealing.key", bytes(range(32)))
    env = {"DATABASE_URL": database_urls.owner, "REGISTRY_STATE_DIR": str(tmp_path / "state"), "COLUMNS": "200"}

    async def once(*arguments: str) -> Result:
        return await asyncio.to_thread(CliRunner(env=env).invoke, app, ["readiness", *arguments])

    return once


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
