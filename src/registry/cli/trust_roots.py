"""`registry trust known-roots`: which roots are known to be the national ones, so that an anchor needs no further word."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from registry.cli import reach
from registry.core.trust import Hierarchy, KnownRoot
from registry.services import roots, trust_sources

app = typer.Typer(
    help="Known national roots. None is trusted by standing here: `registry trust import --anchor` does that.",
    no_args_is_help=True,
)
_out = Console()
_Fingerprint = Annotated[str, typer.Argument(help="SHA-256 of the root's certificate, 64 hexadecimal digits.")]


@app.command("list")
def list_roots(json_output: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False) -> None:
    """The roots that come along with the registry and those you added."""
    rows = reach.run(roots.known)
    if json_output:
        typer.echo(
            json.dumps(
                [{"sha256": r.fingerprint.hex(), "hierarchy": r.hierarchy, "name": r.name} for r in rows],
                ensure_ascii=False,
            )
        )
        return
    table = Table("hierarchy", "name", Column("SHA-256", overflow="fold"))  # to be compared: never cut short
    for root in rows:
        table.add_row(root.hierarchy, root.name, root.fingerprint.hex().upper())
    _out.print(table)


@app.command()
def add(
    sha256: _Fingerprint,
    hierarchy: Annotated[Hierarchy, typer.Argument(help="Which hierarchy it heads.")],
    name: Annotated[str, typer.Argument(help="Its name, for people.")],
) -> None:
    """Name a root as known, after comparing its fingerprint with what its authority publishes."""
    root = KnownRoot(_read(sha256), hierarchy, name)
    if not reach.run(lambda world: roots.add(world, root, datetime.now(UTC))):
        reach.errors.print("[red]this root comes along with the registry; its row can't be changed[/red]")
        raise typer.Exit(1)
    _out.print(f"known: {root.fingerprint.hex().upper()}")


@app.command()
def remove(sha256: _Fingerprint) -> None:
    """Call a root you added known no more. An anchor stays an anchor. Exit code 1 when you had added no such root."""
    fingerprint = _read(sha256)
    if not reach.run(lambda world: roots.remove(world, fingerprint, datetime.now(UTC))):
        reach.errors.print("[red]no such root among those you added[/red]")
        raise typer.Exit(1)


def _read(text: str) -> bytes:
    try:
        return trust_sources.fingerprint(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="SHA256") from error
