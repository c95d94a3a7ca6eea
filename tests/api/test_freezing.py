"""A freeze over HTTP by two operators; exported again and again while submissions arrive; what came later beside it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import httpx
import pytest

from registry.client.api import RegistryClient
from registry.core.callers import Scope
from registry.core.campaigns import Stage
from registry.services import campaigns
from tests.api.conftest import Registry
from tests.small_city import PRIMARY, SmallCity, settle, small_city

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(240)]
CITY: SmallCity = small_city()
CODE, YEAR, UNIT = "g1", "2023-2024", f"school:{PRIMARY.code}"
HEADER = "mahocsinh,hovaten,tenlop,ngaysinh,gioitinh,sodinhdanh\n"
PUPILS = [CITY.document(seed=seed) for seed in range(1, 9)]
FREEZE = f"/v1/campaigns/{CODE}/freeze"


@pytest.fixture
async def vendor(registry: Registry) -> RegistryClient:
    """Eight pupils of grade 1, the first with a transcript; a campaign of the city, and its vendor."""
    await settle(registry.world, CITY)
    due = dict.fromkeys(Stage, "2040-08-15")
    members = {"code": CODE, "name": "A", "name_en": "A", "school_year": YEAR, "grades": [1], "deadlines": due}
    await campaigns.add(registry.world, None, {**members, "units": ["city:79"]}, datetime.now(UTC))
    for name in ("op-1", "op-2"):
        await registry.caller(name, Scope.OPERATE, Scope.COMPLETENESS, units=frozenset({"city:79"}))
    rows = "".join(f"{d['mahocsinh']},{d['hovaten']},1A,,,{d['sodinhdanh']}\n" for d in PUPILS)
    answer = await registry.client("op-1").put_roster(PRIMARY.code, YEAR, 1, (HEADER + rows).encode())
    assert answer.status == 200
    made = await registry.caller("vendor-a", Scope.SUBMIT, units=frozenset({UNIT}))
    assert (await made.submit(CITY.signed(PUPILS[0]))).status == 201
    return made


async def ask(registry: Registry, name: str, method: str, path: str, **more: Any) -> httpx.Response:
    async with httpx.AsyncClient(base_url=registry.base_url, timeout=60) as http:
        headers = {"Authorization": f"Bearer {await registry.client(name).token()}"}
        return await http.request(method, path, headers=headers, **more)


async def freeze(registry: Registry) -> httpx.Response:
    waits = await ask(registry, "op-1", "POST", FREEZE, json={"reason": "Đã duyệt"})
    assert (waits.status_code, waits.json()) == (202, {"state": "waits", "freeze": None})
    return await ask(registry, "op-2", "POST", FREEZE, json={"reason": "Đã duyệt"})


async def beside(registry: Registry, **more: str) -> dict[str, Any] | None:
    question = {"unit": UNIT, "campaign": CODE, **more}
    answer = await ask(registry, "op-1", "GET", "/v1/completeness", params=question)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] | None = answer.json()["frozen"]
    return found


async def test_two_operators_and_what_came_after_the_freeze(registry: Registry, vendor: RegistryClient) -> None:
    once = await ask(registry, "op-1", "POST", FREEZE, json={"reason": "Đã duyệt"})
    again = await ask(registry, "op-1", "POST", FREEZE, json={"reason": "Đã duyệt"})
    assert (once.status_code, again.status_code) == (202, 202), "one operator is one word, however often"
    assert await beside(registry) is None
    before = datetime.now(UTC)
    done = await ask(registry, "op-2", "POST", FREEZE, json={"reason": "Đã duyệt"})
    assert (done.status_code, done.json()["freeze"]["frozen_by"]) == (201, ["op-1", "op-2"])
    third = await ask(registry, "op-2", "POST", FREEZE, json={"reason": "Đã duyệt"})
    assert (third.status_code, third.json()["code"]) == (409, "freeze-done")
    assert (await vendor.submit(CITY.signed(PUPILS[1]))).status == 201
    found = await beside(registry)
    assert found is not None
    assert (found["expected"], found["buckets"]["present"], found["buckets"]["missing"], found["arrived"]) == (
        8,
        1,
        7,
        1,
    )
    assert found["fingerprint"] == done.json()["freeze"]["fingerprint"]
    question = {"unit": UNIT, "campaign": CODE, "bucket": "present"}
    listed = (await ask(registry, "op-1", "GET", "/v1/completeness/pupils", params=question)).json()["pupils"]
    late = {row["pupil_code"]: row["after_freeze"] for row in listed}
    assert late == {PUPILS[0]["mahocsinh"]: False, PUPILS[1]["mahocsinh"]: True}
    earlier = {**question, "as_of": before.isoformat()}
    listed = (await ask(registry, "op-1", "GET", "/v1/completeness/pupils", params=earlier)).json()["pupils"]
    assert [row["after_freeze"] for row in listed] == [None]
    assert await beside(registry, as_of=(before - timedelta(seconds=1)).isoformat()) is None
    assert await beside(registry, grade="1") == found, "all grades of the campaign"


async def test_the_export_is_the_same_bytes_while_submissions_arrive(
    registry: Registry, vendor: RegistryClient
) -> None:
    done = await freeze(registry)
    assert done.status_code == 201
    first = (await ask(registry, "op-1", "GET", f"{FREEZE}/export")).content
    exports = [ask(registry, name, "GET", f"{FREEZE}/export") for name in ("op-1", "op-2") * 6]
    sent = [vendor.submit(CITY.signed(each)) for each in PUPILS[1:]]
    answers: list[Any] = await asyncio.gather(*sent, *exports)
    assert [each.status for each in answers[: len(sent)]] == [201] * 7
    assert {each.content for each in answers[len(sent) :]} == {first}
    assert (await ask(registry, "op-2", "GET", f"{FREEZE}/export")).content == first
    body = first[: first.rstrip(b"\n").rfind(b"\n") + 1]
    assert sha256(body).hexdigest() == done.json()["freeze"]["fingerprint"]
    assert len(first) == done.json()["freeze"]["size"]
    found = await beside(registry)
    assert found is not None
    assert found["arrived"] == 7


async def test_units_of_a_frozen_campaign_page_by_page(registry: Registry, vendor: RegistryClient) -> None:
    assert (await freeze(registry)).status_code == 201
    whole = (await ask(registry, "op-1", "GET", FREEZE)).json()
    codes = [line["unit"] for line in whole["units"]]
    assert (codes, whole["next"]) == (sorted(codes), None)
    assert len(codes) > 2
    pages: list[Any] = []
    more: dict[str, str] = {}
    while more.get("after", "") is not None:
        body = (await ask(registry, "op-1", "GET", FREEZE, params={"limit": "2", **more})).json()
        assert 1 <= len(body["units"]) <= 2
        pages += body["units"]
        more = {"after": body["next"]}
    assert pages == whole["units"]
    for wrong in ({"limit": "0"}, {"limit": "501"}, {"after": "x" * 41}):
        assert (await ask(registry, "op-1", "GET", FREEZE, params=wrong)).status_code == 400
