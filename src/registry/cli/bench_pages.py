"""`registry bench pages`: how long each page of the office takes in a city of that many pupils, over HTTP, one request at a time."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console

from registry.cli import bench_city
from registry.cli.bench_city import CITY, YEAR, City
from registry.cli.service import Service
from registry.cli.tables import Table
from registry.core.callers import Scope
from registry.core.campaigns import Stage
from registry.core.people import Person
from registry.services import campaigns, contacts, people, sign_in
from registry.services.world import World
from registry.storage.database import Database
from registry.storage.sealing import Sealer, load_key

#: How often a page is asked before and while it is timed, and for how many seconds at most (ten times at least).
_WARM, _ASKED, _SECONDS = 3, 100, 15
_READER, _CAMPAIGN = "bench-reader", "bench"
_ENV = {"REGISTRY_QUESTIONS_PER_MINUTE": "10000000"}
_DUE = dict(zip(Stage, (-3, -3, 5, 10, 20), strict=True))
_out = Console()
_errors = Console(stderr=True)


def pages(
    pupils: Annotated[int, typer.Option(min=1_000, max=5_000_000, help="How many pupils the city has.")] = 100_000,
    workers: Annotated[int, typer.Option(min=1, max=16, help="Processes that answer requests.")] = os.cpu_count() or 1,
    json_output: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Measure every page of the office in a made-up city whose campaign is five days before its end: of the city and of a district.

    Nothing is read from or written to a registry of yours.
    """
    city, state = City(pupils), Path(tempfile.mkdtemp(prefix="regbench-"))
    state.chmod(0o711)  # as root the server runs as another user, who has to pass
    try:
        with (
            _errors.status(f"{pupils:,} pupils") as status,
            Service(state_dir=state / "service", workers=workers, env=_ENV) as service,
        ):
            asked = asyncio.run(_measure(service, city, status.update))
    finally:
        shutil.rmtree(state, ignore_errors=True)
    if json_output:
        typer.echo(json.dumps({"pupils": pupils, "schools": city.schools, "pages": asked}))
        return
    table = Table(
        "page", "p50 ms", "p99 ms", title=f"{pupils:,} pupils, {city.schools:,} schools", title_justify="left"
    )
    for name, (median, worst) in asked.items():
        table.add_row(name, f"{median:.1f}", f"{worst:.1f}")
    _out.print(table)


async def _measure(service: Service, city: City, say: Callable[[str], None]) -> dict[str, tuple[float, float]]:
    link = await _prepare(service, city)
    found = {}
    async with httpx.AsyncClient(base_url=service.base_url, timeout=120) as http:
        answer = await http.post("/sign-in", data={"link": link})
        if answer.status_code != 303:
            raise RuntimeError(f"nobody was signed in: {answer.status_code}")
        for name, path, query in _asked(city):
            say(name)
            found[name] = await _times(http, path, query)
    return found


async def _prepare(service: Service, city: City) -> str:
    """The city, its campaign, a contact for each school, and somebody who reads; gives their sign-in link."""
    world = World.of(Database(service.database_url), Sealer(load_key(service.sealing_key_path)))
    now = datetime.now(UTC)
    try:
        await bench_city.settle(world, city, now)
        due = {stage.value: (contacts.day_of(now) + timedelta(days=days)).isoformat() for stage, days in _DUE.items()}
        members: dict[str, Any] = {
            "code": _CAMPAIGN, "name": "Đợt đo", "name_en": "Bench", "school_year": YEAR, "grades": list(range(1, 13)),
            "units": [CITY], "deadlines": due,
        }  # fmt: skip
        await campaigns.add(world, None, members, now)
        rows = (f"{city.school_code(n)},Văn thư,0280000000,a@s{n}.example,2026-01-01" for n in range(city.schools))
        table = "\n".join(("school_code,role,phone,email,valid_from", *rows, ""))
        await contacts.import_table(world, None, table.encode(), now, "registry bench pages")
        reader = Person(_READER, _READER, frozenset({Scope.COMPLETENESS}), False, frozenset({CITY}))
        await people.register(world, reader, None, now)
    finally:
        world.judges.close()
        await world.db.close()
    await bench_city.fill(service.database_url, city)
    return await _link(service)


async def _link(service: Service) -> str:
    """Made when the rows are there: it lasts a quarter of an hour."""
    world = World.of(Database(service.database_url), Sealer(load_key(service.sealing_key_path)))
    try:
        return await sign_in.make_link(world, _READER, datetime.now(UTC))
    finally:
        world.judges.close()
        await world.db.close()


def _asked(city: City) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Every page: a name, a path, its parameters."""
    district = bench_city.districts()[0]
    for name, unit in (("city", CITY), ("district", district)):
        for path in ("/overview", "/schools", "/readiness", "/calls", "/reminders"):
            yield f"{path} of the {name}", path, {"unit": unit, "year": YEAR}
    yield "/report.pdf of a district", "/report.pdf", {"unit": district, "year": YEAR}
    yield "/schools/{code}", f"/schools/{city.school_code(0)}", {"year": YEAR}
    yield "/campaigns", "/campaigns", {}
    yield "/campaigns/{code}", f"/campaigns/{_CAMPAIGN}", {}
    yield "/me", "/me", {}


async def _times(http: httpx.AsyncClient, path: str, query: dict[str, str]) -> tuple[float, float]:
    """Milliseconds of a page asked again and again: the median, and what 99 of 100 stay below."""
    times: list[float] = []
    while len(times) < _WARM + _ASKED and (len(times) < _WARM + 10 or sum(times) < _SECONDS):
        before = time.perf_counter()
        answer = await http.get(path, params=query)
        times.append(time.perf_counter() - before)
        if answer.status_code != 200:
            raise RuntimeError(f"{path}: status {answer.status_code}")
    cuts = statistics.quantiles(times[_WARM:], n=100, method="inclusive")
    return round(cuts[49] * 1000, 1), round(cuts[98] * 1000, 1)
