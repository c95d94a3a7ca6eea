"""Every order of arrival of six things about one record ends in one state: all 720 orders, each to its end.

What two orders begin with is done once and taken back by savepoints: 1,956 arrivals instead of 4,320.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest

from registry.core.findings import Outcome
from registry.core.verification import Answer
from registry.services import changes, persons, submission, transcripts
from registry.services.world import World
from registry.storage.sealing import Sealer
from tests.conftest import Urls
from tests.one_transaction import OneTransaction
from tests.services.test_withdrawal import CITY, MINE, send, statement, version, withdraw
from tests.small_city import NOW, settle

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(600)]  # seconds alone, more beside other work
CODE, NUMBER = CITY.document()["madinhdanhhocba"], CITY.document()["sodinhdanh"]
_STATE = """
SELECT (SELECT array_agg((current_version, withdrawn_version)::text) FROM record) AS standing,
       (SELECT array_agg(version ORDER BY version) FROM record_version) AS versions,
       (SELECT array_agg(version ORDER BY version) FROM withdrawal) AS withdrawals,
       (SELECT count(*) FROM waiting) AS waits, (SELECT person_sealed FROM pupil_number) AS person
"""
#: Every how many orders the history and the feed are looked at, too.
EACH = 24
Arrival = tuple[str, bytes]
AtTheEnd = Callable[[World], Awaitable[Any]]


async def every_order(world: World, urls: Urls, arrivals: Sequence[Arrival], at_the_end: AtTheEnd) -> list[Any]:
    """What is found at the end of each order of these arrivals, on the settled city."""
    await settle(world, CITY, MINE)
    async with OneTransaction(urls.service).opened() as one:
        return await _each_order(World.of(one, world.sealer, world.judges), one, arrivals, at_the_end)


async def _each_order(
    world: World, one: OneTransaction, arrivals: Sequence[Arrival], at_the_end: AtTheEnd
) -> list[Any]:
    found = []
    for index, (kind, raw) in enumerate(arrivals):
        left = [*arrivals[:index], *arrivals[index + 1 :]]
        async with one.taken_back():
            answer = await (send if kind == "v" else withdraw)(world, raw)
            assert answer.outcome is not Outcome.REFUSED
            found += await _each_order(world, one, left, at_the_end) if left else [await at_the_end(world)]
    return found


async def state(world: World) -> tuple[Any, ...]:
    """All that is on record, and which version last told who the number belongs to."""
    async with world.db.hot() as tx:
        [row] = await tx.fetch(_STATE)
    person = persons.opened(world.sealer, row["person"], world.sealer.number_index(NUMBER))
    assert person is not None
    return row["standing"], row["versions"], row["withdrawals"], row["waits"], person.version


async def test_all_720_orders_of_six_versions_end_in_the_same_state(
    world: World, database_urls: Urls, sealer: Sealer
) -> None:
    told, ended = set(), 0

    async def end(world: World) -> str:
        nonlocal ended
        if ended % EACH == 0:
            told.add(await told_of(world))
        ended += 1
        return str(await state(world))

    seen = await every_order(world, database_urls, [("v", version(number)) for number in range(1, 7)], end)
    assert len(seen) == 720
    assert set(seen) == {str((["(6,0)"], [1, 2, 3, 4, 5, 6], None, 0, 6))}
    [(states, positions, accepted, superseded)] = told
    assert states == (*((n, Answer.GENUINE_SUPERSEDED, 6) for n in range(1, 6)), (6, Answer.GENUINE_CURRENT, None))
    assert positions == tuple(range(1, 12))
    assert (accepted, superseded) == ((1, 2, 3, 4, 5, 6), (1, 2, 3, 4, 5))


async def told_of(world: World) -> tuple[Any, ...]:
    """What a vendor reads: each version with what it is now; the feed's positions, versions accepted and superseded."""
    versions = await transcripts.versions(world, MINE, CODE, NOW)
    feed = (await changes.read(world, MINE, 0, 100)).changes
    kinds = [tuple(sorted(c.version or 0 for c in feed if c.kind == kind)) for kind in ("accepted", "superseded")]
    return (
        tuple((each.version.version, each.state, each.replaced_by) for each in versions),
        tuple(each.position for each in feed),
        *kinds,
    )


async def test_all_720_orders_with_a_gap_a_repetition_and_a_withdrawal(world: World, database_urls: Urls) -> None:
    """Versions 1, 2, 3 and 5 (4 never comes), the third once more, and the withdrawal of the second, which may have to wait."""
    once = [("v", version(number)) for number in (1, 2, 3, 5)]

    async def end(world: World) -> str:
        for turn, each in enumerate(await submission.waiting(world, 10)):
            await submission.rejudge(world, each, NOW + timedelta(seconds=1 + turn))
        return str(await state(world))

    seen = await every_order(world, database_urls, [*once, once[2], ("w", statement(2))], end)
    assert len(seen) == 720
    assert set(seen) == {str((["(5,2)"], [1, 2, 3, 5], [2], 0, 5))}
