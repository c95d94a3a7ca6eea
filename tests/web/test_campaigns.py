"""The pages of campaigns: deadlines that move, declarations, and a freeze by two operators; for whom each of it is."""

from __future__ import annotations

import httpx
import pytest

from registry.core.callers import Scope
from registry.core.people import Person
from registry.demo import schools
from registry.services import people
from tests.api.conftest import Registry
from tests.web.conftest import FIRST, LONG_AGO, SECOND, sign_in_by_link
from tests.web.test_pages import table_of
from tests.web.test_sign_in import code_of, form_token

pytestmark = pytest.mark.anyio
CODE = "q10-lop1-2023-2024"
PAGE = f"/campaigns/{CODE}"


@pytest.fixture
async def operated(staffed: Registry) -> Registry:
    """A second operator of the city beside the one that is there."""
    new = Person(
        "so-hai", "Cán bộ so-hai", frozenset({Scope.COMPLETENESS, Scope.OPERATE}), False, frozenset({schools.CITY})
    )
    await people.register(staffed.world, new, None, LONG_AGO)
    return staffed


async def test_for_whom_they_are(operated: Registry, http: httpx.AsyncClient) -> None:
    for page in ("/campaigns", PAGE, f"{PAGE}/frozen.jsonl"):
        assert code_of(await http.get(page)) == "session-none"
    await sign_in_by_link(http, operated.world, "quan-3")
    assert CODE not in (await http.get("/campaigns")).text
    for page in (PAGE, f"{PAGE}/frozen.jsonl", "/campaigns/none"):
        assert code_of(await http.get(page)) == "campaign-unknown"
    await sign_in_by_link(http, operated.world, "quan-10")
    assert PAGE in (await http.get("/campaigns")).text
    shown = (await http.get(PAGE)).text
    assert '<form method="post" action="/campaigns' not in shown
    token = form_token(shown)
    for path in ("deadline", "freeze"):
        assert code_of(await http.post(f"{PAGE}/{path}", data={"form": token})) == "access-scope"
    assert code_of(await http.get(f"{PAGE}/frozen.jsonl")) == "freeze-none"


async def test_the_list_and_the_declarations_as_files(operated: Registry, http: httpx.AsyncClient) -> None:
    await sign_in_by_link(http, operated.world, "quan-10")
    rows = table_of((await http.get("/campaigns", params={"format": "csv"})).text)
    assert rows[1][:4] == [CODE, "Quận 10: học bạ số lớp 1, năm học 2023-2024", "2023-2024", "1"]
    assert rows[1][4] == "Quận 10 (trước 01/07/2025)"
    assert rows[1][5:] == ["2024-06-30", "2024-06-30", "2024-08-15", "2024-08-22", "2024-08-30"]
    declared = table_of((await http.get(PAGE, params={"format": "csv", "table": "declarations", "lang": "en"})).text)
    assert [row[:5] for row in declared[1:]] == [
        [FIRST.code, FIRST.name, "1", "3", "not declared"], [SECOND.code, SECOND.name, "1", "2", "not declared"]
    ]  # fmt: skip
    assert (await http.get(PAGE, params={"format": "xlsx"})).content.startswith(b"PK")


async def test_a_deadline_moves_and_says_so(operated: Registry, http: httpx.AsyncClient) -> None:
    await sign_in_by_link(http, operated.world, "so")
    good = {
        "form": form_token((await http.get(PAGE)).text),
        "stage": "reviewed",
        "due_on": "2024-09-15",
        "reason": "Bão",
    }
    for change, code in (
        ({"form": "x"}, "session-form"), ({"stage": "x"}, "request-parameter"), ({"due_on": "15/09/2024"}, "request-parameter"),
        ({"due_on": "2024-08-01"}, "request-parameter"), ({"reason": " "}, "request-parameter"),
    ):  # fmt: skip
        assert code_of(await http.post(f"{PAGE}/deadline", data={**good, **change})) == code
    assert (await http.post(f"{PAGE}/deadline", data=good)).headers["location"] == f"{PAGE}#deadlines"
    shown = (await http.get(PAGE)).text
    assert "30/08/2024 → 15/09/2024" in shown
    assert "Bão" in shown
    assert "person:so" in shown


async def test_two_operators_freeze_and_it_stays(operated: Registry, http: httpx.AsyncClient) -> None:
    await sign_in_by_link(http, operated.world, "so")
    good = {"form": form_token((await http.get(PAGE)).text), "reason": "Sơ kết", "sure": "1"}
    for change, code in (
        ({"form": "x"}, "session-form"),
        ({"sure": ""}, "request-parameter"),
        ({"reason": ""}, "request-parameter"),
    ):
        assert code_of(await http.post(f"{PAGE}/freeze", data={**good, **change})) == code
    assert (await http.post(f"{PAGE}/freeze", data=good)).headers["location"] == f"{PAGE}#freeze"
    waiting = (await http.get(PAGE)).text
    assert "Đang chờ người thứ hai" in waiting
    assert 'name="sure"' not in waiting, "one's own word is no second one"
    await sign_in_by_link(http, operated.world, "so-hai")
    shown = (await http.get(PAGE)).text
    assert 'name="sure"' in shown
    await http.post(f"{PAGE}/freeze", data={**good, "form": form_token(shown)})
    done = (await http.get(PAGE)).text
    assert "person:so, person:so-hai" in done
    assert 'name="sure"' not in done
    again = await http.post(f"{PAGE}/freeze", data={**good, "form": form_token(done)})
    assert code_of(again) == "freeze-done"
    file = await http.get(f"{PAGE}/frozen.jsonl")
    assert file.status_code == 200
    assert file.headers["content-disposition"] == f'attachment; filename="frozen-{CODE}.jsonl"'
    assert file.text.splitlines()[-1] in file.text
    assert "Tên 0" not in file.text
    rows = {
        row[0]: row[2:] for row in table_of((await http.get(PAGE, params={"format": "csv", "table": "freeze"})).text)
    }
    assert rows[schools.DISTRICT] == ["5", "0", "5", "0", "0"]


async def test_every_stage_is_counted_on_the_overview(operated: Registry, http: httpx.AsyncClient) -> None:
    await sign_in_by_link(http, operated.world, "so")
    query = {"unit": schools.DISTRICT, "year": FIRST.school_year}
    shown = (await http.get("/overview", params=query)).text
    for count in ("4 / 5 học sinh", "0 / 5 học sinh", "0 / 2 trường"):
        assert count in shown
    assert shown.count("0 / 2 trường") >= 2, "declared, reviewed; certificates without a policy or with none"
    assert (await http.get("/report.pdf", params=query)).content.startswith(b"%PDF-")
