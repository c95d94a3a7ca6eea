"""A hostile office, over real HTTP: batch, single questions and claims at once, foreign tokens, and words where they don't belong."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable
from typing import Any

import asyncpg
import httpx
import pytest

from registry.services.limits import Limits
from tests.api.test_batches import WHY, Place, lines
from tests.api.test_batches import city as city
from tests.api.test_batches import place as place
from tests.conftest import Urls
from tests.small_city import SECONDARY, SmallCity

pytestmark = pytest.mark.anyio
SINGLE, CLAIM = "/v1/verifications", "/v1/claims"


def nonce() -> str:
    return secrets.token_urlsafe(16)


async def answers_on_record(urls: Urls, answer: str) -> int:
    connection = await asyncpg.connect(urls.owner.replace("+asyncpg", ""))
    try:
        return int(await connection.fetchval("SELECT count(*) FROM question WHERE answer = $1", answer))
    finally:
        await connection.close()


async def test_guessing_by_all_roads_at_once_gets_no_more_tries(place: Place, database_urls: Urls) -> None:
    taken = (await place.post(lines(*[{"transcript_code": f"b{n}"} for n in range(30)]))).json()
    promoted = {**WHY, "claim": "promoted", "school_year": "2023-2024"}
    singles = [place.office.post(SINGLE, json={**WHY, "transcript_code": f"s{n}"}) for n in range(20)]
    claims = [place.office.post(CLAIM, json={**promoted, "nonce": nonce(), "pupil_code": f"c{n}"}) for n in range(20)]
    async with place.working():
        got = await asyncio.gather(*singles, *claims)
        batch = await place.ended(taken)
    assert batch["state"] == "failed"
    tried = batch["answered"] + sum(answer.status_code == 200 for answer in got)
    assert tried == 10, "the tenth in a row is the last"
    assert {answer.status_code for answer in got} == {200, 429}
    assert await answers_on_record(database_urls, "not_known") >= 10


async def guess(office: httpx.AsyncClient, road: str, code: str) -> int:
    if road == "extract":
        why = {**WHY, "purpose": "admission-by-record"}
        return (await office.get(f"/v1/transcripts/{code}/extract.pdf", params=why)).status_code
    claim = {**WHY, "transcript_code": code, "claim": "grade_finished", "grade": 6, "nonce": nonce()}
    body = claim if road == "claim" else {**WHY, "transcript_code": code}
    return (await office.post(CLAIM if road == "claim" else SINGLE, json=body)).status_code


@pytest.mark.parametrize("road", ["single", "claim", "extract"])
async def test_of_guesses_all_at_the_same_moment_the_right_ones_are_not_all_told(
    place: Place, city: SmallCity, road: str
) -> None:
    """In turn the tenth wrong one in a row is the last that is answered; at once nobody is told more than by some luck in the order."""
    known = []
    for seed in range(2, 14):
        document = city.document(SECONDARY, seed=seed)
        assert (await place.registry.client("vendor").submit(city.signed(document, SECONDARY))).status == 201
        known.append(document["madinhdanhhocba"])
    guesses = [f"nobody-has-{n}" for n in range(260)]
    for at, code in enumerate(known):
        guesses.insert(30 + 20 * at, code)
    bounds = httpx.Limits(max_connections=300)
    async with httpx.AsyncClient(
        base_url=place.registry.base_url, headers=place.office.headers, timeout=60, limits=bounds
    ) as office:
        got = await asyncio.gather(*(guess(office, road, code) for code in guesses))
    told = dict(zip(guesses, got, strict=True))
    assert set(got) <= {200, 404, 429}
    assert sum(told[code] != 429 for code in guesses if code not in known) <= 60, "so many in an hour"
    assert sum(told[code] != 429 for code in known) <= 6, "twelve before they waited for each other"


async def test_one_pupil_has_one_limit_on_all_roads_at_once(place: Place) -> None:
    code = place.primary["madinhdanhhocba"]
    taken = (await place.post(lines(*[{"transcript_code": code}] * 40))).json()
    claim = {**WHY, "claim": "grade_finished", "grade": 1, "transcript_code": code}
    singles = [place.office.post(SINGLE, json={**WHY, "transcript_code": code}) for _ in range(25)]
    claims = [place.office.post(CLAIM, json={**claim, "nonce": nonce()}) for _ in range(25)]
    async with place.working(Limits(per_pupil=50)):
        got = await asyncio.gather(*singles, *claims)
        batch = await place.ended(taken)
    in_batch = [each for each in await place.result(batch) if "answer" in each]
    assert len(in_batch) + sum(answer.status_code == 200 for answer in got) == 50


async def test_a_threshold_taken_on_one_road_holds_on_the_others(place: Place) -> None:
    claim = {"claim": "average_at_least", "subject": "mathematics", "school_year": place.secondary["namhoc"],
             "pupil_code": place.secondary["mahocsinh"]}  # fmt: skip
    raw = lines(*[{**claim, "threshold": threshold} for threshold in ("5.0", "6.5", "8.0")] * 3)
    taken = (await place.post(raw)).json()
    body = {**WHY, **claim, "transcript_code": place.secondary["madinhdanhhocba"]}
    body.pop("pupil_code")
    sent = [{**body, "nonce": nonce(), "threshold": threshold} for threshold in ("8.0", "6.5", "5.0")]
    async with place.working():
        got = await asyncio.gather(*(place.office.post(CLAIM, json=each) for each in sent))
        batch = await place.ended(taken)
    told = {each["threshold"] for each, answer in zip(sent, got, strict=True) if answer.status_code == 200}
    told |= {each["question"]["threshold"] for each in await place.result(batch) if "claim" in each}
    assert len(told) == 1, "one bit of one mark, whatever the road"


REFERENCES: dict[str, Callable[[str], str]] = {
    "as it is": lambda n: n,
    "in a text": lambda n: f"Hồ sơ {n}/TS",
    "in blocks": lambda n: f"HS-{n[:4]}-{n[4:8]}-{n[8:]}",
    "with blanks": lambda n: f"{n[:3]} {n[3:]}",
    "wide digits": lambda n: "".join(chr(0xFF10 + int(digit)) for digit in n),
}


@pytest.mark.parametrize("shape", REFERENCES)
async def test_a_reference_is_no_place_for_the_number(place: Place, shape: str) -> None:
    number = place.primary["sodinhdanh"]
    reference = REFERENCES[shape](number)
    body = {**WHY, "reference": reference, "personal_number": number, "school_year": place.primary["namhoc"]}
    single = await place.office.post(SINGLE, json=body)
    assert (single.status_code, single.json()["errors"][0]["pointer"]) == (400, "/body/reference")
    batch = await place.post(json.dumps(body).encode())
    assert (batch.status_code, batch.json()["errors"][0]["pointer"]) == (400, "/rows/1/reference")
    assert number not in single.text + batch.text


async def test_nor_for_the_number_of_somebody_else(place: Place) -> None:
    body = {**WHY, "transcript_code": "x", "reference": "HS 079214000002"}
    assert (await place.office.post(SINGLE, json=body)).status_code == 400
    for good in ("000.00.16.H29-241120-000012", "TS10-2026-0001", "2026112700000000001", "999999999999"):
        assert (await place.office.post(SINGLE, json={**body, "reference": good})).status_code == 200


@pytest.mark.parametrize("reference", ["a\nb", "a\u2028b", "\u202eabc", "a\x00", " \t", "a\u200b", "x" * 101, ""])
async def test_a_reference_is_printable(place: Place, reference: str) -> None:
    answer = await place.office.post(SINGLE, json={**WHY, "transcript_code": "x", "reference": reference})
    assert answer.status_code == 400
    assert (await place.post(lines({"transcript_code": "x", "reference": reference}))).status_code == 400


async def test_a_signed_answer_opens_no_door(place: Place) -> None:
    code = place.primary["madinhdanhhocba"]
    signed = await place.office.post(
        SINGLE, json={**WHY, "transcript_code": code, "nonce": nonce()}, headers={"Accept": "application/jwt"}
    )
    assert signed.status_code == 200
    async with httpx.AsyncClient(base_url=place.registry.base_url) as stranger:
        bearer = {"Authorization": f"Bearer {signed.text}"}
        assert (await stranger.post(SINGLE, json={**WHY, "transcript_code": code}, headers=bearer)).status_code == 401
        form = {
            "grant_type": "client_credentials", "client_assertion": signed.text,
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        }  # fmt: skip
        assert (await stranger.post("/oauth/token", data=form)).status_code == 401


async def test_a_nonce_is_used_up_on_every_road(place: Place) -> None:
    used = nonce()
    claim = {
        **WHY,
        "claim": "promoted",
        "school_year": place.primary["namhoc"],
        "pupil_code": place.primary["mahocsinh"],
    }
    assert (await place.office.post(CLAIM, json={**claim, "nonce": used})).status_code == 200
    again: list[httpx.Response] = [
        await place.office.post(CLAIM, json={**claim, "nonce": used}),
        await place.office.post(SINGLE, json={**WHY, "transcript_code": "x", "nonce": used}, headers={"Accept": "application/jwt"}),
    ]  # fmt: skip
    assert [answer.json()["code"] for answer in again] == ["verification-nonce"] * 2
    other = await place.other.post(CLAIM, json={**claim, "nonce": used})
    assert other.status_code == 200, "another office's nonces are its own"
    fresh = nonce()
    many = await asyncio.gather(*(place.office.post(CLAIM, json={**claim, "nonce": fresh}) for _ in range(8)))
    assert sorted(answer.status_code for answer in many) == [200] + [409] * 7


async def test_what_a_foreign_result_is_asked_with(place: Place) -> None:
    mine = await place.finished(lines({"transcript_code": place.primary["madinhdanhhocba"]}))
    paths: list[Any] = ["%2e%2e/" + mine["batch_id"], mine["batch_id"] + "%20", mine["batch_id"] + "/..", "result"]
    for path in paths:
        answer = await place.other.get(f"/v1/verifications/batches/{path}")
        assert answer.status_code in (404, 405)
        assert mine["batch_id"] not in answer.text.replace(path, "")
    head = await place.other.request("HEAD", mine["result_url"])
    assert head.status_code in (404, 405)
