"""`registry signer` and `registry trust policy` on a real database: what they print, and their exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from registry.core.trust import Role
from registry.services import policies
from registry.services.world import World
from tests.cli.conftest import Commands, Run
from tests.services.test_signer_cases import CITY, DEPUTY, PERSON, made
from tests.small_city import PRIMARY, settle

pytestmark = pytest.mark.anyio
TEACHER = made(Role.TEACHER, f"CCCD:{PERSON}")
SHA256 = TEACHER.certificate.fingerprint(hashes.SHA256()).hex()
HEAD = "certificate,school_code,role,valid_from,valid_to,holder"


@pytest.fixture
def run(commands: Commands) -> Run:
    return commands()


def table(folder: Path, *rows: str) -> str:
    (folder / "in").mkdir(exist_ok=True)
    (folder / "in" / "teacher.crt").write_bytes(TEACHER.certificate.public_bytes(Encoding.DER))
    (folder / "beyond.crt").write_bytes(TEACHER.certificate.public_bytes(Encoding.DER))
    file = folder / "in" / "signers.csv"
    file.write_text("\n".join((HEAD, *rows)), encoding="utf-8")
    return str(file)


async def test_import_list_and_close(run: Run, world: World, tmp_path: Path) -> None:
    await settle(world, CITY)
    file = table(tmp_path, f"teacher.crt,{PRIMARY.code},teacher,2024-08-01,,CCCD:{PERSON}")
    for arguments, new in ((("--dry-run",), 1), ((), 1), ((), 0)):
        done = await run("signer", "import", file, "--json", *arguments)
        assert (done.exit_code, json.loads(done.stdout)["new"]) == (0, new)
    listed = await run("signer", "list", "--school", PRIMARY.code, "--json")
    (mine,) = [row for row in json.loads(listed.stdout) if row["certificate"] == SHA256]
    assert (mine["role"], mine["holder_kind"], mine["closed_at"]) == ("teacher", "person", None)
    place = ("--school", PRIMARY.code, "--role", "teacher", "--reason", "nghỉ hưu")
    assert (await run("signer", "close", SHA256, *place, "--at", "2025-01-01")).exit_code == 0
    assert (await run("signer", "close", SHA256, *place, "--at", "2025-02-01")).exit_code == 1
    assert (await run("signer", "close", SHA256, *place, "--at", "soon")).exit_code == 2
    history = json.loads((await run("signer", "list", "--school", PRIMARY.code, "--history", "--json")).stdout)
    assert [row["change"] for row in history if row["certificate"] == SHA256] == ["registered", "closed"]
    for shown in (
        await run("signer", "list", "--school", PRIMARY.code),
        await run("signer", "list", "--school", PRIMARY.code, "--history"),
    ):
        assert shown.exit_code == 0
        assert PERSON not in shown.stdout


async def test_every_problem_by_line(run: Run, world: World, tmp_path: Path) -> None:
    await settle(world, CITY)
    file = table(
        tmp_path,
        f"teacher.crt,{PRIMARY.code},teacher,2024-08-01,,CCCD:{DEPUTY}",
        f"../beyond.crt,{PRIMARY.code},teacher,2024-08-01,,",
        f"{tmp_path}/beyond.crt,{PRIMARY.code},teacher,2024-08-01,,",
        "teacher.crt,79000000,teacher,2024-08-01,,",
    )
    done = await run("signer", "import", file, "--json")
    assert done.exit_code == 1
    assert [(e["code"], e["pointer"]) for e in json.loads(done.stdout)["errors"]] == [
        ("register-holder", "/rows/2/holder"),
        ("register-row", "/rows/3/certificate"),
        ("register-row", "/rows/4/certificate"),
        ("register-row", "/rows/5/school_code"),
    ]
    plain = await run("signer", "import", file)
    assert (plain.exit_code, plain.stderr.count("/rows/")) == (1, 4)
    assert DEPUTY not in plain.output


async def test_the_policy_is_shown_and_imported(run: Run, tmp_path: Path) -> None:
    empty = await run("trust", "policy", "--json")
    assert (empty.exit_code, json.loads(empty.stdout)["version"]) == (1, "none")
    assert (await run("trust", "policy", "import")).exit_code == 0
    shown = json.loads((await run("trust", "policy", "--json")).stdout)
    default = policies.default()
    assert (shown["version"], len(shown["rows"])) == (default.version, len(default.rows))
    assert all(row["required"] for row in shown["rows"])
    file = tmp_path / "policy.csv"
    file.write_text(
        "version,role,ownership,hierarchy,algorithms,valid_from,valid_to,required,time_stamp,first_year\n"
        "2027-1,seal,public,government,PS256,2027-01-01,,yes,yes,2026\n"
    )
    assert (await run("trust", "policy", "import", str(file))).exit_code == 0
    assert (await run("trust", "policy", "import", str(file))).exit_code == 0, "the same again"
    rows = json.loads((await run("trust", "policy", "--json")).stdout)["rows"]
    assert {row["version"] for row in rows} == {"2024-1", "2027-1"}
    assert {row["valid_to"] for row in rows if row["version"] == "2024-1"} == {"2026-12-31T17:00:00+00:00"}
    table = await run("trust", "policy")
    assert (table.exit_code, "2027-1" in table.stdout) == (0, True)
    file.write_text(file.read_text().replace("PS256", "ES256"))
    assert (await run("trust", "policy", "import", str(file))).exit_code == 1
    file.write_text("version\n")
    assert (await run("trust", "policy", "import", str(file))).exit_code == 1
