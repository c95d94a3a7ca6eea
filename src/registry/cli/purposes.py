"""`registry purpose`: for what offices may ask, and what each purpose allows."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from registry.cli import reach
from registry.cli.tables import Table
from registry.core.purposes import Purpose, in_force
from registry.services import purposes
from registry.services.world import World

app = typer.Typer(
    no_args_is_help=True, help="Purposes: for what offices may ask, which fields and claims each one allows."
)
_out = Console()
_Json = Annotated[bool, typer.Option("--json", help="Print as JSON.")]


@app.command("list")
def list_purposes(json_output: _Json = False) -> None:
    """Every purpose with what it allows, by date; * marks what counts now."""
    rows = reach.run(purposes.listed)
    now = datetime.now(UTC)
    if json_output:
        typer.echo(json.dumps({"purposes": [_row(row, rows, now) for row in rows]}, ensure_ascii=False))
        return
    table = Table("purpose", "from", "title", "fields", "claims", "thresholds", "grades", "extract")
    for row in rows:
        mark = "*" if in_force(rows, row.code, now) == row else ""
        thresholds = " ".join([*sorted(row.results), *sorted(row.averages)])
        grades = " ".join(map(str, sorted(row.grades))) or "all"
        table.add_row(f"{row.code}{mark}", f"{row.valid_from:%Y-%m-%d}", row.title_vi, "closed" if row.closed else
                      " ".join(sorted(row.fields)), " ".join(sorted(row.claims)), thresholds, grades, "yes" if row.whole else "no")  # fmt: skip
    _out.print(table)


@app.command("import")
def import_purposes(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="TOML with [[purpose]] tables.")],
) -> None:
    """Take purposes from a TOML file. Rows are added, never changed: a change is a row with a later `valid_from`.

    Members: code, valid_from, title_vi, title_en, fields, claims, results, averages, grades, closed,
    extract, only with every field but signers (openapi/verification.md).
    """

    async def use(world: World) -> purposes.Imported:
        return await purposes.import_file(world, file.read_bytes(), datetime.now(UTC))

    done = reach.run(use)
    for problem in done.problems:
        reach.errors.print(f"{problem.pointer}: {problem.expected}", style="red", markup=False)
    if done.problems:
        raise typer.Exit(1)
    _out.print(f"{done.new} new, {done.unchanged} there before")


def _row(row: Purpose, rows: tuple[Purpose, ...], now: datetime) -> dict[str, object]:
    return {
        "code": row.code,
        "valid_from": row.valid_from.isoformat(),
        "title_vi": row.title_vi,
        "title_en": row.title_en,
        "fields": sorted(row.fields),
        "claims": sorted(row.claims),
        "results": sorted(row.results),
        "averages": sorted(row.averages),
        "grades": sorted(row.grades),
        "closed": row.closed,
        "extract": row.whole,
        "counts_now": in_force(rows, row.code, now) == row,
    }
