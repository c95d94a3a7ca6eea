"""The pages of reminders and calls: for whom they are, what they say, their files, and the button "called"."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import httpx
import openpyxl
import pytest

from registry.core.callers import Caller, CallerKind, Scope
from registry.demo import schools
from registry.services import calls
from tests.api.conftest import Registry
from tests.web.conftest import FIRST, SECOND, sign_in_by_link
from tests.web.test_pages import table_of
from tests.web.test_sign_in import code_of, form_token

pytestmark = pytest.mark.anyio
QUERY = {"unit": schools.DISTRICT, "year": FIRST.school_year}


async def get(http: httpx.AsyncClient, page: str, **more: str) -> httpx.Response:
    return await http.get(page, params={**QUERY, **more})


async def test_for_whom_they_are(hurried: Registry, http: httpx.AsyncClient) -> None:
    for page in ("/reminders", "/calls"):
        assert code_of(await get(http, page)) == "session-none"
    await sign_in_by_link(http, hurried.world, "quan-3")
    for page in ("/reminders", "/calls"):
        for kind in ("", "csv"):
            answer = await get(http, page, format=kind)
            assert (answer.status_code, code_of(answer)) == (403, "access-unit")
            assert FIRST.name not in answer.text


async def test_who_is_late_and_was_written_to(hurried: Registry, http: httpx.AsyncClient) -> None:
    await sign_in_by_link(http, hurried.world, "quan-10")
    rows = table_of((await get(http, "/reminders", format="csv")).text)[1:]
    assert [(row[0], row[3], row[5], row[6], row[7]) for row in rows] == [
        (FIRST.code, "Rà soát số định danh", "2", "3", "Đã nhắc"),
        (FIRST.code, "Nộp học bạ", "0", "3", "Đã nhắc"),
        (FIRST.code, "Nhà trường xác nhận hoàn thành", "0", "1", "Đã nhắc"),
        (SECOND.code, "Nộp học bạ", "0", "2", "Chưa có đầu mối"),
        (SECOND.code, "Nhà trường xác nhận hoàn thành", "0", "1", "Chưa có đầu mối"),
    ]
    only = table_of((await get(http, "/reminders", format="csv", state="no_contact", lang="en")).text)[1:]
    assert [(row[0], row[7]) for row in only] == [(SECOND.code, "No contact")] * 2
    messages = table_of((await get(http, "/reminders", format="csv", table="messages")).text)[1:]
    assert {(row[1], row[5], row[7]) for row in messages} == {(FIRST.code, "đã gửi", "1")}
    assert len(messages) == 3
    page = (await get(http, "/reminders")).text
    for name in (FIRST.name, SECOND.name):
        assert name in page
    assert "Tên 0" not in page
    assert code_of(await get(http, "/reminders", after="x")) == "request-parameter"


async def test_a_call_is_noted_from_the_page(hurried: Registry, http: httpx.AsyncClient) -> None:
    await sign_in_by_link(http, hurried.world, "quan-10")
    page = (await get(http, "/calls")).text
    assert page.index(f"s{FIRST.code}") < page.index(f"s{SECOND.code}"), "late before slow"
    assert 'href="tel:02838650001"' in page
    token = form_token(page)
    good = {"form": token, "school": FIRST.code, "note": "=Hẹn <b>thứ hai</b>"}
    for change, code in (
        ({"form": "x"}, "session-form"),
        ({"school": "0"}, "access-unit"),
        ({"note": "x" * 201}, "request-parameter"),
    ):
        assert code_of(await http.post("/calls", params=QUERY, data={**good, **change})) == code
    foreign = await http.post("/calls", params=QUERY, data=good, headers={"Origin": "https://evil.example"})
    assert code_of(foreign) == "session-form"
    noted = await http.post("/calls", params=QUERY, data=good)
    assert noted.status_code == 303
    assert noted.headers["location"].endswith(f"#s{FIRST.code}")
    page = (await get(http, "/calls")).text
    assert "=Hẹn &lt;b&gt;thứ hai&lt;/b&gt;" in page
    assert page.index(f"s{SECOND.code}") < page.index(f"s{FIRST.code}"), "who was called today comes last"
    rows = table_of((await get(http, "/calls", format="csv")).text)[1:]
    assert (rows[-1][0], rows[-1][3], rows[-1][9]) == (
        FIRST.code, "Công nghệ thông tin 02838650002; Văn thư 02838650001", "'=Hẹn <b>thứ hai</b>"
    )  # fmt: skip
    book = openpyxl.load_workbook(io.BytesIO((await get(http, "/calls", format="xlsx")).content))
    assert book.worksheets[0].cell(3, 10).data_type == "s"


async def test_who_noted_it_is_on_record(hurried: Registry, http: httpx.AsyncClient) -> None:
    await sign_in_by_link(http, hurried.world, "so")
    page = (await get(http, "/calls")).text
    await http.post("/calls", params=QUERY, data={"form": form_token(page), "school": SECOND.code, "note": ""})
    office = Caller("office", CallerKind.OFFICE, "office", frozenset({Scope.COMPLETENESS}), frozenset(),
                    frozenset({schools.DISTRICT}), frozenset({FIRST.code, SECOND.code}), {})  # fmt: skip
    asked = calls.Asked(schools.DISTRICT, None, "06-15")
    rows = await calls.listed(hurried.world, office, asked, datetime.now(UTC))
    assert [row.last_call.caller_id for row in rows if row.last_call] == ["person:so"]
