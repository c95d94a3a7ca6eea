"""`registry judge`: the verdict for signed files against a folder of trust material, without a database or a network."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from registry.cli import reach
from registry.cli.trust import folder_files
from registry.core.findings import Outcome
from registry.core.verdict import Verdict
from registry.services import checking

_EXIT = {Outcome.ACCEPTED: 0, Outcome.HELD: 3, Outcome.REFUSED: 1}


def judge(
    files: Annotated[
        list[Path], typer.Argument(exists=True, dir_okay=False, help="Signed transcripts (.json, .jose).")
    ],
    trust: Annotated[
        Path,
        typer.Option(
            exists=True, file_okay=False, help="Folder of trust material (see `registry trust import --help`)."
        ),
    ],
    at: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%d"], help="Moment of receipt; default now."),
    ] = None,
) -> None:
    """Judge signed transcripts exactly as the registry would; one JSON line per file.

    Exit code: 0 all accepted, 3 some held, 1 some refused (or an unreadable folder).
    """
    moment = at or datetime.now(UTC)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    checker, problems = checking.checker(folder_files(trust))
    for problem in problems:
        reach.errors.print(f"[yellow]{trust}:[/yellow] {problem}")
    worst = 0
    for file in files:
        verdict = checker(file.read_bytes(), moment)
        typer.echo(json.dumps({"file": str(file), **_row(verdict)}, ensure_ascii=False))
        worst = (
            worst if worst == 1 else max(worst, _EXIT[verdict.outcome]) if verdict.outcome is not Outcome.REFUSED else 1
        )
    raise typer.Exit(worst)


def _row(verdict: Verdict) -> dict[str, object]:
    return {
        "outcome": verdict.outcome.value,
        "sha256": verdict.fingerprint.hex(),
        "findings": [
            {
                "code": f.code.slug,
                "effect": f.code.effect.value,
                "pointer": f.pointer,
                "detail": f.detail,
                "vi": f"{f.code.title_vi}. {f.code.fix_vi}",
                "en": f"{f.code.title_en}. {f.code.fix_en}",
            }
            for f in verdict.findings
        ],
        "signatures": [
            {
                "role": s.role.value if s.role else None,
                "signed_at": s.signed_at.isoformat() if s.signed_at else None,
                "algorithm": s.algorithm.value if s.algorithm else None,
                "hierarchy": s.hierarchy.value if s.hierarchy else None,
                "path": [p.hex() for p in s.path],
            }
            for s in verdict.signatures
        ],
        "policy": verdict.policy_version,
        "rules": verdict.rules_version,
    }
