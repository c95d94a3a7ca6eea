"""`registry trust refresh`: trust material is fetched from the configured addresses, once or again and again."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from registry.cli import fetching, reach, trust_sources
from registry.cli.tables import Table
from registry.core.findings import Refusal
from registry.services import refresh as refreshing
from registry.services import trust_sources as sources
from registry.services.world import World

_out = Console()


def refresh(
    once: Annotated[bool, typer.Option("--once", help="Ask each source once and end (the default).")] = False,
    every: Annotated[int | None, typer.Option(min=10, max=604_800, help="Ask again after so many seconds.")] = None,
    config: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="CSV (url,kind,issuer) of sources to add first.")
    ] = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print one JSON document per run.")] = False,
) -> None:
    """Fetch revocation lists, OCSP answers and CA certificates from the sources, and from nowhere else.

    A list or answer is kept when a held CA has signed it and it is not older than what is there; a certificate when a held CA has
    signed it. No anchor ever comes this way. `registry serve` does the same by itself (setting refresh_seconds).
    Exit code 1 when a source gave nothing usable or something was refused.
    """
    if once and every is not None:
        raise typer.BadParameter("--once or --every, not both", param_hint="--every")
    rows = trust_sources.read(config) if config is not None else []

    async def use(world: World) -> bool:
        await sources.add(world, rows, datetime.now(UTC))
        async with fetching.fetcher() as fetch:
            while True:
                try:
                    results = await refreshing.refresh(world, fetch, datetime.now(UTC))
                except Refusal as refusal:
                    if every is None:
                        raise
                    reach.errors.print(f"[red]{refusal.code.slug}[/red]: the next run is in {every} s")
                else:
                    _show(results, json_output)
                    if every is None:
                        return all(result.succeeded and not result.refused for result in results)
                await asyncio.sleep(every)

    try:
        good = reach.run(use)
    except KeyboardInterrupt:
        raise typer.Exit from None
    if not good:
        raise typer.Exit(1)


def _show(results: list[refreshing.Result], json_output: bool) -> None:
    if json_output:
        typer.echo(json.dumps([_row(result) for result in results], ensure_ascii=False))
        return
    table = Table("kind", "address", "fetched", "new", "unchanged", "refused")
    for result in results:
        counts = (result.fetched, result.new, result.unchanged, len(result.refused))
        table.add_row(result.source.kind, result.source.url, *map(str, counts))
    _out.print(table)
    for result in results:
        for reason in [*dict.fromkeys(result.refused), *([result.failed] if result.failed else [])]:
            reach.errors.print(f"{result.source.url}: {reason}", style="yellow", markup=False)


def _row(result: refreshing.Result) -> dict[str, object]:
    return {
        "source": result.source.source_id,
        "kind": result.source.kind,
        "url": result.source.url,
        "fetched": result.fetched,
        "new": result.new,
        "unchanged": result.unchanged,
        "refused": list(dict.fromkeys(result.refused)),
        "failed": result.failed,
    }
