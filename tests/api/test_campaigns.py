"""/v1/campaigns over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from registry.core.callers import Scope
from registry.core.campaigns import Stage
from registry.services import campaigns, units
from tests.api.conftest import Registry

pytestmark = pytest.mark.anyio
FIRST = "/v1/campaigns/q10-lop1-2023-2024"
SCHOOL = """kind,code,name,parents,valid_from,valid_to,ownership
school,79771101,A,district:771,2020-01-01,,public
"""
NEW = {"code": "c", "name": "C", "name_en": "C", "school_year": "2025-2026", "grades": [10], "units": ["district:771"],
       "deadlines": dict.fromkeys([*Stage], "2026-06-30")}  # fmt: skip


async def test_campaigns_are_listed_made_and_moved(registry: Registry, http: httpx.AsyncClient) -> None:
    now = datetime.now(UTC)
    await units.import_builtin(registry.world, "hcmc-2025", now)
    await units.import_units(registry.world, SCHOOL.encode(), now)
    await campaigns.add_file(registry.world, campaigns.builtin("plan"), now)
    office = await registry.caller("office", Scope.COMPLETENESS, Scope.OPERATE, units=frozenset({"district:771"}))
    headers = {"Authorization": f"Bearer {await office.token()}"}

    async def ask(method: str, path: str, status: int, **more: Any) -> dict[str, Any]:
        answer = await http.request(method, path, headers=headers, **more)
        assert answer.status_code == status, answer.text
        body: dict[str, Any] = answer.json()
        return body

    listed = await ask("GET", "/v1/campaigns", 200)
    assert [each["grades"] for each in listed["campaigns"]] == [[1], [6]]
    one = await ask("GET", FIRST, 200)
    assert one == listed["campaigns"][0]
    assert (one["units"], one["unit_names"]) == (["district:771"], ["Quận 10 (trước 01/07/2025)"])
    assert one["deadlines"][2]["due_at"] == "2024-08-16T00:00:00+07:00"
    move = {"stage": "reviewed", "due_on": "2024-09-06", "reason": "bão"}
    moved = await ask("POST", f"{FIRST}/deadlines", 200, json=move)
    assert (moved["deadlines"][4]["due_on"], moved["deadlines"][4]["set_by"]) == ("2024-09-06", "office")
    assert len(moved["history"]) == 6
    assert (await ask("POST", "/v1/campaigns", 201, json=NEW))["levels"] == ["upper_secondary"]
    wrong = await ask("POST", "/v1/campaigns", 422, json={**NEW, "grades": [13]})
    assert [(e["code"], e["pointer"]) for e in wrong["errors"]] == [("campaign-shape", "/body/grades")]
    assert (await ask("GET", "/v1/campaigns/none", 404))["code"] == "campaign-unknown"
