"""`registry campaign freeze`, `export` and `check`: a campaign is frozen, and its snapshot leaves and is checked anywhere."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from registry.cli import reach
from registry.formats import frozen_campaign
from registry.services import freezing
from registry.services.world import World

_out = Console()
_errors = Console(stderr=True)
_Code = Annotated[str, typer.Argument(help="The campaign's code.")]


def freeze(code: _Code, reason: Annotated[str, typer.Option(help="Why; kept with the freeze.")]) -> None:
    """Freeze a campaign: a snapshot that never changes. Corrections of its school year need approval from then on."""
    done = reach.run(lambda world: freezing.freeze(world, None, code, reason, datetime.now(UTC))).freeze
    assert done is not None, "the operator at the machine freezes alone"
    _out.print(f"{code} is frozen: {done.pupils} pupils, SHA-256 {done.fingerprint.hex()}", soft_wrap=True)


def export(
    code: _Code, out: Annotated[Path, typer.Option("--out", "-o", help="Where to write; never over another file.")]
) -> None:
    """Write the snapshot of a frozen campaign as one file; the same bytes each time."""

    try:
        descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
    except OSError as error:
        raise typer.BadParameter(f"{out}: {error.strerror}", param_hint="--out") from None
    with open(descriptor, "wb") as target:

        async def use(world: World) -> None:
            async for part in await freezing.export(world, None, code, datetime.now(UTC)):
                target.write(part)

        try:
            reach.run(use)
        except typer.Exit:
            out.unlink()
            raise
    _out.print(f"{out}: {out.stat().st_size} bytes")


def check(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="An exported snapshot.")],
    json_output: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Recompute the fingerprint of an exported snapshot and count its pupils again; needs no registry. Exit code 1: altered."""
    with file.open("rb") as lines:
        found = frozen_campaign.check(iter(lambda: lines.readline(frozen_campaign.LONGEST_LINE + 1), b""))
    if json_output:
        row = {"problem": found.problem, "sha256": found.fingerprint, "pupils": found.pupils, "units": found.units}
        typer.echo(json.dumps(row | {"campaign": found.head.get("campaign"), "frozen_at": found.head.get("frozen_at")}))
    elif found.problem is not None:
        _errors.print(f"{file}: {found.problem}", style="red", markup=False)
    else:
        _out.print(f"{file}: whole and unaltered; {found.pupils} pupils, SHA-256 {found.fingerprint}", soft_wrap=True)
    if found.problem is not None:
        raise typer.Exit(1)
