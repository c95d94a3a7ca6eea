"""A number that a school wrote for the wrong child: a person gives it to whose it is, and nobody's record is touched."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from registry.core.findings import Outcome
from registry.core.pupils import Decision
from registry.core.verification import Answer
from registry.demo import transcripts
from registry.services import cases, changes, judging, pupils, submission
from registry.services.pupils import Renumbering
from registry.services.world import World
from registry.storage.database import Database
from registry.storage.sealing import Sealer
from tests.conftest import Urls
from tests.interleaving import stopped, waiting
from tests.services.test_cases import REASON, of_another_person
from tests.services.test_pupils import LATER, OFFICE, VENDOR, ask, other_number, refused, rows, send
from tests.small_city import NOW, PRIMARY, SECONDARY, SmallCity, settle, small_city, vendor

pytestmark = pytest.mark.anyio
CITY: SmallCity = small_city()
ONE = CITY.document()
TWO = of_another_person(ONE)
RIGHT = other_number(ONE["sodinhdanh"])  # what should have stood in the first child's transcript


@pytest.fixture
async def settled(world: World) -> World:
    await settle(world, CITY, VENDOR, OFFICE)
    return world


async def move(world: World, caller: Any = None) -> cases.Judged:
    (case,) = await cases.waiting(world, None, None, 10)
    return await cases.decide(world, caller, case.submission_id, Decision.NUMBER_MOVES, REASON, LATER)


async def whose(world: World, number: str) -> str | None:
    """The transcript code that a number and the year find."""
    found = await ask(world, number, ONE["namhoc"])
    return found.genuine.version.transcript_code if found.genuine is not None else None


async def test_the_rightful_child_is_accepted_and_the_other_keeps_its_record(settled: World) -> None:
    await send(settled, ONE)
    assert (await send(settled, TWO)).outcome is Outcome.HELD
    done = await move(settled)
    assert (done.outcome, done.codes) == (Outcome.ACCEPTED, ())
    assert await whose(settled, ONE["sodinhdanh"]) == TWO["madinhdanhhocba"]
    stored = await rows(settled)
    assert (len(stored["pupil"]), len(stored["record"]), len(stored["pupil_number"])) == (2, 2, 1)
    feed = (await changes.read(settled, VENDOR, 0, 100)).changes
    assert [(c.kind, c.pupil_code) for c in feed] == [
        ("accepted", ONE["mahocsinh"]), ("renumbered", ONE["mahocsinh"]), ("accepted", TWO["mahocsinh"]),
    ]  # fmt: skip
    corrected = ONE | {**transcripts.revised({}, 2), "sodinhdanh": RIGHT}
    assert (await send(settled, corrected)).outcome is Outcome.ACCEPTED
    assert await whose(settled, RIGHT) == ONE["madinhdanhhocba"]
    assert (await ask(settled, RIGHT, ONE["namhoc"])).answer is Answer.GENUINE_CURRENT


async def test_exchanged_numbers_of_twins_go_back_one_after_the_other(settled: World) -> None:
    twin = TWO | {"sodinhdanh": RIGHT}
    for document in (ONE, twin):
        await send(settled, document)
    for document, number in ((ONE, RIGHT), (twin, ONE["sodinhdanh"])):
        held = await send(settled, document | {**transcripts.revised({}, 2), "sodinhdanh": number})
        assert held.outcome is Outcome.HELD
        assert (await move(settled)).outcome is Outcome.ACCEPTED
    assert await whose(settled, RIGHT) == ONE["madinhdanhhocba"]
    assert await whose(settled, ONE["sodinhdanh"]) == TWO["madinhdanhhocba"]
    stored = await rows(settled)
    assert (len(stored["pupil"]), len(stored["record_version"]), len(stored["pupil_number"])) == (2, 4, 2)


async def test_a_number_goes_to_and_fro_by_a_decision_each_time(settled: World) -> None:
    await send(settled, ONE)
    for version, document in enumerate((TWO, ONE, TWO, ONE), start=2):
        held = await send(settled, document | transcripts.revised({}, version))
        assert held.outcome is Outcome.HELD
        assert (await move(settled)).outcome is Outcome.ACCEPTED
        assert await whose(settled, ONE["sodinhdanh"]) == document["madinhdanhhocba"]


async def test_a_number_that_was_closed_opens_for_whose_it_is(settled: World) -> None:
    """The other way round: the first child was renumbered before the second came."""
    await send(settled, ONE)
    await pupils.renumber(settled, None, Renumbering(ONE["sodinhdanh"], RIGHT, "QĐ 1"), LATER)
    await send(settled, TWO)
    assert (await move(settled)).outcome is Outcome.ACCEPTED
    assert await whose(settled, RIGHT) == ONE["madinhdanhhocba"]
    assert await whose(settled, ONE["sodinhdanh"]) == TWO["madinhdanhhocba"]
    kinds = [c.kind for c in (await changes.read(settled, VENDOR, 0, 100)).changes]
    assert kinds.count("renumbered") == 1, "it had been told already"


async def test_both_children_must_be_the_operators(settled: World) -> None:
    """The second one's code is known at another school."""
    late = CITY.document(SECONDARY, 5) | {"mahocsinh": TWO["mahocsinh"]}
    for document, school in ((ONE, PRIMARY), (late, SECONDARY)):
        assert (await send(settled, document, school)).outcome is Outcome.ACCEPTED
    await send(settled, TWO)
    before = await rows(settled)
    await refused("case-unknown", move(settled, vendor(PRIMARY)))
    assert await rows(settled) == before
    assert (await move(settled, vendor(PRIMARY, SECONDARY))).outcome is Outcome.ACCEPTED


async def test_a_document_under_way_says_nothing_about_the_new_holder(
    settled: World, database_urls: Urls, sealer: Sealer
) -> None:
    """A later year of the first child comes at that moment: it is that child's, and birth date and sex of the second stay."""
    await send(settled, ONE)
    await send(settled, TWO)
    other = World.of(Database(database_urls.service, pool_size=2), sealer, settled.judges)
    later = CITY.document(PRIMARY, 9) | {
        name: ONE[name] for name in ("sodinhdanh", "mahocsinh", "ngaythangnamsinh", "gioitinh")
    }
    later |= {"makhoi": "2", "tenlop": "2A", "namhoc": "2024-2025"}
    async with stopped(database_urls, "SELECT FROM pupil_number FOR UPDATE"):
        moving = asyncio.create_task(move(settled))
        await waiting(settled, 1)
        coming = asyncio.create_task(submission.submit(other, VENDOR, CITY.signed(later), judging.JOSE, NOW))
        await waiting(settled, 2)
    assert (await moving).outcome is Outcome.ACCEPTED
    assert (await coming).outcome is Outcome.ACCEPTED
    assert await whose(settled, ONE["sodinhdanh"]) == TWO["madinhdanhhocba"]
    again = await send(settled, TWO | transcripts.revised({}, 2))
    assert again.outcome is Outcome.ACCEPTED
    async with settled.db.hot() as tx:
        counted = await tx.fetch("SELECT count(*) AS n FROM record GROUP BY pupil_id ORDER BY 1")
        sealed = await tx.fetchval("SELECT person_sealed FROM pupil_number")
    assert [row["n"] for row in counted] == [1, 2]
    index = sealer.number_index(ONE["sodinhdanh"])
    assert sealer.open_person(sealed, index).startswith(TWO["ngaythangnamsinh"])
    await other.db.close()
