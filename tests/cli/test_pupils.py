"""`registry pupil` on a real database: what it takes, what it prints, and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from registry.demo import transcripts
from registry.services import judging, submission
from registry.services.world import World
from tests.cli.conftest import Commands, Run
from tests.services.test_pupils import other_number
from tests.small_city import NOW, PRIMARY, SECONDARY, settle, small_city, vendor

pytestmark = pytest.mark.anyio
VENDOR = vendor(PRIMARY, SECONDARY)
DOCUMENT, LATE = small_city().document(), small_city().document(SECONDARY)
OLD, NEW = DOCUMENT["sodinhdanh"], other_number(DOCUMENT["sodinhdanh"])


@pytest.fixture
async def run(world: World, commands: Commands) -> Run:
    await settle(world, small_city(), VENDOR)
    await send(world, DOCUMENT)
    await send(world, LATE, SECONDARY)
    return commands("pupil")


async def send(world: World, document: dict[str, Any], school: Any = PRIMARY) -> None:
    await submission.submit(world, VENDOR, small_city().signed(document, school), judging.JOSE, NOW)


async def test_renumber_from_standard_input_and_from_a_file(run: Run, tmp_path: Path) -> None:
    rows = f"old_number,new_number,reference\n{OLD},{NEW},QĐ 1\n{other_number(OLD, 5)},{NEW},QĐ 2\n"
    done = await run("renumber", sent=rows)
    assert (done.exit_code, done.stdout) == (1, "1 renumbered, 0 had been before, 1 refused\n")
    assert "row 3: pupil-unknown" in done.output
    file = tmp_path / "numbers.csv"
    file.write_text(rows.rsplit("\n", 2)[0], encoding="utf-8")
    again = await run("renumber", str(file), "--json")
    assert (again.exit_code, json.loads(again.stdout)) == (0, [{"row": 2, "code": None, "repeated": True}])
    for shown in (done, again):
        assert OLD not in shown.output
        assert NEW not in shown.output
    assert (await run("renumber", sent="a,b\n1,2\n")).exit_code == 1


async def test_merge_unmerge_and_the_list(run: Run) -> None:
    codes = (DOCUMENT["mahocsinh"], LATE["mahocsinh"])
    made = await run("merge", "--from", codes[0], "--into", codes[1], "--reason", "Một em")
    assert made.exit_code == 0, made.output
    (row,) = json.loads((await run("merges", "--json")).stdout)
    assert (row["from"], row["into"], row["undone_at"]) == (*codes, "")
    assert row["merge"] in made.stdout
    assert (await run("unmerge", row["merge"], "--reason", "Nhầm")).exit_code == 0
    twice = await run("unmerge", row["merge"], "--reason", "Nhầm")
    assert (twice.exit_code, "pupil-merged" in twice.output) == (1, True)


async def test_cases_and_decisions(run: Run, world: World) -> None:
    await send(world, DOCUMENT | {"mahocsinh": "7700000001", **transcripts.revised({}, 2)})
    (case,) = json.loads((await run("cases", "--json")).stdout)
    assert (case["kind"], case["school"], case["possible"]) == (
        "number-two-pupils", PRIMARY.code, "same-pupil other-pupil number-moves",
    )  # fmt: skip
    assert OLD not in str(case)
    assert (await run("cases")).stdout.count("\n") == 1
    place = ("decide", case["submission"], "--reason", "Đã đối chiếu")
    assert (await run(*place)).exit_code == 2
    assert (await run(*place, "--same-pupil", "--transfer")).exit_code == 2
    assert (await run(*place, "--transfer")).exit_code == 1
    done = await run(*place, "--same-pupil")
    assert (done.exit_code, done.stdout) == (0, "accepted\n")
    assert json.loads((await run("cases", "--json")).stdout) == []
