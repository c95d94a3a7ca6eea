"""A merge and the document that would forbid it, each begun while the other is under way and not yet committed.

Whoever is second must see the first: two pupils with records of one year are never merged, and no record of the year begins
beside the one that a merge has just brought.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from registry.core.findings import Outcome, Refusal
from registry.services import judging, pupils, submission
from registry.services.world import World
from registry.storage.database import Database
from registry.storage.sealing import Sealer
from tests.conftest import Urls
from tests.interleaving import stopped, waiting
from tests.services.test_pupils import LATER, OFFICE, VENDOR, send
from tests.small_city import NOW, PRIMARY, SECONDARY, SmallCity, settle, small_city

pytestmark = pytest.mark.anyio
CITY: SmallCity = small_city()
ONE, TWO = CITY.document(PRIMARY, 1), CITY.document(PRIMARY, 2)
_WHO = ("sodinhdanh", "mahocsinh", "ngaythangnamsinh", "gioitinh")


@pytest.fixture
async def worlds(world: World, database_urls: Urls, sealer: Sealer) -> AsyncIterator[tuple[World, World]]:
    """Two processes' views of one database, in which both pupils are known and only the first has a record of the year."""
    await settle(world, CITY, VENDOR, OFFICE)
    elsewhere = CITY.document(SECONDARY, 2) | {name: TWO[name] for name in _WHO}
    for document, school in ((ONE, PRIMARY), (elsewhere, SECONDARY)):
        assert (await send(world, document, school)).outcome is Outcome.ACCEPTED
    other = World.of(Database(database_urls.service, pool_size=2), sealer, world.judges)
    yield world, other
    await other.db.close()


def sent(world: World) -> asyncio.Task[submission.Answer]:
    return asyncio.create_task(submission.submit(world, VENDOR, CITY.signed(TWO, PRIMARY), judging.JOSE, NOW))


def merged(world: World) -> asyncio.Task[Any]:
    return asyncio.create_task(pupils.merge(world, None, ONE["mahocsinh"], TWO["mahocsinh"], "Một em", LATER))


async def ended(merge: asyncio.Task[Any], document: asyncio.Task[submission.Answer]) -> tuple[str, list[str]]:
    """What became of both."""
    try:
        await merge
        told = "merged"
    except Refusal as refusal:
        told = refusal.code.slug
    answer = await document
    return told, [answer.outcome.value, *(each.code.slug for each in answer.findings)]


async def collisions(world: World) -> int:
    """Years and levels of which one pupil, with all merged into it, has two records."""
    async with world.db.hot() as tx:
        found: int = await tx.fetchval(
            "SELECT count(*) FROM (SELECT FROM record r LEFT JOIN pupil_alias a USING (pupil_id)"
            " GROUP BY coalesce(a.survivor, r.pupil_id), school_year, level HAVING count(*) > 1) AS twice"
        )
    return found


async def test_a_merge_waits_for_the_record_that_is_being_written(
    worlds: tuple[World, World], database_urls: Urls
) -> None:
    one, other = worlds
    row = "INSERT INTO transcript_code VALUES ($1, '2020-2021', (SELECT pupil_id FROM pupil LIMIT 1), 'primary')"
    async with stopped(database_urls, row, TWO["madinhdanhhocba"]):
        document = sent(one)  # its statement has begun, and waits for what the holder does with the transcript code
        await waiting(one, 1)
        merge = merged(other)
        await asyncio.wait([merge], timeout=1)
        assert not merge.done()
    assert await ended(merge, document) == ("pupil-collision", ["accepted"])
    assert await collisions(one) == 0


async def test_a_record_that_comes_while_the_pupils_are_merged_is_looked_at_again(
    worlds: tuple[World, World], database_urls: Urls
) -> None:
    one, other = worlds
    async with stopped(database_urls, "SELECT FROM generation FOR UPDATE"):
        merge = merged(other)  # it has found no collision, and waits to say that the register changes
        await waiting(one, 1)
        document = sent(one)
        await asyncio.wait([document], timeout=1)
        assert not document.done()
    assert await ended(merge, document) == ("merged", ["refused", "record-code"])
    assert await collisions(one) == 0
