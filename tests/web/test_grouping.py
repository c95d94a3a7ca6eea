"""The overview broken down by something else: a choice of the page, kept in files, in the other language and on either map."""

from __future__ import annotations

import html
import re

import httpx
import pytest

from registry.core.callers import Scope
from registry.core.people import Person
from registry.demo import schools
from registry.services import people
from tests.api.conftest import Registry
from tests.web.conftest import FIRST, LONG_AGO, SECOND, printed, sign_in_by_link
from tests.web.test_pages import table_of

pytestmark = pytest.mark.anyio
YEAR = FIRST.school_year
QUESTION = {"unit": schools.DISTRICT, "year": YEAR, "campaign": "-"}


async def rows(http: httpx.AsyncClient, **more: str) -> dict[str, tuple[str, str]]:
    """key -> name and expected pupils, from the file; the first row is the unit."""
    answer = await http.get("/overview", params={**QUESTION, "format": "csv", **more})
    assert answer.status_code == 200, answer.text
    return {row[0]: (row[1], row[2]) for row in table_of(answer.text)[1:]}


@pytest.mark.parametrize("on", ["now", "then"])
async def test_each_choice_has_its_rows_and_its_file(staffed: Registry, http: httpx.AsyncClient, on: str) -> None:
    await sign_in_by_link(http, staffed.world, "so")
    await staffed.caller("sen", Scope.SUBMIT, units=frozenset({f"school:{FIRST.code}"}))
    whole = {schools.DISTRICT: ("Quận 10 (trước 01/07/2025)", "5")}
    found = {
        by: await rows(http, by=by, map=on) for by in ("district", "commune", "cluster", "school", "grade", "vendor")
    }
    assert found["district"] == whole
    assert {key: row[1] for key, row in found["commune"].items()} == {
        schools.DISTRICT: "5",
        "commune:27190": "3",
        "commune:27169": "2",
    }
    assert found["cluster"] == {**whole, "": ("Không thuộc cụm trường nào", "5")}
    assert found["school"] == {
        **whole,
        f"school:{FIRST.code}": (FIRST.name, "3"),
        f"school:{SECOND.code}": (SECOND.name, "2"),
    }
    assert found["grade"] == {**whole, "1": ("Khối 1", "5")}
    assert found["vendor"] == {**whole, "sen": ("sen", "3"), "": ("Chưa có phần mềm nào", "2")}
    for by, expected in found.items():
        page = (await http.get("/overview", params={**QUESTION, "by": by, "map": on, "lang": "vi"})).text
        assert f'<option value="{by}" selected>' in page
        assert ('<option value="then" selected>' in page) is (on == "then")
        assert f'name="by" value="{by}"' in page, "kept by the form above, for another unit, year or map"
        for name, _ in list(expected.values())[1:]:
            assert f">{html.escape(name)}<" in page, by
        links = [html.unescape(link) for link in re.findall(r'href="([^"]*)"', page)]
        other = next(link for link in links if "lang=en" in link)
        files = [link for link in links if "format=xlsx" in link and "table=" not in link]
        assert len(files) == 1
        for link in (other, *files):
            assert f"by={by}" in link
            assert "map=" in link
        english = (await http.get(other)).text
        assert f'<option value="{by}" selected>' in english
        assert "Broken down by" in english


async def test_the_report_is_broken_down_as_the_overview_is(staffed: Registry, http: httpx.AsyncClient) -> None:
    await sign_in_by_link(http, staffed.world, "so")
    for by, said, other in (
        ("school", ("Theo từng trường", *(each.name.partition("(")[0] for each in (FIRST, SECOND))), "Khối 1"),
        ("grade", ("Theo khối", "Khối 1 5"), FIRST.name.partition("(")[0]),
        ("", ("Theo đơn vị trực thuộc",), "Khối 1"),
        ("nothing", ("Theo đơn vị trực thuộc",), "Khối 1"),
    ):
        page = (await http.get("/overview", params={**QUESTION, "by": by, "lang": "vi"})).text
        (link,) = re.findall(r'href="(/report.pdf[^"]*)"', page)
        text = printed((await http.get(html.unescape(link))).content)
        assert all(each in text for each in said), (by, text)
        assert other not in text, by
    english = printed((await http.get("/report.pdf", params={**QUESTION, "by": "grade", "lang": "en"})).content)
    assert "By grade" in english
    assert "Grade 1 5" in english


async def test_a_school_is_broken_down_by_class_and_what_it_has_not_is_not_asked(
    staffed: Registry, http: httpx.AsyncClient
) -> None:
    scopes = frozenset({Scope.COMPLETENESS})
    unit = f"school:{FIRST.code}"
    await people.register(staffed.world, Person("truong", "T", scopes, False, frozenset({unit})), None, LONG_AGO)
    await sign_in_by_link(http, staffed.world, "truong")
    classes = {unit: (FIRST.name, "3"), f"{FIRST.code}/1/1A": ("1A", "2"), f"{FIRST.code}/1/1B": ("1B", "1")}
    for by in ("class", "", "commune", "nothing"):
        assert await rows(http, unit=unit, by=by) == classes, by
    assert list(await rows(http, unit=unit, by="grade")) == [unit, "1"]
    text = printed((await http.get("/report.pdf", params={**QUESTION, "unit": unit})).content)
    assert "Theo lớp" in text
    assert "1B 1" in text
    await sign_in_by_link(http, staffed.world, "so")
    assert await rows(http, by="class") == await rows(http), "of a district no classes: it goes by its parts"
