"""POST /v1/verifications over real HTTP: one shape for every answer, the refusals, and a number that goes nowhere."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from registry.core.callers import Scope
from registry.services.world import World
from tests.api.conftest import Registry, served
from tests.small_city import PRIMARY, SECONDARY, SmallCity, settle, small_city

pytestmark = pytest.mark.anyio

NUMBER = "079214000001"
WHY = {"purpose": "admission", "reference": "TS10-2026-0001"}
KEYS = ["question_id", "asked_at", "answer", "school", "school_year", "level", "grade", "transcript_code", "version",
        "current_version", "replaced_by", "withdrawn", "awaits_summer", "accepted_at", "fingerprint", "extract", "signers", "policy", "rules", "content"]  # fmt: skip


@pytest.fixture(scope="session")
def city() -> SmallCity:
    return small_city()


@dataclass(frozen=True)
class Office:
    """Plain HTTP with the token of an office that may verify."""

    http: httpx.AsyncClient

    async def ask(self, **question: Any) -> httpx.Response:
        return await self.http.post("/v1/verifications", json={**WHY, **question})


async def office_of(registry: Registry, caller_id: str, unit: str) -> dict[str, str]:
    client = await registry.caller(caller_id, Scope.VERIFY, units=frozenset({unit}))
    return {"Authorization": f"Bearer {await client.token()}"}


@pytest.fixture
async def office(registry: Registry, city: SmallCity) -> AsyncIterator[Office]:
    await settle(registry.world, city)
    await registry.caller("vendor", Scope.SUBMIT, units=frozenset({f"school:{PRIMARY.code}"}))
    headers = await office_of(registry, "office", "city:79")
    async with httpx.AsyncClient(base_url=registry.base_url, headers=headers, timeout=30) as http:
        yield Office(http)


@dataclass(frozen=True)
class Sent:
    """A document that was submitted."""

    document: dict[str, Any]
    raw: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.raw).hexdigest()


async def submit(registry: Registry, city: SmallCity, *, seed: int = 1, status: int = 201, **change: Any) -> Sent:
    """Submit as a vendor of the primary school; `change` goes into the document."""
    vendor = registry.client("vendor")
    document = city.document(seed=seed) | change
    raw = city.signed(document)
    answer = await vendor.submit(raw)
    assert answer.status == status, answer.body
    return Sent(document, raw)


async def questions(world: World) -> int:
    async with world.db.hot_transaction() as tx:
        return int(await tx.fetchval("SELECT count(*) FROM question"))


async def test_every_answer_has_one_shape(registry: Registry, office: Office, city: SmallCity) -> None:
    first = await submit(registry, city)
    second = await submit(registry, city, phienbanthongtinhocba="2", lydophienban="2", seed=1)
    held = await submit(registry, city, seed=2, status=202, sodinhdanh="")
    refused = await submit(registry, city, seed=3, status=422, la="x")
    code, number = first.document["madinhdanhhocba"], first.document["sodinhdanh"]
    table: list[tuple[dict[str, Any], str]] = [
        ({"transcript_code": code}, "genuine_current"),
        ({"transcript_code": code, "version": 1}, "genuine_superseded"),
        ({"transcript_code": code, "sha256": None}, "genuine_current"),
        ({"sha256": second.sha256}, "genuine_current"),
        ({"sha256": first.sha256.upper()}, "genuine_superseded"),
        ({"personal_number": number, "school_year": PRIMARY.school_year}, "genuine_current"),
        ({"personal_number": number, "school_year": PRIMARY.school_year, "level": "primary"}, "genuine_current"),
        ({"sha256": held.sha256}, "held"),
        ({"transcript_code": held.document["madinhdanhhocba"]}, "held"),
        ({"sha256": refused.sha256}, "not_known"),
        ({"transcript_code": code, "version": 3}, "not_known"),
        ({"personal_number": number, "school_year": "2019-2020"}, "not_known"),
        ({"personal_number": NUMBER, "school_year": "2023-2024"}, "not_known"),
    ]
    for question, expected in table:
        answer = await office.ask(**question)
        body = answer.json()
        assert (answer.status_code, body["answer"]) == (200, expected), question
        assert answer.headers["cache-control"] == "no-store"
        assert list(body) == KEYS
        empty = [name for name in KEYS[3:] if body[name] is None]
        told = {
            "genuine_current": ["replaced_by", "withdrawn", "extract", "content"],
            "genuine_superseded": ["withdrawn", "extract", "content"],
        }
        assert empty == told.get(expected, KEYS[3:])
        assert number not in answer.text
    assert await questions(registry.world) == len(table)


async def test_what_a_genuine_record_says(registry: Registry, office: Office, city: SmallCity) -> None:
    sent = await submit(registry, city)
    body = (await office.ask(sha256=sent.sha256)).json()
    units = [{"code": "city:79", "name": "Thành phố"}]
    assert body["school"] == {"code": PRIMARY.code, "name": PRIMARY.name, "units": units}
    assert (body["school_year"], body["level"], body["grade"]) == (PRIMARY.school_year, "primary", PRIMARY.grade)
    assert (body["version"], body["current_version"], body["fingerprint"]) == (1, 1, sent.sha256)
    assert [signer["role"] for signer in body["signers"]] == ["teacher", "principal", "seal"]
    signed_with = [
        hashlib.sha256(each.certificate.public_bytes(Encoding.DER)).hexdigest() for each in city.signers_of(PRIMARY)
    ]
    assert [signer["certificate"] for signer in body["signers"]] == signed_with
    for moment in (body["asked_at"], body["accepted_at"], *(signer["signed_at"] for signer in body["signers"])):
        assert datetime.fromisoformat(moment).tzinfo is not None
    for secret in ("hovaten", "sodinhdanh", "mahocsinh"):
        assert sent.document[secret] not in json.dumps(body, ensure_ascii=False)


async def test_a_foreign_record_is_an_unknown_one(registry: Registry, office: Office, city: SmallCity) -> None:
    sent = await submit(registry, city)
    held = await submit(registry, city, seed=2, status=202, sodinhdanh="")
    office.http.headers.update(await office_of(registry, "abroad", f"school:{SECONDARY.code}"))
    number = {"personal_number": sent.document["sodinhdanh"], "school_year": PRIMARY.school_year}
    lengths = set()
    for question in ({"sha256": sent.sha256}, {"transcript_code": sent.document["madinhdanhhocba"]}, number,
                     {"sha256": held.sha256}, {"sha256": "0" * 64}, {"transcript_code": "x"},
                     {"personal_number": NUMBER, "school_year": "2023-2024"}):  # fmt: skip
        answer = await office.ask(**question)
        body = answer.json()
        assert (answer.status_code, body["answer"]) == (200, "not_known"), question
        assert {body[name] for name in KEYS[3:]} == {None}
        lengths.add(len(answer.content))
    assert len(lengths) == 1


CODE = {"transcript_code": "code-1"}
BY_NUMBER = {"personal_number": NUMBER, "school_year": "2023-2024"}
Change = dict[str, Any]


@pytest.mark.parametrize(
    ("question", "code", "pointers"),
    [
        ({}, "verification-question", ["/body"]),
        (CODE | {"sha256": "0" * 64}, "verification-question", ["/body"]),
        (CODE | BY_NUMBER, "verification-question", ["/body"]),
        ({"sha256": "0" * 64, "version": 1}, "verification-question", ["/body/version"]),
        (CODE | {"school_year": "2023-2024"}, "verification-question", ["/body/school_year"]),
        (CODE | {"level": "primary"}, "verification-question", ["/body/level"]),
        ({"personal_number": NUMBER}, "verification-question", ["/body/school_year"]),
        ({"version": 1}, "verification-question", ["/body", "/body/version"]),
        ({"transcript_code": "x" * 37}, "request-parameter", ["/body/transcript_code"]),
        ({"transcript_code": "a b"}, "request-parameter", ["/body/transcript_code"]),
        ({"transcript_code": 5}, "request-parameter", ["/body/transcript_code"]),
        (CODE | {"version": 0}, "request-parameter", ["/body/version"]),
        (CODE | {"version": "1"}, "request-parameter", ["/body/version"]),
        (CODE | {"version": 1.0}, "request-parameter", ["/body/version"]),
        (CODE | {"version": True}, "request-parameter", ["/body/version"]),
        (CODE | {"version": 10**9}, "request-parameter", ["/body/version"]),
        ({"sha256": "0" * 63}, "request-parameter", ["/body/sha256"]),
        ({"sha256": "g" * 64}, "request-parameter", ["/body/sha256"]),
        (BY_NUMBER | {"personal_number": NUMBER[:11]}, "request-parameter", ["/body/personal_number"]),
        (BY_NUMBER | {"personal_number": NUMBER + "\n"}, "request-parameter", ["/body/personal_number"]),
        (BY_NUMBER | {"personal_number": int("3" + NUMBER)}, "request-parameter", ["/body/personal_number"]),
        (BY_NUMBER | {"personal_number": [NUMBER]}, "request-parameter", ["/body/personal_number"]),
        (BY_NUMBER | {"personal_number": "٠٧٩٢١٤٠٠٠٠٠١"}, "request-parameter", ["/body/personal_number"]),
        (BY_NUMBER | {"school_year": "2023-2025"}, "request-parameter", ["/body/school_year"]),
        (BY_NUMBER | {"school_year": 2023}, "request-parameter", ["/body/school_year"]),
        (BY_NUMBER | {"level": "university"}, "request-parameter", ["/body/level"]),
        (BY_NUMBER | {"reference": f"HS {NUMBER}"}, "request-parameter", ["/body/reference"]),
        (CODE | {"reference": ""}, "request-parameter", ["/body/reference"]),
        (CODE | {"reference": "x" * 101}, "request-parameter", ["/body/reference"]),
        (CODE | {"reference": "a\nb"}, "request-parameter", ["/body/reference"]),
        (CODE | {"reference": "a\u202eb"}, "request-parameter", ["/body/reference"]),
        (CODE | {"reference": None}, "request-parameter", ["/body/reference"]),
        (CODE | {"purpose": 1, "reference": 1}, "request-parameter", ["/body/purpose", "/body/reference"]),
        (CODE | {"Personal_Number": NUMBER}, "request-parameter", ["/body"]),
        (CODE | {NUMBER: NUMBER}, "request-parameter", ["/body"]),
        (CODE | {"purpose": "curiosity"}, "access-purpose", ["/body/purpose"]),
        (CODE | {"purpose": NUMBER}, "access-purpose", ["/body/purpose"]),
    ],
)  # fmt: skip
async def test_questions_that_are_not_answered(
    office: Office, question: Change, code: str, pointers: list[str]
) -> None:
    answer = await office.http.post("/v1/verifications", json=WHY | question)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (403 if code == "access-purpose" else 400, code)
    assert [error["pointer"] for error in problem["errors"]] == pointers
    assert all(error["detail"] for error in problem["errors"])
    assert NUMBER not in answer.text + str(answer.headers)


@pytest.mark.parametrize("missing", ["purpose", "reference"])
async def test_purpose_and_reference_are_required(registry: Registry, office: Office, missing: str) -> None:
    question = {name: value for name, value in (WHY | CODE).items() if name != missing}
    answer = await office.http.post("/v1/verifications", json=question)
    assert [(e["code"], e["pointer"]) for e in answer.json()["errors"]] == [("request-parameter", f"/body/{missing}")]
    assert await questions(registry.world) == 0


BODIES: list[tuple[bytes, str, int, str, str]] = [
    (b"", "application/json", 400, "json-syntax", "/body"),
    (b"{", "application/json", 400, "json-syntax", "/body"),
    (b"[]", "application/json", 400, "request-parameter", "/body"),
    (b"null", "application/json", 400, "request-parameter", "/body"),
    (b"\xff\xfe", "application/json", 400, "json-encoding", "/body"),
    (b'{"purpose":"a","purpose":"b"}', "application/json", 400, "json-duplicate", "/body/purpose"),
    (
        b'{"' + NUMBER.encode() + b'":1,"' + NUMBER.encode() + b'":2}',
        "application/json",
        400,
        "json-duplicate",
        "/body",
    ),
    (b'{"version":NaN}', "application/json", 400, "json-number", "/body/version"),
    (b'{"reference":"\\ud800"}', "application/json", 400, "json-character", "/body/reference"),
    (b'{"reference":"\\u0000"}', "application/json", 400, "json-character", "/body/reference"),
    (b'{"reference":[[[]]]}', "application/json", 400, "json-depth", "/body/reference/0"),
    (b"[" * 4000, "application/json", 400, "json-", "/body"),
    (b" " * 353_640, "application/json", 413, "request-too-large", ""),
    (json.dumps(WHY | CODE).encode(), "text/plain", 415, "request-media-type", ""),
    (json.dumps(WHY | CODE).encode(), "", 415, "request-media-type", ""),
]


async def test_bodies_that_are_no_question(registry: Registry, office: Office) -> None:
    for raw, media_type, status, code, pointer in BODIES:
        headers = {"Content-Type": media_type} if media_type else {}
        answer = await office.http.post("/v1/verifications", content=raw, headers=headers)
        found = answer.json()["errors"][0]
        assert (answer.status_code, found["pointer"]) == (status, pointer), raw[:40]
        assert found["code"].startswith(code), raw[:40]
        assert NUMBER not in answer.text
    assert await questions(registry.world) == 0


async def test_only_the_scope_opens_it(registry: Registry, office: Office) -> None:
    for scope in Scope:
        client = await registry.caller(f"c-{scope}", scope, units=frozenset({"city:79"}))
        answer = await client.verify({**WHY, **CODE})
        if scope is Scope.VERIFY:
            assert (answer.status, answer.body["answer"]) == (200, "not_known")
        else:
            assert (answer.status, answer.codes, list(answer.body).count("answer")) == (403, ["access-scope"], 0)
    nobody = await office.http.post("/v1/verifications", json=WHY | BY_NUMBER, headers={"Authorization": ""})
    assert nobody.status_code == 401
    in_address = await office.http.get("/v1/verifications", params=BY_NUMBER)
    assert in_address.status_code == 405
    assert NUMBER not in in_address.text
    assert await questions(registry.world) == 1


async def test_the_number_is_in_no_log_line_and_no_metric(
    log_text: io.StringIO, registry: Registry, office: Office, city: SmallCity
) -> None:
    sent = await submit(registry, city)
    number = sent.document["sodinhdanh"]
    for question in (
        {"personal_number": number, "school_year": PRIMARY.school_year},
        {"personal_number": number, "school_year": "x"},
        {"personal_number": number + "0", "school_year": PRIMARY.school_year},
        {number: number},
    ):
        answer = await office.ask(**question)
        assert number not in answer.text
    metrics = (await office.http.get("/metrics")).text
    lines = [json.loads(line) for line in log_text.getvalue().splitlines() if '"/v1/verifications"' in line]
    assert [line.get("answer") for line in lines] == ["genuine_current", None, None, None]
    assert 'registry_questions_total{answer="genuine_current"}' in metrics
    for text in (log_text.getvalue(), metrics):
        assert number not in text
        assert sent.sha256 not in text


async def test_too_many_are_told_when_to_come_back(registry: Registry, office: Office) -> None:
    strict = registry.settings.model_copy(update={"questions_per_minute": 2})
    with served(strict) as base_url:
        async with httpx.AsyncClient(base_url=base_url, headers=dict(office.http.headers)) as http:
            answers = [await http.post("/v1/verifications", json=WHY | CODE) for _ in range(5)]
    assert [answer.status_code for answer in answers[:2]] == [200, 200]
    turned_away = [answer for answer in answers if answer.status_code == 429]
    assert turned_away, "five do not fit into two minutes, even if one ends in between"
    assert all(1 <= int(answer.headers["retry-after"]) <= 60 for answer in turned_away)


async def test_the_contract_names_every_answer(office: Office) -> None:
    document = (await office.http.get("/openapi.json")).json()
    assert document["components"]["schemas"]["Answer"]["enum"] == [
        "genuine_current", "genuine_superseded", "genuine_withdrawn", "held", "not_known",
    ]  # fmt: skip
    operation = document["paths"]["/v1/verifications"]["post"]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    assert schema["additionalProperties"] is False
    assert sorted(schema["required"]) == ["purpose", "reference"]
    assert [way["required"] for way in schema["oneOf"]] == [
        ["transcript_code"], ["sha256"], ["personal_number"], ["pupil_code"], ["document"],
    ]  # fmt: skip
