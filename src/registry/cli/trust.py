"""`registry trust`: anchors, intermediates, revocation lists, signers and the signature policy come in by command."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from registry.cli import reach, trust_path, trust_policy, trust_refresh, trust_roots, trust_sources, trust_watch
from registry.cli.tables import Table
from registry.core.trust import Hierarchy
from registry.services import trust, trust_health

app = typer.Typer(help="Trust material: what is trusted, since when, and how fresh it is.", no_args_is_help=True)
_out = Console()
app.command("refresh")(trust_refresh.refresh)
app.command("watch")(trust_watch.watch)
app.command("check-path")(trust_path.check_path)
app.add_typer(trust_policy.app, name="policy")
app.add_typer(trust_sources.app, name="source")
app.add_typer(trust_roots.app, name="known-roots")


def folder_files(folder: Path) -> dict[str, bytes]:
    """The files of a folder as {relative posix path: content}."""
    return {f.relative_to(folder).as_posix(): f.read_bytes() for f in sorted(folder.rglob("*")) if f.is_file()}


@app.command("import")
def import_material(
    paths: Annotated[list[Path], typer.Argument(exists=True, help="A folder in the layout below, or single files.")],
    anchor: Annotated[
        str | None, typer.Option(help="The files are anchors of this hierarchy: government, public or timestamp.")
    ] = None,
    unlisted_anchor: Annotated[
        bool, typer.Option("--unlisted-anchor", help="Take anchors that are not among the known national roots.")
    ] = False,
    json_output: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Import anchors, intermediate certificates, revocation lists, OCSP answers (PEM, DER, .p7b) and signers.

    A folder holds `anchors/government/`, `anchors/public/`, `anchors/timestamp/`, `intermediates/`, `crls/`, `ocsp/`, `signers.csv`
    (columns: `registry signer import --help`) and `policy.csv` (`registry trust policy import --help`). Single files are recognised by their content;
    a root is an anchor only when you say so with --anchor. Each anchor's SHA-256 is printed: compare it with what the authority
    publishes. One that `registry trust known-roots list` does not know is taken only with --unlisted-anchor.
    Lists and answers must be signed by a CA that is held or comes along. Exit code 1 when something could not be taken.
    """
    if anchor not in {None, *Hierarchy}:
        raise typer.BadParameter(", ".join(Hierarchy), param_hint="--anchor")
    files: dict[str, bytes] = {}
    for path in paths:
        if path.is_dir():
            files |= folder_files(path)
        else:
            place = f"anchors/{anchor}" if anchor else "intermediates"
            files[f"{place}/{path.name}"] = path.read_bytes()
    now = datetime.now(UTC)
    report = reach.run(lambda world: trust.import_files(world, files, now, unlisted_anchors=unlisted_anchor))
    if json_output:
        typer.echo(json.dumps(asdict(report), ensure_ascii=False))
    else:
        _print_report(report)
    if report.problems:
        raise typer.Exit(1)


def _print_report(report: trust.Imported) -> None:
    table = Table("new", "anchors", "intermediates", "revocation lists", "OCSP answers", "signers", "policy")
    counts = (
        report.anchors, report.intermediates, report.revocation_lists, report.ocsp_answers, report.signers
    )  # fmt: skip
    table.add_row("", *(str(count) for count in counts), report.policy or "-")
    _out.print(table)
    for line in report.fingerprints:
        _out.print(f"anchor {line}")
    for problem in report.problems:
        reach.errors.print(f"[yellow]not taken:[/yellow] {problem}")


@app.command()
def status(
    hours: Annotated[int, typer.Option(min=0, max=8760, help="A list that ends within so many hours is ending.")] = 24,
    json_output: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """What is trusted now, and what is stale or missing. Exit code 1 when something is, or something stored can't be used."""
    now = datetime.now(UTC)
    found = reach.run(lambda world: trust.status(world, now, timedelta(hours=hours)))
    stale = [entry for entry in found.lists if not entry.fresh]
    lacking = found.health.count(trust_health.State.STALE, trust_health.State.MISSING) + found.health.unknown_issuers
    if json_output:
        typer.echo(json.dumps(_status_row(found), ensure_ascii=False))
    else:
        _print_status(found)
    if stale or lacking or found.problems:
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
        "needs": [
            {
                "sha256": need.fingerprint.hex(), "subject": need.subject, "certificates": need.certificates,
                "state": need.state, "ends_at": need.ends_at.isoformat() if need.ends_at else None,
                "documents_waiting": need.waiting,
            }
            for need in found.health.needs
        ],
        "certificates_without_ca": found.health.unknown_issuers,
        "sources": [
            {"source": s.source_id, "kind": s.kind, "succeeded_ever": s.ever, "age_seconds": round(s.seconds)}
            for s in found.health.sources
        ],
    }  # fmt: skip


def _print_status(found: trust.Status) -> None:
    certificates = Table("kind", "hierarchy", "subject", "until", title=f"Trust list, generation {found.generation}")
    for c in [*found.anchors, *found.intermediates]:
        certificates.add_row(c.kind, c.hierarchy or "", c.subject, f"{c.not_after:%Y-%m-%d}")
    lists = Table("revocation list of", "number", "next update", "fresh")
    for entry in found.lists:
        fresh = "[green]yes[/green]" if entry.fresh else "[red]no: verdicts are held[/red]"
        lists.add_row(entry.issuer, str(entry.number), f"{entry.next_update:%Y-%m-%d %H:%M}", fresh)
    _out.print(certificates, lists, _needs(found.health), _sources(found.health))
    _out.print(f"{found.signers} signers' certificates, {found.schools} schools, policy {found.policy.version}")
    for problem in found.problems:
        reach.errors.print(f"[yellow]not usable:[/yellow] {problem}")
    if found.health.unknown_issuers:
        reach.errors.print(
            f"[red]{found.health.unknown_issuers} registered certificates were issued by no CA held here[/red]"
        )


_COLOURS = {"fresh": "green", "ending": "yellow", "stale": "red", "missing": "red"}


def _needs(health: trust_health.Health) -> Table:
    table = Table("CA with signers here", "certificates", "revocation data", "until", "documents waiting")
    for need in health.needs:
        state = f"[{_COLOURS[need.state]}]{need.state}[/]"
        until = f"{need.ends_at:%Y-%m-%d %H:%M}" if need.ends_at else "-"
        table.add_row(need.subject, str(need.certificates), state, until, str(need.waiting))
    return table


def _sources(health: trust_health.Health) -> Table:
    table = Table("source", "kind", "last success")
    for source in health.sources:
        ago = f"{timedelta(seconds=round(source.seconds))} ago" if source.ever else "[red]never[/red]"
        table.add_row(source.source_id, source.kind, ago)
    return table
