"""`registry rules`: what a transcript is checked for, and the proof that the checks do what they say."""

from __future__ import annotations

import csv
import json
import tomllib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from registry.cli import reach
from registry.cli.tables import Table
from registry.core import rules, rules_forecast
from registry.core.rule_sets import Rule
from registry.demo import mutations, rule_cases, rule_proof, signed_mutations
from registry.formats import certificates
from registry.services import forecast as forecasts
from registry.services import judging
from registry.services.world import World

app = typer.Typer(
    no_args_is_help=True,
    help="Rules of the circulars: what is in force when, by which clause, and the proof that it is checked.",
)
_out = Console()
#: One signed transcript for so many unsigned ones: what signatures alone can break has few rules, and takes longer to make.
_SIGNED_PART = 10
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
    made = signed_mutations.Signatures.make()
    signed = list(made.every(seed, max(1, mutations_wanted // _SIGNED_PART)))
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("judging", total=len(good) + len(broken) + len(signed))
        proof = rule_proof.prove(good, broken, lambda: progress.advance(task))
        _prove_signed(proof, made, signed, lambda: progress.advance(task))
    if json_output:
        typer.echo(json.dumps(_proof_json(proof), ensure_ascii=False))
    else:
        _print(proof)
    if not proof.holds:
        raise typer.Exit(1)


def _prove_signed(
    proof: rule_proof.Proof,
    made: signed_mutations.Signatures,
    cases: Iterable[signed_mutations.Case],
    step: Callable[[], None],
) -> None:
    """Judge signed transcripts as submissions are, and count."""
    indexes = {name: certificates.TrustIndex.build(listed) for name, listed in made.trust_lists.items()}
    moment = judging.Moment(signed_mutations.NOW, signed_mutations.NOW)
    for case in cases:
        media_type = judging.XML if case.raw.startswith(b"<") else judging.JOSE
        verdict = judging.judge(case.raw, media_type, indexes[case.policy], moment, schools=None)
        found = frozenset((finding.code.slug, finding.pointer) for finding in verdict.findings)
        proof.count(f"{case.name}, grade {case.grade}", found, case.expected)
        if case.expected:
            proof.mutations[case.name] += 1
        else:
            proof.good += 1
        step()


@app.command()
def forecast(
    rule_set: Annotated[
        str,
        typer.Argument(
            help="A circular of the table (22/2021), or a TOML file: circular, grades, [effects] code = refuse, warn, off."
        ),
    ],
    records: Annotated[
        Path | None,
        typer.Option(help="Write each record that would be refused into this CSV file; its folder must exist."),
    ] = None,
    json_output: _Json = False,
) -> None:
    """Which records that count now would be refused under a rule set that is not yet in force, per vendor and school.

    Years of older circulars, of which the shape alone is asked, are left out. Exit code 1 when some would be refused.
    """
    planned = _planned(rule_set)
    with _listing(records) as tell:

        async def use(world: World) -> forecasts.Forecast:
            total = await forecasts.size(world, planned)
            with Progress(console=Console(stderr=True), transient=True) as progress:
                task = progress.add_task("records", total=total)
                return await forecasts.forecast_of(world, planned, lambda more: progress.advance(task, more), tell)

        told = reach.run(use)
    rows = [
        {
            "vendor": vendor,
            "school": school,
            "records": i.records,
            "refused": i.refused,
            "codes": dict(i.codes.most_common()),
        }
        for (vendor, school), i in sorted(told.impacts.items())
    ]
    if json_output:
        found = {
            "rule_set": planned.name,
            "records": told.records,
            "refused": told.refused,
            "unreadable": told.unreadable,
            "history": told.history,
        }
        typer.echo(json.dumps({**found, "impacts": rows}, ensure_ascii=False))
    else:
        table = Table("vendor", "school", "records", "would be refused", "codes", title=f"forecast {planned.name}")
        for (vendor, school), impact in sorted(told.impacts.items()):
            codes = ", ".join(f"{code} {number}" for code, number in impact.codes.most_common())
            table.add_row(vendor, school, str(impact.records), str(impact.refused), codes)
        _out.print(table)
        _out.print(
            f"{told.refused} of {told.records} records would be refused; {told.unreadable} could not be read; "
            f"{told.history} of older circulars left out",
            soft_wrap=True,
        )
    if told.refused or told.unreadable:
        raise typer.Exit(1)


@contextmanager
def _listing(file: Path | None) -> Iterator[Callable[[forecasts.Refused], None]]:
    """What writes each record that would be refused into the file, one a row; nothing without a file."""
    if file is None:
        yield lambda _: None
        return
    try:
        opened = file.open("w", encoding="utf-8", newline="")
    except OSError as error:
        raise typer.BadParameter(str(error), param_hint="--records") from None
    with opened:
        rows = csv.writer(opened)
        rows.writerow(("vendor", "school", "transcript_code", "version", "codes"))
        yield lambda r: rows.writerow((r.vendor, r.school_code, r.transcript_code, r.version, " ".join(r.codes)))


def _planned(rule_set: str) -> rules_forecast.Planned:
    file = Path(rule_set)
    try:
        if file.suffix == ".toml":
            return rules_forecast.planned(tomllib.loads(file.read_text("utf-8")))
        found = rules_forecast.of_circular(rule_set)
        if found is None:
            raise ValueError("neither a circular of the table nor a .toml file; see `registry rules list`")
    except (OSError, ValueError) as error:
        raise typer.BadParameter(str(error), param_hint="RULE_SET") from None
    return found


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
