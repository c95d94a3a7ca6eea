"""`registry trust`: anchors, intermediates, revocation lists, signers and the signature policy come in by command."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from registry.cli import reach
from registry.services import trust

app = typer.Typer(help="Trust material: what is trusted, since when, and how fresh it is.", no_args_is_help=True)
_out = Console()
_FOLDERS = {"anchor": "anchors", "intermediate": "intermediates", "crl": "crls"}


def folder_files(folder: Path) -> dict[str, bytes]:
    """The files of a folder as {relative posix path: content}."""
    return {f.relative_to(folder).as_posix(): f.read_bytes() for f in sorted(folder.rglob("*")) if f.is_file()}


@app.command("import")
def import_material(
    paths: Annotated[list[Path], typer.Argument(exists=True, help="A folder in the layout below, or single files.")],
    anchor: Annotated[
        str | None, typer.Option(help="The files are anchors of this hierarchy: government or public.")
    ] = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Import anchors, intermediate certificates, revocation lists (PEM, DER, .p7b) and signers.

    A folder holds `anchors/government/`, `anchors/public/`, `intermediates/`, `crls/`, `signers.csv`
    (certificate,school_code,role,valid_from,valid_to) and `policy.csv`. Single files are recognised by their content;
    a root is an anchor only when you say so with --anchor. Exit code 1 when something could not be taken.
    """
    if anchor not in {None, "government", "public"}:
        raise typer.BadParameter("government or public", param_hint="--anchor")
    files: dict[str, bytes] = {}
    for path in paths:
        if path.is_dir():
            files |= folder_files(path)
        else:
            place = f"anchors/{anchor}" if anchor else "intermediates"
            files[f"{place}/{path.name}"] = path.read_bytes()
    report = reach.run(lambda world: trust.import_files(world, files, datetime.now(UTC)))
    if json_output:
        typer.echo(json.dumps(asdict(report), ensure_ascii=False))
    else:
        _print_report(report)
    if report.problems:
        raise typer.Exit(1)


def _print_report(report: trust.Imported) -> None:
    table = Table("new", "anchors", "intermediates", "revocation lists", "signers", "policy")
    counts = (report.anchors, report.intermediates, report.revocation_lists, report.signers)
    table.add_row("", *(str(count) for count in counts), report.policy or "-")
    _out.print(table)
    for line in report.fingerprints:
        _out.print(f"anchor {line}")
    for problem in report.problems:
        reach.errors.print(f"[yellow]not taken:[/yellow] {problem}")


@app.command()
def policy(
    file: Annotated[
        Path | None, typer.Argument(exists=True, help="A CSV file; without it the one that comes along.")
    ] = None,
) -> None:
    """Put a signature policy in force (CSV: version,role,ownership,hierarchy,algorithms,valid_from,valid_to)."""
    try:
        chosen = trust.default_policy() if file is None else trust.read_policy(file.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        reach.errors.print(f"[red]{file}: {error}[/red]")
        raise typer.Exit(1) from error
    reach.run(lambda world: trust.import_policy(world, chosen, datetime.now(UTC)))
    _out.print(f"policy {chosen.version}: {len(chosen.rows)} rows in force")


@app.command()
def status(json_output: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False) -> None:
    """What is trusted now. Exit code 1 when a list is stale or something stored can't be used."""
    now = datetime.now(UTC)
    found = reach.run(lambda world: trust.status(world, now))
    stale = [entry for entry in found.lists if not entry.fresh]
    if json_output:
        typer.echo(json.dumps(_status_row(found), ensure_ascii=False))
    else:
        _print_status(found)
    if stale or found.problems:
        raise typer.Exit(1)


def _status_row(found: trust.Status) -> dict[str, object]:
    return {
        "generation": found.generation,
        "anchors": [
            {"sha256": a.fingerprint.hex(), "subject": a.subject, "hierarchy": a.hierarchy} for a in found.anchors
        ],
        "intermediates": [{"sha256": c.fingerprint.hex(), "subject": c.subject} for c in found.intermediates],
        "revocation_lists": [
            {"issuer": r.issuer, "number": r.number, "next_update": r.next_update.isoformat(), "fresh": r.fresh}
            for r in found.lists
        ],
        "signers": found.signers,
        "schools": found.schools,
        "policy": found.policy.version,
        "problems": list(found.problems),
    }


def _print_status(found: trust.Status) -> None:
    certificates = Table("kind", "hierarchy", "subject", "until", title=f"Trust list, generation {found.generation}")
    for c in [*found.anchors, *found.intermediates]:
        certificates.add_row(c.kind, c.hierarchy or "", c.subject, f"{c.not_after:%Y-%m-%d}")
    lists = Table("revocation list of", "number", "next update", "fresh")
    for entry in found.lists:
        fresh = "[green]yes[/green]" if entry.fresh else "[red]no: verdicts are held[/red]"
        lists.add_row(entry.issuer, str(entry.number), f"{entry.next_update:%Y-%m-%d %H:%M}", fresh)
    _out.print(certificates, lists)
    _out.print(f"{found.signers} signers' certificates, {found.schools} schools, policy {found.policy.version}")
    for problem in found.problems:
        reach.errors.print(f"[yellow]not usable:[/yellow] {problem}")
