"""`registry completeness`: are the counts that are kept ready those of the rows, and is every planted hole found?"""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from registry.cli import prove_completeness, reach
from registry.cli.service import Service
from registry.cli.tables import Table
from registry.core.completeness import Score
from registry.services import standing
from registry.services.world import World

app = typer.Typer(
    no_args_is_help=True, help="Completeness: check the counts that are kept ready, and prove that holes are found."
)
_out = Console()
_errors = Console(stderr=True)
_Json = Annotated[bool, typer.Option("--json", help="Print as JSON.")]


@app.command()
def check(
    again: Annotated[
        bool, typer.Option("--again", help="Have what differs counted again by the background work.")
    ] = False,
    json_output: _Json = False,
) -> None:
    """Compare the kept history of every pupil, and every sum, with what the rows say. Exit code 1 when anything differs.

    Pupils that wait to be counted are left out: that is said by the answers themselves (`pending`).
    """

    async def use(world: World) -> standing.Comparison:
        with _errors.status("comparing") as status:
            found = await standing.compare(world, lambda done, of: status.update(f"comparing: {done} of {of} schools"))
        if again:
            await standing.count_again(world, found)
        return found

    found = reach.run(use)
    places = [{"school_year": year, "school_code": school} for year, school in found.schools]
    if json_output:
        typer.echo(json.dumps({"pupils": found.pupils, "differing": found.differing, "schools": places}))
    else:
        for place in places:
            _out.print(f"[red]differs[/red] {place['school_year']} {place['school_code']}")
        _out.print(f"{found.pupils} pupils compared, {found.differing} differ, {len(places)} schools concerned")
    if not found.good:
        raise typer.Exit(1)


@app.command()
def prove(
    pupils: Annotated[int, typer.Option(min=300, max=20_000, help="How many pupils the city has.")] = 1_200,
    spoil: Annotated[
        bool, typer.Option("--spoil", help="Lose how many are missing at one school first: the proof has to fail.")
    ] = False,
    json_output: _Json = False,
) -> None:
    """Plant holes of every kind in a made-up city and ask for them over HTTP: precision and recall. Exit code 1 below 1.

    A service of its own, its rosters and its signed transcripts, as in `registry demo`. Nothing is read from or written to a
    registry of yours.
    """
    state = Path(tempfile.mkdtemp(prefix="regprove-"))
    state.chmod(0o711)  # as root the server runs as another user, who has to pass
    try:
        with Service(state_dir=state / "service") as service:
            scores = asyncio.run(prove_completeness.play(service, pupils, _errors, spoil=spoil))
    finally:
        shutil.rmtree(state, ignore_errors=True)
    if json_output:
        rows = {name: {"planted": s.planted, "found": s.found, "precision": s.precision, "recall": s.recall}
                for name, s in scores.items()}  # fmt: skip
        typer.echo(json.dumps(rows))
    else:
        _show(scores)
    if not all(score.good for score in scores.values()):
        raise typer.Exit(1)


def _show(scores: dict[str, Score]) -> None:
    table = Table("bucket", "planted", "found", "precision", "recall", title="Planted holes", title_justify="left")
    for name, score in scores.items():
        colour = "green" if score.good else "red"
        cells = (f"[{colour}]{value:.3f}[/{colour}]" for value in (score.precision, score.recall))
        table.add_row(name, str(score.planted), str(score.found), *cells)
    _out.print(table)
