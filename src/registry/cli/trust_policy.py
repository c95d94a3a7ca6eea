"""`registry trust policy`: who may sign what, as it is in force; a new version comes in from a table."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from registry.cli import reach
from registry.cli.tables import Table
from registry.core.trust import PolicyRow
from registry.services import policies

app = typer.Typer(
    help="The signature policy: who may sign what, when and with which algorithms.", invoke_without_command=True
)
_out = Console()


@app.callback()
def policy(
    context: typer.Context,
    json_output: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Show the signature policy in force: each row with the version it comes from. Exit code 1 when there is none.

    At any moment the version decides that was imported last among those with a row for that moment; earlier versions go on deciding
    about earlier signing times.
    """
    if context.invoked_subcommand is not None:
        return
    found = reach.run(policies.look)
    if json_output:
        typer.echo(json.dumps(_as_json(found), ensure_ascii=False))
    else:
        _print(found)
    if not found.rows:
        raise typer.Exit(1)


@app.command("import")
def import_policy(
    file: Annotated[
        Path | None,
        typer.Argument(exists=True, dir_okay=False, help="A CSV file; without it the one that comes along."),
    ] = None,
) -> None:
    """Import a version of the signature policy (CSV); what was imported under its name never changes.

    Columns: version, role, ownership, hierarchy, algorithms, valid_from, valid_to; and, where wanted, required (yes, no), policies
    (certificate policy OIDs), time_stamp (yes, no), extract (yes, no: must sign an extract from paper), declares (no, may, must: signs declarations), subject_teachers (yes, no: of a teacher, whether every subject teacher named must sign), first_year, last_year (in which school years begin).
    Rows are alternatives: of one role, kind and hierarchy they must differ in times, school years, algorithms or policies.
    """
    try:
        chosen = policies.default() if file is None else policies.read(file.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        reach.errors.print(f"[red]{file}: {error}[/red]")
        raise typer.Exit(1) from error
    new = reach.run(lambda world: policies.import_version(world, chosen, datetime.now(UTC)))
    _out.print(f"policy {chosen.version}: {len(chosen.rows)} rows, {'imported' if new else 'there already'}")


def _as_json(found: policies.InForce) -> dict[str, object]:
    return {
        "version": found.table.version,
        "rows": [_row(version, row) for version, row in found.rows],
        "versions": [
            {"version": v.policy.version, "imported_at": v.imported_at.isoformat(), "rows": len(v.policy.rows)}
            for v in found.versions
        ],
    }


def _row(version: str, row: PolicyRow) -> dict[str, object]:
    return {
        "version": version,
        "role": row.role,
        "ownership": row.ownership,
        "hierarchy": row.hierarchy,
        "required": row.required,
        "algorithms": sorted(row.algorithms),
        "policies": sorted(row.policies),
        "time_stamp": row.time_stamp,
        "valid_from": row.valid_from.isoformat(),
        "valid_to": row.valid_to.isoformat() if row.valid_to else None,
        "first_year": row.first_year,
        "last_year": row.last_year,
        "extract": row.must_sign(extract=True),
        "declares": row.declaring,
        "subject_teachers": row.subject_teachers,
    }


def _print(found: policies.InForce) -> None:
    columns = (
        "version",
        "role",
        "school",
        "hierarchy",
        "must sign",
        "extracts",
        "declarations",
        "algorithms",
        "conditions",
        "signed",
        "school years",
    )
    table = Table(*columns, title=f"Signature policy {found.table.version}")
    for version, row in sorted(found.rows, key=lambda pair: (pair[1].role, pair[1].ownership, pair[1].valid_from)):
        conditions = [*sorted(row.policies), *(["time-stamp"] if row.time_stamp else [])]
        conditions += ["every subject teacher"] if row.subject_teachers else []
        until = f"{row.valid_to:%Y-%m-%d}" if row.valid_to else ""
        years = f"{row.first_year or ''}-{row.last_year or ''}" if row.first_year or row.last_year else "all"
        table.add_row(
            version, row.role, row.ownership, row.hierarchy, "yes" if row.required else "no",
            "yes" if row.must_sign(extract=True) else "no", row.declaring,
            " ".join(sorted(row.algorithms)), " ".join(conditions), f"{row.valid_from:%Y-%m-%d} to {until}", years,
        )  # fmt: skip
    _out.print(table)
    for v in found.versions:
        _out.print(f"{v.policy.version}: imported {v.imported_at:%Y-%m-%d %H:%M} UTC, {len(v.policy.rows)} rows")
