"""Signed answers, claims, content and who looked, over real HTTP; signatures are checked by joserfc with nothing but the key set."""

from __future__ import annotations

import asyncio
import base64
import csv
import hashlib
import hmac
import io
import json
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from registry.core.callers import Scope
from registry.core.claims import ClaimKind
from registry.services import answer_keys
from tests.api.conftest import Registry, served
from tests.small_city import PRIMARY, SECONDARY, SmallCity, settle, small_city

pytestmark = pytest.mark.anyio

WHY = {"purpose": "admission", "reference": "TS10-2026-0001"}
JWT = {"Accept": "application/jwt"}
NUMBER = "079214000001"


@pytest.fixture(scope="session")
def city() -> SmallCity:
    return small_city()


def nonce() -> str:
    return secrets.token_urlsafe(16)


@dataclass(frozen=True)
class Place:
    """A registry with one vendor and one office, and one record of each level."""

    registry: Registry
    office: httpx.AsyncClient
    vendor: httpx.AsyncClient
    primary: dict[str, Any]
    raw: bytes
    secondary: dict[str, Any]

    async def ask(self, **question: Any) -> httpx.Response:
        return await self.office.post("/v1/verifications", json={**WHY, **question}, headers=JWT)

    async def claim(self, **claim: Any) -> httpx.Response:
        return await self.office.post("/v1/claims", json={**WHY, "nonce": nonce(), **claim})

    async def opened(self, token: str) -> dict[str, Any]:
        """What an independent library reads, given the published keys."""
        published = (await self.office.get("/.well-known/jwks.json")).json()
        found = jwt.decode(token, KeySet.import_key_set(published), algorithms=["ES256"])
        assert found.header["typ"] == "hocbaso-answer+jwt"
        assert found.header.keys() == {"alg", "kid", "typ"}
        return dict(found.claims)


async def http_of(registry: Registry, caller_id: str, scope: Scope, unit: str) -> httpx.AsyncClient:
    client = await registry.caller(caller_id, scope, units=frozenset({unit}))
    headers = {"Authorization": f"Bearer {await client.token()}"}
    return httpx.AsyncClient(base_url=registry.base_url, headers=headers, timeout=30)


@pytest.fixture
async def place(registry: Registry, city: SmallCity) -> AsyncIterator[Place]:
    await settle(registry.world, city)
    office = await http_of(registry, "office", Scope.VERIFY, "city:79")
    vendor = await http_of(registry, "vendor", Scope.SUBMIT, "city:79")
    primary, secondary = city.document(), city.document(SECONDARY, result="K")
    raws = [city.signed(primary), city.signed(secondary, SECONDARY)]
    for raw in raws:
        assert (await registry.client("vendor").submit(raw)).status == 201
    async with office, vendor:
        yield Place(registry, office, vendor, primary, raws[0], secondary)


# --- signed answers ------------------------------------------------------------------------------------------------------


async def test_a_signed_answer_says_what_the_plain_one_says(place: Place) -> None:
    code, sent = place.primary["madinhdanhhocba"], nonce()
    signed = await place.ask(transcript_code=code, nonce=sent)
    assert signed.headers["content-type"].startswith("application/jwt")
    assert (signed.headers["cache-control"], signed.headers["vary"]) == ("no-store", "Accept")
    claims = await place.opened(signed.text)
    plain = (await place.office.post("/v1/verifications", json={**WHY, "transcript_code": code})).json()
    said = claims["answer"]
    for name in ("question_id", "asked_at"):
        plain.pop(name)
    question_id = said.pop("question_id")
    said.pop("asked_at")
    assert said == plain
    assert (claims["iss"], claims["aud"], claims["nonce"]) == ("http://registry.test", "office", sent)
    assert claims["jti"] == question_id
    assert claims["exp"] - claims["iat"] == 168 * 3600
    assert claims["question"] == {**WHY, "about": {"transcript_code": code}}


async def test_every_answer_can_be_signed(place: Place) -> None:
    for question, answer in (
        ({"sha256": "0" * 64}, "not_known"),
        ({"pupil_code": place.primary["mahocsinh"]}, "genuine_current"),
        ({"document": base64.b64encode(place.raw).decode()}, "genuine_current"),
    ):
        claims = await place.opened((await place.ask(**question, nonce=nonce())).text)
        assert claims["answer"]["answer"] == answer


async def test_a_signed_answer_needs_a_new_nonce(place: Place) -> None:
    code, sent = place.primary["madinhdanhhocba"], nonce()
    assert (await place.ask(transcript_code=code, nonce=sent)).status_code == 200
    again = await place.ask(transcript_code=code, nonce=sent)
    assert (again.status_code, again.json()["code"]) == (409, "verification-nonce")
    assert (await place.claim(pupil_code=place.primary["mahocsinh"], claim="promoted", school_year="2023-2024",
                              nonce=sent)).json()["code"] == "verification-nonce"  # fmt: skip
    for wrong in (None, "short", "n" * 129, "a b" * 8):
        answer = await place.ask(transcript_code=code, nonce=wrong)
        problem = answer.json()
        assert (answer.status_code, problem["errors"][0]["pointer"]) == (400, "/body/nonce")
    plain = await place.office.post("/v1/verifications", json={**WHY, "transcript_code": code, "nonce": nonce()})
    assert plain.json()["errors"][0]["pointer"] == "/body/nonce"


@pytest.mark.parametrize(
    ("accept", "signed"),
    [
        ("application/jwt", True),
        ("Application/JWT", True),
        ("application/json, application/jwt", True),
        ("application/json;q=0.5,application/jwt;q=0.9", True),
        ("application/json, application/jwt;q=0.5", False),
        ("application/jwt;q=0", False),
        ("application/jwt;q=2", False),
        ("application/jwt+x", False),
        ("text/plain; a=application/jwt", False),
        ("*/*", False),
        ("", False),
    ],
)
async def test_signed_is_what_names_it_as_acceptable(place: Place, accept: str, signed: bool) -> None:
    question = {**WHY, "transcript_code": place.primary["madinhdanhhocba"]}
    body = {**question, "nonce": nonce()} if signed else question
    answer = await place.office.post("/v1/verifications", json=body, headers={"Accept": accept})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("application/jwt") is signed


async def test_not_known_has_one_length_signed_too(place: Place) -> None:
    await http_of(place.registry, "abroad", Scope.VERIFY, f"school:{SECONDARY.code}")
    token = await place.registry.client("abroad").token()
    lengths, bodies = set(), []
    for code in (place.primary["madinhdanhhocba"], "00000000-0000-4000-8000-000000000000"):
        headers = {**JWT, "Authorization": f"Bearer {token}"}
        answer = await place.office.post(
            "/v1/verifications", json={**WHY, "transcript_code": code, "nonce": nonce()}, headers=headers
        )
        lengths.add(len(answer.content))
        body = (await place.opened(answer.text))["answer"]
        bodies.append({name: value for name, value in body.items() if name not in {"question_id", "asked_at"}})
    assert len(lengths) == 1
    assert bodies[0] == bodies[1]


async def test_rotation_keeps_old_answers_good(place: Place) -> None:
    before = await place.ask(sha256="0" * 64, nonce=nonce())
    old = (await place.office.get("/.well-known/jwks.json")).json()["keys"]
    now, settings = datetime.now(UTC), place.registry.settings
    files = answer_keys.Files(settings.answer_keys_path, settings.paper_key_path)
    made = await answer_keys.rotate(place.registry.world, files, now + timedelta(seconds=1), now)
    await asyncio.sleep(2.1)  # the register is at most a second behind
    after = await place.ask(sha256="0" * 64, nonce=nonce())
    every = (await place.office.get("/.well-known/jwks.json")).json()["keys"]
    published = [key for key in every if key["purpose"] == "answer"]
    assert [key["kid"] for key in published] == [old[0]["kid"], made.key_id]
    assert published[0]["exp"] == published[1]["nbf"]
    for answer in (before, after):
        assert (await place.opened(answer.text))["aud"] == "office"
    kids = [json.loads(base64.urlsafe_b64decode(each.text.split(".")[0] + "=="))["kid"] for each in (before, after)]
    assert kids == [old[0]["kid"], made.key_id]


async def test_a_machine_without_the_registered_key_says_so(place: Place) -> None:
    await place.ask(sha256="0" * 64, nonce=nonce())
    elsewhere = place.registry.settings.state_dir / "other-machine"
    elsewhere.mkdir(mode=0o700)
    other = place.registry.settings.model_copy(update={"answer_keys_dir": elsewhere})
    with served(other) as base_url:
        async with httpx.AsyncClient(base_url=base_url, headers=dict(place.office.headers)) as http:
            signed = await http.post(
                "/v1/verifications", json={**WHY, "sha256": "0" * 64, "nonce": nonce()}, headers=JWT
            )
            plain = await http.post("/v1/verifications", json={**WHY, "sha256": "0" * 64})
    assert (signed.status_code, signed.json()["code"]) == (503, "answer-key")
    assert plain.status_code == 200
    assert list(elsewhere.iterdir()) == []


# --- other ways to ask, and content ----------------------------------------------------------------------------------------


async def test_the_document_itself_is_compared_and_not_kept(place: Place) -> None:
    async def rows() -> int:
        async with place.registry.world.db.hot() as connection:
            return int(await connection.fetchval("SELECT count(*) FROM document"))

    before = await rows()
    for document, answer in ((place.raw, "genuine_current"), (place.raw + b" ", "not_known"), (b"", "not_known")):
        sent = base64.b64encode(document).decode()
        found = await place.office.post("/v1/verifications", json={**WHY, "document": sent})
        assert found.json()["answer"] == answer
    assert await rows() == before
    for wrong in ("no base64!", "AAA", "AB==", "A A="):
        refused = await place.office.post("/v1/verifications", json={**WHY, "document": wrong})
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "/body/document")
    huge = await place.office.post("/v1/verifications", json={**WHY, "document": "A" * 400_000})
    assert (huge.status_code, huge.json()["code"]) == (413, "request-too-large")


async def test_by_pupil_code(place: Place) -> None:
    pupil = {"pupil_code": place.primary["mahocsinh"]}
    for more, answer in (
        ({}, "genuine_current"),
        ({"school_year": PRIMARY.school_year}, "genuine_current"),
        ({"school_year": PRIMARY.school_year, "level": "primary"}, "genuine_current"),
        ({"school_year": "2019-2020"}, "not_known"),
        ({"level": "upper_secondary"}, "not_known"),
        ({"pupil_code": "NOBODY"}, "not_known"),
    ):
        found = await place.office.post("/v1/verifications", json={**WHY, **pupil, **more})
        assert found.json()["answer"] == answer, more


async def test_only_the_fields_that_were_asked_for_and_are_allowed(place: Place) -> None:
    code = {"transcript_code": place.primary["madinhdanhhocba"]}
    found = (
        await place.office.post("/v1/verifications", json={**WHY, **code, "fields": ["result", "pupil_name"]})
    ).json()
    assert found["content"] == {"pupil_name": place.primary["hovaten"], "result": place.primary["xeploai"]}
    signed_by = (await place.office.post("/v1/verifications", json={**WHY, **code, "fields": ["signers"]})).json()
    names = [place.primary["tengvcn"], place.primary["tengiamhieu"]]
    assert [each["name"] for each in signed_by["content"]["signers"]] == names
    unknown = await place.office.post("/v1/verifications", json={**WHY, "sha256": "0" * 64, "fields": ["pupil_name"]})
    assert unknown.json()["content"] is None
    refused = await place.office.post("/v1/verifications", json={**WHY, **code, "fields": ["subjects"]})
    assert (refused.status_code, refused.json()["code"]) == (403, "verification-field")
    for wrong in (["personal_number"], "pupil_name", [1]):
        problem = await place.office.post("/v1/verifications", json={**WHY, **code, "fields": wrong})
        assert (problem.status_code, problem.json()["errors"][0]["pointer"]) == (400, "/body/fields"), wrong


# --- claims ----------------------------------------------------------------------------------------------------------------


def claims_of(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    year = document["namhoc"]
    return {
        "grade_finished": {"grade": int(document["makhoi"])},
        "promoted": {"school_year": year},
        "result_at_least": {"school_year": year, "threshold": "K"},
        "average_at_least": {"school_year": year, "subject": "mathematics", "threshold": "5.0"},
        "level_completed": {"level": "lower_secondary"},
    }


async def test_every_claim_is_answered_signed(place: Place) -> None:
    said = {}
    for kind, given in claims_of(place.secondary).items():
        sent = nonce()
        answer = await place.claim(pupil_code=place.secondary["mahocsinh"], claim=kind, nonce=sent, **given)
        assert answer.headers["content-type"].startswith("application/jwt"), answer.text
        claims = await place.opened(answer.text)
        assert (claims["aud"], claims["nonce"]) == ("office", sent)
        about = {"pupil_code": place.secondary["mahocsinh"]}
        assert claims["question"] == {**WHY, "claim": kind, **given, "about": about}
        said[kind] = claims["claim"]
        for secret in ("hovaten", "sodinhdanh", "madinhdanhhocba"):
            assert place.secondary[secret] not in json.dumps(claims, ensure_ascii=False)
    assert said == {"grade_finished": "yes", "promoted": "yes", "result_at_least": "yes", "average_at_least": "yes",
                    "level_completed": "cannot_say"}  # fmt: skip
    assert said.keys() == set(ClaimKind)


async def test_a_signed_answer_says_whom_it_is_about(place: Place) -> None:
    """Else a yes, or a not_known, could be shown as the answer about somebody else. The number alone is not repeated."""
    code, number, year = place.primary["madinhdanhhocba"], place.primary["sodinhdanh"], PRIMARY.school_year
    sha256 = hashlib.sha256(place.raw).hexdigest()
    asked = [
        ({"transcript_code": code, "version": 1}, {"transcript_code": code, "version": 1}),
        ({"transcript_code": "nobody-has-it"}, {"transcript_code": "nobody-has-it"}),
        ({"document": base64.b64encode(place.raw).decode()}, {"sha256": sha256}),
        ({"sha256": sha256.upper()}, {"sha256": sha256}),
        ({"personal_number": number, "school_year": year}, {"personal_number": None, "school_year": year}),
    ]  # fmt: skip
    for question, about in asked:
        claims = await place.opened((await place.ask(**question, fields=["result"], nonce=nonce())).text)
        assert claims["question"] == {**WHY, "fields": ["result"], "about": about}
        assert number not in json.dumps(claims)
    given = {"claim": "promoted", "school_year": year, "nonce": nonce()}
    claims = await place.opened((await place.claim(personal_number=number, **given)).text)
    assert claims["question"]["about"] == {"personal_number": None}
    assert number not in json.dumps(claims)


async def test_an_answer_by_number_is_bound_to_it_by_the_asker_s_blind(place: Place) -> None:
    """Whatever was found: what stands for the number follows from the question alone, and is of one length."""
    number, year, blind = place.primary["sodinhdanh"], PRIMARY.school_year, secrets.token_urlsafe(24)
    nobody = f"{number[:6]}{(int(number[6:]) + 1) % 10**6:06d}"
    lengths = set()
    for asked in (number, nobody):
        expected = hmac.new(blind.encode(), asked.encode(), "sha256").hexdigest()
        about = {"personal_number": None, "personal_number_hmac": expected}
        signed = await place.ask(personal_number=asked, school_year=year, nonce=nonce(), blind=blind)
        claims = await place.opened(signed.text)
        assert claims["question"]["about"] == {**about, "school_year": year}
        given = {"claim": "promoted", "school_year": year, "nonce": nonce(), "blind": blind}
        claim = await place.claim(personal_number=asked, **given)
        claims = await place.opened(claim.text)
        assert claims["question"]["about"] == about
        assert asked not in json.dumps(claims)
        assert blind not in json.dumps(claims)
        lengths.add(len(json.dumps(claims["question"])))
    assert len(lengths) == 1
    for wrong in ({"personal_number": number, "school_year": year, "blind": "b" * 21},
                  {"transcript_code": place.primary["madinhdanhhocba"], "blind": blind}):  # fmt: skip
        answer = await place.ask(**wrong, nonce=nonce())
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/body/blind")
        answer = await place.claim(**{**given, **wrong, "school_year": year, "nonce": nonce()})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/body/blind")
        assert number not in answer.text


async def test_a_second_threshold_is_told_when_to_come_back(place: Place) -> None:
    given = claims_of(place.secondary)["average_at_least"]
    number = {"personal_number": place.secondary["sodinhdanh"], "claim": "average_at_least"}
    assert (await place.claim(**number, **given)).status_code == 200
    turned = await place.claim(**number, **{**given, "threshold": "8.0"})
    assert (turned.status_code, turned.json()["code"]) == (429, "verification-threshold")
    assert 364 * 86_400 < int(turned.headers["retry-after"]) <= 365 * 86_400
    assert place.secondary["sodinhdanh"] not in turned.text
    metrics = (await place.office.get("/metrics")).text
    assert 'registry_verification_limited_total{code="verification-threshold"}' in metrics


@pytest.mark.parametrize(
    ("change", "code", "pointers"),
    [
        ({"pupil_code": None}, "verification-question", ["/body"]),
        ({"personal_number": NUMBER}, "verification-question", ["/body"]),
        ({"school_year": None}, "verification-question", ["/body/school_year"]),
        ({"grade": 5}, "verification-question", ["/body/grade"]),
        ({"claim": "level_completed"}, "verification-question", ["/body/school_year", "/body/level"]),
        ({"claim": "rank"}, "request-parameter", ["/body/claim"]),
        ({"claim": "level_completed", "level": "upper_secondary"}, "request-parameter", ["/body/level"]),
        ({"subject": "gossip"}, "request-parameter", ["/body/subject"]),
        ({"school_year": "2023-2025"}, "request-parameter", ["/body/school_year"]),
        ({"grade": "5"}, "request-parameter", ["/body/grade"]),
        ({"nonce": "short"}, "request-parameter", ["/body/nonce"]),
        ({"nonce": None}, "request-parameter", ["/body/nonce"]),
        ({"reference": "a\u202eb"}, "request-parameter", ["/body/reference"]),
        ({NUMBER: 1}, "request-parameter", ["/body"]),
        ({"purpose": "transfer"}, "access-purpose", ["/body/purpose"]),
        (
            {"claim": "average_at_least", "subject": "mathematics", "threshold": "5.1"},
            "verification-claim",
            ["/body/threshold"],
        ),
        (
            {"pupil_code": None, "personal_number": NUMBER, "reference": f"HS {NUMBER}"},
            "request-parameter",
            ["/body/reference"],
        ),
    ],
)
async def test_claims_that_are_not_answered(
    place: Place, change: dict[str, Any], code: str, pointers: list[str]
) -> None:
    good = {"pupil_code": "P1", "claim": "promoted", "school_year": "2023-2024"}
    answer = await place.claim(**{**good, **change})
    problem = answer.json()
    assert problem["code"] == code
    assert [error["pointer"] for error in problem["errors"]] == pointers
    assert NUMBER not in answer.text


async def test_a_foreign_pupil_is_an_unknown_one(place: Place) -> None:
    abroad = await http_of(place.registry, "abroad", Scope.VERIFY, f"school:{SECONDARY.code}")
    async with abroad:
        lengths, said = set(), set()
        for code in (place.primary["mahocsinh"], "NOBODY0001"):
            body = {**WHY, "pupil_code": code, "claim": "promoted", "school_year": "2023-2024", "nonce": nonce()}
            answer = await abroad.post("/v1/claims", json=body)
            lengths.add(len(answer.content))
            said.add((await place.opened(answer.text))["claim"])
    assert (said, len(lengths)) == ({"cannot_say"}, 1)


# --- guessing --------------------------------------------------------------------------------------------------------------


async def test_guessing_rings_the_alarm(place: Place) -> None:
    name = "registry_verification_enumeration_total"

    async def alarms() -> float:
        lines = (await place.office.get("/metrics")).text.splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith(name))

    before = await alarms()
    for index in range(10):
        assert (
            await place.office.post("/v1/verifications", json={**WHY, "sha256": f"{index:064d}"})
        ).status_code == 200
    code = {"transcript_code": place.primary["madinhdanhhocba"]}
    turned = await place.office.post("/v1/verifications", json={**WHY, **code})
    assert (turned.status_code, turned.json()["code"]) == (429, "verification-enumeration")
    assert 1 <= int(turned.headers["retry-after"]) <= 60
    claimed = await place.claim(pupil_code="P1", claim="promoted", school_year="2023-2024")
    assert claimed.json()["code"] == "verification-enumeration", "claims are questions too"
    assert await alarms() == before + 1


async def test_guessing_with_a_nonce_that_was_used_rings_it_too(place: Place) -> None:
    async def alarms() -> str:
        lines = (await place.office.get("/metrics")).text.splitlines()
        return next(line for line in lines if line.startswith("registry_verification_enumeration_total"))

    sent = nonce()
    assert (await place.ask(transcript_code=place.primary["madinhdanhhocba"], nonce=sent)).status_code == 200
    before = await alarms()
    for index in range(10):
        answer = await place.ask(sha256=f"{index:064d}", nonce=sent)
        assert (answer.status_code, answer.json()["code"]) == (409, "verification-nonce")
    assert (await place.ask(sha256="a" * 64, nonce=sent)).json()["code"] == "verification-enumeration"
    assert await alarms() != before


async def test_the_day_and_the_pupil_have_limits(place: Place) -> None:
    code = {"transcript_code": place.primary["madinhdanhhocba"]}
    for update, expected in (
        ({"questions_per_pupil_day": 1}, "verification-pupil"),
        ({"questions_per_day": 1}, "verification-day"),
    ):
        with served(place.registry.settings.model_copy(update=update)) as base_url:
            async with httpx.AsyncClient(base_url=base_url, headers=dict(place.office.headers)) as http:
                answers = [await http.post("/v1/verifications", json={**WHY, **code}) for _ in range(3)]
        assert (answers[-1].status_code, answers[-1].json()["code"]) == (429, expected)
        assert int(answers[-1].headers["retry-after"]) >= 1


# --- who looked ------------------------------------------------------------------------------------------------------------


async def test_the_school_sees_which_office_looked_and_why(place: Place) -> None:
    pupil = place.primary["mahocsinh"]
    abroad = await http_of(place.registry, "abroad", Scope.VERIFY, f"school:{SECONDARY.code}")
    number = {"personal_number": place.primary["sodinhdanh"], "school_year": PRIMARY.school_year}
    async with abroad:
        await abroad.post("/v1/verifications", json={**WHY, **number, "reference": "Hồ sơ lạ"})
    await place.claim(pupil_code=pupil, claim="promoted", school_year="2023-2024")
    await place.vendor.get(f"/v1/transcripts/{place.primary['madinhdanhhocba']}")
    body = (await place.vendor.get(f"/v1/pupils/{pupil}/views")).json()
    seen = [(view["caller_id"], view["kind"], view["reference"], view["answer"]) for view in body["views"]]
    assert seen == [
        ("vendor", "views", "", "shown"),
        ("vendor", "transcript", "", "shown"),
        ("office", "claim", WHY["reference"], "told"),
        ("abroad", "number", "Hồ sơ lạ", "not_known"),
    ]
    assert body["views"][2]["detail"] == "promoted 2023-2024"
    assert body["views"][2]["purpose_vi"] == "Tuyển sinh đầu cấp"
    assert body["next"] is None
    assert place.primary["sodinhdanh"] not in json.dumps(body)
    first = (await place.vendor.get(f"/v1/pupils/{pupil}/views", params={"limit": 2})).json()
    rest = (await place.vendor.get(f"/v1/pupils/{pupil}/views", params={"after": first["next"]})).json()
    assert [view["kind"] for view in rest["views"]][:2] == ["transcript", "claim"]


async def test_who_was_handed_the_document_itself_is_in_the_list(place: Place) -> None:
    pupil, code = place.primary["mahocsinh"], place.primary["madinhdanhhocba"]
    async with place.registry.world.db.hot() as tx:
        submission = await tx.fetchval(
            "SELECT submission_id FROM record_version JOIN transcript_code USING (school_year, pupil_id, level)"
            " WHERE transcript_code = $1", code,
        )  # fmt: skip
    for path in (f"/v1/transcripts/{code}/document", f"/v1/submissions/{submission}/evidence"):
        assert (await place.vendor.get(path)).status_code == 200, path
    seen = (await place.vendor.get(f"/v1/pupils/{pupil}/views")).json()["views"]
    assert [(view["kind"], view["caller_id"]) for view in seen][1:] == [("evidence", "vendor"), ("original", "vendor")]
    told = (await place.vendor.get(f"/v1/pupils/{pupil}/views/export")).text
    assert "Was handed the evidence" in told
    assert "Was handed the document" in told


async def test_an_export_for_the_family(place: Place) -> None:
    pupil = place.primary["mahocsinh"]
    await place.office.post("/v1/verifications", json={**WHY, "pupil_code": pupil})
    text = await place.vendor.get(f"/v1/pupils/{pupil}/views/export")
    assert text.headers["content-type"] == "text/plain; charset=utf-8"
    lines = text.text.splitlines()
    assert lines[0] == f"AI ĐÃ TRA CỨU HỌC BẠ CỦA HỌC SINH {pupil}"
    assert "Mục đích / purpose: Tuyển sinh đầu cấp / Admission to the next level" in text.text
    assert "office (office)" in text.text
    table = await place.vendor.get(f"/v1/pupils/{pupil}/views/export", params={"form": "csv"})
    rows = list(csv.reader(io.StringIO(table.content.decode("utf-8-sig"))))
    assert rows[0][:4] == ["Thời điểm", "Loại người xem", "Cơ quan", "Mã cơ quan"]
    assert {(row[1], row[3]) for row in rows[1:]} == {("school", "vendor"), ("office", "office")}


async def test_nobody_is_hidden_behind_ten_thousand_others(place: Place) -> None:
    """Whoever has a paper can open its page again and again: the office that looked before stands in the export all the same."""
    pupil = place.primary["mahocsinh"]
    await place.office.post("/v1/verifications", json={**WHY, "pupil_code": pupil, "reference": "Hồ sơ đầu"})
    async with place.registry.world.db.hot_transaction() as tx:
        await tx.execute(
            "INSERT INTO question (question_id, asked_at, caller_id, purpose, reference, kind, school_year, pupil_id, answer)"
            " SELECT ('ffffffff-ffff-7fff-8fff-' || lpad(to_hex(n), 12, '0'))::uuid, q.asked_at, 'public:code', 'paper_check',"
            " '', 'public_page', q.school_year, q.pupil_id, 'genuine_current' FROM question q, generate_series(1, 10100) n"
            " WHERE q.reference = 'Hồ sơ đầu'"
        )
    for form in ("text", "csv"):
        whole = await place.vendor.get(f"/v1/pupils/{pupil}/views/export", params={"form": form})
        assert whole.status_code == 200
        assert "Hồ sơ đầu" in whole.content.decode("utf-8")


async def test_another_school_s_pupil_is_nobody(place: Place) -> None:
    other = await http_of(place.registry, "other-vendor", Scope.SUBMIT, f"school:{SECONDARY.code}")
    async with other:
        answers = [await other.get(f"/v1/pupils/{code}/views{more}")
                   for code in (place.primary["mahocsinh"], "NOBODY") for more in ("", "/export")]  # fmt: skip
    bodies = []
    for answer in answers:
        body = answer.json()
        body.pop("instance")
        bodies.append((answer.status_code, body))
    assert all(body == bodies[0] for body in bodies)
    assert (bodies[0][0], bodies[0][1]["code"]) == (404, "pupil-unknown")
