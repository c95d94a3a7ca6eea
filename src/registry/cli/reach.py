"""How a command reaches the database: the server of DATABASE_URL, or this machine's embedded one, running or not."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar

import typer
from rich.console import Console

from registry.cli.service import make_state_dir
from registry.core.findings import Refusal
from registry.services import schema
from registry.services.world import World
from registry.settings import Settings
from registry.storage import embedded, sealing, server_binaries
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
    make_state_dir(settings.state_dir)
    server = embedded.Embedded(settings.state_dir / "postgres", settings.pg_bindir)
    started = not _answers(server)
    if started:
        server.start()
    try:
        yield server.url(user=SERVICE_ROLE), server.url()
    finally:
        if started:
            server.stop()


def _answers(server: embedded.Embedded) -> bool:
    """Whether somebody, the running service in all likelihood, has the server up already."""
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(server.socket_dir / f".s.PGSQL.{embedded.PORT}"))
        except (OSError, server_binaries.EmbeddedError):
            return False
    return True


@asynccontextmanager
async def world(settings: Settings) -> AsyncIterator[World]:
    """A migrated database with its sealing key, as the use cases want it."""
    with databases(settings) as (url, owner):
        sealer = sealing.Sealer(sealing.ensure_key(settings.sealing_key_path))
        await schema.prepare(url, owner, sealer)
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
    except (server_binaries.EmbeddedError, sealing.SealBrokenError, OSError) as error:
        errors.print(f"[red]{error}[/red]")
        raise typer.Exit(1) from error
