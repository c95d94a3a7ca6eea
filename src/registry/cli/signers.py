"""`registry signer`: who may sign for which school comes in from a table, is shown and is closed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Annotated

import typer
from rich.console import Console

from registry.cli import reach
from registry.cli.tables import Table
from registry.core.findings import Finding, Refusal
from registry.core.signers import Event
from registry.core.trust import Role
from registry.formats import moments
from registry.services import signers
from registry.services.world import World

app = typer.Typer(help="Signers: whose certificates may sign for which school, in which role.", no_args_is_help=True)
_out = Console()
_Json = Annotated[bool, typer.Option("--json", help="Print as JSON.")]


@app.command("import")
def import_signers(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A CSV file; certificates lie beside it.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would change and what is wrong; change nothing.")
    ] = False,
    json_output: _Json = False,
) -> None:
    """Register signers as a difference, all rows or none: who is not named stays, the same again changes nothing.

    Columns: certificate (a file beside the table), school_code, role (teacher, principal, seal), valid_from, valid_to; where wanted
    holder (CCCD: and 12 digits, MST: and a tax code, ...) and title (head, deputy, acting). A holder whom the certificate contradicts
    is refused. What was closed stays closed. Exit code 1 when something is wrong, with every row that is.
    """
    raw, find, origin = file.read_bytes(), _beside(file.parent), signers.Origin(f"registry signer import {file.name}")

    async def use(world: World) -> signers.Report | Refusal:
        try:
            return await signers.import_table(world, raw, find, datetime.now(UTC), origin, dry_run=dry_run)
        except Refusal as refusal:
            return refusal

    result = reach.run(use)
    if isinstance(result, Refusal):
        _print_refusal(result, json_output=json_output)
        raise typer.Exit(1)
    if json_output:
        typer.echo(json.dumps({**asdict(result), "dry_run": dry_run}))
    else:
        counts = (
            f"{result.new} new, {result.changed} changed, {result.unchanged} unchanged, {result.closed} left closed"
        )
        _out.print(f"{counts}{' (nothing was written)' if dry_run else ''}")


@app.command("list")
def list_signers(
    school: Annotated[str, typer.Option(help="School code.")],
    history: Annotated[bool, typer.Option("--history", help="What was done, when and by whom.")] = False,
    json_output: _Json = False,
) -> None:
    """List the registrations at a school, past and present, or their history."""
    if history:
        _print_history(reach.run(lambda world: signers.history(world, school)), json_output=json_output)
        return
    rows = reach.run(lambda world: signers.look(world, school))
    if json_output:
        typer.echo(json.dumps([_row(shown) for shown in rows], ensure_ascii=False))
        return
    table = Table("role", "title", "holder", "number", "from", "to", "certificate (SHA-256)", title=school)
    for shown in rows:
        r = shown.registration
        until = f"{r.signer.valid_to:%Y-%m-%d}{' closed' if r.closed_at else ''}" if r.signer.valid_to else ""
        known = r.holder_kind or "not known"
        start = f"{r.signer.valid_from:%Y-%m-%d}"
        table.add_row(r.signer.role, r.title or "", shown.holder, known, start, until, r.signer.certificate.hex())
    _out.print(table)


@app.command()
def close(
    certificate: Annotated[str, typer.Argument(help="SHA-256 of the certificate, 64 hex digits.")],
    school: Annotated[str, typer.Option(help="School code.")],
    role: Annotated[Role, typer.Option(help="In which role.")],
    reason: Annotated[str, typer.Option(help="Why; nobody's number.")],
    at: Annotated[str | None, typer.Option(help="ISO date or date with time; default: now.")] = None,
) -> None:
    """End a registration at a moment: what was signed before it stays good, what is signed after it is refused."""
    try:
        fingerprint = bytes.fromhex(certificate)
        now = datetime.now(UTC)
        moment = now if at is None else moments.parse(at)
    except ValueError as error:
        raise typer.BadParameter("64 hex digits, and a date such as 2025-08-01") from error
    closing = signers.Closing(fingerprint, school, role, moment, reason)
    reach.run(lambda world: signers.close(world, closing, now, signers.Origin("registry signer close")))
    _out.print(f"closed at {moment.isoformat()}")


def _beside(folder: Path) -> Callable[[str], bytes | None]:
    """Finds files in the table's folder and below, nowhere else."""

    def find(name: str) -> bytes | None:
        parts = PurePosixPath(name)
        if not name or "\0" in name or parts.is_absolute() or ".." in parts.parts:
            return None
        file = folder / parts
        try:
            return file.read_bytes() if file.is_file() else None
        except OSError:
            return None

    return find


def _print_refusal(refusal: Refusal, *, json_output: bool) -> None:
    if json_output:
        typer.echo(json.dumps({"code": refusal.code.slug, "errors": [_finding(f) for f in refusal.findings]}))
        return
    for finding in refusal.findings:
        line = f"{finding.pointer}: {finding.code.slug}: {finding.code.title_en}. Expected: {finding.detail}"
        reach.errors.print(line, markup=False)


def _finding(finding: Finding) -> dict[str, str]:
    return {"code": finding.code.slug, "pointer": finding.pointer, "detail": finding.detail}


def _row(shown: signers.Shown) -> dict[str, object]:
    r = shown.registration
    return {
        "certificate": r.signer.certificate.hex(),
        "issuer": r.issuer,
        "serial": r.serial,
        "holder": shown.holder,
        "holder_kind": r.holder_kind,
        "role": r.signer.role,
        "title": r.title,
        "valid_from": r.signer.valid_from.isoformat(),
        "valid_to": r.signer.valid_to.isoformat() if r.signer.valid_to else None,
        "closed_at": r.closed_at.isoformat() if r.closed_at else None,
    }


def _print_history(events: list[Event], *, json_output: bool) -> None:
    rows = [
        {
            "at": e.at.isoformat(),
            "change": e.change,
            "certificate": e.certificate.hex(),
            "role": e.role,
            "valid_from": e.valid_from.isoformat(),
            "valid_to": e.valid_to.isoformat() if e.valid_to else None,
            "reason": e.reason,
            "source": e.source,
            "caller": e.caller_id,
        }
        for e in events
    ]
    if json_output:
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    table = Table("at", "change", "role", "from", "to", "reason", "by", "certificate (SHA-256)")
    for row in rows:
        by = f"{row['source']}{f' ({caller})' if (caller := row['caller']) else ''}"
        cells = (row["at"], row["change"], row["role"], row["valid_from"], row["valid_to"], row["reason"], by)
        table.add_row(*(str(cell or "") for cell in cells), str(row["certificate"]))
    _out.print(table)
