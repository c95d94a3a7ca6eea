"""One pupil under two pupil codes: readiness, the list of missing numbers and a campaign's grades count as the buckets do."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from registry.core.completeness import Bucket, Counts
from registry.core.ids import SchoolYear
from registry.core.rosters import Place
from registry.services import completeness, judging, numbers, readiness, rosters, submission
from registry.services.world import World
from registry.storage import stages
from tests.services.test_readiness import office
from tests.small_city import NOW, PRIMARY, PRIVATE, settle, small_city, vendor

pytestmark = pytest.mark.anyio
CITY, YEAR = small_city(), SchoolYear(2023)
VENDOR = vendor(PRIMARY)
OFFICE = office("city:79")
HEAD = "mahocsinh,hovaten,tenlop,ngaysinh,gioitinh,sodinhdanh\n"
SCHOOLS = (PRIMARY, PRIVATE)
GRADES = (None, (1,), (2,), (1, 2))


@pytest.fixture
async def settled(world: World) -> World:
    await settle(world, CITY, VENDOR)
    return world


async def put(world: World, school: Any, grade: int, rows: str, minute: int) -> None:
    at = NOW + timedelta(minutes=minute)
    place = Place(school.code, str(YEAR), grade)
    options = rosters.Options(allow_leaving=True)
    await rosters.import_roster(world, place, (HEAD + rows).encode(), at, source="test", options=options)


async def one_pupil(world: World, *groups: tuple[str, ...]) -> None:
    """Each group of codes is one pupil's."""
    async with world.db.hot_transaction() as tx:
        for codes in groups:
            of = uuid.uuid4()
            await tx.execute("INSERT INTO pupil VALUES ($1, $2)", of, NOW)
            await tx.executemany("INSERT INTO pupil_code VALUES ($1, $2, $3)", [(code, of, NOW) for code in codes])


async def agree(world: World) -> list[tuple[int, int]]:
    """Everything counts the same pupils; gives (expected, without a number) for each choice of grades."""
    now = datetime.now(UTC)
    said = []
    for grades in GRADES:
        only = completeness.Only(grades)
        report = await completeness.report(
            world, OFFICE, "city:79", YEAR, None, now, by=completeness.By.SCHOOL, only=only
        )
        by_school = {line.unit.code[7:]: line.counts for line in report.children}
        ready = await readiness.look(
            world, None, readiness.Asked("city:79", YEAR, now + timedelta(days=1), grades, closed=True), now
        )
        found = {row.facts.school_code: row.facts.numbers for row in ready.rows if row.facts.numbers.pupils}
        assert set(found) == {school for school, counts in by_school.items() if counts.expected}
        listed = await numbers.lacking(world, None, numbers.Asked("city:79", YEAR, only=only), None, 500, now)
        for school, counts in by_school.items():
            if counts.expected:
                assert found[school].pupils == counts.expected, (grades, school)
                assert found[school].without_number == counts.of(Bucket.AWAITING_NUMBER), (grades, school)
            rows = [row for row in listed.rows if row.school_code == school]
            assert len(rows) == counts.of(Bucket.AWAITING_NUMBER), (grades, school)
        async with world.db.snapshot() as tx:
            each = await stages.grades(tx, [school.code for school in SCHOOLS], str(YEAR), grades or (1, 2))
        assert sum(pupils for _, _, pupils in each) == report.line.counts.expected
        said.append((report.line.counts.expected, report.line.counts.of(Bucket.AWAITING_NUMBER)))
    return said


@pytest.mark.parametrize("seed", range(4))
async def test_every_count_is_that_of_the_buckets(settled: World, seed: int) -> None:
    rng = Random(seed)
    groups = [tuple(f"9{pupil:02d}{mark}" for mark in range(rng.choice([1, 2, 3]))) for pupil in range(14)]
    minute = 0
    for school in SCHOOLS:
        places = {code: rng.choice([1, 2]) for codes in groups for code in codes}
        for _ in range(2):  # in the second list some have left, or have a number at last: they joined later than others
            for grade in (1, 2):
                minute += 1
                rows = "".join(
                    f"{code},Tên,A,,,{rng.choice(['', CITY.document(PRIMARY, int(code[1:]))['sodinhdanh']])}\n"
                    for code, stands in places.items()
                    if stands == grade and rng.random() < 0.8
                )
                await put(settled, school, grade, rows, minute)
    apart = await agree(settled)
    await one_pupil(settled, *groups)
    once = await agree(settled)
    assert once[0][0] < apart[0][0]
    assert once[0][0] <= len(groups) * len(SCHOOLS)


async def test_a_number_refused_under_one_code_is_the_pupil_s(settled: World) -> None:
    whole = CITY.document()
    male = whole["gioitinh"] == "1"
    wrong = whole["sodinhdanh"][:3] + ("3" if male else "2") + whole["sodinhdanh"][4:]
    row = f"{whole['mahocsinh']},{whole['hovaten']},1A,,,{whole['sodinhdanh']}\n"
    await put(settled, PRIMARY, 1, row, 0)
    await put(settled, PRIMARY, 1, f"{row}7,{whole['hovaten']},1A,,,{CITY.document(seed=2)['sodinhdanh']}\n", 1)
    await submission.submit(
        settled, VENDOR, CITY.signed({**whole, "sodinhdanh": wrong}), judging.JOSE, NOW + timedelta(minutes=2)
    )
    await one_pupil(settled, (whole["mahocsinh"], "7"))
    page = await numbers.lacking(settled, None, numbers.Asked("city:79", YEAR), None, 10, NOW)
    assert [(each.pupil_code, each.why.value, each.codes) for each in page.rows] == [("7", "refused", ("number-sex",))]
    report = await completeness.report(settled, OFFICE, "city:79", YEAR, None, datetime.now(UTC))
    assert report.line.counts == Counts.of_buckets({Bucket.REFUSED: 1})
