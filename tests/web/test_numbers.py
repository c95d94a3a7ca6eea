"""The workbench's pages: for whom they are, out and back, a doubt that is decided, an undo; what a form must be."""

from __future__ import annotations

import base64
import html
import io
import re

import httpx
import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.demo import schools
from registry.services import name_views
from registry.web import uploads
from tests.api.conftest import Registry
from tests.web.conftest import FIRST, HEADER, SECOND, sign_in_by_link
from tests.web.test_pages import table_of
from tests.web.test_sign_in import code_of, form_token

pytestmark = pytest.mark.anyio
YEAR = FIRST.school_year
WHOSE = {"unit": schools.DISTRICT, "year": YEAR}
HEAD = "Họ và tên,Ngày sinh,Giới tính,Số định danh cá nhân,Mã học sinh\n"
NUMBER = "079217000009"
#: The roster of `staffed` knows neither birth date nor sex of its pupil without a number: a person has to say.
DOUBTFUL = f"{HEAD}Tên 9,05/04/2017,Nam,{NUMBER},79009\n".encode()


async def token(http: httpx.AsyncClient) -> str:
    return form_token((await http.get("/numbers", params=WHOSE)).text)


async def bring(http: httpx.AsyncClient, raw: bytes, **more: str) -> httpx.Response:
    fields = {"form": await token(http), **WHOSE, **more}
    return await http.post("/numbers/import", data=fields, files={"file": ("tra-ve.csv", raw, "text/csv")})


async def test_for_whom_they_are(staffed: Registry, http: httpx.AsyncClient) -> None:
    assert code_of(await http.get("/numbers", params=WHOSE)) == "session-none"
    await sign_in_by_link(http, staffed.world, "quan-3")
    assert code_of(await http.get("/numbers", params=WHOSE)) == "access-unit"
    await sign_in_by_link(http, staffed.world, "quan-10")
    page = await http.get("/numbers", params=WHOSE)
    assert "79009" in page.text
    assert "Tên 9" not in page.text
    assert "/numbers/export" not in page.text
    assert await name_views.newest(staffed.world, None, 10) == []
    assert code_of(await bring(http, DOUBTFUL)) == "access-scope"
    for path in ("/numbers/export", "/numbers/cases/00000000-0000-0000-0000-000000000000"):
        assert code_of(await http.post(path, data={"form": form_token(page.text)})) == "access-scope"
    assert code_of(await http.get("/numbers/cases")) == "access-scope"
    await sign_in_by_link(http, staffed.world, "quan-10-ten")
    assert "Tên 9" in (await http.get("/numbers", params=WHOSE)).text
    (view,) = await name_views.newest(staffed.world, None, 10)
    assert (view.person_id, view.screen, view.unit_code, view.names) == ("quan-10-ten", "numbers", schools.DISTRICT, 1)


async def test_the_file_for_the_police(staffed: Registry, http: httpx.AsyncClient) -> None:
    await sign_in_by_link(http, staffed.world, "so")
    answer = await http.post("/numbers/export", data={"form": await token(http), **WHOSE, "kind": "xlsx"})
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).worksheets[0]
    assert [row[3:5] for row in sheet.iter_rows(min_row=2, values_only=True)] == [("79009", "Tên 9")]
    assert "00001.xlsx" in answer.headers["content-disposition"]
    assert [view.screen for view in await name_views.newest(staffed.world, None, 1)] == ["numbers-file"]
    assert "person:so" in (await http.get("/numbers", params=WHOSE)).text
    for form, kind, code in (("", "xlsx", "session-form"), (await token(http), "pdf", "request-parameter")):
        assert code_of(await http.post("/numbers/export", data={"form": form, **WHOSE, "kind": kind})) == code


async def test_back_decided_and_undone(staffed: Registry, http: httpx.AsyncClient) -> None:
    await sign_in_by_link(http, staffed.world, "so")
    tried = await bring(http, DOUBTFUL)
    assert "Chạy thử: chưa ghi gì" in tried.text
    assert "Không có số nào chờ quyết định." in (await http.get("/numbers/cases")).text
    taken = await bring(http, DOUBTFUL, for_good="1")
    assert "ngày sinh khác hoặc chưa đủ" in taken.text
    cases = (await http.get("/numbers/cases")).text
    assert "Tên 9" in cases
    found = re.search(r"/numbers/cases/([0-9a-f-]{36})", cases)
    assert found is not None
    form = form_token(cases)
    for fields, code in (({}, "request-parameter"), ({"pupil": "79009"}, "request-parameter"),
                         ({"pupil": "79000", "reason": "x"}, "number-case-pupil")):  # fmt: skip
        assert code_of(await http.post(found[0], data={"form": form, **fields})) == code
    done = await http.post(found[0], data={"form": form, "pupil": "79009", "reason": "giấy khai sinh"})
    assert (done.status_code, done.headers["location"]) == (303, "/numbers/cases")
    page = (await http.get("/numbers", params=WHOSE)).text
    assert "Không có học sinh nào thiếu số định danh." in page
    undo = re.search(r"/numbers/returns/[0-9a-f-]{36}/undo", page)
    assert undo is not None
    undone = await http.post(undo[0], data={"form": form, **WHOSE, "pupil": "", "reason": "nhầm"})
    assert (undone.status_code, undone.headers["location"]) == (
        303,
        f"/numbers?unit=district%3A771&year={YEAR}#returns",
    )
    assert "79009" in (await http.get("/numbers", params=WHOSE)).text
    assert all(NUMBER not in each.text for each in (tried, taken, done, undone))
    assert NUMBER not in cases + page


async def test_a_bad_file_is_answered_by_cell_and_changes_nothing(staffed: Registry, http: httpx.AsyncClient) -> None:
    await sign_in_by_link(http, staffed.world, "so")
    wrong = DOUBTFUL.replace(NUMBER.encode(), b"79217000009")
    answer = await bring(http, wrong, for_good="1")
    assert (answer.status_code, code_of(answer)) == (422, "numbers-row")
    assert "D2" in answer.text
    assert "79217000009" not in answer.text
    left_out = await bring(http, wrong, for_good="1", skip_wrong="1")
    assert left_out.status_code == 200
    assert "D2" in left_out.text
    assert code_of(await bring(http, b"a,b\n1,2\n")) == "numbers-shape"


async def test_what_a_form_with_a_file_must_be(staffed: Registry, http: httpx.AsyncClient) -> None:
    await sign_in_by_link(http, staffed.world, "so")
    form = await token(http)
    fields = {"form": form, **WHOSE}
    file = {"file": ("a.csv", DOUBTFUL, "text/csv")}
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    twice = (
        b"".join(b'--x\r\nContent-Disposition: form-data; name="form"\r\n\r\n1\r\n' for _ in range(2)) + b"--x--\r\n"
    )
    for answer, code in (
        (await http.post("/numbers/import", data={**fields, "form": "other"}, files=file), "session-form"),
        (
            await http.post("/numbers/import", data=fields, files=file, headers={"Origin": "https://e.example"}),
            "session-form",
        ),
        (await http.post("/numbers/import", data=fields), "request-media-type"),
        (await http.post("/numbers/import", content=twice, headers=kind), "request-parameter"),
        (await http.post("/numbers/import", content=b"--y\r\n", headers=kind), "request-parameter"),
        (await http.post("/numbers/import", content=b"x" * 10_070_000, headers=kind), "request-too-large"),
    ):
        assert code_of(answer) == code


@given(
    st.binary(max_size=400)
    | st.sampled_from([b"\r\n", b"\n\n", b"--", b"\r\r\n", b"=3D=\r\n", b"From x\n", bytes(range(256))])
)
def test_a_file_arrives_byte_for_byte(body: bytes) -> None:
    request = httpx.Request("POST", "http://a", data={"form": "é"}, files={"file": ("a.csv", body)})
    found = uploads._parsed(request.read(), uploads._boundary(request.headers["content-type"]))
    assert (found.fields, found.body) == ({"form": "é"}, body)


def table_in(page: str, kind: str) -> bytes:
    """The file that a page holds of what an upload came to."""
    found = re.search(rf'href="data:[^"]*;base64,([^"]*)" download="number-report\.{kind}"', page)
    assert found is not None
    return base64.b64decode(html.unescape(found[1]))


async def test_what_came_of_a_file_can_be_kept(staffed: Registry, http: httpx.AsyncClient) -> None:
    await sign_in_by_link(http, staffed.world, "so")
    stranger = b"=cmd|' /C calc'!A1,05/04/2017,Nam,079217000010,\n"
    tried = await bring(http, DOUBTFUL + stranger)
    rows = table_of(table_in(tried.text, "csv").decode())
    assert rows[0] == ["Kết quả", "Số dòng", "Ô", "Lý do", "Cách sửa"]
    assert ["Số dòng", "2", "", "", ""] in rows
    assert ["Chờ quyết định", "", "D2", "ngày sinh khác hoặc chưa đủ; giới tính khác hoặc chưa rõ", ""] in rows
    assert ["Không tìm thấy học sinh thiếu số", "", "D3", "", ""] in rows
    sheet = openpyxl.load_workbook(io.BytesIO(table_in(tried.text, "xlsx"))).worksheets[0]
    assert sheet.max_row == len(rows)
    wrong = await bring(http, DOUBTFUL.replace(NUMBER.encode(), b"79217000009"))
    assert wrong.status_code == 422
    (_, row) = table_of(table_in(wrong.text, "csv").decode())
    assert (row[0], row[2][:2]) == ("Dòng sai", "D2")
    assert row[3]
    assert row[4]
    assert NUMBER not in tried.text + wrong.text + str(rows)


async def test_cases_as_a_file_hold_no_formula_and_are_written_down(staffed: Registry, http: httpx.AsyncClient) -> None:
    rows = "79010,=2+3,1B,,,\n79011,=2+3,1B,,,\n"
    answer = await staffed.client("operator").put_roster(SECOND.code, YEAR, 2, (HEADER + rows).encode())
    assert answer.status == 200, answer.body
    await sign_in_by_link(http, staffed.world, "so")
    assert (await http.get("/numbers/cases", params={"format": "pdf"})).status_code == 400
    empty = table_of((await http.get("/numbers/cases", params={"format": "csv"})).text)
    assert len(empty) == 1
    taken = await bring(http, DOUBTFUL + b"=2+3,05/04/2017,Nam,079217000010,\n", for_good="1")
    assert taken.status_code == 200
    page = (await http.get("/numbers/cases")).text
    file = await http.get("/numbers/cases", params={"format": "csv"})
    found = table_of(file.text)
    assert len(found) == 1 + 3, "each pupil who can be meant has a line"
    heads = {name: at for at, name in enumerate(found[0])}
    assert {row[heads["Mã học sinh"]] for row in found[1:]} == {"79009", "79010", "79011"}
    assert {row[heads["Tệp ghi: họ và tên"]] for row in found[1:]} == {"Tên 9", "'=2+3"}
    assert not [cell for row in found for cell in row if cell[:1] in set("=+-@")]
    assert "79009" in page
    sheet = openpyxl.load_workbook(io.BytesIO((await http.get("/numbers/cases", params={"format": "xlsx"})).content))
    cells = [cell for row in sheet.worksheets[0].iter_rows() for cell in row]
    assert not [cell.coordinate for cell in cells if cell.data_type == "f"]
    views = [(view.screen, view.unit_code, view.names) for view in await name_views.newest(staffed.world, "so", 20)]
    for school, names in ((FIRST, 1), (SECOND, 2)):
        assert views.count(("number-cases-file", f"school:{school.code}", names)) == 2
    assert NUMBER not in file.text
    await sign_in_by_link(http, staffed.world, "quan-10")
    assert code_of(await http.get("/numbers/cases", params={"format": "csv"})) == "access-scope"
