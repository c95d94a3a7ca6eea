"""`registry audit`: the record of who looked, and whether anybody has tampered with it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console

from registry.cli import reach
from registry.core.audit import Break
from registry.services import audit
from registry.services.world import World
from registry.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Who looked: check the chain of questions and views for gaps and edits.")
_out = Console()
_Json = Annotated[bool, typer.Option("--json", help="Print as JSON.")]
_HASH_BYTES = 32


@app.command()
def check(
    noted: Annotated[
        list[str] | None,
        typer.Option(help="POSITION:HASH as `registry audit head` printed it earlier: is that place still there?"),
    ] = None,
    json_output: _Json = False,
) -> None:
    """Walk along the whole chain and say what was edited, removed or put in, and where. Exit code 1 when anything was.

    A chain that was cut off is missed by what was noted of it: by --noted, and by the file that `registry work` keeps.
    """
    try:
        kept = audit.Heads(Settings().chain_heads_path).load()
    except ValueError as error:
        reach.errors.print("the file with the noted places was spoilt", style="red")
        raise typer.Exit(1) from error
    wanted = {**kept, **dict(map(_noted, noted or []))}

    async def use(world: World) -> audit.Report:
        return await audit.check(world, datetime.now(UTC), wanted)

    report = reach.run(use)
    if json_output:
        rows = [_row(each) for each in report.breaks]
        typer.echo(json.dumps({"places": report.places, "head": _head(report.head), "breaks": rows}))
    else:
        for each in report.breaks:
            row = _row(each)
            place = f"position {row['position']}, day {row['day']}, question {row['question_id']}"
            _out.print(f"[red]{row['code']}[/red] {each.code.title_en}: {place}", soft_wrap=True)
        _out.print(f"{report.places} places, {len(report.breaks)} breaks; head {_head(report.head)}", soft_wrap=True)
    if report.breaks:
        raise typer.Exit(1)


@app.command()
def head() -> None:
    """Print the last place of the chain as POSITION:HASH: keep it elsewhere, for `registry audit check --noted`."""

    async def use(world: World) -> audit.Head | None:
        await audit.link_all(world, datetime.now(UTC))
        return await audit.head(world)

    typer.echo(_head(reach.run(use)) or "")


def _noted(text: str) -> tuple[int, bytes]:
    position, _, value = text.partition(":")
    try:
        read = int(position), bytes.fromhex(value)
    except ValueError:
        read = 0, b""
    if len(read[1]) != _HASH_BYTES:
        raise typer.BadParameter("POSITION:HASH, 64 hex digits", param_hint="--noted")
    return read


def _head(found: audit.Head | None) -> str | None:
    return None if found is None else f"{found.position}:{found.hash.hex()}"


def _row(found: Break) -> dict[str, str | int | None]:
    return {
        "code": found.code.slug,
        "position": found.position,
        "day": None if found.day is None else found.day.isoformat(),
        "question_id": None if found.question_id is None else str(found.question_id),
    }
