from __future__ import annotations

import httpx
import pytest

pytestmark = pytest.mark.anyio


async def test_vietnamese_first_english_by_choice(http: httpx.AsyncClient) -> None:
    first = await http.get("/")
    assert first.status_code == 200
    assert first.headers["content-language"] == "vi"
    english = await http.get("/?lang=en")
    assert english.headers["content-language"] == "en"
    assert '<html lang="en">' in english.text
    again = await http.get("/")
    assert again.headers["content-language"] == "en", "the choice is remembered"


async def test_nothing_is_taken_from_elsewhere(http: httpx.AsyncClient) -> None:
    answer = await http.get("/")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "http://" not in answer.text
    assert answer.headers["cache-control"] == "no-store"
