"""The feed: positions without a gap, nothing missed and nothing twice, while many write and many number."""

from __future__ import annotations

import asyncio
from random import Random
from typing import Any

import asyncpg
import pytest

from registry.core import ids
from registry.core.callers import Caller
from registry.core.findings import Refusal
from registry.demo import transcripts
from registry.services import changes, judging, submission
from registry.services.world import World
from registry.storage.changes import Change
from registry.storage.database import Database
from tests.conftest import Urls
from tests.small_city import NOW, PRIMARY, SECONDARY, SmallCity, settle, small_city, vendor

pytestmark = pytest.mark.anyio
MINE = vendor(PRIMARY, SECONDARY)
OTHER = vendor(caller_id="vendor-b")


@pytest.fixture
async def settled(world: World) -> World:
    await settle(world, small_city(), MINE, OTHER)
    return world


async def send(world: World, document: dict[str, Any], school: Any = PRIMARY) -> submission.Answer:
    city: SmallCity = small_city()
    return await submission.submit(world, MINE, city.signed(document, school), judging.JOSE, NOW)


async def read_all(world: World, caller: Caller = MINE, after: int = 0, limit: int = 3) -> list[Change]:
    found: list[Change] = []
    more = True
    while more:
        page = await changes.read(world, caller, after, limit)
        found += page.changes
        after, more = page.next, page.more
    return found


def told(found: list[Change]) -> list[tuple[str, int | None, int | None]]:
    return [(each.kind, each.version, each.by_version) for each in found]


async def test_versions_tell_what_they_superseded_in_any_order(settled: World) -> None:
    document = small_city().document()
    for number in (2, 1, 4):
        await send(settled, transcripts.revised(document, number))
    found = await read_all(settled)
    assert told(found) == [
        ("accepted", 2, None),
        ("accepted", 1, None),
        ("superseded", 1, 2),
        ("accepted", 4, None),
        ("superseded", 2, 4),
    ]
    assert [each.position for each in found] == [1, 2, 3, 4, 5]
    assert {each.transcript_code for each in found} == {document["madinhdanhhocba"]}


async def test_a_caller_sees_its_own_schools_alone(settled: World) -> None:
    city = small_city()
    await send(settled, city.document())
    await send(settled, city.document(SECONDARY), SECONDARY)
    assert await read_all(settled, OTHER) == []
    assert [each.school_code for each in await read_all(settled, vendor(SECONDARY))] == [SECONDARY.code]


async def test_a_repeated_submission_is_no_change(settled: World) -> None:
    document = small_city().document()
    await send(settled, document)
    await send(settled, document)
    assert len(await read_all(settled)) == 1


async def test_positions_and_limits_have_bounds(settled: World) -> None:
    """A position that nobody was told (a typing error, a feed of another registry) is no silent wait for ever."""
    await send(settled, small_city().document())
    for after, limit, parameter in (
        (-1, 1, "after"), (2**63, 1, "after"), (2, 1, "after"), (2**62, 1, "after"), (0, 0, "limit"), (0, 1001, "limit")
    ):  # fmt: skip
        with pytest.raises(Refusal) as refused:
            await changes.read(settled, MINE, after, limit)
        assert [finding.pointer for finding in refused.value.findings] == [f"/query/{parameter}"]
    assert await changes.read(settled, MINE, 1, 1) == changes.Page((), 1, more=False)
    assert await changes.read(settled, OTHER, 1, 1) == changes.Page((), 1, more=False)


async def write(database: asyncpg.Connection, rng: Random, number: int, pupil: Any) -> None:
    """One transaction that queues a change early and commits late: what row ids and readers stumble over."""
    async with database.transaction():
        await database.execute(
            "INSERT INTO change_queue (kind, pupil_id, at, school_code) VALUES ('renumbered', $1, now(), $2)",
            pupil, PRIMARY.code if number % 2 else SECONDARY.code,
        )  # fmt: skip
        await asyncio.sleep(rng.random() / 100)


async def test_readers_that_stop_and_resume_miss_nothing_under_concurrent_writes(
    settled: World, database_urls: Urls, sealer: Any
) -> None:
    rng, written, total = Random(4), asyncio.Event(), 600
    pupils = [ids.uuid7(NOW, number.to_bytes(10)) for number in range(total)]
    others = [World.of(Database(database_urls.service), sealer) for _ in range(2)]

    async def writer(turn: int) -> None:
        connection = await asyncpg.connect(dsn=database_urls.service.replace("+asyncpg", ""))
        await connection.execute("SET ROLE registry_service")
        for number in range(turn, total, 6):
            await write(connection, rng, number, pupils[number])
        await connection.close()

    async def reader(world: World, caller: Caller, limit: int) -> list[Change]:
        found: list[Change] = []
        after, done = 0, False
        while not done:
            done = written.is_set()  # asked before the last look, so that it sees everything
            page = await changes.read(world, caller, after, limit)
            while page.changes:
                found += page.changes
                page = await changes.read(world, caller, page.next, limit)
            after = page.next
            await asyncio.sleep(rng.random() / 200)
        return found

    async def all_writers() -> None:
        await asyncio.gather(*(writer(turn) for turn in range(6)))
        written.set()

    readers = [
        reader(settled, MINE, 7), reader(others[0], MINE, 1000), reader(others[1], MINE, 1), reader(others[1], vendor(PRIMARY), 5),
    ]  # fmt: skip
    writing = asyncio.create_task(all_writers())
    seen = await asyncio.gather(*readers)
    await writing
    for other in others:
        other.judges.close()
        await other.db.close()
    for found in seen[:3]:
        assert [each.position for each in found] == list(range(1, total + 1))
    own = [each.position for each in seen[3]]
    assert own == [each.position for each in seen[0] if each.school_code == PRIMARY.code]
    assert len(own) == total // 2
