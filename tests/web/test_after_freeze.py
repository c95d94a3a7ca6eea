"""What arrives after the freeze of a campaign shows as that: on the school's page, pupil by pupil, and in its file."""

from __future__ import annotations

import httpx
import pytest

from registry.client.api import RegistryClient
from registry.core.callers import Scope
from registry.core.people import Person
from registry.services import people
from tests.api.conftest import Registry
from tests.api.test_freezing import CITY, CODE, PUPILS, YEAR, freeze, vendor
from tests.small_city import PRIMARY
from tests.web.conftest import LONG_AGO, printed, sign_in_by_link
from tests.web.test_pages import table_of

__all__ = ["vendor"]
pytestmark = [pytest.mark.anyio, pytest.mark.timeout(240)]
PAGE = f"/schools/{PRIMARY.code}"


async def test_pupil_by_pupil_and_in_the_file(
    registry: Registry, vendor: RegistryClient, http: httpx.AsyncClient
) -> None:
    scopes = frozenset({Scope.COMPLETENESS})
    await people.register(registry.world, Person("so", "P", scopes, False, frozenset({"city:79"})), None, LONG_AGO)
    await sign_in_by_link(http, registry.world, "so")
    question = {"year": YEAR, "campaign": CODE, "bucket": "present"}
    before = await http.get(PAGE, params=question)
    assert "sau khi chốt" not in before.text
    assert "Đợt này chưa được chốt." in await report(http)
    done = await freeze(registry)
    assert done.status_code == 201
    assert (await vendor.submit(CITY.signed(PUPILS[1]))).status == 201
    page = (await http.get(PAGE, params=question)).text
    assert page.count('<span class="warn">sau khi chốt</span>') == 1
    assert "<dt>Đến sau khi chốt</dt><dd>1</dd>" in page
    rows = table_of((await http.get(PAGE, params={**question, "format": "csv"})).text)
    assert rows[0][-1] == "sau khi chốt"
    assert {row[0]: row[-1] for row in rows[1:]} == {PUPILS[0]["mahocsinh"]: "", PUPILS[1]["mahocsinh"]: "x"}
    words = await report(http)
    for said in ("Chốt lúc", "Trên sổ lúc chốt 1 / 8", "Trên sổ hiện nay 2 / 8", "Đến sau khi chốt 1"):
        assert said in words
    assert done.json()["freeze"]["fingerprint"] in words
    assert "chưa được chốt" not in words
    english = await report(http, lang="en")
    assert "Frozen at" in english
    assert "SHA-256 of the snapshot" in english
    whole = (await http.get(PAGE, params={**question, "campaign": "-"})).text
    assert "sau khi chốt" not in whole


async def report(http: httpx.AsyncClient, **more: str) -> str:
    """The words of the one-page report, in one line."""
    answer = await http.get("/report.pdf", params={"unit": "city:79", "year": YEAR, "campaign": CODE, **more})
    return printed(answer.content)
