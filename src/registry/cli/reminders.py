"""`registry reminder`: who has to be reminded of what, and sending it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Console

from registry.cli import mailing, reach
from registry.cli.tables import Table
from registry.core.reminders import Item, State
from registry.services import contacts, reminders
from registry.services.world import World
from registry.settings import Settings

app = typer.Typer(help="Reminders: which school is late with which stage, and is written to.", no_args_is_help=True)
_out = Console()
_Json = Annotated[bool, typer.Option("--json", help="Print as JSON.")]


@app.command("list")
def list_reminders(
    unit: Annotated[str, typer.Option(help="city:79, district:..., commune:... or school:...")] = "city:79",
    state: Annotated[State | None, typer.Option(help="Only these.")] = None,
    json_output: _Json = False,
) -> None:
    """Who has to be reminded of what today: near a deadline or late, and not done. Schools without a contact are among them."""
    now, day = datetime.now(UTC), Settings().signing_day
    items = reach.run(lambda world: reminders.listed(world, None, unit, day, now))
    found = [item for item in items if state in (None, item.state)]
    if json_output:
        typer.echo(json.dumps([_row(item) for item in found], ensure_ascii=False))
        return
    table = Table("school", "name", "campaign", "stage", "due on", "days left", "done", "state", "last")
    for item in found:
        last = f"{item.last.day:%d/%m} {item.last.state}" if item.last else ""
        done, left = f"{item.progress.done} / {item.progress.of}", str(item.days_left(contacts.day_of(now)))
        key = item.key
        table.add_row(
            key.school_code, item.school_name, key.campaign_code, key.stage, f"{item.due_on:%d/%m/%Y}", left, done,
            item.state, last,
        )  # fmt: skip
    _out.print(table)


@app.command()
def send(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be sent; send and write nothing.")] = False,
    json_output: _Json = False,
) -> None:
    """Write to everybody who is due, at most once a day for each school and stage, whoever else does it at the same time.

    Needs REGISTRY_MAIL_FROM, and REGISTRY_SMTP_HOST or REGISTRY_MAIL_OUTBOX. Exit code 1 when a message was not taken.
    """
    settings = Settings()
    try:
        opener, setting = mailing.opener(settings), mailing.setting(settings)
    except mailing.MailSettingsError as error:
        reach.errors.print(str(error), style="red", markup=False)
        raise typer.Exit(1) from error

    async def use(world: World) -> reminders.Report:
        return await reminders.send(world, opener, setting, datetime.now(UTC), dry_run=dry_run)

    report = reach.run(use)
    if json_output:
        typer.echo(json.dumps(_report(report, dry_run=dry_run), ensure_ascii=False))
    elif dry_run:
        for item, subject in report.letters:
            _out.print(f"{item.key.school_code}  {subject}", markup=False, soft_wrap=True)
        _out.print(f"{len(report.letters)} to send, {report.without_contact} without a contact (nothing was sent)")
    else:
        _out.print(
            f"{report.sent} sent, {report.failed} failed, {report.uncertain} uncertain, {report.elsewhere} by others, "
            f"{report.without_contact} without a contact"
        )
    if report.failed or report.uncertain:
        raise typer.Exit(1)


def _row(item: Item) -> dict[str, Any]:
    last = item.last
    return {
        "school_code": item.key.school_code,
        "school_name": item.school_name,
        "campaign": item.key.campaign_code,
        "stage": item.key.stage,
        "due_on": item.due_on.isoformat(),
        "done": item.progress.done,
        "of": item.progress.of,
        "state": item.state,
        "last": None if last is None else {"day": last.day.isoformat(), "state": last.state, "reason": last.reason},
        "next_on": item.next_on.isoformat() if item.next_on else None,
    }


def _report(report: reminders.Report, *, dry_run: bool) -> dict[str, Any]:
    if dry_run:
        letters = [{**_row(item), "subject": subject} for item, subject in report.letters]
        return {"dry_run": True, "letters": letters, "without_contact": report.without_contact}
    names = ("sent", "failed", "uncertain", "elsewhere", "without_contact")
    return {"dry_run": False, **{name: getattr(report, name) for name in names}}
