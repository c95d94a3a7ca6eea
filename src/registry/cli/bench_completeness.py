"""`registry bench completeness`: how long the questions of the office take in a city of that many pupils, over HTTP."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import asyncpg
import httpx
import psutil
import typer
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from rich.console import Console

from registry.cli import bench_city
from registry.cli.bench_city import CITY, City
from registry.cli.service import Service
from registry.cli.tables import Table
from registry.client import api
from registry.core.callers import CallerKind, Scope
from registry.core.people import Person
from registry.demo import pki
from registry.services import callers, people, sign_in, standing
from registry.services.world import World
from registry.storage.database import Database
from registry.storage.sealing import Sealer, load_key

_GROWTH = (100_000, 500_000)
#: How often a question is asked before and while it is timed, and for how long at most.
_WARM, _ASKED, _SECONDS = 3, 100, 20
_OFFICE = "bench-office"
_ENV = {"REGISTRY_QUESTIONS_PER_MINUTE": "10000000", "REGISTRY_QUESTIONS_PER_DAY": "100000000"}
_out = Console()
_errors = Console(stderr=True)


def completeness(
    pupils: Annotated[int, typer.Option(min=1_000, max=5_000_000, help="How many pupils the city has.")] = 2_050_000,
    grow: Annotated[bool, typer.Option("--grow", help="Also with 100,000 and 500,000, one after the other.")] = False,
    workers: Annotated[int, typer.Option(min=1, max=16, help="Processes that answer requests.")] = os.cpu_count() or 1,
    json_output: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Measure overview, district, school, lists and moments of the past in a made-up city, one question at a time, warm.

    Nothing is read from or written to a registry of yours.
    """
    sizes = sorted({*(_GROWTH if grow else ()), pupils})
    results = []
    for size in sizes:
        state = Path(tempfile.mkdtemp(prefix="regbench-"))
        state.chmod(0o711)  # as root the server runs as another user, who has to pass
        try:
            with (
                _errors.status(f"{size:,} pupils") as status,
                Service(state_dir=state / "service", workers=workers, env=_ENV) as service,
            ):
                results.append(asyncio.run(_measure(service, City(size), status.update)))
        finally:
            shutil.rmtree(state, ignore_errors=True)
        if not json_output:
            _show(results[-1])
    if json_output:
        typer.echo(json.dumps(results))


async def _measure(service: Service, city: City, say: Callable[[str], None]) -> dict[str, Any]:
    say(f"{city.pupils:,} pupils: the map and the rows")
    key = pki.new_key("p256")
    started = time.perf_counter()
    link = await _prepare(service, city, key)
    filled = time.perf_counter() - started
    say(f"{city.pupils:,} pupils: counting them once")
    await _count_once(service)
    counted = time.perf_counter() - started - filled
    async with api.RegistryClient(service.base_url, _OFFICE, key, "k1") as client:
        token = await client.token()
    asked = {}
    async with httpx.AsyncClient(base_url=service.base_url, timeout=120) as http:
        await http.post("/sign-in", data={"link": link})
        for name, path, query in _questions(city):
            say(f"{city.pupils:,} pupils: {name}")
            asked[name] = await _times(http, path, query, token, service)
    memory = psutil.Process().memory_info().rss >> 20
    return {
        "pupils": city.pupils, "schools": city.schools, "fill_seconds": round(filled, 1), "count_seconds": round(counted, 1),
        "memory_mb": memory, "asked": asked,
    }  # fmt: skip


async def _count_once(service: Service) -> None:
    """Everybody is counted as after an upgrade, by this process and by the service's own work, one batch after the other."""
    world = World.of(Database(service.database_url), Sealer(load_key(service.sealing_key_path)))
    try:
        await standing.settle_all(world)
    finally:
        world.judges.close()
        await world.db.close()
    link = await asyncpg.connect(service.database_url.replace("+asyncpg", ""))
    try:
        for table in ("standing", "standing_count", "standing_day"):
            await link.execute(f"VACUUM (ANALYZE) {table}")
    finally:
        await link.close()


async def _prepare(service: Service, city: City, key: pki.PrivateKey) -> str:
    """The city, an office that asks about all of it, and somebody who looks at its pages; gives their sign-in link."""
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    world = World.of(Database(service.database_url), Sealer(load_key(service.sealing_key_path)))
    now = datetime.now(UTC)
    scopes, units = frozenset({Scope.COMPLETENESS}), frozenset({CITY})
    try:
        await bench_city.settle(world, city, now)
        office = callers.NewCaller(
            _OFFICE, CallerKind.OFFICE, _OFFICE, scopes, units=units, key=callers.read_public_key(public, "k1")
        )
        await callers.register(world, office, now)
        await people.register(world, Person(_OFFICE, _OFFICE, scopes, False, units), None, now)
        link = await sign_in.make_link(world, _OFFICE, now)
    finally:
        world.judges.close()
        await world.db.close()
    await bench_city.fill(service.database_url, city)
    return link


def _questions(city: City) -> Iterator[tuple[str, str, dict[str, str]]]:
    """What is asked: a name, a path, its parameters."""
    year, past = {"school_year": bench_city.YEAR}, (bench_city.SENT + timedelta(days=30, hours=5)).isoformat()
    district, school = bench_city.districts()[0], city.school_code(0)
    counts = "/v1/completeness"
    yield "city", counts, {"unit": CITY, **year}
    yield "district", counts, {"unit": district, **year}
    yield "school", counts, {"unit": f"school:{school}", **year}
    yield "city, a moment of the past", counts, {"unit": CITY, **year, "as_of": past}
    yield "district, a moment of the past", counts, {"unit": district, **year, "as_of": past}
    yield "city, 100 missing", f"{counts}/pupils", {"unit": CITY, **year, "bucket": "missing"}
    yield "page: overview of the city", "/overview", {"unit": CITY, "year": bench_city.YEAR}
    yield "page: overview of a district", "/overview", {"unit": district, "year": bench_city.YEAR}
    yield "page: schools of a district", "/schools", {"unit": district, "year": bench_city.YEAR}
    yield "page: school", f"/schools/{school}", {"year": bench_city.YEAR}


async def _times(
    http: httpx.AsyncClient, path: str, query: dict[str, str], token: str, service: Service
) -> dict[str, float | str]:
    """Milliseconds of a question asked again and again, ten times at least, and the processor's for it in all processes of the
    service, PostgreSQL's among them, which other work on the machine distorts least; what fails is asked once."""
    headers = {"Authorization": f"Bearer {token}"} if path.startswith("/v1/") else {}
    times: list[float] = []
    used = 0.0
    while len(times) < _WARM + _ASKED and (len(times) < _WARM + 10 or sum(times) < _SECONDS):
        if len(times) == _WARM:
            used = _processor(service)
        before = time.perf_counter()
        answer = await http.get(path, params=query, headers=headers)
        times.append(time.perf_counter() - before)
        if answer.status_code != 200:
            return {"failed": f"{answer.status_code} after {times[-1]:.1f} s"}
    spent = (_processor(service) - used) / (len(times) - _WARM)
    cuts = statistics.quantiles(times[_WARM:], n=100, method="inclusive")
    return {"p50_ms": _ms(cuts[49]), "p99_ms": _ms(cuts[98]), "cpu_ms": _ms(spent)}


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)


def _processor(service: Service) -> float:
    """Seconds of processor time that the service's processes have used so far."""
    used = 0.0
    for pid in service.process_ids():
        with suppress(psutil.NoSuchProcess):
            times = psutil.Process(pid).cpu_times()
            used += times.user + times.system
    return used


def _show(result: dict[str, Any]) -> None:
    title = (
        f"{result['pupils']:,} pupils, {result['schools']:,} schools; written in {result['fill_seconds']:.0f} s,"
        f" counted in {result['count_seconds']:.0f} s; {result['memory_mb']} MB"
    )
    table = Table("question", "p50 ms", "p99 ms", "processor ms", title=title, title_justify="left")
    for name, found in result["asked"].items():
        table.add_row(name, *([found["failed"]] if "failed" in found else [f"{value:.1f}" for value in found.values()]))
    _out.print(table)
