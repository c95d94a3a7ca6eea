"""Every table of every page can be had as CSV and as XLSX, and nothing in any of these files is a formula."""

from __future__ import annotations

import html
import io
import re
from datetime import UTC, datetime

import httpx
import openpyxl
import pytest

from registry.core import ids
from registry.demo import schools
from registry.services import freezing, name_views, numbers
from registry.services.tables_out import FileKind
from tests.api.conftest import Registry
from tests.web.conftest import FIRST, HEADER, SECOND, sign_in_by_link
from tests.web.test_pages import table_of

pytestmark = pytest.mark.anyio
YEAR = FIRST.school_year
CAMPAIGN = "q10-lop1-2023-2024"
PAGES = (
    "/overview", "/trend", "/schools", f"/schools/{FIRST.code}", "/readiness", "/numbers", "/reminders", "/campaigns",
    f"/campaigns/{CAMPAIGN}", "/me",
)  # fmt: skip
_FILE = re.compile(r'href="([^"]*format=(csv|xlsx)[^"]*)"')
STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝")


@pytest.fixture
async def full(hurried: Registry) -> Registry:
    """Whoever can write something that a spreadsheet takes for a formula has done so; a campaign is frozen; a file went out."""
    rows = "79801,=cmd|' /C calc'!A1,=2+3,,,\n79802,+84 Nam,-1A,,,\n79803,@SUM(A1),+1B,,,\n"
    answer = await hurried.client("operator").put_roster(SECOND.code, YEAR, 1, (HEADER + rows).encode())
    assert answer.status == 200, answer.body
    now = datetime.now(UTC)
    await freezing.freeze(hurried.world, None, CAMPAIGN, "=HYPERLINK(1)", now)
    year = ids.SchoolYear.parse(YEAR)
    assert year is not None
    await numbers.export(hurried.world, None, numbers.Asked(schools.DISTRICT, year), FileKind.CSV, now)
    return hurried


async def test_each_table_has_its_files_and_no_cell_is_a_formula(full: Registry, http: httpx.AsyncClient) -> None:
    await sign_in_by_link(http, full.world, "so")
    seen = ""
    for path in (*PAGES, f"/schools/{SECOND.code}"):
        page = await http.get(path, params={"unit": schools.DISTRICT, "year": YEAR, "campaign": CAMPAIGN})
        assert page.status_code == 200, path
        links = [(html.unescape(address), kind) for address, kind in _FILE.findall(page.text)]
        assert len([kind for _, kind in links if kind == "csv"]) >= page.text.count("<table"), path
        for address, kind in links:
            file = await http.get(address)
            assert file.status_code == 200, address
            if kind == "csv":
                rows = table_of(file.text)
                assert len(rows) > 1, address
                assert not [cell for row in rows for cell in row if cell.startswith(STARTS)], address
                seen += file.text
            else:
                book = openpyxl.load_workbook(io.BytesIO(file.content))
                cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
                assert not [cell.coordinate for cell in cells if cell.data_type == "f"], address
    assert "cmd|" in seen
    assert "2+3" in seen


async def test_files_of_numbers_hold_names_only_for_whom_they_are(full: Registry, http: httpx.AsyncClient) -> None:
    for person, names in (("quan-10", False), ("quan-10-ten", True)):
        await sign_in_by_link(http, full.world, person)
        before = len(await name_views.newest(full.world, person, 50))
        file = await http.get("/numbers", params={"unit": schools.DISTRICT, "year": YEAR, "format": "csv"})
        assert ("Tên 9" in file.text) == names
        assert len(await name_views.newest(full.world, person, 50)) - before == int(names)
        outside = await http.get("/numbers", params={"unit": "district:770", "year": YEAR, "format": "csv"})
        assert outside.status_code == 403
        exports = await http.get("/numbers", params={"year": YEAR, "format": "csv", "table": "exports"})
        assert "SHA-256" not in exports.text
