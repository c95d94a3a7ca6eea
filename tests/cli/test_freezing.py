"""`registry campaign freeze`, `export` and `check` on a real database, also in the wrong order, twice, and with altered files."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from registry.cli.main import app
from registry.services.world import World
from registry.storage import key_files
from tests.conftest import Urls
from tests.services.test_freezing import CODE, settled

__all__ = ["settled"]
pytestmark = pytest.mark.anyio
Run = Callable[..., Any]


@pytest.fixture
def run(database_urls: Urls, tmp_path: Path) -> Run:
    """Run one command to its end, as an operator with the owner's address would."""
    keys = tmp_path / "state" / "keys"
    keys.mkdir(parents=True, mode=0o700)
    keys.parent.chmod(0o711)
    key_files.create(keys / "sealing.key", bytes(range(32)))
    env = {"DATABASE_URL": database_urls.owner, "REGISTRY_STATE_DIR": str(tmp_path / "state"), "COLUMNS": "200"}

    async def once(*arguments: str) -> Result:
        return await asyncio.to_thread(CliRunner(env=env).invoke, app, ["campaign", *arguments])

    return once


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
