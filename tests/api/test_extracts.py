"""GET /v1/transcripts/{code}/extract.pdf: who gets one, what is written down, numbers without a gap, what the paper's code says."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from registry.core import codes
from registry.core.answer_keys import Use
from registry.core.callers import CallerKind, Scope
from registry.core.content import OF_PUPIL, ContentField
from registry.core.findings import Refusal
from registry.core.purposes import Purpose
from registry.formats import purposes as formats
from registry.formats import qr_text
from registry.services import answer_keys, callers, extracts
from registry.services.press import Press
from registry.storage import purposes as stored
from tests.api.conftest import key_of
from tests.formats.test_extract_pdf import holds
from tests.web.papers import CODE, DOCUMENT, Papers, papers

pytestmark = pytest.mark.anyio
__all__ = ["papers"]
PDF = f"/v1/transcripts/{CODE}/extract.pdf"
WHY = {"purpose": "admission-by-record", "reference": "TS10-2026-0001"}


async def test_own_school_and_offices_with_a_purpose(papers: Papers) -> None:
    await papers.submit()
    for caller, why in ((papers.mine, {}), (papers.operator, {}), (papers.office, WHY)):
        answer = await caller.get(PDF, params=why)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/pdf"
        assert answer.headers["cache-control"] == "no-store"
        assert await asyncio.to_thread(holds, answer.content, papers.registry.settings.paper_seal_path.read_bytes())
    refused = [
        (papers.office, {}, 403, "access-purpose"),
        (papers.office, {**WHY, "purpose": "curiosity"}, 403, "access-purpose"),
        (papers.office, {**WHY, "purpose": "admission"}, 403, "extract-purpose"),
        (papers.office, {"purpose": WHY["purpose"]}, 400, "request-parameter"),
        (papers.office, {**WHY, "reference": f"hs {DOCUMENT['sodinhdanh']}"}, 400, "request-parameter"),
        (papers.other, {}, 404, "record-unknown"),
    ]
    for caller, why, status, code in refused:
        answer = await caller.get(PDF, params=why)
        assert (answer.status_code, answer.json()["code"]) == (status, code), (why, answer.text)
        assert DOCUMENT["sodinhdanh"] not in answer.text


async def test_every_extract_can_be_traced(papers: Papers) -> None:
    await papers.submit()
    first = await papers.mine.get(PDF)
    second = await papers.office.get(PDF, params=WHY)
    listed = (await papers.mine.get(f"/v1/transcripts/{CODE}/extracts")).json()["extracts"]
    assert [each["caller"] for each in listed] == ["mine", "office"]
    assert [each["number"] for each in listed] == [a.headers["x-extract-number"] for a in (first, second)]
    assert [each["fingerprint"] for each in listed] == [hashlib.sha256(a.content).hexdigest() for a in (first, second)]
    assert (listed[1]["purpose"], listed[1]["reference"]) == (WHY["purpose"], WHY["reference"])
    asked = await papers.rows(
        "SELECT q.caller_id, q.kind FROM question q JOIN extract_issue i USING (question_id) ORDER BY number"
    )
    assert [tuple(row) for row in asked] == [("mine", "extract"), ("office", "extract")]
    assert (await papers.other.get(f"/v1/transcripts/{CODE}/extracts")).status_code == 404


def purpose(code: str, **more: Any) -> Purpose:
    return Purpose(code, datetime(2020, 1, 2, tzinfo=UTC), code, code, **more)


async def office_of(papers: Papers, *granted: str) -> httpx.AsyncClient:
    public = key_of("clerk").public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    new = callers.NewCaller("clerk", CallerKind.OFFICE, "clerk", frozenset({Scope.VERIFY}), frozenset({"admission-by-record", *granted}),
                            frozenset({"city:79"}), callers.read_public_key(public, "k1"))  # fmt: skip
    await callers.register(papers.registry.world, new, datetime.now(UTC) - timedelta(hours=1))
    client = papers.registry.client("clerk")
    return httpx.AsyncClient(
        base_url=papers.registry.base_url, headers={"Authorization": f"Bearer {await client.token()}"}, timeout=30
    )


async def test_which_purposes_give_a_whole_extract_is_data(papers: Papers) -> None:
    await papers.submit()
    grade = int(DOCUMENT["makhoi"])
    whole = {"extract": True, "fields": OF_PUPIL}
    rows = [
        purpose("grade-ten", grades=frozenset({grade}), **whole),
        purpose("wrong-grade", grades=frozenset({grade + 1}), **whole),
        purpose("no-paper", fields=OF_PUPIL),
        purpose("one-field", extract=True, fields=frozenset({ContentField.PUPIL_NAME})),
        purpose("over", closed=True, **whole),
    ]
    async with papers.registry.world.db.transaction() as tx:
        for row in rows:
            await stored.add(tx, (row.code, row.valid_from, formats.members(row)), datetime.now(UTC))
    async with await office_of(papers, *(row.code for row in rows)) as office:
        said = {}
        for row in rows:
            answer = await office.get(PDF, params={"purpose": row.code, "reference": "TS 1"})
            said[row.code] = (answer.status_code, answer.json()["code"] if answer.status_code != 200 else "")
            if row.code == "no-paper":
                assert answer.json()["errors"][0]["pointer"] == "/query/purpose"
                assert answer.json()["errors"][0]["detail"] == "one of: admission-by-record, grade-ten, wrong-grade"
    assert said == {
        "grade-ten": (200, ""),
        "wrong-grade": (404, "record-unknown"),
        "no-paper": (403, "extract-purpose"),
        "one-field": (403, "extract-purpose"),
        "over": (403, "access-purpose"),
    }
    assert len(await papers.rows("SELECT FROM extract_issue")) == 1


async def test_what_an_office_is_not_handed_is_written_down_too(papers: Papers) -> None:
    """A withdrawn record, and one of a grade that the purpose is not about: who tried stands in the pupil's list."""
    await papers.submit()
    other = purpose("other-grade", extract=True, fields=OF_PUPIL, grades=frozenset({int(DOCUMENT["makhoi"]) + 1}))
    async with papers.registry.world.db.transaction() as tx:
        await stored.add(tx, (other.code, other.valid_from, formats.members(other)), datetime.now(UTC))
    async with await office_of(papers, other.code) as office:
        answer = await office.get(PDF, params={**WHY, "purpose": other.code})
        assert (answer.status_code, answer.json()["code"]) == (404, "record-unknown")
    await papers.withdraw(1)
    for caller, why in ((papers.office, WHY), (papers.mine, {})):
        answer = await caller.get(PDF, params=why)
        assert (answer.status_code, answer.json()["code"]) == (409, "extract-not-in-force")
    seen = (await papers.mine.get(f"/v1/pupils/{DOCUMENT['mahocsinh']}/views")).json()["views"]
    tried = [(each["caller_id"], each["purpose"], each["answer"]) for each in seen if each["kind"] == "extract"]
    assert tried == [
        ("mine", "own_school", "genuine_withdrawn"),
        ("office", WHY["purpose"], "genuine_withdrawn"),
        ("clerk", other.code, "not_known"),
    ]
    assert not await papers.rows("SELECT FROM extract_issue")


async def test_an_extract_is_asked_about_by_its_bytes(papers: Papers) -> None:
    """The file itself leads to the version it shows, whatever became of it; with one changed byte it is nobody's."""
    await papers.submit()
    handed = await papers.mine.get(PDF)

    async def ask(pdf: bytes) -> dict[str, Any]:
        body = {**WHY, "document": base64.b64encode(pdf).decode()}
        answer = await papers.office.post("/v1/verifications", json=body)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    said = await ask(handed.content)
    assert (said["answer"], said["version"], said["extract"]) == (
        "genuine_current",
        1,
        handed.headers["x-extract-number"],
    )
    await papers.submit(2)
    assert ((await ask(handed.content))["answer"], said["replaced_by"]) == ("genuine_superseded", None)
    for altered in (handed.content + b"\n", handed.content.replace(b"%PDF-1.7", b"%PDF-1.6", 1)):
        assert altered != handed.content
        assert (await ask(altered))["answer"] == "not_known"
    by_hash = {**WHY, "sha256": hashlib.sha256(handed.content).hexdigest()}
    assert (await papers.office.post("/v1/verifications", json=by_hash)).json()["replaced_by"] == 2


async def alarms(papers: Papers) -> float:
    lines = (await papers.anybody.get("/metrics")).text.splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith("registry_verification_enumeration_total"))


async def test_an_office_that_guesses_codes_is_stopped(papers: Papers) -> None:
    await papers.submit()
    before = await alarms(papers)
    said = []
    for number in range(11):
        answer = await papers.office.get(f"/v1/transcripts/guess-{number}/extract.pdf", params=WHY)
        said.append((answer.status_code, answer.json()["code"]))
    assert said == [(404, "record-unknown")] * 10 + [(429, "verification-enumeration")]
    answer = await papers.office.get(PDF, params=WHY)
    assert (answer.status_code, answer.json()["code"]) == (429, "verification-enumeration")
    assert int(answer.headers["retry-after"]) > 0
    told = await papers.rows("SELECT answer FROM question WHERE caller_id = 'office' AND kind = 'extract'")
    assert [row["answer"] for row in told] == ["not_known"] * 10
    assert await alarms(papers) == before + 1


async def test_a_text_that_no_font_has_makes_a_paper_all_the_same(papers: Papers) -> None:
    await papers.submit(document={**DOCUMENT, "nxetgvcn": "Giỏi 😀 漢"})
    answer = await papers.mine.get(PDF)
    assert answer.status_code == 200, answer.text


async def test_a_paper_that_is_not_made_keeps_its_number(papers: Papers, caplog: pytest.LogCaptureFixture) -> None:
    await papers.submit()
    world, settings = papers.registry.world, papers.registry.settings
    assert (await papers.mine.get(PDF)).headers["x-extract-number"].endswith("/000001")
    files = answer_keys.Files(settings.answer_keys_path, settings.paper_key_path)
    signer = answer_keys.Signer(files, settings.issuer, timedelta(hours=1))
    press = Press.of(settings.paper_seal_path.read_bytes(), None, signer, "http://registry.test")
    mine = (await world.known()).callers["mine"]
    press.seconds = 0.0001
    with pytest.raises(Refusal) as late:
        await extracts.issue(world, press, mine, CODE, extracts.Why("mine", "own_school", ""), datetime.now(UTC))
    assert (late.value.code, late.value.retry_after) == (codes.SERVICE_BUSY, 30)
    press.seconds = 20
    press.close()  # its threads are gone
    with pytest.raises(Refusal) as broken:
        await extracts.issue(world, press, mine, CODE, extracts.Why("mine", "own_school", ""), datetime.now(UTC))
    year = datetime.now(timezone(timedelta(hours=7))).year
    assert broken.value.code == codes.EXTRACT_NOT_MADE
    assert [found.detail for found in broken.value.findings] == [f"number {year}/000003"]
    assert (await papers.mine.get(PDF)).headers["x-extract-number"] == f"{year}/000004"
    listed = (await papers.mine.get(f"/v1/transcripts/{CODE}/extracts")).json()["extracts"]
    assert [bool(each["fingerprint"]) for each in listed] == [True, False, False, True]
    for number in ("000002", "000003"):
        assert f"extract {year}/{number} was numbered and not made" in caplog.text
    assert DOCUMENT["hovaten"] not in caplog.text


async def test_numbers_have_no_gap_and_no_double(papers: Papers) -> None:
    await papers.submit()
    answers = await asyncio.gather(*(papers.mine.get(PDF) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    numbers = [int(answer.headers["x-extract-number"].partition("/")[2]) for answer in answers]
    assert sorted(numbers) == list(range(1, 21))


async def test_the_code_on_the_paper_tells_what_became_of_it(papers: Papers) -> None:
    await papers.submit(1)
    assert (await papers.mine.get(PDF)).status_code == 200
    code = await papers.public_code(1)
    await papers.submit(2)
    assert "Đã có phiên bản thay thế" in (await papers.anybody.get(f"/v/{code}")).text
    await papers.withdraw(2)
    assert "Đã bị thu hồi" in (await papers.anybody.get(f"/v/{code}")).text
    answer = await papers.mine.get(PDF)
    assert (answer.status_code, answer.json()["code"]) == (409, "extract-not-in-force")
    assert (await papers.rows("SELECT count(*) AS n FROM extract_issue"))[0]["n"] == 1


async def test_the_public_keys_are_there_for_anybody(papers: Papers) -> None:
    [key] = (await papers.anybody.get("/.well-known/extract-keys.json")).json()["keys"]
    assert (key["kty"], key["crv"], key["alg"]) == ("EC", "P-256", "ES256")
    assert "d" not in key
    every = (await papers.anybody.get("/.well-known/jwks.json")).json()["keys"]
    assert [each["purpose"] for each in every] == ["answer", "paper"]
    assert every[1] == key


async def test_papers_before_and_after_a_rotation_are_checked_with_the_published_keys(papers: Papers) -> None:
    await papers.submit(1)
    address, settings = f"/v1/transcripts/{CODE}/public-code", papers.registry.settings
    before = (await papers.mine.get(address)).json()["qr_text"]
    files = answer_keys.Files(settings.answer_keys_path, settings.paper_key_path)
    now = datetime.now(UTC) + timedelta(seconds=1)
    await answer_keys.rotate(papers.registry.world, files, now, now, Use.PAPER)
    await asyncio.sleep(2.1)  # the register is at most a second behind
    after = (await papers.mine.get(address)).json()["qr_text"]
    published = (await papers.anybody.get("/.well-known/extract-keys.json")).content
    keys = answer_keys.read_key_set(published, Use.PAPER)
    assert len(keys) == 2
    assert qr_text.check(before, keys) == qr_text.check(after, keys)
    assert before.split(".")[-4] != after.split(".")[-4], "the key's id"
