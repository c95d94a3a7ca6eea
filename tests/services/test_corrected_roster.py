"""The school sends a corrected roster while numbers are out or have come back: what waits goes on by itself, nobody counts twice."""

from __future__ import annotations

import asyncio
from hashlib import sha256

import pytest

from registry.core.findings import Outcome, Refusal
from registry.services import checking, evidence, judging, number_cases, submission, work
from registry.services.world import World
from tests.services.test_number_returns import (
    AN,
    BINH,
    CHI,
    DUNG,
    VENDOR,
    YEAR,
    minutes,
    missing,
    roster,
    said,
    settled,
    stand,
    take,
    without,
)  # fmt: skip
from tests.small_city import SECONDARY, small_city

__all__ = ["settled"]
pytestmark = pytest.mark.anyio


async def waiting(world: World) -> list[list[str]]:
    found = await number_cases.waiting(world, None, str(YEAR), None, 10)
    assert await number_cases.count(world, None, str(YEAR)) == len(found), "what the page says that there are"
    return [[each.pupil_code for each in case.candidates] for case in found]


async def test_a_doubt_that_the_corrected_roster_settles(settled: World) -> None:
    """The roster had no birth date and no sex; with them the same file is sure, and nobody has to decide any more."""
    await roster(settled, (*AN[:3], "", "", ""), without(BINH))
    first = await take(settled, AN, at=minutes(1))
    assert [list(each.doubts) for each in first.doubtful] == [["birth_date", "sex"]]
    assert await waiting(settled) == [["1001"]]
    await roster(settled, without(AN), without(BINH), at=minutes(2))
    assert await waiting(settled) == [["1001"]]
    again = await take(settled, AN, at=minutes(3))
    assert (again.applied, again.doubtful) == (1, [])
    assert await stand(settled) == {"1001": AN[5], "1002": None}
    assert await waiting(settled) == []


async def test_a_doubt_of_several_when_the_other_one_got_a_number(settled: World) -> None:
    await roster(settled, *map(without, (CHI, DUNG)))
    plain = ("", "Le Chi", *CHI[2:])
    assert [each.pupils for each in (await take(settled, plain, at=minutes(1))).doubtful] == [2]
    await roster(settled, without(CHI), DUNG, at=minutes(2))
    (case,) = await number_cases.waiting(settled, None, str(YEAR), None, 10)
    await number_cases.decide(settled, None, case.case_id, "1003", "giấy khai sinh", minutes(3))
    assert await stand(settled) == {"1003": CHI[5], "1004": DUNG[5]}


async def test_the_number_of_the_file_is_on_the_corrected_roster_already(settled: World) -> None:
    await roster(settled, (*AN[:3], "", "", ""))
    assert len((await take(settled, AN, at=minutes(1))).doubtful) == 1
    await roster(settled, AN, at=minutes(2))
    assert await missing(settled) == []
    assert (await take(settled, AN, at=minutes(3))).repeated == 1
    assert await waiting(settled) == []


async def test_the_pupil_left_with_the_corrected_roster(settled: World) -> None:
    await roster(settled, (*AN[:3], "", "", ""), without(BINH), without(CHI))
    assert len((await take(settled, AN, at=minutes(1))).doubtful) == 1
    await roster(settled, without(BINH), without(CHI), at=minutes(2))
    cases = await number_cases.waiting(settled, None, str(YEAR), None, 10)
    for case in cases:
        with pytest.raises(Refusal) as refused:
            await number_cases.decide(settled, None, case.case_id, "1001", "giấy khai sinh", minutes(3))
        assert said(refused)[0] == "number-case-pupil"
        await number_cases.decide(settled, None, case.case_id, None, "đã chuyển đi", minutes(3))
    assert await waiting(settled) == []


async def test_another_number_on_the_corrected_roster_counts_and_the_file_is_a_doubt(settled: World) -> None:
    await roster(settled, without(AN))
    assert (await take(settled, AN, at=minutes(1))).applied == 1
    other = (*AN[:5], "079317000002")
    await roster(settled, other, at=minutes(2))
    assert await stand(settled) == {"1001": other[5]}
    assert await missing(settled) == []
    again = await take(settled, AN, at=minutes(3))
    assert again.applied == 0
    assert await stand(settled) == {"1001": other[5]}


@pytest.mark.parametrize("corrected", ["name", "birth date", "sex"])
async def test_a_corrected_roster_keeps_the_number_that_came_back(settled: World, corrected: str) -> None:
    code, name, of, birth, sex, number = AN
    before = {"name": AN, "birth date": (code, name, of, "", sex, number), "sex": (code, name, of, birth, "", number)}[
        corrected
    ]
    after = (code, "Nguyễn Thị Hoàn", of, birth, sex, "") if corrected == "name" else without(AN)
    await roster(settled, without(before))
    await take(settled, AN, at=minutes(1))
    for case in await number_cases.waiting(settled, None, str(YEAR), None, 10):
        await number_cases.decide(settled, None, case.case_id, "1001", "giấy khai sinh", minutes(2))
    assert await stand(settled) == {"1001": number}
    await roster(settled, after, at=minutes(3))
    assert await stand(settled) == {"1001": number}


async def test_another_child_under_the_code_does_not_keep_it(settled: World) -> None:
    for number, (year, name) in enumerate((("2016", AN[1]), ("2017", "Phạm Thu"), ("2017", ""))):
        await roster(settled, without(AN), at=minutes(10 * number))
        assert (await take(settled, AN, at=minutes(10 * number + 1))).applied == 1
        sex = AN[4] if year == "2016" else "Nam"
        await roster(settled, (AN[0], name or AN[1], "1A", f"04/05/{year}", sex, ""), at=minutes(10 * number + 2))
        assert await stand(settled) == {"1001": None}


async def test_a_held_document_is_accepted_when_the_corrected_roster_agrees_with_it(settled: World) -> None:
    """The roster had another day of birth than the document: the number waited beside it until the school sent the right one."""
    whole = small_city().document()
    held = await submission.submit(
        settled, VENDOR, small_city().signed({**whole, "sodinhdanh": ""}), judging.JOSE, minutes(0)
    )
    sex, born = "Nam" if whole["gioitinh"] == "1" else "Nữ", whole["ngaythangnamsinh"]
    other = f"{born[:8]}{'02' if born[8:] == '01' else '01'}"
    who = (whole["mahocsinh"], whole["hovaten"], "1A")
    await roster(settled, (*who, other, sex, ""), at=minutes(1))
    assert (await take(settled, (*who, other, sex, whole["sodinhdanh"]), at=minutes(2))).applied == 1
    await work.rejudge_waiting(settled, work.Watch(), asyncio.Event())
    assert (await submission.state(settled, VENDOR, held.submission_id)).outcome == "held"
    await roster(settled, (*who, born, sex, ""), at=minutes(3))
    await work.rejudge_waiting(settled, work.Watch(), asyncio.Event())
    state = await submission.state(settled, VENDOR, held.submission_id)
    assert (state.outcome, [each["code"] for each in state.findings]) == ("accepted", ["number-supplied"])


@pytest.mark.parametrize("listed", [True, False])
async def test_a_number_that_a_later_list_brings_wakes_the_document_that_waits_for_it(
    settled: World, listed: bool
) -> None:
    """Whether the pupil stood on the roster without a number, or on none."""
    whole = small_city().document()
    sex = "Nam" if whole["gioitinh"] == "1" else "Nữ"
    who = (whole["mahocsinh"], whole["hovaten"], "1A", whole["ngaythangnamsinh"], sex)
    await roster(settled, *([(*who, "")] if listed else [without(AN)]), at=minutes(0))
    raw = small_city().signed({**whole, "sodinhdanh": ""})
    held = await submission.submit(settled, VENDOR, raw, judging.JOSE, minutes(1))
    assert held.outcome is Outcome.HELD
    await roster(settled, (*who, whole["sodinhdanh"]), at=minutes(2))
    await work.rejudge_waiting(settled, work.Watch(), asyncio.Event())
    state = await submission.state(settled, VENDOR, held.submission_id)
    assert (state.outcome, [each["code"] for each in state.findings]) == ("accepted", ["number-supplied"])
    assert state.receipt is not None
    assert state.receipt.fingerprint == sha256(raw).digest()
    reopened = checking.reopen(await evidence.archive(settled, held.submission_id))
    assert isinstance(reopened, checking.Reopened)
    assert [each.code.slug for each in reopened.judge(raw).findings] == ["number-supplied"]
    async with settled.db.hot() as tx:
        known = await tx.fetchrow("SELECT number_sealed FROM pupil_number")
    assert known is not None
    assert settled.sealer.open_number(known["number_sealed"]) == whole["sodinhdanh"]


async def test_a_number_that_the_list_had_before_belongs_into_the_document(settled: World) -> None:
    """The school knew it and left it out: nothing is completed for it, also when the list comes once more; it sends the document again."""
    whole = small_city().document()
    sex = "Nam" if whole["gioitinh"] == "1" else "Nữ"
    who = (whole["mahocsinh"], whole["hovaten"], "1A", whole["ngaythangnamsinh"], sex)
    await roster(settled, (*who, whole["sodinhdanh"]), at=minutes(0))
    raw = small_city().signed({**whole, "sodinhdanh": ""})
    held = await submission.submit(settled, VENDOR, raw, judging.JOSE, minutes(1))
    await roster(settled, (*who[:2], "1B", *who[3:], whole["sodinhdanh"]), at=minutes(2))
    await work.rejudge_waiting(settled, work.Watch(), asyncio.Event())
    assert (await submission.state(settled, VENDOR, held.submission_id)).outcome == "held"
    again = await submission.submit(settled, VENDOR, small_city().signed(whole), judging.JOSE, minutes(3))
    assert again.outcome is Outcome.ACCEPTED


async def test_a_list_gives_no_document_the_number_of_a_pupil_of_another_school(settled: World) -> None:
    """Born the same day: nothing in the number tells the two apart, and whose it is the lists do not agree on."""
    whole, number = small_city().document(), small_city().document()["sodinhdanh"]
    who = (whole["hovaten"], "1A", whole["ngaythangnamsinh"], "Nam" if whole["gioitinh"] == "1" else "Nữ")
    await roster(settled, ("elsewhere", *who, number), at=minutes(0), school=SECONDARY.code)
    raw = small_city().signed({**whole, "sodinhdanh": ""})
    held = await submission.submit(settled, VENDOR, raw, judging.JOSE, minutes(1))
    await roster(settled, (whole["mahocsinh"], *who, number), at=minutes(2))
    await work.rejudge_waiting(settled, work.Watch(), asyncio.Event())
    assert (await submission.state(settled, VENDOR, held.submission_id)).outcome == "held"
    await roster(settled, ("elsewhere", *who, ""), at=minutes(3), school=SECONDARY.code)
    await roster(settled, (whole["mahocsinh"], who[0], "1B", *who[2:], number), at=minutes(4))
    await work.rejudge_waiting(settled, work.Watch(), asyncio.Event())
    assert (await submission.state(settled, VENDOR, held.submission_id)).outcome == "accepted"


async def test_a_list_whose_number_contradicts_the_document_leaves_it_waiting(settled: World) -> None:
    whole = small_city().document()
    other = small_city().document(seed=2)
    held = await submission.submit(
        settled, VENDOR, small_city().signed({**whole, "sodinhdanh": ""}), judging.JOSE, minutes(0)
    )
    sex = "Nam" if other["gioitinh"] == "1" else "Nữ"
    born = f"{int(whole['ngaythangnamsinh'][:4]) - 1}-01-01"
    number = f"079{'2' if sex == 'Nam' else '3'}{born[2:4]}000001"
    await roster(settled, (whole["mahocsinh"], whole["hovaten"], "1A", born, sex, number), at=minutes(1))
    await work.rejudge_waiting(settled, work.Watch(), asyncio.Event())
    assert (await submission.state(settled, VENDOR, held.submission_id)).outcome == "held"
