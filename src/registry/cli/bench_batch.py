"""`registry bench batch`: what a batch of 10,000 questions costs the submissions that come in meanwhile, and how long it takes alone."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import cycle, islice
from pathlib import Path
from typing import Annotated, Any

import aiohttp
import psutil
import typer
from rich.console import Console

from registry.cli import bench_load
from registry.cli.service import Service
from registry.cli.tables import Table

_PATH = "/v1/verifications/batches"
_OFFICE = "office-tuyen-sinh"
_out = Console()
_errors = Console(stderr=True)


def batch(
    seconds: Annotated[float, typer.Option(min=1, max=60, help="How long each window lasts.")] = 5,
    rounds: Annotated[int, typer.Option(min=1, max=20, help="Windows without and with a batch, in turn.")] = 3,
    connections: Annotated[int, typer.Option(min=1, max=64, help="Submissions under way at once.")] = 16,
    documents: Annotated[int, typer.Option(min=1000, max=200_000, help="Signed transcripts made beforehand.")] = 16_000,
    questions: Annotated[int, typer.Option(min=100, max=10_000, help="Questions of a batch.")] = 10_000,
    workers: Annotated[int, typer.Option(min=1, max=16, help="Processes that answer requests.")] = os.cpu_count() or 1,
    json_output: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Measure accepted submissions/s without and with a running batch, in turn in one run, and the ratio of the medians.

    The batch comes in at the beginning of its window, so that reading the file counts too. Then one runs alone to its end.
    """
    state = Path(tempfile.mkdtemp(prefix="regbench-"))
    state.chmod(0o711)  # as root the server runs as another user, who has to pass
    try:
        with _errors.status("measuring") as status:
            env = {"REGISTRY_SUBMISSIONS_PER_MINUTE": "10000000", "REGISTRY_QUESTIONS_PER_MINUTE": "10000000",
                   "REGISTRY_QUESTIONS_PER_DAY": "100000000", "REGISTRY_QUESTIONS_PER_PUPIL_DAY": "1000000"}  # fmt: skip
            with Service(state_dir=state / "service", workers=workers, env=env) as service:
                bench = _Bench(service, status.update, seconds, connections, questions)
                result = asyncio.run(bench.measure(rounds, documents))
    finally:
        shutil.rmtree(state, ignore_errors=True)
    if json_output:
        typer.echo(json.dumps(result))
    else:
        _show(result)
    if any(window["errors"] for window in (*result["without"], *result["with"])):
        raise typer.Exit(1)


class _Bench:
    """One run."""

    def __init__(
        self, service: Service, say: Callable[[str], None], seconds: float, connections: int, questions: int
    ) -> None:
        self._service, self._say = service, say
        self._seconds, self._connections, self._questions = seconds, connections, questions

    async def measure(self, rounds: int, documents: int) -> dict[str, Any]:
        """Windows in turn, after one that nobody counts."""
        self._say("making a city and signing its transcripts")
        self._load = await bench_load.prepare(self._service, documents, datetime.now(UTC))
        await bench_load.submissions(self._load, self._connections, min(self._seconds, 2))
        windows: dict[str, list[dict[str, Any]]] = {"without": [], "with": []}
        headers = {"Authorization": f"Bearer {self._load.tokens[_OFFICE]}"}
        async with aiohttp.ClientSession(self._service.base_url, headers=headers) as self._http:
            for number in range(rounds):
                self._say(f"submissions without a batch, {number + 1} of {rounds}")
                windows["without"].append(asdict(await self._submissions()))
                self._say(f"submissions with a batch, {number + 1} of {rounds}")
                windows["with"].append(await self._with_batch())
            self._say("a batch alone")
            alone = await self._alone()
        rates = {name: statistics.median(each["per_second"] for each in found) for name, found in windows.items()}
        late = {name: statistics.median(each["p99_ms"] for each in found) for name, found in windows.items()}
        ratios = {
            "per_second": round(rates["with"] / rates["without"], 3),
            "p99": round(late["with"] / late["without"], 3),
        }
        return {**windows, "ratios": ratios, "alone": alone, "machine": {"cores": os.cpu_count()}}

    async def _submissions(self) -> bench_load.Level:
        return await bench_load.submissions(self._load, self._connections, self._seconds)

    async def _with_batch(self) -> dict[str, Any]:
        window, taken = await asyncio.gather(self._submissions(), self._hand_in())
        async with self._http.get(taken["status_url"]) as response:
            answered = (await response.json())["answered"]
        async with self._http.delete(taken["status_url"]) as response:
            response.raise_for_status()
        return {**asdict(window), "questions_answered": answered, "taken_in_s": taken["taken_in_s"]}

    async def _hand_in(self) -> dict[str, Any]:
        why = {"purpose": "admission", "fields": ["promoted", "result"]}
        some = islice(cycle(list(self._load.accepted)), self._questions)
        lines = [json.dumps({**why, "transcript_code": code, "reference": f"B-{n}"}) for n, code in enumerate(some)]
        headers = {"Content-Type": "application/x-ndjson", "Idempotency-Key": secrets.token_urlsafe(16)}
        began = time.perf_counter()
        async with self._http.post(_PATH, data="\n".join(lines).encode(), headers=headers) as response:
            taken: dict[str, Any] = await response.json()
            if response.status != 202:
                raise RuntimeError(f"the batch was not taken: {response.status} {taken.get('code')}")
        return {**taken, "taken_in_s": round(time.perf_counter() - began, 2)}

    async def _alone(self) -> dict[str, Any]:
        await asyncio.sleep(3)  # until nothing comes in any more
        began, largest = time.perf_counter(), 0
        taken = await self._hand_in()
        while True:
            await asyncio.sleep(0.5)
            largest = max(largest, self._work_rss())
            async with self._http.get(taken["status_url"]) as response:
                state = await response.json()
            if state["state"] not in ("queued", "running"):
                break
        took = time.perf_counter() - began
        rate = round(self._questions / took, 1)
        return {"state": state["state"], "seconds": round(took, 1), "questions_per_second": rate,
                "worker_rss_mb": round(largest / 2**20, 1), "result_bytes": state["result_size"],
                "taken_in_s": taken["taken_in_s"]}  # fmt: skip

    def _work_rss(self) -> int:
        """The resident set of the background work."""
        found = (psutil.Process(pid) for pid in self._service.process_ids())
        return max((each.memory_info().rss for each in found if each.cmdline()[-1:] == ["work"]), default=0)


def _show(result: dict[str, Any]) -> None:
    table = Table("submissions", "per second", "p50 ms", "p99 ms", "errors", "answered meanwhile", title="registry bench batch",
                  title_justify="left")  # fmt: skip
    for name in ("without", "with"):
        for window in result[name]:
            numbers = [f"{window[key]:.1f}" for key in ("per_second", "p50_ms", "p99_ms")]
            table.add_row(f"{name} a batch", *numbers, str(window["errors"]), str(window.get("questions_answered", "")))
    _out.print(table)
    ratios, alone = result["ratios"], result["alone"]
    _out.print(f"with / without, medians: submissions {ratios['per_second']:.3f}, p99 {ratios['p99']:.3f}")
    _out.print(
        f"a batch alone: {alone['state']} in {alone['seconds']} s, {alone['questions_per_second']} questions/s, taken in within"
        f" {alone['taken_in_s']} s, background work at most {alone['worker_rss_mb']} MB"
    )
