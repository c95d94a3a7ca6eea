"""The demo's batch: a small file of questions, its result checked against the signature over it, and a file that is turned away."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from registry.cli.demo_answers import Shown
from registry.client import api
from registry.services import answer_keys

WHY = {"purpose": "admission", "reference": "TS10-2026-0003"}
_OFFICE = "office-tuyen-sinh"
_NDJSON = "application/x-ndjson"
#: Half a minute in all.
_MOST_LOOKS, _LOOK_SECONDS = 150, 0.2


async def play(clients: Mapping[str, api.RegistryClient], codes: Sequence[str], output: Path) -> list[Shown]:
    """Ask about these records and one that nobody knows, in lines and as a sheet; both results go to `output`."""
    office = clients[_OFFICE]
    questions = [{**WHY, "transcript_code": code, "fields": ["promoted"]} for code in (*codes, "0" * 36)]
    raw = "\n".join(map(json.dumps, questions)).encode()
    bad = raw + b'\n{"transcript_code": "x"}'
    turned = await office.submit_batch(bad, _NDJSON, secrets.token_urlsafe(16))
    lines, sheet = [await office.submit_batch(raw, _NDJSON, secrets.token_urlsafe(16), form) for form in (None, "xlsx")]
    done = await _finished(office, lines.body["batch_id"])
    _, body = await office.batch_result(lines.body["batch_id"])
    answers = [json.loads(line)["answer"]["answer"] for line in body.splitlines()]
    _, in_sheet = await office.batch_result((await _finished(office, sheet.body["batch_id"]))["batch_id"])
    _write(output, {"batch-result.ndjson": body, "batch-result.xlsx": in_sheet})
    expected = ["genuine_current"] * len(codes) + ["not_known"]
    said = f"{done.get('state')}: {answers.count('genuine_current')} genuine_current, {answers.count('not_known')} not_known"
    where = " ".join(error["pointer"] for error in turned.body.get("errors", [])[:1])
    return [
        Shown(f"{len(questions)} câu hỏi trong một tệp / questions in one file", said, answers == expected),
        await _signed(office, lines.body["batch_id"], raw, body),
        Shown("kết quả dạng XLSX / the result as XLSX", f"batch-result.xlsx, {len(in_sheet)} bytes", in_sheet[:2] == b"PK"),
        Shown("tệp có dòng sai / a file with a bad row", f"{turned.status} {turned.body.get('code')} {where}",
              turned.body.get("code") == "batch-row" and where == f"/rows/{len(questions) + 1}/purpose"),
    ]  # fmt: skip


async def _finished(office: api.RegistryClient, batch_id: str) -> dict[str, Any]:
    """The batch when it has ended, or as it stands after half a minute."""
    found = await office.batch(batch_id)
    for _ in range(_MOST_LOOKS):
        if found.body["state"] not in ("queued", "running"):
            break
        await asyncio.sleep(_LOOK_SECONDS)
        found = await office.batch(batch_id)
    return found.body


def _write(output: Path, files: Mapping[str, bytes]) -> None:
    output.mkdir(parents=True, exist_ok=True)
    for name, raw in files.items():
        (output / name).write_bytes(raw)


async def _signed(office: api.RegistryClient, batch_id: str, raw: bytes, body: bytes) -> Shown:
    """The signed answer over both files, checked as a receiver checks it."""
    token = (await office.batch_signature(batch_id)).signed
    keys = answer_keys.read_key_set(json.dumps((await office.key_set()).body).encode())
    receiver = answer_keys.Receiver(audience=_OFFICE, file_sha256=sha256(body).digest())
    checked = answer_keys.check(token, keys, receiver, datetime.now(UTC))
    said = dict(checked.claims or {}).get("batch", {})
    good = checked.good and said["questions_sha256"] == sha256(raw).hexdigest()
    return Shown(
        "chữ ký trên cả kết quả / the signature over the result",
        f"SHA-256 {said.get('result_sha256', '')[:16]}...",
        good,
    )
