"""`registry roster`: rosters come in from files, one for a school, school year and grade, or one for a whole city."""

from __future__ import annotations

import json
import os
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from registry.cli import reach
from registry.cli.tables import Table
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
    school: Annotated[str | None, typer.Option(help="School code, for a single file of one roster.")] = None,
    year: Annotated[str | None, typer.Option(help="School year, such as 2024-2025.")] = None,
    grade: Annotated[int | None, typer.Option(min=1, max=12, help="Grade, 1 to 12.")] = None,
    total: Annotated[int | None, typer.Option(min=0, help="How many pupils were counted, for a single file.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="List every problem and what would change; write nothing.")
    ] = False,
    allow_leaving: Annotated[bool, typer.Option("--allow-leaving", help="Many pupils have really left.")] = False,
    json_output: Annotated[bool, typer.Option("--json", help="Print JSON lines.")] = False,
) -> None:
    """Take each file as the roster of a school, school year and grade, or one file of a whole city.

    Who is no longer on a roster has left, nothing is wiped. Columns in any order, in the city's or in people's words: mahocsinh
    (Mã học sinh), hovaten (Họ và tên), tenlop (Lớp), ngaysinh, gioitinh, sodinhdanh. The place comes from --school, --year and
    --grade, or from a name such as 79771101_2024-2025_6.csv. With --year and without --school it is a list of many: it has
    matruong (Mã trường) too, and khoi (Khối) unless --grade says it. A file is taken whole or not at all; exit code 1 when one
    was not.
    """
    if len(files) > 1 and (school or year or grade or total is not None):
        raise typer.BadParameter(
            "several files are told apart by their names, SCHOOL_YEAR_GRADE.csv", param_hint="FILES"
        )
    options = rosters.Options(total, dry_run, allow_leaving)
    if year is not None and school is None:
        city_year = _year(year, files[0])
        results = [(files[0], reach.run(lambda world: _import_city(world, files[0], city_year, grade, options)))]
    else:
        places = [(file, _place(file, school, year, grade)) for file in files]
        results = reach.run(lambda world: _import_all(world, places, options))
    if json_output:
        for file, result in results:
            typer.echo(json.dumps(_row(file, result), ensure_ascii=False))
    else:
        _print(results, dry_run)
    if any(isinstance(result, Refusal) for _, result in results):
        raise typer.Exit(1)


def _place(file: Path, school: str | None, year: str | None, grade: int | None) -> Place:
    if school is None and year is None and grade is None:
        match = _NAME.fullmatch(file.name)
        if match is None:
            raise typer.BadParameter(
                "give --school, --year and --grade, or --year for a list of many schools, or name it SCHOOL_YEAR_GRADE.csv",
                param_hint=file.name,
            )
        school, year, grade = match["school"], match["year"], int(match["grade"])
    if school is None or year is None or grade is None:
        raise typer.BadParameter("--school, --year and --grade belong together", param_hint=file.name)
    if ids.level_of(grade) is None:
        raise typer.BadParameter("a grade from 1 to 12", param_hint=file.name)
    return Place(school, _year(year, file), grade)


def _year(year: str, file: Path) -> str:
    if ids.SchoolYear.parse(year) is None:
        raise typer.BadParameter("a school year such as 2024-2025", param_hint=file.name)
    return year


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


async def _import_city(
    world: World, file: Path, year: str, grade: int | None, options: rosters.Options
) -> rosters.Report | Refusal:
    """A list of many schools as it is read, with a bar: bytes while it reads, then what it is at."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=reach.errors, transient=True) as bar, file.open("rb") as source:
        size = os.fstat(source.fileno()).st_size
        task = bar.add_task("reading", total=size)

        def tell(step: rosters.Step, rows: int) -> None:
            reading = step is rosters.Step.READING
            bar.update(
                task, description=f"{step}, {rows:,} rows", total=size if reading else None,
                completed=source.tell() if reading else 0,
            )  # fmt: skip

        try:
            now = datetime.now(UTC)
            return await rosters.import_city(
                world, None, year, source, now, source=file.name, grade=grade, options=options, progress=tell
            )
        except Refusal as refusal:
            return refusal


def _row(file: Path, result: rosters.Report | Refusal) -> dict[str, object]:
    if isinstance(result, Refusal):
        return {
            "file": file.name,
            "code": result.code.slug,
            "errors": [_finding(finding) for finding in result.findings],
        }
    return {"file": file.name, **_counts(result), "dry_run": result.dry_run}


def _counts(report: rosters.Report) -> dict[str, int]:
    return {
        "rosters": report.rosters,
        "joined": report.joined,
        "left": report.left,
        "changed": report.changed,
        "unchanged": report.unchanged,
        "total": report.total,
    }


def _finding(finding: Finding) -> dict[str, str]:
    return {"code": finding.code.slug, "pointer": finding.pointer, "detail": finding.detail}


def _print(results: list[tuple[Path, rosters.Report | Refusal]], dry_run: bool) -> None:
    title = "dry run: nothing was written" if dry_run else None
    table = Table("file", "rosters", "joined", "left", "changed", "unchanged", "total", title=title)
    for file, result in results:
        if isinstance(result, Refusal):
            table.add_row(file.name, f"[red]{result.code.slug}[/red]")
        else:
            table.add_row(file.name, *(str(number) for number in _counts(result).values()))
    _out.print(table)
    for file, result in results:
        for finding in result.findings if isinstance(result, Refusal) else ():
            line = f"{file.name}{finding.pointer}: {finding.code.slug}: {finding.code.title_en}. {finding.detail}"
            reach.errors.print(line, markup=False)
