"""Forms of somebody who means harm: what no database takes, and another district's files, cases, schools and campaigns."""

from __future__ import annotations

import re
import time

import httpx
import pytest

from registry.core.callers import Scope
from registry.core.people import Person
from registry.demo import schools
from registry.services import people
from tests.api.conftest import Registry
from tests.web.conftest import FIRST, LONG_AGO, OTHER_DISTRICT, sign_in_by_link
from tests.web.test_numbers import DOUBTFUL, WHOSE, bring, token
from tests.web.test_sign_in import code_of

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(240)]
PLAN = "q10-lop1-2023-2024"
NASTY = ("\x00", "a\x00", "\r\nX: y", "x" * 5000, "<script>alert(1)</script>", "=1+1", "\u202e", "😀", "-", "'", "９")


async def doubt_and_file(http: httpx.AsyncClient) -> tuple[str, str]:
    """The paths of a case that waits, and of the file it came with."""
    assert (await bring(http, DOUBTFUL, for_good="1")).status_code == 200
    case = re.search(r"/numbers/cases/[0-9a-f-]{36}", (await http.get("/numbers/cases")).text)
    file = re.search(r"/numbers/returns/[0-9a-f-]{36}/undo", (await http.get("/numbers", params=WHOSE)).text)
    assert case is not None
    assert file is not None
    return case[0], file[0]


async def test_no_field_is_a_fault(staffed: Registry, http: httpx.AsyncClient) -> None:
    await sign_in_by_link(http, staffed.world, "so")
    case, file = await doubt_and_file(http)
    form = await token(http)
    forms = {
        case: {"pupil": "79009", "reason": "r"},
        file: {**WHOSE, "pupil": "79009", "reason": "r"},
        "/numbers/export": {**WHOSE, "kind": "csv", "campaign": PLAN, "map": "then"},
        f"/campaigns/{PLAN}/deadline": {"stage": "reviewed", "due_on": "2024-09-06", "reason": "r"},
        f"/campaigns/{PLAN}/freeze": {"reason": "r", "sure": "1"},
        "/calls": {"school": FIRST.code, "note": "n"},
        "/me/sessions": {"session": "s"},
        "/sign-in": {"link": "l", "next": "/overview"},
    }
    for path, good in forms.items():
        for field in good:
            for value in NASTY:
                answer = await http.post(path, data={"form": form, **good, field: value})
                assert answer.status_code < 500, (path, field, value)
                assert "<script>alert" not in answer.text
    for field in WHOSE:
        for value in NASTY:
            sent = {"form": form, **WHOSE, field: value}
            answer = await http.post("/numbers/import", data=sent, files={"file": ("a", DOUBTFUL, "text/csv")})
            assert answer.status_code < 500, (field, value)


async def test_a_form_within_a_form_within_a_form(staffed: Registry, http: httpx.AsyncClient) -> None:
    await sign_in_by_link(http, staffed.world, "so")
    deep = b"".join(
        b"--b%d\r\nContent-Disposition: form-data; name=x\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n"
        % (n, n + 1)
        for n in range(3000)
    )
    wide = b"--b0\r\nContent-Disposition: form-data; name=file\r\n\r\n" + b"--b\r\n" * 1_000_000
    heads = b"--b0\r\n" + b"".join(b"H%d: x\r\n" % n for n in range(300_000)) + b"\r\n\r\n--b0--"
    kind = {"Content-Type": "multipart/form-data; boundary=b0"}
    for raw in (deep, deep + b"line\r\n" * 100_000, wide, heads):
        began = time.monotonic()
        answer = await http.post("/numbers/import", content=raw, headers=kind)
        assert code_of(answer) in {"request-parameter", "session-form"}, answer.text[:200]
        assert time.monotonic() - began < 20


async def test_nothing_of_another_district(staffed: Registry, http: httpx.AsyncClient) -> None:
    scopes = frozenset({Scope.COMPLETENESS, Scope.OPERATE})
    stranger = Person("quan-3-het", "Q3", scopes, True, frozenset({OTHER_DISTRICT}))
    await people.register(staffed.world, stranger, None, LONG_AGO)
    await sign_in_by_link(http, staffed.world, "so")
    case, file = await doubt_and_file(http)
    assert (
        await http.post("/numbers/export", data={"form": await token(http), **WHOSE, "kind": "csv"})
    ).status_code == 200
    await sign_in_by_link(http, staffed.world, "quan-3-het")
    mine = {"unit": OTHER_DISTRICT, "year": FIRST.school_year}
    shown = (await http.get("/numbers", params=mine)).text
    found = re.search(r'name="form" value="([^"]+)"', shown)
    assert found is not None
    form = {"form": found[1]}
    for told in ("thieu-so", "person:so", "/undo", "79009"):
        assert told not in shown
    assert "Tên 9" not in (await http.get("/numbers/cases")).text
    for table in ("exports", "returns"):
        assert "person:so" not in (await http.get("/numbers", params={**mine, "format": "csv", "table": table})).text
    tries = {
        case: ({"pupil": "79009", "reason": "r"}, "number-case-unknown"),
        file: ({**mine, "pupil": "", "reason": "r"}, "number-return-unknown"),
        "/numbers/export": ({**WHOSE, "kind": "csv"}, "access-unit"),
        f"/campaigns/{PLAN}/deadline": ({"stage": "reviewed", "due_on": "2024-09-06", "reason": "r"}, "campaign-unknown"),
        f"/campaigns/{PLAN}/freeze": ({"reason": "r", "sure": "1"}, "campaign-unknown"),
        "/calls": ({"school": FIRST.code, "note": ""}, "access-unit"),
    }  # fmt: skip
    for path, (fields, code) in tries.items():
        assert code_of(await http.post(path, data={**form, **fields})) == code, path
    sent = await http.post("/numbers/import", data={**form, **WHOSE}, files={"file": ("a.csv", DOUBTFUL, "text/csv")})
    assert code_of(sent) == "access-unit"
    pages = (
        "/overview",
        "/trend",
        "/trend.svg",
        "/schools",
        "/readiness",
        "/numbers",
        "/calls",
        "/reminders",
        "/report.pdf",
    )
    for page in pages:
        for unit in (schools.DISTRICT, schools.CITY, f"school:{FIRST.code}", "commune:27190", "ward:27190"):
            for extra in ({}, {"format": "csv"}, {"map": "then"}, {"campaign": PLAN}):
                answer = await http.get(page, params={"unit": unit, "year": FIRST.school_year, **extra})
                assert code_of(answer) == "access-unit", (page, unit, extra)
    for path in (f"/schools/{FIRST.code}", f"/schools/{FIRST.code}?table=classes&format=csv"):
        assert code_of(await http.get(path)) == "access-unit"
    for path in (
        f"/campaigns/{PLAN}",
        f"/campaigns/{PLAN}?table=deadlines&format=csv",
        f"/campaigns/{PLAN}/frozen.jsonl",
    ):
        assert code_of(await http.get(path)) == "campaign-unknown"
