"""The pages for holders of papers and links in a real browser: every state, both languages, a phone; WCAG by axe-core.

What a page must never do is watched throughout: an error in the console, a breach of its policy, a request to another host.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from playwright.async_api import Browser, expect

from registry.core import public_code
from tests.web.papers import Papers, papers
from tests.web.test_browser import CHROMIUM, Watched, browser, check_readable
from tests.web.test_public_codes import link_for

__all__ = ["browser", "papers"]
pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="no browser: install Debian's chromium, or name one in CHROMIUM"),
]
NOBODYS = public_code.printed(bytes(range(16)))


@dataclass
class Visit:
    """A stranger's browser, and the paths of pages in every state."""

    watched: Watched
    good: dict[str, str]
    bad: dict[str, str]
    share: str


async def share_of(papers: Papers) -> str:
    made = await papers.mine.post("/v1/shares", json=link_for("Trường THPT chuyên Nguyễn Thị Minh Khai " * 3))
    return "/s/" + str(made.json()["address"]).rpartition("/")[2]


@pytest.fixture(params=[360, 1280])
async def visit(papers: Papers, browser: Browser, request: pytest.FixtureRequest) -> AsyncIterator[Visit]:
    await papers.submit(1)
    withdrawn = await papers.public_code()
    await papers.withdraw(1)
    await papers.submit(2)
    superseded = await papers.public_code()
    await papers.submit(3)
    good = {"entry": "/v", "withdrawn": f"/v/{withdrawn}", "superseded": f"/v/{superseded}",
            "in force": f"/v/{await papers.public_code()}"}  # fmt: skip
    bad = {"malformed": f"/v/{NOBODYS[:-1]}", "unknown": f"/v/{NOBODYS}", "no link": f"/s/{NOBODYS}"}
    base_url = papers.registry.base_url
    context = await browser.new_context(base_url=base_url, viewport={"width": request.param, "height": 780})
    watched = Watched(await context.new_page(), base_url)
    yield Visit(watched, good, bad, await share_of(papers))
    assert watched.wrong == []


async def test_every_state_of_a_code_is_readable(visit: Visit) -> None:
    page = visit.watched.page
    for language in ("vi", "en"):
        for path in visit.good.values():
            answer = await page.goto(f"{path}?lang={language}")
            assert answer is not None
            assert answer.status == 200
            await expect(page.locator("html")).to_have_attribute("lang", language)
            await check_readable(page)
        for path in visit.bad.values():
            answer = await page.goto(f"{path}?lang={language}")
            assert answer is not None
            assert answer.status in {400, 404}
            await check_readable(page)
    refused = [
        each for each in visit.watched.wrong if "status of 40" in each
    ]  # the browser's own word for such an answer
    visit.watched.wrong = [each for each in visit.watched.wrong if each not in refused]


async def test_a_typed_code_and_an_opened_link_are_readable(visit: Visit) -> None:
    page = visit.watched.page
    await page.goto("/v")
    await page.get_by_label("Mã xác thực").fill(visit.good["in force"].removeprefix("/v/").lower().replace("-", " "))
    await page.get_by_role("button", name="Kiểm tra").click()
    await expect(page.get_by_role("status")).to_contain_text("Đang có hiệu lực")
    for language, button, opened in (("vi", "Mở học bạ", "lần thứ 1"), ("en", "Open the transcript", "opening 2 of 2")):
        await page.goto(f"{visit.share}?lang={language}")
        await check_readable(page)
        await page.get_by_role("button", name=button).click()
        await expect(page.get_by_role("main")).to_contain_text(opened)
        await check_readable(page)
    async with page.expect_download() as waiting:
        await page.locator("form[action$='/extract.pdf'] button").first.click()
    assert (await waiting.value).suggested_filename.startswith("ban-the-hien-")
