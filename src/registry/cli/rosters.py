"""`registry roster`: rosters come in from files, one file for one school, school year and grade."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from registry.cli import reach
from registry.core import ids
from registry.core.findings import Finding, Refusal
from registry.core.rosters import Place
from registry.services import rosters
from registry.services.world import World

app = typer.Typer(help="Rosters: the pupils of whom transcripts are expected.", no_args_is_help=True)
_out = Console()
_NAME = re.compile(
    r"(?P<school>[A-Za-z0-9-]{1,20})_(?P<year>[0-9]{4}-[0-9]{4})_(?P<grade>[0-9]{1,2})\.(?:csv|xlsx)", re.ASCII
)


@app.callback()
def rosters_of_schools() -> None:
    """Rosters: the pupils of whom transcripts are expected."""


@app.command("import")
def import_rosters(
    files: Annotated[
        list[Path], typer.Argument(exists=True, dir_okay=False, help="CSV or XLSX; several: SCHOOL_YEAR_GRADE.csv")
    ],
    school: Annotated[str | None, typer.Option(help="School code, for a single file.")] = None,
    year: Annotated[str | None, typer.Option(help="School year, such as 2024-2025.")] = None,
    grade: Annotated[int | None, typer.Option(min=1, max=12, help="Grade, 1 to 12.")] = None,
    total: Annotated[int | None, typer.Option(min=0, help="How many pupils were counted, for a single file.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="List every problem and what would change; write nothing.")
    ] = False,
    allow_leaving: Annotated[bool, typer.Option("--allow-leaving", help="Many pupils have really left.")] = False,
    json_output: Annotated[bool, typer.Option("--json", help="Print JSON lines.")] = False,
) -> None:
    """Make each file the roster of a school, school year and grade: who is no longer on it has left, nothing is wiped.

    Columns in any order: mahocsinh, hovaten, tenlop, ngaysinh, gioitinh, sodinhdanh. The place comes from --school, --year and
    --grade, or from a name such as 79771101_2024-2025_6.csv. A file is taken whole or not at all; exit code 1 when one was not.
    """
    if len(files) > 1 and (school or year or grade or total is not None):
        raise typer.BadParameter(
            "several files are told apart by their names, SCHOOL_YEAR_GRADE.csv", param_hint="FILES"
        )
    places = [(file, _place(file, school, year, grade)) for file in files]
    options = rosters.Options(total, dry_run, allow_leaving)
    results = reach.run(lambda world: _import_all(world, places, options))
    if json_output:
        for file, result in results:
            typer.echo(json.dumps(_row(file, result), ensure_ascii=False))
    else:
        _print(results)
    if any(isinstance(result, Refusal) for _, result in results):
        raise typer.Exit(1)


def _place(file: Path, school: str | None, year: str | None, grade: int | None) -> Place:
    if school is None and year is None and grade is None:
        match = _NAME.fullmatch(file.name)
        if match is None:
            raise typer.BadParameter(
                "give --school, --year and --grade, or name it SCHOOL_YEAR_GRADE.csv", param_hint=file.name
            )
        school, year, grade = match["school"], match["year"], int(match["grade"])
    if school is None or year is None or grade is None:
        raise typer.BadParameter("--school, --year and --grade belong together", param_hint=file.name)
    if ids.SchoolYear.parse(year) is None or ids.level_of(grade) is None:
        raise typer.BadParameter("a school year such as 2024-2025 and a grade from 1 to 12", param_hint=file.name)
    return Place(school, year, grade)


async def _import_all(
    world: World, places: list[tuple[Path, Place]], options: rosters.Options
) -> list[tuple[Path, rosters.Report | Refusal]]:
    results: list[tuple[Path, rosters.Report | Refusal]] = []
    for file, place in places:
        try:
            raw = file.read_bytes()
            report = await rosters.import_roster(
                world, place, raw, datetime.now(UTC), source=file.name, options=options
            )
        except Refusal as refusal:
            results.append((file, refusal))
        else:
            results.append((file, report))
    return results


def _row(file: Path, result: rosters.Report | Refusal) -> dict[str, object]:
    if isinstance(result, Refusal):
        return {
            "file": file.name,
            "code": result.code.slug,
            "errors": [_finding(finding) for finding in result.findings],
        }
    return {"file": file.name, **_counts(result)}


def _counts(report: rosters.Report) -> dict[str, int]:
    return {
        "joined": report.joined,
        "left": report.left,
        "changed": report.changed,
        "unchanged": report.unchanged,
        "total": report.total,
    }


def _finding(finding: Finding) -> dict[str, str]:
    return {"code": finding.code.slug, "pointer": finding.pointer, "detail": finding.detail}


def _print(results: list[tuple[Path, rosters.Report | Refusal]]) -> None:
    table = Table("file", "joined", "left", "changed", "unchanged", "total")
    for file, result in results:
        if isinstance(result, Refusal):
            table.add_row(file.name, f"[red]{result.code.slug}[/red]", "", "", "", "")
        else:
            table.add_row(file.name, *(str(number) for number in _counts(result).values()))
    _out.print(table)
    for file, result in results:
        for finding in result.findings if isinstance(result, Refusal) else ():
            line = f"{file.name}{finding.pointer}: {finding.code.slug}: {finding.code.title_en}. {finding.detail}"
            reach.errors.print(line, markup=False)
