"""Renumberings, merges, their undo and submissions of the same pupils, all at once from several processes' connections.

Whatever the interleaving: no fault, nothing lost, and one and the same state in the end.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from random import Random
from typing import Any

import pytest

from registry.core.findings import Outcome, Refusal
from registry.demo import transcripts
from registry.services import changes, judging, pupils, submission
from registry.services.pupils import Renumbering
from registry.services.world import World
from registry.storage.changes import Change
from registry.storage.database import Database
from registry.storage.sealing import Sealer
from tests.conftest import Urls
from tests.services.test_pupils import OFFICE, VENDOR, other_number
from tests.small_city import NOW, PRIMARY, SECONDARY, SmallCity, settle, small_city

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(300)]
CITY: SmallCity = small_city()
PUPILS = 4
VERSIONS = (1, 2, 3, 4)
_LATER = count(1)


def later() -> datetime:
    """No two of them are equal."""
    return NOW + timedelta(milliseconds=next(_LATER))


@dataclass(frozen=True)
class Child:
    """One child under two codes: at primary school, with a number that changes twice, and at lower secondary."""

    seed: int

    @property
    def early(self) -> dict[str, Any]:
        return CITY.document(PRIMARY, self.seed)

    @property
    def late(self) -> dict[str, Any]:
        return CITY.document(SECONDARY, self.seed)

    @property
    def numbers(self) -> list[str]:
        return [other_number(self.early["sodinhdanh"], by) for by in (0, 1, 2)]

    def documents(self, rng: Random) -> list[bytes]:
        """The versions of both records, the early ones from the second on under any of the three numbers."""
        early = [
            transcripts.revised(self.early, version) | {"sodinhdanh": rng.choice(self.numbers)}
            for version in VERSIONS[1:]
        ]
        late = [CITY.signed(transcripts.revised(self.late, version), SECONDARY) for version in VERSIONS]
        return [*(CITY.signed(each) for each in early), *late]


@pytest.fixture
async def worlds(world: World, database_urls: Urls, sealer: Sealer) -> AsyncIterator[list[World]]:
    """Three processes' views of one database."""
    await settle(world, CITY, VENDOR, OFFICE)
    others = [World.of(Database(database_urls.service, pool_size=4), sealer, world.judges) for _ in range(2)]
    yield [world, *others]
    for other in others:
        await other.db.close()


async def done(use: Callable[[], Awaitable[Any]], *enough: str) -> str | None:
    """Try until it is done, or refused with one of these codes; what has to come first may not have come yet."""
    for _ in range(600):
        try:
            await use()
        except Refusal as refusal:
            slug = refusal.code.slug
            if slug in enough:
                return slug
            if slug not in {"pupil-unknown", "pupil-merged", "service-busy"}:
                raise
            await asyncio.sleep(0.02)
        else:
            return None
    raise AssertionError("never done")


def jobs(child: Child, worlds: Sequence[World], rng: Random) -> list[Callable[[], Awaitable[Any]]]:
    """Everything that is done about one child."""

    def any_world() -> World:
        return rng.choice(worlds)

    async def send(raw: bytes) -> None:
        async def once() -> None:
            answer = await submission.submit(any_world(), VENDOR, raw, judging.JOSE, later())
            assert answer.outcome is not Outcome.REFUSED, answer.findings

        await done(once)  # whoever loses too many races in a row is told to come again

    async def renumbered() -> None:
        one, two, three = child.numbers
        for asked in (Renumbering(one, two, "QĐ 1"), Renumbering(two, three, "QĐ 2")):
            await done(partial(pupils.renumber, any_world(), None, asked, later()), "pupil-renumbered")

    async def merged_undone_and_merged() -> None:
        codes = child.early["mahocsinh"], child.late["mahocsinh"]
        made: list[pupils.Merge] = []

        async def merge() -> None:
            made.append(await pupils.merge(any_world(), None, *codes, "Một em", later()))

        await done(merge)
        undoing = [
            done(lambda: pupils.unmerge(any_world(), None, made[0].merge_id, "Nhầm", later()), "pupil-merged")
            for _ in range(3)
        ]
        assert sorted(map(str, await asyncio.gather(*undoing))) == ["None", "pupil-merged", "pupil-merged"]
        again = [done(merge, "pupil-merged") for _ in range(3)]
        assert sorted(map(str, await asyncio.gather(*again))) == ["None", "pupil-merged", "pupil-merged"]

    sending = [partial(send, raw) for raw in child.documents(rng) * 2]
    return [*sending, renumbered, renumbered, merged_undone_and_merged]


async def test_everything_at_once_ends_as_if_one_after_the_other(worlds: list[World]) -> None:
    rng = Random(20)
    children = [Child(seed) for seed in range(1, PUPILS + 1)]
    for child in children:  # with another number first, nobody could know whose it is
        first = await submission.submit(worlds[0], VENDOR, CITY.signed(child.early), judging.JOSE, later())
        assert first.outcome is Outcome.ACCEPTED
    todo = [job for child in children for job in jobs(child, worlds, rng)]
    rng.shuffle(todo)
    ended = asyncio.Event()
    following = [
        asyncio.create_task(follow(world, limit, ended)) for world, limit in zip(worlds, (1, 7, 1000), strict=True)
    ]
    await asyncio.gather(*(job() for job in todo))
    await rejudge_all(worlds[0])
    ended.set()
    feeds = await asyncio.gather(*following)
    assert {await state_of(worlds[0], child) for child in children} == {
        (
            "merged",
            (("open", 2), ("closed", 1), ("closed", 0)),
            (("primary", 4, VERSIONS), ("lower_secondary", 4, VERSIONS)),
        )
    }
    await check_invariants(worlds[0])
    await check_feeds(worlds[0], feeds)


async def held_twice(world: World) -> tuple[submission.Answer, bytes]:
    """A document with a number that becomes the pupil's only afterwards, held."""
    child = Child(1)
    await submission.submit(world, VENDOR, CITY.signed(child.early), judging.JOSE, NOW)
    raw = CITY.signed(transcripts.revised(child.early, 2) | {"sodinhdanh": child.numbers[1]})
    held = await submission.submit(world, VENDOR, raw, judging.JOSE, NOW + timedelta(hours=1))
    assert held.outcome is Outcome.HELD
    await pupils.renumber(world, None, Renumbering(child.numbers[0], child.numbers[1], "QĐ"), NOW)
    return held, raw


async def test_what_came_later_and_was_held_sooner_ends_with_what_was_accepted(worlds: list[World]) -> None:
    """Two of the same bytes overtake each other on their way: the verdict that ends the wait is the newest of both."""
    held, raw = await held_twice(worlds[0])
    accepted = await submission.submit(worlds[1], VENDOR, raw, judging.JOSE, NOW)
    assert (accepted.outcome, accepted.repeated) == (Outcome.ACCEPTED, False)
    state = await submission.state(worlds[0], VENDOR, held.submission_id)
    assert (state.outcome, state.receipt) == ("accepted", accepted.receipt)


async def test_what_began_to_wait_while_its_bytes_were_accepted_ends_too(worlds: list[World]) -> None:
    """As when the row of the queue is written just after the other submission looked for it."""
    held, raw = await held_twice(worlds[0])
    async with worlds[0].db.hot_transaction() as tx:
        row = await tx.fetchrow("DELETE FROM waiting RETURNING *")
    assert row is not None
    accepted = await submission.submit(worlds[1], VENDOR, raw, judging.JOSE, NOW + timedelta(hours=2))
    async with worlds[0].db.hot_transaction() as tx:
        places = ", ".join(f"${place + 1}" for place in range(len(row)))
        await tx.execute(f"INSERT INTO waiting ({', '.join(row.keys())}) VALUES ({places})", *row.values())
    await rejudge_all(worlds[0])
    state = await submission.state(worlds[0], VENDOR, held.submission_id)
    assert (state.outcome, state.receipt) == ("accepted", accepted.receipt)


async def follow(world: World, limit: int, ended: asyncio.Event) -> list[Change]:
    """A reader who is stopped after every page and begins again from what it remembers."""
    found: list[Change] = []
    after = 0
    while True:
        last = ended.is_set()
        page = await changes.read(world, VENDOR, after, limit)
        found, after = [*found, *page.changes], page.next
        if last and not page.more and not page.changes:
            return found
        await asyncio.sleep(0 if page.more else 0.01)


async def rejudge_all(world: World) -> None:
    fresh = World.of(world.db, world.sealer, world.judges)
    for _ in range(20):
        waiting = await submission.waiting(fresh, 100)
        if not waiting:
            return
        for each in waiting:
            await submission.rejudge(fresh, each, later() + timedelta(hours=1))
    raise AssertionError("documents are judged again and again")


async def state_of(world: World, child: Child) -> tuple[Any, ...]:
    """Merged or not, which of its numbers is open, and its records with their versions."""
    index = {world.sealer.number_index(number): place for place, number in enumerate(child.numbers)}
    codes = [child.early["mahocsinh"], child.late["mahocsinh"]]
    async with world.db.hot() as tx:
        owners = [await tx.fetchval("SELECT pupil_id FROM pupil_code WHERE pupil_code = $1", code) for code in codes]
        alias = await tx.fetchval("SELECT survivor FROM pupil_alias WHERE pupil_id = $1", owners[0])
        numbers = await tx.fetch("SELECT number_index, closed_at FROM pupil_number WHERE pupil_id = $1", owners[0])
        records = await tx.fetch(
            "SELECT r.level, r.current_version, array_agg(v.version ORDER BY v.version) AS versions FROM record r"
            " JOIN record_version v USING (school_year, pupil_id, level) WHERE r.pupil_id = ANY($1) GROUP BY 1, 2 ORDER BY 1 DESC",
            owners,
        )  # fmt: skip
    closed = sorted(("closed" if row["closed_at"] else "open", index[row["number_index"]]) for row in numbers)
    shown = tuple((row["level"], row["current_version"], tuple(row["versions"])) for row in records)
    return "merged" if alias == owners[1] else "apart", tuple(reversed(closed)), shown


async def check_invariants(world: World) -> None:
    """What must hold whatever happened: aliases follow from merges in force, nothing waits, one record a year, one merge in force."""
    async with world.db.hot() as tx:
        aliases = {tuple(row) for row in await tx.fetch("SELECT pupil_id, survivor FROM pupil_alias")}
        merges = {
            tuple(row)
            for row in await tx.fetch("SELECT from_pupil, into_pupil FROM pupil_merge WHERE undone_at IS NULL")
        }
        counts = await tx.fetchrow(
            "SELECT (SELECT count(*) FROM pupil) AS pupils, (SELECT count(*) FROM waiting) AS waits,"
            " (SELECT count(*) FROM pupil_merge) AS merges, (SELECT count(*) FROM renumbering) AS renumberings,"
            " (SELECT count(*) FROM pupil_number WHERE closed_at IS NULL) AS open_numbers,"
            " (SELECT count(*) FROM record WHERE current_version <> (SELECT max(version) FROM record_version v"
            "    WHERE (v.school_year, v.pupil_id, v.level) = (record.school_year, record.pupil_id, record.level))) AS wrong"
        )
        newest = await tx.fetch(
            "SELECT DISTINCT ON (submission_id) outcome FROM verdict ORDER BY submission_id, judged_at DESC"
        )
    assert counts is not None
    assert aliases == merges  # no chains here
    assert dict(counts) == {
        "pupils": 2 * PUPILS, "waits": 0, "merges": 2 * PUPILS, "renumberings": 2 * PUPILS,
        "open_numbers": 2 * PUPILS, "wrong": 0,
    }  # fmt: skip
    assert Counter(row["outcome"] for row in newest) == {"accepted": (4 * len(VERSIONS) - 1) * PUPILS}


async def check_feeds(world: World, feeds: Sequence[list[Change]]) -> None:
    """Each reader has seen all, in order, once: every version, what it superseded, every renumbering."""
    for found in feeds:
        assert [each.position for each in found] == list(range(1, len(found) + 1))
        told = Counter((each.kind, each.school_code) for each in found)
        assert (
            told.pop(("renumbered", SECONDARY.code), 0) <= 2 * PUPILS
        )  # told while the pupil was merged with that of the school
        kinds = {"accepted": len(VERSIONS), "superseded": len(VERSIONS) - 1}
        assert told == {("renumbered", PRIMARY.code): 2 * PUPILS} | {
            (kind, school.code): number * PUPILS for kind, number in kinds.items() for school in (PRIMARY, SECONDARY)
        }
        accepted = {(each.record_id, each.version) for each in found if each.kind == "accepted"}
        assert len(accepted) == 2 * len(VERSIONS) * PUPILS
    assert feeds[0] == feeds[1] == feeds[2]
