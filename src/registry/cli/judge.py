"""`registry judge`: the verdict for signed files against a folder of trust material or an archive of evidence, offline."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from registry.cli import reach, report_table
from registry.cli.trust import folder_files
from registry.core.findings import Outcome
from registry.core.verdict import Verdict
from registry.services import checking, roots
from registry.services import report as reports

_EXIT = {Outcome.ACCEPTED: 0, Outcome.HELD: 3, Outcome.REFUSED: 1}
_out = Console()


@dataclass(frozen=True, slots=True)
class _Bench:
    """Where files are judged: the judge, the moments of receipt and judging, and what is to be judged."""

    judge: Callable[[bytes], Verdict]
    received_at: datetime
    judged_at: datetime
    documents: list[tuple[str, bytes]]


def judge(
    files: Annotated[
        list[Path] | None, typer.Argument(exists=True, dir_okay=False, help="Signed transcripts (.json, .xml, .jose).")
    ] = None,
    trust: Annotated[
        Path | None,
        typer.Option(
            exists=True, file_okay=False, help="Folder of trust material (see `registry trust import --help`)."
        ),
    ] = None,
    archive: Annotated[
        Path | None,
        typer.Option(
            "--evidence", exists=True, dir_okay=False, help="Archive of evidence: its document, moments and material."
        ),
    ] = None,
    at: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"],
            help="Moment of receipt (UTC where no offset is given); default now.",
        ),
    ] = None,
    unsigned: Annotated[
        bool, typer.Option("--unsigned", help="Transcripts without signatures; needs no --trust.")
    ] = False,
    report: Annotated[
        bool, typer.Option("--report", help="Every reason: tables on a terminal, else one JSON line per file.")
    ] = False,
) -> None:
    """Judge signed transcripts exactly as the registry would; one JSON line per file.

    With --unsigned the files are transcripts (JSON, or a record in XML) that nobody has signed yet: fields, numbers and rules are judged. With --evidence the document inside is judged; where there is none, because it was refused, give the file itself.
    Exit code: 0 all accepted, 3 some held, 1 some refused (or an unreadable folder or archive).
    """
    bench = (
        _without_signatures(files or [], trust or archive) if unsigned else _at_bench(files or [], trust, archive, at)
    )
    worst = 0
    for name, raw in bench.documents:
        verdict = bench.judge(raw)
        if report:
            _report(name, verdict, bench)
        else:
            typer.echo(json.dumps({"file": name, **_row(verdict)}, ensure_ascii=False))
        code = _EXIT[verdict.outcome]
        worst = 1 if 1 in {worst, code} else max(worst, code)
    raise typer.Exit(worst)


def _without_signatures(files: list[Path], material: Path | None) -> _Bench:
    if not files:
        raise typer.BadParameter("which files?", param_hint="FILES")
    if material is not None:
        raise typer.BadParameter("without --trust and --evidence: nothing is signed", param_hint="--unsigned")
    now = datetime.now(UTC)
    return _Bench(checking.unsigned, now, now, [(str(f), f.read_bytes()) for f in files])


def _at_bench(files: list[Path], trust: Path | None, archive: Path | None, at: datetime | None) -> _Bench:
    if (trust is None) is (archive is None):
        raise typer.BadParameter("either --trust or --evidence", param_hint="--trust")
    if trust is not None:
        return _with_folder(files, trust, at)
    assert archive is not None
    if at is not None:
        raise typer.BadParameter("an archive of evidence has its own moments", param_hint="--at")
    return _with_evidence(files, archive)


def _with_folder(files: list[Path], trust: Path, at: datetime | None) -> _Bench:
    if not files:
        raise typer.BadParameter("which files?", param_hint="FILES")
    moment = at or datetime.now(UTC)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    checker, problems = checking.checker(folder_files(trust))
    _print_problems(trust, problems)
    return _Bench(lambda raw: checker(raw, moment), moment, moment, [(str(f), f.read_bytes()) for f in files])


def _with_evidence(files: list[Path], archive: Path) -> _Bench:
    opened = checking.reopen(archive.read_bytes())
    if isinstance(opened, str):
        raise _not_taken(archive, opened)
    _print_problems(archive, opened.problems)
    for anchor in roots.foreign(opened.index.trust.anchors):
        said = f"{anchor.fingerprint.hex().upper()} ({anchor.hierarchy}): no known national root"
        _print_problems(archive, [f"{said}; nothing but this archive says that it was trusted"])
    documents = [(str(f), f.read_bytes()) for f in files]
    if not documents and opened.document is None:
        raise _not_taken(archive, "the document was refused and is not in the archive: name the file itself")
    for file, raw in documents:
        if sha256(raw).hexdigest() != opened.manifest.sha256:
            raise _not_taken(Path(file), "not the document the archive is about: another SHA-256")
    if not documents and opened.document is not None:
        documents = [(str(archive), opened.document)]
    return _Bench(opened.judge, opened.manifest.received_at, opened.manifest.judged_at, documents)


def _not_taken(file: Path, reason: str) -> typer.Exit:
    reach.errors.print(f"[red]{file}:[/red] {reason}")
    return typer.Exit(1)


def _print_problems(place: Path, problems: list[str] | tuple[str, ...]) -> None:
    for problem in problems:
        reach.errors.print(f"[yellow]{place}:[/yellow] {problem}")


def _report(name: str, verdict: Verdict, bench: _Bench) -> None:
    found = reports.as_json(reports.of_verdict(verdict, bench.received_at, bench.judged_at))
    if _out.is_terminal:
        report_table.show(_out, found, name)
    else:
        typer.echo(json.dumps({"file": name, **found}, ensure_ascii=False))


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
