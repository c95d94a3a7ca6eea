"""`registry keys`: the keys that sign the registry's answers and the QR of its papers."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from registry.cli import reach
from registry.cli.tables import Table
from registry.core.answer_keys import AnswerKey, Period, Use
from registry.services import answer_keys
from registry.services.world import World
from registry.settings import Settings

app = typer.Typer(
    no_args_is_help=True,
    help="Keys that sign the registry's answers and papers: which one signs when, and the next one.",
)
_out = Console()
_Json = Annotated[bool, typer.Option("--json", help="Print as JSON.")]


@app.command("list")
def list_keys(json_output: _Json = False) -> None:
    """Every key with its period, and whether this machine holds its private half. Exit code 1 when it can't sign now."""
    held = answer_keys.holds(_files())
    rows = [_row(period, held) for period in reach.run(answer_keys.listed)]
    if json_output:
        typer.echo(json.dumps({"keys": rows}))
    else:
        table = Table("key", "signs", "from", "until", "held here")
        for row in rows:
            until = row["signs_to"] or ""
            table.add_row(
                str(row["key_id"]),
                f"{row['use']}s",
                str(row["signs_from"]),
                str(until),
                "yes" if row["held_here"] else "no",
            )
        _out.print(table if rows else "No key yet: the service makes the first one when it first signs.")
    if any(row["signs_now"] and not row["held_here"] for row in rows):
        raise typer.Exit(1)


@app.command()
def rotate(
    use: Annotated[Use, typer.Option(help="What the key signs: answers, or the QR of papers.")] = Use.ANSWER,
    begins: Annotated[
        datetime | None,
        typer.Option(
            "--from",
            formats=["%Y-%m-%dT%H:%M:%S%z"],
            help="Moment from which it signs; default: now. Later leaves time to copy the file to other machines.",
        ),
    ] = None,
) -> None:
    """Make the next key. The former one signs until then and stays published, so that old answers and papers can be checked."""
    now, files = datetime.now(UTC), _files()

    async def rotated(world: World) -> AnswerKey:
        return await answer_keys.rotate(world, files, begins or now, now, use)

    try:
        made = reach.run(rotated)
    except answer_keys.NotTakenError as error:
        reach.errors.print(str(error), style="red", markup=False)
        raise typer.Exit(1) from error
    _out.print(f"{made.key_id} signs from {made.signs_from.isoformat()}; its file is in {files.folder}")


@app.command()
def keep(
    file: Annotated[Path, typer.Argument(help="JWK Set with public keys of the past, as it was once published.")],
    use: Annotated[Use, typer.Option(help="What they signed.")] = Use.PAPER,
) -> None:
    """Register keys that signed once and that this registry does not know, so that old papers are found good. They never sign again."""

    async def kept(world: World) -> int:
        return await answer_keys.keep(world, file.read_bytes(), datetime.now(UTC), use)

    try:
        added = reach.run(kept)
    except (OSError, ValueError) as error:
        reach.errors.print(f"{file}: {error}", style="red", markup=False)
        raise typer.Exit(1) from error
    _out.print(f"{added} registered")


def _files() -> answer_keys.Files:
    settings = Settings()
    return answer_keys.Files(settings.answer_keys_path, settings.paper_key_path)


def _row(period: Period, held: frozenset[str]) -> dict[str, str | bool | None]:
    now, key = datetime.now(UTC), period.key
    return {
        "key_id": key.key_id,
        "use": key.use.value,
        "signs_from": key.signs_from.isoformat(),
        "signs_to": None if period.signs_to is None else period.signs_to.isoformat(),
        "signs_now": key.signs_from <= now and (period.signs_to is None or now < period.signs_to),
        "held_here": key.key_id in held,
    }
