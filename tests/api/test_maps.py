"""One school that moved from one cluster to another: every question about a cluster, on the map of then and of now."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from registry.client.api import RegistryClient
from registry.core import units
from registry.core.callers import Scope
from registry.core.campaigns import Stage
from registry.services import campaigns, freezing
from registry.storage import generation
from registry.storage import units as stored
from tests.api.conftest import Registry
from tests.small_city import PRIMARY, PRIVATE, SECONDARY, settle, small_city, vendor

pytestmark = pytest.mark.anyio
LONG_AGO, MOVED = datetime(2015, 1, 1, tzinfo=UTC), datetime(2025, 7, 1, tzinfo=UTC)
BEFORE, AFTER, YEAR, CODE = "cluster:before", "cluster:after", "2023-2024", "g1"
HEADER = "mahocsinh,hovaten,tenlop,ngaysinh,gioitinh,sodinhdanh\n"
Read = Callable[[Any], set[str]]


def schools(key: str, field: str = "school_code") -> Read:
    return lambda body: {row[field] for row in body[key]}


#: path, parameters beside the unit and the map, the schools of its answer.
QUESTIONS: list[tuple[str, dict[str, str], Read]] = [
    ("/v1/completeness", {"school_year": YEAR, "by": "school"}, lambda body: {
        row["unit"].removeprefix("school:") for row in body["children"]}),
    ("/v1/completeness/pupils", {"school_year": YEAR, "bucket": "awaiting_number"}, schools("pupils")),
    ("/v1/readiness", {"school_year": YEAR}, schools("schools")),
    ("/v1/readiness", {"campaign": CODE}, schools("schools")),
    ("/v1/signers/expiring", {"school_year": YEAR, "before": "2040-01-01T00:00:00Z"}, schools("entries")),
    ("/v1/contacts", {"school_year": YEAR}, lambda body: set(body["without"])),
    ("/v1/numbers/missing", {"school_year": YEAR}, schools("pupils")),
    ("/v1/calls", {}, schools("schools")),
    ("/v1/reminders", {}, schools("reminders")),
]  # fmt: skip


@pytest.fixture
async def office(registry: Registry) -> RegistryClient:
    """A school with one pupil without a number that moved after the year; the office of the city."""
    await settle(registry.world, small_city(), vendor(PRIMARY, SECONDARY, PRIVATE))
    school = f"school:{PRIMARY.code}"
    async with registry.world.db.transaction() as tx:
        await stored.add_units(tx, [units.Unit(code, "cluster", code, LONG_AGO) for code in (BEFORE, AFTER)])
        places = [units.Part("city:79", code, LONG_AGO) for code in (BEFORE, AFTER)]
        places += [units.Part(BEFORE, school, LONG_AGO, MOVED), units.Part(AFTER, school, MOVED)]
        await stored.add_parts(tx, places)
        await generation.move(tx)
    now = datetime.now(UTC)
    due = dict.fromkeys(Stage, now.date().isoformat())
    members = {"code": CODE, "name": "A", "name_en": "A", "school_year": YEAR, "grades": [1], "deadlines": due}
    await campaigns.add(registry.world, None, {**members, "units": ["city:79"]}, now)
    both = (Scope.COMPLETENESS, Scope.OPERATE)
    made = await registry.caller("office", *both, units=frozenset({"city:79"}))
    answer = await made.put_roster(PRIMARY.code, YEAR, 1, (HEADER + "70001,Tên,1A,2017,2,\n").encode())
    assert answer.status == 200
    return made


async def get(registry: Registry, client: RegistryClient, path: str, **question: str) -> httpx.Response:
    async with httpx.AsyncClient(base_url=registry.base_url) as http:
        return await http.get(path, params=question, headers={"Authorization": f"Bearer {await client.token()}"})


async def test_the_school_belongs_to_the_cluster_of_the_map_asked_about(
    registry: Registry, office: RegistryClient
) -> None:
    for path, more, read in QUESTIONS:
        found = {}
        for unit in (BEFORE, AFTER):
            for on in ("then", "now"):
                answer = await get(registry, office, path, unit=unit, map=on, **more)
                assert answer.status_code == 200, (path, answer.text)
                found[unit, on] = read(answer.json())
        mine = {PRIMARY.code}
        assert found == {
            (BEFORE, "then"): mine,
            (BEFORE, "now"): set(),
            (AFTER, "then"): set(),
            (AFTER, "now"): mine,
        }, path


async def test_a_freeze_beside_now_by_the_units_of_either_map(registry: Registry, office: RegistryClient) -> None:
    await freezing.freeze(registry.world, None, CODE, "Hết hạn", datetime.now(UTC))
    found = {}
    for on in ("then", "now"):
        body = (await get(registry, office, f"/v1/campaigns/{CODE}/freeze", map=on)).json()
        found[on] = {line["unit"]: line["frozen"]["expected"] for line in body["units"]}
    assert found["then"].pop(BEFORE) == found["now"].pop(AFTER) == 1
    assert found["then"] == found["now"], "the city and its schools are the same on both"


async def test_the_map_of_then_needs_a_year(registry: Registry, office: RegistryClient) -> None:
    for path in ("/v1/signers/expiring", "/v1/contacts", "/v1/reminders/messages"):
        answer = await get(registry, office, path, unit="city:79", map="then")
        assert (answer.status_code, [e["pointer"] for e in answer.json()["errors"]]) == (400, ["/query/school_year"])
        assert (await get(registry, office, path, unit="city:79", map="then", school_year=YEAR)).status_code == 200


async def test_cursors_keep_to_their_map(registry: Registry, office: RegistryClient) -> None:
    for path, more in (
        ("/v1/readiness", {"school_year": YEAR}),
        ("/v1/signers/expiring", {"school_year": YEAR, "before": "2040-01-01T00:00:00Z"}),
    ):
        first = await get(registry, office, path, unit="city:79", limit="1", **more)
        other = await get(registry, office, path, unit="city:79", map="then", after=first.json()["next"], **more)
        assert (other.status_code, [e["pointer"] for e in other.json()["errors"]]) == (400, ["/query/after"])
