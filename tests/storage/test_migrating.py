"""The schema in code and in the database are one, and the rights name every table."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from registry.services.world import World
from registry.storage import migrating, schema
from tests.conftest import Urls

pytestmark = pytest.mark.anyio


async def test_alembic_check_finds_no_difference(database_urls: Urls) -> None:
    await migrating.check(database_urls.owner)


async def test_upgrade_twice_changes_nothing(database_urls: Urls) -> None:
    await migrating.upgrade(database_urls.owner)


async def test_rights_are_exactly_those_of_tables(world: World) -> None:
    query = text(
        "SELECT table_name, column_name FROM information_schema.column_privileges"
        " WHERE grantee = 'registry_service' AND privilege_type = 'UPDATE' AND table_name NOT LIKE 'pgqueuer%'"
    )
    deletes = text(
        "SELECT table_name FROM information_schema.table_privileges"
        " WHERE grantee = 'registry_service' AND privilege_type = 'DELETE' AND table_name NOT LIKE 'pgqueuer%'"
    )
    async with world.db.snapshot() as tx:
        updatable = {(row.table_name, row.column_name) for row in await tx.execute(query)}
        deletable = set((await tx.execute(deletes)).scalars())
    assert updatable == {(table, column) for table, columns in schema.UPDATABLE.items() for column in columns}
    assert deletable == set(schema.DELETABLE)
