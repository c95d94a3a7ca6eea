"""Versions and withdrawals: every order of arrival ends in the same state, and only principal or seal may withdraw."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from itertools import count
from typing import Any

import asyncpg
import pytest

from registry.core import ids
from registry.core.findings import Outcome, Refusal
from registry.core.trust import Role
from registry.demo import transcripts
from registry.demo.signers import DemoSigner
from registry.services import approvals, checking, evidence, judging, submission
from registry.services.world import World
from tests.conftest import Urls
from tests.small_city import NOW, PRIMARY, SECONDARY, SmallCity, settle, small_city, vendor

pytestmark = pytest.mark.anyio
MINE = vendor(PRIMARY, SECONDARY)
OTHER = vendor(PRIMARY, SECONDARY, caller_id="vendor-b")
ELSEWHERE = vendor(SECONDARY, caller_id="vendor-c")
_ARRIVED = (
    "submission, verdict, waiting, document, record, record_version, withdrawal, transcript_code, pupil, pupil_number,"
    " pupil_code, pupil_document, change_queue, change"
)
_LATER = count(1)  # no two verdicts of a submission are of one moment
CITY: SmallCity = small_city()
TEACHER, PRINCIPAL, SEAL = CITY.signers_of(PRIMARY)


@pytest.fixture
async def settled(world: World) -> World:
    await settle(world, small_city(), MINE, OTHER)
    return world


def version(number: int, seed: int = 1) -> bytes:
    document = transcripts.revised(CITY.document(PRIMARY, seed), number)
    return CITY.signed(document)


def statement(number: int = 1, by: tuple[DemoSigner, ...] = (PRINCIPAL, SEAL), **changes: Any) -> bytes:
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
    payload = json.dumps({k: v for k, v in (said | changes).items() if v is not None}, ensure_ascii=False)
    return CITY.signed_bytes(payload.encode(), by)


async def send(world: World, raw: bytes) -> submission.Answer:
    return await submission.submit(world, MINE, raw, judging.JOSE, NOW)


async def withdraw(world: World, raw: bytes, caller: Any = MINE) -> submission.Answer:
    return await submission.withdraw(world, caller, raw, judging.JOSE, NOW)


async def rejudge_all(world: World) -> None:
    world = World.of(world.db, world.sealer)  # which has not seen the register before
    while found := await submission.waiting(world, 100):
        for submission_id in found:
            await submission.rejudge(world, submission_id, NOW + timedelta(seconds=next(_LATER)))


async def standing(world: World) -> list[tuple[int, int]]:
    async with world.db.hot() as tx:
        rows = await tx.fetch("SELECT current_version, withdrawn_version FROM record")
    return [(row[0], row[1]) for row in rows]


def slugs(answer: submission.Answer) -> list[str]:
    return [finding.code.slug for finding in answer.findings]


@pytest.mark.parametrize("by", [(PRINCIPAL, SEAL), (PRINCIPAL,), (SEAL,)])
async def test_principal_or_seal_withdraws(settled: World, by: tuple[DemoSigner, ...]) -> None:
    await send(settled, version(1))
    answer = await withdraw(settled, statement(1, by))
    assert (answer.outcome, slugs(answer)) == (Outcome.ACCEPTED, [])
    assert answer.receipt is not None
    assert await standing(settled) == [(1, 1)]
    again = await withdraw(settled, statement(1, by))
    assert (again.outcome, slugs(again)) == (Outcome.REFUSED, ["withdrawal-version"])  # other bytes: PSS is random


@pytest.mark.parametrize(
    ("raw", "codes"),
    [
        (statement(by=(TEACHER,)), {"signer-role-order", "signer-role-missing"}),
        (statement(by=(TEACHER, SEAL)), {"signer-role-order"}),
        (statement(by=(SEAL, PRINCIPAL)), {"signer-role-order"}),
        (statement(by=(SEAL, SEAL)), {"signature-repeated", "signer-role-order"}),
        (statement(by=(CITY.signers_of(SECONDARY)[2],)), {"signer-school"}),
        (statement(loai="hocba"), {"field-format"}),
        (statement(loai=None), {"field-missing"}),
        (statement(lydothuhoi=""), {"field-empty"}),
        (statement(lydothuhoi="x" * 501), {"field-length"}),
        (statement(phienbanthongtinhocba="0"), {"field-format"}),
        (statement(them="x"), {"field-unknown"}),
        (statement(namhoc="2022-2023"), {"withdrawal-record"}),
        (statement(macaphoc="03"), {"withdrawal-record"}),
        (statement(matruong=SECONDARY.code), {"signer-school"}),
        (statement(matruong="79771508"), {"signer-school", "scope-school"}),
        (version(1), {"field-missing", "field-unknown", "signer-role-order"}),
    ],
)
async def test_a_wrong_statement_is_refused_with_its_codes(settled: World, raw: bytes, codes: set[str]) -> None:
    await send(settled, version(1))
    answer = await withdraw(settled, raw)
    assert (answer.outcome, set(slugs(answer))) == (Outcome.REFUSED, codes)
    assert await standing(settled) == [(1, 0)]


async def test_a_withdrawal_is_no_transcript(settled: World) -> None:
    answer = await send(settled, statement())
    assert answer.outcome is Outcome.REFUSED


async def test_the_same_bytes_again_give_the_same_receipt(settled: World) -> None:
    await send(settled, version(1))
    raw = statement()
    first, second = await withdraw(settled, raw), await withdraw(settled, raw)
    assert first.receipt == second.receipt
    assert second.repeated
    many = await asyncio.gather(*(withdraw(settled, raw) for _ in range(8)))
    assert {each.receipt for each in many} == {first.receipt}


async def test_a_withdrawal_waits_for_its_version(settled: World) -> None:
    await send(settled, version(1))
    early = await withdraw(settled, statement(2))
    assert (early.outcome, slugs(early)) == (Outcome.HELD, ["withdrawal-unknown"])
    await rejudge_all(settled)
    assert await standing(settled) == [(1, 0)]
    await send(settled, version(2))
    await rejudge_all(settled)
    assert await standing(settled) == [(2, 2)]
    state = await submission.state(settled, MINE, early.submission_id)
    assert (state.outcome, state.kind) == ("accepted", "withdrawal")
    assert state.receipt is not None
    assert state.receipt.version == 2


async def test_a_new_version_counts_after_a_withdrawal(settled: World) -> None:
    await send(settled, version(1))
    await withdraw(settled, statement(1))
    await send(settled, version(2))
    assert await standing(settled) == [(2, 1)]


async def test_all_at_once_end_in_the_same_state(settled: World, database_urls: Urls) -> None:
    raws = [version(number) for number in (1, 2, 3, 5)]
    repeated, taken_back = raws[2], statement(2)
    for _ in range(10):
        jobs = [send(settled, raw) for raw in (*raws, repeated)]
        answers = await asyncio.gather(*jobs, withdraw(settled, taken_back))
        assert all(answer.outcome is not Outcome.REFUSED for answer in answers)
        await rejudge_all(settled)
        assert await standing(settled) == [(5, 2)]
        await wipe(database_urls.owner)


async def wipe(owner: str) -> None:
    """Forget every record, as if nothing had arrived (the owner may; the service can't)."""
    connection = await asyncpg.connect(dsn=owner.replace("+asyncpg", ""))
    await connection.execute(f"TRUNCATE {_ARRIVED} CASCADE")
    await connection.close()


async def test_a_frozen_year_asks_the_city(settled: World) -> None:
    await send(settled, version(1))
    year = ids.SchoolYear.parse(CITY.document()["namhoc"])
    assert year is not None
    await approvals.freeze(settled, None, year, "Đã duyệt năm học", NOW)
    held = [await send(settled, version(2)), await withdraw(settled, statement(1))]
    assert [slugs(each) for each in held] == [["version-approval"]] * 2
    await rejudge_all(settled)
    assert await standing(settled) == [(1, 0)]
    pending = sorted(await approvals.pending(settled), key=lambda change: change.kind)
    assert [each.kind for each in pending] == ["transcript", "withdrawal"]
    assert await approvals.pending(settled, ELSEWHERE) == []
    with pytest.raises(Refusal) as elsewhere:
        await approvals.decide(settled, ELSEWHERE, pending[0].submission_id, True, "đúng", NOW)
    assert elsewhere.value.code.slug == "approval-unknown"
    with pytest.raises(Refusal) as own:
        await approvals.decide(settled, MINE, pending[0].submission_id, True, "tự duyệt", NOW)
    assert own.value.code.slug == "approval-four-eyes"
    await approvals.decide(settled, OTHER, pending[0].submission_id, True, "đúng", NOW)
    with pytest.raises(Refusal) as twice:
        await approvals.decide(settled, OTHER, pending[0].submission_id, False, "đổi ý", NOW)
    assert twice.value.code.slug == "approval-decided"
    await approvals.decide(settled, None, pending[1].submission_id, False, "không đủ căn cứ", NOW)
    await rejudge_all(settled)
    assert await standing(settled) == [(2, 0)]
    state = await submission.state(settled, MINE, held[1].submission_id)
    assert (state.outcome, [row["code"] for row in state.findings]) == ("refused", ["version-not-approved"])
    with pytest.raises(Refusal) as gone:
        await approvals.decide(settled, None, pending[1].submission_id, True, "x", NOW)
    assert gone.value.code.slug == "approval-unknown"
    with pytest.raises(Refusal) as again:
        await approvals.freeze(settled, None, year, "lần nữa", NOW)
    assert again.value.code.slug == "year-frozen"


async def test_a_first_version_needs_no_approval_in_a_frozen_year(settled: World) -> None:
    year = ids.SchoolYear.parse(CITY.document()["namhoc"])
    assert year is not None
    await approvals.freeze(settled, None, year, "Đã duyệt năm học", NOW)
    assert (await send(settled, version(1))).outcome is Outcome.ACCEPTED


async def test_approval_can_be_asked_for_in_every_year(settled: World) -> None:
    await send(settled, version(1))
    await approvals.require(settled, approvals.Kind.CORRECTION, True, NOW - timedelta(days=1))
    assert slugs(await send(settled, version(2))) == ["version-approval"]
    assert (await withdraw(settled, statement(1))).outcome is Outcome.ACCEPTED
    await approvals.require(settled, approvals.Kind.CORRECTION, False, NOW - timedelta(hours=1))
    await rejudge_all(settled)
    assert await standing(settled) == [(2, 1)]


async def test_the_principals_certificate_of_another_role_does_not_do(settled: World) -> None:
    """The role counts as registered, whatever the certificate says of itself."""
    assert TEACHER.role is Role.TEACHER
    await send(settled, version(1))
    answer = await withdraw(settled, statement(1, (PRINCIPAL, TEACHER)))
    assert "signer-role-order" in slugs(answer)


async def test_the_evidence_of_a_withdrawal_gives_the_same_verdict(settled: World) -> None:
    await send(settled, version(1))
    accepted, early = await withdraw(settled, statement(1)), await withdraw(settled, statement(4))
    for answer in (accepted, early):
        opened = checking.reopen(await evidence.archive(settled, answer.submission_id))
        assert not isinstance(opened, str)
        assert opened.manifest.kind == "withdrawal"
        assert opened.manifest.reproduced
        assert opened.document is not None
        verdict = opened.judge(opened.document)
        assert (verdict.outcome, verdict.findings) == (answer.outcome, answer.findings)
