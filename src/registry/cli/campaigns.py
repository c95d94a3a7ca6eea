"""`registry campaign`: pilot phases with their deadlines are made, shown, and their deadlines moved."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from registry.cli import freezing, reach
from registry.cli.tables import Table
from registry.core.campaigns import Plan, Stage
from registry.core.findings import Refusal
from registry.services import campaigns
from registry.services.world import World

app = typer.Typer(no_args_is_help=True, help="Campaigns: which year, grades and units, and by when each stage is due.")
_out = Console()
app.command("freeze")(freezing.freeze)
app.command("export")(freezing.export)
app.command("check")(freezing.check)
_Json = Annotated[bool, typer.Option("--json", help="Print as JSON.")]
_Code = Annotated[str, typer.Argument(help="The campaign's code, as `registry campaign list` names it.")]


@app.command("add")
def add(
    file: Annotated[Path | None, typer.Argument(exists=True, dir_okay=False, help="TOML: tables [[campaign]].")] = None,
    builtin: Annotated[
        str | None, typer.Option(help="A file that comes along instead: " + ", ".join(campaigns.BUILTIN) + ".")
    ] = None,
    json_output: _Json = False,
) -> None:
    """Make the campaigns of a file, all or none; what is there already with the same content stays as it is.

    Each [[campaign]]: code, name, name_en, school_year, grades (or levels), units, and [campaign.deadlines] with a day (YYYY-MM-DD)
    for numbers_reviewed, certificates_ready, transcripts_submitted, declared, reviewed. Exit code 1 when something is wrong.
    """
    if (file is None) is (builtin is None) or (builtin is not None and builtin not in campaigns.BUILTIN):
        raise typer.BadParameter("a file, or --builtin with one of its names", param_hint="FILE")
    raw = file.read_bytes() if file is not None else campaigns.builtin(builtin or "")

    async def use(world: World) -> list[Plan] | Refusal:
        try:
            return await campaigns.add_file(world, raw, datetime.now(UTC))
        except Refusal as refusal:
            return refusal

    made = reach.run(use)
    if isinstance(made, Refusal):
        for finding in made.findings:
            reach.errors.print(
                f"{finding.pointer or 'the file'}: {finding.detail or finding.code.fix_en}", markup=False
            )
        reach.errors.print(f"[red]{made.code.slug}[/red]: nothing was taken")
        raise typer.Exit(1)
    if json_output:
        typer.echo(json.dumps([plan.campaign.code for plan in made]))
    else:
        _out.print(f"new campaigns: {', '.join(plan.campaign.code for plan in made) or 'none, all were there'}")


@app.command("list")
def list_campaigns(json_output: _Json = False) -> None:
    """Every campaign with its deadlines."""
    found = reach.run(lambda world: campaigns.listed(world, None, datetime.now(UTC)))
    if json_output:
        typer.echo(json.dumps({"campaigns": [_row(plan) for plan in found]}, ensure_ascii=False))
        return
    table = Table("campaign", "year", "grades", "units", *(stage.value.replace("_", " ") for stage in Stage))
    for plan in found:
        due = plan.deadlines()
        days = [f"{due[stage].due_on:%d/%m/%Y}" if stage in due else "-" for stage in Stage]
        grades = ", ".join(map(str, plan.campaign.grades))
        table.add_row(plan.campaign.code, plan.campaign.school_year, grades, ", ".join(plan.campaign.units), *days)
    _out.print(
        table if found else "There is no campaign; `registry campaign add --builtin plan` makes those of the plan."
    )


@app.command()
def show(code: _Code, json_output: _Json = False) -> None:
    """One campaign with every deadline it ever had."""
    plan = reach.run(lambda world: campaigns.find(world, None, code, datetime.now(UTC)))
    if json_output:
        typer.echo(json.dumps(_row(plan), ensure_ascii=False))
        return
    _out.print(f"{plan.campaign.code}: {plan.campaign.name} / {plan.campaign.name_en}")
    table = Table("stage", "due on", "since", "by", "why")
    for each in plan.history:
        since = each.set_at.isoformat(timespec="seconds")
        table.add_row(each.stage.value, f"{each.due_on:%d/%m/%Y}", since, each.caller_id or "(operator)", each.reason)
    _out.print(table)


@app.command()
def move(
    code: _Code,
    stage: Annotated[Stage, typer.Argument(help="Which stage.")],
    due_on: Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"], help="The last day in time.")],
    reason: Annotated[str, typer.Option(help="Why; kept with the move.")],
) -> None:
    """Let another day hold for a stage from now on; what held before is kept."""
    now = datetime.now(UTC)
    reach.run(lambda world: campaigns.move(world, None, code, stage, due_on.date(), reason, now))
    _out.print(f"{code}: {stage.value} is due by the end of {due_on:%d/%m/%Y}")


def _row(plan: Plan) -> dict[str, object]:
    campaign = plan.campaign
    return {
        "code": campaign.code,
        "name": campaign.name,
        "name_en": campaign.name_en,
        "school_year": campaign.school_year,
        "grades": campaign.grades,
        "levels": campaign.levels,
        "units": campaign.units,
        "deadlines": {stage.value: each.due_on.isoformat() for stage, each in plan.deadlines().items()},
        "history": [
            {
                "stage": each.stage.value,
                "due_on": each.due_on.isoformat(),
                "set_at": each.set_at.isoformat(),
                "set_by": each.caller_id,
                "reason": each.reason,
            }
            for each in plan.history
        ],
    }
