"""GET /v1/reminders and /v1/reminders/messages over real HTTP: shape, pages, filters, whom they concern."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from registry.client.api import RegistryClient
from registry.core.callers import Scope
from registry.core.campaigns import Stage
from registry.demo import schools
from registry.services import campaigns, contacts, reminders, units
from tests.api.conftest import Registry
from tests.services.test_reminders import SETTING, Mailbox

pytestmark = pytest.mark.anyio
FIRST, SECOND = schools.all_schools()[:2]
YEAR = FIRST.school_year
HEADER = "mahocsinh,hovaten,tenlop,ngaysinh,gioitinh,sodinhdanh\n"


@pytest.fixture
async def office(registry: Registry) -> RegistryClient:
    """Two schools are three days late with numbers; transcripts are due in three days; one of them has a contact."""
    now = datetime.now(UTC)
    today = contacts.day_of(now)
    await units.import_builtin(registry.world, "hcmc-2025", now - timedelta(days=9))
    await units.import_units(registry.world, schools.units_csv().encode(), now - timedelta(days=9))
    days = dict(zip(Stage, (-3, -3, 3, 40, 41), strict=True))
    due = {stage.value: (today + timedelta(days=n)).isoformat() for stage, n in days.items()}
    members = {"code": "lop1", "name": "Lớp 1", "name_en": "Grade 1", "school_year": YEAR, "grades": [1],
               "units": [schools.DISTRICT], "deadlines": due}  # fmt: skip
    await campaigns.add(registry.world, None, members, now - timedelta(days=60))
    operator = await registry.caller("operator", Scope.OPERATE, units=frozenset({schools.CITY}))
    for school in (FIRST, SECOND):
        answer = await operator.put_roster(
            school.code, YEAR, 1, f"{HEADER}7100{school.code[-1]},Tên Thử,1A,,,\n".encode()
        )
        assert answer.status == 200
    table = f"school_code,role,phone,email,valid_from\n{FIRST.code},Văn thư,,vt@a.example,2026-01-01\n"
    await contacts.import_table(registry.world, None, table.encode(), now, "test")
    return await registry.caller("office", Scope.COMPLETENESS, units=frozenset({schools.DISTRICT}))


async def get(registry: Registry, client: RegistryClient, path: str, **question: str) -> httpx.Response:
    async with httpx.AsyncClient(base_url=registry.base_url, timeout=30) as http:
        headers = {"Authorization": f"Bearer {await client.token()}"}
        return await http.get(path, params=question, headers=headers)


async def test_page_by_page_and_by_state(registry: Registry, office: RegistryClient) -> None:
    rows: list[dict[str, Any]] = []
    more: dict[str, str] = {}
    while True:
        answer = await get(registry, office, "/v1/reminders", unit=schools.DISTRICT, limit="3", **more)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        rows += body["reminders"]
        if body["next"] is None:
            break
        more = {"after": body["next"]}
    stages = ["numbers_reviewed", "transcripts_submitted"]
    assert [(row["school_code"], row["stage"]) for row in rows] == [
        (s.code, x) for s in (FIRST, SECOND) for x in stages
    ]
    assert body["states"] == {"due": 2, "no_contact": 2, "failed": 0, "reminded": 0}
    assert body["sending"] is registry.settings.reminders
    today = contacts.day_of(datetime.now(UTC))
    assert rows[0] == {
        "school_code": FIRST.code, "school_name": FIRST.name, "campaign": "lop1", "stage": "numbers_reviewed",
        "due_on": (today - timedelta(days=3)).isoformat(), "done": 0, "of": 1, "state": "due", "last": None,
        "next_on": (today + timedelta(days=3)).isoformat(),
    }  # fmt: skip
    found = (await get(registry, office, "/v1/reminders", unit=schools.DISTRICT, state="no_contact")).json()
    assert {row["school_code"] for row in found["reminders"]} == {SECOND.code}


async def test_messages_with_what_became_of_them(registry: Registry, office: RegistryClient) -> None:
    report = await reminders.send(registry.world, Mailbox().open, SETTING, datetime.now(UTC))
    assert report.sent == 2
    first = (await get(registry, office, "/v1/reminders/messages", unit=schools.DISTRICT, limit="1")).json()
    rest = (await get(registry, office, "/v1/reminders/messages", unit=schools.DISTRICT, after=first["next"])).json()
    rows = [*first["messages"], *rest["messages"]]
    assert rest["next"] is None
    assert {(r["school_name"], r["state"], r["recipients"], r["attempts"], r["reason"]) for r in rows} == {
        (FIRST.name, "sent", 1, 1, None)
    }
    assert len({row["stage"] for row in rows}) == 2
    now = (await get(registry, office, "/v1/reminders", unit=schools.DISTRICT, state="reminded")).json()
    assert {row["last"]["state"] for row in now["reminders"]} == {"sent"}


async def test_whom_they_concern(registry: Registry, office: RegistryClient) -> None:
    other = await registry.caller("other", Scope.COMPLETENESS, units=frozenset({"district:770"}))
    vendor = await registry.caller("vendor", Scope.SUBMIT, units=frozenset({f"school:{FIRST.code}"}))
    for path in ("/v1/reminders", "/v1/reminders/messages"):
        for unit in (schools.DISTRICT, f"school:{FIRST.code}", "district:nowhere"):
            assert (await get(registry, other, path, unit=unit)).json()["code"] == "access-unit"
        assert (await get(registry, vendor, path, unit=schools.DISTRICT)).json()["code"] == "access-scope"
        assert (await get(registry, office, path, unit=schools.DISTRICT, after="\x00")).json()[
            "code"
        ] == "request-parameter"
        assert (await get(registry, office, path, unit=schools.DISTRICT, limit="0")).json()[
            "code"
        ] == "request-parameter"
