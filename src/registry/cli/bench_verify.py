"""`registry bench verify`: questions, claims and public pages per second with millions of records stored, beside a bare look-up.

Everything runs on this machine: load, workers, PostgreSQL. Each round measures all of it once, one after the other, so that
what else the machine does falls on all alike; shown are medians of the rounds, and what each part took of the processors.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Annotated, Any, TypeAlias

import psutil
import typer
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from rich.console import Console

from registry.cli import bench_bare, bench_city, bench_client, bench_records, bench_records_rows
from registry.cli.bench_city import City, Pupil
from registry.cli.bench_client import Load, Measurement, request
from registry.cli.service import Service
from registry.cli.tables import Table
from registry.client import api
from registry.core import public_code
from registry.core.callers import CallerKind, Scope
from registry.core.ids import Level
from registry.demo import pki, schools
from registry.services import callers
from registry.services.world import World
from registry.storage.database import Database
from registry.storage.sealing import Sealer, load_key

_out, _errors = Console(), Console(stderr=True)
_WARM_SECONDS = 2.0
#: What is asked of the service at 32 connections on two cores: per second, and milliseconds that 99 of 100 answers stay under.
_GOALS: Mapping[str, tuple[int, int | None]] = {"questions": (800, 50), "claims": (800, 50), "public page": (300, None)}
_Rounds: TypeAlias = list[tuple[Measurement, dict[str, float]]]
_Figure: TypeAlias = Callable[[Measurement, dict[str, float]], float]
_AT = 32
_RATIO = 0.5
_NO_LIMITS = {
    "REGISTRY_QUESTIONS_PER_MINUTE": "10000000", "REGISTRY_QUESTIONS_PER_DAY": "100000000",
    "REGISTRY_QUESTIONS_PER_PUPIL_DAY": "1000000", "REGISTRY_VIEWS_PER_MINUTE": "10000000",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Measured:
    """The median of the rounds at one number of connections; how many cores each part used, and what one request took of them."""

    what: str
    connections: int
    per_second: float
    p50_ms: float
    p99_ms: float
    errors: int
    cores: Mapping[str, float]
    cpu_ms: float  # of all parts together, for one request: what a busy machine distorts least


def verify(
    records: Annotated[int, typer.Option(min=1000, max=bench_records_rows.MOST, help="Records stored.")] = 2_000_000,
    directory: Annotated[
        Path | None,
        typer.Option("--dir", help="Keep the database here, for the next time; default: removed at the end."),
    ] = None,
    seconds: Annotated[float, typer.Option(min=1, max=60, help="How long each measurement lasts.")] = 5,
    rounds: Annotated[int, typer.Option(min=1, max=20, help="How often everything is measured.")] = 3,
    connections: Annotated[str, typer.Option(help="Numbers of connections, separated by commas.")] = str(_AT),
    workers: Annotated[int, typer.Option(min=1, max=16, help="Processes that answer requests.")] = os.cpu_count() or 1,
    json_output: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Measure questions, claims and public pages with many records stored, beside a bare FastAPI + asyncpg look-up.

    Every tenth school has documents, and its pupils are asked about: two million records take about 8 GB. The load shares the
    machine's cores with what it measures.
    """
    levels = [int(each) for each in connections.split(",")]
    with _state(directory) as state, Service(state_dir=state, workers=workers, env=_NO_LIMITS) as service:
        try:
            asyncio.run(bench_records.ensure(service, City(records), _errors))
        except ValueError as error:
            _errors.print(str(error), style="red", markup=False)
            raise typer.Exit(2) from None
        with _errors.status("measuring") as status:
            result = _measure(service, records, levels, seconds, rounds, workers, status.update)
    if json_output:
        typer.echo(json.dumps(result))
    else:
        _show(result)
    if any(each["errors"] for each in result["measured"]):
        raise typer.Exit(1)


@contextmanager
def _state(directory: Path | None) -> Iterator[Path]:
    if directory is not None:
        yield directory
        return
    state = Path(tempfile.mkdtemp(prefix="regbench-"))
    state.chmod(0o711)  # as root the server runs as another user, who has to pass
    try:
        yield state / "service"
    finally:
        shutil.rmtree(state, ignore_errors=True)


def _measure(
    service: Service,
    records: int,
    levels: list[int],
    seconds: float,
    rounds: int,
    workers: int,
    say: Callable[[str], None],
) -> dict[str, Any]:
    token = asyncio.run(_office(service))
    found: dict[tuple[str, int], _Rounds] = {}
    with bench_bare.serving(service.database_url, workers) as (bare_url, bare_pids):
        loads = _loads(service.base_url, bare_url, token, records)
        for load in loads.values():
            bench_client.run(load, max(levels), _WARM_SECONDS)
        for turn in range(rounds):
            for connections in levels:
                for what, load in loads.items():
                    say(f"round {turn + 1} of {rounds}: {what} over {connections} connections")
                    pids = bare_pids if what == "bare look-up" else service.worker_pids()
                    with _cores(service, pids) as used:
                        level = bench_client.run(load, connections, seconds)
                    found.setdefault((what, connections), []).append((level, used))
    measured = [_median(what, connections, each) for (what, connections), each in found.items()]
    return {
        "records": records,
        "rounds": rounds,
        "seconds": seconds,
        "measured": [asdict(each) for each in measured],
        "ratio_to_bare": _ratios(found, levels, lambda level, _: level.per_second),
        "ratio_to_bare_by_cpu": _ratios(found, levels, lambda level, used: 1 / _cpu_ms(level, used)),
        "machine": {
            "cores": os.cpu_count(),
            "load_average": [round(each, 2) for each in psutil.getloadavg()],
            "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
            "workers": workers,
        },
    }


async def _office(service: Service) -> str:
    """A new office that may ask about everybody, and its token."""
    key, name = pki.new_key("p256"), f"office-bench-{secrets.token_hex(4)}"
    world = World.of(Database(service.database_url), Sealer(load_key(service.sealing_key_path)))
    try:
        der = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        public = callers.read_public_key(der, "k1")
        scopes, purposes, units = frozenset({Scope.VERIFY}), frozenset({"admission"}), frozenset({schools.CITY})
        new = callers.NewCaller(name, CallerKind.OFFICE, name, scopes, purposes, units, public)
        await callers.register(world, new, datetime.now(UTC))
    finally:
        world.judges.close()
        await world.db.close()
    async with api.RegistryClient(service.base_url, name, key, "k1") as client:
        return await client.token()


# --- what is asked -------------------------------------------------------------------------------------------------------


def _loads(base_url: str, bare_url: str, token: str, records: int) -> dict[str, Load]:
    """Every record that has a document is as likely to be asked about as any other."""
    draw = Random(secrets.randbits(64))  # noqa: S311 - which record is asked about is no secret
    host, bare_host = base_url.partition("://")[2], bare_url.partition("://")[2]
    city = City(records)
    schools_asked = range(0, city.schools, bench_records_rows.ASKED_EVERY)
    asked = [pupil for school in schools_asked for pupil in city.of_schools(school, school + 1)]
    headers = f"Authorization: Bearer {token}\r\nContent-Type: application/json\r\n"

    def bare() -> bytes:
        return request("GET", f"/{bench_records_rows.transcript_code(draw.choice(asked).position)}", bare_host)

    def question() -> bytes:
        code = bench_records_rows.transcript_code(draw.choice(asked).position)
        body = f'{{"transcript_code":"{code}","purpose":"admission","reference":"bench"}}'.encode()
        return request("POST", "/v1/verifications", host, headers, body)

    def claim() -> bytes:
        return request("POST", "/v1/claims", host, headers, _claim(draw.choice(asked)))

    def page() -> bytes:
        code = public_code.printed(bench_records_rows.drawn("public", draw.choice(asked).position))
        return request("GET", f"/v/{code}", host)

    return {
        "bare look-up": Load(bare_url, bare, lambda status, body: status == 200 and b'"fingerprint"' in body),
        "questions": Load(base_url, question, lambda status, body: status == 200 and b'"genuine_current"' in body),
        "claims": Load(base_url, claim, lambda status, body: status == 200 and body.count(b".") == 2),
        "public page": Load(base_url, page, lambda status, body: status == 200 and b"<html" in body),
    }


def _claim(pupil: Pupil) -> bytes:
    """Every second one has a threshold."""
    year = bench_city.YEAR
    asked: dict[str, str] = {"claim": "promoted", "school_year": year}
    if pupil.position % 2:
        primary = pupil.level is Level.PRIMARY
        asked = {"claim": "result_at_least", "school_year": year, "threshold": "HT" if primary else "Đ"}
    asked |= {"purpose": "admission", "reference": "bench", "nonce": secrets.token_urlsafe(16)}
    return json.dumps({"transcript_code": bench_records_rows.transcript_code(pupil.position), **asked}).encode()


# --- what came out -------------------------------------------------------------------------------------------------------


@contextmanager
def _cores(service: Service, answering: list[int]) -> Iterator[dict[str, float]]:
    """How many cores the load, those who answer, and everything else of the service (PostgreSQL first of all) use in the block."""
    parts = {"load": [os.getpid()], "answering": answering}
    parts["database"] = [pid for pid in service.process_ids() if pid not in service.worker_pids()]
    used: dict[str, float] = {}
    before, started = {name: _spent(pids) for name, pids in parts.items()}, time.perf_counter()
    yield used
    took = time.perf_counter() - started
    used |= {name: round((_spent(pids) - before[name]) / took, 2) for name, pids in parts.items()}


def _spent(pids: list[int]) -> float:
    total = 0.0
    for pid in pids:
        try:
            times = psutil.Process(pid).cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total


def _median(what: str, connections: int, rounds: _Rounds) -> Measured:
    def middle(name: str) -> float:
        return round(float(statistics.median(getattr(level, name) for level, _ in rounds)), 2)

    cores = {part: round(statistics.median(used[part] for _, used in rounds), 2) for part in rounds[0][1]}
    errors = sum(level.errors for level, _ in rounds)
    cpu_ms = round(float(statistics.median(_cpu_ms(level, used) for level, used in rounds)), 3)
    return Measured(what, connections, middle("per_second"), middle("p50_ms"), middle("p99_ms"), errors, cores, cpu_ms)


def _cpu_ms(level: Measurement, used: Mapping[str, float]) -> float:
    return 1000 * sum(used.values()) / level.per_second if level.per_second else 0.0


def _ratios(found: Mapping[tuple[str, int], _Rounds], levels: list[int], of: _Figure) -> dict[str, float]:
    """Questions to bare look-ups, by connections: the median of what each round gave."""
    pairs = {at: zip(found["questions", at], found["bare look-up", at], strict=True) for at in levels}
    return {
        str(at): round(statistics.median(of(*ours) / of(*bare) for ours, bare in rounds), 3)
        for at, rounds in pairs.items()
    }


def _show(result: dict[str, Any]) -> None:
    title = f"registry bench verify: {result['records']:,} records, median of {result['rounds']} rounds of {result['seconds']:g} s"
    table = Table(
        "what",
        "conn.",
        "per s",
        "p50 ms",
        "p99 ms",
        "errors",
        "CPU ms",
        "cores¹",
        "goal",
        title=title,
        title_justify="left",
    )
    for each in result["measured"]:
        numbers = [f"{each[key]:.1f}" for key in ("per_second", "p50_ms", "p99_ms")]
        cores = "/".join(f"{each['cores'][part]:.2f}" for part in ("answering", "database", "load"))
        cpu = f"{each['cpu_ms']:.2f}"
        table.add_row(each["what"], str(each["connections"]), *numbers, str(each["errors"]), cpu, cores, _goal(each))
    _out.print(table)
    _out.print(
        "¹ used by those who answer / the database and background work / the load; CPU ms: all of them for one request"
    )
    for title, name in (("per second", "ratio_to_bare"), ("by CPU time", "ratio_to_bare_by_cpu")):
        ratios = ", ".join(f"{ratio:.2f} at {at}" for at, ratio in result[name].items())
        _out.print(
            f"questions / bare look-ups in the same run, {title}: {ratios} connections (expected: {_RATIO} or more)"
        )
    machine = result["machine"]
    _out.print(
        f"{machine['cores']} cores for load, {machine['workers']} workers and PostgreSQL alike; load average"
        f" {machine['load_average'][0]:g}: other work of the machine shows in every figure"
    )


def _goal(each: Mapping[str, Any]) -> str:
    goal = _GOALS.get(each["what"]) if each["connections"] == _AT else None
    if goal is None:
        return ""
    least, most_ms = goal
    met = each["per_second"] >= least and (most_ms is None or each["p99_ms"] <= most_ms)
    return f"{least}/s" + (f", {most_ms} ms" if most_ms else "") + (": met" if met else ": missed")
