"""What waits for a person, and what follows from each decision, on a real database with signed documents."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Any

import pytest

from registry.core.findings import Outcome
from registry.core.pupils import CaseKind, Decision
from registry.core.verification import Answer
from registry.demo import transcripts
from registry.demo.schools import DemoSchool
from registry.services import cases, judging, pupils, submission
from registry.services.cases import Waiting
from registry.services.world import World
from registry.storage.database import Database
from registry.storage.sealing import Sealer
from tests.conftest import Urls
from tests.interleaving import stopped, waiting
from tests.services.test_pupils import LATER, OFFICE, VENDOR, ask, other_number, refused, rejudged, rows, send
from tests.small_city import NOW, PRIMARY, PRIVATE, SECONDARY, SmallCity, settle, small_city, vendor

pytestmark = pytest.mark.anyio
CODE = "0b5d2a34-6a5c-4a63-9a44-0f5b1a4e7f01"
REASON = "Đã đối chiếu hồ sơ"
SAME, OTHER, TRANSFER, MOVES = Decision


@pytest.fixture(scope="session")
def city() -> SmallCity:
    return small_city()


@pytest.fixture
async def settled(world: World, city: SmallCity) -> World:
    await settle(world, city, VENDOR, OFFICE)
    return world


async def the_case(world: World) -> Waiting:
    (found,) = await cases.waiting(world, None, None, 10)
    return found


async def decide(world: World, decision: Decision, case: Waiting | None = None) -> cases.Judged:
    case = case or await the_case(world)
    return await cases.decide(world, None, case.submission_id, decision, REASON, LATER)


def moved(document: dict[str, Any], school: DemoSchool, **changes: Any) -> dict[str, Any]:
    """The same pupil's transcript of the same year from another school."""
    names = ("sodinhdanh", "mahocsinh", "hovaten", "ngaythangnamsinh", "gioitinh")
    return small_city().document(school, 77) | {name: document[name] for name in names} | changes


def of_another_person(document: dict[str, Any]) -> dict[str, Any]:
    """Another child under the same number: as far as a number lets one be, born on another day of the year."""
    born = date.fromisoformat(document["ngaythangnamsinh"])
    return document | {
        "mahocsinh": "7700000001",
        "hovaten": "Tên Khác",
        "madinhdanhhocba": CODE,
        "ngaythangnamsinh": born.replace(day=born.day % 28 + 1).isoformat(),
    }


async def test_what_the_background_work_judged_first_is_told_as_it_is(
    settled: World, city: SmallCity, database_urls: Urls, sealer: Sealer
) -> None:
    """With a single connection whoever waits for it has it next: the background work, between decision and judgement."""
    document = city.document(SECONDARY)
    await send(settled, document, SECONDARY)
    await send(settled, moved(document, PRIVATE), PRIVATE)
    case = await the_case(settled)
    narrow = World.of(Database(database_urls.service, pool_size=1), sealer, settled.judges)

    async def background_work() -> None:
        async with narrow.db.snapshot():
            done = await submission.rejudge(settled, case.submission_id, LATER)
            assert done is not None, "the decision came first, and nobody else judged it"

    async with stopped(database_urls, "SELECT FROM waiting FOR UPDATE"):
        deciding = asyncio.create_task(decide(narrow, TRANSFER, case))
        await waiting(settled, 1)
        working = asyncio.create_task(background_work())
        await asyncio.sleep(0.1)
    await working
    assert (await deciding).outcome is Outcome.ACCEPTED
    await narrow.db.close()


async def test_a_number_of_two_pupils_waits_for_a_person(settled: World, city: SmallCity) -> None:
    document = city.document()
    await send(settled, document)
    answer = await send(settled, of_another_person(document))
    assert (answer.outcome, [each.code.slug for each in answer.findings]) == (Outcome.HELD, ["record-decision"])
    case = await the_case(settled)
    assert (case.submission_id, case.kind, case.differs) == (
        answer.submission_id,
        CaseKind.NUMBER_TWO_PUPILS,
        ("birth_date",),
    )
    assert (case.pupil_code, case.other_pupil_code, case.school_code) == (
        "7700000001",
        document["mahocsinh"],
        PRIMARY.code,
    )
    shown = str(case)
    assert document["sodinhdanh"] not in shown
    assert document["hovaten"] not in shown
    before = await rows(settled)
    done = await decide(settled, OTHER)
    assert (done.outcome, done.codes) == (Outcome.REFUSED, ("record-decided",))
    assert await rows(settled) == before
    assert await cases.waiting(settled, None, None, 10) == []
    state = await submission.state(settled, VENDOR, answer.submission_id)
    assert (state.outcome, state.findings[0]["code"]) == ("refused", "record-decided")


async def test_of_two_children_at_once_under_one_number_one_waits(settled: World, city: SmallCity) -> None:
    document = city.document()
    sent = [document, of_another_person(document)] * 3
    answers = await asyncio.gather(*(send(settled, each) for each in sent))
    assert sum(answer.outcome is Outcome.HELD for answer in answers) == 3
    stored = await rows(settled)
    assert (len(stored["pupil"]), len(stored["pupil_number"]), len(stored["record"])) == (1, 1, 1)


async def test_a_number_with_another_code_of_the_same_person_waits_too_and_is_joined(
    settled: World, city: SmallCity
) -> None:
    early, late = city.document(PRIMARY), moved(city.document(PRIMARY), SECONDARY, mahocsinh="7700000001")
    await send(settled, early)
    await send(settled, late, SECONDARY)
    assert (await the_case(settled)).differs == ()
    done = await decide(settled, SAME)
    assert done.outcome is Outcome.ACCEPTED
    stored = await rows(settled)
    assert (len(stored["pupil"]), len(stored["pupil_code"]), len(stored["record"])) == (1, 2, 2)
    assert (await send(settled, late | {**transcripts.revised({}, 2)}, SECONDARY)).outcome is Outcome.ACCEPTED


async def test_a_code_with_two_numbers(settled: World, city: SmallCity) -> None:
    document = city.document()
    await send(settled, document)
    for decision, outcome in ((OTHER, Outcome.REFUSED), (SAME, Outcome.ACCEPTED)):
        again = document | {
            "sodinhdanh": other_number(document["sodinhdanh"]),
            **transcripts.revised({}, 2 + [OTHER, SAME].index(decision)),
        }
        await send(settled, again)
        case = await the_case(settled)
        assert (case.kind, case.other_pupil_code) == (CaseKind.CODE_TWO_NUMBERS, document["mahocsinh"])
        await refused("case-decision", decide(settled, TRANSFER))
        assert (await decide(settled, decision)).outcome is outcome
    assert len((await rows(settled))["pupil_number"]) == 2


async def test_two_known_pupils_become_one_by_a_merge(settled: World, city: SmallCity) -> None:
    one, two = city.document(PRIMARY, 1), city.document(SECONDARY, 1)
    await send(settled, one)
    await send(settled, two, SECONDARY)
    mixed = one | {"mahocsinh": two["mahocsinh"], **transcripts.revised({}, 2)}
    await send(settled, mixed)
    case = await the_case(settled)
    assert (case.kind, case.two_known, cases.possible(case)) == (CaseKind.NUMBER_TWO_PUPILS, True, (OTHER, MOVES))
    found = await refused("case-decision", decide(settled, SAME))
    assert "merge" in found.findings[0].detail
    await pupils.merge(settled, None, one["mahocsinh"], two["mahocsinh"], REASON, LATER)
    assert await rejudged(settled) == [Outcome.ACCEPTED]
    assert await cases.waiting(settled, None, None, 10) == []


async def test_a_transfer_within_the_city_leaves_both_schools_their_record(settled: World, city: SmallCity) -> None:
    """Both lower secondary: the sending school's record of the year, then the receiving one's under a code of its own."""
    sent = city.document(SECONDARY)
    await send(settled, sent, SECONDARY)
    received = moved(sent, PRIVATE)
    held = await send(settled, received, PRIVATE)
    assert [(each.code.slug, each.detail) for each in held.findings] == [("record-decision", "")]
    case = await the_case(settled)
    assert (case.kind, case.school_code, case.other_school_code) == (
        CaseKind.OTHER_SCHOOL,
        PRIVATE.code,
        SECONDARY.code,
    )
    await refused("case-decision", decide(settled, SAME))
    done = await decide(settled, TRANSFER)
    assert (done.outcome, done.codes) == (Outcome.ACCEPTED, ())
    for document, school in ((received, PRIVATE), (sent, SECONDARY)):  # each goes on with its own record
        again = await send(settled, document | {**transcripts.revised({}, 2)}, school, LATER)
        assert again.receipt is not None
        assert (again.receipt.school_code, again.receipt.transcript_code) == (school.code, document["madinhdanhhocba"])
    assert len((await rows(settled))["record"]) == 2
    answer = await ask(settled, sent["sodinhdanh"], sent["namhoc"])
    assert answer.answer is Answer.GENUINE_CURRENT
    assert await cases.waiting(settled, None, None, 10) == []


async def test_a_transfer_may_carry_the_transcript_code_on(settled: World, city: SmallCity) -> None:
    sent = city.document(SECONDARY)
    await send(settled, sent, SECONDARY)
    carried = {"madinhdanhhocba": sent["madinhdanhhocba"], **transcripts.revised({}, 2)}
    await send(settled, moved(sent, PRIVATE, **carried), PRIVATE)
    assert (await the_case(settled)).continues
    assert (await decide(settled, TRANSFER)).outcome is Outcome.ACCEPTED
    stored = await rows(settled)
    assert (len(stored["record"]), len(stored["record_version"]), len(stored["pupil"])) == (1, 2, 1)
    late = await send(settled, sent | {**transcripts.revised({}, 3)}, SECONDARY)  # the record is the new school's now
    assert late.outcome is Outcome.HELD


async def test_another_schools_transcript_code(settled: World, city: SmallCity) -> None:
    one = city.document(PRIMARY)
    await send(settled, one)
    await send(settled, city.document(SECONDARY) | {"madinhdanhhocba": one["madinhdanhhocba"]}, SECONDARY)
    case = await the_case(settled)
    assert (case.kind, case.other_school_code) == (CaseKind.TRANSCRIPT_CODE, PRIMARY.code)
    for decision in (SAME, TRANSFER):
        await refused("case-decision", decide(settled, decision))
    assert (await decide(settled, OTHER)).codes == ("record-decided",)


async def test_a_pupil_from_another_province_needs_no_decision(settled: World, city: SmallCity) -> None:
    """The code of another province's prefix never changes (domain: MOET's pupil code), its learning history comes along."""
    document = city.document(SECONDARY)
    history = [row | {"tentinh": "Tỉnh Long An", "tentruong": "THCS Tân An"} for row in document["quatrinhhoctap"]]
    arrived = document | {"mahocsinh": "8000012345", "quatrinhhoctap": history}
    first = await send(settled, arrived, SECONDARY)
    assert (first.outcome, first.findings) == (Outcome.ACCEPTED, ())
    assert (await send(settled, arrived | {**transcripts.revised({}, 2)}, SECONDARY)).outcome is Outcome.ACCEPTED
    assert await cases.waiting(settled, None, None, 10) == []


async def test_who_may_see_and_decide(settled: World, city: SmallCity) -> None:
    sent = city.document(SECONDARY)
    await send(settled, sent, SECONDARY)
    await send(settled, moved(sent, PRIVATE), PRIVATE)
    case = await the_case(settled)
    mine, others = vendor(PRIVATE), vendor(SECONDARY)
    assert [each.submission_id for each in await cases.waiting(settled, mine, None, 10)] == [case.submission_id]
    assert await cases.waiting(settled, others, None, 10) == []
    assert await cases.waiting(settled, mine, case.submission_id, 10) == []
    for caller in (mine, others):  # the other school's record is in play, too
        await refused("case-unknown", cases.decide(settled, caller, case.submission_id, TRANSFER, REASON, LATER))
    both = vendor(SECONDARY, PRIVATE)
    await refused("request-parameter", cases.decide(settled, both, case.submission_id, TRANSFER, "", LATER))
    await refused("request-parameter", cases.waiting(settled, both, None, 0))
    assert (await cases.decide(settled, both, case.submission_id, TRANSFER, REASON, LATER)).outcome is Outcome.ACCEPTED
    await refused("case-unknown", cases.decide(settled, both, case.submission_id, TRANSFER, REASON, LATER))


async def test_the_sender_hears_the_same_of_every_doubt(settled: World, city: SmallCity) -> None:
    """Another school's number, pupil code, both, transcript code: no finding tells which of them is known there."""
    known = city.document(SECONDARY)
    await send(settled, known, SECONDARY)
    fresh = city.document(PRIVATE, seed=2)
    number = {name: known[name] for name in ("sodinhdanh", "gioitinh", "ngaythangnamsinh")}
    code, transcript = {"mahocsinh": known["mahocsinh"]}, {"madinhdanhhocba": known["madinhdanhhocba"]}
    told = set()
    for changes in (number, code, number | code, transcript):
        answer = await send(settled, fresh | changes, PRIVATE)
        told.add((answer.outcome, tuple((f.code.slug, f.pointer, f.detail) for f in answer.findings)))
    assert told == {(Outcome.HELD, (("record-decision", "", ""),))}


async def test_the_same_bytes_again_are_the_same_case(settled: World, city: SmallCity) -> None:
    document = city.document()
    await send(settled, document)
    raw = city.signed(of_another_person(document))
    first, second = [await submission.submit(settled, VENDOR, raw, judging.JOSE, NOW) for _ in range(2)]
    done = await cases.decide(settled, None, second.submission_id, OTHER, REASON, LATER)
    assert done.outcome is Outcome.REFUSED
    for answer in (first, second):
        assert (await submission.state(settled, VENDOR, answer.submission_id)).outcome == "refused"
    third = await submission.submit(settled, VENDOR, raw, judging.JOSE, LATER)
    assert third.outcome is Outcome.REFUSED, "the decision is about these bytes"


async def test_a_merged_pupil_begins_a_year_under_a_third_code(settled: World, city: SmallCity) -> None:
    """The record, the code and the turn of the merged pupils are written by one statement, and triggers look at all of them."""
    one, two = city.document(PRIMARY, 1), city.document(SECONDARY, 1)
    await send(settled, one)
    await send(settled, two, SECONDARY)
    await pupils.merge(settled, None, one["mahocsinh"], two["mahocsinh"], REASON, LATER)
    late = moved(one, PRIVATE, mahocsinh="7700000003", makhoi="7", namhoc="2025-2026", tenlop="7A")
    assert (await send(settled, late, PRIVATE)).outcome is Outcome.HELD
    done = await decide(settled, SAME)
    assert (done.outcome, done.codes) == (Outcome.ACCEPTED, ())
    assert len((await rows(settled))["record"]) == 3
    answer = await ask(settled, two["sodinhdanh"], "2025-2026")
    assert answer.answer is Answer.GENUINE_CURRENT
