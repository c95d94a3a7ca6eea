"""`registry caller` on a real database: what it says, what it leaves, and its exit codes."""

from __future__ import annotations

import asyncio
import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from typer.testing import CliRunner, Result

from registry.cli import callers
from tests.conftest import Urls

pytestmark = pytest.mark.anyio
Run = Callable[..., Any]


@pytest.fixture
def run(database_urls: Urls, tmp_path: Path) -> Run:
    """Run one command to its end, as an operator with the owner's address would."""
    env = {"DATABASE_URL": database_urls.owner, "REGISTRY_STATE_DIR": str(tmp_path / "state")}

    async def once(*arguments: str) -> Result:
        return await asyncio.to_thread(CliRunner(env=env).invoke, callers.app, list(arguments))

    return once


async def made_key(run: Run, tmp_path: Path, name: str = "vendor") -> Path:
    assert (await run("new-key", str(tmp_path / f"{name}.pem"))).exit_code == 0
    return tmp_path / f"{name}.pub.pem"


async def listed(run: Run) -> list[dict[str, Any]]:
    answer = await run("list", "--json")
    assert answer.exit_code == 0, answer.output
    rows = json.loads(answer.stdout)
    assert isinstance(rows, list)
    return rows


async def test_a_caller_from_its_first_key_to_its_end(run: Run, tmp_path: Path) -> None:
    public = await made_key(run, tmp_path)
    added = await run(
        "add", "vendor-a", "--kind", "vendor", "--scope", "submit", "--scope", "operate", "--name", "Nhà cung cấp A",
        "--key", str(public), "--key-id", "k1",
    )  # fmt: skip
    assert added.exit_code == 0, added.output
    (row,) = await listed(run)
    assert row == {
        "caller_id": "vendor-a", "kind": "vendor", "name": "Nhà cung cấp A", "scopes": ["operate", "submit"], "purposes": [],
        "units": [], "schools": 0, "keys": ["k1"], "counts_with": "",
    }  # fmt: skip
    second = await made_key(run, tmp_path, "second")
    assert (await run("key", "vendor-a", str(second), "--key-id", "k2")).exit_code == 0
    assert (await run("close-key", "vendor-a", "k1")).exit_code == 0
    assert [row["keys"] for row in await listed(run)] == [["k2"]]
    assert (await run("close", "vendor-a")).exit_code == 0
    assert await listed(run) == []


async def test_a_new_key_pair_is_whole_and_never_written_over(run: Run, tmp_path: Path) -> None:
    public = await made_key(run, tmp_path)
    private = tmp_path / "vendor.pem"
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert load_pem_private_key(private.read_bytes(), None).public_key() == load_pem_public_key(public.read_bytes())
    before = private.read_bytes(), public.read_bytes()
    assert (await run("new-key", str(private))).exit_code == 1
    assert (private.read_bytes(), public.read_bytes()) == before


async def test_piped_there_is_one_line_for_each(run: Run, tmp_path: Path) -> None:
    for name in ("office-a", "office-b"):
        assert (await run("add", name, "--kind", "office", "--scope", "completeness")).exit_code == 0
    lines = (await run("list")).stdout.splitlines()
    assert [line.split("\t")[:2] for line in lines] == [["office-a", "office"], ["office-b", "office"]]


async def test_systems_of_one_office_count_with_one_another(run: Run, tmp_path: Path) -> None:
    office = ("--kind", "office", "--scope", "completeness")
    assert (await run("add", "desk-1", *office)).exit_code == 0
    assert (await run("add", "desk-2", *office, "--counts-with", "desk-1")).exit_code == 0
    assert (await run("add", "desk-3", *office)).exit_code == 0
    assert (await run("count-with", "desk-3", "desk-2")).exit_code == 0
    assert [row["counts_with"] for row in await listed(run)] == ["", "desk-1", "desk-1"]


ADD = ("--kind", "vendor", "--scope", "submit")
REFUSED: dict[str, tuple[str, ...]] = {
    "an id with capitals": ("add", "Vendor", *ADD),
    "an id that is taken": ("add", "vendor-a", *ADD),
    "a unit nobody knows": ("add", "vendor-b", *ADD, "--unit", "school:0"),
    "verify without a purpose": ("add", "vendor-b", "--kind", "office", "--scope", "verify"),
    "a purpose that is not there": (
        "add",
        "vendor-b",
        "--kind",
        "office",
        "--scope",
        "verify",
        "--purpose",
        "admision",
    ),
    "a private key": ("add", "vendor-b", *ADD, "--key", "{private}"),
    "a key of nobody": ("key", "vendor-x", "{public}"),
    "a key id with a blank": ("key", "vendor-a", "{public}", "--key-id", "k 1"),
    "units of nobody": ("units", "vendor-x", "city:79"),
    "a unit it has not": ("close-unit", "vendor-a", "city:79"),
    "a key it has not": ("close-key", "vendor-a", "k9"),
    "a limit to share with nobody": ("add", "vendor-b", *ADD, "--counts-with", "vendor-x"),
    "a limit to share with itself": ("count-with", "vendor-a", "vendor-a"),
    "somebody who is not there": ("close", "vendor-x"),
}


async def test_what_can_not_be_done_says_so_and_changes_nothing(run: Run, tmp_path: Path) -> None:
    public = await made_key(run, tmp_path)
    assert (await run("add", "vendor-a", *ADD)).exit_code == 0
    before = await listed(run)
    places = {"public": str(public), "private": str(tmp_path / "vendor.pem")}
    for name, arguments in REFUSED.items():
        answer = await run(*(argument.format(**places) for argument in arguments))
        assert answer.exit_code == 1, (name, answer.output)
        assert answer.stderr.strip(), name
        assert "Traceback" not in answer.output, name
    assert await listed(run) == before
