"""What the office's screens show has a route: stages of a campaign, its grades, who wants it frozen, units, and attempts of nobody."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from registry.client.api import RegistryClient
from registry.core.callers import Scope
from registry.core.campaigns import Stage
from registry.services import campaigns
from tests.api.conftest import Registry
from tests.small_city import PRIMARY, PRIVATE, SECONDARY, SmallCity, settle, small_city

pytestmark = pytest.mark.anyio
CITY: SmallCity = small_city()
CODE, YEAR, UNIT = "g1", "2023-2024", f"school:{PRIMARY.code}"
HEADER = "mahocsinh,hovaten,tenlop,ngaysinh,gioitinh,sodinhdanh\n"
ONE, TWO = CITY.document(seed=1), CITY.document(seed=2)


@pytest.fixture
async def vendor(registry: Registry) -> RegistryClient:
    """Two pupils of grade 1 and one of grade 2, the first with a transcript; a campaign of grades 1 and 2."""
    await settle(registry.world, CITY)
    due = dict.fromkeys(Stage, "2040-08-15")
    members = {"code": CODE, "name": "A", "name_en": "A", "school_year": YEAR, "grades": [1, 2], "deadlines": due}
    await campaigns.add(registry.world, None, {**members, "units": ["city:79"]}, datetime.now(UTC))
    office = await registry.caller("office", Scope.OPERATE, Scope.COMPLETENESS, units=frozenset({"city:79"}))
    await registry.caller("elsewhere", Scope.COMPLETENESS, units=frozenset({f"school:{SECONDARY.code}"}))
    first = "".join(f"{d['mahocsinh']},{d['hovaten']},1A,,,{d['sodinhdanh']}\n" for d in (ONE, TWO))
    for grade, rows in ((1, first), (2, "79222,Tên,2A,,,\n")):
        assert (await office.put_roster(PRIMARY.code, YEAR, grade, (HEADER + rows).encode())).status == 200
    made = await registry.caller("vendor-a", Scope.SUBMIT, units=frozenset({UNIT}))
    assert (await made.submit(CITY.signed(ONE))).status == 201
    return made


async def ask(registry: Registry, path: str, name: str = "office", status: int = 200, **question: Any) -> Any:
    async with httpx.AsyncClient(base_url=registry.base_url) as http:
        headers = {"Authorization": f"Bearer {await registry.client(name).token()}"}
        answer = await http.get(path, params=question, headers=headers)
    assert answer.status_code == status, answer.text
    return answer.json()


async def pages(registry: Registry, path: str, key: str, **question: Any) -> list[Any]:
    """Every row, one at a time."""
    rows, after = list[Any](), None
    while True:
        more: dict[str, Any] = {} if after is None else {"after": after}
        body = await ask(registry, path, limit=1, **question, **more)
        assert len(body[key]) <= 1
        rows += body[key]
        after = body["next"]
        if after is None:
            return rows


async def test_how_far_a_unit_is(registry: Registry, vendor: RegistryClient) -> None:
    body = await ask(registry, f"/v1/campaigns/{CODE}/progress", unit=UNIT)
    assert {row["stage"]: (row["done"], row["of"], row["of_schools"]) for row in body["stages"]} == {
        "numbers_reviewed": (2, 3, False),
        "certificates_ready": (0, 1, True),  # none lasts until 2040
        "transcripts_submitted": (1, 3, False),
        "declared": (0, 1, True),
        "reviewed": (0, 1, True),
    }
    assert [row["stage"] for row in body["stages"]] == [stage.value for stage in Stage]
    assert {row["due_on"] for row in body["stages"]} == {"2040-08-15"}
    refused = await ask(registry, f"/v1/campaigns/{CODE}/progress", "elsewhere", 403, unit=UNIT)
    assert refused["code"] == "access-unit"


async def test_grades_declared_or_not(registry: Registry, vendor: RegistryClient) -> None:
    rows = await pages(registry, f"/v1/campaigns/{CODE}/grades", "grades")
    assert [(row["school_code"], row["grade"], row["pupils"], row["declared"]) for row in rows] == [
        (PRIMARY.code, 1, 2, None),
        (PRIMARY.code, 2, 1, None),
    ]
    first = await ask(registry, f"/v1/campaigns/{CODE}/grades", limit=1)
    assert (first["of"], first["declared"]) == (2, 0), "of all pages, as the page says"
    wrong = await ask(registry, f"/v1/campaigns/{CODE}/grades", status=400, after="x")
    assert wrong["code"] == "request-parameter"


async def test_who_wants_it_frozen(registry: Registry, vendor: RegistryClient) -> None:
    path = f"/v1/campaigns/{CODE}/freeze"
    assert await ask(registry, f"{path}/requests") == {"requests": [], "next": None}
    async with httpx.AsyncClient(base_url=registry.base_url) as http:
        headers = {"Authorization": f"Bearer {await registry.client('office').token()}"}
        assert (await http.post(path, json={"reason": "Hết hạn"}, headers=headers)).status_code == 202
    (word,) = (await ask(registry, f"{path}/requests"))["requests"]
    assert (word["caller_id"], word["reason"]) == ("office", "Hết hạn")


async def test_units_at_or_below_the_callers(registry: Registry, vendor: RegistryClient) -> None:
    rows = await pages(registry, "/v1/units", "units")
    assert [(row["unit"], row["schools"]) for row in rows] == [
        ("city:79", 3),
        *((f"school:{code}", 1) for code in sorted(s.code for s in (PRIMARY, SECONDARY, PRIVATE))),
    ]
    assert [row["unit"] for row in (await ask(registry, "/v1/units", kind="city"))["units"]] == ["city:79"]
    assert [row["parents"] for row in rows] == [[], ["city:79"], ["city:79"], ["city:79"]]
    own = await ask(registry, "/v1/units", "elsewhere", map="then", school_year=YEAR)
    assert [row["unit"] for row in own["units"]] == [f"school:{SECONDARY.code}"]
    assert (await ask(registry, "/v1/units", status=400, kind="planet"))["code"] == "request-parameter"
    assert (await ask(registry, "/v1/units", status=400, map="then"))["code"] == "request-parameter"


async def test_attempts_that_name_nobody(registry: Registry, vendor: RegistryClient) -> None:
    path = "/v1/completeness/unnamed"
    nothing = await ask(registry, path, unit=UNIT)
    assert (nothing["schools"], nothing["vendors"]) == ([], [])
    nameless = CITY.signed({key: value for key, value in TWO.items() if key != "mahocsinh"})
    assert (await vendor.submit(nameless)).status == 422
    assert (await vendor.submit(CITY.signed(TWO | {"HoVaTen": "x"}))).status == 422, "names its pupil"
    assert (await vendor.submit(b"{}")).status == 422
    found = await ask(registry, path, unit=UNIT)
    assert [(row["school_code"], row["attempts"]) for row in found["schools"]] == [(PRIMARY.code, 1)]
    assert [(row["caller_id"], row["attempts"]) for row in found["vendors"]] == [("vendor-a", 1)]
    counted = await ask(registry, "/v1/completeness", unit=UNIT, school_year=YEAR)
    assert counted["expected"] == 3, "in no bucket"
    other = await ask(registry, path, "elsewhere", unit=f"school:{SECONDARY.code}")
    assert (other["schools"], other["vendors"]) == ([], [])
    assert (await ask(registry, path, "elsewhere", 403, unit=UNIT))["code"] == "access-unit"
