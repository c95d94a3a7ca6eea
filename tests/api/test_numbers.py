"""/v1/numbers over real HTTP: out as a file, back as a file, doubts and undo; never a number in an answer or a log."""

from __future__ import annotations

import csv
import io
from hashlib import sha256
from typing import Any

import pytest

from registry.client.api import RegistryClient
from registry.core.callers import Scope
from registry.core.rosters import Place
from registry.services import rosters
from tests.api.conftest import Registry
from tests.small_city import NOW, PRIMARY, SECONDARY, settle, small_city

pytestmark = pytest.mark.anyio
YEAR = PRIMARY.school_year
WHOSE = f"unit=city:79&school_year={YEAR}"
MISSING, EXPORTS, RETURNS, CASES = (f"/v1/numbers/{name}" for name in ("missing", "exports", "returns", "cases"))
ROSTER = (
    "mahocsinh,hovaten,tenlop,ngaysinh,gioitinh,sodinhdanh\n"
    "1001,Nguyễn Thị Hòa,1A,2017-05-04,2,\n1002,Trần Văn Bình,1A,2017-06-05,1,\n1003,Lê Chí,1B,2017-07-06,1,\n"
    "1004,Lê Chi,1B,2017-07-06,1,\n1005,Lê Dung,1B,2017-07-06,2,079317000005\n"
)
HEAD = "Họ và tên,Ngày sinh,Giới tính,Số định danh cá nhân"
HOA, CHI = "079317000001", "079217000003"
RETURNED = f"{HEAD}\nNguyễn Thị Hoà,04/05/2017,Nữ,{HOA}\nLe Chi,06/07/2017,Nam,{CHI}\nTrần Văn Bình,05/06/2017,Nam,\n"


@pytest.fixture
async def operator(registry: Registry) -> RegistryClient:
    await settle(registry.world, small_city())
    await rosters.import_roster(registry.world, Place(PRIMARY.code, YEAR, 1), ROSTER.encode(), NOW, source="test")
    return await registry.caller("operator", Scope.OPERATE, units=frozenset({"city:79"}))


async def ask(client: RegistryClient, method: str, path: str, **more: Any) -> tuple[int, dict[str, Any]]:
    answer = await client._ask(method, path, **more)
    return answer.status, answer.body


async def send(
    client: RegistryClient, raw: bytes, more: str = "", kind: str = "text/csv"
) -> tuple[int, dict[str, Any]]:
    return await ask(client, "POST", f"{RETURNS}?{WHOSE}{more}", content=raw, headers={"Content-Type": kind})


async def views(registry: Registry) -> list[tuple[str, int]]:
    """(screen, names seen there by the operator)."""
    query = "SELECT screen, sum(names)::int FROM name_view WHERE caller_id = 'operator' GROUP BY 1 ORDER BY 1"
    async with registry.world.db.hot_transaction() as tx:
        return [tuple(row) for row in await tx.fetch(query)]


async def test_out_and_back(registry: Registry, operator: RegistryClient, log_text: io.StringIO) -> None:
    first = (await ask(operator, "GET", f"{MISSING}?{WHOSE}&limit=3"))[1]
    second = (await ask(operator, "GET", f"{MISSING}?{WHOSE}&limit=3&after={first['next']}"))[1]
    found = [*first["pupils"], *second["pupils"]]
    assert [(each["pupil_code"], each["why"]) for each in found] == [(f"100{n}", "absent") for n in range(1, 5)]
    assert (second["next"], found[0]["birth_date"], found[0]["school_name"]) == (None, "2017-05-04", PRIMARY.name)

    answer = await operator._send("POST", f"{EXPORTS}?{WHOSE}&format=csv", {}, {})
    assert "thieu-so-dinh-danh-00001.csv" in answer.headers["content-disposition"]
    lines = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [line[4] for line in lines[1:]] == [each["name"] for each in found]
    kept = (await ask(operator, "GET", EXPORTS))[1]["exports"]
    assert [(each["export_number"], each["pupils"], each["sha256"], each["caller_id"]) for each in kept] == [
        (1, 4, sha256(answer.content).hexdigest(), "operator")
    ]

    tried = (await send(operator, RETURNED.encode(), "&dry_run=true"))[1]
    assert (tried["applied"], tried["without"], tried["return_id"], tried["doubtful"]) == (
        1, 1, None, [{"cell": "D3", "doubts": ["several", "name"], "pupils": 2}],
    )  # fmt: skip
    taken = (await send(operator, RETURNED.encode()))[1]
    assert (taken["applied"], taken["doubtful"], taken["wrong"]) == (1, tried["doubtful"], [])
    (came,) = (await ask(operator, "GET", RETURNS))[1]["returns"]
    assert (came["return_id"], came["applied"], came["doubtful"], came["sha256"]) == (
        taken["return_id"], 1, 1, sha256(RETURNED.encode()).hexdigest(),
    )  # fmt: skip

    listed = (await ask(operator, "GET", f"{CASES}?school_year={YEAR}"))[1]
    assert listed["waiting"] == 1
    (case,) = listed["cases"]
    assert [each["pupil_code"] for each in case["pupils"]] == ["1003", "1004"]
    path = f"{CASES}/{case['case_id']}/decision"
    status, body = await ask(operator, "POST", path, json={"pupil_code": "1004", "reason": "giấy khai sinh"})
    assert (status, body["pupil_code"]) == (200, "1004")
    left = (await ask(operator, "GET", f"{MISSING}?{WHOSE}"))[1]["pupils"]
    assert [each["pupil_code"] for each in left] == ["1002", "1003"]

    undo = f"{RETURNS}/{taken['return_id']}/undo"
    assert await ask(operator, "POST", undo, json={"pupil_code": "1004", "reason": "nhầm"}) == (200, {"undone": 1})
    assert await ask(operator, "POST", undo, json={"pupil_code": None, "reason": "nhầm"}) == (200, {"undone": 1})
    assert (await ask(operator, "GET", RETURNS))[1]["returns"][0]["undone"] == 2
    assert await views(registry) == [("api-number-cases", 2), ("api-numbers", 3 + 1 + 2), ("api-numbers-file", 4)]
    for number in (HOA, CHI):
        assert number not in log_text.getvalue() + str([tried, taken, case, body, left])


async def test_a_bad_file_is_answered_by_row_and_column_and_changes_nothing(operator: RegistryClient) -> None:
    wrong = RETURNED.replace(CHI, HOA).replace(f"Nữ,{HOA}", "Nữ,79317000001")
    status, body = await send(operator, wrong.encode())
    assert (status, body["code"]) == (422, "numbers-row")
    assert [(each["code"], each["pointer"]) for each in body["errors"]] == [
        ("roster-number-zero", "/rows/2/sodinhdanh"), ("number-sex", "/rows/3/sodinhdanh"),
    ]  # fmt: skip
    assert HOA not in str(body)
    taken = RETURNED.replace(HOA, "079317000005")
    status, body = await send(operator, taken.encode())
    assert [(each["code"], each["pointer"]) for each in body["errors"]] == [("number-taken", "/rows/2/sodinhdanh")]
    assert (await ask(operator, "GET", RETURNS))[1] == {"returns": [], "next": None}
    status, body = await send(operator, taken.encode(), "&skip_wrong=true")
    assert (status, body["applied"], [each["code"] for each in body["wrong"]]) == (200, 0, ["number-taken"])
    assert len(body["doubtful"]) == 1


async def test_what_is_turned_away(registry: Registry, operator: RegistryClient) -> None:
    other = await registry.caller("other", Scope.OPERATE, units=frozenset({f"school:{SECONDARY.code}"}))
    assert (await send(operator, b"a,b\n1,2\n"))[1]["code"] == "numbers-shape"
    assert (await send(operator, b"{}", kind="application/json"))[1]["code"] == "request-media-type"
    assert (await send(operator, b"x" * 10_000_001))[1]["code"] == "request-too-large"
    assert (await send(operator, RETURNED.encode(), "&dryrun=1"))[1]["code"] == "request-parameter"
    for status, body in (
        await send(other, RETURNED.encode()),
        await ask(other, "GET", f"{MISSING}?{WHOSE}"),
        await ask(other, "POST", f"{EXPORTS}?{WHOSE}"),
    ):
        assert (status, body["code"]) == (403, "access-unit")
    taken = (await send(operator, RETURNED.encode()))[1]
    assert (await ask(other, "GET", RETURNS))[1] == {"returns": [], "next": None}
    assert (await ask(other, "GET", CASES))[1] == {"waiting": 0, "cases": [], "next": None}
    why = {"pupil_code": None, "reason": "nhầm"}
    status, body = await ask(other, "POST", f"{RETURNS}/{taken['return_id']}/undo", json=why)
    assert (status, body["code"]) == (404, "number-return-unknown")
    (case,) = (await ask(operator, "GET", CASES))[1]["cases"]
    for client, pupil, expected in (
        (other, "1003", (404, "number-case-unknown")),
        (operator, "1001", (409, "number-case-pupil")),
        (operator, None, (200, None)),
        (operator, "1003", (409, "number-case-decided")),
    ):
        path = f"{CASES}/{case['case_id']}/decision"
        status, body = await ask(client, "POST", path, json={"pupil_code": pupil, "reason": "nhầm"})
        assert (status, body.get("code")) == expected


async def test_what_went_out_and_came_back_page_by_page(operator: RegistryClient) -> None:
    for _ in range(3):
        assert (await operator._send("POST", f"{EXPORTS}?{WHOSE}&format=csv", {}, {})).status_code == 200
        assert (await send(operator, RETURNED.encode()))[0] == 200
    for path, member in ((EXPORTS, "exports"), (RETURNS, "returns")):
        whole = (await ask(operator, "GET", path))[1]
        assert (len(whole[member]), whole["next"]) == (3, None)
        first = (await ask(operator, "GET", f"{path}?limit=2"))[1]
        second = (await ask(operator, "GET", f"{path}?limit=2&after={first['next']}"))[1]
        assert (len(first[member]), second["next"]) == (2, None)
        assert first[member] + second[member] == whole[member]
        for wrong in ("limit=0", "limit=501", "after=x", "unit=city:79"):
            assert (await ask(operator, "GET", f"{path}?{wrong}"))[0] == 400
