"""A pupil whose transcript was withdrawn is missing again, and the school's page says why nothing stands there."""

from __future__ import annotations

import httpx
import pytest

from registry.core.callers import Scope
from registry.core.people import Person
from registry.services import people
from tests.api.conftest import http
from tests.small_city import NOW, PRIMARY
from tests.web.conftest import HEADER, sign_in_by_link
from tests.web.papers import DOCUMENT, Papers, papers

__all__ = ["http", "papers"]
pytestmark = pytest.mark.anyio
GONE = "đã nhận, nay không còn trên sổ của trường"


async def test_a_withdrawn_transcript_is_missing_with_its_reason(papers: Papers, http: httpx.AsyncClient) -> None:
    world = papers.registry.world
    row = f"{DOCUMENT['mahocsinh']},Tên,1A,,,{DOCUMENT['sodinhdanh']}\n"
    answer = await papers.operator.put(
        f"/v1/rosters/{PRIMARY.code}/{PRIMARY.school_year}/{PRIMARY.grade}",
        content=(HEADER + row + "79009,Tên,1A,2017,2,079317000009\n").encode(),
        headers={"Content-Type": "text/csv"},
    )
    assert answer.status_code == 200, answer.text
    await papers.submit()
    who = Person("truong", "Cán bộ", frozenset({Scope.COMPLETENESS}), False, frozenset({f"school:{PRIMARY.code}"}))
    await people.register(world, who, None, NOW)
    await sign_in_by_link(http, world, "truong")
    page, query = f"/schools/{PRIMARY.code}", {"year": PRIMARY.school_year, "bucket": "missing"}
    before = (await http.get(page, params=query)).text
    assert GONE not in before
    assert "79009" in before, "somebody else is missing, of whom nothing was sent"
    await papers.withdraw(1)
    after = (await http.get(page, params=query)).text
    assert after.count(GONE) == 1
    assert "no longer on this school" in (await http.get(page, params={**query, "lang": "en"})).text
