"""The pool, its transactions, and what an absent server looks like."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from registry.core.findings import Refusal
from registry.services.world import World
from registry.storage import database, embedded, generation
from registry.storage.database import Database, async_url
from tests.conftest import Urls

pytestmark = pytest.mark.anyio


async def test_transaction_commits_and_rolls_back(world: World) -> None:
    with pytest.raises(ZeroDivisionError):
        async with world.db.transaction() as tx:
            await tx.execute(text("UPDATE generation SET value = 77"))
            raise ZeroDivisionError
    async with world.db.transaction() as tx:
        await tx.execute(text("UPDATE generation SET value = value + 1"))
    async with world.db.snapshot() as tx:
        assert (await tx.execute(text("SELECT value FROM generation"))).scalar_one() < 10


async def test_hot_transaction_rolls_back_too(world: World) -> None:
    with pytest.raises(ZeroDivisionError):
        async with world.db.hot_transaction() as tx:
            await tx.execute("UPDATE generation SET value = 77")
            raise ZeroDivisionError
    async with world.db.hot_transaction() as tx:
        assert await tx.fetchval("SELECT value FROM generation") < 10


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE submission SET caller_id = 'x'",
        "DELETE FROM record",
        "DELETE FROM verdict",
        "UPDATE document SET sealed = ''",
        "UPDATE record_version SET accepted_at = now()",
        "TRUNCATE question",
        "CREATE TABLE mine (a int)",
    ],
)
async def test_the_service_role_can_not_edit_what_is_kept(world: World, statement: str) -> None:
    with pytest.raises(DBAPIError) as caught:
        async with world.db.transaction() as tx:
            await tx.execute(text(statement))
    assert getattr(caught.value.orig, "sqlstate", "") == "42501"  # insufficient_privilege


async def test_snapshot_can_not_write(world: World) -> None:
    with pytest.raises(Refusal):  # 25006: read-only, as a server is that lost its role in a fail-over
        async with world.db.snapshot() as tx:
            await tx.execute(text("UPDATE generation SET value = 77"))
    async with world.db.snapshot() as tx:
        assert (await tx.execute(text("SELECT value FROM generation"))).scalar_one() != 77


async def test_absent_server_is_a_refusal(tmp_path: object) -> None:
    away = Database(f"postgresql://nobody@/registry?host={tmp_path}")
    for use in (away.snapshot, away.transaction, away.hot, away.hot_transaction):
        with pytest.raises(Refusal) as caught:
            async with use():
                pass
        assert caught.value.code.slug == "service-database"
        assert caught.value.retry_after
    await away.close()


async def test_all_connections_in_use_is_busy(database_urls: Urls, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "_WAIT_SECONDS", 0.2)
    narrow = Database(database_urls.service, pool_size=1)
    for use in (narrow.snapshot, narrow.hot):
        async with use():
            with pytest.raises(Refusal) as caught:
                async with use():
                    pass
        assert caught.value.code.slug == "service-busy"
        async with use():
            pass
    await narrow.close()


async def test_a_write_over_what_has_changed_since_is_busy(world: World) -> None:
    with pytest.raises(Refusal) as caught:
        async with world.db.transaction() as tx:
            await tx.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
            await generation.current(tx)
            async with world.db.hot() as other:
                await other.execute("UPDATE generation SET value = value + 1")
            await generation.move(tx)
    assert (caught.value.code.slug, caught.value.retry_after) == ("service-busy", 1)


async def test_of_a_deadlock_one_is_busy_and_the_other_goes_through(world: World) -> None:
    """Each has one row and wants the other's: the one by SQLAlchemy, the other at the driver's level."""
    async with world.db.hot() as tx:
        await tx.execute("INSERT INTO caller_miss (caller_id, in_a_row, hour, in_hour, day, pauses) SELECT i, 0, now(), 0, current_date, 0"
                         " FROM unnest(ARRAY['a', 'b']) i")  # fmt: skip
    both = asyncio.Barrier(2)
    touch = "UPDATE caller_miss SET in_a_row = in_a_row + 1 WHERE caller_id = '{}'"

    async def first() -> None:
        async with world.db.transaction() as tx:
            await tx.execute(text(touch.format("a")))
            await both.wait()
            await tx.execute(text(touch.format("b")))

    async def second() -> None:
        async with world.db.hot_transaction() as tx:
            await tx.execute(touch.format("b"))
            await both.wait()
            await tx.execute(touch.format("a"))

    ended = await asyncio.gather(first(), second(), return_exceptions=True)
    (refused,) = [each for each in ended if each is not None]
    assert isinstance(refused, Refusal), refused
    assert (refused.code.slug, refused.retry_after) == ("service-busy", 1)
    async with world.db.hot() as tx:
        assert [row[0] for row in await tx.fetch("SELECT in_a_row FROM caller_miss")] == [1, 1]


async def test_pool_heals_after_its_connections_were_cut(world: World, postgres: embedded.Embedded) -> None:
    async with world.db.snapshot() as tx, world.db.hot() as hot:
        await tx.execute(text("SELECT 1"))
        await hot.execute("SELECT 1")
    admin = Database(postgres.url("postgres"), role=None)
    async with admin.transaction() as tx:
        await tx.execute(text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'registry'"
                              " AND pid <> pg_backend_pid()"))  # fmt: skip
    await admin.close()
    for _ in range(5):
        with suppress(Refusal):  # cut while it was being used: to be tried again, which is what a caller is told
            async with world.db.snapshot() as tx:
                assert (await tx.execute(text("SELECT 1"))).scalar_one() == 1
            async with world.db.hot() as hot:
                assert await hot.fetchval("SELECT 1") == 1
            break
    else:
        pytest.fail("the pools did not heal")


def test_any_postgres_url_gets_the_driver() -> None:
    assert async_url("postgres://u@h/d").drivername == "postgresql+asyncpg"
    assert async_url("postgresql://u@h/d").drivername == "postgresql+asyncpg"
