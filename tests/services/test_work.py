"""Background work on a real queue: held documents are judged again, what has expired goes, an absent database is waited for."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from registry.core.callers import Caller
from registry.core.findings import Outcome
from registry.demo.city import sign_document
from registry.services import callers, judging, submission, trust, work
from registry.services.world import World
from registry.storage import callers as stored_callers
from registry.storage.database import Database
from registry.storage.sealing import Sealer
from tests import small_city
from tests.conftest import Urls

pytestmark = pytest.mark.anyio

JOSE = "application/jose+json"
VENDOR = small_city.vendor(*small_city.SCHOOLS)


class Seen:
    """A watch that remembers."""

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        self.waiting: list[int] = []
        self.watch = work.Watch(lambda outcome: self.outcomes.update([outcome]), self.waiting.append)


async def held(world: World, count: int, caller: Caller = VENDOR) -> list[submission.Answer]:
    """Documents that wait for a revocation list."""
    city = small_city.small_city()
    await small_city.settle(world, city, caller, lists=False)
    known = (await world.known()).caller(caller.caller_id)
    now = datetime.now(UTC)
    answers = []
    for seed in range(count):
        raw = city.signed(city.document(seed=seed))
        answers.append(await submission.submit(world, known, raw, JOSE, now))
    assert {answer.outcome for answer in answers} == {Outcome.HELD}
    return answers


async def publish_lists(world: World) -> None:
    now = datetime.now(UTC)
    lists = {name: raw for name, raw in small_city.small_city().trust.files(now).items() if name.startswith("crls/")}
    report = await trust.import_files(world, lists, now)
    assert not report.problems


@asynccontextmanager
async def working(
    world: World, watch: work.Watch, tasks: tuple[work.Task, ...] = work.plan
) -> AsyncIterator[asyncio.Task[None]]:
    """Background work for the length of the block; it must end in order, at once."""
    stop = asyncio.Event()
    task = asyncio.create_task(work.run(world, watch, stop, tasks))
    try:
        yield task
    finally:
        stop.set()
        async with asyncio.timeout(10):
            await task


async def until(holds: Callable[[], bool], seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while not holds():
            await asyncio.sleep(0.02)


@asynccontextmanager
async def another(urls: Urls, sealer: Sealer) -> AsyncIterator[World]:
    """The world as another process sees it."""
    opened = World.of(Database(urls.service), sealer)
    yield opened
    opened.judges.close()
    await opened.db.close()


async def test_held_documents_are_accepted_when_what_was_missing_arrives(world: World) -> None:
    answers, seen = await held(world, 5), Seen()
    async with working(world, seen.watch):
        await publish_lists(world)
        await until(lambda: seen.outcomes["accepted"] == 5)
    states = [await submission.state(world, VENDOR, answer.submission_id) for answer in answers]
    assert {state.outcome for state in states} == {"accepted"}
    assert await submission.waiting(world, 10) == []


async def test_held_xml_is_judged_again_as_xml(world: World) -> None:
    city = small_city.small_city()
    await small_city.settle(world, city, VENDOR, lists=False)
    known = (await world.known()).caller(VENDOR.caller_id)
    raw = sign_document(city.document(), city.signers_of(small_city.PRIMARY), "xml")
    answer = await submission.submit(world, known, raw, judging.XML, datetime.now(UTC))
    assert answer.outcome is Outcome.HELD
    seen = Seen()
    async with working(world, seen.watch):
        await publish_lists(world)
        await until(lambda: seen.outcomes["accepted"] == 1)
    assert (await submission.state(world, VENDOR, answer.submission_id)).outcome == "accepted"


async def test_two_workers_judge_each_document_once(world: World, database_urls: Urls, sealer: Sealer) -> None:
    await held(world, 8)
    one, two = Seen(), Seen()
    async with another(database_urls, sealer) as second, working(world, one.watch), working(second, two.watch):
        await publish_lists(world)
        await until(lambda: (one.outcomes + two.outcomes)["accepted"] == 8)
        await asyncio.sleep(2)
    assert one.outcomes + two.outcomes == {"accepted": 8}


async def test_two_that_judge_the_same_at_once_leave_one_record_each(
    world: World, database_urls: Urls, sealer: Sealer
) -> None:
    await held(world, 8)
    await publish_lists(world)
    await asyncio.sleep(1.1)
    async with another(database_urls, sealer) as second:
        stop = asyncio.Event()
        await asyncio.gather(
            work.rejudge_waiting(world, work.Watch(), stop), work.rejudge_waiting(second, work.Watch(), stop)
        )
    connection = await asyncpg.connect(database_urls.owner.replace("+asyncpg", ""))
    assert await connection.fetchval("SELECT count(*) FROM record") == 8
    assert await connection.fetchval("SELECT count(*) FROM record_version") == 8
    assert await connection.fetchval("SELECT count(*) FROM waiting") == 0
    await connection.close()


async def test_still_held_documents_are_not_judged_for_ever(world: World) -> None:
    await held(world, 3)
    await callers.add_units(world, VENDOR.caller_id, [], datetime.now(UTC))  # the register moves, and nothing arrives
    await asyncio.sleep(1.1)
    seen = Seen()
    await work.rejudge_waiting(world, seen.watch, asyncio.Event())
    await work.rejudge_waiting(world, seen.watch, asyncio.Event())
    assert seen.outcomes == {"held": 3}


async def test_a_document_that_cannot_be_judged_does_not_stop_the_others(world: World) -> None:
    closed = small_city.vendor(small_city.PRIMARY, caller_id="vendor-closed")
    await held(world, 2, closed)
    await callers.close(world, "vendor-closed", datetime.now(UTC))
    await asyncio.sleep(1.1)
    seen = Seen()
    async with asyncio.timeout(20):
        await work.rejudge_waiting(world, seen.watch, asyncio.Event())
    assert seen.outcomes == {}
    assert await submission.waiting(world, 10) == []


async def test_a_lost_connection_is_made_again(world: World, database_urls: Urls) -> None:
    await held(world, 2)
    turns = 0

    async def turn(_world: World, _watch: work.Watch, _stop: asyncio.Event) -> None:
        nonlocal turns
        turns += 1

    tasks = (*work.plan, work.Task("turn", "* * * * * *", turn))
    seen = Seen()
    async with working(world, seen.watch, tasks):
        await until(lambda: turns > 0)
        admin = await asyncpg.connect(database_urls.owner.replace("+asyncpg", ""))
        await admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'registry_service'")
        await admin.close()
        before = turns
        await until(lambda: turns > before + 1)


async def test_an_absent_database_is_waited_for_and_the_end_comes_at_once(sealer: Sealer) -> None:
    absent = World.of(Database("postgresql://nobody@127.0.0.1:9/none"), sealer)
    async with working(absent, work.Watch()) as task:
        await asyncio.sleep(1.5)
        assert not task.done()
    absent.judges.close()
    await absent.db.close()


async def test_a_task_that_fails_has_its_next_turn(world: World) -> None:
    turns = 0

    async def failing(_world: World, _watch: work.Watch, _stop: asyncio.Event) -> None:
        nonlocal turns
        turns += 1
        raise ValueError("a bug")

    async with working(world, work.Watch(), (work.Task("failing", "* * * * * *", failing),)):
        await until(lambda: turns >= 2)


async def test_used_assertions_go_when_they_are_over(world: World) -> None:
    city = small_city.small_city()
    await small_city.settle(world, city, VENDOR)
    now = datetime.now(UTC)
    ends = {b"old": now - timedelta(hours=1), b"fresh": now + timedelta(minutes=1)}
    async with world.db.transaction() as tx:
        for digest, end in ends.items():
            assert await stored_callers.spend(tx, VENDOR.caller_id, digest.ljust(32, b"."), end)
    await work.forget_expired(world, work.Watch(), asyncio.Event())
    async with world.db.transaction() as tx:
        again = {
            digest: await stored_callers.spend(tx, VENDOR.caller_id, digest.ljust(32, b"."), end)
            for digest, end in ends.items()
        }
    assert again == {b"old": True, b"fresh": False}


async def test_how_many_wait_is_told(world: World) -> None:
    await held(world, 3)
    seen = Seen()
    await work.count_waiting(world, seen.watch, asyncio.Event())
    assert seen.waiting == [3]
