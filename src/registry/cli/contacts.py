"""`registry contact`: whom to call and write to at schools comes in from a table, and is shown."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from registry.cli import reach
from registry.cli.tables import Table
from registry.core.findings import Refusal
from registry.services import contacts
from registry.services.world import World

app = typer.Typer(help="Contacts: which office of a school is called and written to.", no_args_is_help=True)
_out = Console()
_Json = Annotated[bool, typer.Option("--json", help="Print as JSON.")]


@app.command("import")
def import_contacts(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A CSV file.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would change and what is wrong; change nothing.")
    ] = False,
    json_output: _Json = False,
) -> None:
    """Take a table as a difference, all rows or none: who is not named stays, the same again changes nothing.

    Columns: school_code, role (the office, never a person), phone, email (one of both at least), valid_from (YYYY-MM-DD), and
    valid_to where wanted. Exit code 1 when something is wrong, with every row and column that is.
    """
    raw, source = file.read_bytes(), f"registry contact import {file.name}"

    async def use(world: World) -> contacts.Report | Refusal:
        try:
            return await contacts.import_table(world, None, raw, datetime.now(UTC), source, dry_run=dry_run)
        except Refusal as refusal:
            return refusal

    result = reach.run(use)
    if isinstance(result, Refusal):
        _print_refusal(result, json_output=json_output)
        raise typer.Exit(1)
    if json_output:
        typer.echo(json.dumps({**asdict(result), "dry_run": dry_run}))
    else:
        written = " (nothing was written)" if dry_run else ""
        _out.print(f"{result.new} new, {result.changed} changed, {result.unchanged} unchanged{written}")


@app.command("list")
def list_contacts(
    unit: Annotated[str, typer.Option(help="city:79, district:..., commune:... or school:...")] = "city:79",
    json_output: _Json = False,
) -> None:
    """The contacts of a unit's schools, past and present; schools without one today are named."""
    page = reach.run(lambda world: contacts.page(world, None, unit, "", 1_000_000, datetime.now(UTC)))
    rows = [{**asdict(row), "school_name": page.names[row.school_code]} for row in page.rows]
    if json_output:
        typer.echo(json.dumps({"contacts": rows, "without": page.without}, ensure_ascii=False, default=str))
        return
    table = Table("school", "name", "role", "phone", "e-mail", "from", "to")
    for row in page.rows:
        cells = (row.role, row.phone or "", row.email or "", str(row.valid_from), str(row.valid_to or ""))
        table.add_row(row.school_code, page.names[row.school_code], *cells)
    _out.print(table)
    if page.without:
        _out.print(f"without a contact today: {', '.join(page.without)}", soft_wrap=True)


def _print_refusal(refusal: Refusal, *, json_output: bool) -> None:
    if json_output:
        errors = [{"code": f.code.slug, "pointer": f.pointer, "detail": f.detail} for f in refusal.findings]
        typer.echo(json.dumps({"code": refusal.code.slug, "errors": errors}))
        return
    for finding in refusal.findings:
        line = (
            f"{finding.pointer or 'the file'}: {finding.code.slug}: {finding.code.title_en}. Expected: {finding.detail}"
        )
        reach.errors.print(line, markup=False)
