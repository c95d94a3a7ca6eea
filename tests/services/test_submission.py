"""What becomes of a submission: on a real database, with real signatures, and with others writing at the same time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from registry.core import codes
from registry.core.findings import Outcome, Refusal
from registry.demo import transcripts
from registry.services import judging, submission, trust
from registry.services.world import World
from registry.storage import generation
from registry.storage.database import Database
from tests.small_city import NOW, PRIMARY, SECONDARY, SmallCity, settle, small_city, vendor

pytestmark = pytest.mark.anyio
LATER = NOW + timedelta(hours=1)
MINE = vendor(PRIMARY, SECONDARY)
OTHER = vendor(caller_id="vendor-b")  # competes with MINE and has no school at all
TABLES = ("submission", "verdict", "document", "record", "record_version", "pupil", "pupil_number", "pupil_code",
          "transcript_code", "waiting")  # fmt: skip
NOTHING = dict.fromkeys(TABLES, 0)
#: What one accepted transcript leaves behind.
ONE = dict.fromkeys(TABLES, 1) | {"waiting": 0}


@pytest.fixture(scope="session")
def city() -> SmallCity:
    return small_city()


@pytest.fixture
async def settled(world: World, city: SmallCity) -> World:
    await settle(world, city, MINE, OTHER)
    return world


async def counts(world: World) -> dict[str, int]:
    async with world.db.hot_transaction() as tx:
        return {table: int(await tx.fetchval(f"SELECT count(*) FROM {table}")) for table in TABLES}


async def send(world: World, raw: bytes, caller: Any = MINE, now: Any = NOW) -> submission.Answer:
    return await submission.submit(world, caller, raw, judging.JOSE, now)


def slugs(answer: submission.Answer) -> list[str]:
    return [finding.code.slug for finding in answer.findings]


async def test_a_genuine_transcript_is_accepted_with_a_receipt(settled: World, city: SmallCity) -> None:
    document = city.document()
    answer = await send(settled, city.signed(document))
    assert (answer.outcome, answer.findings, answer.repeated) == (Outcome.ACCEPTED, (), False)
    assert answer.receipt is not None
    assert answer.receipt.transcript_code == document["madinhdanhhocba"]
    assert (answer.receipt.version, answer.receipt.school_code, answer.receipt.accepted_at) == (1, PRIMARY.code, NOW)
    assert await counts(settled) == ONE
    state = await submission.state(settled, MINE, answer.submission_id)
    assert (state.outcome, state.receipt) == ("accepted", answer.receipt)


async def test_the_received_bytes_come_back_untouched_and_lie_sealed(settled: World, city: SmallCity) -> None:
    raw = city.signed()
    answer = await send(settled, raw)
    assert answer.receipt is not None
    async with settled.db.hot_transaction() as tx:
        sealed = await tx.fetchval("SELECT sealed FROM document")
        number = await tx.fetchval("SELECT number_sealed FROM pupil_number")
    assert settled.sealer.open_document(sealed, answer.receipt.fingerprint) == raw
    document = city.document()
    assert document["hovaten"].encode() not in sealed
    assert document["sodinhdanh"].encode() not in number


async def test_the_same_bytes_get_the_same_receipt(settled: World, city: SmallCity) -> None:
    raw = city.signed()
    first, second = await send(settled, raw), await send(settled, raw, now=LATER)
    assert second.repeated
    assert second.receipt == first.receipt
    assert second.submission_id != first.submission_id
    assert await counts(settled) == ONE | {"submission": 2, "verdict": 2}


async def test_fifty_at_once_leave_one_record_and_one_receipt(
    settled: World, city: SmallCity, database_urls: Any, sealer: Any
) -> None:
    raw = city.signed()
    others = [World.of(Database(database_urls.service), sealer) for _ in range(2)]
    try:
        worlds = [settled, *others]
        answers = await asyncio.gather(*(send(worlds[turn % 3], raw) for turn in range(50)))
    finally:
        for other in others:
            other.judges.close()
            await other.db.close()
    assert {answer.outcome for answer in answers} == {Outcome.ACCEPTED}
    assert len({answer.receipt for answer in answers}) == 1
    assert sum(not answer.repeated for answer in answers) == 1
    assert await counts(settled) == ONE | {"submission": 50, "verdict": 50}


async def test_twenty_pupils_at_once_and_twice_each(settled: World, city: SmallCity) -> None:
    sent = [city.signed(city.document(PRIMARY, seed)) for seed in range(20)]
    answers = await asyncio.gather(*(send(settled, raw) for raw in sent * 2))
    assert len({answer.receipt for answer in answers}) == 20
    found = await counts(settled)
    assert {found[name] for name in ("record", "pupil", "document", "pupil_number")} == {20}


async def test_repeated_by_another_vendor_it_is_no_receipt(settled: World, city: SmallCity) -> None:
    raw = city.signed()
    await send(settled, raw)
    stolen, unknown = await send(settled, raw, OTHER), await send(settled, city.signed(city.document(seed=5)), OTHER)
    assert stolen.receipt is None
    assert slugs(stolen) == slugs(unknown) == ["scope-school"]
    assert (await counts(settled))["record"] == 1


async def test_only_the_sender_and_an_operator_see_a_submission(settled: World, city: SmallCity) -> None:
    answer = await send(settled, city.signed())
    with pytest.raises(Refusal) as refused:
        await submission.state(settled, OTHER, answer.submission_id)
    assert refused.value.code is codes.SUBMISSION_UNKNOWN


async def test_refused_leaves_the_journal_and_nothing_else(settled: World, city: SmallCity) -> None:
    document = city.document() | {"ghichu": "x", "sodinhdanh": "000000000000"}
    answer = await send(settled, city.signed(document))
    assert answer.outcome is Outcome.REFUSED
    assert {"field-unknown", "number-place"} <= set(slugs(answer))
    assert await counts(settled) == NOTHING | {"submission": 1, "verdict": 1}
    state = await submission.state(settled, MINE, answer.submission_id)
    assert [row["code"] for row in state.findings] == slugs(answer)
    assert document["sodinhdanh"] not in json.dumps(state.findings)


async def test_two_versions_make_one_record(settled: World, city: SmallCity) -> None:
    document = city.document()
    newer = transcripts.revised(document, 2)
    second, first = await send(settled, city.signed(newer)), await send(settled, city.signed(document), now=LATER)
    assert first.receipt is not None
    assert second.receipt is not None
    assert first.receipt.record_id == second.receipt.record_id
    async with settled.db.hot_transaction() as tx:
        assert await tx.fetchval("SELECT current_version FROM record") == 2


@pytest.mark.parametrize(
    ("roles", "codes"),
    [((1, 2), []), ((0, 1, 2), []), ((0, 1), ["signer-role-missing"]), ((2,), ["signer-role-missing"])],
)
async def test_an_extract_from_paper_needs_principal_and_seal(
    settled: World, city: SmallCity, roles: tuple[int, ...], codes: list[str]
) -> None:
    """A year long before the circulars in force: history, with checks of shape alone."""
    document = {**city.document(), "trichluc": True, "thongtu": "30/2014", "namhoc": "2015-2016"}
    signers = city.signers_of(PRIMARY)
    answer = await send(settled, city.signed(document, by=[signers[role] for role in roles]))
    assert slugs(answer) == codes
    original = {**city.document(seed=2)}
    without_teacher = await send(settled, city.signed(original, by=signers[1:]))
    assert slugs(without_teacher) == ["signer-role-missing"]


async def test_a_foreign_pupil_is_known_by_nationality_and_entry_document(settled: World, city: SmallCity) -> None:
    document = {**city.document(), "quoctich": "KR", "sogiaytoxnc": "M1234567", "sodinhdanh": ""}
    newer = transcripts.revised(document, 2)
    other = {**city.document(seed=2), "quoctich": "JP", "sogiaytoxnc": "M1234567", "sodinhdanh": ""}
    for sent in (document, newer, other):
        assert slugs(await send(settled, city.signed(sent))) == []
    clash = {**city.document(seed=3), "quoctich": "KR", "sogiaytoxnc": "M1234567", "sodinhdanh": ""}
    assert slugs(await send(settled, city.signed(clash))) == ["record-decision"]
    async with settled.db.hot_transaction() as tx:
        rows = await tx.fetch("SELECT current_version FROM record ORDER BY 1")
        assert [row[0] for row in rows] == [1, 2]
        assert await tx.fetchval("SELECT count(*) FROM pupil_document") == 2
        assert await tx.fetchval("SELECT count(*) FROM pupil_number") == 0


@pytest.mark.parametrize(
    ("change", "outcome", "code", "pointer"),
    [
        ({"hovaten": "Tên Khác"}, Outcome.REFUSED, "record-version", "/phienbanthongtinhocba"),
        (
            {"madinhdanhhocba": "0b5d2a34-6a5c-4a63-9a44-0f5b1a4e7f01"},
            Outcome.REFUSED,
            "record-code",
            "/madinhdanhhocba",
        ),
        ({"mahocsinh": "7700000001"}, Outcome.HELD, "record-decision", ""),
    ],
)
async def test_conflicts_with_the_record_held(
    settled: World, city: SmallCity, change: Mapping[str, Any], outcome: Outcome, code: str, pointer: str
) -> None:
    document = city.document()
    await send(settled, city.signed(document))
    answer = await send(settled, city.signed({**document, **change}))
    assert answer.outcome is outcome
    assert [(finding.code.slug, finding.pointer) for finding in answer.findings] == [(code, pointer)]
    assert (await counts(settled))["record_version"] == 1


async def test_held_without_a_revocation_list_then_accepted_by_itself(world: World, city: SmallCity) -> None:
    await settle(world, city, MINE, lists=False)
    raw = city.signed()
    held = await send(world, raw)
    assert held.outcome is Outcome.HELD
    assert set(slugs(held)) == {"revocation-unknown"}
    assert await counts(world) == NOTHING | {"submission": 1, "verdict": 1, "document": 1, "waiting": 1}
    assert await submission.waiting(world, 10) == []  # nothing is known now that was not known then
    await _import_lists(world, city)
    await asyncio.sleep(1.1)  # a register in memory is at most a second behind
    assert await submission.waiting(world, 10) == [held.submission_id]
    judged = await submission.rejudge(world, held.submission_id, LATER)
    assert judged is not None
    assert judged.outcome is Outcome.ACCEPTED
    assert await counts(world) == ONE | {"verdict": 2}
    state = await submission.state(world, MINE, held.submission_id)
    assert state.receipt == judged.receipt
    assert await submission.rejudge(world, held.submission_id, LATER) is None


async def test_held_twice_is_one_wait_and_both_end(world: World, city: SmallCity) -> None:
    await settle(world, city, MINE, lists=False)
    raw = city.signed()
    first, second = await send(world, raw), await send(world, raw, now=NOW + timedelta(minutes=1))
    assert (await counts(world))["waiting"] == 1
    await _import_lists(world, city)
    await submission.rejudge(world, first.submission_id, LATER)
    states = [await submission.state(world, MINE, answer.submission_id) for answer in (first, second)]
    assert [state.outcome for state in states] == ["accepted", "accepted"]


async def test_held_and_sent_again_after_the_list_came(world: World, city: SmallCity) -> None:
    await settle(world, city, MINE, lists=False)
    raw = city.signed()
    held = await send(world, raw)
    await _import_lists(world, city)
    again = await send(world, raw, now=LATER)
    assert again.outcome is Outcome.ACCEPTED
    assert (await counts(world))["waiting"] == 0
    assert (await submission.state(world, MINE, held.submission_id)).outcome == "accepted"


async def test_held_and_refused_on_better_knowledge(world: World, city: SmallCity) -> None:
    """The vendor lost the school while the document waited."""
    await settle(world, city, MINE, lists=False)
    held = await send(world, city.signed())
    await _import_lists(world, city)
    async with world.db.hot_transaction() as tx:
        await tx.execute("UPDATE caller_unit SET closed_at = now()")
        await tx.execute("UPDATE generation SET value = value + 1")
    judged = await submission.rejudge(world, held.submission_id, LATER)
    assert judged is not None
    assert (judged.outcome, slugs(judged)) == (Outcome.REFUSED, ["scope-school"])
    assert (await counts(world))["waiting"] == 0
    assert (await counts(world))["record"] == 0


async def test_a_register_that_moves_meanwhile_is_noticed(settled: World, city: SmallCity) -> None:
    """The verdict rests on a generation that is gone when it is written: it is judged again, on the new one."""
    await settled.known()
    async with (
        settled.db.hot_transaction() as tx
    ):  # another process closes the vendor's school; this one has not looked
        await tx.execute("UPDATE caller_unit SET closed_at = now() WHERE caller_id = $1", MINE.caller_id)
        await tx.execute("UPDATE generation SET value = value + 1")
    answer = await send(settled, city.signed())
    assert slugs(answer) == ["scope-school"]
    assert (await counts(settled))["record"] == 0


async def test_a_register_that_never_rests_means_busy(settled: World, city: SmallCity) -> None:
    moving = asyncio.create_task(_keep_moving(settled))
    try:
        results = await asyncio.gather(*(send(settled, city.signed(city.document(seed=s))) for s in range(5)),
                                       return_exceptions=True)  # fmt: skip
    finally:
        moving.cancel()
    for result in results:
        if isinstance(result, Refusal):
            assert result.code is codes.SERVICE_BUSY
        else:
            assert not isinstance(result, BaseException)
            assert result.outcome is Outcome.ACCEPTED


async def test_the_caller_closed_meanwhile_is_turned_away(settled: World, city: SmallCity) -> None:
    stranger = replace(MINE, caller_id="vendor-nobody")
    with pytest.raises(Refusal) as refused:
        await send(settled, city.signed(), stranger)
    assert refused.value.code is codes.ACCESS_TOKEN


async def test_the_service_role_can_neither_delete_nor_rewrite(settled: World, city: SmallCity) -> None:
    await send(settled, city.signed())
    for statement in ("DELETE FROM record_version", "UPDATE document SET sealed = ''", "DELETE FROM submission",
                      "UPDATE verdict SET outcome = 'accepted'", "TRUNCATE document", "DROP TABLE document"):  # fmt: skip
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with settled.db.hot_transaction() as tx:
                await tx.execute(statement)
    assert await counts(settled) == ONE


async def test_a_payload_that_is_no_transcript_is_journaled(settled: World, city: SmallCity) -> None:
    answer = await send(settled, city.signed_bytes(b"[1]", city.signers_of(PRIMARY)))
    assert slugs(answer)[-1] == "field-type"
    assert await counts(settled) == NOTHING | {"submission": 1, "verdict": 1}


async def test_signed_bytes_are_kept_in_their_own_spelling(settled: World, city: SmallCity) -> None:
    """White space and member order of the payload are the signers' own; nothing is written anew."""
    document = city.document()
    payload = json.dumps(document, ensure_ascii=False, indent=3, sort_keys=True).encode()
    assert payload != transcripts.to_bytes(document)
    raw = city.signed_bytes(payload, city.signers_of(PRIMARY), document)
    answer = await send(settled, raw)
    assert answer.receipt is not None
    async with settled.db.hot_transaction() as tx:
        sealed = await tx.fetchval("SELECT sealed FROM document")
    assert settled.sealer.open_document(sealed, answer.receipt.fingerprint) == raw


async def _import_lists(world: World, city: SmallCity) -> None:
    lists = {name: raw for name, raw in city.files.items() if name.startswith("crls/")}
    assert not (await trust.import_files(world, lists, NOW)).problems


async def _keep_moving(world: World) -> None:
    while True:
        async with world.db.transaction() as tx:
            await generation.move(tx)
        await asyncio.sleep(0)
