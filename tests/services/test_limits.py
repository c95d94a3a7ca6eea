"""Limits that several processes share: guessing, the day, one pupil, and nonces."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from uuid import uuid4

import pytest

from registry.core import codes, misses
from registry.core.callers import Caller, CallerKind, Scope
from registry.core.findings import Refusal
from registry.core.ids import SchoolYear
from registry.core.verification import Answer, ByCode, ByDocument, ByNumber, ByPupil, Question
from registry.services import asking, judging, submission, verification
from registry.services.limits import HERE, Limits
from registry.services.world import World
from registry.storage.database import Database
from registry.storage.sealing import Sealer
from tests.conftest import Urls
from tests.small_city import NOW, PRIMARY, SmallCity, settle, small_city, vendor

pytestmark = pytest.mark.anyio
VENDOR = vendor(PRIMARY)
OFFICE = Caller("office", CallerKind.OFFICE, "Office", frozenset({Scope.VERIFY}), frozenset({"admission"}), frozenset(),
                frozenset({PRIMARY.code}), {})  # fmt: skip


@pytest.fixture(scope="session")
def city() -> SmallCity:
    return small_city()


@pytest.fixture
async def worlds(
    world: World, city: SmallCity, database_urls: Urls, sealer: Sealer
) -> AsyncIterator[tuple[World, World]]:
    """Two processes on one database."""
    await settle(world, city, VENDOR)
    other = World.of(Database(database_urls.service), sealer)
    yield world, other
    other.judges.close()
    await other.db.close()


@pytest.fixture
async def known(worlds: tuple[World, World], city: SmallCity) -> ByCode:
    document = city.document()
    await submission.submit(worlds[0], VENDOR, city.signed(document), judging.JOSE, NOW)
    return ByCode(document["madinhdanhhocba"])


WHY = asking.Why("admission", "TS-1")


async def ask(
    world: World, question: Question, counted: Limits, *, after: float = 0, why: asking.Why = WHY
) -> verification.Answered:
    return await verification.ask(
        world, OFFICE, verification.Asked(question, why), NOW + timedelta(seconds=after), counted
    )


def guess(index: int) -> Question:
    """A code, a number, a document or a pupil code that nobody has: they count alike."""
    several: list[Question] = [
        ByCode(str(uuid4())), ByNumber(f"079214{index:06d}", SchoolYear(2023)), ByDocument(uuid4().bytes * 2),
        ByPupil(f"NOBODY{index}"),
    ]  # fmt: skip
    return several[index % 4]


async def turned_away(world: World, question: Question, counted: Limits, *, why: asking.Why) -> Refusal:
    with pytest.raises(Refusal) as caught:
        await ask(world, question, counted, why=why)
    return caught.value


async def refusal(*args: object, **more: float) -> Refusal:
    with pytest.raises(Refusal) as caught:
        await ask(*args, **more)  # type: ignore[arg-type]
    return caught.value


async def test_guessing_is_stopped_in_all_processes_at_once(worlds: tuple[World, World], known: ByCode) -> None:
    counted = Limits(), Limits()
    begun = []
    for index in range(misses.IN_A_ROW):
        at = index % 2
        answered = await ask(worlds[at], guess(index), counted[at])
        assert answered.answer is Answer.NOT_KNOWN
        begun.append(answered.pause_begins)
    assert begun == [False] * (misses.IN_A_ROW - 1) + [True], "the alarm rings once"
    for world, own in zip(worlds, counted, strict=True):
        for question in (guess(1), known):
            turned = await refusal(world, question, own, after=0.5)
            assert turned.code is codes.VERIFICATION_ENUMERATION
            assert turned.retry_after == 60
    assert (await ask(worlds[1], known, counted[1], after=60)).answer is Answer.GENUINE_CURRENT
    async with worlds[0].db.hot() as connection:
        kept = await connection.fetchval("SELECT count(*) FROM question WHERE answer = 'not_known'")
    assert kept == misses.IN_A_ROW, "what is turned away is no answer"


async def test_a_guess_with_a_nonce_that_was_used_is_a_guess(worlds: tuple[World, World], known: ByCode) -> None:
    """It is refused like the others; were it not counted, the clock would tell for nothing what is there."""
    counted, spent = Limits(), replace(WHY, nonce="n" * 16, nonce_ends=NOW + timedelta(days=1))
    assert (await ask(worlds[0], known, counted, why=spent)).answer is Answer.GENUINE_CURRENT
    begun = []
    for index in range(misses.IN_A_ROW):
        assert (await turned_away(worlds[index % 2], known, counted, why=spent)).code is codes.VERIFICATION_NONCE
        turned = await turned_away(worlds[index % 2], guess(index), counted, why=spent)
        assert isinstance(turned, asking.InVain)
        assert turned.code is codes.VERIFICATION_NONCE
        begun.append(turned.pause_begins)
    assert begun == [False] * (misses.IN_A_ROW - 1) + [True], "the alarm rings once"
    assert (await refusal(worlds[1], known, counted)).code is codes.VERIFICATION_ENUMERATION


async def test_an_office_that_mistypes_goes_on(worlds: tuple[World, World], known: ByCode) -> None:
    counted = Limits()
    for _ in range(3):
        for index in range(misses.IN_A_ROW - 1):
            await ask(worlds[0], guess(index), counted)
        assert (await ask(worlds[0], known, counted)).answer is Answer.GENUINE_CURRENT


async def test_a_burst_gets_no_more_answers_than_one_after_the_other(worlds: tuple[World, World]) -> None:
    counted = Limits(), Limits()
    asks = [ask(worlds[index % 2], guess(index), counted[index % 2]) for index in range(40)]
    found = await asyncio.gather(*asks, return_exceptions=True)
    answered = [each for each in found if isinstance(each, verification.Answered)]
    turned = [each for each in found if isinstance(each, Refusal)]
    assert len(answered) == misses.IN_A_ROW
    assert {each.code for each in turned} == {codes.VERIFICATION_ENUMERATION}
    assert len(answered) + len(turned) == 40


async def test_a_day_is_shared_by_all_processes(worlds: tuple[World, World], known: ByCode) -> None:
    counted = Limits(per_day=7), Limits(per_day=7)
    answered, turned = 0, []
    for index in range(12):
        try:
            await ask(worlds[index % 2], known, counted[index % 2])
            answered += 1
        except Refusal as refused:
            turned.append(refused)
    assert answered == 7
    assert {each.code for each in turned} == {codes.VERIFICATION_DAY}
    # NOW is 16:00 in Ho Chi Minh City: eight hours are left of the day
    assert {each.retry_after for each in turned} == {8 * 3600}
    assert (await ask(worlds[0], known, counted[0], after=8 * 3600)).answer is Answer.GENUINE_CURRENT


async def test_one_pupil_is_asked_about_so_often(worlds: tuple[World, World], known: ByCode) -> None:
    counted = Limits(per_pupil=3), Limits(per_pupil=3)
    for index in range(3):
        await ask(worlds[index % 2], known, counted[index % 2], after=index)
    turned = await refusal(worlds[1], known, counted[1], after=3)
    assert turned.code is codes.VERIFICATION_PUPIL
    assert (await ask(worlds[0], known, counted[0], after=86_403)).answer is Answer.GENUINE_CURRENT


async def test_what_was_not_answered_does_not_count_for_the_pupil(worlds: tuple[World, World], known: ByCode) -> None:
    """Else an office could find out by the limit whose record it was that it may not see."""
    counted, abroad = Limits(per_pupil=2), replace(OFFICE, schools=frozenset())
    for _ in range(3):
        asked = verification.Asked(known, WHY)
        assert (await verification.ask(worlds[0], abroad, asked, NOW, counted)).answer is Answer.NOT_KNOWN
    assert (await ask(worlds[0], known, counted)).answer is Answer.GENUINE_CURRENT
    assert (await ask(worlds[0], known, counted)).answer is Answer.GENUINE_CURRENT
    assert (await refusal(worlds[0], known, counted)).code is codes.VERIFICATION_PUPIL


async def test_a_nonce_is_good_once(worlds: tuple[World, World], known: ByCode) -> None:
    counted = Limits()
    why = asking.Why("admission", "TS-1", "n" * 22, NOW + timedelta(hours=1))
    await ask(worlds[0], known, counted, why=why)
    with pytest.raises(Refusal) as replayed:
        await ask(worlds[1], known, counted, why=why)
    assert replayed.value.code is codes.VERIFICATION_NONCE
    async with worlds[0].db.hot() as connection:
        assert await connection.fetchval("SELECT count(*) FROM question") == 1
        assert await connection.fetchval("SELECT count(*) FROM answer_nonce") == 1


async def test_a_portion_of_the_day_is_taken_before_anybody_waits_for_it(worlds: tuple[World, World]) -> None:
    counted, day = Limits(per_day=1000), NOW.astimezone(HERE).date()  # portions of 20
    for _ in range(10):
        await counted.count(worlds[0], "office", NOW)
    async with asyncio.timeout(10):
        while await taken(worlds[0], day) < 40:
            await asyncio.sleep(0.01)
    for _ in range(29):
        await counted.count(worlds[0], "office", NOW)
    assert await taken(worlds[0], day) >= 40


async def test_who_takes_ahead_takes_no_more_than_the_day(worlds: tuple[World, World]) -> None:
    counted, answered, turned = (Limits(per_day=100), Limits(per_day=100)), 0, set()
    for index in range(120):
        try:
            await counted[index % 2].count(worlds[index % 2], "office", NOW)
            answered += 1
        except Refusal as refused:
            turned.add(refused.code)
    assert (answered, turned) == (100, {codes.VERIFICATION_DAY})
    assert await taken(worlds[0], NOW.astimezone(HERE).date()) == 100


async def taken(world: World, day: date) -> int:
    async with world.db.hot() as connection:
        return int(await connection.fetchval("SELECT sum(taken) FROM question_budget WHERE day = $1", day))
