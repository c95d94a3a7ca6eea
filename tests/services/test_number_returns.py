"""Numbers go out as names and come back: what is sure is applied, what is doubtful waits, nobody ever shares a number."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import pytest

from registry.core.callers import Caller, CallerKind, Scope
from registry.core.findings import Refusal
from registry.core.ids import SchoolYear
from registry.core.rosters import Place
from registry.formats import roster_columns, sheets
from registry.services import (
    checking,
    evidence,
    judging,
    number_cases,
    number_returns,
    numbers,
    rosters,
    submission,
    work,
)
from registry.services.number_returns import Options, Report
from registry.services.tables_out import FileKind
from registry.services.world import World
from tests.small_city import NOW, PRIMARY, SECONDARY, settle, small_city, vendor

pytestmark = pytest.mark.anyio
VENDOR = vendor(PRIMARY, SECONDARY)
YEAR = SchoolYear(2023)
ASKED = numbers.Asked("city:79", YEAR)
HEAD = "Mã học sinh,Họ và tên,Lớp,Ngày sinh,Giới tính,Số định danh"
AN = ("1001", "Nguyễn Thị Hòa", "1A", "04/05/2017", "Nữ", "079317000001")
BINH = ("1002", "Trần Văn Bình", "1A", "05/06/2017", "Nam", "079217000002")
CHI = ("1003", "Lê Chí", "1B", "06/07/2017", "Nam", "079217000003")
DUNG = ("1004", "Lê Chi", "1B", "06/07/2017", "Nam", "079217000004")
Row = tuple[str, ...]


def minutes(number: int) -> datetime:
    return NOW + timedelta(minutes=number)


def office(*units: str, schools: frozenset[str]) -> Caller:
    scopes = frozenset({Scope.OPERATE, Scope.COMPLETENESS})
    return Caller("office", CallerKind.OFFICE, "office", scopes, frozenset(), frozenset(units), schools, {})


def without(row: Row) -> Row:
    return (*row[:5], "")


async def roster(world: World, *rows: Row, at: datetime = NOW, school: str = PRIMARY.code) -> None:
    raw = "\n".join([HEAD, *(",".join(row) for row in rows), ""]).encode()
    await rosters.import_roster(world, Place(school, str(YEAR), 1), raw, at, source="test")


def returned(*rows: Row, code: bool = False) -> bytes:
    heads = HEAD.split(",")
    kept = [position for position in range(6) if position not in ({2} if code else {0, 2})]
    lines = [[heads[p] for p in kept], *([row[p] for p in kept] for row in rows)]
    return "\n".join(",".join(line) for line in lines).encode()


async def take(
    world: World, *rows: Row, at: datetime = NOW, caller: Caller | None = None, code: bool = False, **options: bool
) -> Report:
    return await number_returns.take(
        world, caller, ASKED, returned(*rows, code=code), "returned.csv", Options(**options), at
    )


async def missing(world: World, caller: Caller | None = None, unit: str = "city:79") -> list[tuple[str, str]]:
    page = await numbers.lacking(world, caller, numbers.Asked(unit, YEAR), None, 500, NOW)
    return [(row.pupil_code, row.why.value) for row in page.rows]


async def stand(world: World) -> Mapping[str, str | None]:
    """pupil code -> the number that stands on the roster."""
    query = "SELECT pupil_code, number_sealed FROM roster_pupil WHERE left_at IS NULL"
    async with world.db.hot_transaction() as tx:
        rows = await tx.fetch(query)
    return {code: world.sealer.open_number(sealed) if sealed else None for code, sealed in map(tuple, rows)}


def said(refusal: pytest.ExceptionInfo[Refusal]) -> tuple[str, list[tuple[str, str]]]:
    return refusal.value.code.slug, [(each.code.slug, each.pointer) for each in refusal.value.findings]


@pytest.fixture
async def settled(world: World) -> World:
    await settle(world, small_city(), VENDOR)
    return world


async def test_sure_rows_are_applied_and_the_same_file_again_changes_nothing(settled: World) -> None:
    await roster(settled, without(AN), without(BINH), CHI)
    assert await missing(settled) == [("1001", "absent"), ("1002", "absent")]
    file = (("", "NGUYỄN THỊ HOÀ", *AN[2:]), without(BINH))
    tried = await take(settled, *file, at=minutes(1), dry_run=True)
    assert (tried.applied, tried.without, tried.return_id) == (1, 1, None)
    assert (await stand(settled))["1001"] is None
    taken = await take(settled, *file, at=minutes(1))
    assert (taken.rows, taken.applied, taken.without, taken.doubtful) == (2, 1, 1, [])
    assert await stand(settled) == {"1001": AN[5], "1002": None, "1003": CHI[5]}
    assert await missing(settled) == [("1002", "absent")]
    again = await take(settled, *file, at=minutes(2))
    assert (again.applied, again.repeated) == (0, 1)
    (second, first) = await number_returns.returns(settled, None, NOW)
    assert (first.return_id, first.applied, first.source, first.caller_id) == (taken.return_id, 1, "returned.csv", None)
    assert second.fingerprint == first.fingerprint


async def test_numbers_are_sealed_and_the_roster_remembers_the_change(settled: World) -> None:
    await roster(settled, without(AN))
    await take(settled, AN, at=minutes(1))
    async with settled.db.hot_transaction() as tx:
        stays = await tx.fetch(
            "SELECT joined_at, left_at, number_index IS NULL AS without FROM roster_pupil ORDER BY 1"
        )
        assert [tuple(row) for row in stays] == [(NOW, minutes(1), True), (minutes(1), None, False)]
        assert await tx.fetchval("SELECT changed FROM roster_import WHERE source LIKE 'numbers %'") == 1
        for table in ("number_applied", "number_return", "number_case", "roster_pupil"):
            assert AN[5] not in str(await tx.fetch(f"SELECT {table}::text FROM {table}"))


async def test_a_later_list_of_the_school_without_the_number_does_not_take_it_away(settled: World) -> None:
    await roster(settled, without(AN), without(BINH))
    await take(settled, AN, at=minutes(1))
    await roster(settled, without(AN), (*BINH[:2], "1B", *BINH[3:5], ""), at=minutes(2))
    assert await stand(settled) == {"1001": AN[5], "1002": None}


async def test_what_is_doubtful_waits_for_a_person(settled: World) -> None:
    await roster(settled, *map(without, (AN, CHI, DUNG)))
    plain = ("", "Le Chi", *CHI[2:])
    report = await take(settled, AN, plain, at=minutes(1))
    assert (report.applied, [(each.pupils, list(each.doubts)) for each in report.doubtful]) == (
        1, [(2, ["several", "name"])],
    )  # fmt: skip
    (case,) = await number_cases.waiting(settled, None, str(YEAR), None, 10)
    assert [each.pupil_code for each in case.candidates] == ["1003", "1004"]
    assert (await take(settled, plain, at=minutes(2))).repeated == 1
    with pytest.raises(Refusal) as refused:
        await number_cases.decide(settled, None, case.case_id, "1001", "giấy khai sinh", minutes(3))
    assert said(refused)[0] == "number-case-pupil"
    for _ in range(2):
        await number_cases.decide(settled, None, case.case_id, "1003", "giấy khai sinh", minutes(3))
    assert await stand(settled) == {"1001": AN[5], "1003": CHI[5], "1004": None}
    assert await number_cases.waiting(settled, None, str(YEAR), None, 10) == []
    assert (await take(settled, plain, at=minutes(4))).repeated == 1
    with pytest.raises(Refusal) as refused:
        await number_cases.decide(settled, None, case.case_id, None, "nhầm", minutes(5))
    assert said(refused)[0] == "number-case-decided"


async def test_a_number_that_is_nobodys_of_them(settled: World) -> None:
    await roster(settled, without(CHI), without(DUNG))
    await take(settled, ("", "Le Chi", *CHI[2:]))
    (case,) = await number_cases.waiting(settled, None, None, None, 10)
    await number_cases.decide(settled, None, case.case_id, None, "không phải", minutes(1))
    assert set((await stand(settled)).values()) == {None}


async def test_a_decision_never_contradicts_the_roster(settled: World) -> None:
    await roster(settled, without(CHI))
    other = ("1003", "Lê Chí", "1B", "06/07/2016", "Nam", "079216000003")
    report = await take(settled, other, code=True)
    assert [list(each.doubts) for each in report.doubtful] == [["birth_date"]]
    (case,) = await number_cases.waiting(settled, None, None, None, 10)
    with pytest.raises(Refusal) as refused:
        await number_cases.decide(settled, None, case.case_id, "1003", "công an", minutes(1))
    assert said(refused) == ("number-year", [("number-year", "/body/pupil_code")])
    assert len(await number_cases.waiting(settled, None, None, None, 10)) == 1


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ((AN, (*BINH[:5], AN[5])), [("number-sex", "/rows/3/sodinhdanh")]),
        ((AN, (*BINH[:5], "79217000002")), [("roster-number-zero", "/rows/3/sodinhdanh")]),
        ((AN, (*BINH[:5], CHI[5])), [("number-taken", "/rows/3/sodinhdanh")]),
        ((AN, ("", "Ai Khác", "", "01/01/2017", "Nữ", AN[5])), [("number-taken", "/rows/3/sodinhdanh")]),
        (
            (BINH, (*BINH[:5], "079217000009")),
            [("number-two", "/rows/2/sodinhdanh"), ("number-two", "/rows/3/sodinhdanh")],
        ),
    ],
)
async def test_a_file_with_a_wrong_row_changes_nothing(settled: World, rows: tuple[Row, ...], found: Any) -> None:
    await roster(settled, without(AN), without(BINH), CHI)
    for dry_run in (True, False):
        with pytest.raises(Refusal) as refused:
            await take(settled, *rows, dry_run=dry_run)
        assert said(refused) == ("numbers-row", found)
    assert await stand(settled) == {"1001": None, "1002": None, "1003": CHI[5]}
    assert await number_returns.returns(settled, None, NOW) == []
    left_out = await take(settled, *rows, at=minutes(1), skip_wrong=True)
    assert [(each.code.slug, each.pointer) for each in left_out.findings] == found
    assert left_out.applied == (0 if found[0][0] == "number-two" else 1)


async def test_a_number_on_record_is_taken_and_another_than_the_one_on_record_is_doubtful(settled: World) -> None:
    document = small_city().document()
    await submission.submit(settled, VENDOR, small_city().signed(document), judging.JOSE, NOW)
    who = (
        document["mahocsinh"],
        document["hovaten"],
        "1A",
        document["ngaythangnamsinh"],
        "Nam" if document["gioitinh"] == "1" else "Nữ",
    )
    number = document["sodinhdanh"]
    await roster(settled, without(AN), (*who, ""))
    stranger = (*AN[:3], document["ngaythangnamsinh"], who[4], number)
    with pytest.raises(Refusal) as refused:
        await take(settled, stranger)
    assert said(refused) == ("numbers-row", [("number-taken", "/rows/2/sodinhdanh")])
    other = await take(settled, (*who, f"{number[:6]}{(int(number[6:]) + 1) % 10**6:06d}"), dry_run=True)
    assert [list(each.doubts) for each in other.doubtful] == [["replaces"]]
    assert (await take(settled, (*who, number), at=minutes(1))).applied == 1


async def test_many_at_once_never_give_one_number_to_two(settled: World) -> None:
    await roster(settled, *map(without, (AN, CHI, DUNG)))
    files = [((*CHI[:5], CHI[5]),), ((*DUNG[:5], CHI[5]),)] * 4
    found = await asyncio.gather(*(take(settled, *rows) for rows in files), return_exceptions=True)
    assert all(isinstance(each, (Report, Refusal)) for each in found)
    assert [number for number in (await stand(settled)).values() if number] == [CHI[5]]


async def test_what_is_held_for_a_number_is_accepted_by_itself(settled: World) -> None:
    whole = small_city().document()
    document = {**whole, "sodinhdanh": ""}
    raw = small_city().signed(document)
    held = await submission.submit(settled, VENDOR, raw, judging.JOSE, NOW)
    assert [each.code.slug for each in held.findings] == ["number-absent"]
    sex = "Nam" if whole["gioitinh"] == "1" else "Nữ"
    who = (whole["mahocsinh"], whole["hovaten"], "1A", whole["ngaythangnamsinh"], sex)
    await roster(settled, (*who, ""), at=minutes(1))
    await work.rejudge_waiting(settled, work.Watch(), asyncio.Event())
    taken = await take(settled, (*who, whole["sodinhdanh"]), at=minutes(2))
    assert taken.applied == 1
    await work.rejudge_waiting(settled, work.Watch(), asyncio.Event())
    state = await submission.state(settled, VENDOR, held.submission_id)
    assert (state.outcome, state.receipt is not None) == ("accepted", True)
    assert [each["code"] for each in state.findings] == ["number-supplied"]
    async with settled.db.hot_transaction() as tx:
        known = await tx.fetchrow("SELECT number_index, number_sealed FROM pupil_number")
        assert await tx.fetchval("SELECT count(*) FROM waiting") == 0
    assert known is not None
    assert settled.sealer.open_number(known["number_sealed"]) == whole["sodinhdanh"]
    assert state.receipt is not None
    assert state.receipt.fingerprint == sha256(raw).digest()
    reopened = checking.reopen(await evidence.archive(settled, held.submission_id))
    assert isinstance(reopened, checking.Reopened)
    assert reopened.manifest.reproduced is True
    assert [each.code.slug for each in reopened.judge(raw).findings] == ["number-supplied"]
    assert taken.return_id is not None
    with pytest.raises(Refusal) as refused:
        await number_returns.undo(settled, None, taken.return_id, None, "nhầm", minutes(3))
    assert said(refused) == ("number-relied", [("number-relied", f"/pupils/{whole['mahocsinh']}")])


async def test_a_number_that_contradicts_the_document_leaves_it_waiting(settled: World) -> None:
    whole = small_city().document()
    raw = small_city().signed({**whole, "sodinhdanh": ""})
    held = await submission.submit(settled, VENDOR, raw, judging.JOSE, NOW)
    born = str(int(whole["ngaythangnamsinh"][:4]) - 1)
    male = whole["gioitinh"] == "1"
    number = f"079{'2' if male else '3'}{born[2:]}000001"
    who = (whole["mahocsinh"], whole["hovaten"], "1A", f"{born}-01-01", "Nam" if male else "Nữ")
    await roster(settled, (*who, ""), at=minutes(1))
    assert (await take(settled, (*who, number), at=minutes(2))).applied == 1
    await work.rejudge_waiting(settled, work.Watch(), asyncio.Event())
    state = await submission.state(settled, VENDOR, held.submission_id)
    assert (state.outcome, [each["code"] for each in state.findings]) == ("held", ["number-absent"])


async def test_undo_puts_back_what_stood_before(settled: World) -> None:
    await roster(settled, without(AN), without(BINH))
    taken = await take(settled, AN, BINH, at=minutes(1))
    assert isinstance(taken.return_id, UUID)
    for reason in ("", "số 079317000001 sai"):
        with pytest.raises(Refusal) as refused:
            await number_returns.undo(settled, None, taken.return_id, None, reason, minutes(2))
        assert said(refused)[0] == "request-parameter"
    assert await number_returns.undo(settled, None, taken.return_id, "1001", "công an báo nhầm", minutes(2)) == 1
    assert await stand(settled) == {"1001": None, "1002": BINH[5]}
    assert await number_returns.undo(settled, None, taken.return_id, None, "nhầm tệp", minutes(3)) == 1
    assert await number_returns.undo(settled, None, taken.return_id, None, "nhầm tệp", minutes(4)) == 0
    assert await missing(settled) == [("1001", "absent"), ("1002", "absent")]
    assert [each.undone for each in await number_returns.returns(settled, None, NOW)] == [2]
    assert (await take(settled, AN, at=minutes(5))).applied == 1
    with pytest.raises(Refusal) as refused:
        await number_returns.undo(settled, None, UUID(int=1), None, "nhầm tệp", minutes(6))
    assert said(refused)[0] == "number-return-unknown"


async def test_a_transcript_refused_for_its_number_puts_the_pupil_on_the_list(settled: World) -> None:
    whole = small_city().document()
    male = whole["gioitinh"] == "1"
    wrong = whole["sodinhdanh"][:3] + ("3" if male else "2") + whole["sodinhdanh"][4:]
    who = (whole["mahocsinh"], whole["hovaten"], "1A", whole["ngaythangnamsinh"], "Nam" if male else "Nữ")
    await roster(settled, (*who, whole["sodinhdanh"]))
    assert await missing(settled) == []
    await submission.submit(
        settled, VENDOR, small_city().signed({**whole, "sodinhdanh": wrong}), judging.JOSE, minutes(1)
    )
    page = await numbers.lacking(settled, None, ASKED, None, 10, NOW)
    assert [(row.pupil_code, row.why.value, row.codes) for row in page.rows] == [(who[0], "refused", ("number-sex",))]
    assert (await take(settled, (*who, whole["sodinhdanh"]))).repeated == 1
    number = whole["sodinhdanh"]
    other = await take(settled, (*who, f"{number[:6]}{(int(number[6:]) + 1) % 10**6:06d}"))
    assert [list(each.doubts) for each in other.doubtful] == [["replaces"]]
    await submission.submit(settled, VENDOR, small_city().signed(whole), judging.JOSE, minutes(2))
    assert await missing(settled) == []


async def test_one_file_goes_out_with_number_and_fingerprint_and_can_come_back(settled: World) -> None:
    await roster(settled, without(AN), without(BINH))
    made = [await numbers.export(settled, None, ASKED, kind, NOW) for kind in FileKind]
    assert [(each.number, each.pupils) for each in made] == [(1, 2), (2, 2)]
    kept = await numbers.exports(settled, None, NOW)
    assert [each.fingerprint.hex() for each in kept] == [made[1].sha256, made[0].sha256]
    for each in made:
        (sheet,) = sheets.sheets(io.BytesIO(each.file.body))
        rows = [[str(cell) for cell in cells] for _, cells in sheet.rows]
        assert roster_columns.layout(rows[0], required=roster_columns.REQUIRED) is not None
        assert [row[3:8] for row in rows[1:]] == [[r[0], r[1], r[3], r[4], r[2]] for r in (AN, BINH)]
        report = await number_returns.take(settled, None, ASKED, each.file.body, "same", Options(), NOW)
        assert (report.rows, report.without) == (2, 2)


async def test_everybody_sees_and_acts_on_their_own_units_alone(settled: World) -> None:
    mine = office(f"school:{PRIMARY.code}", schools=frozenset({PRIMARY.code}))
    theirs = office(f"school:{SECONDARY.code}", schools=frozenset({SECONDARY.code}))
    await roster(settled, without(AN), without(CHI), without(DUNG))
    unit = f"school:{PRIMARY.code}"
    assert [code for code, _ in await missing(settled, mine, unit)] == ["1001", "1003", "1004"]
    for use in (missing(settled, theirs, unit), take(settled, AN, caller=theirs)):
        with pytest.raises(Refusal) as refused:
            await use
        assert said(refused)[0] == "access-unit"
    asked = numbers.Asked(unit, YEAR)
    raw = returned(AN, ("", "Le Chi", *CHI[2:]))
    report = await number_returns.take(settled, mine, asked, raw, "a", Options(), NOW)
    assert report.return_id is not None
    (case,) = await number_cases.waiting(settled, mine, None, None, 10)
    assert await number_cases.waiting(settled, theirs, None, None, 10) == []
    assert await number_returns.returns(settled, theirs, NOW) == []
    with pytest.raises(Refusal) as refused:
        await number_cases.decide(settled, theirs, case.case_id, "1003", "x", NOW)
    assert said(refused)[0] == "number-case-unknown"
    with pytest.raises(Refusal) as refused:
        await number_returns.undo(settled, theirs, report.return_id, None, "x", NOW)
    assert said(refused)[0] == "number-return-unknown"


async def test_pages_by_a_cursor_that_belongs_to_its_question(settled: World) -> None:
    await roster(settled, *map(without, (AN, BINH, CHI)))
    first = await numbers.lacking(settled, None, ASKED, None, 2, NOW)
    second = await numbers.lacking(settled, None, ASKED, first.next, 2, NOW)
    assert [row.pupil_code for row in (*first.rows, *second.rows)] == ["1001", "1002", "1003"]
    assert second.next is None
    other = numbers.Asked(f"school:{PRIMARY.code}", YEAR)
    for asked, after, limit, pointer in (
        (other, first.next, 2, "after"),
        (ASKED, "x", 2, "after"),
        (ASKED, None, 0, "limit"),
    ):
        with pytest.raises(Refusal) as refused:
            await numbers.lacking(settled, None, asked, after, limit, NOW)
        assert said(refused) == ("request-parameter", [("request-parameter", f"/query/{pointer}")])
