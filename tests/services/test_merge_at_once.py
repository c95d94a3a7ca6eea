"""Pupils that are or become one, and two steps of which either would forbid the other, both under way and not yet committed.

Whoever is second must see the first: two pupils with records of one year are never merged, no record of the year begins beside the
one that a merge has just brought, and two that are one already, or have moved to another school, never begin a year there twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from registry.core.findings import Outcome, Refusal
from registry.core.pupils import Decision
from registry.services import cases, judging, pupils, submission
from registry.services.world import World
from registry.storage.database import Database
from registry.storage.sealing import Sealer
from tests.conftest import Urls
from tests.interleaving import stopped, waiting
from tests.services.test_cases import moved
from tests.services.test_pupils import LATER, OFFICE, VENDOR, send
from tests.small_city import NOW, PRIMARY, PRIVATE, SECONDARY, SmallCity, settle, small_city

pytestmark = pytest.mark.anyio
CITY: SmallCity = small_city()
ONE, TWO = CITY.document(PRIMARY, 1), CITY.document(PRIMARY, 2)
CODE_TAKEN = "INSERT INTO transcript_code VALUES ($1, '1999-2000', (SELECT pupil_id FROM pupil LIMIT 1), 'primary')"
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
    async with stopped(database_urls, CODE_TAKEN, TWO["madinhdanhhocba"]):
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


async def test_merged_pupils_begin_a_year_once(worlds: tuple[World, World], database_urls: Urls) -> None:
    """One child under two numbers and codes, sent by both at the same moment: the second sees the record of the first."""
    one, other = worlds
    next_year = {"makhoi": "2", "tenlop": "2A", "namhoc": "2021-2022"}
    first, second = (CITY.document(PRIMARY, seed) for seed in (11, 12))
    for document, who in ((first, ONE), (second, TWO)):
        document |= {name: who[name] for name in _WHO} | next_year
    await merged(one)
    async with stopped(database_urls, CODE_TAKEN, first["madinhdanhhocba"]):
        early = asyncio.create_task(submission.submit(one, VENDOR, CITY.signed(first), judging.JOSE, LATER))
        await waiting(one, 1)
        late = asyncio.create_task(submission.submit(other, VENDOR, CITY.signed(second), judging.JOSE, LATER))
        await asyncio.wait([late], timeout=1)
    answers = [await early, await late]
    told = sorted([each.outcome.value, *(finding.code.slug for finding in each.findings)] for each in answers)
    assert told == [["accepted"], ["refused", "record-code"]]
    assert await collisions(one) == 0


async def test_a_pupil_who_moved_begins_the_year_at_the_new_school_once(
    worlds: tuple[World, World], database_urls: Urls
) -> None:
    """Two documents with two codes, which two people say at the same moment are of a pupil who came from another school."""
    one, other = worlds
    left = CITY.document(SECONDARY, 21)
    arrived = [moved(left, PRIVATE), moved(left, PRIVATE, madinhdanhhocba="ma-thu-hai")]
    await send(one, left, SECONDARY)
    for document in arrived:
        assert (await send(one, document, PRIVATE)).outcome is Outcome.HELD
    found = {each.transcript_code: each for each in await cases.waiting(one, None, None, 10)}
    first, second = (found[each["madinhdanhhocba"]] for each in arrived)
    transfer = (Decision.TRANSFER, "Đã chuyển trường", LATER)
    async with stopped(database_urls, CODE_TAKEN, first.transcript_code):
        early = asyncio.create_task(cases.decide(one, None, first.submission_id, *transfer))
        await waiting(one, 1)
        late = asyncio.create_task(cases.decide(other, None, second.submission_id, *transfer))
        await asyncio.wait([late], timeout=1)
    told = sorted((each.outcome.value, each.codes) for each in (await early, await late))
    assert told == [("accepted", ()), ("refused", ("record-code",))]
    async with one.db.hot() as tx:
        assert await tx.fetchval("SELECT count(*) FROM record WHERE school_code = $1", PRIVATE.code) == 1
