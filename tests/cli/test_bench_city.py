"""The bench's city: every pupil comes to the bucket that was planned, counted by the same question the office asks."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import pytest

from registry.cli import bench_city
from registry.cli.bench_city import City, Fate
from registry.core.completeness import Bucket
from registry.services.world import World
from registry.storage import completeness
from registry.storage.completeness import Question
from tests.conftest import Urls

pytestmark = pytest.mark.anyio


async def test_a_city_is_as_planned(world: World, database_urls: Urls) -> None:
    city, now = City(2_400), datetime.now(UTC)
    await bench_city.settle(world, city, now)
    await bench_city.fill(database_urls.owner, city)
    fates = Counter(pupil.fate for pupil in city.of_schools(0, city.schools))
    assert set(fates) == set(Fate)
    schools = [city.school_code(school) for school in range(city.schools)]
    async with world.db.snapshot() as tx:
        found = await completeness.count(tx, Question(schools, bench_city.YEAR, now))
    counted = {bucket: sum(counts.of(bucket) for counts in found.values()) for bucket in Bucket}
    planned = {bucket: fates[Fate(bucket.value)] for bucket in Bucket}
    planned[Bucket.MISSING] += fates[Fate.TRANSFERRED]
    assert counted == planned
