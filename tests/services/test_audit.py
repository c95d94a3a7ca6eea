"""The chain of who looked: made of whatever is committed, and every kind of tampering found where it was done."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest

from registry.core import codes
from registry.core.callers import Caller, CallerKind, Scope
from registry.core.findings import Code
from registry.core.verification import ByCode
from registry.services import asking, audit, verification, work
from registry.services.limits import Limits
from registry.services.world import World
from tests.conftest import Urls
from tests.small_city import NOW

pytestmark = pytest.mark.anyio


@pytest.fixture
async def owner(database_urls: Urls) -> AsyncIterator[asyncpg.Connection]:
    """Whoever owns the database, and may do anything to it."""
    connection = await asyncpg.connect(database_urls.owner.replace("+asyncpg", ""))
    yield connection
    await connection.close()


def office(index: int) -> Caller:
    return Caller(f"office-{index}", CallerKind.OFFICE, "Office", frozenset({Scope.VERIFY}), frozenset({"admission"}),
                  frozenset(), frozenset({"79771101"}), {})  # fmt: skip


async def look(world: World, count: int) -> None:
    """So many questions, at once, of as many offices."""
    asked = verification.Asked(ByCode("nobody-has-it"), asking.Why("admission", "Hồ sơ 1"))
    await asyncio.gather(*(verification.ask(world, office(n), asked, NOW, Limits()) for n in range(count)))


async def place(owner: asyncpg.Connection, position: int) -> str:
    return str(await owner.fetchval("SELECT question_id FROM question_chain WHERE position = $1", position))


async def test_every_question_has_its_place(world: World, owner: asyncpg.Connection) -> None:
    await look(world, 12)
    await asyncio.gather(*(audit.link_all(world, NOW) for _ in range(4)))
    await look(world, 3)
    report = await audit.check(world, NOW + timedelta(days=1))
    assert (report.places, report.breaks) == (15, ())
    rows = await owner.fetch("SELECT position, day FROM question_chain ORDER BY position")
    assert [row["position"] for row in rows] == list(range(1, 16))
    assert len({row["day"] for row in rows}) == 2, "a day goes on from the last hash of the day before"
    assert await owner.fetchval("SELECT count(*) FROM question_queue") == 0
    assert report.head == await audit.head(world)


async def test_an_empty_chain_is_whole(world: World) -> None:
    report = await audit.check(world, NOW)
    assert (report.places, report.head, report.breaks) == (0, None, ())


EDITS: dict[str, tuple[str, list[tuple[Code, int | None]]]] = {
    "another office": ("UPDATE question SET caller_id = 'x' WHERE question_id = '{id}'", [(codes.AUDIT_EDITED, 5)]),
    "another procedure": ("UPDATE question SET reference = 'x' WHERE question_id = '{id}'", [(codes.AUDIT_EDITED, 5)]),
    "another moment": (
        "UPDATE question SET asked_at = asked_at + interval '1 microsecond' WHERE question_id = '{id}'",
        [(codes.AUDIT_EDITED, 5)],
    ),
    "another pupil": ("UPDATE question SET pupil_id = gen_random_uuid() WHERE question_id = '{id}'", [(codes.AUDIT_EDITED, 5)]),
    "another claim": ("UPDATE question SET detail = 'x' WHERE question_id = '{id}'", [(codes.AUDIT_EDITED, 5)]),
    "another answer": ("UPDATE question SET answer = 'x' WHERE question_id = '{id}'", [(codes.AUDIT_EDITED, 5)]),
    "removed": ("DELETE FROM question WHERE question_id = '{id}'", [(codes.AUDIT_MISSING, 5)]),
    "removed with its place": (
        "DELETE FROM question WHERE question_id = '{id}'; DELETE FROM question_chain WHERE position = 5",
        [(codes.AUDIT_GAP, 5)],
    ),
    "its place removed": (
        "DELETE FROM question_chain WHERE position = 5", [(codes.AUDIT_GAP, 5), (codes.AUDIT_LOOSE, None)],
    ),
    "removed and the rest moved up": (
        "DELETE FROM question WHERE question_id = '{id}'; DELETE FROM question_chain WHERE position = 5;"
        "UPDATE question_chain SET position = position - 1 WHERE position = 6;"
        "UPDATE question_chain SET position = position - 1 WHERE position = 7;"
        "UPDATE question_chain SET position = position - 1 WHERE position = 8",
        [(codes.AUDIT_EDITED, 5), (codes.AUDIT_EDITED, 6), (codes.AUDIT_EDITED, 7)],
    ),
    "another hash": ("UPDATE question_chain SET hash = sha256('x') WHERE position = 5",
                     [(codes.AUDIT_EDITED, 5), (codes.AUDIT_EDITED, 6)]),
    "another day": ("UPDATE question_chain SET day = day - 1 WHERE position = 5", [(codes.AUDIT_EDITED, 5)]),
    "two places exchanged": (
        "UPDATE question_chain SET position = -5 WHERE position = 5; UPDATE question_chain SET position = 5 WHERE position = 6;"
        "UPDATE question_chain SET position = 6 WHERE position = -5",
        [(codes.AUDIT_EDITED, 5), (codes.AUDIT_EDITED, 6), (codes.AUDIT_EDITED, 7)],
    ),
    "put in past the registry": (
        "ALTER TABLE question DISABLE TRIGGER queue_question; INSERT INTO question (question_id, asked_at, caller_id, purpose,"
        " reference, kind, answer) VALUES (gen_random_uuid(), now(), 'x', 'x', 'x', 'x', 'x')",
        [(codes.AUDIT_LOOSE, None)],
    ),
    "the last place removed": (
        "DELETE FROM question_chain WHERE position = 8", [(codes.AUDIT_LOOSE, None)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", EDITS)
async def test_tampering_is_found_where_it_was_done(world: World, owner: asyncpg.Connection, name: str) -> None:
    await look(world, 8)
    await audit.link_all(world, NOW)
    statement, expected = EDITS[name]
    await owner.execute(statement.format(id=await place(owner, 5)))
    found = (await audit.check(world, NOW)).breaks
    assert [(each.code, each.position) for each in found] == expected


async def test_a_chain_cut_off_at_its_end_is_missed_by_whoever_noted_its_head(
    world: World, owner: asyncpg.Connection
) -> None:
    await look(world, 8)
    await audit.link_all(world, NOW)
    head = await audit.head(world)
    assert head is not None
    noted = {head.position: head.hash}
    assert (await audit.check(world, NOW, noted)).breaks == ()
    await owner.execute(
        "WITH gone AS (DELETE FROM question_chain WHERE position > 6 RETURNING question_id)"
        " DELETE FROM question WHERE question_id IN (SELECT question_id FROM gone)"
    )
    assert (await audit.check(world, NOW)).breaks == ()
    assert [each.code for each in (await audit.check(world, NOW, noted)).breaks] == [codes.AUDIT_CUT]
    await look(world, 4)
    assert [each.code for each in (await audit.check(world, NOW, noted)).breaks] == [codes.AUDIT_CUT]


async def test_the_background_work_notes_how_far_it_goes(
    world: World, owner: asyncpg.Connection, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever cuts off the end of the chain in the database has not cut it off in the file beside the keys."""
    watch = work.Watch(heads=audit.Heads(tmp_path / "audit" / "heads"))
    assert watch.heads is not None
    for _ in range(3):
        await look(world, 3)
        await work.link_questions(world, watch, asyncio.Event())
    noted = watch.heads.load()
    assert list(noted) == [9], "one place for a day"
    assert watch.heads.path.stat().st_mode & 0o077 == 0
    assert (await audit.check(world, NOW, noted)).breaks == ()
    await owner.execute(
        "WITH gone AS (DELETE FROM question_chain WHERE position > 6 RETURNING question_id)"
        " DELETE FROM question WHERE question_id IN (SELECT question_id FROM gone)"
    )
    await look(world, 5)
    await work.link_questions(world, watch, asyncio.Event())
    assert "cut off or changed" in caplog.text
    assert watch.heads.load() == noted, "what grows over the gap does not hide it"
    assert [each.code for each in (await audit.check(world, NOW, watch.heads.load())).breaks] == [codes.AUDIT_CUT]


async def test_a_day_keeps_its_last_place(world: World, owner: asyncpg.Connection, tmp_path: Path) -> None:
    heads = audit.Heads(tmp_path / "heads")
    assert await audit.note(world, heads), "nothing to note is nothing wrong"
    for day in range(3):
        for _ in range(2):
            await look(world, 2)
            await audit.link_all(world, NOW + timedelta(days=day))
            assert await audit.note(world, heads)
    assert list(heads.load()) == [4, 8, 12]


async def test_removed_before_it_had_a_place(world: World, owner: asyncpg.Connection) -> None:
    await look(world, 2)
    await owner.execute("DELETE FROM question")
    assert [each.code for each in (await audit.check(world, NOW)).breaks] == [codes.AUDIT_MISSING] * 2


async def test_the_service_can_change_nothing_of_it(world: World) -> None:
    await look(world, 1)
    await audit.link_all(world, NOW)
    for statement in ("UPDATE question SET answer = 'x'", "DELETE FROM question", "UPDATE question_chain SET hash = ''",
                      "DELETE FROM question_chain"):  # fmt: skip
        async with world.db.hot() as connection:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
