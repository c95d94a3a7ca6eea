"""`registry number`: pupils who lack a personal number, out as one file, back as another. Numbers come from a file alone."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from registry.cli import reach, telling
from registry.core import ids
from registry.services import number_cases, number_returns, numbers
from registry.services.number_returns import Options, Report
from registry.services.tables_out import FileKind

app = typer.Typer(
    help="Numbers: pupils who lack a personal number, the file for the police, and what comes back.",
    no_args_is_help=True,
)
_Json = Annotated[bool, typer.Option("--json", help="Print as JSON.")]
_Reason = Annotated[str, typer.Option(help="Why: 1 to 200 characters, nobody's number.")]
_Unit = Annotated[str, typer.Argument(help="city:79, district:..., commune:... or school:...")]
_Year = Annotated[str, typer.Argument(help="School year, such as 2024-2025.")]


@app.command("list")
def list_missing(
    unit: _Unit,
    year: _Year,
    limit: Annotated[int, typer.Option(min=1, max=numbers.MOST_ROWS)] = 100,
    after: Annotated[str | None, typer.Option(help="Behind this cursor.")] = None,
    json_output: _Json = False,
) -> None:
    """List pupils without a number, or whose last transcript was refused for its number."""
    asked = _asked(unit, year)
    page = telling.run(lambda world: numbers.lacking(world, None, asked, after, limit, datetime.now(UTC)))
    heads = ("school", "pupil code", "name", "class", "birth date", "sex", "why", "codes")
    rows: list[tuple[object, ...]] = [
        (row.school_code, row.pupil_code, row.name, row.class_name, row.birth, row.sex, row.why, " ".join(row.codes))
        for row in page.rows
    ]
    telling.show(heads, rows, json_output=json_output)
    if page.next is not None:
        reach.errors.print(f"there are more: --after {page.next}", markup=False)


@app.command()
def export(
    unit: _Unit,
    year: _Year,
    out: Annotated[Path, typer.Option("--out", "-o", help="A .csv or .xlsx file; never over another one.")],
) -> None:
    """Write one file of these pupils for the police; who took it out, when, and its SHA-256 are kept."""
    if out.suffix not in {".csv", ".xlsx"}:
        raise typer.BadParameter("a name that ends in .csv or .xlsx", param_hint="--out")
    if out.exists():
        raise typer.BadParameter("a file that is not there yet", param_hint="--out")
    asked, kind = _asked(unit, year), FileKind(out.suffix[1:])
    with open(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
        try:
            made = telling.run(lambda world: numbers.export(world, None, asked, kind, datetime.now(UTC)))
        except BaseException:
            out.unlink()
            raise
        target.write(made.file.body)
    typer.echo(f"{out}: export {made.number}, {made.pupils} pupils, SHA-256 {made.sha256}")


@app.command("exports")
def list_exports(json_output: _Json = False) -> None:
    """List the files of names that went out, newest first."""
    found = telling.run(lambda world: numbers.exports(world, None, datetime.now(UTC)))
    heads = ("export", "at", "by", "unit", "school year", "format", "pupils", "sha256")
    rows: list[tuple[object, ...]] = [
        (e.export_number, e.exported_at, e.caller_id, e.unit_code, e.school_year, e.kind, e.pupils, e.fingerprint.hex())
        for e in found
    ]
    telling.show(heads, rows, json_output=json_output)


@app.command("import")
def import_returned(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV or XLSX, as it came back.")],
    unit: Annotated[str, typer.Option(help="Whose pupils: city:79, district:..., school:...")],
    year: Annotated[str, typer.Option(help="School year, such as 2024-2025.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="List every problem and what would be done; write nothing.")
    ] = False,
    skip_wrong: Annotated[
        bool, typer.Option("--skip-wrong", help="Leave wrong rows out instead of refusing the file.")
    ] = False,
    json_output: _Json = False,
) -> None:
    """Take a returned file: sure rows are applied, doubtful ones wait for `decide`, a wrong one refuses the file (exit code 1).

    Name, whole birth date and sex must be those of exactly one pupil who lacks a number. The same file again changes nothing.
    """
    asked, raw = _asked(unit, year), file.read_bytes()
    options = Options(dry_run, skip_wrong)
    report = telling.run(
        lambda world: number_returns.take(world, None, asked, raw, file.name, options, datetime.now(UTC))
    )
    if json_output:
        typer.echo(json.dumps(_row(report), ensure_ascii=False))
        return
    start = "dry run, nothing was written: " if dry_run else f"import {report.return_id}: "
    typer.echo(
        f"{start}{report.applied} pupils got their number, {len(report.doubtful)} doubtful, {report.repeated} known before,"
        f" {len(report.unmatched)} mean nobody here, {report.without} without a number, {len(report.findings)} wrong"
    )
    for each in report.doubtful:
        reach.errors.print(f"{each.place}: {', '.join(each.doubts)} ({each.pupils})", markup=False)
    for cell in report.unmatched:
        reach.errors.print(f"{cell}: nobody who lacks a number", markup=False)
    for finding in report.findings:
        reach.errors.print(f"{finding.pointer}: {finding.code.slug}: {finding.detail}", markup=False)


@app.command("imports")
def list_returns(json_output: _Json = False) -> None:
    """List the files that came back and what came of them, newest first."""
    found = telling.run(lambda world: number_returns.returns(world, None, datetime.now(UTC)))
    heads = ("import", "at", "by", "source", "unit", "school year", "rows", "applied", "doubtful", "undone", "sha256")
    rows: list[tuple[object, ...]] = [
        (e.return_id, e.received_at, e.caller_id, e.source, e.unit_code, e.school_year, e.rows, e.applied, e.doubtful,
         e.undone, e.fingerprint.hex())
        for e in found
    ]  # fmt: skip
    telling.show(heads, rows, json_output=json_output)


@app.command("cases")
def list_cases(
    limit: Annotated[int, typer.Option(min=1, max=number_cases.MOST_CASES)] = 100,
    after: Annotated[UUID | None, typer.Option(help="Behind this case.")] = None,
    json_output: _Json = False,
) -> None:
    """List numbers that wait for a person: one line for each pupil whose number it can be. Numbers are not shown."""
    found = telling.run(lambda world: number_cases.waiting(world, None, None, after, limit))
    heads = ("case", "cell", "told name", "told birth date", "told sex", "doubts", "school", "pupil code", "name",
             "birth date", "sex", "class")  # fmt: skip
    rows: list[tuple[object, ...]] = [
        (case.case_id, case.place, case.told_name, case.told_birth, case.told_sex, " ".join(case.doubts),
         each.school_code, each.pupil_code, each.name, each.birth, each.sex, each.class_name)
        for case in found[:limit]
        for each in case.candidates
    ]  # fmt: skip
    telling.show(heads, rows, json_output=json_output)
    if len(found) > limit:
        reach.errors.print(f"there are more: --after {found[limit - 1].case_id}", markup=False)


@app.command()
def decide(
    case_id: Annotated[UUID, typer.Argument(help="As `cases` lists it.")],
    reason: _Reason,
    pupil: Annotated[str | None, typer.Option(help="Code of the pupil whose number it is.")] = None,
    nobody: Annotated[bool, typer.Option("--nobody", help="It is nobody's of them.")] = False,
) -> None:
    """Say whose a number is; it is applied at once."""
    if (pupil is None) is not nobody:
        raise typer.BadParameter("one of --pupil, --nobody")
    telling.run(lambda world: number_cases.decide(world, None, case_id, pupil, reason, datetime.now(UTC)))
    typer.echo("nobody's" if pupil is None else f"applied to {pupil}")


@app.command()
def undo(
    import_id: Annotated[UUID, typer.Argument(help="As `imports` lists it.")],
    reason: _Reason,
    pupil: Annotated[str | None, typer.Option(help="Of this pupil alone.")] = None,
) -> None:
    """Take back the numbers that came of a file; what stood before stands again. Refused where a record rests on one."""
    undone = telling.run(lambda world: number_returns.undo(world, None, import_id, pupil, reason, datetime.now(UTC)))
    typer.echo(f"{undone} taken back")


def _asked(unit: str, year: str) -> numbers.Asked:
    found = ids.SchoolYear.parse(year)
    if found is None:
        raise typer.BadParameter("a school year such as 2024-2025", param_hint="YEAR")
    return numbers.Asked(unit, found)


def _row(report: Report) -> dict[str, object]:
    return {
        "return_id": str(report.return_id) if report.return_id else None,
        "dry_run": report.dry_run,
        **{name: getattr(report, name) for name in ("rows", "without", "applied", "repeated", "unmatched")},
        "doubtful": [{"cell": e.place, "doubts": list(e.doubts), "pupils": e.pupils} for e in report.doubtful],
        "wrong": [{"code": e.code.slug, "pointer": e.pointer, "detail": e.detail} for e in report.findings],
    }
