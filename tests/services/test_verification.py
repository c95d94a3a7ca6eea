"""Each kind of question x each answer, on a real database; the question is always written down first."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from registry.core import codes, ids
from registry.core.callers import Caller, CallerKind, Scope
from registry.core.findings import Outcome, Refusal
from registry.core.ids import Level, SchoolYear
from registry.core.verification import Answer, ByCode, ByDocument, ByNumber, Question
from registry.demo import transcripts
from registry.services import judging, submission, verification
from registry.services.world import World
from tests.conftest import Urls
from tests.small_city import NOW, PRIMARY, PRIVATE, SECONDARY, SmallCity, settle, small_city, vendor

pytestmark = pytest.mark.anyio
VENDOR = vendor(PRIMARY, SECONDARY)
YEAR = SchoolYear(2023)
NOBODYS = "0b5d2a34-6a5c-4a63-9a44-0f5b1a4e7f01"


def office(*schools: str) -> Caller:
    return Caller(
        "office", CallerKind.OFFICE, "Office", frozenset({Scope.VERIFY}), frozenset({"admission"}), frozenset(),
        frozenset(schools), {},
    )  # fmt: skip


EVERYWHERE, ELSEWHERE = office(PRIMARY.code, SECONDARY.code), office(PRIVATE.code)


@pytest.fixture(scope="session")
def city() -> SmallCity:
    return small_city()


@pytest.fixture
async def settled(world: World, city: SmallCity) -> World:
    await settle(world, city, VENDOR)
    return world


async def send(world: World, raw: bytes) -> submission.Answer:
    return await submission.submit(world, VENDOR, raw, judging.JOSE, NOW)


async def ask(world: World, question: Question, caller: Caller = EVERYWHERE) -> verification.Answered:
    return await verification.ask(
        world, caller, verification.Asked(question, verification.Why("admission", "TS-1")), NOW
    )


def questions(document: Mapping[str, Any], fingerprint: bytes) -> tuple[ByCode, ByDocument, ByNumber]:
    return ByCode(document["madinhdanhhocba"]), ByDocument(fingerprint), ByNumber(document["sodinhdanh"], YEAR)


async def log_rows(world: World) -> list[asyncpg.Record]:
    async with world.db.hot_transaction() as tx:
        return list(await tx.fetch("SELECT * FROM question ORDER BY question_id"))


async def test_of_many_asked_at_once_each_gets_its_own_answer(settled: World, city: SmallCity) -> None:
    document = city.document()
    receipt = (await send(settled, city.signed(document))).receipt
    assert receipt is not None
    code = document["madinhdanhhocba"]
    asked: list[Question] = [
        ByCode(code),
        ByCode(NOBODYS),
        ByCode(code, 7),
        ByDocument(receipt.fingerprint),
        ByCode(code, 1),
    ]
    # In whatever order they are counted, nine misses in a row at most: the tenth would begin a pause.
    for caller, seen, times in ((EVERYWHERE, Answer.GENUINE_CURRENT, 2), (ELSEWHERE, Answer.NOT_KNOWN, 1)):
        found = await asyncio.gather(*(ask(settled, question, caller) for question in asked * times))
        assert [each.answer for each in found] == [seen, Answer.NOT_KNOWN, Answer.NOT_KNOWN, seen, seen] * times
    assert len({row["question_id"] for row in await log_rows(settled)}) == 15


async def test_a_current_record_by_all_three_ways(settled: World, city: SmallCity) -> None:
    document = city.document()
    receipt = (await send(settled, city.signed(document))).receipt
    assert receipt is not None
    for question in questions(document, receipt.fingerprint):
        found = await ask(settled, question)
        assert found.answer is Answer.GENUINE_CURRENT
        assert found.genuine is not None
        assert found.genuine.school_name == PRIMARY.name
        version = found.genuine.version
        assert (version.transcript_code, version.version, version.current_version) == (receipt.transcript_code, 1, 1)
        assert (version.accepted_at, version.fingerprint) == (receipt.accepted_at, receipt.fingerprint)
        assert [signer.role for signer in found.genuine.signatures] == ["teacher", "principal", "seal"]
        assert [signer.hierarchy for signer in found.genuine.signatures] == ["public", "government", "government"]
        assert found.genuine.policy
        assert found.genuine.rules


async def test_an_older_version_is_superseded(settled: World, city: SmallCity) -> None:
    document = city.document()
    first = (await send(settled, city.signed(document))).receipt
    second = (await send(settled, city.signed(transcripts.revised(document, 2)))).receipt
    assert first is not None
    assert second is not None
    by_code, by_hash, by_number = questions(document, first.fingerprint)
    assert (await ask(settled, by_hash)).answer is Answer.GENUINE_SUPERSEDED
    assert (await ask(settled, replace(by_code, version=1))).answer is Answer.GENUINE_SUPERSEDED
    assert (await ask(settled, replace(by_code, version=3))).answer is Answer.NOT_KNOWN
    for current in (
        by_code,
        by_number,
        replace(by_code, version=2),
        ByDocument(second.fingerprint),
    ):
        found = await ask(settled, current)
        assert (found.answer, found.genuine and found.genuine.version.version) == (Answer.GENUINE_CURRENT, 2)


async def test_held_says_held_and_nothing_else(world: World, city: SmallCity) -> None:
    await settle(world, city, VENDOR, lists=False)
    document = city.document()
    raw = city.signed(document)
    assert (await send(world, raw)).outcome is Outcome.HELD
    for question in questions(document, ids.fingerprint(raw)):
        found = await ask(world, question)
        assert (found.answer, found.genuine) == (Answer.HELD, None)
        assert (await ask(world, question, ELSEWHERE)).answer is Answer.NOT_KNOWN


async def test_refused_and_never_sent_are_not_known(settled: World, city: SmallCity) -> None:
    document = city.document() | {"ghichu": 1}
    raw = city.signed(document)
    assert (await send(settled, raw)).outcome is Outcome.REFUSED
    never = city.document(seed=9)
    for question in (*questions(document, ids.fingerprint(raw)), *questions(never, bytes(32))):
        assert (await ask(settled, question)).answer is Answer.NOT_KNOWN


async def test_a_foreign_record_is_answered_as_one_that_is_not_there(settled: World, city: SmallCity) -> None:
    document = city.document()
    receipt = (await send(settled, city.signed(document))).receipt
    assert receipt is not None
    for question in questions(document, receipt.fingerprint):
        found = await ask(settled, question, ELSEWHERE)
        assert (found.answer, found.genuine) == (Answer.NOT_KNOWN, None)


async def test_level_and_year_of_a_number(settled: World, city: SmallCity) -> None:
    document = city.document()
    await send(settled, city.signed(document))
    question = questions(document, bytes(32))[2]
    assert (await ask(settled, replace(question, level=Level.PRIMARY))).answer is Answer.GENUINE_CURRENT
    assert (await ask(settled, replace(question, level=Level.LOWER_SECONDARY))).answer is Answer.NOT_KNOWN
    assert (await ask(settled, replace(question, school_year=SchoolYear(2024)))).answer is Answer.NOT_KNOWN


async def test_every_question_is_written_down_with_its_answer(settled: World, city: SmallCity) -> None:
    document = city.document()
    receipt = (await send(settled, city.signed(document))).receipt
    assert receipt is not None
    for question in questions(document, receipt.fingerprint):
        await ask(settled, question)
        await ask(settled, question, ELSEWHERE)
    rows = await log_rows(settled)
    assert [row["answer"] for row in rows].count("genuine_current") == 3
    assert {row["kind"] for row in rows} == {"transcript_code", "document", "number"}
    assert {(row["caller_id"], row["purpose"], row["reference"]) for row in rows} == {("office", "admission", "TS-1")}
    # also of the ones that got no answer: the pupil's school may see who tried
    assert all(row["pupil_id"] is not None for row in rows)
    assert document["sodinhdanh"] not in str(rows)


async def test_a_purpose_that_is_not_granted(settled: World) -> None:
    asked = verification.Asked(ByCode("x"), verification.Why("curiosity", "TS-1"))
    with pytest.raises(Refusal) as refused:
        await verification.ask(settled, EVERYWHERE, asked, NOW)
    assert refused.value.code is codes.ACCESS_PURPOSE
    assert await log_rows(settled) == []


async def test_no_answer_without_its_row(settled: World, city: SmallCity, database_urls: Urls) -> None:
    """The database refuses the row: then there is no answer either."""
    document = city.document()
    await send(settled, city.signed(document))
    await as_owner(database_urls, "ALTER TABLE question ADD CONSTRAINT shut CHECK (false) NOT VALID")
    with pytest.raises(asyncpg.CheckViolationError):
        await ask(settled, questions(document, bytes(32))[0])


@pytest.mark.parametrize("damage", ["UPDATE document SET sealed = set_byte(sealed, 60, get_byte(sealed, 60) # 1)",
                                    "DELETE FROM document", "UPDATE document SET sealed = ''"])  # fmt: skip
async def test_stored_bytes_that_changed_are_never_vouched_for(
    settled: World, city: SmallCity, database_urls: Urls, damage: str
) -> None:
    document = city.document()
    receipt = (await send(settled, city.signed(document))).receipt
    assert receipt is not None
    await as_owner(database_urls, damage)
    for question in questions(document, receipt.fingerprint):
        found = await ask(settled, question)
        assert (found.answer, found.genuine) == (Answer.HELD, None)


async def test_a_document_of_another_pupil_in_its_place_is_noticed(
    settled: World, city: SmallCity, database_urls: Urls
) -> None:
    document = city.document()
    for seed in (1, 2):
        await send(settled, city.signed(city.document(seed=seed)))
    await as_owner(
        database_urls, "UPDATE document d SET sealed = o.sealed FROM document o WHERE o.fingerprint <> d.fingerprint"
    )
    assert (await ask(settled, questions(document, bytes(32))[0])).answer is Answer.HELD


async def test_current_stays_current_while_a_newer_version_waits(settled: World, city: SmallCity) -> None:
    document = city.document()
    await send(settled, city.signed(document))
    newer = transcripts.revised(document, 2) | {"sodinhdanh": ""}
    assert (await send(settled, city.signed(newer))).outcome is Outcome.HELD
    assert (await ask(settled, questions(document, bytes(32))[0])).answer is Answer.GENUINE_CURRENT


async def test_an_hour_later_it_is_the_same(settled: World, city: SmallCity) -> None:
    document = city.document()
    await send(settled, city.signed(document))
    later = NOW + timedelta(hours=1)
    asked = verification.Asked(questions(document, bytes(32))[0], verification.Why("admission", "TS-2"))
    found = await verification.ask(settled, EVERYWHERE, asked, later)
    assert (found.answer, found.asked_at) == (Answer.GENUINE_CURRENT, later)


async def as_owner(urls: Urls, statement: str) -> None:
    connection = await asyncpg.connect(urls.owner.replace("+asyncpg", ""))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
