"""Who is signed in, and who saw names: of one's own units alone, page by page; without operate one's own views alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from registry.client.api import RegistryClient
from registry.core.callers import Scope
from registry.core.people import Person
from registry.demo import schools
from registry.services import name_views, people, sign_in, units
from registry.services.name_views import Screen
from tests.api.conftest import Registry

pytestmark = pytest.mark.anyio
LONG_AGO = datetime(2026, 11, 23, tzinfo=UTC)
SO, Q10, Q3 = (
    Person(name, name, frozenset({Scope.COMPLETENESS}), True, frozenset({unit}))
    for name, unit in (("so", schools.CITY), ("q10", schools.DISTRICT), ("q3", "district:770"))
)


@pytest.fixture
async def city(registry: Registry) -> RegistryClient:
    """Three people with two sessions each, and an operator of the city."""
    await units.import_builtin(registry.world, "hcmc-2025", LONG_AGO)
    await units.import_units(registry.world, schools.units_csv().encode(), LONG_AGO)
    now = datetime.now(UTC)
    for person in (SO, Q10, Q3):
        await people.register(registry.world, person, None, LONG_AGO)
        for minutes in (3, 1):
            at = now - timedelta(minutes=minutes)
            await sign_in.by_link(registry.world, await sign_in.make_link(registry.world, person.person_id, at), at)
    return await registry.caller("city", Scope.OPERATE, units=frozenset({schools.CITY}))


async def ask(client: RegistryClient, path: str, **params: str) -> tuple[int, Any]:
    answer = await client._ask("GET", path, params=params)
    return answer.status, answer.body


async def pages(client: RegistryClient, path: str, member: str, **params: str) -> list[dict[str, Any]]:
    """All rows, asked two at a time."""
    rows: list[dict[str, Any]] = []
    while True:
        status, body = await ask(client, path, limit="2", **params)
        assert status == 200, body
        assert len(body[member]) <= 2
        rows += body[member]
        if body["next"] is None:
            return rows
        params["after"] = str(body["next"])


async def test_sessions_of_one_s_own_people(registry: Registry, city: RegistryClient) -> None:
    rows = await pages(city, "/v1/sessions", "sessions")
    assert sorted(row["person"] for row in rows) == ["q10", "q10", "q3", "q3", "so", "so"]
    assert [row["started_at"] for row in rows] == sorted((row["started_at"] for row in rows), reverse=True)
    assert len({row["session"] for row in rows}) == 6
    assert {row["way"] for row in rows} == {"link"}
    assert (await ask(city, "/v1/sessions"))[1] == {"sessions": rows, "next": None}
    own = [row for row in rows if row["person"] == "q3"]
    assert await pages(city, "/v1/sessions", "sessions", person="q3") == own
    district = await registry.caller("district", Scope.OPERATE, units=frozenset({schools.DISTRICT}))
    assert {row["person"] for row in await pages(district, "/v1/sessions", "sessions")} == {"q10"}
    for other in ("so", "q3", "nobody"):
        assert await pages(district, "/v1/sessions", "sessions", person=other) == []
    await people.close(registry.world, "q3", datetime.now(UTC))
    assert {row["person"] for row in await pages(city, "/v1/sessions", "sessions")} == {"so", "q10"}
    for wrong in ({"limit": "0"}, {"limit": "501"}, {"after": "x"}, {"who": "so"}, {"person": "s\0o"}):
        assert (await ask(city, "/v1/sessions", **wrong))[0] == 400


async def test_a_session_of_one_s_own_people_is_ended(registry: Registry, city: RegistryClient) -> None:
    district = await registry.caller("district", Scope.OPERATE, units=frozenset({schools.DISTRICT}))
    reader = await registry.caller("reader", Scope.COMPLETENESS, units=frozenset({schools.CITY}))
    rows = await pages(city, "/v1/sessions", "sessions")
    mine, foreign = (next(row["session"] for row in rows if row["person"] == person) for person in ("q10", "q3"))

    async def end(client: RegistryClient, session: str) -> tuple[int, str | None]:
        answer = await client._ask("DELETE", f"/v1/sessions/{session}")
        return answer.status, (answer.body or {}).get("code")

    assert await end(reader, mine) == (403, "access-scope")
    for session in (foreign, "0" * 32):
        assert await end(district, session) == (404, "session-over")
    assert await end(district, "x") == (400, "request-parameter")
    assert len(await pages(city, "/v1/sessions", "sessions")) == 6
    assert (await end(district, mine))[0] == 204
    assert await end(district, mine) == (404, "session-over")
    left = await pages(city, "/v1/sessions", "sessions")
    assert left == [row for row in rows if row["session"] != mine]


async def test_views_of_names_of_one_s_own_units(registry: Registry, city: RegistryClient) -> None:
    world, now = registry.world, datetime.now(UTC)
    looks = await registry.caller("looks", Scope.COMPLETENESS, units=frozenset({schools.CITY}))
    for number in range(5):
        at = now - timedelta(minutes=9 - number)
        person, unit = ((SO, schools.CITY), (Q10, schools.DISTRICT), (Q3, "district:770"))[number % 3]
        assert await name_views.note(world, person, Screen("school", unit, "2023-2024"), number + 1, at)
    caller = await world.caller("looks")
    await name_views.note_caller(world, caller, Screen("api-pupils", schools.DISTRICT, "2023-2024"), 7, now)
    rows = await pages(city, "/v1/name-views", "views")
    assert [(row["person"] or row["caller_id"], row["unit"], row["names"]) for row in rows] == [
        ("looks", schools.DISTRICT, 7), ("q10", schools.DISTRICT, 5), ("so", schools.CITY, 4), ("q3", "district:770", 3),
        ("q10", schools.DISTRICT, 2), ("so", schools.CITY, 1),
    ]  # fmt: skip
    assert [row["names"] for row in await pages(city, "/v1/name-views", "views", viewer="q10")] == [5, 2]
    assert [row["names"] for row in await pages(looks, "/v1/name-views", "views")] == [7]
    assert [row["names"] for row in await pages(looks, "/v1/name-views", "views", viewer="looks")] == [7]
    assert (await ask(looks, "/v1/name-views", viewer="so"))[0] == 403
    district = await registry.caller("district", Scope.OPERATE, units=frozenset({schools.DISTRICT}))
    assert [row["names"] for row in await pages(district, "/v1/name-views", "views")] == [7, 5, 2]
    assert await pages(district, "/v1/name-views", "views", viewer="so") == []
    for wrong in ({"limit": "0"}, {"limit": "501"}, {"after": "x"}, {"person": "so"}):
        assert (await ask(city, "/v1/name-views", **wrong))[0] == 400
