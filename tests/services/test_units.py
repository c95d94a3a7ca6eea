"""The map comes in: the table that comes along, the demo's schools on it, and what is not taken."""

from __future__ import annotations

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
HEADER = "kind,code,name,parents,valid_from,valid_to,ownership\n"


@pytest.fixture
async def city(world: World) -> World:
    report = await units.import_builtin(world, "hcmc-2025", NOW)
    assert (report.units, report.parts, report.schools, report.problems) == (191, 190, 0, [])
    return world


async def take(world: World, *rows: str) -> units.Imported:
    return await units.import_units(world, (HEADER + "\n".join(rows) + "\n").encode(), NOW)


async def generation(world: World) -> int:
    async with world.db.hot_transaction() as tx:
        return int(await tx.fetchval("SELECT value FROM generation"))


async def test_the_city_of_2025(city: World) -> None:
    here = (await city.known()).map
    kinds = [unit.kind for unit in here.units.values()]
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {"city": 1, "district": 22, "commune": 168}
    assert await units.widest(city) == ["city:79"]
    assert here.units["commune:27190"].name == schools.COMMUNE_NAMES[0]
    assert len(here.below("city:79", BEFORE)) == 1 + 22
    assert len(here.below("city:79", AFTER)) == 1 + 22 + 168


async def test_schools_lie_in_the_legacy_district_for_ever_and_in_communes_since_2025(city: World) -> None:
    report = await units.import_units(city, schools.units_csv().encode(), NOW)
    assert (report.units, report.parts, report.schools, report.problems) == (22, 44, 22, [])
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
    assert (report.units, report.parts, report.schools, report.problems) == (0, 0, 0, [])


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
