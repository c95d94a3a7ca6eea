"""The choice of a campaign goes through every page and file; a school of other grades never looks red for a campaign it is not in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from registry.core.campaigns import Stage
from registry.demo import schools
from registry.services import campaigns, contacts, standing
from tests.api.conftest import Registry
from tests.web.conftest import FIRST, HEADER, LONG_AGO, SECOND, sign_in_by_link
from tests.web.test_pages import table_of

pytestmark = pytest.mark.anyio
YEAR = FIRST.school_year
PRIMARY, SECONDARY = "q10-lop1-2023-2024", "lop6"
THIRD = schools.all_schools()[2]


@pytest.fixture
async def two(staffed: Registry) -> Registry:
    """Beside the grade-1 campaign one of grade 6; a school with grade 6 alone, one of its three pupils without a number."""
    due = {stage.value: (contacts.day_of(datetime.now(UTC)) - timedelta(days=3)).isoformat() for stage in Stage}
    members = {"code": SECONDARY, "name": "Lớp 6", "name_en": "Grade 6", "school_year": YEAR, "grades": [6],
               "units": [schools.DISTRICT], "deadlines": due}  # fmt: skip
    await campaigns.add(staffed.world, None, members, LONG_AGO)
    rows = "".join(f"7960{n},Sáu {n},6A,2012,2,0793120000{n:02}\n" for n in range(2)) + "79609,Sáu 9,6A,2012,2,\n"
    answer = await staffed.client("operator").put_roster(THIRD.code, YEAR, 6, (HEADER + rows).encode())
    assert answer.status == 200, answer.body
    await standing.settle_all(staffed.world)  # the trend counts what is settled
    return staffed


async def codes_of(http: httpx.AsyncClient, page: str, **more: str) -> set[str]:
    answer = await http.get(page, params={"unit": schools.DISTRICT, "year": YEAR, "format": "csv", **more})
    assert answer.status_code == 200, answer.text
    return {row[0] for row in table_of(answer.text)[1:]}


async def test_tables_and_files_hold_the_schools_of_the_campaign(two: Registry, http: httpx.AsyncClient) -> None:
    await sign_in_by_link(http, two.world, "so")
    for page in ("/schools", "/readiness"):
        assert await codes_of(http, page, campaign=PRIMARY) == {FIRST.code, SECOND.code}, page
        assert await codes_of(http, page, campaign=SECONDARY) == {THIRD.code}, page
        assert await codes_of(http, page, campaign="-") == {FIRST.code, SECOND.code, THIRD.code}, page
    for campaign, expected in ((PRIMARY, "5"), (SECONDARY, "3"), ("-", "8")):
        question = {"unit": schools.DISTRICT, "year": YEAR, "campaign": campaign, "format": "csv"}
        assert table_of((await http.get("/overview", params=question)).text)[1][2] == expected
        assert table_of((await http.get("/trend", params=question)).text)[-1][1] == expected
        assert (await http.get("/report.pdf", params=question)).content.startswith(b"%PDF-")
    assert await codes_of(http, "/reminders") == await codes_of(http, "/reminders", campaign="-") == {THIRD.code}
    assert (
        await codes_of(http, "/calls", campaign=PRIMARY)
        == await codes_of(http, "/reminders", campaign=PRIMARY)
        == set()
    )
    assert await codes_of(http, "/calls", campaign=SECONDARY) == await codes_of(http, "/calls") == {THIRD.code}


async def test_numbers_of_the_campaign_alone(two: Registry, http: httpx.AsyncClient) -> None:
    await sign_in_by_link(http, two.world, "so")
    for campaign, expected in ((PRIMARY, {"79009"}), (SECONDARY, {"79609"}), ("-", {"79009", "79609"})):
        question = {"unit": schools.DISTRICT, "year": YEAR, "campaign": campaign}
        shown = (await http.get("/numbers", params=question)).text
        assert {code for code in ("79009", "79609") if f">{code}<" in shown} == expected


async def test_links_keep_the_choice(two: Registry, http: httpx.AsyncClient) -> None:
    await sign_in_by_link(http, two.world, "so")
    for page in ("/overview", "/schools", "/readiness", "/trend", "/calls", "/reminders", "/numbers"):
        question = {"unit": schools.DISTRICT, "year": YEAR, "campaign": SECONDARY}
        shown = (await http.get(page, params=question)).text
        assert f"/readiness?unit=district%3A771&amp;year={YEAR}&amp;campaign={SECONDARY}" in shown, page
        assert f'<option value="{SECONDARY}" selected>' in shown, page
        if page in {"/schools", "/readiness", "/calls", "/reminders", "/numbers"}:
            assert f"/schools/{THIRD.code}?year={YEAR}&amp;campaign={SECONDARY}" in shown, page
    shown = (await http.get(f"/schools/{THIRD.code}", params={"year": YEAR, "campaign": SECONDARY})).text
    assert f'href="/readiness?year={YEAR}&amp;campaign={SECONDARY}"' in shown
    shown = (await http.get(f"/campaigns/{SECONDARY}")).text
    assert f"/overview?year={YEAR}&amp;campaign={SECONDARY}" in shown
    assert f"/schools/{THIRD.code}?year={YEAR}&amp;campaign={SECONDARY}" in shown


async def test_a_school_of_other_grades_shows_what_it_has(two: Registry, http: httpx.AsyncClient) -> None:
    await sign_in_by_link(http, two.world, "so")
    shown = (await http.get(f"/schools/{THIRD.code}", params={"year": YEAR})).text
    assert "6A" in shown
    asked = (await http.get(f"/schools/{THIRD.code}", params={"year": YEAR, "campaign": PRIMARY})).text
    assert "6A" not in asked
    assert "không có lớp nào của cấp học" in asked
    assert "Chưa sẵn sàng" not in asked
    assert THIRD.code not in await codes_of(http, "/readiness", light="red", campaign=PRIMARY)
