"""`registry campaign freeze`, `export` and `check` on a real database, also in the wrong order, twice, and with altered files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from registry.services.world import World
from tests.cli.conftest import Commands, Run
from tests.services.test_freezing import CODE, settled

__all__ = ["settled"]
pytestmark = pytest.mark.anyio


@pytest.fixture
def run(commands: Commands) -> Run:
    return commands("campaign")


async def test_frozen_once_exported_and_checked(run: Run, settled: World, tmp_path: Path) -> None:
    out, again = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    early = await run("export", CODE, "--out", str(out))
    assert (early.exit_code, out.exists()) == (1, False)
    assert (await run("freeze", CODE, "--reason", "Đã duyệt")).exit_code == 0
    assert (await run("freeze", CODE, "--reason", "Lần nữa")).exit_code == 1
    assert (await run("export", CODE, "--out", str(out))).exit_code == 0
    raw = out.read_bytes()
    assert (await run("export", CODE, "--out", str(out))).exit_code == 2
    assert (await run("export", CODE, "--out", str(tmp_path / "none" / "a"))).exit_code == 2
    assert out.read_bytes() == raw
    assert (await run("export", CODE, "--out", str(again))).exit_code == 0
    assert again.read_bytes() == raw
    found = json.loads((await run("check", str(out), "--json")).stdout)
    assert (found["problem"], found["pupils"], found["campaign"]["code"]) == (None, 2, CODE)


@pytest.mark.parametrize(
    "alter",
    [lambda raw: raw[:-9], lambda raw: raw.replace(b'"missing"', b'"present"', 1), lambda _: b"", lambda _: b"{}\n"],
)
async def test_an_altered_file_has_exit_code_1(
    run: Run, settled: World, tmp_path: Path, alter: Callable[[bytes], bytes]
) -> None:
    out = tmp_path / "a.jsonl"
    await run("freeze", CODE, "--reason", "Đã duyệt")
    await run("export", CODE, "--out", str(out))
    out.write_bytes(alter(out.read_bytes()))
    assert (await run("check", str(out))).exit_code == 1
