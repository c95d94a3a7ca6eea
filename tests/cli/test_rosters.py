"""`registry roster` on a real database: one roster, a city's list, a dry run, and what a bad file is answered."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from registry.services.world import World
from tests.cli.conftest import Commands, Run
from tests.small_city import PRIMARY, SECONDARY, settle, small_city

pytestmark = pytest.mark.anyio
YEAR = PRIMARY.school_year
HEADER = "Mã trường;Khối;Mã học sinh;Họ và tên;Lớp;Ngày sinh;Giới tính;Số ĐDCN"
AN = f"{PRIMARY.code};1;79001;Nguyễn An;1A;04/05/2017;Nữ;079317000001"
BINH = f"{SECONDARY.code};6;79002;Trần Bình;6A;2012;Nam;"


@pytest.fixture
async def run(world: World, commands: Commands) -> Run:
    await settle(world, small_city())
    return commands("roster")


def file(folder: Path, *rows: str, name: str = "city.csv") -> str:
    path = folder / name
    path.write_text("\n".join([HEADER, *rows, ""]), encoding="utf-8-sig")
    return str(path)


def said(result: Result) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(result.stdout)
    return found


async def test_a_list_of_a_city_is_tried_then_taken(run: Run, tmp_path: Path) -> None:
    city = file(tmp_path, AN, BINH)
    tried = await run("import", city, "--year", YEAR, "--dry-run", "--json")
    assert (tried.exit_code, said(tried)["joined"], said(tried)["dry_run"]) == (0, 2, True)
    taken = await run("import", city, "--year", YEAR, "--total", "2", "--json")
    assert (said(taken)["joined"], said(taken)["rosters"]) == (2, 2)
    moved = await run("import", file(tmp_path, AN.replace("1A", "1B")), "--year", YEAR, "--json")
    assert (said(moved)["changed"], said(moved)["left"], said(moved)["rosters"]) == (1, 0, 1)


async def test_every_problem_of_a_bad_file_by_row_and_column(run: Run, tmp_path: Path) -> None:
    city = file(tmp_path, AN.replace("079317000001", "79317000001"), BINH.replace("2012", "31/02/2012"))
    for options in ((), ("--dry-run",)):
        answered = await run("import", city, "--year", YEAR, "--json", *options)
        assert answered.exit_code == 1
        assert [(each["code"], each["pointer"]) for each in said(answered)["errors"]] == [
            ("roster-number-zero", "/rows/2/sodinhdanh"),
            ("field-format", "/rows/3/ngaysinh"),
        ]
    shown = await run("import", city, "--year", YEAR)
    assert "H2" in shown.output
    assert "79317000001" not in shown.output


async def test_one_roster_by_the_name_of_its_file(run: Run, tmp_path: Path) -> None:
    name = f"{PRIMARY.code}_{YEAR}_1.csv"
    taken = await run("import", file(tmp_path, AN, name=name), "--json")
    assert (taken.exit_code, said(taken)["joined"]) == (0, 1)
    count = await run("import", str(tmp_path / name), "--school", PRIMARY.code, "--year", YEAR, "--grade", "1",
                      "--total", "2", "--json")  # fmt: skip
    assert (count.exit_code, said(count)["code"]) == (1, "roster-count")


@pytest.mark.parametrize("options", [(), ("--year", "2024"), ("--school", "1", "--year", YEAR), ("--grade", "1")])
async def test_a_file_whose_place_is_not_said(run: Run, tmp_path: Path, options: tuple[str, ...]) -> None:
    assert (await run("import", file(tmp_path, AN), *options)).exit_code == 2
