"""Batches over real HTTP, with the background work beside it: what is taken, what is turned away whole, and who may read it."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import secrets
import zipfile
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx
import openpyxl
import pytest
import xlsxwriter
from joserfc import jwt
from joserfc.jwk import KeySet

from registry.api import batches as edge_batches
from registry.core.callers import Scope
from registry.services import batch_work, work
from registry.services.limits import Limits
from tests.api.conftest import Registry
from tests.conftest import Urls
from tests.small_city import SECONDARY, SmallCity, settle, small_city

pytestmark = pytest.mark.anyio

PATH = "/v1/verifications/batches"
WHY = {"purpose": "admission", "reference": "TS10-2026-0001"}
NDJSON = {"Content-Type": "application/x-ndjson"}
FAST = batch_work.Pace(quiet_rest=0, busy_rest=0, step=0.001)


@pytest.fixture(scope="session")
def city() -> SmallCity:
    return small_city()


def lines(*questions: dict[str, Any]) -> bytes:
    return "\n".join(json.dumps({**WHY, **question}) for question in questions).encode()


@dataclass(frozen=True)
class Place:
    """A registry with one record of each level, an office of the city, one of elsewhere, and the number of a pupil."""

    registry: Registry
    office: httpx.AsyncClient
    other: httpx.AsyncClient
    primary: dict[str, Any]
    secondary: dict[str, Any]

    async def post(self, raw: bytes, **headers: str) -> httpx.Response:
        return await self.office.post(PATH, content=raw, headers={**NDJSON, **headers})

    async def finished(self, raw: bytes, **headers: str) -> dict[str, Any]:
        """The batch of a file, once the background work has answered it."""
        taken = await self.post(raw, **headers)
        assert taken.status_code == 202, taken.text
        async with self.working():
            return await self.ended(taken.json())

    async def ended(self, batch: dict[str, Any]) -> dict[str, Any]:
        async with asyncio.timeout(60):
            while batch["state"] in ("queued", "running"):
                await asyncio.sleep(0.05)
                batch = (await self.office.get(batch["status_url"])).json()
        return batch

    async def result(self, batch: dict[str, Any]) -> list[dict[str, Any]]:
        answer = await self.office.get(batch["result_url"])
        assert answer.status_code == 200, answer.text
        return [json.loads(line) for line in answer.content.splitlines()]

    @asynccontextmanager
    async def working(self, counted: Limits | None = None) -> AsyncIterator[None]:
        """The background work's own task for batches, again and again."""
        worker = batch_work.Worker(edge_batches.words(), counted or Limits(), FAST)
        stop = asyncio.Event()

        async def keep_on() -> None:
            while not stop.is_set():
                await worker.run(self.registry.world, work.Watch(), stop)
                await asyncio.sleep(0.02)

        task = asyncio.create_task(keep_on())
        try:
            yield
        finally:
            stop.set()
            await task


async def http_of(registry: Registry, caller_id: str, scope: Scope, unit: str) -> httpx.AsyncClient:
    client = await registry.caller(caller_id, scope, units=frozenset({unit}))
    headers = {"Authorization": f"Bearer {await client.token()}"}
    return httpx.AsyncClient(base_url=registry.base_url, headers=headers, timeout=30)


@pytest.fixture
async def place(registry: Registry, city: SmallCity) -> AsyncIterator[Place]:
    await settle(registry.world, city)
    office = await http_of(registry, "office", Scope.VERIFY, "city:79")
    other = await http_of(registry, "other", Scope.VERIFY, "city:79")
    await registry.caller("vendor", Scope.SUBMIT, units=frozenset({"city:79"}))
    primary, secondary = city.document(), city.document(SECONDARY, result="K")
    for raw in (city.signed(primary), city.signed(secondary, SECONDARY)):
        assert (await registry.client("vendor").submit(raw)).status == 201
    async with office, other:
        yield Place(registry, office, other, primary, secondary)


def codes_of(answer: httpx.Response) -> list[tuple[str, str]]:
    return [(error["code"], error["pointer"]) for error in answer.json()["errors"]]


async def test_each_way_of_asking_is_answered_in_the_order_of_the_file(place: Place) -> None:
    number = {"personal_number": place.primary["sodinhdanh"], "school_year": place.primary["namhoc"]}
    questions: list[dict[str, Any]] = [
        {"transcript_code": place.primary["madinhdanhhocba"], "fields": ["promoted"]},
        {"transcript_code": "nobody-has-it"},
        number,
        {"pupil_code": place.secondary["mahocsinh"], "claim": "result_at_least", "threshold": "K",
         "school_year": place.secondary["namhoc"]},
        {"sha256": "0" * 64},
    ]  # fmt: skip
    raw = lines(*questions)
    batch = await place.finished(raw)
    assert (batch["state"], batch["answered"], batch["questions"], batch["error"]) == ("done", 5, 5, None)
    result = await place.result(batch)
    assert [each["row"] for each in result] == [1, 2, 3, 4, 5]
    known = ["genuine_current", "not_known", "genuine_current", None, "not_known"]
    assert [each.get("answer", {}).get("answer") for each in result] == known
    assert result[0]["answer"]["content"] == {"promoted": place.primary["duoclenlop"]}
    assert result[3]["claim"] == "yes"
    assert result[3]["question"] == {**WHY, "claim": "result_at_least", "threshold": "K",
                                     "school_year": place.secondary["namhoc"]}  # fmt: skip
    assert place.primary["sodinhdanh"] not in json.dumps(result)
    single = (await place.office.post("/v1/verifications", json={**WHY, **questions[0]})).json()
    for name in ("question_id", "asked_at"):
        single.pop(name)
        result[0]["answer"].pop(name)
    assert result[0]["answer"] == single


async def test_every_question_is_on_record_before_its_answer_can_be_read(place: Place, database_urls: Urls) -> None:
    batch = await place.finished(lines(*[{"transcript_code": place.primary["madinhdanhhocba"]}] * 3))
    asked = {each["answer"]["question_id"] for each in await place.result(batch)}
    connection = await asyncpg.connect(database_urls.owner.replace("+asyncpg", ""))
    try:
        rows = await connection.fetch("SELECT question_id::text, caller_id, purpose, reference FROM question")
        assert {row["question_id"] for row in rows if row["caller_id"] == "office"} == asked
        assert {(row["purpose"], row["reference"]) for row in rows} == {tuple(WHY.values())}
    finally:
        await connection.close()


async def test_the_result_is_signed_over_its_fingerprint(place: Place) -> None:
    raw = lines({"transcript_code": place.primary["madinhdanhhocba"]})
    batch = await place.finished(raw)
    body = (await place.office.get(batch["result_url"])).content
    signed = await place.office.get(batch["signature_url"])
    assert signed.headers["content-type"].startswith("application/jwt")
    published = (await place.office.get("/.well-known/jwks.json")).json()
    claims = jwt.decode(signed.text, KeySet.import_key_set(published), algorithms=["ES256"]).claims
    assert (claims["iss"], claims["aud"], claims["jti"]) == ("http://registry.test", "office", batch["batch_id"])
    assert claims["batch"] == {
        "questions": 1, "answered": 1, "questions_sha256": hashlib.sha256(raw).hexdigest(),
        "result_sha256": hashlib.sha256(body).hexdigest(), "result_type": "application/x-ndjson",
    }  # fmt: skip


async def test_a_file_is_taken_whole_or_not_at_all(place: Place, database_urls: Urls) -> None:
    code = place.primary["madinhdanhhocba"]
    number = "079214000001"
    bad = b"\n".join([
        lines({"transcript_code": code}),
        lines({"transcript_code": code, "purpose": "curiosity"}),
        b'{"transcript_code": "x", "purpose": "admission", "reference": "1", "reference": "2"}',
        lines({"transcript_code": code, "sha256": "0" * 64}),
        lines({"transcript_code": code, "fields": ["subjects"]}),
        lines({"personal_number": number, "school_year": "2023-2024", "reference": f"HS {number}"}),
        lines({"transcript_code": code, "document": "AAAA"}),
        lines({"transcript_code": code, "nonce": "n" * 20}),
        lines({"pupil_code": "1", "claim": "promoted"}),
        lines({"pupil_code": "1", "claim": "result_at_least", "school_year": "2023-2024", "threshold": "9"}),
        b'["a list"]', b"{", b"", lines({"personal_number": int(number[1:]), "school_year": "2023-2024"}),
        json.dumps({**WHY, "transcript_code": "x", "reference": "y" * 5000}).encode(),
        lines({"transcript_code": code, "version": 1.5}),
    ])  # fmt: skip
    refused = await place.post(bad)
    assert (refused.status_code, refused.json()["code"]) == (400, "batch-row")
    assert codes_of(refused) == [
        ("access-purpose", "/rows/2/purpose"),
        ("json-duplicate", "/rows/3/reference"),
        ("verification-question", "/rows/4"),
        ("verification-field", "/rows/5/fields"),
        ("request-parameter", "/rows/6/reference"),
        ("request-parameter", "/rows/7"),
        ("request-parameter", "/rows/8"),
        ("verification-question", "/rows/9/school_year"),
        ("verification-claim", "/rows/10/threshold"),
        ("request-parameter", "/rows/11"),
        ("json-syntax", "/rows/12"),
        ("request-parameter", "/rows/14/personal_number"),
        ("request-too-large", "/rows/15"),
        ("request-parameter", "/rows/16/version"),
    ]
    assert number not in refused.text
    assert await count(database_urls, "batch") == 0


async def count(urls: Urls, table: str) -> int:
    connection = await asyncpg.connect(urls.owner.replace("+asyncpg", ""))
    try:
        return int(await connection.fetchval(f"SELECT count(*) FROM {table}"))
    finally:
        await connection.close()


@pytest.mark.parametrize(
    ("raw", "headers", "status", "found"),
    [
        (b"", NDJSON, 400, ("batch-size", "")),
        (b" \r\n\n", NDJSON, 400, ("batch-size", "")),
        (b"{}\n" * 10_001, NDJSON, 400, ("batch-size", "")),
        (b"{}\n\xff\xfe", NDJSON, 400, ("batch-file", "/rows/2")),
        (b"x" * 8_000_001, NDJSON, 413, ("request-too-large", "")),
        (b"{}", {"Content-Type": "application/json"}, 415, ("request-media-type", "")),
        (b"{}", {**NDJSON, "Content-Encoding": "gzip"}, 415, ("request-media-type", "")),
        (b"{}", {**NDJSON, "Idempotency-Key": "short"}, 400, ("request-parameter", "/header/idempotency-key")),
    ],
)
async def test_what_is_no_file_of_questions(
    place: Place, database_urls: Urls, raw: bytes, headers: dict[str, str], status: int, found: tuple[str, str]
) -> None:
    refused = await place.office.post(PATH, content=raw, headers=headers)
    assert (refused.status_code, codes_of(refused)[0]) == (status, found)
    assert await count(database_urls, "batch") == 0


async def test_a_file_with_many_faults_names_the_first_hundred(place: Place) -> None:
    refused = await place.post(b"{}\n" * 500)
    assert len(refused.json()["errors"]) == 101
    assert codes_of(refused)[-1] == ("batch-row", "")


async def test_a_key_makes_sending_again_harmless(place: Place) -> None:
    raw, key = lines({"transcript_code": "x1"}), secrets.token_urlsafe(16)
    first, again = [await place.post(raw, **{"Idempotency-Key": key}) for _ in range(2)]
    assert (first.status_code, again.status_code) == (202, 200)
    assert first.json()["batch_id"] == again.json()["batch_id"]
    assert first.headers["location"] == first.json()["status_url"]
    other = await place.post(lines({"transcript_code": "x2"}), **{"Idempotency-Key": key})
    assert (other.status_code, codes_of(other)) == (409, [("batch-key", "/header/idempotency-key")])
    foreign = await place.other.post(PATH, content=raw, headers={**NDJSON, "Idempotency-Key": key})
    assert foreign.status_code == 202
    assert foreign.json()["batch_id"] != first.json()["batch_id"]


async def test_the_same_key_many_times_at_once_makes_one_batch(place: Place, database_urls: Urls) -> None:
    raw, headers = lines({"transcript_code": "x1"}), {"Idempotency-Key": secrets.token_urlsafe(16)}
    answers = await asyncio.gather(*(place.post(raw, **headers) for _ in range(6)))
    taken = [answer for answer in answers if answer.status_code in (200, 202)]
    assert {answer.status_code for answer in answers} <= {200, 202, 503}, "more than two files at once are told to wait"
    assert [answer.status_code for answer in taken].count(202) == 1
    assert await count(database_urls, "batch") == 1


async def test_nobody_else_sees_a_batch(place: Place) -> None:
    mine = await place.finished(lines({"transcript_code": place.primary["madinhdanhhocba"]}))
    unknown = mine["status_url"][:-4] + "0000"
    for path in ("", "/result", "/signature"):
        foreign, nowhere = await place.other.get(mine["status_url"] + path), await place.other.get(unknown + path)
        assert (foreign.status_code, codes_of(foreign)) == (404, [("batch-unknown", "")])
        assert {k: v for k, v in foreign.json().items() if k != "instance"} == {
            k: v for k, v in nowhere.json().items() if k != "instance"
        }
    assert (await place.other.delete(mine["status_url"])).status_code == 404
    assert (await place.office.get(mine["result_url"])).status_code == 200
    for odd in ("x", mine["batch_id"].upper(), mine["batch_id"].replace("-", ""), "%00"):
        assert (await place.office.get(f"{PATH}/{odd}")).status_code == 404


async def test_a_result_that_is_not_there_yet(place: Place) -> None:
    taken = (await place.post(lines({"transcript_code": "x1"}))).json()
    assert (taken["state"], taken["answered"], taken["result_url"]) == ("queued", 0, None)
    for path in ("/result", "/signature"):
        early = await place.office.get(taken["status_url"] + path)
        assert (early.status_code, codes_of(early)) == (409, [("batch-unfinished", "")])
        assert early.headers["retry-after"] == "5"


async def test_a_deleted_batch_leaves_nothing_but_the_questions(place: Place, database_urls: Urls) -> None:
    done = await place.finished(lines({"transcript_code": place.primary["madinhdanhhocba"]}))
    waiting = (await place.post(lines({"transcript_code": "x1"}))).json()
    for each in (done, waiting):
        assert (await place.office.delete(each["status_url"])).status_code == 204
        assert (await place.office.get(each["status_url"])).status_code == 404
        assert (await place.office.delete(each["status_url"])).status_code == 404
    tables = ("batch", "batch_question", "batch_answer", "batch_part", "question")
    assert [await count(database_urls, table) for table in tables] == [0, 0, 0, 0, 1]


async def test_so_many_may_wait(place: Place) -> None:
    for number in range(5):
        assert (await place.post(lines({"transcript_code": f"x{number}"}))).status_code == 202
    full = await place.post(lines({"transcript_code": "x6"}))
    assert (full.status_code, codes_of(full), full.headers["retry-after"]) == (429, [("batch-many", "")], "60")


async def test_numbers_are_nowhere_but_sealed(place: Place, database_urls: Urls, log_text: Any) -> None:
    number = place.primary["sodinhdanh"]
    raw = lines({"personal_number": number, "school_year": place.primary["namhoc"]})
    await place.post(raw)
    batch = await place.finished(raw)
    assert await place.result(batch)
    connection = await asyncpg.connect(database_urls.owner.replace("+asyncpg", ""))
    try:
        tables = ("batch", "batch_question", "batch_answer", "batch_part", "question", "pgqueuer_log", "pgqueuer")
        for table in tables:
            rows = await connection.fetch(f"SELECT t::text AS row FROM {table} t")
            plain = " ".join(row["row"] for row in rows)
            assert number not in plain, table
            assert number.encode().hex() not in plain, table
            assert hashlib.sha256(raw).hexdigest() not in plain, table
    finally:
        await connection.close()
    assert number not in log_text.getvalue()
    assert batch["batch_id"] in log_text.getvalue()


def of(result: Iterable[dict[str, Any]]) -> list[str | None]:
    return [each.get("error", {}).get("code") or each["answer"]["answer"] for each in result]


async def test_guessing_ends_the_batch_and_says_so(place: Place) -> None:
    code = place.primary["madinhdanhhocba"]
    questions = [{"transcript_code": code}] + [{"transcript_code": f"guess-{n}"} for n in range(15)]
    batch = await place.finished(lines(*questions))
    assert (batch["state"], batch["error"]["code"], batch["answered"]) == ("failed", "verification-enumeration", 11)
    result = of(await place.result(batch))
    assert result == ["genuine_current", *["not_known"] * 10, *["verification-enumeration"] * 5]
    paused = await place.post(lines({"transcript_code": code}))
    assert (paused.status_code, codes_of(paused)[0][0]) == (429, "verification-enumeration")
    single = await place.office.post("/v1/verifications", json={**WHY, "transcript_code": code})
    assert (single.status_code, codes_of(single)[0][0]) == (429, "verification-enumeration")


async def test_the_limits_of_single_questions_hold(place: Place) -> None:
    code, year = place.primary["madinhdanhhocba"], place.secondary["namhoc"]
    claim = {"pupil_code": place.secondary["mahocsinh"], "claim": "result_at_least", "school_year": year}
    raw = lines(*[{"transcript_code": code}] * 3, {**claim, "threshold": "K"}, {**claim, "threshold": "T"})
    taken = (await place.post(raw)).json()
    async with place.working(Limits(per_day=1000, per_pupil=2)):
        batch = await place.ended(taken)
    assert (batch["state"], batch["answered"]) == ("done", 5)
    result = await place.result(batch)
    said = [each.get("error", {}).get("code") or each.get("claim") or each["answer"]["answer"] for each in result]
    assert said == ["genuine_current", "genuine_current", "verification-pupil", "yes", "verification-threshold"]


async def test_the_limit_of_the_day_ends_the_batch(place: Place) -> None:
    code = place.primary["madinhdanhhocba"]
    taken = (await place.post(lines(*[{"transcript_code": code}] * 6))).json()
    async with place.working(Limits(per_day=4)):
        batch = await place.ended(taken)
    assert (batch["state"], batch["error"]["code"], batch["answered"]) == ("failed", "verification-day", 4)
    assert of(await place.result(batch)) == ["genuine_current"] * 4 + ["verification-day"] * 2


# --- sheets --------------------------------------------------------------------------------------------------------------

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def sheet(*rows: list[Any]) -> bytes:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"strings_to_formulas": False})
    page = book.add_worksheet()
    for number, row in enumerate(rows):
        page.write_row(number, 0, row)
    book.close()
    return buffer.getvalue()


HEADER = ["Mã học bạ", "Nội dung cần xem", "Mục đích", "Số hồ sơ"]


async def test_a_sheet_is_answered_as_a_sheet(place: Place) -> None:
    raw = sheet(HEADER, [place.primary["madinhdanhhocba"], "pupil_name, promoted", "admission", "=1+1"],
                ["nobody-has-it", "", "admission", "HS 2"])  # fmt: skip
    batch = await place.finished(raw, **{"Content-Type": XLSX})
    assert (batch["state"], batch["result_form"]) == ("done", "xlsx")
    answer = await place.office.get(batch["result_url"])
    assert answer.headers["content-type"] == XLSX
    assert answer.headers["content-disposition"].endswith('.xlsx"')
    page = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    assert page is not None
    rows = [[cell.value for cell in row] for row in page.iter_rows()]
    first, second = ({n: v for n, v in zip(rows[0], row, strict=True) if v is not None} for row in rows[1:])
    assert (first["Dòng"], first["Trả lời"], first["Số hồ sơ"]) == (2, "Thật, đang có hiệu lực", "=1+1")
    assert first["Họ và tên"] == place.primary["hovaten"]
    assert (second["Dòng"], second["Mã trả lời"], second["Mã học bạ"]) == (3, "not_known", "nobody-has-it")


async def test_a_sheet_may_be_answered_in_lines(place: Place) -> None:
    raw = sheet(HEADER, [place.primary["madinhdanhhocba"], "", "admission", "HS 1"])
    taken = await place.office.post(PATH + "?result=ndjson", content=raw, headers={"Content-Type": XLSX})
    async with place.working():
        batch = await place.ended(taken.json())
    assert [each["row"] for each in await place.result(batch)] == [2]


def bomb() -> bytes:
    buffer = io.BytesIO(sheet(HEADER))
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/zeros.bin", bytes(300_000_000))
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("make", "found"),
    [
        (lambda: b"", ("batch-file", "/rows/1")),
        (lambda: b"PK\x03\x04 and no more", ("batch-file", "")),
        (bomb, ("batch-file", "")),
        (lambda: sheet(HEADER), ("batch-size", "")),
        (lambda: sheet(HEADER, *[["x", "", "admission", "1"]] * 10_001), ("batch-size", "")),
        (lambda: sheet(["Mã học bạ", "Mục đích", "Điểm"]), ("batch-file", "/rows/1")),
        (lambda: sheet(HEADER, ["x", "", "admission", "1"], [5, "", "admission", "1"]), ("request-parameter", "/rows/3/transcript_code")),
        (lambda: sheet(HEADER, ["x", "", "curiosity", "1"]), ("access-purpose", "/rows/2/purpose")),
    ],
)  # fmt: skip
async def test_sheets_that_are_turned_away(
    place: Place, database_urls: Urls, make: Any, found: tuple[str, str]
) -> None:
    refused = await place.post(make(), **{"Content-Type": XLSX})
    assert (refused.status_code, codes_of(refused)[0]) == (400, found)
    assert await count(database_urls, "batch") == 0
