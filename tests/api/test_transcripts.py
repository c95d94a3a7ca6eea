"""GET /v1/transcripts/{code}: one's own records, every version with what it is now, the bytes as received; nobody else's."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx
import pytest

from registry.core.callers import Scope
from registry.core.ids import SchoolYear
from registry.demo import transcripts
from registry.demo.city import sign_document
from registry.services import approvals
from tests.api.conftest import Registry
from tests.conftest import Urls
from tests.small_city import NOW, PRIMARY, SECONDARY, SmallCity, settle, small_city

pytestmark = pytest.mark.anyio
CITY: SmallCity = small_city()
JOSE = {"Content-Type": "application/jose+json"}


@dataclass(frozen=True)
class Callers:
    """Plain HTTP as the vendor of the primary school, as another school's vendor, as the operator, as an office."""

    mine: httpx.AsyncClient
    other: httpx.AsyncClient
    operator: httpx.AsyncClient
    office: httpx.AsyncClient


@pytest.fixture
async def callers(registry: Registry) -> AsyncIterator[Callers]:
    await settle(registry.world, CITY)
    made = []
    for name, scope, unit in (
        ("mine", Scope.SUBMIT, f"school:{PRIMARY.code}"),
        ("other", Scope.SUBMIT, f"school:{SECONDARY.code}"),
        ("operator", Scope.OPERATE, "city:79"),
        ("office", Scope.VERIFY, "city:79"),
    ):
        client = await registry.caller(name, scope, units=frozenset({unit}))
        headers = {"Authorization": f"Bearer {await client.token()}"}
        made.append(httpx.AsyncClient(base_url=registry.base_url, headers=headers, timeout=30))
    yield Callers(*made)
    for http in made:
        await http.aclose()


def version(number: int) -> tuple[dict[str, Any], bytes]:
    document = transcripts.revised(CITY.document(), number)
    return document, CITY.signed(document)


def statement(number: int) -> bytes:
    document = CITY.document()
    said = {
        "loai": "thuhoi",
        "madinhdanhhocba": document["madinhdanhhocba"],
        "phienbanthongtinhocba": str(number),
        "namhoc": document["namhoc"],
        "matruong": PRIMARY.code,
        "macaphoc": document["macaphoc"],
        "lydothuhoi": "Sai họ tên học sinh",
        "ngaythuhoi": "2026-11-20",
    }
    return CITY.signed_bytes(json.dumps(said, ensure_ascii=False).encode(), CITY.signers_of(PRIMARY)[1:])


CODE = CITY.document()["madinhdanhhocba"]


async def test_versions_tell_what_each_is_now(callers: Callers) -> None:
    for number in (1, 2, 3):
        answer = await callers.mine.post("/v1/submissions", content=version(number)[1], headers=JOSE)
        assert answer.status_code == 201, answer.text
    withdrawn = await callers.mine.post("/v1/withdrawals", content=statement(2), headers=JOSE)
    assert withdrawn.status_code == 201, withdrawn.text
    state = await callers.mine.get(withdrawn.headers["Location"])
    assert state.json()["receipt"]["version"] == 2
    for caller in (callers.mine, callers.operator):
        body = (await caller.get(f"/v1/transcripts/{CODE}/versions")).json()
        assert body["current_version"] == 3
        told = [(v["version"], v["state"], v["replaced_by"]) for v in body["versions"]]
        assert told == [
            (1, "genuine_withdrawn", 3),
            (2, "genuine_withdrawn", 3),
            (3, "genuine_current", None),
        ]
        assert body["versions"][0]["withdrawn"]["reason"] == "Sai họ tên học sinh"
    feed = (await callers.mine.get("/v1/changes")).json()["changes"]
    assert [c["kind"] for c in feed] == ["accepted", "accepted", "superseded", "accepted", "superseded", "withdrawn"]


async def test_the_bytes_come_back_as_received(callers: Callers) -> None:
    document, raw = version(1)
    await callers.mine.post("/v1/submissions", content=raw, headers=JOSE)
    answer = await callers.mine.get(f"/v1/transcripts/{CODE}/document", params={"version": 1})
    assert answer.content == raw
    assert answer.headers["Content-Type"] == "application/jose+json"
    digest = base64.b64encode(hashlib.sha256(raw).digest()).decode()
    assert answer.headers["Content-Digest"] == f"sha-256=:{digest}:"
    body = (await callers.mine.get(f"/v1/transcripts/{CODE}")).json()
    assert body["transcript"] == document


async def test_xml_tells_the_same_members(callers: Callers) -> None:
    document = CITY.document()
    raw = sign_document(document, CITY.signers_of(PRIMARY), "xml")
    answer = await callers.mine.post("/v1/submissions", content=raw, headers={"Content-Type": "application/xml"})
    assert answer.status_code == 201, answer.text
    body = (await callers.mine.get(f"/v1/transcripts/{CODE}")).json()
    assert {k: v for k, v in document.items() if body["transcript"].get(k) != v} == {}
    assert (await callers.mine.get(f"/v1/transcripts/{CODE}/document")).content == raw


async def test_unknown_and_foreign_are_one_answer(callers: Callers) -> None:
    await callers.mine.post("/v1/submissions", content=version(1)[1], headers=JOSE)
    asked = [(callers.other, CODE, {}), (callers.mine, "no-such-code", {}), (callers.mine, CODE, {"version": 7})]
    for tail in ("", "/document"):
        bodies = []
        for caller, code, parameters in asked:
            answer = await caller.get(f"/v1/transcripts/{code}{tail}", params=parameters)
            assert (answer.status_code, answer.json()["code"]) == (404, "record-unknown")
            bodies.append({k: v for k, v in answer.json().items() if k not in {"instance", "trace_id", "request_id"}})
        assert bodies[0] == bodies[1] == bodies[2]
    assert (await callers.other.get(f"/v1/transcripts/{CODE}/versions")).status_code == 404
    assert (await callers.office.get(f"/v1/transcripts/{CODE}")).status_code == 403


async def test_bytes_that_changed_in_the_database_are_shown_to_nobody(callers: Callers, database_urls: Urls) -> None:
    await callers.mine.post("/v1/submissions", content=version(1)[1], headers=JOSE)
    owner = await asyncpg.connect(database_urls.owner.replace("+asyncpg", ""))
    try:
        await owner.execute("UPDATE document SET sealed = set_byte(sealed, 60, get_byte(sealed, 60) # 1)")
    finally:
        await owner.close()
    for tail in ("", "/document"):
        answer = await callers.mine.get(f"/v1/transcripts/{CODE}{tail}")
        assert (answer.status_code, answer.json()["code"]) == (500, "service-fault")


async def test_every_view_is_written_down(callers: Callers, registry: Registry) -> None:
    await callers.mine.post("/v1/submissions", content=version(1)[1], headers=JOSE)
    for tail in ("", "/versions", "/document"):
        assert (await callers.mine.get(f"/v1/transcripts/{CODE}{tail}")).status_code == 200
    async with registry.world.db.hot() as tx:
        rows = await tx.fetch("SELECT caller_id, kind, pupil_id FROM question ORDER BY asked_at, question_id")
    assert [(row["caller_id"], row["kind"]) for row in rows] == [
        ("mine", "transcript"), ("mine", "versions"), ("mine", "original"),
    ]  # fmt: skip
    assert all(row["pupil_id"] for row in rows)


async def test_an_operator_approves_over_http(callers: Callers, registry: Registry) -> None:
    await callers.mine.post("/v1/submissions", content=version(1)[1], headers=JOSE)
    year = SchoolYear.parse(CITY.document()["namhoc"])
    assert year is not None
    await approvals.freeze(registry.world, None, year, "đã duyệt", NOW)
    held = await callers.mine.post("/v1/submissions", content=version(2)[1], headers=JOSE)
    assert held.status_code == 202
    assert [error["code"] for error in held.json()["errors"]] == ["version-approval"]
    assert (await callers.mine.get("/v1/approvals")).status_code == 403
    [change] = (await callers.operator.get("/v1/approvals")).json()["approvals"]
    assert (change["kind"], change["submitted_by"]) == ("correction", "mine")
    decided = await callers.operator.post(
        f"/v1/approvals/{change['submission_id']}", json={"decision": "approve", "reason": "đúng"}
    )
    assert decided.status_code == 200, decided.text
    assert decided.json()["outcome"] == "accepted"
    missing = await callers.operator.post(
        f"/v1/approvals/{change['submission_id']}", json={"decision": "approve", "reason": "đúng"}
    )
    assert missing.status_code == 404
