"""The workbench in a real browser: a file goes out, one comes back, a person decides, an operator undoes; on a phone and a desk.

With SCREENSHOTS set to a folder every page is kept there as a picture.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from registry.demo import schools
from registry.services import sign_in
from tests.api.conftest import Registry
from tests.web.test_browser import Watched, browser, check_readable, pytestmark
from tests.web.test_numbers import DOUBTFUL, NUMBER, YEAR

__all__ = ["browser", "pytestmark"]
PAGE = f"/numbers?unit={schools.DISTRICT}&year={YEAR}"


@pytest.fixture(params=[360, 1280])
async def operator(staffed: Registry, browser: Browser, request: pytest.FixtureRequest) -> AsyncIterator[Watched]:
    """An operator of the city who may see names, signed in by a link."""
    context = await browser.new_context(base_url=staffed.base_url, viewport={"width": request.param, "height": 780})
    found = Watched(await context.new_page(), staffed.base_url)
    secret = await sign_in.make_link(staffed.world, "so", datetime.now(UTC))
    await found.page.goto(f"/sign-in?link={secret}")
    await found.page.get_by_role("main").get_by_role("button", name="Đăng nhập").click()
    await found.page.wait_for_load_state()
    yield found
    assert found.wrong == []


async def looked_at(page: Page, name: str) -> None:
    await check_readable(page)
    assert NUMBER not in await page.content()
    if folder := os.environ.get("SCREENSHOTS"):
        width = (page.viewport_size or {"width": 0})["width"]
        await page.screenshot(path=Path(folder) / f"{name}-{width}.png", full_page=True)


async def downloads(page: Page, folder: Path, name: str) -> None:
    """Both files of the page's table can be kept."""
    for kind in ("CSV", "XLSX"):
        async with page.expect_download() as waiting:
            await page.get_by_role("link", name=kind, exact=True).click()
        download = await waiting.value
        assert download.suggested_filename.startswith(name)
        assert download.suggested_filename.endswith(f".{kind.lower()}")
        await download.save_as(folder / kind)
        assert (folder / kind).stat().st_size > 100


async def test_out_back_decided_undone(operator: Watched, tmp_path: Path) -> None:
    page, file = operator.page, tmp_path / "tra-ve.csv"
    file.write_bytes(DOUBTFUL)
    await page.goto(PAGE)
    await expect(page.get_by_role("cell", name="Tên 9")).to_be_visible()
    async with page.expect_download() as waiting:
        await page.get_by_role("button", name="Xuất XLSX").click()
    assert (await waiting.value).suggested_filename == "thieu-so-dinh-danh-00001.xlsx"
    for for_good, heading in ((False, "Chạy thử: chưa ghi gì"), (True, "Đã nhập tệp số định danh")):
        await page.goto(PAGE)
        await page.get_by_label("Tệp CSV hoặc XLSX").set_input_files(file)
        await page.get_by_label("Ghi thật").set_checked(for_good)
        await page.get_by_role("button", name="Nhập", exact=True).click()
        await expect(page.get_by_role("heading", level=1)).to_have_text(heading)
    await looked_at(page, "report")
    await downloads(page, tmp_path, "number-report")
    await page.goto(f"{PAGE}&lang=en")
    await expect(page.get_by_role("link", name="Waiting for a decision: 1")).to_be_visible()
    await looked_at(page, "list-en")
    await page.goto(f"{PAGE}&lang=vi")
    await looked_at(page, "list-vi")
    await page.get_by_role("link", name="Chờ quyết định: 1").click()
    await looked_at(page, "cases")
    await downloads(page, tmp_path, "number-cases")
    await page.get_by_label("mã 79009").check()
    await page.get_by_label("Lý do").fill("giấy khai sinh")
    await page.get_by_role("button", name="Quyết định").click()
    await expect(page.get_by_role("main")).to_contain_text("Không có số nào chờ quyết định.")
    await page.goto(PAGE)
    await expect(page.get_by_role("main")).to_contain_text("Không có học sinh nào thiếu số định danh.")
    await page.locator("summary", has_text="Hoàn tác").click()
    await page.get_by_label("Lý do").fill("nhầm tệp")
    await looked_at(page, "undo")
    await page.get_by_role("button", name="Hoàn tác").click()
    await expect(page.get_by_role("cell", name="Tên 9")).to_be_visible()


async def test_a_bad_file_by_cell(operator: Watched, tmp_path: Path) -> None:
    page, file = operator.page, tmp_path / "tra-ve.csv"
    file.write_bytes(DOUBTFUL.replace(NUMBER.encode(), NUMBER[1:].encode()))
    await page.goto(PAGE)
    await page.get_by_label("Tệp CSV hoặc XLSX").set_input_files(file)
    await page.get_by_role("button", name="Nhập", exact=True).click()
    await expect(page.get_by_role("main")).to_contain_text("D2")
    await looked_at(page, "bad")
    operator.wrong[:] = [each for each in operator.wrong if "422" not in each]  # the browser notes the status


async def test_all_of_it_in_english(operator: Watched, tmp_path: Path) -> None:
    page, file, bad = operator.page, tmp_path / "returned.csv", tmp_path / "bad.csv"
    file.write_bytes(DOUBTFUL + "Người Lạ,01/02/2017,Nữ,079317000009,\nTên 8,01/02/2017,Nữ,,\n".encode())
    bad.write_bytes(DOUBTFUL.replace(NUMBER.encode(), NUMBER[1:].encode()))
    await page.goto(f"{PAGE}&lang=en")
    for each, for_good, heading in (
        (bad, True, "Rows of the file of numbers are wrong"),
        (file, False, "A trial: nothing was written"),
        (file, True, "The file of numbers is imported"),
    ):
        await page.goto(PAGE)
        await page.get_by_label("CSV or XLSX file").set_input_files(each)
        await page.get_by_label("For good").set_checked(for_good)
        await page.get_by_role("button", name="Import", exact=True).click()
        await expect(page.get_by_role("heading", level=1)).to_have_text(heading)
        await looked_at(page, f"{each.stem}{'' if for_good else '-trial'}-en")
    await page.goto("/numbers/cases")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Numbers that wait for a decision")
    await looked_at(page, "cases-en")

    await page.get_by_label("Nobody's of these").check()
    await page.get_by_label("Reason").fill("giấy khai sinh")
    await page.get_by_role("button", name="Decide").click()
    await expect(page.get_by_role("main")).to_contain_text("No number waits for a decision.")
    await looked_at(page, "no-cases-en")
    operator.wrong[:] = [each for each in operator.wrong if "422" not in each]
