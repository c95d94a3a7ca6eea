"""`registry keys`: the keys that sign the registry's answers."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from registry.cli import reach
from registry.core.answer_keys import AnswerKey, Period
from registry.services import answer_keys
from registry.services.world import World
from registry.settings import Settings

app = typer.Typer(
    no_args_is_help=True, help="Keys that sign the registry's answers: which one signs when, and the next one."
)
_out = Console()
_Json = Annotated[bool, typer.Option("--json", help="Print as JSON.")]


@app.command("list")
def list_keys(json_output: _Json = False) -> None:
    """Every key with its period, and whether this machine holds its private half. Exit code 1 when it can't sign now."""
    held = answer_keys.holds(Settings().answer_keys_path)
    rows = [_row(period, held) for period in reach.run(answer_keys.listed)]
    if json_output:
        typer.echo(json.dumps({"keys": rows}))
    else:
        table = Table("key", "signs from", "until", "held here")
        for row in rows:
            until = row["signs_to"] or ""
            table.add_row(str(row["key_id"]), str(row["signs_from"]), str(until), "yes" if row["held_here"] else "no")
        _out.print(table if rows else "No key yet: the service makes the first one when it first signs.")
    if any(row["signs_now"] and not row["held_here"] for row in rows):
        raise typer.Exit(1)


@app.command()
def rotate(
    begins: Annotated[
        datetime | None,
        typer.Option(
            "--from",
            formats=["%Y-%m-%dT%H:%M:%S%z"],
            help="Moment from which it signs; default: now. Later leaves time to copy the file to other machines.",
        ),
    ] = None,
) -> None:
    """Make the next key. The former one signs until then and stays published, so that old answers can be checked."""
    now = datetime.now(UTC)
    folder = Settings().answer_keys_path

    async def use(world: World) -> AnswerKey:
        return await answer_keys.rotate(world, folder, begins or now, now)

    try:
        made = reach.run(use)
    except answer_keys.NotTakenError as error:
        reach.errors.print(str(error), style="red", markup=False)
        raise typer.Exit(1) from error
    _out.print(f"{made.key_id} signs from {made.signs_from.isoformat()}; its file is in {folder}")


def _row(period: Period, held: frozenset[str]) -> dict[str, str | bool | None]:
    now, key = datetime.now(UTC), period.key
    return {
        "key_id": key.key_id,
        "signs_from": key.signs_from.isoformat(),
        "signs_to": None if period.signs_to is None else period.signs_to.isoformat(),
        "signs_now": key.signs_from <= now and (period.signs_to is None or now < period.signs_to),
        "held_here": key.key_id in held,
    }
