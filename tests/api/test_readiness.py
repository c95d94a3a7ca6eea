"""GET /v1/readiness over HTTP: the body's shape, and that parameters are taken exactly."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from registry.core.callers import Scope
from registry.core.campaigns import Stage
from registry.services import campaigns
from tests.api.conftest import Registry
from tests.small_city import PRIMARY, settle, small_city, vendor

pytestmark = pytest.mark.anyio


async def test_a_row_for_each_school(registry: Registry) -> None:
    await settle(registry.world, small_city(), vendor(PRIMARY))
    office = await registry.caller("office", Scope.COMPLETENESS, units=frozenset({"city:79"}))
    answer = await office.readiness("city:79", "2023-2024", limit="1")
    assert answer.status == 200
    assert answer.body["lights"] == {"red": 3, "amber": 0, "green": 0}
    assert answer.body["concerned"] == {"red": 1, "amber": 0, "green": 0}, (
        "those with pupils or a vendor, as the pages count"
    )
    (row,) = answer.body["schools"]
    assert (row["school_code"], row["light"]) == (PRIMARY.code, "red")
    assert row["numbers"] == {"pupils": 0, "with_number": 0, "without_number": 0, "share": None}
    assert row["signers"]["seal"] == {"good": 1, "ending": 0, "unusable": 0}
    assert row["vendors"] == [{"caller_id": "vendor-a", "name": "vendor-a"}]
    assert [reason["code"] for reason in row["reasons"]] == ["readiness-roster", "readiness-silent"]
    assert row["reasons"][0]["vi"]["title"]
    following = await office.readiness("city:79", "2023-2024", limit="500", after=answer.body["next"])
    assert len(following.body["schools"]) == 2


async def test_for_a_campaign(registry: Registry) -> None:
    await settle(registry.world, small_city(), vendor(PRIMARY))
    due = dict.fromkeys(Stage, "2040-08-15")
    members = {"code": "g1", "name": "A", "name_en": "A", "school_year": "2023-2024", "grades": [1], "deadlines": due}
    now = datetime.now(UTC)
    await campaigns.add(registry.world, None, {**members, "units": [f"school:{PRIMARY.code}"]}, now)
    office = await registry.caller("office", Scope.COMPLETENESS, units=frozenset({"city:79"}))
    answer = await office.readiness("city:79", campaign="g1")
    assert (answer.status, answer.body["school_year"], answer.body["before"]) == (
        200,
        "2023-2024",
        "2040-08-15T17:00:00Z",
    )
    assert [row["school_code"] for row in answer.body["schools"]] == [PRIMARY.code]
    assert {"detail", "detail_vi"} < answer.body["schools"][0]["reasons"][0].keys()
    for year, more, pointer in (
        (None, {}, "/query/school_year"),
        ("2023-2024", {"campaign": "g1"}, "/query/school_year"),
        (None, {"campaign": "g1", "grade": "1"}, "/query/grade"),
    ):
        wrong = await office.readiness("city:79", year, **more)
        assert (wrong.status, [error["pointer"] for error in wrong.body["errors"]]) == (400, [pointer])
    unknown = await office.readiness("city:79", campaign="none")
    assert unknown.body["code"] == "campaign-unknown"


@pytest.mark.parametrize(
    "more", [{"grade": "13"}, {"colour": "red"}, {"light": "blue"}, {"before": "2020-01-01T00:00:00Z"}]
)
async def test_what_can_not_be_asked(registry: Registry, more: dict[str, str]) -> None:
    await settle(registry.world, small_city())
    office = await registry.caller("office", Scope.COMPLETENESS, units=frozenset({"city:79"}))
    answer = await office.readiness("city:79", "2023-2024", **more)
    assert (answer.status, answer.body["code"]) == (400, "request-parameter")
