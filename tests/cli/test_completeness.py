"""`registry completeness`: what is kept against the rows, and the proof with planted holes, which can fail."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest
from typer.testing import CliRunner

from registry.cli import bench_city, completeness
from registry.cli.bench_city import City
from registry.services import standing
from registry.services.world import World
from tests.cli.conftest import Commands
from tests.conftest import Urls

CITY = City(1_200)


@pytest.mark.anyio
async def test_check_finds_what_differs_and_has_it_counted_again(
    world: World, database_urls: Urls, commands: Commands
) -> None:
    await bench_city.settle(world, CITY, datetime.now(UTC))
    await bench_city.fill(database_urls.owner, CITY)
    await standing.settle_all(world)

    async def check(*options: str) -> tuple[int, Any]:
        done = await commands("completeness", "check", "--json")(*options)
        return done.exit_code, json.loads(done.stdout)

    code, good = await check()
    assert (code, good["differing"], good["schools"]) == (0, 0, [])
    assert good["pupils"] >= CITY.pupils
    owner = await asyncpg.connect(database_urls.owner.replace("+asyncpg", ""))
    school = CITY.school_code(4)
    await owner.execute("DELETE FROM standing WHERE school_code = $1 AND since > $2", school, bench_city.SENT)
    await owner.close()
    code, bad = await check("--again")
    assert (code, bad["schools"]) == (1, [{"school_year": bench_city.YEAR, "school_code": school}])
    assert bad["differing"] > 50
    await standing.settle_all(world)
    assert await check() == (0, good)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_proof_finds_every_hole_and_sees_a_lost_one() -> None:
    done = CliRunner().invoke(completeness.app, ["prove", "--pupils", "400", "--spoil", "--json"])
    assert done.exit_code == 1, done.output
    scores = json.loads(done.stdout)
    assert all(score["planted"] > 0 for score in scores.values())
    wrong = {name for name, score in scores.items() if (score["precision"], score["recall"]) != (1, 1)}
    assert wrong == {"missing", "counts by school"}
    assert scores["missing"]["precision"] == 1
    assert scores["missing"]["recall"] < 1
