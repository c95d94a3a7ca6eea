"""PUT /v1/rosters over real HTTP: who may, what is answered, what is turned away."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from unicodedata import normalize

import openpyxl
import pytest

from registry.client.api import RegistryClient
from registry.core.callers import Scope
from registry.demo import schools
from registry.services import units
from tests.api.conftest import Registry

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 11, 23, tzinfo=UTC)
SCHOOL = schools.all_schools()[0]
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PATH = f"/v1/rosters/{SCHOOL.code}/{SCHOOL.school_year}/1"
HEADER = "mahocsinh,hovaten,tenlop,ngaysinh,gioitinh,sodinhdanh\n"
TWO = (HEADER + "79001,Nguyễn An,1A,2017-05-04,2,079317000001\n79002,Trần Bình,1A,2017,1,\n").encode()


@pytest.fixture
async def operator(registry: Registry) -> RegistryClient:
    await units.import_builtin(registry.world, "hcmc-2025", NOW)
    await units.import_units(registry.world, schools.units_csv().encode(), NOW)
    return await registry.caller("operator", Scope.OPERATE, units=frozenset({schools.DISTRICT}))


async def put(
    client: RegistryClient, raw: bytes, path: str = PATH, kind: str = "text/csv", **headers: str
) -> tuple[int, dict[str, object]]:
    answer = await client._ask("PUT", path, content=raw, headers={"Content-Type": kind, **headers})
    return answer.status, answer.body


def counts(**more: int | bool) -> dict[str, int | bool]:
    return {"joined": 0, "left": 0, "changed": 0, "unchanged": 0, "total": 0, "dry_run": False, **more}


async def test_taken_as_a_difference(operator: RegistryClient) -> None:
    assert await put(operator, TWO) == (200, counts(joined=2, total=2))
    assert await put(operator, TWO) == (200, counts(unchanged=2, total=2))
    third = TWO.replace(b"79002", b"79003").replace("Nguyễn An".encode(), "Nguyễn Ân".encode())
    assert await put(operator, third, kind='text/csv; charset="UTF-8"') == (
        200, counts(joined=1, left=1, changed=1, total=2)
    )  # fmt: skip
    answer = await operator.put_roster(SCHOOL.code, SCHOOL.school_year, 1, TWO)
    assert answer.status == 200


def workbook() -> bytes:
    """A list as a school keeps it: titles, a header merged over two rows, given and family name apart, text cells."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["DANH SÁCH HỌC SINH LỚP 1A"])
    sheet.append(
        ["STT", "Mã học sinh", normalize("NFD", "Họ và tên"), None, "Lớp", "Ngày sinh", "Giới tính", "Số ĐDCN"]
    )
    sheet.append([None, None, "Họ và đệm", "Tên"])
    for first in ("A", "B", "E", "F", "G", "H"):
        sheet.merge_cells(f"{first}2:{first}3")
    sheet.merge_cells("C2:D2")
    sheet.append([1, "79001", normalize("NFD", "Nguyễn Thị"), "An", "1A", date(2017, 5, 4), "Nữ", "079317000001"])
    sheet.append([2, "79002", "Trần", "Bình", "1A", "04/05/2017", "Nam", None])
    raw = io.BytesIO()
    book.save(raw)
    return raw.getvalue()


async def test_a_workbook_and_a_list_of_excel(operator: RegistryClient) -> None:
    assert await put(operator, workbook(), f"{PATH}?dry_run=true", XLSX) == (
        200,
        counts(joined=2, total=2, dry_run=True),
    )
    assert await put(operator, workbook(), kind=XLSX) == (200, counts(joined=2, total=2))
    excel = (
        "\ufeffSTT;Mã học sinh;Họ và tên;Lớp;Ngày sinh;Giới tính;Số ĐDCN\r\n"
        "1;79001;Nguyễn Thị An;1A;04/05/2017;Nữ;079317000001\r\n2;79002;Trần Bình;1B;04/05/2017;Nam;\r\n"
    )
    assert await put(operator, excel.encode()) == (200, counts(changed=1, unchanged=1, total=2))


async def test_a_city_sends_many_rosters_at_once(operator: RegistryClient) -> None:
    other = schools.all_schools()[1]
    lines = ["Mã trường,Khối,Mã học sinh,Họ và tên,Lớp,Ngày sinh,Giới tính,Số ĐDCN"]
    lines += [
        f"{SCHOOL.code},1,79001,Nguyễn An,1A,2017,Nữ,079317000001",
        f"{other.code},2,79002,Trần Bình,2A,2016,Nam,",
    ]
    raw, path = "\n".join(lines).encode(), f"/v1/rosters/{SCHOOL.school_year}"
    assert await put(operator, raw, f"{path}?dry_run=true") == (
        200, {**counts(joined=2, total=2, dry_run=True), "rosters": 2, "schools": 2}
    )  # fmt: skip
    answer = await operator.put_rosters(SCHOOL.school_year, raw, total="2")
    assert (answer.status, answer.body) == (200, {**counts(joined=2, total=2), "rosters": 2, "schools": 2})
    status, body = await put(operator, raw.replace(other.code.encode(), b"79772999"), path)
    assert (status, body["code"], body["errors"][0]["pointer"]) == (403, "access-unit", "/rows/3/matruong")  # type: ignore[index]
    without = "\n".join([lines[0].replace("Khối", "Ghi chú"), lines[2]]).encode()
    status, body = await put(operator, without, f"{path}?grade=2")
    assert (status, body["unchanged"], body["rosters"]) == (200, 1, 1)
    status, body = await put(operator, without, path)
    assert (status, body["code"]) == (422, "roster-shape")


async def test_every_finding_at_once_and_never_the_value(operator: RegistryClient) -> None:
    raw = (HEADER + "79001,Nguyễn An,1A,13/13/2017,2,07931700000\n79001,,1A,2017,1,\n").encode()
    status, body = await put(operator, raw)
    assert (status, body["code"]) == (422, "roster-row")
    errors = body["errors"]
    assert isinstance(errors, list)
    assert [(error["code"], error["pointer"]) for error in errors] == [
        ("field-format", "/rows/2/ngaysinh"),
        ("roster-number-zero", "/rows/2/sodinhdanh"),
        ("field-empty", "/rows/3/hovaten"),
    ]
    assert "07931700000" not in str(body)
    assert await put(operator, TWO) == (200, counts(joined=2, total=2))


PLACES: list[tuple[str, int, tuple[str, str] | None]] = [
    (f"/v1/rosters/79772999/{SCHOOL.school_year}/1", 403, ("access-unit", "/path/school_code")),
    (f"/v1/rosters/%00/{SCHOOL.school_year}/1", 403, ("access-unit", "/path/school_code")),
    (f"/v1/rosters/{SCHOOL.code}/2023-2025/1", 400, ("request-parameter", "/path/school_year")),
    (f"/v1/rosters/{SCHOOL.code}/2023/1", 400, ("request-parameter", "/path/school_year")),
    (f"/v1/rosters/{SCHOOL.code}/{SCHOOL.school_year}/0", 400, ("request-parameter", "/path/grade")),
    (f"/v1/rosters/{SCHOOL.code}/{SCHOOL.school_year}/13", 400, ("request-parameter", "/path/grade")),
    (f"/v1/rosters/{SCHOOL.code}/{SCHOOL.school_year}/one", 400, ("request-parameter", "/path/grade")),
    (f"{PATH}?total=-1", 400, ("request-parameter", "/query/total")),
    (f"{PATH}?Total=2", 400, ("request-parameter", "/query")),
    (f"{PATH}?total=3", 422, ("roster-count", "")),
    (f"{PATH}?total=2", 200, None),
]


async def test_where_to(operator: RegistryClient) -> None:
    for path, status, found in PLACES:
        answered, body = await put(operator, TWO, path)
        assert answered == status
        errors = body.get("errors", [])
        assert isinstance(errors, list)
        assert [(error["code"], error["pointer"]) for error in errors] == ([] if found is None else [found])


TURNED_AWAY: list[tuple[bytes, str, dict[str, str], int, str]] = [
    (TWO, "application/json", {}, 415, "request-media-type"),
    (TWO, "text/csv; charset=latin1", {}, 415, "request-media-type"),
    (TWO, "text/csv", {"Content-Encoding": "gzip"}, 415, "request-media-type"),
    (b"x" * 2_000_001, "text/csv", {}, 413, "request-too-large"),
    (b"", "text/csv", {}, 422, "roster-shape"),
    (b"\xff", "text/csv", {}, 422, "roster-shape"),
]


async def test_what_is_turned_away(operator: RegistryClient) -> None:
    for raw, kind, headers, status, code in TURNED_AWAY:
        answered, body = await put(operator, raw, kind=kind, **headers)
        assert (answered, body["code"]) == (status, code)


async def test_a_school_of_somebody_elses_units_looks_like_none(registry: Registry, operator: RegistryClient) -> None:
    other = await registry.caller("other", Scope.OPERATE, units=frozenset({"district:770"}))
    known, unknown = await put(other, TWO), await put(other, TWO, PATH.replace(SCHOOL.code, "79770999"))
    assert known[0] == unknown[0] == 403
    assert known[1]["errors"] == unknown[1]["errors"]
