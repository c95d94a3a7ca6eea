"""`registry serve` and `registry work`: the processes of the service, from start to orderly end.

    registry serve        supervisor: owns the embedded PostgreSQL, migrates, listens, replaces children that die
      worker (N times)    answers requests (`registry.cli.worker`)
      registry work       background work
      postgres            only without DATABASE_URL

Every child ends with its parent, even when that is killed. Here is what runs and in which order; what it does is elsewhere.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Annotated, NoReturn

import typer
import uvicorn

from registry.api import batches, edge, logs, telemetry
from registry.cli import accepting, connections, fetching, mailing, reach, supervising
from registry.cli.service import make_state_dir
from registry.services import audit, batch_work
from registry.services import work as background
from registry.settings import Settings
from registry.storage import database, embedded, guardian, sealing, server_binaries

log = logging.getLogger(__name__)

#: What uvicorn is told: open connections per worker beyond which it answers 503, and how long an orderly end may take.
_MOST_CONNECTIONS, _BACKLOG = 1000, 512
_KEEP_ALIVE_SECONDS, _LAST_SECONDS = 15, 20
#: A worker that has not answered the supervisor for so long is replaced; one that starts on a busy machine needs a while.
_HUNG_SECONDS = 15
#: How far the background work stands back (nice) behind processes that somebody waits for.
_YIELDS = 10


def serve(
    workers: Annotated[int | None, typer.Option(min=1, max=64, help="Processes that answer requests.")] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")] = None,
    no_work: Annotated[
        bool, typer.Option("--no-work", help="Without background work; run `registry work` beside.")
    ] = False,
) -> None:
    """Run the service: HTTP workers and background work, on DATABASE_URL or on an embedded PostgreSQL of its own.

    An absent database is waited for: until it is there, requests are answered 503 and /readyz says what is missing.
    """
    signal.signal(signal.SIGTERM, _leave)
    settings = _with(workers=workers, host=host, port=port)
    logs.configure(settings.log_level)
    try:
        make_state_dir(settings.state_dir)
        with _listening(settings) as (listener, port), _database(settings) as (url, owner_url):
            settings = _with_address(settings, port)
            _announce(settings, url)
            telemetry.forget_former_run(settings.metrics_dir)
            accepting.forget_former_run(settings)
            sealer = sealing.Sealer(sealing.ensure_key(settings.sealing_key_path))
            supervisor = supervising.Supervisor(_server(settings), [listener], with_work=not no_work)
            with supervising.Preparing(url, owner_url, sealer, supervisor.end):
                supervisor.run()
    except (server_binaries.EmbeddedError, sealing.SealBrokenError, OSError, ValueError) as error:
        reach.errors.print(str(error), style="red", markup=False)
        raise typer.Exit(1) from error
    if supervisor.failure is not None:
        reach.errors.print(supervisor.failure, style="red", markup=False)
        raise typer.Exit(1)


def work() -> None:
    """Run the background work alone: held documents are judged again, trust material is fetched, what has expired is removed."""
    settings = Settings()
    logs.configure(settings.log_level)
    try:
        reminding = _reminding(settings)
    except mailing.MailSettingsError as error:
        reach.errors.print(str(error), style="red", markup=False)
        raise typer.Exit(1) from error
    os.nice(_YIELDS)
    asyncio.run(_work(settings, reminding))


def _reminding(settings: Settings) -> tuple[background.Task, ...]:
    """The task that sends reminders, where they are switched on."""
    if not settings.reminders:
        return ()
    return (background.reminding(mailing.opener(settings), mailing.setting(settings)),)


async def _work(settings: Settings, reminding: tuple[background.Task, ...]) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    world = edge.world_of(settings)
    shared = telemetry.Shared(settings.metrics_dir)
    shared.start()
    heads = audit.Heads(settings.chain_heads_path)
    watch = background.Watch(telemetry.count_rejudged, telemetry.set_waiting, telemetry.set_trust, heads)
    every = timedelta(seconds=settings.refresh_seconds)
    try:
        async with fetching.fetcher() as fetch:
            asked = (background.refreshing(fetch, every),) if every else ()
            answering = batch_work.Worker(batches.words(), edge.limits_of(settings, world)).task()
            await background.run(world, watch, stop, (*background.plan, answering, *asked, *reminding))
    finally:
        shared.stop()
        world.judges.close()
        await world.db.close()


@contextmanager
def _listening(settings: Settings) -> Iterator[tuple[socket.socket, int]]:
    """The bound socket and its real port: a taken port is found out before anything else is started."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((settings.host, settings.port))
        except OSError as error:
            raise OSError(f"can't listen on {settings.host}, port {settings.port}: {error.strerror}") from None
        listener.set_inheritable(True)
        yield listener, listener.getsockname()[1]


@contextmanager
def _database(settings: Settings) -> Iterator[tuple[str, str]]:
    """(URL of the service's role, URL of the owner); the embedded server lives as long as the block."""
    if settings.database_url is not None:
        url = settings.database_url.get_secret_value()
        owner = settings.owner_database_url
        yield url, owner.get_secret_value() if owner is not None else url
        return
    needed = (settings.workers + 1) * (2 * settings.pool_size + 1) + 20
    server = embedded.Embedded(settings.state_dir / "postgres", settings.pg_bindir, max_connections=max(100, needed))
    with guardian.Guardian(server):
        yield server.url(user=database.SERVICE_ROLE), server.url()


def _with(**chosen: object) -> Settings:
    """The settings with these put over them, where given. They go by way of the environment, where the children read them."""
    os.environ.update({f"REGISTRY_{name.upper()}": str(value) for name, value in chosen.items() if value is not None})
    return Settings()


def _with_address(settings: Settings, port: int) -> Settings:
    """The settings with the real port, and an issuer that fits it unless one was given."""
    if "issuer" in settings.model_fields_set:
        return _with(port=port)
    host = "127.0.0.1" if settings.host in {"0.0.0.0", "::"} else settings.host  # noqa: S104
    return _with(port=port, issuer=f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}")


def _announce(settings: Settings, url: str) -> None:
    """Say in one line each where the data lives and where the service is."""
    if settings.database_url is None:
        place = f"{settings.state_dir / 'postgres'} (embedded PostgreSQL)"
    else:
        place = database.async_url(url).set(drivername="postgresql").render_as_string(hide_password=True)
    print(f"registry: data in {place}; keys in {settings.sealing_key_path.parent}", file=sys.stderr, flush=True)
    print(f"registry: {settings.issuer}, API documentation at {settings.issuer}/docs", file=sys.stderr, flush=True)


def _server(settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        "registry.cli.worker:application",
        factory=True,
        workers=settings.workers,
        loop="registry.cli.accepting:loop",
        http=connections.Connection,
        ws="none",
        lifespan="on",
        interface="asgi3",
        log_config=None,
        access_log=False,
        server_header=False,
        limit_concurrency=_MOST_CONNECTIONS,
        backlog=_BACKLOG,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_LAST_SECONDS,
        timeout_worker_healthcheck=_HUNG_SECONDS,
    )


def _leave(_number: int, _frame: object) -> NoReturn:
    """SIGTERM before the supervisor listens: leave by the way the blocks above end."""
    raise SystemExit(0)
