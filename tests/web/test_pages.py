"""Every page for everybody: nobody, another unit's person, one without names, one with names; files; what names leave behind."""

from __future__ import annotations

import csv
import io

import httpx
import openpyxl
import pytest

from registry.demo import schools
from registry.services import name_views
from registry.web import asking
from tests.api.conftest import Registry
from tests.web.conftest import FIRST, SECOND, sign_in_by_link
from tests.web.test_sign_in import code_of

pytestmark = pytest.mark.anyio
YEAR = FIRST.school_year
QUERY = {"unit": schools.DISTRICT, "year": YEAR}
SCHOOL = f"/schools/{FIRST.code}"
PAGES = ("/overview", "/schools", "/readiness", "/report.pdf", SCHOOL)
NAME = "Tên 0"


def table_of(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text.lstrip("\ufeff"))))


async def get(http: httpx.AsyncClient, page: str, **more: str) -> httpx.Response:
    return await http.get(page, params={**QUERY, **more})


async def test_nobody_sees_a_page(staffed: Registry, http: httpx.AsyncClient) -> None:
    for page in (*PAGES, "/me"):
        answer = await get(http, page)
        assert (answer.status_code, code_of(answer)) == (401, "session-none")
        assert FIRST.name not in answer.text


async def test_another_unit_is_not_shown(staffed: Registry, http: httpx.AsyncClient) -> None:
    await sign_in_by_link(http, staffed.world, "quan-3")
    for page in PAGES:
        for kind in ("", "csv"):
            answer = await get(http, page, format=kind)
            assert (answer.status_code, code_of(answer)) == (403, "access-unit")
            assert FIRST.name not in answer.text


async def test_the_overview_on_the_map_of_then_and_of_now(staffed: Registry, http: httpx.AsyncClient) -> None:
    await sign_in_by_link(http, staffed.world, "so")
    found = {}
    for on in ("then", "now"):
        answer = await http.get(
            "/overview", params={"unit": schools.DISTRICT, "year": YEAR, "map": on, "format": "csv"}
        )
        found[on] = table_of(answer.text)
        page = await http.get("/overview", params={"unit": schools.DISTRICT, "year": YEAR, "map": on})
        assert f'<option value="then"{" selected" if on == "then" else ""}>' in page.text
        assert ("Phường 2, Quận 10" in page.text) == (on == "then")
    assert [row for row in found["then"] if "ward:27190" in row]
    assert not [row for row in found["now"] if "ward:27190" in row]
    assert found["then"][1] == found["now"][1]  # the district itself
    for on in ("then", "now"):
        rows = table_of((await http.get("/schools", params={**QUERY, "map": on, "format": "csv"})).text)[1:]
        assert {row[0] for row in rows} == {FIRST.code, SECOND.code}
        assert all(("Quận 10" in row[2]) == (on == "then") for row in rows), rows


@pytest.mark.parametrize("person", ["quan-10", "quan-10-ten", "so"])
async def test_names_only_for_whom_they_are(staffed: Registry, http: httpx.AsyncClient, person: str) -> None:
    await sign_in_by_link(http, staffed.world, person)
    names = person != "quan-10"
    for page in PAGES:
        answer = await get(http, page)
        assert answer.status_code == 200, answer.text
        assert (NAME in answer.text) == (names and page == SCHOOL)
        assert "079317" not in answer.text
    files = [await get(http, SCHOOL, format=kind) for kind in ("csv", "xlsx")]
    sheet = openpyxl.load_workbook(io.BytesIO(files[1].content)).worksheets[0]
    cells = {str(value) for row in sheet.iter_rows(values_only=True) for value in row}
    assert (NAME in files[0].text) == (NAME in cells) == names
    assert "79000" in cells
    views = await name_views.newest(staffed.world, None, 10)
    seen = [(view.person_id, view.screen, view.unit_code, view.school_year, view.names) for view in views]
    unit = f"school:{FIRST.code}"
    expected = [(person, screen, unit, YEAR, 2) for screen in ("school-file", "school-file", "school")]
    assert seen == (expected if names else [])


async def test_counts_are_those_of_the_api(staffed: Registry, http: httpx.AsyncClient) -> None:
    await sign_in_by_link(http, staffed.world, "quan-10")
    rows = table_of((await get(http, "/schools", format="csv", sort="expected")).text)
    assert rows[0][:4] == ["Mã trường", "Trường", "Phường, xã", "Dự kiến"]
    assert [(row[0], row[3:11]) for row in rows[1:]] == [
        (FIRST.code, ["3", "0", "0", "0", "1", "0", "2", "0"]),
        (SECOND.code, ["2", "0", "0", "0", "0", "0", "2", "0"]),
    ]
    english = (await get(http, "/schools", format="csv", lang="en")).text
    assert "School code" in english


async def test_sort_and_filter_by_the_address(staffed: Registry, http: httpx.AsyncClient) -> None:
    await sign_in_by_link(http, staffed.world, "quan-10")

    async def order(**more: str) -> list[str]:
        return [row[0] for row in table_of((await get(http, "/schools", format="csv", **more)).text)[1:]]

    assert await order(sort="expected") == [FIRST.code, SECOND.code]
    assert await order(sort="expected", order="back") == [SECOND.code, FIRST.code]
    assert await order(show="awaiting_number") == [FIRST.code]
    assert await order(q="HOA MAI") == [SECOND.code]
    assert await order(q="%") == []
    assert await order(sort="no-such-column", show="nothing") == [SECOND.code, FIRST.code]


WRONG = [
    {"unit": "district:nowhere"}, {"unit": "\x00"}, {"unit": "x" * 5000}, {"year": "2023-2025"}, {"year": "\x00"},
    {"format": "exe"},
]  # fmt: skip


async def test_of_a_long_table_the_first_rows_and_all_on_demand(
    staffed: Registry, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sign_in_by_link(http, staffed.world, "quan-10")
    whole = table_of((await get(http, "/schools", format="csv")).text)[1:]
    assert len(whole) > 1
    monkeypatch.setattr(asking, "MOST_SHOWN", 1)
    for page in ("/schools", "/readiness"):
        answer = await get(http, page)
        assert f'1 / {len(whole)} <a class="button"' in answer.text
        assert answer.text.count('<th scope="row"><a') == 1
        everything = await get(http, page, all="1")
        assert everything.text.count('<th scope="row"><a') == len(whole)
        assert len(table_of((await get(http, page, format="csv")).text)) == len(whole) + 1


async def test_wrong_addresses_are_refused_as_pages(staffed: Registry, http: httpx.AsyncClient) -> None:
    await sign_in_by_link(http, staffed.world, "so")
    for change in WRONG:
        for page in ("/overview", "/schools", "/readiness", "/report.pdf"):
            answer = await get(http, page, **change)
            if page == "/report.pdf" and "format" in change:
                continue
            assert answer.status_code in {400, 403}, (page, change)
            assert code_of(answer) in {"access-unit", "request-parameter"}
    for school in ("0", "x" * 300, "%00"):
        assert (await get(http, f"/schools/{school}")).status_code == 403
    assert code_of(await get(http, SCHOOL, after="x")) == "request-parameter"


async def test_headers_of_pages_and_files(staffed: Registry, http: httpx.AsyncClient) -> None:
    await sign_in_by_link(http, staffed.world, "so")
    for page, kind in (("/schools", ""), ("/schools", "csv"), ("/schools", "xlsx"), ("/report.pdf", "")):
        answer = await get(http, page, format=kind)
        assert answer.headers["cache-control"] == "no-store"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
