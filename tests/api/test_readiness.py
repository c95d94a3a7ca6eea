"""GET /v1/readiness over HTTP: the body's shape, and that parameters are taken exactly."""

from __future__ import annotations

import pytest

from registry.core.callers import Scope
from tests.api.conftest import Registry
from tests.small_city import PRIMARY, settle, small_city, vendor

pytestmark = pytest.mark.anyio


async def test_a_row_for_each_school(registry: Registry) -> None:
    await settle(registry.world, small_city(), vendor(PRIMARY))
    office = await registry.caller("office", Scope.COMPLETENESS, units=frozenset({"city:79"}))
    answer = await office.readiness("city:79", "2023-2024", limit="1")
    assert answer.status == 200
    assert answer.body["lights"] == {"red": 3, "amber": 0, "green": 0}
    (row,) = answer.body["schools"]
    assert (row["school_code"], row["light"]) == (PRIMARY.code, "red")
    assert row["numbers"] == {"pupils": 0, "with_number": 0, "without_number": 0, "share": None}
    assert row["signers"]["seal"] == {"good": 1, "ending": 0, "unusable": 0}
    assert row["vendors"] == [{"caller_id": "vendor-a", "name": "vendor-a"}]
    assert [reason["code"] for reason in row["reasons"]] == ["readiness-roster", "readiness-silent"]
    assert row["reasons"][0]["vi"]["title"]
    following = await office.readiness("city:79", "2023-2024", limit="500", after=answer.body["next"])
    assert len(following.body["schools"]) == 2


@pytest.mark.parametrize(
    "more", [{"grade": "13"}, {"colour": "red"}, {"light": "blue"}, {"before": "2020-01-01T00:00:00Z"}]
)
async def test_what_can_not_be_asked(registry: Registry, more: dict[str, str]) -> None:
    await settle(registry.world, small_city())
    office = await registry.caller("office", Scope.COMPLETENESS, units=frozenset({"city:79"}))
    answer = await office.readiness("city:79", "2023-2024", **more)
    assert (answer.status, answer.body["code"]) == (400, "request-parameter")
