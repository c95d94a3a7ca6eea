"""How commands of an operator tell what came of them: refusals with their details, tables for people, JSON or lines for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import typer
from rich.console import Console

from registry.cli import reach
from registry.cli.tables import Table
from registry.core.findings import Refusal
from registry.services.world import World

T = TypeVar("T")
_out = Console()


def run(use: Callable[[World], Coroutine[Any, Any, T]]) -> T:
    """Run one use case; what is refused is told with its details, which name years and expected shapes."""

    async def inside(world: World) -> T | Refusal:
        try:
            return await use(world)
        except Refusal as refusal:
            return refusal

    result = reach.run(inside)
    if not isinstance(result, Refusal):
        return result
    reach.errors.print(f"{result.code.slug}: {result.code.title_en}. {result.code.fix_en}", markup=False)
    for finding in result.findings:
        reach.errors.print(f"  {finding.pointer} {finding.detail}".rstrip(), markup=False)
    raise typer.Exit(1)


def show(heads: tuple[str, ...], rows: list[tuple[object, ...]], *, json_output: bool) -> None:
    """A table for people, JSON, or one line per row when piped."""
    cells = [["" if cell is None else str(cell) for cell in row] for row in rows]
    if json_output:
        keys = [head.replace(" ", "_") for head in heads]
        typer.echo(json.dumps([dict(zip(keys, row, strict=True)) for row in cells], ensure_ascii=False))
    elif sys.stdout.isatty():
        table = Table(*heads)
        for row in cells:
            table.add_row(*row)
        _out.print(table)
    else:
        for row in cells:
            typer.echo("\t".join(row))
