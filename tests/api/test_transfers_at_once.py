"""Pupils who change schools, over HTTP and all at once: versions of both schools, renumberings, two people deciding, three readers.

Whatever the interleaving: no fault, every version on record, and each school told of its own versions once.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial
from random import Random
from typing import Any

import httpx
import pytest

from registry.client.api import RegistryClient
from registry.core.callers import Scope
from registry.demo import transcripts
from registry.services import submission
from registry.services.world import World
from tests.api.conftest import Registry
from tests.services.test_pupils import other_number
from tests.services.test_pupils_at_once import later
from tests.small_city import PRIVATE, SECONDARY, SmallCity, settle, small_city

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(300)]
CITY: SmallCity = small_city()
JOSE = {"Content-Type": "application/jose+json"}
PUPILS = range(30, 34)
_PERSON = ("sodinhdanh", "mahocsinh", "hovaten", "ngaythangnamsinh", "gioitinh")
Job = Callable[[], Awaitable[Any]]


async def ask(client: httpx.AsyncClient, method: str, path: str, **more: Any) -> httpx.Response:
    """Until it is answered with something else than "come again"."""
    for _ in range(200):
        answer = await client.request(method, path, **more)
        if answer.status_code not in {429, 503}:
            assert answer.status_code < 500, answer.text
            return answer
        await asyncio.sleep(0.1)
    raise AssertionError(f"never answered: {path}")


async def as_caller(registry: Registry, client: RegistryClient) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {await client.token()}"}
    return httpx.AsyncClient(base_url=registry.base_url, headers=headers, timeout=60)


def sendings(seed: int, old: httpx.AsyncClient, new: httpx.AsyncClient) -> list[Job]:
    """Three versions of each school, twice each; every other pupil's transcript code is carried on by the new school."""
    sent = CITY.document(SECONDARY, seed)
    arrived = {**CITY.document(PRIVATE, seed + 500), **{name: sent[name] for name in _PERSON}}
    first = 1
    if seed % 2:
        arrived["madinhdanhhocba"], first = sent["madinhdanhhocba"], 4
    versions = [(old, transcripts.revised(sent, number), SECONDARY) for number in (1, 2, 3)]
    versions += [(new, transcripts.revised(arrived, first + number), PRIVATE) for number in range(3)]
    raws = [(client, CITY.signed(document, school)) for client, document, school in versions]
    return [partial(ask, c, "POST", "/v1/submissions", content=raw, headers=JOSE) for c, raw in raws * 2]


async def decide(operator: httpx.AsyncClient, rounds: int) -> None:
    for _ in range(rounds):
        for case in (await ask(operator, "GET", "/v1/cases")).json()["cases"]:
            body = {"decision": "transfer", "reason": "Đã chuyển trường"}
            if body["decision"] in case["possible"]:
                await ask(operator, "POST", f"/v1/cases/{case['submission_id']}/decision", json=body)
        await asyncio.sleep(0.2)


async def follow(client: httpx.AsyncClient, limit: int, ended: asyncio.Event) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after, last = 0, False
    while not last:
        last = ended.is_set()  # asked before the last look, so that it sees everything
        more = True
        while more:
            page = (await ask(client, "GET", f"/v1/changes?after={after}&limit={limit}")).json()
            found, after, more = [*found, *page["changes"]], page["next"], page["more"]
        await asyncio.sleep(0.1)
    return found


def accepted(feed: list[dict[str, Any]]) -> Counter[tuple[str, str, int]]:
    return Counter((c["school_code"], c["transcript_code"], c["version"]) for c in feed if c["kind"] == "accepted")


async def test_each_school_is_told_of_its_own_versions_once(registry: Registry) -> None:
    await settle(registry.world, CITY)
    units = [frozenset({f"school:{school.code}"}) for school in (SECONDARY, PRIVATE)]
    callers = [await registry.caller(f"vendor-{i}", Scope.SUBMIT, units=each) for i, each in enumerate(units)]
    callers += [await registry.caller(f"operator-{i}", Scope.OPERATE, units=frozenset({"city:79"})) for i in range(2)]
    async with AsyncExitStack() as closing:
        clients = [await closing.enter_async_context(await as_caller(registry, each)) for each in callers]
        ended = asyncio.Event()
        async with asyncio.TaskGroup() as following:
            read = [following.create_task(follow(c, n, ended)) for c, n in zip(clients, (3, 1, 50), strict=False)]
            await everything_at_once(registry.world, *clients)
            ended.set()
    of_old, of_new, of_city = [task.result() for task in read]
    on_record = await records(registry.world)
    assert (
        accepted(of_old) + accepted(of_new)
        == accepted(of_city)
        == Counter(
            (school, code, version) for code, versions in on_record.items() for version, school in versions.items()
        )
    )
    assert {each["school_code"] for each in of_old} == {SECONDARY.code}
    assert {each["school_code"] for each in of_new} == {PRIVATE.code}
    assert [each["position"] for each in of_city] == list(range(1, len(of_city) + 1))


async def everything_at_once(
    world: World, old: httpx.AsyncClient, new: httpx.AsyncClient, *operators: httpx.AsyncClient
) -> None:
    """All that both schools send, the renumberings and the decisions, until nothing waits any more."""
    todo = [job for seed in PUPILS for job in sendings(seed, old, new)]
    for seed in PUPILS:
        number = CITY.document(SECONDARY, seed)["sodinhdanh"]
        body = {"old_number": number, "new_number": other_number(number, 3), "reference": "QĐ 1"}
        todo.append(partial(ask, operators[0], "POST", "/v1/pupils/renumberings", json=body))
    Random(7).shuffle(todo)
    await asyncio.gather(*(job() for job in todo), *(decide(operator, 8) for operator in operators))
    for _ in range(4):  # what waited for another version's case is judged again, and may be a case itself
        judging = World.of(world.db, world.sealer, world.judges)
        for each in await submission.waiting(judging, 500):
            await submission.rejudge(judging, each, later())
        await decide(operators[1], 1)


async def records(world: World) -> dict[str, dict[int, str]]:
    """Transcript code -> version -> the school that gave it out; the version that counts is the greatest, and nothing waits."""
    async with world.db.hot() as tx:
        rows = await tx.fetch(
            "SELECT r.transcript_code, r.current_version, v.version, s.school_code FROM record r"
            " JOIN record_version v USING (school_year, pupil_id, level) JOIN submission s USING (submission_id)"
        )
        assert await tx.fetchval("SELECT count(*) FROM waiting") == 0
    found: dict[str, dict[int, str]] = {}
    for row in rows:
        found.setdefault(row["transcript_code"], {})[row["version"]] = row["school_code"]
    assert all(row["current_version"] == max(found[row["transcript_code"]]) for row in rows)
    assert sorted(map(len, found.values())) == [3, 3, 3, 3, 6, 6]
    return found
