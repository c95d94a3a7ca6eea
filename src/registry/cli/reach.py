"""How a command reaches the database: the server of DATABASE_URL, or this machine's embedded one, running or not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar

import typer
from rich.console import Console

from registry.core.findings import Refusal
from registry.services.world import World
from registry.settings import Settings
from registry.storage import embedded, migrating, sealing
from registry.storage.database import SERVICE_ROLE, Database

T = TypeVar("T")
errors = Console(stderr=True)


@contextmanager
def databases(settings: Settings) -> Iterator[tuple[str, str]]:
    """(service URL, owner URL). The embedded server is started for the command when the service is not running."""
    if settings.database_url is not None:
        url = settings.database_url.get_secret_value()
        owner = settings.owner_database_url
        yield url, owner.get_secret_value() if owner else url
        return
    server = embedded.Embedded(settings.state_dir / "postgres", settings.pg_bindir)
    started = not server.running
    if started:
        server.start()
    try:
        yield server.url(user=SERVICE_ROLE), server.url()
    finally:
        if started:
            server.stop()


@asynccontextmanager
async def world(settings: Settings) -> AsyncIterator[World]:
    """A migrated database with its sealing key, as the use cases want it."""
    with databases(settings) as (url, owner):
        await migrating.upgrade(owner)
        sealer = sealing.Sealer(sealing.ensure_key(settings.sealing_key_path))
        opened = World.of(Database(url), sealer)
        try:
            yield opened
        finally:
            opened.judges.close()
            await opened.db.close()


def run(use: Callable[[World], Coroutine[Any, Any, T]]) -> T:
    """Run one use case under the settings of the environment; expected trouble ends with a sentence and exit code 1."""

    async def inside() -> T:
        async with world(Settings()) as opened:
            return await use(opened)

    try:
        return asyncio.run(inside())
    except Refusal as refusal:
        errors.print(f"[red]{refusal.code.slug}[/red]: {refusal.code.title_en}. {refusal.code.fix_en}")
        raise typer.Exit(1) from refusal
    except (embedded.EmbeddedError, sealing.SealBroken, OSError) as error:
        errors.print(f"[red]{error}[/red]")
        raise typer.Exit(1) from error
