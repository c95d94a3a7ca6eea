"""Several systems of one office are one office to every limit: thresholds, guesses, a pupil, the day."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest

from registry.core import codes, misses
from registry.core.callers import Caller, CallerKind, Scope
from registry.core.claims import Claim, ClaimKind, Said
from registry.core.findings import Code, Refusal
from registry.core.ids import SchoolYear
from registry.core.subjects import Subject
from registry.core.verification import Answer, ByCode
from registry.services import asking, callers, claims, judging, submission, verification
from registry.services.limits import Limits
from registry.services.world import World
from tests.conftest import Urls
from tests.interleaving import stopped, waiting
from tests.small_city import NOW, SECONDARY, SmallCity, settle, small_city, vendor

pytestmark = pytest.mark.anyio
CITY: SmallCity = small_city()
VENDOR = vendor(SECONDARY)
DOCUMENT = CITY.document(SECONDARY, result="K")
CODE = ByCode(DOCUMENT["madinhdanhhocba"])
WHY = asking.Why("admission", "TS-1")


@dataclass
class Desks:
    """Two desks of one office, a third caller that is another office, and what they ask."""

    world: World

    async def caller(self, name: str) -> Caller:
        return await self.world.caller(name)

    async def average(self, name: str, threshold: str) -> Said:
        claim = Claim(ClaimKind.AVERAGE_AT_LEAST, SchoolYear(2024), subject=Subject.MATHEMATICS, threshold=threshold)
        asked = claims.Asked("transcript_code", CODE.transcript_code, claim, WHY)
        return (await claims.ask(self.world, await self.caller(name), asked, NOW, Limits())).said

    async def ask(self, name: str, question: ByCode = CODE, **limits: Any) -> Answer:
        asked = verification.Asked(question, WHY)
        return (await verification.ask(self.world, await self.caller(name), asked, NOW, Limits(**limits))).answer

    async def refused(self, *args: Any, **more: Any) -> Code:
        with pytest.raises(Refusal) as caught:
            await self.ask(*args, **more)
        return caught.value.code


async def test_of_two_that_are_to_count_with_each_other_at_once_one_does(desks: Desks, database_urls: Urls) -> None:
    world = desks.world
    async with stopped(database_urls, "SELECT FROM caller FOR UPDATE"):
        pairs = (("desk-1", "elsewhere"), ("elsewhere", "desk-1"))
        both = [asyncio.create_task(callers.count_with(world, *each)) for each in pairs]
        await waiting(world, 2)
    done = await asyncio.gather(*both, return_exceptions=True)
    assert sorted(map(type, done), key=str) == [type(None), callers.NotTakenError], done
    async with world.db.hot() as tx:
        rows = await tx.fetch("SELECT caller_id, counts_with FROM caller WHERE caller_id IN ('desk-1', 'elsewhere')")
    heads = {row["caller_id"]: row["counts_with"] for row in rows}
    assert heads in ({"desk-1": "elsewhere", "elsewhere": None}, {"desk-1": None, "elsewhere": "desk-1"})


@pytest.fixture
async def desks(world: World) -> Desks:
    await settle(world, CITY, VENDOR)
    for name, with_ in (("desk-1", None), ("desk-2", "desk-1"), ("desk-3", "desk-2"), ("elsewhere", None)):
        new = callers.NewCaller(name, CallerKind.OFFICE, name, frozenset({Scope.VERIFY}), frozenset({"admission"}),
                                frozenset({"city:79"}), counts_with=with_)  # fmt: skip
        await callers.register(world, new, NOW)
    await submission.submit(world, VENDOR, CITY.signed(DOCUMENT, SECONDARY), judging.JOSE, NOW)
    await world.register.newer_than(world.db, (await world.known()).generation)
    return Desks(world)


async def test_a_second_desk_gets_no_second_threshold(desks: Desks) -> None:
    said = await desks.average("desk-1", "6.5")
    for desk in ("desk-2", "desk-3", "desk-1"):
        with pytest.raises(Refusal) as caught:
            await desks.average(desk, "8.0")
        assert caught.value.code is codes.VERIFICATION_THRESHOLD, desk
        assert await desks.average(desk, "6.5") is said
    assert await desks.average("elsewhere", "8.0") in {Said.YES, Said.NO}, "another office has its own"


async def test_what_was_asked_before_they_were_told_to_be_one_counts(desks: Desks) -> None:
    await desks.average("elsewhere", "8.0")
    await callers.count_with(desks.world, "elsewhere", "desk-3")
    await desks.world.register.newer_than(desks.world.db, (await desks.world.known()).generation)
    with pytest.raises(Refusal) as caught:
        await desks.average("desk-1", "6.5")
    assert caught.value.code is codes.VERIFICATION_THRESHOLD
    with pytest.raises(callers.NotTakenError):
        await callers.count_with(desks.world, "desk-1", "elsewhere")


async def test_guesses_of_all_desks_are_in_one_row(desks: Desks) -> None:
    for index in range(misses.IN_A_ROW):
        assert await desks.ask(f"desk-{index % 3 + 1}", ByCode(f"nobody-{index}")) is Answer.NOT_KNOWN
    for desk in ("desk-1", "desk-2", "desk-3"):
        assert await desks.refused(desk) is codes.VERIFICATION_ENUMERATION
    assert await desks.ask("elsewhere") is Answer.GENUINE_CURRENT


async def test_the_day_and_the_pupil_have_one_limit_for_all_desks(desks: Desks) -> None:
    for desk in ("desk-1", "desk-2", "desk-3"):
        assert await desks.ask(desk, per_pupil=3) is Answer.GENUINE_CURRENT
    assert await desks.refused("desk-2", per_pupil=3) is codes.VERIFICATION_PUPIL
    assert await desks.ask("elsewhere", per_pupil=3) is Answer.GENUINE_CURRENT
    assert await desks.refused("desk-3", per_day=1) is codes.VERIFICATION_DAY, (
        "four questions were asked by other desks"
    )
