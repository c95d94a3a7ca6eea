"""A record that goes on at another school, and one whose grade was put right: what each school still reads and is told."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from registry.core import codes
from registry.core.findings import Outcome, Refusal
from registry.core.pupils import Decision
from registry.core.verification import Answer, ByCode
from registry.demo import transcripts
from registry.services import changes, judging, submission, verification
from registry.services import transcripts as history
from registry.services.world import World
from tests.services.test_cases import decide, moved
from tests.services.test_pupils import LATER, OFFICE, VENDOR, send
from tests.small_city import NOW, PRIMARY, PRIVATE, SECONDARY, SmallCity, settle, small_city, vendor

pytestmark = pytest.mark.anyio
CITY: SmallCity = small_city()
SENT = CITY.document(SECONDARY)
RAW = CITY.signed(SENT, SECONDARY)
CODE = SENT["madinhdanhhocba"]
CARRIED = moved(SENT, PRIVATE, madinhdanhhocba=CODE, **transcripts.revised({}, 2))
OLD_SCHOOL, NEW_SCHOOL = vendor(SECONDARY), vendor(PRIVATE)


@pytest.fixture
async def settled(world: World) -> World:
    await settle(world, CITY, VENDOR, OFFICE)
    return world


@pytest.fixture
async def carried_on(settled: World) -> World:
    """Version 1 of one school, version 2 of the school that the pupil moved to, under one transcript code."""
    assert (await submission.submit(settled, VENDOR, RAW, judging.JOSE, NOW)).outcome is Outcome.ACCEPTED
    await send(settled, CARRIED, PRIVATE)
    assert (await decide(settled, Decision.TRANSFER)).outcome is Outcome.ACCEPTED
    return settled


async def told(world: World, caller: Any) -> list[tuple[str, str, int | None, int | None]]:
    page = await changes.read(world, caller, 0, 100)
    return [(each.kind, each.school_code, each.version, each.by_version) for each in page.changes]


async def test_each_school_is_told_of_its_own_version(carried_on: World) -> None:
    """Also when nobody had read the feed before the record moved."""
    of_old = [("accepted", SECONDARY.code, 1, None), ("superseded", SECONDARY.code, 1, 2)]
    of_new = [("accepted", PRIVATE.code, 2, None)]
    assert await told(carried_on, OLD_SCHOOL) == of_old
    assert await told(carried_on, NEW_SCHOOL) == of_new
    assert sorted(await told(carried_on, vendor(SECONDARY, PRIVATE))) == sorted([*of_old, *of_new])


async def test_the_old_school_reads_its_own_version_and_what_replaced_it(carried_on: World) -> None:
    found = await history.versions(carried_on, OLD_SCHOOL, CODE, LATER)
    assert [(t.version.version, t.state, t.replaced_by) for t in found] == [(1, Answer.GENUINE_SUPERSEDED, 2)]
    assert found[0].history.record.school_code == SECONDARY.code, "where the pupil went is not told"
    for version in (None, 1):
        document = await history.document(carried_on, OLD_SCHOOL, CODE, version, LATER)
        assert document.raw == RAW
        assert (await history.content(carried_on, OLD_SCHOOL, CODE, version, LATER))[1]["matruong"] == SECONDARY.code
    with pytest.raises(Refusal) as refused:
        await history.document(carried_on, OLD_SCHOOL, CODE, 2, LATER)
    assert refused.value.code is codes.RECORD_UNKNOWN
    assert [t.version.version for t in await history.versions(carried_on, NEW_SCHOOL, CODE, LATER)] == [1, 2]
    with pytest.raises(Refusal):
        await history.versions(carried_on, vendor(PRIMARY), CODE, LATER)


async def test_an_office_hears_which_school_gave_out_which_version(carried_on: World) -> None:
    for version, school in ((1, SECONDARY), (2, PRIVATE), (None, PRIVATE)):
        asked = verification.Asked(ByCode(CODE, version), verification.Why("admission", "TS-1"))
        found = (await verification.ask(carried_on, OFFICE, asked, LATER)).genuine
        assert found is not None
        assert (found.version.school_code, found.school_name) == (school.code, school.name)


async def test_the_old_school_gets_the_same_receipt_again(carried_on: World) -> None:
    again = await submission.submit(carried_on, OLD_SCHOOL, RAW, judging.JOSE, LATER)
    assert (again.outcome, again.repeated) == (Outcome.ACCEPTED, True)
    assert again.receipt is not None
    assert (again.receipt.version, again.receipt.school_code) == (1, SECONDARY.code)


@pytest.mark.parametrize("order", permutations((1, 2, 3)))
async def test_the_grade_is_that_of_the_version_that_counts(settled: World, order: tuple[int, ...]) -> None:
    """A class list mixed up: the second version puts the grade right, the third corrects something else."""
    first = CITY.document(SECONDARY)
    grade = {6: "7", 7: "8", 8: "9", 9: "8"}[int(first["makhoi"])]
    for version in order:
        document = first if version == 1 else transcripts.revised(first | {"makhoi": grade}, version)
        await send(settled, document, SECONDARY)
    async with settled.db.hot() as tx:
        assert await tx.fetchval("SELECT grade FROM record") == int(grade)


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
async def test_the_pupil_code_is_that_of_the_version_that_counts(settled: World, order: tuple[int, ...]) -> None:
    """The number is known with another code: a person says that it is the same pupil."""
    first = CITY.document(SECONDARY)
    documents = {1: first, 2: transcripts.revised(first | {"mahocsinh": "7700000001"}, 2)}
    for version in order:
        await send(settled, documents[version], SECONDARY)
    assert (await decide(settled, Decision.SAME_PUPIL)).outcome is Outcome.ACCEPTED
    async with settled.db.hot() as tx:
        assert await tx.fetchval("SELECT pupil_code FROM record") == "7700000001"
        assert await tx.fetchval("SELECT current_version FROM record") == 2
