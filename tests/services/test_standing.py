"""The counts that are kept ready: nothing old is answered in silence, whatever differs is found and made again."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from registry.cli import bench_city
from registry.cli.bench_city import City, Fate
from registry.core.callers import Caller, CallerKind, Scope
from registry.core.completeness import Bucket
from registry.core.ids import SchoolYear
from registry.services import completeness, completeness_pupils, standing
from registry.services.world import World
from registry.storage import standing as stored
from tests.conftest import Urls

pytestmark = pytest.mark.anyio
CITY = City(3_000)
YEAR = SchoolYear(2025)
OFFICE = Caller("office", CallerKind.OFFICE, "o", frozenset({Scope.COMPLETENESS}), frozenset(), frozenset({"city:79"}),
                frozenset(), {})  # fmt: skip


@pytest.fixture
async def filled(world: World, database_urls: Urls) -> World:
    """A city whose schools are all marked."""
    await bench_city.settle(world, CITY, datetime.now(UTC))
    await bench_city.fill(database_urls.owner, CITY)
    return world


def planned() -> dict[Bucket, int]:
    """How many pupils come to which bucket by what was written."""
    found = dict.fromkeys(Bucket, 0)
    for pupil in CITY.of_schools(0, CITY.schools):
        found[Bucket(pupil.fate.value)] += 1
        found[Bucket.MISSING] += pupil.fate is Fate.TRANSFERRED
    return found


async def ask(world: World, unit: str = bench_city.CITY, as_of: datetime | None = None) -> completeness.Report:
    return await completeness.report(world, OFFICE, unit, YEAR, as_of, datetime.now(UTC))


async def test_what_is_not_counted_yet_is_said_and_soon_over(filled: World) -> None:
    first = await ask(filled)
    assert (first.pending > stored.MOST_FOLDED, first.line.counts.expected) == (True, 0)
    school = f"school:{CITY.school_code(0)}"
    one = await ask(filled, school)
    mine = sum(pupil.fate is not Fate.UNEXPECTED for pupil in CITY.of_schools(0, 1))
    assert one.pending == 0  # few enough to be counted from the rows
    assert one.line.counts.expected + one.line.counts.of(Bucket.TRANSFERRED) >= mine
    asked = completeness_pupils.Asked(bench_city.CITY, YEAR, Bucket.HELD)
    held = sorted(pupil.code for pupil in CITY.of_schools(0, CITY.schools) if pupil.fate is Fate.HELD)
    before = await completeness_pupils.page(filled, OFFICE, asked, None, None, 500, datetime.now(UTC))
    assert sorted(row.pupil_code for row in before.rows) == held  # a list is whole at every moment
    await asyncio.gather(standing.settle_all(filled), standing.settle_all(filled))
    after = await ask(filled)
    assert after.pending == 0
    assert {bucket: after.line.counts.of(bucket) for bucket in Bucket} == planned()
    again = await completeness_pupils.page(filled, OFFICE, asked, None, None, 500, datetime.now(UTC))
    assert [row.pupil_code for row in again.rows] == [row.pupil_code for row in before.rows]
    assert await standing.settle_all(filled) == 0


async def test_every_day_of_the_past_adds_up(filled: World) -> None:
    await standing.settle_all(filled)
    first = bench_city.JOINED.date()
    trend = await completeness.trend(
        filled, OFFICE, bench_city.CITY, YEAR, (first, first + timedelta(days=90)), datetime.now(UTC)
    )
    for number in (0, 16, 40, 75, 90):
        ends = datetime.combine(first + timedelta(days=number + 1), datetime.min.time(), stored.CITY)
        exact = await ask(filled, as_of=ends - timedelta(microseconds=1))
        assert exact.line.counts == trend.days[number].counts
    noon = bench_city.SENT + timedelta(days=20, hours=5)
    there = {Fate.PRESENT, Fate.UNEXPECTED}  # who left did so later
    sent = sum(pupil.sent_at <= noon for pupil in CITY.of_schools(0, CITY.schools) if pupil.fate in there)
    assert (await ask(filled, as_of=noon)).line.counts.of(Bucket.PRESENT) == sent


#: What somebody does to what is kept, and of how many pupils the history differs then.
TAMPERED = [
    ("UPDATE standing SET key = '10000' WHERE pupil_code = (SELECT min(pupil_code) FROM standing WHERE key = '10100')"
     " AND key = '10100'", 1),
    ("DELETE FROM standing WHERE pupil_code = (SELECT min(pupil_code) FROM standing)", 1),
    ("UPDATE standing SET until = until - interval '1 second' WHERE until < 'infinity' AND pupil_code ="
     " (SELECT min(pupil_code) FROM standing WHERE until < 'infinity')", 1),
    ("INSERT INTO standing VALUES ('2025-2026', '79000000', 'nobody', now(), 'infinity', 1, '1A', '10000')", 1),
    ("UPDATE standing_count SET pupils = pupils + 1 WHERE ctid = (SELECT min(ctid) FROM standing_count)", 0),
    ("UPDATE standing_day SET pupils = pupils - 1 WHERE ctid = (SELECT min(ctid) FROM standing_day)", 0),
]  # fmt: skip


async def test_whatever_differs_is_found_and_made_again(filled: World, database_urls: Urls) -> None:
    await standing.settle_all(filled)
    compared = await standing.compare(filled)
    assert (compared.good, compared.differing, compared.schools) == (True, 0, ())
    assert compared.pupils == CITY.pupils + sum(p.fate is Fate.TRANSFERRED for p in CITY.of_schools(0, CITY.schools))
    owner = await asyncpg.connect(database_urls.owner.replace("+asyncpg", ""))
    try:
        for change, pupils in TAMPERED:
            assert not (await owner.execute(change)).endswith(" 0"), change
            found = await standing.compare(filled)
            assert (len(found.schools), found.differing) == (1, pupils), change
            await standing.count_again(filled, found)
            await standing.settle_all(filled)
            assert (await standing.compare(filled)).good, change
    finally:
        await owner.close()
    assert {bucket: (await ask(filled)).line.counts.of(bucket) for bucket in Bucket} == planned()
