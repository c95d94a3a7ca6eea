"""What nobody should ask, about records, versions, the feed, pupils and cases: a code and a pointer each time, never a fault."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from registry.core.callers import Scope
from registry.demo import transcripts
from tests.api.conftest import Registry, served
from tests.small_city import PRIMARY, SmallCity, settle, small_city

pytestmark = pytest.mark.anyio
CITY: SmallCity = small_city()
JOSE = {"Content-Type": "application/jose+json"}
DOCUMENT = CITY.document()
CODE, PUPIL, NUMBER = DOCUMENT["madinhdanhhocba"], DOCUMENT["mahocsinh"], DOCUMENT["sodinhdanh"]
NO_ID = "0193b1a4-0000-7000-8000-000000000001"
#: Versions as nobody numbers them: below the first, beyond every column, and what only looks like a number.
NO_VERSIONS = (
    "0",
    "-1",
    "2147483648",
    "4294967297",
    "9223372036854775808",
    "1e3",
    "1.0",
    "01",
    " 1",
    "1 ",
    "+1",
    "٣",
    "１",
    "",
)

#: In an address these are the number one, as the framework reads numbers; in a signed document nothing is.
READ_AS_ONE = ("1.0", "01", " 1", "1 ", "+1", "１")


@pytest.fixture
async def http(registry: Registry) -> AsyncIterator[httpx.AsyncClient]:
    """One caller who may do everything at the primary school, which has one record."""
    await settle(registry.world, CITY)
    units = frozenset({f"school:{PRIMARY.code}"})
    client = await registry.caller("everything", Scope.SUBMIT, Scope.OPERATE, units=units)
    headers = {"Authorization": f"Bearer {await client.token()}"}
    often = registry.settings.model_copy(
        update={"identifications_per_minute": 100_000, "questions_per_minute": 100_000}
    )
    with served(often) as address:
        async with httpx.AsyncClient(base_url=address, headers=headers, timeout=60) as opened:
            sent = await opened.post("/v1/submissions", content=CITY.signed(), headers=JOSE)
            assert sent.status_code == 201, sent.text
            yield opened


def turned_away(answer: httpx.Response, *codes: str) -> None:
    """A problem with a code and a pointer for each finding, and no fault of ours."""
    where = f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text[:300]}"
    assert 400 <= answer.status_code < 500, where
    assert answer.headers["content-type"] == "application/problem+json", where
    body = answer.json()
    assert body["errors"], where
    assert all(error["code"] and error["pointer"].startswith(("/", "")) for error in body["errors"])
    if codes:
        assert body["code"] in codes, where
    assert NUMBER not in answer.text


async def test_addresses_and_parameters(http: httpx.AsyncClient) -> None:
    for version in (each for each in NO_VERSIONS if each not in READ_AS_ONE):
        for tail in ("", "/document", "/public-code"):
            turned_away(
                await http.get(f"/v1/transcripts/{CODE}{tail}", params={"version": version}), "request-parameter"
            )
    for code in (
        "%00",
        "a%2Fb",
        "x" * 37,
        "%F0%9F%98%80",
        "..%2f..%2f",
        "%27%20or%201%3D1",
        "%EF%BC%91",
        f"{CODE}%20",
        "%",
    ):
        for tail in ("", "/versions", "/document"):
            turned_away(await http.get(f"/v1/transcripts/{code}{tail}"), "request-parameter", "request-path")
    for query in (
         "version=1&x=1", "Version=1", "version=%00", "version[]=1", "version=" + "9" * 400,
    ):  # fmt: skip
        turned_away(await http.get(f"/v1/transcripts/{CODE}?{query}"), "request-parameter")
    for name in ("after", "limit"):
        for value in (
            "-1",
            "abc",
            "1.5",
            "1e2",
            "%00",
            "",
            "9223372036854775808",
            "9" * 4000,
            "0x10",
            "null",
        ):
            turned_away(await http.get(f"/v1/changes?{name}={value}"), "request-parameter")
    for query in (
        "limit=0",
        "limit=1001",
        "after=4611686018427387904",
        "after=2",
        "since=1",
        "limit",
    ):
        turned_away(await http.get(f"/v1/changes?{query}"), "request-parameter")
    for query in ("after=x", "after=1", "limit=0", "limit=501", "limit=-1", "x=1"):
        turned_away(await http.get(f"/v1/cases?{query}"), "request-parameter")
    for submission_id in ("1", "%00", NO_ID[:-1], NO_ID + "0", "x" * 500):
        for tail in ("", "/report", "/evidence"):
            turned_away(await http.get(f"/v1/submissions/{submission_id}{tail}"), "request-parameter", "request-path")


BODIES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("/v1/pupils/identify", {"personal_number": NUMBER, "birth_date": "2016-01-01", "sex": "male"}),
    ("/v1/pupils/renumberings", {"old_number": NUMBER, "new_number": NUMBER[:-1] + "9", "reference": "QĐ 1"}),
    ("/v1/pupils/merges", {"from_pupil_code": PUPIL, "into_pupil_code": "7900000000", "reason": "x"}),
    (f"/v1/pupils/merges/{NO_ID}/undo", {"reason": "x"}),
    (f"/v1/cases/{NO_ID}/decision", {"decision": "transfer", "reason": "x"}),
)
#: In the place of each member.
WRONG: tuple[Any, ...] = (
    None, 1, -1, 2**63, 1.5, True, [], {}, [NUMBER], {"a": NUMBER}, "", "\0", f"{NUMBER}\0", "\x85", "\u202e" + NUMBER, "\ud800",
    "０７９３１５０００００１", NUMBER + "0", "'; DROP TABLE pupil; --", "x" * 100_000, f" {NUMBER}", f"số {NUMBER}",
)  # fmt: skip


async def test_bodies(http: httpx.AsyncClient) -> None:
    for path, body in BODIES:
        for name in body:
            for wrong in WRONG:
                raw = json.dumps(body | {name: wrong}).encode()
                answer = await http.post(path, content=raw, headers={"Content-Type": "application/json"})
                assert answer.status_code < 500, (path, name, wrong, answer.text)
                if answer.status_code != 200 or name not in {"reason", "reference"}:
                    turned_away(answer)
            without = {key: value for key, value in body.items() if key != name}
            turned_away(await http.post(path, json=without), "request-parameter")
        turned_away(await http.post(path, json=body | {"them": 1}), "request-parameter")
        good = json.dumps(body)
        for raw in (
            b"", b"{", b"[]", b"null", b"1", b"\xff\xfe", good.encode("utf-16"), b"\xef\xbb\xbf" + good.encode(), good.encode() + b"x",
            b"[" * 4000, (good[:-1] + "," + good[1:]).encode(), good.replace('"', "'").encode(), b'{"reason": NaN}',
            good.encode().replace(b'"x"', b'"\xc0\xaf"').replace(NUMBER.encode(), b"\xc0\xaf"),
        ):  # fmt: skip
            turned_away(
                await http.post(path, content=raw, headers={"Content-Type": "application/json"}), "request-parameter"
            )
        for kind in ("text/plain", "application/xml", "application/json; charset=utf-16", ""):
            answer = await http.post(path, content=good.encode(), headers={"Content-Type": kind})
            assert answer.status_code < 500, (path, kind, answer.text)


async def test_versions_in_documents_and_statements(http: httpx.AsyncClient) -> None:
    """The greatest that fits is taken; what does not fit is refused in the transcript as in the withdrawal, and stored nowhere."""
    for version in NO_VERSIONS:
        document = transcripts.revised(DOCUMENT, 2) | {"phienbanthongtinhocba": version}
        turned_away(await http.post("/v1/submissions", content=CITY.signed(document), headers=JOSE))
        turned_away(await http.post("/v1/withdrawals", content=statement(version), headers=JOSE))
        bare = json.dumps(document, ensure_ascii=False).encode()
        judged = await http.post("/v1/judgements", content=bare, headers={"Content-Type": "application/json"})
        assert (judged.status_code, judged.json()["outcome"]) == (200, "refused"), judged.text
        pointers = {error["pointer"] for error in judged.json()["errors"]}
        assert pointers <= {"/phienbanthongtinhocba", "/lydophienban", "/noidunglydo"}, judged.text
    greatest = 999_999_999
    taken = await http.post(
        "/v1/submissions", content=CITY.signed(transcripts.revised(DOCUMENT, greatest)), headers=JOSE
    )
    assert taken.status_code == 201, taken.text
    versions = (await http.get(f"/v1/transcripts/{CODE}/versions")).json()
    assert versions["current_version"] == greatest
    assert [each["version"] for each in versions["versions"]] == [1, greatest]
    gone = await http.post("/v1/withdrawals", content=statement(str(greatest)), headers=JOSE)
    assert gone.status_code == 201, gone.text
    versions = (await http.get(f"/v1/transcripts/{CODE}/versions")).json()
    assert versions["current_version"] is None
    assert {each["state"] for each in versions["versions"]} == {"genuine_withdrawn"}


def statement(version: str) -> bytes:
    said = {
        "loai": "thuhoi", "madinhdanhhocba": CODE, "phienbanthongtinhocba": version, "namhoc": DOCUMENT["namhoc"],
        "matruong": PRIMARY.code, "macaphoc": DOCUMENT["macaphoc"], "lydothuhoi": "Sai họ tên", "ngaythuhoi": "2026-11-20",
    }  # fmt: skip
    return CITY.signed_bytes(json.dumps(said, ensure_ascii=False).encode(), CITY.signers_of(PRIMARY)[1:])
