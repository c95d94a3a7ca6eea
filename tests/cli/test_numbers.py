"""`registry number` on a real database: the file that goes out, the one that comes back, and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import openpyxl
import pytest

from registry.core.rosters import Place
from registry.services import rosters
from registry.services.world import World
from tests.cli.conftest import Commands, Run
from tests.small_city import NOW, PRIMARY, settle, small_city

pytestmark = pytest.mark.anyio
YEAR = PRIMARY.school_year
ROSTER = (
    "mahocsinh,hovaten,tenlop,ngaysinh,gioitinh,sodinhdanh\n"
    "1001,Nguyễn Thị Hòa,1A,2017-05-04,2,\n1003,Lê Chí,1B,2017-07-06,1,\n1004,Lê Chi,1B,2017-07-06,1,\n"
)


@pytest.fixture
async def run(world: World, commands: Commands) -> Run:
    await settle(world, small_city())
    await rosters.import_roster(world, Place(PRIMARY.code, YEAR, 1), ROSTER.encode(), NOW, source="test")
    return commands("number")


def filled(path: Path, numbers: dict[str, str]) -> None:
    """What the police do: they write into the last column."""
    book = openpyxl.load_workbook(path)
    sheet = book.active
    assert sheet is not None
    for row in sheet.iter_rows(min_row=2):
        row[-1].value = numbers.get(str(row[3].value))
    book.save(path)


async def test_out_filled_in_and_back(run: Run, tmp_path: Path) -> None:
    listed = await run("list", "city:79", YEAR, "--json")
    assert [row["pupil_code"] for row in json.loads(listed.stdout)] == ["1001", "1003", "1004"]
    out = tmp_path / "out.xlsx"
    assert "export 1, 3 pupils" in (await run("export", "city:79", YEAR, "--out", str(out))).stdout
    assert out.stat().st_mode & 0o077 == 0
    assert (await run("export", "city:79", YEAR, "--out", str(out))).exit_code == 2
    filled(out, {"1001": "079317000001"})
    back = ("import", str(out), "--unit", "city:79", "--year", YEAR, "--json")
    tried = json.loads((await run(*back, "--dry-run")).stdout)
    assert (tried["applied"], tried["without"], tried["return_id"]) == (1, 2, None)
    taken = json.loads((await run(*back)).stdout)
    assert (taken["applied"], taken["repeated"]) == (1, 0)
    assert json.loads((await run(*back)).stdout)["repeated"] == 1
    undone = await run("undo", taken["return_id"], "--reason", "nhầm")
    assert undone.stdout == "1 taken back\n"
    assert [row["undone"] for row in json.loads((await run("imports", "--json")).stdout)] == ["0", "1"]
    assert len(json.loads((await run("exports", "--json")).stdout)) == 1


async def test_a_doubt_is_decided(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "back.csv"
    file.write_text("Họ và tên;Ngày sinh;Giới tính;Số định danh\nLe Chi;06/07/2017;Nam;079217000003\n", "utf-8")
    taken = await run("import", str(file), "--unit", "city:79", "--year", YEAR)
    assert (taken.exit_code, "1 doubtful" in taken.stdout, "079217000003" in taken.output) == (0, True, False)
    cases = json.loads((await run("cases", "--json")).stdout)
    assert [row["pupil_code"] for row in cases] == ["1003", "1004"]
    assert (await run("decide", cases[0]["case"], "--reason", "x")).exit_code == 2
    done = await run("decide", cases[0]["case"], "--pupil", "1003", "--reason", "giấy khai sinh")
    assert done.stdout == "applied to 1003\n"
    assert json.loads((await run("cases", "--json")).stdout) == []


async def test_a_bad_file_changes_nothing(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "back.csv"
    file.write_text("Họ và tên;Ngày sinh;Giới tính;Số định danh\nNguyễn Thị Hòa;04/05/2017;Nữ;79317000001\n", "utf-8")
    answered = await run("import", str(file), "--unit", "city:79", "--year", YEAR)
    assert answered.exit_code == 1
    assert "/rows/2/sodinhdanh D2" in answered.output
    assert (await run("import", str(file), "--unit", "city:79", "--year", "2024")).exit_code == 2
    assert json.loads((await run("imports", "--json")).stdout) == []
    assert (await run("export", "nowhere", YEAR, "--out", str(tmp_path / "a.csv"))).exit_code == 1
    assert not (tmp_path / "a.csv").exists()
