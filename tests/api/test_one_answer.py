"""What is not there and what is another vendor's take the same time, over real HTTP; see test_two_vendors for status and bodies.

Compared by their ranks as in `tests/services/test_indistinguishable.py`, which also says what a planted leak is.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Awaitable, Callable
from functools import partial
from random import Random
from statistics import median
from uuid import UUID

import httpx
import pytest

from registry.core.callers import Scope
from tests.api.conftest import Registry, served
from tests.api.test_two_vendors import CITY, CODE, JOSE, MINE, NO_NUMBER, NUMBER, PUPIL, signed, statement
from tests.services.test_indistinguishable import open_foreign, slower
from tests.small_city import PRIVATE, SECONDARY, settle

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(300)]
ROUNDS = 50
#: With 50 samples of a side and no difference the deviation of the chance is 0.058: this is more than four of them.
NEAR = 0.25
WHO = {"birth_date": MINE["ngaythangnamsinh"], "sex": "male" if MINE["gioitinh"] == "1" else "female"}
Request = Callable[[httpx.AsyncClient], Awaitable[httpx.Response]]
Pair = tuple[Request, Request]


@pytest.fixture
async def submitted(registry: Registry) -> str:
    """The submission of A's record."""
    await settle(registry.world, CITY)
    a = await registry.caller("vendor-a", Scope.SUBMIT, units=frozenset({f"school:{SECONDARY.code}"}))
    result = await a.submit(signed(MINE, SECONDARY))
    assert result.status == 201, result.body
    return str(result.body["submission_id"])


@pytest.fixture
async def token(registry: Registry) -> dict[str, str]:
    """The header of vendor B."""
    client = await registry.caller("vendor-b", Scope.SUBMIT, units=frozenset({f"school:{PRIVATE.code}"}))
    return {"Authorization": f"Bearer {await client.token()}"}


def opened(address: str, headers: dict[str, str]) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=address, headers=headers, timeout=60)


def get(place: str) -> Request:
    return lambda http: http.get(place)


def identify(number: str) -> Request:
    return lambda http: http.post("/v1/pupils/identify", json=WHO | {"personal_number": number})


def withdraw(raw: bytes) -> Request:
    return lambda http: http.post("/v1/withdrawals", content=raw, headers=JOSE)


def pairs(submission_id: str, index: int) -> dict[str, Pair]:
    """Each question about what nobody has, and about what A has."""
    nobody = str(UUID(int=index, version=4))
    found: dict[str, Pair] = {}
    for tail in ("", "/versions", "/document"):
        found[f"transcripts{tail}"] = (get(f"/v1/transcripts/{nobody}{tail}"), get(f"/v1/transcripts/{CODE}{tail}"))
    for tail in ("", "/report", "/evidence"):
        found[f"submissions{tail}"] = (
            get(f"/v1/submissions/{nobody}{tail}"),
            get(f"/v1/submissions/{submission_id}{tail}"),
        )
    found["views"] = (get("/v1/pupils/9999999999/views"), get(f"/v1/pupils/{PUPIL}/views"))
    return found


async def timed(http: httpx.AsyncClient, request: Request) -> float:
    """Seconds of one request that tells nothing."""
    began = time.perf_counter()
    answer = await request(http)
    seconds = time.perf_counter() - began
    assert answer.status_code in {200, 202, 404}, answer.text
    assert PUPIL not in answer.text
    return seconds


async def measured(registry: Registry, submission_id: str, token: dict[str, str]) -> dict[str, tuple[float, ...]]:
    """Of each question the chance that it takes longer about what A has than about what nobody has, and both medians."""
    often = registry.settings.model_copy(update={"identifications_per_minute": 10_000})
    withdrawals = [withdraw(statement(code)) for code in (str(UUID(int=1, version=4)), CODE)]
    with served(often) as guarded, served(often.model_copy(update={"even_milliseconds": 0})) as unguarded:
        async with opened(guarded, token) as http, opened(unguarded, token) as bare:

            async def leaking() -> float:
                began = time.perf_counter()
                await open_foreign(registry.world, CODE, SECONDARY.code)
                return time.perf_counter() - began + await timed(bare, get(f"/v1/transcripts/{CODE}"))

            times: dict[str, tuple[list[float], list[float]]] = {}
            rng = Random(11)
            gc.disable()
            try:
                for index in range(ROUNDS):
                    asked = pairs(submission_id, index)
                    asked["identify"] = (identify(NO_NUMBER), identify(NUMBER))
                    asked["withdrawals"] = (withdrawals[0], withdrawals[1])
                    kinds: dict[tuple[str, int], Callable[[], Awaitable[float]]] = {
                        (name, side): partial(timed, http, pair[side])
                        for name, pair in asked.items()
                        for side in (0, 1)
                    }
                    kinds["planted leak", 0] = partial(timed, bare, asked["transcripts"][0])
                    kinds["planted leak", 1] = leaking
                    for name, side in rng.sample(list(kinds), len(kinds)):
                        times.setdefault(name, ([], []))[side].append(await kinds[name, side]())
            finally:
                gc.enable()
    return {
        name: (slower(foreign, unknown), median(unknown), median(foreign)) for name, (unknown, foreign) in times.items()
    }


async def test_nobody_can_tell_by_the_clock_what_another_vendor_has(
    registry: Registry, submitted: str, token: dict[str, str]
) -> None:
    """While a machine is so busy that the planted leak does not show, a measurement says nothing about the others either."""
    for _ in range(3):
        found = await measured(registry, submitted, token)
        leak = found.pop("planted leak")
        if leak[0] > 0.5 + NEAR:
            break
    assert leak[0] > 0.5 + NEAR, (leak, found)
    assert all(abs(chance - 0.5) < NEAR for chance, *_ in found.values()), found
