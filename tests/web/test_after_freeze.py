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
from tests.web.conftest import LONG_AGO, sign_in_by_link
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
    assert (await freeze(registry)).status_code == 201
    assert (await vendor.submit(CITY.signed(PUPILS[1]))).status == 201
    page = (await http.get(PAGE, params=question)).text
    assert page.count('<span class="warn">sau khi chốt</span>') == 1
    assert "<dt>Đến sau khi chốt</dt><dd>1</dd>" in page
    rows = table_of((await http.get(PAGE, params={**question, "format": "csv"})).text)
    assert rows[0][-1] == "sau khi chốt"
    assert {row[0]: row[-1] for row in rows[1:]} == {PUPILS[0]["mahocsinh"]: "", PUPILS[1]["mahocsinh"]: "x"}
    whole = (await http.get(PAGE, params={**question, "campaign": "-"})).text
    assert "sau khi chốt" not in whole
