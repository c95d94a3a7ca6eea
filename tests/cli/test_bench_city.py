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
    question = Question([city.school_code(school) for school in range(city.schools)], bench_city.YEAR, now)
    async with world.db.snapshot() as tx:
        counted = Counter(bucket for _, _, _, bucket in await completeness.each(tx, question))
    planned = Counter({Bucket(fate.value): pupils for fate, pupils in fates.items()})
    planned[Bucket.MISSING] += fates[Fate.TRANSFERRED]
    assert counted == planned
