"""What comes at the same moment goes together, each gets what is its own, and nobody is left waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from registry.services.together import Together
from registry.services.world import World
from registry.storage.database import Hot

pytestmark = pytest.mark.anyio


async def squares(connection: Hot, several: Sequence[int]) -> list[tuple[int, int]]:
    """Each one's square, and how many went together."""
    rows = await connection.fetch(
        "SELECT n * n AS square FROM unnest($1::int[]) WITH ORDINALITY AS u (n, at) ORDER BY at", several
    )
    return [(row["square"], len(several)) for row in rows]


async def test_many_at_once_go_in_few_statements_and_each_gets_its_own(world: World) -> None:
    together = Together(squares, 1)
    found = await asyncio.gather(*(together.ask(world.db, number) for number in range(100)))
    assert [square for square, _ in found] == [number * number for number in range(100)]
    assert max(size for _, size in found) > 30


async def test_who_asks_in_the_very_turn_of_an_answer_is_not_left_waiting(world: World) -> None:
    together = Together(squares, 1)
    async with asyncio.timeout(10):
        for number in range(20):
            assert await together.ask(world.db, number) == (number * number, 1)


async def test_what_is_wrong_with_one_fails_nobody_else(world: World) -> None:
    async def never_seven(connection: Hot, several: Sequence[int]) -> list[tuple[int, int]]:
        if 7 in several:
            raise ValueError
        return await squares(connection, several)

    together = Together(never_seven, 1)
    asked = (together.ask(world.db, number) for number in (3, 7, 5, 7))
    found = await asyncio.gather(*asked, return_exceptions=True)
    assert [each if isinstance(each, tuple) else type(each) for each in found] == [
        (9, 1),
        ValueError,
        (25, 1),
        ValueError,
    ]
    assert await asyncio.wait_for(together.ask(world.db, 3), 10) == (9, 1)


async def test_too_few_results_are_nobodys_and_leave_nobody_waiting(world: World) -> None:
    async def forgets_one(connection: Hot, several: Sequence[int]) -> list[tuple[int, int]]:
        return (await squares(connection, several))[1:]

    together = Together(forgets_one, 1)
    async with asyncio.timeout(10):
        for _ in range(2):
            asked = (together.ask(world.db, number) for number in range(3))
            found = await asyncio.gather(*asked, return_exceptions=True)
            assert all(isinstance(each, ValueError) for each in found), found
