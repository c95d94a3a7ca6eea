"""What no database takes: NUL and halves of characters in codes and reasons of campaigns are refused, never a fault."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest

from registry.core.callers import Scope
from registry.demo import schools
from registry.services import campaigns, units
from tests.api.conftest import Registry

pytestmark = pytest.mark.anyio
PLAN = "q10-lop1-2023-2024"
CODES = ("%00", "a%00", f"{PLAN}%00", "%0d%0a", "A", "-", "x" * 300, "%ff", "%F0%9F%98%80")
REASONS = ("\\u0000", "a\\u0000b", "\\ud800", "a\\nb", "  ", "079317000001", "\\u202e")


@pytest.fixture
async def headers(registry: Registry) -> dict[str, str]:
    now = datetime.now(UTC)
    await units.import_builtin(registry.world, "hcmc-2025", now)
    await units.import_units(registry.world, schools.units_csv().encode(), now)
    await campaigns.add_file(registry.world, campaigns.builtin("plan"), now)
    scopes = (Scope.COMPLETENESS, Scope.OPERATE)
    office = await registry.caller("office", *scopes, units=frozenset({schools.CITY}))
    return {"Authorization": f"Bearer {await office.token()}", "Content-Type": "application/json"}


async def test_codes(headers: dict[str, str], http: httpx.AsyncClient) -> None:
    for code in CODES:
        for path in ("", "/progress", "/grades", "/freeze", "/freeze/export", "/freeze/requests"):
            query = f"?unit={schools.CITY}" if path == "/progress" else ""
            answer = await http.get(f"/v1/campaigns/{code}{path}{query}", headers=headers)
            assert answer.status_code in {400, 404}, (code, path, answer.text)
        for path in ("/v1/completeness?", "/v1/completeness/trend?", "/v1/readiness?", "/v1/reminders?", "/v1/calls?",
                     "/v1/completeness/pupils?bucket=missing&", "/v1/numbers/missing?school_year=2023-2024&"):  # fmt: skip
            answer = await http.get(f"{path}unit={schools.CITY}&campaign={code}", headers=headers)
            assert answer.status_code in {400, 404}, (code, path, answer.text)


async def test_reasons(headers: dict[str, str], http: httpx.AsyncClient) -> None:
    for reason in REASONS:
        for path, more in (("freeze", ""), ("deadlines", '"stage": "reviewed", "due_on": "2024-09-06", ')):
            body = f'{{{more}"reason": "{reason}"}}'.encode()
            answer = await http.post(f"/v1/campaigns/{PLAN}/{path}", content=body, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (400, "request-parameter"), (reason, path)
