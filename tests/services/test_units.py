"""The map comes in: the table that comes along, the demo's schools on it, and what is not taken."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from registry.core.trust import Ownership
from registry.demo import schools
from registry.services import units
from registry.services.world import World

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
LONG_AGO = datetime(2020, 6, 1, tzinfo=UTC)
#: An hour before and after midnight in the city, 1 July 2025.
BEFORE, AFTER = datetime(2025, 6, 30, 16, tzinfo=UTC), datetime(2025, 6, 30, 18, tzinfo=UTC)
#: Old ward 14 of Quận 10 went to two communes.
SPLIT = "ward:27169"
HEADER = "kind,code,name,parents,valid_from,valid_to,ownership\n"


@pytest.fixture
async def city(world: World) -> World:
    report = await units.import_builtin(world, "hcmc-2025", NOW)
    assert (report.units, report.parts, report.schools, report.problems) == (648, 647, 0, [])
    return world


async def take(world: World, *rows: str) -> units.Imported:
    return await units.import_units(world, (HEADER + "\n".join(rows) + "\n").encode(), NOW)


async def generation(world: World) -> int:
    async with world.db.hot_transaction() as tx:
        return int(await tx.fetchval("SELECT value FROM generation"))


async def test_the_city_of_2025(city: World) -> None:
    here = (await city.known()).map
    kinds = [unit.kind for unit in here.units.values()]
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {"city": 1, "district": 38, "ward": 441, "commune": 168}
    assert await units.widest(city) == ["city:79"]
    assert here.units["commune:27190"].name == schools.COMMUNE_NAMES[0]
    assert len(here.below("city:79", BEFORE)) == 1 + 38 + 441
    assert len(here.below("city:79", AFTER)) == 1 + 38 + 441 + 168
    assert len(here.parts_of("district:771", BEFORE)) == 11
    assert here.parts_of("district:771", AFTER) == ()
    assert here.heirs_of("district:771") == {f"commune:{code}" for code in schools.COMMUNES}
    assert here.heirs_of(SPLIT) == {"commune:27169", "commune:27163"}
    split = [code for code, heirs in here.successors.items() if len(heirs) > 1]
    assert (len(here.successors), len(split), {heir.partly for heir in here.successors[SPLIT]}) == (442, 47, {True})


async def test_the_clusters_of_2025(city: World) -> None:
    report = await units.import_builtin(city, "hcmc-clusters-2025", NOW)
    assert (report.units, report.parts, report.problems) == (16, 16 + 104, [])
    here = (await city.register.newer_than(city.db, 1)).map
    assert {f"commune:{code}" for code in schools.COMMUNES} < {part.code for part in here.parts_of("cluster:6", NOW)}
    assert here.parts_of("cluster:10", NOW) == ()


async def placed(world: World, *rows: str) -> list[str]:
    """The units that the school of the last row is part of at all times, with their days in UTC."""
    report = await take(world, *rows)
    assert report.problems == []
    here = (await world.register.newer_than(world.db, await generation(world) - 1)).map
    mine = [part for parts in here.children.values() for part in parts if part.child == "school:1"]
    return [
        f"{p.parent} {p.valid_from:%Y-%m-%d}..{p.valid_to:%Y-%m-%d}"
        if p.valid_to
        else f"{p.parent} {p.valid_from:%Y-%m-%d}.."
        for p in sorted(mine, key=lambda p: (p.valid_from, p.parent))
    ]


async def test_a_schools_commune_follows_from_its_ward(city: World) -> None:
    assert await placed(city, "school,1,A,ward:27190;district:771,2020-01-01,,public") == [
        "district:771 2019-12-31..", "ward:27190 2019-12-31..2025-06-30", "commune:27190 2025-06-30..",
    ]  # fmt: skip


async def test_of_a_split_ward_the_file_says_where_the_school_went(city: World) -> None:
    report = await take(city, f"school,1,A,{SPLIT},2020-01-01,,public")
    assert [(problem.row, problem.column) for problem in report.problems] == [(2, "parents")]
    assert "commune:27163, commune:27169" in str(report.problems[0])
    wrong = await take(city, f"school,1,A,{SPLIT};commune:27190,2020-01-01,,public")
    assert [(problem.row, problem.column) for problem in wrong.problems] == [(2, "parents")]
    assert await placed(city, f"school,1,A,{SPLIT};commune:27163,2020-01-01,,public") == [
        "ward:27169 2019-12-31..2025-06-30", "commune:27163 2025-06-30..",
    ]  # fmt: skip


async def test_a_school_moves_once_and_is_in_one_commune_at_a_time(city: World) -> None:
    await take(city, "school,1,A,commune:27190@2025-07-01..,2020-01-01,,public")
    both = await take(city, "school,1,A,commune:27163@2026-01-01..,2020-01-01,,public")
    assert [(problem.row, problem.column) for problem in both.problems] == [(2, "parents")]
    move = "school,1,A,commune:27190@2025-07-01..2026-01-01;commune:27163@2026-01-01..,2020-01-01,,public"
    expected = ["commune:27190 2025-06-30..2025-12-31", "commune:27163 2025-12-31.."]
    assert await placed(city, move) == expected
    assert await placed(city, move) == expected
    again = await take(city, "school,1,A,commune:27190@2025-07-01..2026-02-01,2020-01-01,,public")
    assert [(problem.row, problem.column) for problem in again.problems] == [(2, "parents")]


async def test_of_two_files_at_once_the_second_is_compared_with_the_first(city: World) -> None:
    files = (f"school,1,{name},commune:27190,2025-07-01,,public" for name in ("A", "B"))
    done = await asyncio.gather(*(take(city, each) for each in files))
    assert sorted([(each.schools, [p.column for p in each.problems]) for each in done]) == [(0, ["code"]), (1, [])]


async def test_what_ends_takes_its_memberships_along_and_keeps_its_schools(city: World) -> None:
    await take(city, "school,1,A,district:771;commune:27190,2020-01-01,,public")
    report = await take(city, '"district",771,Quận 10 (trước 01/07/2025),,2020-01-01,2025-07-01,')
    assert (report.ended, report.problems) == (3, [])  # the district, its place in the city, the school in it
    here = (await city.register.newer_than(city.db, await generation(city) - 1)).map
    assert "district:771" not in [part.code for part in here.parts_of("city:79", NOW)]
    assert here.schools_of("district:771", NOW) == here.schools_of("commune:27190", NOW) == {"1"}
    opened = await take(city, "district,771,Quận 10 (trước 01/07/2025),,2020-01-01,,")
    assert [(problem.row, problem.column) for problem in opened.problems] == [(2, "code")]


async def test_what_is_replaced_has_to_be_there_and_over(city: World) -> None:
    header = HEADER.replace("\n", ",replaces\n")
    for row in ("commune,1,A,,2025-07-01,,,ward:99999", "commune,1,A,,2025-01-01,,,ward:27190"):
        report = await units.import_units(city, (header + row + "\n").encode(), NOW)
        assert [(problem.row, problem.column) for problem in report.problems] == [(2, "replaces")]


async def test_schools_lie_in_the_legacy_district_for_ever_and_in_communes_since_2025(city: World) -> None:
    report = await units.import_units(city, schools.units_csv().encode(), NOW)
    assert (report.units, report.parts, report.schools, report.problems) == (22, 66, 22, [])
    here = (await city.register.newer_than(city.db, 2)).map
    for moment in (LONG_AGO, BEFORE, AFTER, NOW):
        assert len(here.schools_of(schools.DISTRICT, moment)) == 22
        assert len(here.schools_of(schools.CITY, moment)) == 22
    communes = [here.schools_of(f"commune:{code}", NOW) for code in schools.COMMUNES]
    assert sum(map(len, communes)) == 22
    assert not here.schools_of("commune:27190", BEFORE)
    owners = {(await city.known()).index.trust.schools[s.code].ownership for s in schools.all_schools()}
    assert owners == {Ownership.PUBLIC, Ownership.NON_PUBLIC}
    shown = await units.show(city, f"school:{schools.all_schools()[0].code}", NOW)
    assert shown is not None
    assert shown.parents == ("commune:27190", "district:771")


async def test_the_same_again_adds_nothing(city: World) -> None:
    report = await units.import_builtin(city, "hcmc-2025", NOW + timedelta(days=1))
    assert (report.units, report.parts, report.schools, report.successions, report.problems) == (0, 0, 0, 0, [])


async def test_every_process_reads_the_map_again(city: World) -> None:
    before = await generation(city)
    await take(city, "school,1,A,city:79,2024-01-01,,public")
    assert await generation(city) == before + 1
    assert await units.show(city, "nowhere:1", NOW) is None


@pytest.mark.parametrize(
    ("row", "place"),
    [
        ("school,2,B,commune:99999,2024-01-01,,public", (3, "parents")),
        ("school,2,B,commune:27190,2020-01-01,2024-01-01,public", (3, "parents")),
        ("commune,27190,Phường Khác,city:79,2025-07-01,,", (3, "code")),
        ("commune,27190,Phường Vườn Lài,city:79,2025-07-02,,", (3, "code")),
        ("school,2,B,city:79,2024-01-01,,private", (3, "ownership")),
    ],
)
async def test_nothing_of_a_file_with_a_problem(city: World, row: str, place: tuple[int, str]) -> None:
    before = await generation(city)
    report = await take(city, "school,1,A,city:79,2024-01-01,,public", row)
    assert [(problem.row, problem.column) for problem in report.problems] == [place]
    assert (report.units, await generation(city)) == (0, before)
    async with city.db.hot_transaction() as tx:
        assert await tx.fetchval("SELECT count(*) FROM school") == 0


async def test_a_school_keeps_its_ownership(city: World) -> None:
    await take(city, "school,1,A,city:79,2024-01-01,,public")
    report = await take(city, "school,1,A,city:79,2024-01-01,,non_public")
    assert [(problem.row, problem.column) for problem in report.problems] == [(2, "ownership")]


async def test_a_name_of_no_table(world: World) -> None:
    assert (await units.import_builtin(world, "../signature-policy", NOW)).problems
