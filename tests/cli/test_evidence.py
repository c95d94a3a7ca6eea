"""`registry evidence` and `registry judge --evidence`: from the register to a file, and from the file alone to the verdict."""

from __future__ import annotations

import asyncio
import json
import stat
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from typer.testing import CliRunner, Result

from registry.cli.main import app
from registry.services import judging, submission
from registry.services.world import World
from registry.storage import key_files
from tests.conftest import Urls
from tests.small_city import NOW, PRIMARY, settle, small_city, vendor

pytestmark = pytest.mark.anyio
MINE = vendor(PRIMARY)


@pytest.fixture
def env(database_urls: Urls, tmp_path: Path) -> dict[str, str]:
    """The operator's environment: the database of the test and the key it is sealed under."""
    state = tmp_path / "state"
    (state / "keys").mkdir(parents=True, mode=0o700)
    key_files.create(state / "keys" / "sealing.key", bytes(range(32)))
    return {"DATABASE_URL": database_urls.owner, "REGISTRY_STATE_DIR": str(state)}


async def run(env: dict[str, str], *arguments: Any) -> Result:
    return await asyncio.to_thread(CliRunner(env=env).invoke, app, [str(a) for a in arguments])


@pytest.mark.parametrize("change", [{}, {"sodinhdanh": ""}, {"ghichu": "x"}], ids=["accepted", "held", "refused"])
async def test_out_and_judged_again(world: World, env: dict[str, str], tmp_path: Path, change: dict[str, str]) -> None:
    await settle(world, small_city(), MINE)
    raw = small_city().signed(small_city().document() | change)
    answer = await submission.submit(world, MINE, raw, judging.JOSE, NOW)
    file, document = tmp_path / "evidence.zip", tmp_path / "document.json"
    exported = await run(env, "evidence", answer.submission_id, "--out", file)
    assert exported.exit_code == 0, exported.output
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    document.write_bytes(raw)
    nowhere = {"DATABASE_URL": "postgresql://127.0.0.1:1/none", "REGISTRY_STATE_DIR": "/nonexistent"}
    judged = await run(nowhere, "judge", document, "--evidence", file, "--report")
    report = json.loads(judged.stdout)
    assert report["outcome"] == answer.outcome.value
    found = [f["code"] for s in report["signatures"] for f in s["findings"]] + [f["code"] for f in report["findings"]]
    assert sorted(found) == sorted(f.code.slug for f in answer.findings)
    said = "".join(judged.stderr.split())  # as wide as the terminal is
    for anchor in small_city().trust_list.anchors:
        assert (f"{anchor.fingerprint.hex().upper()}({anchor.hierarchy}):noknownnationalroot" in said) is (
            anchor.fingerprint.hex() in judged.stdout
        )
    assert "no known national root" in " ".join(judged.stderr.split())
    alone = await run(nowhere, "judge", "--evidence", file)
    assert alone.stdout.count('"outcome"') == (0 if change == {"ghichu": "x"} else 1)


async def test_no_such_submission(world: World, env: dict[str, str], tmp_path: Path) -> None:
    answer = await run(env, "evidence", uuid4(), "--out", tmp_path / "x.zip")
    assert (answer.exit_code, (tmp_path / "x.zip").exists()) == (1, False)
    assert "submission-unknown" in answer.stderr
