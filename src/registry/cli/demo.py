"""`registry demo`: the main job on made-up input, from an empty directory to verified records, with every answer shown."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from registry.cli import demo_pages, demo_run, demo_show
from registry.cli.service import Service, ServiceError
from registry.settings import Settings

_out = Console()


def demo(
    pupils: Annotated[
        int, typer.Option(min=400, max=50_000, help="How many pupils the synthetic district has.")
    ] = 3000,
    workers: Annotated[int, typer.Option(min=2, max=16, help="Processes that answer requests.")] = 2,
    output: Annotated[Path, typer.Option(help="Folder for the signed files that were sent.")] = Path("demo-output"),
    exit_: Annotated[bool, typer.Option("--exit", help="End after the tour instead of serving on.")] = False,
    json_output: Annotated[bool, typer.Option("--json", help="Print the result as JSON only.")] = False,
) -> None:
    """Start a registry, build a synthetic Quận 10, submit its transcripts as two vendors would, and show every answer.

    Exit code 0 when every planted fault got its code and pointer and the completeness table equals what was planted.
    """
    out = Console(stderr=True, quiet=True) if json_output else _out
    state = Settings().state_dir / "demo"
    started = time.monotonic()
    try:
        _forget_last_run(state)
        with Service(state_dir=state, workers=workers) as service:
            result = asyncio.run(demo_run.play(service, pupils, output, out, datetime.now(UTC)))
            result.seconds = time.monotonic() - started
            if json_output:
                typer.echo(json.dumps(result.as_json(), ensure_ascii=False))
            else:
                demo_show.show(result, out)
            if not exit_ and result.good:
                _serve_on(service, out)
    except ServiceError as error:
        Console(stderr=True).print(f"[red]{error}[/red]")
        raise typer.Exit(1) from error
    if not result.good:
        raise typer.Exit(1)


def _forget_last_run(state: Path) -> None:
    """Every demo starts from nothing. What a killed one left is removed; a running one keeps its lock and is left alone."""
    if (state / "postgres" / "pgdata" / "postmaster.pid").exists() and Service.is_running(state):
        raise ServiceError("another demo is running on this machine; end it first (Ctrl-C in its terminal)")
    shutil.rmtree(state, ignore_errors=True)


def _serve_on(service: Service, out: Console) -> None:
    asyncio.run(demo_pages.show(service, out))
    out.print(f"\nAPI documentation: [bold]{service.base_url}/docs[/bold]   (Ctrl-C ends the demo)")
    stop = False

    def end(_number: int, _frame: object) -> None:
        nonlocal stop
        stop = True

    signal.signal(signal.SIGTERM, end)
    try:
        while not stop and service.is_alive():
            time.sleep(0.5)
    except KeyboardInterrupt:
        out.print("stopping")
