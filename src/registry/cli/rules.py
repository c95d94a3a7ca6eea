"""`registry rules`: what a transcript is checked for, and the proof that the checks do what they say."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from registry.core import rules
from registry.core.rule_sets import Rule
from registry.demo import mutations, rule_cases, rule_proof

app = typer.Typer(
    no_args_is_help=True,
    help="Rules of the circulars: what is in force when, by which clause, and the proof that it is checked.",
)
_out = Console()
_Json = Annotated[bool, typer.Option("--json", help="Print as JSON.")]


@app.command("list")
def list_rules(
    circular: Annotated[str | None, typer.Option(help="Only this circular, for example 22/2021.")] = None,
    json_output: _Json = False,
) -> None:
    """Every rule with its clause, effect and text; what rests on unverified knowledge is marked and only warns."""
    rows = [
        _row(name, rule)
        for name, listed in (("", rules.GENERAL), *((s.circular, s.rules) for s in rules.RULE_SETS))
        for rule in listed
        if circular in (None, name)
    ]
    if json_output:
        typer.echo(json.dumps({"version": rules.version, "rules": rows}, ensure_ascii=False))
        return
    table = Table("circular", "code", "effect", "clause", "rule", title=f"rules {rules.version}")
    for row in rows:
        effect = f"{row['effect']}{' (unverified)' if row['unverified'] else ''}"
        table.add_row(str(row["circular"]), str(row["code"]), effect, str(row["clause"]), f"{row['vi']}\n{row['en']}")
    _out.print(table)


@app.command()
def prove(
    mutations_wanted: Annotated[
        int, typer.Option("--mutations", min=1, max=1_000_000, help="At least so many broken transcripts.")
    ] = 2_000,
    seed: Annotated[int, typer.Option(help="Another seed, other transcripts.")] = 1,
    json_output: _Json = False,
) -> None:
    """Make transcripts that obey the circulars, break one rule at a time, and count what is found.

    Precision and recall by code; exit code 1 when one of them is not 1.
    """
    good = list(rule_cases.every(seed, max(1, mutations_wanted // 100)))
    broken = list(mutations.every(seed, mutations_wanted))
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("judging", total=len(good) + len(broken))
        proof = rule_proof.prove(good, broken, lambda: progress.advance(task))
    if json_output:
        typer.echo(json.dumps(_proof_json(proof), ensure_ascii=False))
    else:
        _print(proof)
    if not proof.holds:
        raise typer.Exit(1)


def _print(proof: rule_proof.Proof) -> None:
    table = Table("code", "expected", "found", "precision", "recall")
    for code, tally in sorted(proof.codes.items()):
        table.add_row(code, str(tally.expected), str(tally.found), f"{tally.precision:.3f}", f"{tally.recall:.3f}")
    _out.print(table)
    for line in proof.wrong:
        _out.print(f"[red]{line}[/red]")
    _out.print(
        f"{proof.good} good transcripts, {proof.mutations.total()} mutations of {len(proof.mutations)} kinds: "
        f"precision and recall {'1.0' if proof.holds else 'NOT 1.0'} (rules {rules.version})"
    )


def _proof_json(proof: rule_proof.Proof) -> dict[str, object]:
    return {
        "rules": rules.version,
        "good": proof.good,
        "mutations": proof.mutations.total(),
        "kinds": dict(proof.mutations),
        "codes": {
            code: {"expected": t.expected, "found": t.found, "precision": t.precision, "recall": t.recall}
            for code, t in sorted(proof.codes.items())
        },
        "wrong": proof.wrong,
        "holds": proof.holds,
    }


def _row(circular: str, rule: Rule) -> dict[str, object]:
    return {
        "circular": circular,
        "code": rule.code.slug,
        "effect": rule.effect.value,
        "clause": rule.clause,
        "vi": rule.vi,
        "en": rule.en,
        "unverified": rule.unverified,
    }
