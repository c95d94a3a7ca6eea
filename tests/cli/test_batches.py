"""registry batch as an office calls it, against a registry over HTTP; then registry verify on what came back."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from typer.testing import CliRunner, Result

from registry.cli.main import app
from tests.api.conftest import key_of
from tests.api.conftest import registry as registry
from tests.api.test_batches import Place, lines
from tests.api.test_batches import city as city
from tests.api.test_batches import place as place

pytestmark = pytest.mark.anyio


async def run(place: Place, folder: Path, *arguments: str) -> Result:
    key = folder / "office.pem"
    key.write_bytes(key_of("office").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    connection = ["--url", place.registry.base_url, "--caller", "office", "--key", str(key), "--key-id", "k1",
                  "--issuer", place.registry.settings.issuer]  # fmt: skip
    return await asyncio.to_thread(CliRunner().invoke, app, ["batch", *arguments, *connection])


async def test_from_the_file_to_the_result_that_is_checked_offline(place: Place, tmp_path: Path) -> None:
    questions = tmp_path / "questions.ndjson"
    questions.write_bytes(lines({"transcript_code": place.primary["madinhdanhhocba"]}))
    sent = await run(place, tmp_path, "submit", str(questions))
    assert sent.exit_code == 0, sent.output
    batch = json.loads(sent.stdout)
    again = json.loads((await run(place, tmp_path, "submit", str(questions))).stdout)
    assert (again["batch_id"], again["status"]) == (batch["batch_id"], 200)
    assert (await run(place, tmp_path, "status", batch["batch_id"])).exit_code == 3
    result, signature, keys = tmp_path / "result.ndjson", tmp_path / "result.jwt", tmp_path / "jwks.json"
    early = await run(place, tmp_path, "result", batch["batch_id"], "--out", str(result))
    assert (early.exit_code, json.loads(early.stdout)["code"], result.exists()) == (1, "batch-unfinished", False)
    async with place.working():
        assert (await run(place, tmp_path, "status", batch["batch_id"], "--wait")).exit_code == 0
    fetched = await run(
        place, tmp_path, "result", batch["batch_id"], "--out", str(result), "--signature", str(signature)
    )
    assert fetched.exit_code == 0, fetched.output
    assert json.loads(result.read_bytes())["answer"]["answer"] == "genuine_current"
    assert result.stat().st_mode & 0o077 == 0
    async with httpx.AsyncClient(base_url=place.registry.base_url) as http:
        keys.write_bytes((await http.get("/.well-known/jwks.json")).content)
    check = ["verify", str(signature), "--jwks", str(keys), "--audience", "office", "--file", str(result)]
    assert CliRunner().invoke(app, check).exit_code == 0
    result.write_bytes(result.read_bytes().replace(b"genuine_current", b"genuine_curren7"))
    assert CliRunner().invoke(app, check).exit_code == 1
    assert (await run(place, tmp_path, "delete", batch["batch_id"])).exit_code == 0
    assert (await run(place, tmp_path, "delete", batch["batch_id"])).exit_code == 1
    assert (await run(place, tmp_path, "status", batch["batch_id"])).exit_code == 1


async def test_a_file_that_is_turned_away(place: Place, tmp_path: Path) -> None:
    bad = tmp_path / "bad.ndjson"
    bad.write_bytes(b"{}")
    refused = await run(place, tmp_path, "submit", str(bad))
    assert (refused.exit_code, json.loads(refused.stdout)["code"]) == (1, "batch-row")
    text = tmp_path / "questions.txt"
    text.write_bytes(b"{}")
    assert (await run(place, tmp_path, "submit", str(text))).exit_code == 2
