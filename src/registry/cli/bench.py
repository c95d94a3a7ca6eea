"""`registry bench`: what this machine does, beside what it could do at the very most, in one run."""

from __future__ import annotations

import asyncio
import json
import os
import platform
import shutil
import tempfile
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import psutil
import typer
from rich.console import Console

from registry.cli import (
    bench_batch,
    bench_completeness,
    bench_judging,
    bench_limits,
    bench_load,
    bench_pages,
    bench_roster,
    bench_verify,
)
from registry.cli.service import Service
from registry.cli.tables import Table

CONNECTIONS = (1, 16, 64)
_out = Console()
_errors = Console(stderr=True)
app = typer.Typer(invoke_without_command=True)
app.command("batch")(bench_batch.batch)
app.command("completeness")(bench_completeness.completeness)
app.command("pages")(bench_pages.pages)
app.command("roster")(bench_roster.roster)
app.command("verify")(bench_verify.verify)


@app.callback()
def bench(
    context: typer.Context,
    seconds: Annotated[float, typer.Option(min=1, max=60, help="How long each level of load lasts.")] = 5,
    workers: Annotated[int, typer.Option(min=1, max=16, help="Processes that answer requests.")] = os.cpu_count() or 1,
    documents: Annotated[int, typer.Option(min=200, max=100_000, help="Signed transcripts made beforehand.")] = 8000,
    json_output: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Measure accepted submissions/s and look-ups/s over HTTP, and this machine's own limits beside them.

    Load generator, workers and PostgreSQL share the machine. Nothing is read from or written to a registry of yours.
    """
    if context.invoked_subcommand is not None:
        return
    state = Path(tempfile.mkdtemp(prefix="regbench-"))
    state.chmod(0o711)  # as root the server runs as another user, who has to pass
    try:
        with _errors.status("measuring") as status:
            env = {"REGISTRY_SUBMISSIONS_PER_MINUTE": "10000000", "REGISTRY_QUESTIONS_PER_MINUTE": "10000000",
                   "REGISTRY_QUESTIONS_PER_DAY": "100000000", "REGISTRY_QUESTIONS_PER_PUPIL_DAY": "1000000"}  # fmt: skip
            with Service(state_dir=state / "service", workers=workers, env=env) as service:
                result = asyncio.run(_measure(service, seconds, documents, status.update))
    finally:
        shutil.rmtree(state, ignore_errors=True)
    if json_output:
        typer.echo(json.dumps(result))
    else:
        _show(result)
    if any(level["errors"] for level in (*result["submissions"], *result["lookups"])):
        raise typer.Exit(1)


async def _measure(service: Service, seconds: float, documents: int, say: Any) -> dict[str, Any]:
    say("making a city and signing its transcripts")
    load = await bench_load.prepare(service, documents, datetime.now(UTC))
    say("limits: three raw signature checks, raw inserts")
    verify = bench_limits.verify_three_per_second(load.sample, min(seconds, 3))
    insert = await bench_limits.insert_per_second(service, load.sample, min(seconds, 3))
    say("judging alone, on one core")
    judged = await asyncio.to_thread(bench_judging.measure, load.trust, min(seconds, 3), datetime.now(UTC))
    submissions, lookups = [], []
    for connections in CONNECTIONS:
        say(f"submissions over {connections} connections")
        submissions.append(asdict(await bench_load.submissions(load, connections, seconds)))
    rss = max(psutil.Process(pid).memory_info().rss for pid in service.worker_pids()) / 2**20
    for connections in CONNECTIONS:
        say(f"look-ups over {connections} connections")
        lookups.append(asdict(await bench_load.lookups(load, connections, seconds)))
    best = max(level["per_second"] for level in submissions)
    warm = next(each for each in judged if (each.transcript, each.format, each.memory) == ("6 kB", "json", "warm"))
    return {
        "submissions": submissions,
        "lookups": lookups,
        "judging": [asdict(each) for each in judged],
        "limits": {"verify_three_per_second": round(verify, 1), "insert_per_second": round(insert, 1)},
        "ratios": {
            "submissions_to_verify_three": round(best / verify, 4),
            "submissions_to_insert": round(best / insert, 4),
            "judged_json_warm_to_verify_three": round(warm.per_second / warm.checks_per_second, 4),
        },
        "worker_rss_mb": round(rss, 1),
        "machine": {
            "cores": os.cpu_count(),
            "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
            "python": platform.python_version(),
            "system": platform.platform(),
        },
    }


def _show(result: dict[str, Any]) -> None:
    table = Table(
        "what", "connections", "per second", "p50 ms", "p99 ms", "errors", title="registry bench", title_justify="left"
    )
    for title, name in (("accepted submissions", "submissions"), ("look-ups", "lookups")):
        for level in result[name]:
            numbers = [f"{level[key]:.1f}" for key in ("per_second", "p50_ms", "p99_ms")]
            table.add_row(title, str(level["connections"]), *numbers, str(level["errors"]))
    table.add_section()
    for each in result["judging"]:
        sizes = f"{each['transcript_bytes'] / 1000:.1f} kB of transcript, {each['document_bytes'] / 1000:.1f} kB signed"
        title = f"judged, one core: {each['transcript']}, {each['format']}, {each['memory']} ({sizes})"
        table.add_row(title, "-", f"{each['per_second']:.0f}", "", "", "")
        if each["memory"] == "warm":
            checks = f"its three signatures checked, nothing else: {each['transcript']}, {each['format']}"
            table.add_row(checks, "-", f"{each['checks_per_second']:.0f}", "", "", "")
    limits, ratios = result["limits"], result["ratios"]
    table.add_section()
    table.add_row("limit: three raw signature checks", "-", f"{limits['verify_three_per_second']:.0f}", "", "", "")
    table.add_row("limit: raw inserts of the same rows", "-", f"{limits['insert_per_second']:.0f}", "", "", "")
    _out.print(table)
    _out.print(
        f"best submissions / three checks {ratios['submissions_to_verify_three']:.3f}, / raw inserts"
        f" {ratios['submissions_to_insert']:.3f}; judged 6 kB of JSON, warm / its three checks alone"
        f" {ratios['judged_json_warm_to_verify_three']:.3f}; largest worker {result['worker_rss_mb']:.0f} MB"
    )
