"""The register in memory is asked for beside the requests that rest on it."""

from __future__ import annotations

import asyncio

import pytest

from registry.services.world import World
from registry.storage import generation

pytestmark = pytest.mark.anyio


async def test_a_change_is_known_before_anybody_has_to_wait_for_it(world: World) -> None:
    first = await world.known()
    async with world.db.transaction() as tx:
        await generation.move(tx)
    await asyncio.sleep(0.6)  # not yet a second, in which it may be rested upon
    await world.known()
    await asyncio.sleep(0.25)
    assert (await world.known()).generation > first.generation
