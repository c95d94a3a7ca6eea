"""/v1/calls over real HTTP: who is late or will be, with phone and last contact; a call is noted, once for each time."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest

from registry.client.api import RegistryClient
from registry.core.callers import Scope
from registry.demo import schools
from registry.services import reminders
from tests.api.conftest import Registry
from tests.api.test_reminders import FIRST, SECOND, office
from tests.services.test_reminders import SETTING, Mailbox

__all__ = ["office"]
pytestmark = pytest.mark.anyio


async def ask(
    registry: Registry, client: RegistryClient, body: dict[str, str] | None = None, **question: str
) -> httpx.Response:
    async with httpx.AsyncClient(base_url=registry.base_url, timeout=30) as http:
        headers = {"Authorization": f"Bearer {await client.token()}"}
        if body is not None:
            return await http.post("/v1/calls", json=body, headers=headers)
        return await http.get("/v1/calls", params=question, headers=headers)


async def test_whom_to_call_and_why(registry: Registry, office: RegistryClient) -> None:
    await reminders.send(registry.world, Mailbox().open, SETTING, datetime.now(UTC))
    answer = await ask(registry, office, unit=schools.DISTRICT)
    assert answer.status_code == 200, answer.text
    rows = {row["school_code"]: row for row in answer.json()["schools"]}
    assert set(rows) == {FIRST.code, SECOND.code}
    reasons = [(r["stage"], r["trouble"], r["done"], r["of"], r["gained"]) for r in rows[FIRST.code]["reasons"]]
    assert reasons == [("numbers_reviewed", "late", 0, 1, None), ("transcripts_submitted", "slow", 0, 1, 0)]
    assert rows[FIRST.code]["contacts"] == [{"role": "Văn thư", "phone": None, "email": "vt@a.example"}]
    assert rows[FIRST.code]["last_reminder"] is not None
    assert rows[FIRST.code]["last_reminder_state"] == "sent"
    assert rows[SECOND.code]["last_reminder_state"] is None
    assert (answer.json()["of"], answer.json()["called"]) == (2, 0)
    empty = (rows[SECOND.code][name] for name in ("contacts", "last_reminder", "last_call", "last_contact"))
    assert list(empty) == [[], None, None, None]


async def test_a_call_is_noted_and_its_school_goes_to_the_end(registry: Registry, office: RegistryClient) -> None:
    first = (await ask(registry, office, unit=schools.DISTRICT)).json()["schools"][0]["school_code"]
    for note in ("Hẹn gửi chiều nay", "Đã gửi"):
        made = await ask(registry, office, {"school_code": first, "note": note})
        assert (made.status_code, made.json()["by"]) == (201, "office")
    one = (await ask(registry, office, unit=schools.DISTRICT, limit="1")).json()
    two = (await ask(registry, office, unit=schools.DISTRICT, after=one["next"])).json()
    assert [row["school_code"] for row in (*one["schools"], *two["schools"])][-1] == first
    assert (two["schools"][0]["last_call"]["note"], two["next"]) == ("Đã gửi", None)
    assert [(page["of"], page["called"]) for page in (one, two)] == [(2, 1), (2, 1)]


async def test_a_call_between_two_pages_leaves_nobody_out(registry: Registry, office: RegistryClient) -> None:
    one = (await ask(registry, office, unit=schools.DISTRICT, limit="1")).json()
    first = one["schools"][0]["school_code"]
    assert (await ask(registry, office, {"school_code": first})).status_code == 201
    rest = (await ask(registry, office, unit=schools.DISTRICT, after=one["next"])).json()["schools"]
    assert {FIRST.code, SECOND.code} - {first} <= {row["school_code"] for row in rest}
    for after in ("x", FIRST.code, "0.0.1.", "0.0.-1.7", "2.0.1.7"):
        assert (await ask(registry, office, unit=schools.DISTRICT, after=after)).json()["code"] == "request-parameter"


async def test_what_is_not_noted(registry: Registry, office: RegistryClient) -> None:
    for body, code in (
        ({"school_code": "0", "note": ""}, "access-unit"),
        ({"school_code": FIRST.code, "note": "gặp 079317000001"}, "request-parameter"),
        ({"school_code": FIRST.code, "note": "a\nb"}, "request-parameter"),
        ({"school_code": FIRST.code, "note": "x" * 201}, "request-parameter"),
        ({"school_code": FIRST.code, "name": "x"}, "request-parameter"),
    ):
        assert (await ask(registry, office, body)).json()["code"] == code
    other = await registry.caller("other", Scope.COMPLETENESS, units=frozenset({"district:770"}))
    assert (await ask(registry, other, {"school_code": FIRST.code})).json()["code"] == "access-unit"
    assert (await ask(registry, other, unit=schools.DISTRICT)).json()["code"] == "access-unit"
    rows = (await ask(registry, office, unit=schools.DISTRICT)).json()["schools"]
    assert [row["last_call"] for row in rows] == [None, None]
