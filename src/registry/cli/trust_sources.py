"""`registry trust source`: the addresses that `registry trust refresh` may ask."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from registry.cli import reach
from registry.cli.tables import Table
from registry.services import trust_sources

app = typer.Typer(
    help="The addresses that `registry trust refresh` may ask; no other is ever asked.", no_args_is_help=True
)
_out = Console()
_KINDS = ", ".join(trust_sources.KINDS)


def read(file: Path) -> list[trust_sources.Source]:
    """The sources of a CSV file; what is wrong ends the command."""
    try:
        return trust_sources.read(file.read_text(encoding="utf-8-sig"))
    except (ValueError, OSError) as error:
        reach.errors.print(f"{file}: {error}", style="red", markup=False)
        raise typer.Exit(1) from error


@app.command()
def add(
    address: Annotated[str, typer.Argument(help="An http or https URL, or a CSV file: url,kind,issuer.")],
    kind: Annotated[str | None, typer.Option(help=f"What is there: {_KINDS}.")] = None,
    issuer: Annotated[
        str, typer.Option(help="For ocsp: SHA-256 of the CA certificate whose certificates to ask about.")
    ] = "",
) -> None:
    """Let `registry trust refresh` ask an address. Addresses inside your network are taken: you alone can add them."""
    if kind is None:
        rows = read(Path(address))
    else:
        try:
            rows = [trust_sources.source(address, kind, issuer)]
        except ValueError as error:
            raise typer.BadParameter(str(error)) from error
    added = reach.run(lambda world: trust_sources.add(world, rows, datetime.now(UTC)))
    _out.print(f"{added} new sources")


@app.command("list")
def list_sources(json_output: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False) -> None:
    """The addresses, each with the name that logs and metrics use for it, and its last success."""
    rows = reach.run(trust_sources.listed)
    if json_output:
        typer.echo(json.dumps([_row(row) for row in rows]))
        return
    table = Table("source", "kind", "address", "last tried", "last success")
    for row in rows:
        moments = (f"{moment:%Y-%m-%d %H:%M}" if moment else "never" for moment in (row.tried_at, row.succeeded_at))
        table.add_row(row.source_id, row.kind, row.url, *moments)
    _out.print(table)


@app.command()
def remove(
    url: Annotated[str, typer.Argument(help="The address as it was added.")],
    kind: Annotated[str | None, typer.Option(help=f"Only for this kind: {_KINDS}.")] = None,
) -> None:
    """Ask an address no more; what came from it stays. Exit code 1 when there is no such source."""
    removed = reach.run(lambda world: trust_sources.remove(world, url, kind, datetime.now(UTC)))
    _out.print(f"{removed} sources removed")
    if not removed:
        raise typer.Exit(1)


def _row(row: trust_sources.Source) -> dict[str, str | None]:
    return {
        "source": row.source_id,
        "kind": row.kind,
        "url": row.url,
        "issuer": row.issuer.hex() if row.issuer else None,
        "tried_at": row.tried_at.isoformat() if row.tried_at else None,
        "succeeded_at": row.succeeded_at.isoformat() if row.succeeded_at else None,
    }
