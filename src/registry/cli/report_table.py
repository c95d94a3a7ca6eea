"""A report for the eyes: the published structure of `registry.services.report` as tables on a terminal."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.markup import escape

from registry.cli.tables import Table

_COLOURS = {"TOTAL-PASSED": "green", "INDETERMINATE": "yellow", "TOTAL-FAILED": "red",
            "accepted": "green", "held": "yellow", "refused": "red"}  # fmt: skip
_SHOWN_DIGITS = 16


def show(console: Console, report: dict[str, Any], title: str) -> None:
    """Print one report: the outcome, each signature with its reasons, what was found in the document."""
    colour = _COLOURS.get(report["outcome"], "red")
    console.print(f"[bold]{escape(title)}[/bold]: [{colour}]{report['outcome']}[/{colour}]")
    console.print(f"sha256 {report['sha256']}", highlight=False)
    console.print(f"received {report['received_at']}, judged {report['judged_at']}", highlight=False)
    console.print(
        f"policy {report['policy']}, rules {report['rules']}, register {report['generation']}", highlight=False
    )
    for signature in report["signatures"]:
        console.print(_signature(signature))
        _show_findings(console, signature["findings"])
    if report["findings"]:
        console.print("[bold]document[/bold]")
        _show_findings(console, report["findings"])
    for entry in report["history"][1:]:
        console.print(f"before: {entry['outcome']} at {entry['judged_at']}: {', '.join(entry['codes'])}")


def _signature(row: dict[str, Any]) -> Table:
    colour = _COLOURS[row["indication"]]
    table = Table(title=f"signature {row['index'] + 1}", title_justify="left", show_header=False)
    verdict = " / ".join(part for part in (row["indication"], row["sub_indication"]) if part)
    table.add_row("indication", f"[{colour}]{verdict}[/{colour}]")
    table.add_row("signer", escape(row["signer"] or "-"))
    role = row["role"] or "not registered"
    written = f" (written: {', '.join(row['claimed_roles'])})" if row["claimed_roles"] else ""
    table.add_row("role", escape(role + written))
    table.add_row("claimed time", row["claimed_at"] or "-")
    table.add_row("proven time", f"{row['proven_at']} by {row['proof']}")
    table.add_row("algorithm", row["algorithm"] or "-")
    for position, certificate in enumerate(row["path"]):
        label = f"path, {row['hierarchy'] or ''}" if position == 0 else ""
        table.add_row(label, f"{escape(certificate['name'] or '?')}  {certificate['sha256'][:_SHOWN_DIGITS]}…")
    for used in row["revocation"]:
        issuer = escape(used["issuer_name"] or used["issuer"][:_SHOWN_DIGITS])
        number = f" {used['number']}" if used["number"] else ""
        until = f"until {used['next_update']}" if used["next_update"] else "no next update"
        table.add_row("revocation", f"{used['kind']}{number} of {issuer}, {used['this_update']} {until}")
    return table


def _show_findings(console: Console, findings: list[dict[str, Any]]) -> None:
    for finding in findings:
        console.print(f"  [bold]{finding['code']}[/bold] ({finding['effect']}) {escape(finding['pointer'])}")
        if finding["detail"]:
            console.print(f"    {escape(finding['detail'])}")
        for language in ("vi", "en"):
            texts = finding[language]
            console.print(f"    {language}: {escape(texts['title'])}. {escape(texts['fix'])}")
