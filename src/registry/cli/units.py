"""`registry unit`: the map comes in by command, and can be looked at."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from dataclasses import asdict
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from registry.cli import reach
from registry.core import units as values
from registry.services import units
from registry.services.world import World

app = typer.Typer(help="The map: city, legacy districts, communes, clusters, schools.", no_args_is_help=True)
_out = Console()
_LOCAL = timezone(timedelta(hours=7))
_Json = Annotated[bool, typer.Option("--json", help="Print as JSON.")]


@app.command("import")
def import_units(
    file: Annotated[
        Path | None,
        typer.Argument(
            exists=True, dir_okay=False, help="CSV: kind,code,name,parents,valid_from,valid_to,ownership[,replaces]"
        ),
    ] = None,
    builtin: Annotated[
        str | None, typer.Option(help="A table that comes along instead: " + ", ".join(units.BUILTIN) + ".")
    ] = None,
    json_output: _Json = False,
) -> None:
    """Add units and schools to the map, a whole file or nothing of it.

    `parents` are "kind:code", separated by `;`; "kind:code@2025-07-01..2026-03-01" for a part of the time, so that a school can
    move. Dates are days (YYYY-MM-DD); an empty valid_to has no end. `ownership` is public or non_public, for schools only.
    `replaces` (may be left out): whose place it took, "kind:code" or "kind:code (part)". What is on the map already stays as it
    is, but an end can be added. A school needs no commune where its old ward went to one commune as a whole. Exit code 1 when
    something is wrong with the file.
    """
    if (file is None) is (builtin is None):
        raise typer.BadParameter("a file or --builtin, one of the two", param_hint="FILE")
    report = reach.run(_importing(file, builtin))
    if json_output:
        counts = asdict(report) | {"problems": [str(problem) for problem in report.problems]}
        typer.echo(json.dumps(counts, ensure_ascii=False))
    elif not report.problems:
        _out.print(
            f"new on the map: {report.units} units, {report.parts} memberships, {report.schools} schools,"
            f" {report.successions} successions; ended: {report.ended}"
        )
    if report.problems:
        for problem in report.problems:
            reach.errors.print(f"{file or builtin}, {problem}", markup=False)
        reach.errors.print("[red]nothing was taken[/red]")
        raise typer.Exit(1)


def _importing(file: Path | None, builtin: str | None) -> Callable[[World], Coroutine[Any, Any, units.Imported]]:
    now = datetime.now(UTC)
    if file is None:
        return lambda world: units.import_builtin(world, builtin or "", now)
    raw = file.read_bytes()
    return lambda world: units.import_units(world, raw, now)


@app.command()
def show(
    code: Annotated[str | None, typer.Argument(help="city:79, district:..., commune:..., school:...")] = None,
    json_output: _Json = False,
) -> None:
    """A unit with what it is part of and its own parts today; without a code, the widest units."""
    if code is None:
        found = reach.run(units.widest)
        typer.echo(json.dumps(found) if json_output else "\n".join(found))
        return
    shown = reach.run(lambda world: units.show(world, code, datetime.now(UTC)))
    if shown is None:
        reach.errors.print("[red]there is no unit of this code[/red]")
        raise typer.Exit(1)
    if json_output:
        parts = [_row(child) for child in shown.children]
        row = _row(shown.unit) | {"parents": list(shown.parents), "schools": shown.schools, "parts": parts}
        row["now"] = [_row(heir) for heir in shown.heirs]
        typer.echo(json.dumps(row, ensure_ascii=False))
        return
    until = f" until {_day(shown.unit.valid_to)}" if shown.unit.valid_to else ""
    typer.echo(f"{shown.unit.code}\t{shown.unit.name}\tsince {_day(shown.unit.valid_from)}{until}")
    typer.echo(
        f"part of: {' '.join(shown.parents) or '-'}; comes to {shown.schools} schools; parts: {len(shown.children)}"
    )
    if shown.heirs:
        typer.echo("now: " + ", ".join(f"{heir.code} {heir.name}" for heir in shown.heirs))
    for child in shown.children:
        typer.echo(f"{child.code}\t{child.name}")


def _day(moment: datetime) -> str:
    """The day in the city."""
    return f"{moment.astimezone(_LOCAL):%Y-%m-%d}"


def _row(unit: values.Unit) -> dict[str, object]:
    until = unit.valid_to.isoformat() if unit.valid_to else None
    return {"unit": unit.code, "name": unit.name, "valid_from": unit.valid_from.isoformat(), "valid_to": until}
