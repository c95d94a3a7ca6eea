"""`registry evidence`: everything a stored submission's verdict rests on, as one file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console

from registry.cli import reach
from registry.services import evidence

_out = Console()


def export(
    submission: Annotated[UUID, typer.Argument(help="The submission_id from the registry's answer.")],
    out: Annotated[Path, typer.Option("--out", "-o", dir_okay=False, help="The ZIP file to write.")],
) -> None:
    """Export the evidence of a verdict: document, report, certificates, revocation data, registrations, policy.

    `registry judge --evidence FILE.zip` gives the same verdict from it, offline. The file holds a child's document: keep it
    as you keep the transcript. It is readable by you alone.
    """
    packed = reach.run(lambda world: evidence.archive(world, submission))
    out.touch(mode=0o600)
    out.chmod(0o600)
    out.write_bytes(packed)
    _out.print(f"{out}: {len(packed)} bytes")
