"""Fixtures shared by all tests: a real PostgreSQL for the session, a fresh migrated database and world for each test."""

from __future__ import annotations

import asyncio
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import hypothesis
import pytest

from registry.services.world import World
from registry.storage import embedded, generation, migrating
from registry.storage.database import SERVICE_ROLE, Database
from registry.storage.sealing import Sealer
from tests import produced

TEMPLATE = "template_registry"

#: The gate finds the same today and tomorrow; --hypothesis-profile=default looks for something new.
hypothesis.settings.register_profile("gate", derandomize=True, deadline=None)
hypothesis.settings.load_profile("gate")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--pg-bindir", type=Path, default=None, help="run on the PostgreSQL of this directory (initdb, postgres)"
    )
    parser.addoption("--every-code", action="store_true", help="fail when a code of the table was produced by no test")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(produced.Listener(config.getoption("--every-code")), "produced")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever uses the session's server is a database test, and runs once more on an older server."""
    for item in items:
        if "postgres" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.database)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def postgres(request: pytest.FixtureRequest) -> Iterator[embedded.Embedded]:
    """One server for the session, without fsync; its directory is short because socket paths must be."""
    state = Path(tempfile.mkdtemp(prefix="reg-"))
    server = embedded.Embedded(state, request.config.getoption("--pg-bindir"), fsync=False)
    try:
        server.start()
        asyncio.run(_make_template(server))
        yield server
    finally:
        server.stop()
        shutil.rmtree(state, ignore_errors=True)


@dataclass(frozen=True)
class Urls:
    """The same database under the role that owns it and under the service's."""

    owner: str
    service: str


@pytest.fixture
async def database_urls(postgres: embedded.Embedded, anyio_backend: str) -> AsyncIterator[Urls]:
    """A fresh database with the newest schema."""
    name = f"t_{secrets.token_hex(6)}"
    admin = await asyncpg.connect(dsn=_dsn(postgres, "postgres"))
    try:
        await admin.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY FILE_COPY")
        yield Urls(postgres.url(name), postgres.url(name, SERVICE_ROLE))
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await admin.close()


@pytest.fixture
def sealer() -> Sealer:
    return Sealer(bytes(range(32)))


@pytest.fixture
async def world(database_urls: Urls, sealer: Sealer) -> AsyncIterator[World]:
    """Everything a use case needs, on a fresh database under the service's role."""
    opened = World.of(Database(database_urls.service), sealer)
    async with opened.db.transaction() as tx:
        await generation.note_sealing_key(tx, sealer.key_id)
    yield opened
    opened.judges.close()
    await opened.db.close()


async def _make_template(server: embedded.Embedded) -> None:
    admin = await asyncpg.connect(dsn=_dsn(server, "postgres"))
    try:
        await admin.execute(f"CREATE DATABASE {TEMPLATE}")
    finally:
        await admin.close()
    await migrating.upgrade(server.url(TEMPLATE))


def _dsn(server: embedded.Embedded, database: str) -> str:
    return server.url(database).replace("+asyncpg", "")
