"""The pages in a real browser: sign-in by link, overview, sort and filter, a school, files, languages, a phone; WCAG by axe-core.

What a page must never do is watched throughout: an error in the console, a breach of its policy, a request to another host.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from axe_playwright_python.base import AXE_FILE_PATH
from playwright.async_api import Browser, Page, async_playwright, expect

from registry.services import sign_in
from tests.api.conftest import Registry
from tests.web.conftest import FIRST, SECOND

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip
pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="no browser: install Debian's chromium, or name one in CHROMIUM"),
]
YEAR = FIRST.school_year
PAGES = (
    "/overview",
    "/trend",
    "/schools",
    f"/schools/{FIRST.code}",
    "/readiness",
    "/calls",
    "/numbers",
    "/reminders",
    "/campaigns",
    "/campaigns/lop1-gap",
    "/me",
)


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as started:
        opened = await started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        await opened.close()


class Watched:
    """A browser's page, and everything it did that it must not do."""

    def __init__(self, page: Page, base_url: str) -> None:
        self.page, self.wrong = page, list[str]()
        page.on(
            "console", lambda m: self.wrong.append(f"console: {m.text}") if m.type in {"error", "warning"} else None
        )
        page.on("pageerror", lambda error: self.wrong.append(f"script: {error}"))
        page.on("request", lambda r: None if r.url.startswith((base_url, "data:")) else self.wrong.append(r.url))


@pytest.fixture
async def watched(hurried: Registry, browser: Browser) -> AsyncIterator[Watched]:
    """Somebody who may see names, signed in by a link."""
    context = await browser.new_context(base_url=hurried.base_url, viewport={"width": 1280, "height": 900})
    found = Watched(await context.new_page(), hurried.base_url)
    secret = await sign_in.make_link(hurried.world, "quan-10-ten", datetime.now(UTC))
    await found.page.goto(f"/sign-in?link={secret}&next=/overview%3Fyear%3D{YEAR}")
    await found.page.get_by_role("main").get_by_role("button", name="Đăng nhập").click()
    await expect(found.page.get_by_role("heading", level=1)).to_contain_text("Quận 10")
    yield found
    assert found.wrong == []


async def test_from_the_overview_to_a_school_and_out(watched: Watched) -> None:
    page = watched.page
    await page.get_by_role("navigation").get_by_role("link", name="Các trường").click()
    rows = page.get_by_role("main").locator("tbody tr th a")
    await expect(rows).to_have_text([SECOND.name, FIRST.name])
    await page.get_by_role("columnheader", name="Dự kiến").get_by_role("link").click()
    await expect(rows).to_have_text([FIRST.name, SECOND.name])
    await expect(page.get_by_role("columnheader", name="Dự kiến")).to_have_attribute("aria-sort", "descending")
    await page.get_by_label("Tên hoặc mã trường").fill("hoa mai")
    await page.get_by_role("button", name="Lọc").click()
    await expect(rows).to_have_text([SECOND.name])
    await page.get_by_label("Tên hoặc mã trường").fill("")
    await page.get_by_label("Chỉ xem").select_option(label="Chờ số định danh")
    await page.get_by_role("button", name="Lọc").click()
    await expect(rows).to_have_text([FIRST.name])
    await rows.first.click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(FIRST.name)
    await expect(page.get_by_role("cell", name="Tên 0")).to_be_visible()
    await page.get_by_role("link", name="Chờ số định danh 1").click()
    await expect(page.get_by_role("cell", name="Tên 9")).to_be_visible()
    await page.get_by_role("button", name="Đăng xuất").click()
    await expect(page.get_by_role("button", name="Đăng xuất")).to_have_count(0)
    answer = await page.context.request.get("/overview")
    assert answer.status == 401


@pytest.mark.parametrize("width", [360, 1280])
async def test_the_overview_is_broken_down_by_choice(watched: Watched, width: int, tmp_path: Path) -> None:
    page = watched.page
    await page.set_viewport_size({"width": width, "height": 780})
    await page.get_by_label("Bản đồ đơn vị").select_option(label="khi đó")
    await page.get_by_role("main").get_by_role("button", name="Xem").first.click()
    for choice, names in (
        ("từng trường", [FIRST.name, SECOND.name]),
        ("khối", ["Khối 1"]),
        ("phần mềm", ["Chưa có phần mềm nào"]),
    ):
        await page.get_by_label("Chia theo").select_option(label=choice)
        await page.get_by_role("button", name="Xem").last.click()
        await expect(page.get_by_role("region", name=f"Theo {choice}").locator("tbody th")).to_have_text(names)
        assert "map=then" in page.url
        await check_readable(page)
        await page.screenshot(path=tmp_path / f"{width}.png", full_page=True)
    async with page.expect_download() as waiting:
        await page.get_by_role("link", name="CSV", exact=True).last.click()
    assert "Chưa có phần mềm nào" in await asyncio.to_thread(
        (await (await waiting.value).path()).read_text, encoding="utf-8-sig"
    )
    await page.get_by_role("link", name="English").click()
    await expect(page.get_by_role("heading", name="By software")).to_be_visible()
    await expect(page.get_by_label("Broken down by")).to_have_value("vendor")
    await check_readable(page)


async def test_files_are_downloaded(watched: Watched, tmp_path: Path) -> None:
    page = watched.page
    await page.goto(f"/schools?year={YEAR}")
    for kind in ("CSV", "XLSX"):
        async with page.expect_download() as waiting:
            await page.get_by_role("link", name=kind, exact=True).click()
        download = await waiting.value
        await download.save_as(tmp_path / kind)
        assert download.suggested_filename.endswith(f".{kind.lower()}")
        assert (tmp_path / kind).stat().st_size > 200
    report = await page.context.request.get(f"/report.pdf?year={YEAR}")
    assert (await report.body()).startswith(b"%PDF-")


async def test_english_by_a_switch_that_stays(watched: Watched) -> None:
    page = watched.page
    await page.get_by_role("link", name="English").click()
    await expect(page.locator("html")).to_have_attribute("lang", "en")
    await page.get_by_role("navigation").get_by_role("link", name="Schools").click()
    await expect(page.get_by_role("columnheader", name="Missing")).to_be_visible()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Schools")


async def test_a_call_is_noted(watched: Watched) -> None:
    page = watched.page
    await page.goto(f"/calls?year={YEAR}")
    first = page.locator("ol.cards > li").first
    await expect(first).to_contain_text(FIRST.name)
    await first.get_by_label("Ghi chú").fill("Hẹn gửi chiều nay")
    await first.get_by_role("button", name="Đã gọi").click()
    last = page.locator("ol.cards > li").last
    await expect(last).to_contain_text("Hẹn gửi chiều nay")
    await expect(page.get_by_role("main")).to_contain_text("1 / 2 trường đã được gọi hôm nay")


@pytest.mark.parametrize("width", [360, 1280])
async def test_every_page_is_readable(watched: Watched, width: int) -> None:
    page = watched.page
    await page.set_viewport_size({"width": width, "height": 780})
    for path in PAGES:
        for language in ("vi", "en"):
            await page.goto(f"{path}?year={YEAR}&lang={language}")
            await check_readable(page)


async def check_readable(page: Page) -> None:
    """WCAG 2.2 A and AA by axe-core, and no sideways scrolling of the page."""
    over = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert over == 0, page.url
    await page.evaluate(await asyncio.to_thread(Path(AXE_FILE_PATH).read_text, encoding="utf-8"))
    found = await page.evaluate("axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice']})")
    broken = [(rule["id"], [node["target"] for node in rule["nodes"]][:3]) for rule in found["violations"]]
    assert broken == [], page.url
