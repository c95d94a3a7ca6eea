"""A list of the school changes a roster while a number is about to be put on it: nothing fails, and nothing is written over."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from registry.core.findings import Refusal
from registry.services.number_returns import Report
from registry.services.world import World
from tests.conftest import Urls
from tests.interleaving import stopped, waiting
from tests.services.test_number_returns import AN, BINH, VENDOR, YEAR, minutes, roster, stand, take, without
from tests.small_city import PRIMARY, settle, small_city

pytestmark = pytest.mark.anyio
_LIST_COMES_IN = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"


@pytest.fixture
async def settled(world: World) -> World:
    await settle(world, small_city(), VENDOR)
    await roster(world, without(AN), without(BINH))
    return world


async def changed_meanwhile(world: World, urls: Urls, change: str, *of: object) -> Report:
    """Numbers come for both, and a list changes the roster after it was read and before anything is written."""
    async with stopped(urls, _LIST_COMES_IN, f"roster {YEAR} {PRIMARY.code}"):
        taking = asyncio.create_task(take(world, AN, BINH, at=minutes(1)))
        await waiting(world, 1)
        owner = await asyncpg.connect(dsn=urls.owner.replace("+asyncpg", ""))
        await owner.execute(change, *of)
        await owner.close()
    return await taking


async def test_a_pupil_whose_grade_has_just_changed_gets_the_number(settled: World, database_urls: Urls) -> None:
    report = await changed_meanwhile(
        settled, database_urls, "UPDATE roster_pupil SET grade = 2 WHERE pupil_code = $1", AN[0]
    )
    assert report.applied == 2
    assert await stand(settled) == {AN[0]: AN[5], BINH[0]: BINH[5]}
    async with settled.db.hot() as tx:
        imports = await tx.fetch("SELECT grade, changed FROM roster_import WHERE changed > 0 ORDER BY 1")
    assert list(map(tuple, imports)) == [(1, 1), (2, 1)]


@pytest.mark.parametrize("change", ["number_index = '\\x01', number_sealed = '\\x01'", "left_at = now()"])
async def test_who_has_just_got_a_number_or_left_keeps_it_so(settled: World, database_urls: Urls, change: str) -> None:
    with pytest.raises(Refusal) as refused:
        await changed_meanwhile(
            settled,
            database_urls,
            f"UPDATE roster_pupil SET {change} WHERE pupil_code = $1",
            AN[0],
        )
    assert (refused.value.code.slug, refused.value.retry_after) == ("service-busy", 1)
    async with settled.db.hot() as tx:
        assert await tx.fetchval("SELECT count(*) FROM number_return") == 0
        assert await tx.fetchval("SELECT number_index FROM roster_pupil WHERE pupil_code = $1", BINH[0]) is None
