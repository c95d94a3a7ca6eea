"""`registry pupil`: new numbers, merges and their undo, and what waits for a person. Numbers come from a file or stdin alone."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from registry.cli import reach, telling
from registry.core.pupils import Decision
from registry.services import cases, pupils

app = typer.Typer(help="Pupils: new numbers, merges, and held documents that wait for a person.", no_args_is_help=True)
_Json = Annotated[bool, typer.Option("--json", help="Print as JSON.")]
_Reason = Annotated[str, typer.Option(help="Why: 1 to 200 characters, nobody's number.")]


@app.command()
def renumber(
    file: Annotated[
        Path | None, typer.Argument(exists=True, dir_okay=False, help="A CSV file; without it standard input.")
    ] = None,
    json_output: _Json = False,
) -> None:
    """Give pupils new personal numbers. Columns: old_number, new_number, reference (the decision).

    Numbers are never arguments, which everybody on the machine can see. Each row stands for itself: what can't be done is named by
    its row and code, and the exit code is 1. The same again changes nothing.
    """
    raw = file.read_bytes() if file is not None else sys.stdin.buffer.read()
    rows = telling.run(lambda world: pupils.renumber_table(world, raw, datetime.now(UTC)))
    if json_output:
        typer.echo(json.dumps([{"row": row.number, "code": row.code, "repeated": row.repeated} for row in rows]))
    else:
        done = [row for row in rows if row.code is None]
        again = sum(row.repeated for row in done)
        typer.echo(f"{len(done) - again} renumbered, {again} had been before, {len(rows) - len(done)} refused")
        for row in rows:
            if row.code is not None:
                reach.errors.print(f"row {row.number}: {row.code}", markup=False)
    if any(row.code is not None for row in rows):
        raise typer.Exit(1)


@app.command()
def merge(
    gone: Annotated[str, typer.Option("--from", help="Pupil code.")],
    into: Annotated[str, typer.Option(help="Code of the pupil that stands for both from now on.")],
    reason: _Reason,
) -> None:
    """Let one pupil stand for another: look-ups find the records of both; no record is changed."""
    made = telling.run(lambda world: pupils.merge(world, None, gone, into, reason, datetime.now(UTC)))
    typer.echo(f"{gone} is {into} from now on; merge {made.merge_id}")


@app.command()
def unmerge(merge_id: Annotated[UUID, typer.Argument(help="As `merges` lists it.")], reason: _Reason) -> None:
    """Undo a merge: both pupils stand as before it."""
    undone = telling.run(lambda world: pupils.unmerge(world, None, merge_id, reason, datetime.now(UTC)))
    typer.echo(f"{undone.from_code} and {undone.into_code} are two pupils again")


@app.command("merges")
def list_merges(json_output: _Json = False) -> None:
    """List merges past and present, newest first."""
    found = telling.run(lambda world: pupils.merges(world, None, datetime.now(UTC)))
    heads = ("merge", "from", "into", "at", "reason", "undone at", "undone because")
    telling.show(
        heads,
        [
            (each.merge_id, each.from_code, each.into_code, each.at, each.reason, each.undone_at, each.undone_reason)
            for each in found
        ],
        json_output=json_output,
    )


@app.command("cases")
def list_cases(
    limit: Annotated[int, typer.Option(min=1, max=cases.MOST_ROWS)] = 100,
    after: Annotated[UUID | None, typer.Option(help="Behind this submission.")] = None,
    json_output: _Json = False,
) -> None:
    """List held documents that wait for a person, oldest first; nobody's name or number."""
    found = telling.run(lambda world: cases.waiting(world, None, after, limit))
    heads = (
        "submission", "kind", "school", "school year", "level", "grade", "pupil code", "received", "judged", "differs",
        "other pupil", "other school", "possible",
    )  # fmt: skip
    telling.show(
        heads,
        [
            (
                each.submission_id, each.kind, each.school_code, each.school_year, each.level, each.grade, each.pupil_code,
                each.received_at, each.judged_at, " ".join(each.differs), each.other_pupil_code, each.other_school_code,
                " ".join(cases.possible(each)),
            )
            for each in found[:limit]
        ],
        json_output=json_output,
    )  # fmt: skip
    if len(found) > limit:
        reach.errors.print(f"there are more: --after {found[limit - 1].submission_id}", markup=False)


@app.command()
def decide(
    submission_id: Annotated[UUID, typer.Argument(help="As `cases` lists it.")],
    reason: _Reason,
    same_pupil: Annotated[bool, typer.Option("--same-pupil", help="It is the pupil who is known.")] = False,
    other_pupil: Annotated[bool, typer.Option("--other-pupil", help="It is another one: refuse the document.")] = False,
    transfer: Annotated[
        bool, typer.Option("--transfer", help="The pupil has changed schools: both records count.")
    ] = False,
    number_moves: Annotated[
        bool, typer.Option("--number-moves", help="The known pupil had the number by mistake: it is the other one's.")
    ] = False,
) -> None:
    """Decide a case; the document is judged again at once, and what became of it is printed."""
    said = [
        each for each, given in zip(Decision, (same_pupil, other_pupil, transfer, number_moves), strict=True) if given
    ]
    if len(said) != 1:
        raise typer.BadParameter("one of --same-pupil, --other-pupil, --transfer, --number-moves")
    done = telling.run(lambda world: cases.decide(world, None, submission_id, said[0], reason, datetime.now(UTC)))
    typer.echo(f"{done.outcome}{': ' if done.codes else ''}{', '.join(done.codes)}")
