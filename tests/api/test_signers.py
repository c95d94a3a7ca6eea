"""GET /v1/signers/expiring over real HTTP: the shape of the answer, the default moment, the pages, the refusals."""

from __future__ import annotations

import pytest

from registry.client.api import RegistryClient
from registry.core.callers import Scope
from tests import small_city
from tests.api.conftest import Registry

pytestmark = pytest.mark.anyio
FIRST = small_city.PRIMARY
UNIT = f"school:{FIRST.code}"


@pytest.fixture
async def office(registry: Registry) -> RegistryClient:
    await small_city.settle(registry.world, small_city.small_city())
    return await registry.caller("office", Scope.COMPLETENESS, units=frozenset({UNIT}))


async def test_counts_then_entries(office: RegistryClient) -> None:
    answer = await office.expiring(UNIT, before="2034-01-01", limit="2")
    assert answer.status == 200
    assert list(answer.body) == [
        "unit", "name", "schools", "affected", "troubles", "covered", "before", "children", "entries", "next",
    ]  # fmt: skip
    assert answer.body["before"] == "2033-12-31T17:00:00Z"
    assert (answer.body["schools"], answer.body["affected"], answer.body["troubles"]["expires"]) == (1, 1, 3)
    first, second = answer.body["entries"]
    assert (first["role"], second["role"], first["trouble"]) == ("principal", "seal", "expires")
    assert second["holder"] == "Con dấu Tiểu học A"
    rest = await office.expiring(UNIT, before="2034-01-01", limit="2", after=answer.body["next"])
    assert ([entry["role"] for entry in rest.body["entries"]], rest.body["next"]) == (["teacher"], None)


async def test_without_a_moment_the_next_signing_day(office: RegistryClient) -> None:
    answer = await office.expiring(UNIT)
    assert answer.status == 200
    assert answer.body["before"].endswith("-06-14T17:00:00Z")
    assert (answer.body["affected"], answer.body["entries"]) == (0, [])


@pytest.mark.parametrize(
    ("question", "status", "code", "pointer"),
    [
        ({"unit": "city:79"}, 403, "access-unit", "/query/unit"),
        ({"unit": UNIT, "before": "2020-01-01"}, 400, "request-parameter", "/query/before"),
        ({"unit": UNIT, "before": "soon"}, 400, "request-parameter", "/query/before"),
        ({"unit": UNIT, "after": "x"}, 400, "request-parameter", "/query/after"),
        ({"unit": UNIT, "limit": "0"}, 400, "request-parameter", "/query/limit"),
        ({"unit": UNIT, "until": "2034-01-01"}, 400, "request-parameter", "/query"),
    ],
)
async def test_refusals(office: RegistryClient, question: dict[str, str], status: int, code: str, pointer: str) -> None:
    answer = await office.expiring(**question)
    found = [(error["code"], error["pointer"]) for error in answer.body["errors"]]
    assert (answer.status, found) == (status, [(code, pointer)])
