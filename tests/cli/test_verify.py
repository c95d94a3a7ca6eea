"""registry verify, keys, purpose and audit as a person calls them: exit codes, and a program's JSON."""

from __future__ import annotations

import asyncio
import hashlib
import json
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from typer.testing import CliRunner, Result

from registry.cli import main
from registry.core.answer_keys import AnswerKey
from registry.formats import answers, jwks
from registry.storage import embedded, key_files
from registry.storage.database import SERVICE_ROLE
from tests.conftest import TEMPLATE

NOW = datetime.now(UTC).replace(microsecond=0)
KEY, FOREIGN = (answers.PrivateKey.from_pem(key_files.new_p256()) for _ in range(2))
NONCE = "n" * 22


def made(key: answers.PrivateKey = KEY, **change: Any) -> str:
    claims = {"iss": "https://registry.test", "aud": "office", "jti": "q-1", "nonce": NONCE, "answer": {"answer": "held"},
              "iat": int(NOW.timestamp()), "exp": int((NOW + timedelta(hours=1)).timestamp())}  # fmt: skip
    return answers.sign(key, {**claims, **change})


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps(jwks.key_set([AnswerKey(KEY.key_id, KEY.public_key, NOW - timedelta(days=1))])))
    return path


def run(*arguments: str, **more: Any) -> Result:
    return CliRunner().invoke(main.app, ["verify", *arguments], **more)


WRONG: dict[str, tuple[Callable[[], str], list[str], int, str]] = {
    "altered": (lambda: made()[:-4] + "AAAA", [], 1, "answer-signature"),
    "a foreign key": (lambda: made(FOREIGN), [], 1, "answer-key-unknown"),
    "expired": (lambda: made(exp=int(NOW.timestamp()) - 1), [], 3, "answer-expired"),
    "another nonce": (lambda: made(), ["--nonce", "m" * 22], 1, "answer-nonce"),
    "another office": (lambda: made(), ["--audience", "x"], 1, "answer-audience"),
    "another registry": (lambda: made(), ["--issuer", "https://x"], 1, "answer-issuer"),
    "no answer": (lambda: "word", [], 1, "answer-malformed"),
    "later": (lambda: made(), ["--at", (NOW + timedelta(hours=2)).isoformat()], 3, "answer-expired"),
}


def test_a_good_answer_from_a_file_from_standard_input_and_as_it_is(keys: Path, tmp_path: Path) -> None:
    file = tmp_path / "answer.jwt"
    file.write_text(made() + "\n")
    bound = ["--nonce", NONCE, "--audience", "office", "--issuer", "https://registry.test"]
    for answer, more in ((str(file), {}), ("-", {"input": made()}), (made(), {})):
        done = run(answer, "--jwks", str(keys), "--json", *bound, **more)
        assert done.exit_code == 0, done.output
        shown = json.loads(done.output)
        assert (shown["good"], shown["codes"], shown["kid"]) == (True, [], KEY.key_id)
        assert shown["answer"]["answer"] == {"answer": "held"}
    assert "Trả lời là thật" in run(str(file), "--jwks", str(keys)).output


@pytest.mark.parametrize("name", WRONG)
def test_each_defect_has_its_code(keys: Path, name: str) -> None:
    make, more, exit_code, slug = WRONG[name]
    done = run(make(), "--jwks", str(keys), "--json", *more)
    assert done.exit_code == exit_code
    assert json.loads(done.output)["codes"] == [slug]
    plain = run(make(), "--jwks", str(keys), *more)
    assert (plain.exit_code, slug in plain.output) == (exit_code, True)


def test_whether_it_is_about_a_number(keys: Path) -> None:
    blind, number = "b" * 22, "079217000009"
    about = {"personal_number": None, "personal_number_hmac": answers.about_number(blind, number)}
    for of, typed, sent, codes in (
        (about, number, blind, []), (about, "079217000010", blind, ["answer-about"]), (about, number, "c" * 22, ["answer-about"]),
        ({"personal_number": None}, number, blind, ["answer-about"]), (None, number, blind, ["answer-about"]),
    ):  # fmt: skip
        token = made(question={"about": of})
        done = run(token, "--jwks", str(keys), "--json", "--blind", sent, input=f"{typed}\n")
        assert json.loads(done.stdout)["codes"] == codes
        assert done.exit_code == bool(codes)
        assert typed not in done.output


def test_without_a_key_set_nothing_is_said(keys: Path, tmp_path: Path) -> None:
    keys.write_text("no keys")
    for source in (keys, tmp_path / "nowhere", "http://registry.test/jwks.json", "ftp://registry.test/x"):
        done = run(made(), "--jwks", str(source))
        assert done.exit_code == 4


@pytest.fixture
def environment(postgres: embedded.Embedded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Commands work on a database of their own and a state directory of their own."""
    name = f"t_{secrets.token_hex(6)}"

    async def make() -> None:
        admin = await asyncpg.connect(dsn=postgres.url("postgres").replace("+asyncpg", ""))
        await admin.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY FILE_COPY")
        await admin.close()

    asyncio.run(make())
    monkeypatch.setenv("DATABASE_URL", postgres.url(name, SERVICE_ROLE))
    monkeypatch.setenv("DATABASE_OWNER_URL", postgres.url(name))
    monkeypatch.setenv("REGISTRY_STATE_DIR", str(tmp_path / "state"))
    return tmp_path


def command(*arguments: str) -> Result:
    return CliRunner().invoke(main.app, list(arguments))


def test_keys_are_listed_and_rotated(environment: Path) -> None:
    assert json.loads(command("keys", "list", "--json").output) == {"keys": []}
    assert command("keys", "rotate").exit_code == 0
    assert command("keys", "rotate", "--from", (NOW + timedelta(days=1)).isoformat()).exit_code == 0
    rows = json.loads(command("keys", "list", "--json").output)["keys"]
    assert [row["held_here"] for row in rows] == [True, True]
    assert [row["signs_now"] for row in rows] == [True, False]
    assert rows[0]["signs_to"] == rows[1]["signs_from"]
    assert command("keys", "rotate", "--from", "2020-01-01T00:00:00+0000").exit_code == 1
    for file in (environment / "state" / "keys").glob("answers-1.pem"):
        file.unlink()
    assert command("keys", "list").exit_code == 1, "this machine can't sign now"


def test_purposes_and_the_chain(environment: Path) -> None:
    file = environment / "purposes.toml"
    file.write_text('[[purpose]]\ncode = "x"\nvalid_from = 2026-01-01\ntitle_vi = "X"\ntitle_en = "X"\n')
    assert "1 new" in command("purpose", "import", str(file)).output
    rows = json.loads(command("purpose", "list", "--json").output)["purposes"]
    assert [row["code"] for row in rows if row["counts_now"]] == [
        "admission",
        "admission-by-record",
        "transfer",
        "scholarship",
        "authenticity",
        "x",
    ]
    file.write_text("[[purpose]]\n")
    wrong = command("purpose", "import", str(file))
    assert wrong.exit_code == 1
    assert "/purpose/0/code" in wrong.output
    done = command("audit", "check", "--json")
    assert (done.exit_code, json.loads(done.output)) == (0, {"places": 0, "head": None, "breaks": []})
    assert command("audit", "check", "--noted", "1:zz").exit_code == 2
    cut = command("audit", "check", "--json", "--noted", f"1:{'0' * 64}")
    assert (cut.exit_code, json.loads(cut.output)["breaks"][0]["code"]) == (1, "audit-cut")
    assert command("audit", "head").exit_code == 0


def test_the_result_of_a_batch_is_the_one_that_was_signed(keys: Path, tmp_path: Path) -> None:
    result = tmp_path / "result.ndjson"
    result.write_bytes(b'{"row":1}\n')
    signed = made(batch={"result_sha256": hashlib.sha256(result.read_bytes()).hexdigest()})
    good = run(signed, "--jwks", str(keys), "--file", str(result), "--json")
    assert (good.exit_code, json.loads(good.stdout)["codes"]) == (0, [])
    for other in (
        made(),
        made(batch="x"),
        made(batch={"result_sha256": "0" * 64}),
        made(batch={"questions_sha256": "0"}),
    ):
        wrong = run(other, "--jwks", str(keys), "--file", str(result), "--json")
        assert (wrong.exit_code, json.loads(wrong.stdout)["codes"]) == (1, ["answer-file"])
    result.write_bytes(b'{"row":2}\n')
    assert run(signed, "--jwks", str(keys), "--file", str(result)).exit_code == 1
    assert run("--file", str(result)).exit_code == 2
