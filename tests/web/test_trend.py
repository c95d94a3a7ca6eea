"""Day by day as a page, a picture and a file; and what came after a freeze on the overview and at the school."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import httpx
import pytest
from lxml import etree

from registry.core.completeness import Bucket, Counts
from registry.services import freezing, standing
from registry.services.completeness import Day
from registry.web import trend
from tests.api.conftest import Registry
from tests.web.conftest import FIRST, sign_in_by_link
from tests.web.test_pages import QUERY, YEAR, table_of
from tests.web.test_sign_in import code_of

pytestmark = pytest.mark.anyio
SVG = "{http://www.w3.org/2000/svg}"


def test_the_lines_of_a_chart() -> None:
    counts = [
        Counts.of_buckets({Bucket.MISSING: 4}),
        Counts.of_buckets({Bucket.MISSING: 2, Bucket.PRESENT: 2}),
        Counts.of_buckets({Bucket.PRESENT: 4}),
    ]
    drawn = trend.chart([Day(date(2026, 1, 1) + timedelta(n), each) for n, each in enumerate(counts)])
    assert drawn.expected == "0.0,0.0 230.0,0.0 460.0,0.0"
    assert drawn.on_record == "0.0,180.0 230.0,90.0 460.0,0.0"
    nobody = trend.chart([Day(date(2026, 1, 1), Counts())])
    assert (nobody.top, nobody.expected) == (1, "0.0,180.0")


async def test_page_picture_and_file(staffed: Registry, http: httpx.AsyncClient) -> None:
    await standing.settle_all(staffed.world)
    assert code_of(await http.get("/trend.svg", params=QUERY)) == "session-none"
    await sign_in_by_link(http, staffed.world, "quan-10")
    question = {**QUERY, "campaign": "-"}
    rows = table_of((await http.get("/trend", params={**question, "format": "csv"})).text)
    assert (len(rows), rows[-1][1], rows[-2][1]) == (31, "5", "0")
    assert len(table_of((await http.get("/trend", params={**question, "days": "90", "format": "csv"})).text)) == 91
    page = await http.get("/trend", params=question)
    assert page.status_code == 200
    assert "/trend.svg?unit=district%3A771" in page.text
    assert "/trend.svg" in (await http.get("/overview", params=question)).text
    for language, word in (("vi", "Trên sổ"), ("en", "On record")):
        picture = await http.get("/trend.svg", params={**question, "lang": language})
        assert picture.headers["content-type"] == "image/svg+xml"
        assert "default-src 'none'" in picture.headers["content-security-policy"]
        drawn = etree.fromstring(picture.content)
        assert len(drawn.findall(f".//{SVG}polyline")) == 2
        assert word in picture.text
    assert code_of(await http.get("/trend.svg", params={**question, "unit": "district:770"})) == "access-unit"


async def test_after_the_freeze(staffed: Registry, http: httpx.AsyncClient) -> None:
    await sign_in_by_link(http, staffed.world, "quan-10")
    code = "q10-lop1-2023-2024"
    question = {"year": YEAR, "campaign": code, "lang": "en"}
    pages = ("/overview", f"/schools/{FIRST.code}")
    for path in pages:
        assert "Arrived after the freeze" not in (await http.get(path, params=question)).text
    await freezing.freeze(staffed.world, None, code, "Hết hạn", datetime.now(UTC))
    for path, expected in zip(pages, (5, 3), strict=True):
        page = await http.get(path, params=question)
        assert f"<dd>0 / {expected}" in page.text
        assert f'<a href="/campaigns/{code}#freeze">' in page.text
    whole = await http.get("/overview", params={**question, "campaign": "-"})
    assert f'<a href="/campaigns/{code}#freeze">' not in whole.text
