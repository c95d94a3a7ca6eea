"""Rosters come in as differences, on a real database and with others writing at the same time."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from registry.core.findings import Refusal
from registry.core.rosters import Place
from registry.services import rosters
from registry.services.world import World
from registry.storage.database import Database
from tests.small_city import NOW, PRIMARY, SECONDARY, settle, small_city, vendor

pytestmark = pytest.mark.anyio
PLACE = Place(PRIMARY.code, PRIMARY.school_year, 1)
NUMBER = "079317000001"
AN: Mapping[str, str] = {
    "mahocsinh": "7900000001", "hovaten": "Nguyễn An", "tenlop": "1A", "ngaysinh": "2017", "gioitinh": "2",
    "sodinhdanh": NUMBER,
}  # fmt: skip
BINH = {**AN, "mahocsinh": "7900000002", "hovaten": "Trần Bình", "sodinhdanh": ""}
CHI = {**AN, "mahocsinh": "7900000003", "hovaten": "Lê Chi", "sodinhdanh": "079317000003"}


def minutes(number: int) -> datetime:
    return NOW + timedelta(minutes=number)


def table(*rows: Mapping[str, str]) -> bytes:
    return "\n".join([",".join(AN), *(",".join(row.values()) for row in rows), ""]).encode()


async def put(
    world: World, *rows: Mapping[str, str], at: datetime = NOW, place: Place = PLACE, **more: Any
) -> tuple[int, int, int, int]:
    options = rosters.Options(
        **{name: more.pop(name) for name in ("total", "dry_run", "allow_leaving") if name in more}
    )
    report = await rosters.import_roster(world, place, table(*rows), at, source="test", options=options, **more)
    assert report.total == len(rows)
    return report.joined, report.left, report.changed, report.unchanged


async def stays(world: World) -> list[tuple[Any, ...]]:
    """Every stay: pupil, from minute, to minute, class."""
    query = "SELECT pupil_code, joined_at, left_at, class_name FROM roster_pupil ORDER BY pupil_code, joined_at"
    async with world.db.hot_transaction() as tx:
        return [tuple(row) for row in await tx.fetch(query)]


@pytest.fixture
async def settled(world: World) -> World:
    await settle(world, small_city())
    return world


async def test_joined_left_changed_and_nobody_wiped(settled: World) -> None:
    moved = {**BINH, "tenlop": "1B"}
    assert await put(settled, AN, BINH) == (2, 0, 0, 0)
    assert await put(settled, AN, moved, CHI, at=minutes(1)) == (1, 0, 1, 1)
    assert await put(settled, moved, CHI, at=minutes(2)) == (0, 1, 0, 2)
    assert await put(settled, AN, moved, CHI, at=minutes(3)) == (1, 0, 0, 2)
    assert await stays(settled) == [
        ("7900000001", minutes(0), minutes(2), "1A"),
        ("7900000001", minutes(3), None, "1A"),
        ("7900000002", minutes(0), minutes(1), "1A"),
        ("7900000002", minutes(1), None, "1B"),
        ("7900000003", minutes(1), None, "1A"),
    ]


async def test_the_same_again_changes_nothing_and_is_noted(settled: World) -> None:
    await put(settled, AN, BINH, caller_id="office")
    before = await stays(settled)
    assert await put(settled, BINH, AN, at=minutes(1)) == (0, 0, 0, 2)
    assert await stays(settled) == before
    query = (
        "SELECT source, caller_id, received_at, grade, joined, left_, changed FROM roster_import ORDER BY received_at"
    )
    async with settled.db.hot_transaction() as tx:
        assert [tuple(row) for row in await tx.fetch(query)] == [
            ("test", "office", minutes(0), 1, 2, 0, 0),
            ("test", None, minutes(1), 1, 0, 0, 0),
        ]


@pytest.mark.parametrize(
    "change",
    [{"hovaten": "Nguyễn Ân"}, {"tenlop": "1B"}, {"ngaysinh": "2017-05"}, {"gioitinh": ""}, {"sodinhdanh": ""},
     {"sodinhdanh": "079317000009"}],
)  # fmt: skip
async def test_whatever_changes_closes_a_stay_and_opens_the_next(settled: World, change: dict[str, str]) -> None:
    await put(settled, AN)
    assert await put(settled, {**AN, **change}, at=minutes(1)) == (0, 0, 1, 0)
    assert [row[1:3] for row in await stays(settled)] == [(minutes(0), minutes(1)), (minutes(1), None)]


async def test_numbers_lie_sealed_and_indexed(settled: World) -> None:
    await put(settled, AN, BINH)
    async with settled.db.hot_transaction() as tx:
        rows = await tx.fetch(
            "SELECT number_index, number_sealed, roster_pupil::text AS whole FROM roster_pupil ORDER BY pupil_code"
        )
    assert rows[0]["number_index"] == settled.sealer.number_index(NUMBER)
    assert settled.sealer.open_number(rows[0]["number_sealed"]) == NUMBER
    assert (rows[1]["number_index"], rows[1]["number_sealed"]) == (None, None)
    assert all(NUMBER not in row["whole"] for row in rows)


async def test_imports_at_one_moment_or_with_a_slow_clock_stay_in_order(settled: World) -> None:
    await put(settled, AN)
    await put(settled, {**AN, "tenlop": "1B"})
    await put(settled, {**AN, "tenlop": "1C"}, at=minutes(-5))
    found = await stays(settled)
    assert [row[3] for row in found] == ["1A", "1B", "1C"]
    assert all(joined < left for _, joined, left, _ in found[:2])
    assert [row[2] for row in found] == [found[1][1], found[2][1], None]


async def test_many_at_once_wait_for_each_other(settled: World, database_urls: Any, sealer: Any) -> None:
    other = World.of(Database(database_urls.service), sealer)
    try:
        reports = await asyncio.gather(
            *(put([settled, other][turn % 2], AN, BINH, {**CHI, "tenlop": f"1{turn % 3}"}) for turn in range(12))
        )
    finally:
        other.judges.close()
        await other.db.close()
    assert [report[0] for report in reports].count(3) == 1
    assert all(left == 0 and joined in {0, 3} for joined, left, _, _ in reports)
    async with settled.db.hot_transaction() as tx:
        assert await tx.fetchval("SELECT count(*) FROM roster_pupil WHERE left_at IS NULL") == 3
        assert await tx.fetchval("SELECT count(*) FROM roster_pupil WHERE left_at <= joined_at") == 0


async def test_a_pupil_may_be_on_two_schools_rosters_but_not_in_two_grades_of_one(settled: World) -> None:
    await put(settled, AN, BINH)
    elsewhere = Place(SECONDARY.code, PRIMARY.school_year, 1)
    assert await put(settled, AN, place=elsewhere) == (1, 0, 0, 0)
    with pytest.raises(Refusal) as refused:
        await put(settled, CHI, BINH, place=Place(PRIMARY.code, PRIMARY.school_year, 2))
    assert _said(refused.value) == ("roster-row", [("roster-row", "/rows/3/mahocsinh")])
    next_year = Place(PRIMARY.code, "2024-2025", 2)
    assert await put(settled, AN, BINH, place=next_year) == (2, 0, 0, 0)


async def test_an_empty_roster_says_that_all_have_left(settled: World) -> None:
    await put(settled, AN, BINH)
    assert await put(settled, at=minutes(1)) == (0, 2, 0, 0)


@pytest.mark.parametrize(
    ("rows", "total", "main", "found"),
    [
        ((AN, {**AN, "sodinhdanh": ""}), None, "roster-row", [("roster-row", "/rows/3/mahocsinh")]),
        ((AN, {**BINH, "tenlop": ""}), None, "roster-row", [("field-empty", "/rows/3/tenlop")]),
        ((AN, {**BINH, "sodinhdanh": "1"}), None, "roster-row", [("number-shape", "/rows/3/sodinhdanh")]),
        ((AN, {"a": "b"}), None, "roster-shape", [("roster-shape", "/rows/3")]),
        ((AN, BINH), 3, "roster-count", [("roster-count", "")]),
    ],
)
async def test_nothing_of_a_roster_with_a_finding(
    settled: World, rows: tuple[Mapping[str, str], ...], total: int | None, main: str, found: list[tuple[str, str]]
) -> None:
    await put(settled, AN)
    before = await stays(settled)
    with pytest.raises(Refusal) as refused:
        await put(settled, *rows, at=minutes(1), total=total)
    assert _said(refused.value) == (main, found)
    assert await stays(settled) == before


async def test_a_school_that_is_on_no_map(settled: World) -> None:
    with pytest.raises(Refusal) as refused:
        await put(settled, AN, place=Place("0", "2023-2024", 1))
    assert refused.value.code.slug == "school-unknown"


async def test_a_large_roster_in_a_few_statements(settled: World) -> None:
    rows = [{**BINH, "mahocsinh": f"79{n:08d}"} for n in range(2000)]
    assert await put(settled, *rows) == (2000, 0, 0, 0)
    assert await put(settled, *({**row, "tenlop": "2A"} for row in rows), at=minutes(1)) == (0, 0, 2000, 0)


def _said(refusal: Refusal) -> tuple[str, list[tuple[str, str]]]:
    return refusal.code.slug, [(finding.code.slug, finding.pointer) for finding in refusal.findings]


async def test_a_trial_says_the_same_and_writes_nothing(settled: World) -> None:
    report = await rosters.import_roster(
        settled, PLACE, table(AN, BINH), NOW, source="test", options=rosters.Options(dry_run=True)
    )
    assert (report.joined, report.dry_run) == (2, True)
    assert await stays(settled) == []
    assert await put(settled, AN, BINH) == (2, 0, 0, 0)


async def test_half_a_list_needs_a_word(settled: World) -> None:
    rows = [{**BINH, "mahocsinh": f"79{n:08d}"} for n in range(100)]
    await put(settled, *rows)
    with pytest.raises(Refusal) as refused:
        await put(settled, *rows[:79], at=minutes(1))
    assert _said(refused.value) == ("roster-shrinks", [("roster-shrinks", f"/schools/{PRIMARY.code}")])
    assert await put(settled, *rows[:79], at=minutes(2), allow_leaving=True) == (0, 21, 0, 79)


CITY = ("mahocsinh", "hovaten", "tenlop", "ngaysinh", "gioitinh", "sodinhdanh", "matruong", "khoi")


def city(*rows: tuple[Mapping[str, str], str, int]) -> io.BytesIO:
    lines = [",".join([*row.values(), school, str(grade)]) for row, school, grade in rows]
    return io.BytesIO("\n".join([",".join(CITY), *lines, ""]).encode())


async def test_a_list_of_many_schools_is_about_the_rosters_it_names(settled: World) -> None:
    year = PRIMARY.school_year
    one = city((AN, PRIMARY.code, 1), (BINH, PRIMARY.code, 2), (CHI, SECONDARY.code, 6))
    report = await rosters.import_city(settled, None, year, one, NOW, source="city")
    assert (report.joined, report.rosters, report.schools) == (3, 3, 2)
    two = city((BINH, PRIMARY.code, 2), ({**CHI, "tenlop": "6B"}, SECONDARY.code, 6))
    report = await rosters.import_city(settled, None, year, two, minutes(1), source="city")
    assert (report.joined, report.left, report.changed, report.unchanged) == (0, 0, 1, 1)
    up = city((AN, PRIMARY.code, 1), ({**BINH, "tenlop": "1B"}, PRIMARY.code, 1), (CHI, PRIMARY.code, 2))
    report = await rosters.import_city(settled, None, year, up, minutes(2), source="city")
    assert (report.joined, report.left, report.changed, report.unchanged) == (1, 0, 1, 1)


@pytest.mark.parametrize(
    ("rows", "main", "found"),
    [
        (((AN, PRIMARY.code, 1), (BINH, "nowhere", 1)), "school-unknown", [("school-unknown", "/rows/3/matruong")]),
        (((AN, PRIMARY.code, 1), (AN, SECONDARY.code, 6)), "roster-row",
         [("roster-row", "/rows/3/mahocsinh"), ("roster-row", "/rows/3/sodinhdanh")]),
    ],
)  # fmt: skip
async def test_nothing_of_a_city_with_a_finding(settled: World, rows: Any, main: str, found: Any) -> None:
    with pytest.raises(Refusal) as refused:
        await rosters.import_city(settled, None, PRIMARY.school_year, city(*rows), NOW, source="city")
    assert _said(refused.value) == (main, found)
    assert await stays(settled) == []


async def test_a_city_list_stays_within_the_units_of_its_sender(settled: World) -> None:
    with pytest.raises(Refusal) as refused:
        await rosters.import_city(
            settled, vendor(PRIMARY), PRIMARY.school_year, city((AN, SECONDARY.code, 6)), NOW, source="city"
        )
    assert _said(refused.value) == ("access-unit", [("access-unit", "/rows/2/matruong")])
