"""The background work of batches: resumed after kill -9, never twice, in turn, below held documents, gone after three days."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from registry.api import batches as edge_batches
from registry.core import codes
from registry.core.callers import Caller, CallerKind, Scope
from registry.core.findings import Outcome, Refusal
from registry.services import batch_work, batches, judging, submission, trust, work
from registry.services.limits import Limits
from registry.services.world import World
from registry.storage import batches as stored
from registry.storage import key_files
from registry.storage.database import Database
from registry.storage.sealing import Sealer
from tests.conftest import Urls
from tests.small_city import NOW, PRIMARY, SCHOOLS, SmallCity, settle, small_city, vendor

pytestmark = pytest.mark.anyio
VENDOR = vendor(PRIMARY)
FAST = batch_work.Pace(quiet_rest=0, busy_rest=0, step=0.001)
WHY = {"purpose": "admission", "reference": "TS-1"}
READ = edge_batches.words().read


def office(caller_id: str = "office") -> Caller:
    everywhere = frozenset(school.code for school in SCHOOLS)
    return Caller(caller_id, CallerKind.OFFICE, "Office", frozenset({Scope.VERIFY}), frozenset({"admission"}),
                  frozenset({"city:79"}), everywhere, {})  # fmt: skip


OFFICE, SECOND = office(), office("second")


@pytest.fixture
async def settled(world: World) -> World:
    await settle(world, small_city(), VENDOR, OFFICE, SECOND)
    return world


@pytest.fixture
async def another(database_urls: Urls, sealer: Sealer) -> AsyncIterator[World]:
    """The world as another process sees it."""
    opened = World.of(Database(database_urls.service), sealer)
    yield opened
    opened.judges.close()
    await opened.db.close()


async def on_record(world: World, city: SmallCity) -> dict[str, Any]:
    document = city.document()
    answer = await submission.submit(world, VENDOR, city.signed(document), judging.JOSE, NOW)
    assert answer.receipt is not None
    return document


async def hand_in(world: World, questions: list[Mapping[str, Any]], caller: Caller = OFFICE) -> batches.Batch:
    raw = b"\n".join(json.dumps({**WHY, **question}).encode() for question in questions)
    file = batches.File(raw, batches.Form.NDJSON, batches.Form.NDJSON)
    return (await batches.submit(world, caller, file, READ, datetime.now(UTC))).batch


def worker(pace: batch_work.Pace = FAST, counted: Limits | None = None) -> batch_work.Worker:
    return batch_work.Worker(edge_batches.words(), counted or Limits(per_pupil=10_000), pace)


async def work_off(world: World, each: batch_work.Worker | None = None) -> None:
    await (each or worker()).run(world, work.Watch(), asyncio.Event())


async def result_of(world: World, batch: batches.Batch, caller: Caller = OFFICE) -> list[dict[str, Any]]:
    done = await batches.finished(world, caller, str(batch.batch_id), datetime.now(UTC))
    raw = b"".join([part async for part in batches.result(world, done)])
    assert done.result is not None
    assert len(raw) == done.result.size
    return [json.loads(line) for line in raw.splitlines()]


async def questions_on_record(urls: Urls) -> Counter[str]:
    connection = await asyncpg.connect(urls.owner.replace("+asyncpg", ""))
    try:
        return Counter(
            {str(row["question_id"]): 1 for row in await connection.fetch("SELECT question_id FROM question")}
        )
    finally:
        await connection.close()


async def complete(world: World, urls: Urls, batch: batches.Batch) -> None:
    """Every row is answered once, and exactly these questions are on record."""
    result = await result_of(world, batch)
    assert [each["row"] for each in result] == list(range(1, batch.questions + 1))
    answered = Counter(each["answer"]["question_id"] for each in result)
    assert set(answered.values()) == {1}
    assert answered == await questions_on_record(urls)


async def test_a_worker_that_is_killed_loses_nothing_and_asks_nothing_twice(
    settled: World, database_urls: Urls, tmp_path: Path
) -> None:
    document = await on_record(settled, small_city())
    batch = await hand_in(settled, [{"transcript_code": document["madinhdanhhocba"], "fields": ["promoted"]}] * 400)
    keys = tmp_path / "keys"
    keys.mkdir()
    key_files.create(keys / "sealing.key", bytes(range(32)))
    env = {"PATH": os.environ["PATH"], "DATABASE_URL": database_urls.service, "REGISTRY_STATE_DIR": str(tmp_path),
           "REGISTRY_QUESTIONS_PER_PUPIL_DAY": "100000"}  # fmt: skip
    process = subprocess.Popen([sys.executable, "-m", "registry.cli.main", "work"], env=env, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while (seen := await batches.find(settled, OFFICE, str(batch.batch_id))).answered < 20:
            assert time.monotonic() < deadline, "the worker did not begin"
            await asyncio.sleep(0.05)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert (seen.state, seen.answered < 400) == (batches.State.RUNNING, True)
    await work_off(settled)
    await complete(settled, database_urls, batch)


async def test_two_workers_at_once_ask_each_question_once(settled: World, another: World, database_urls: Urls) -> None:
    document = await on_record(settled, small_city())
    batch = await hand_in(settled, [{"transcript_code": document["madinhdanhhocba"]}] * 60)
    await asyncio.gather(work_off(settled), work_off(another))
    await complete(settled, database_urls, batch)


async def test_a_worker_that_is_stopped_goes_on_later(settled: World, database_urls: Urls) -> None:
    document = await on_record(settled, small_city())
    batch = await hand_in(settled, [{"transcript_code": document["madinhdanhhocba"]}] * 33)
    stop, counted = asyncio.Event(), 0
    words = edge_batches.words()

    def count(_outcome: object) -> None:
        nonlocal counted
        counted += 1
        if counted == 7:
            stop.set()

    await worker_with(words, count).run(settled, work.Watch(), stop)
    assert (await batches.find(settled, OFFICE, str(batch.batch_id))).answered == 7
    await work_off(settled)
    await complete(settled, database_urls, batch)


def worker_with(words: batch_work.Words, count: Any) -> batch_work.Worker:
    return batch_work.Worker(replace(words, count=count), Limits(per_pupil=10_000), FAST)


async def test_callers_take_turns_and_each_has_one_running(settled: World) -> None:
    document = await on_record(settled, small_city())
    question = {"transcript_code": document["madinhdanhhocba"]}
    first, waits = [await hand_in(settled, [question] * 40) for _ in range(2)]
    other = await hand_in(settled, [question] * 10, SECOND)
    seen: list[tuple[str, ...]] = []

    async def watch() -> None:
        while True:
            states = [await batches.find(settled, OFFICE, str(each.batch_id)) for each in (first, waits)]
            states.append(await batches.find(settled, SECOND, str(other.batch_id)))
            seen.append(tuple(each.state.value for each in states))
            if {each.state for each in states} == {batches.State.DONE}:
                return
            await asyncio.sleep(0.01)

    await asyncio.gather(watch(), work_off(settled, worker(replace(FAST, step=0.05))))
    assert ("running", "queued", "done") in seen, "the small one of another caller does not wait for the large ones"
    assert not [each for each in seen if each[:2] == ("running", "running")]


async def test_held_documents_are_judged_first(world: World) -> None:
    city, now = small_city(), datetime.now(UTC)
    await settle(world, city, VENDOR, OFFICE, lists=False)
    held = await submission.submit(world, VENDOR, city.signed(city.document()), judging.JOSE, now)
    assert held.outcome is Outcome.HELD
    batch = await hand_in(world, [{"transcript_code": "x"}])
    lists = {name: raw for name, raw in city.trust.files(now).items() if name.startswith("crls/")}
    await trust.import_files(world, lists, now)
    await asyncio.sleep(1.1)
    task = asyncio.create_task(work_off(world))
    await asyncio.sleep(1)
    assert (await batches.find(world, OFFICE, str(batch.batch_id))).state is batches.State.QUEUED
    await work.rejudge_waiting(world, work.Watch(), asyncio.Event())
    await task
    assert (await batches.find(world, OFFICE, str(batch.batch_id))).state is batches.State.DONE


async def test_a_caller_that_was_closed_gets_no_further_answers(settled: World, database_urls: Urls) -> None:
    document = await on_record(settled, small_city())
    batch = await hand_in(settled, [{"transcript_code": document["madinhdanhhocba"]}] * 2)
    connection = await asyncpg.connect(database_urls.owner.replace("+asyncpg", ""))
    await connection.execute("UPDATE caller SET closed_at = now() WHERE caller_id = 'office'")
    await connection.execute("UPDATE generation SET value = value + 1")
    await connection.close()
    await asyncio.sleep(1.1)
    await work_off(settled)
    ended = await batches.find(settled, OFFICE, str(batch.batch_id))
    assert (ended.state, ended.code, ended.answered) == (batches.State.FAILED, "access-token", 0)
    assert [each["error"]["code"] for each in await result_of(settled, batch)] == ["access-token"] * 2
    assert not await questions_on_record(database_urls)


async def test_a_batch_that_was_edited_at_rest_ends_without_answers(settled: World, database_urls: Urls) -> None:
    batch = await hand_in(settled, [{"transcript_code": "x"}])
    connection = await asyncpg.connect(database_urls.owner.replace("+asyncpg", ""))
    await connection.execute("UPDATE batch_question SET sealed = sealed || '\\x00'::bytea")
    await connection.close()
    async with asyncio.timeout(30):
        await work_off(settled)
    ended = await batches.find(settled, OFFICE, str(batch.batch_id))
    assert (ended.state, ended.code) == (batches.State.FAILED, codes.SERVICE_FAULT.slug)
    assert await result_of(settled, batch) == []


async def test_a_result_lives_three_days(settled: World, database_urls: Urls) -> None:
    batch = await hand_in(settled, [{"transcript_code": "x"}])
    await work_off(settled)
    done = await batches.find(settled, OFFICE, str(batch.batch_id))
    assert done.ended_at is not None
    assert done.expires_at == done.ended_at + timedelta(days=3)
    late = done.expires_at
    with pytest.raises(Refusal) as over:
        await batches.finished(settled, OFFICE, str(batch.batch_id), late)
    assert over.value.code is codes.BATCH_EXPIRED
    for moment, left in ((late - timedelta(seconds=1), 1), (late, 0)):
        async with settled.db.transaction() as tx:
            await stored.expire(tx, moment, moment - timedelta(days=30))
        assert await parts_left(database_urls) == left
    gone = await batches.find(settled, OFFICE, str(batch.batch_id))
    assert gone.state is batches.State.EXPIRED
    with pytest.raises(Refusal) as over:
        await batches.finished(settled, OFFICE, str(batch.batch_id), done.ended_at)
    assert over.value.code is codes.BATCH_EXPIRED
    async with settled.db.transaction() as tx:
        await stored.expire(tx, late + timedelta(days=31), late + timedelta(days=1))
    with pytest.raises(Refusal) as unknown:
        await batches.find(settled, OFFICE, str(batch.batch_id))
    assert unknown.value.code is codes.BATCH_UNKNOWN


async def parts_left(urls: Urls) -> int:
    connection = await asyncpg.connect(urls.owner.replace("+asyncpg", ""))
    try:
        return int(await connection.fetchval("SELECT count(*) FROM batch_part"))
    finally:
        await connection.close()


async def test_a_deleted_batch_is_not_asked_on(settled: World, another: World, database_urls: Urls) -> None:
    document = await on_record(settled, small_city())
    batch = await hand_in(settled, [{"transcript_code": document["madinhdanhhocba"]}] * 30)
    removed = asyncio.Event()

    def count(_outcome: object) -> None:
        removed.set()

    task = asyncio.create_task(worker_with(edge_batches.words(), count).run(settled, work.Watch(), asyncio.Event()))
    await removed.wait()
    await batches.remove(another, OFFICE, str(batch.batch_id))
    async with asyncio.timeout(20):
        await task
    assert len(await questions_on_record(database_urls)) < 30
