"""`registry bench roster`: a made-up city's list of many rows comes in once, then once more with some pupils moved."""

from __future__ import annotations

import asyncio
import csv
import json
import shutil
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Annotated, Any

import psutil
import typer
from rich.console import Console

from registry.cli.tables import Table
from registry.core.ids import Sex
from registry.demo import people
from registry.demo import schools as demo_schools
from registry.services import rosters, schema, units
from registry.services.world import World
from registry.storage import embedded, sealing
from registry.storage.database import SERVICE_ROLE, Database

_YEAR, _FIRST = "2026-2027", 2026
_PUPILS = 570  # of a school, in five grades: 3,500 schools have two million
_out = Console()
_errors = Console(stderr=True)


def roster(
    rows: Annotated[int, typer.Option(min=1000, max=3_000_000, help="How many pupils the list has.")] = 2_000_000,
    json_output: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Import one list of many pupils into an empty registry, then again with every fiftieth pupil in another class.

    Time is from the first byte to the commit. Memory is the largest resident set of this process; PostgreSQL has its own.
    """
    state = Path(tempfile.mkdtemp(prefix="regbench-"))
    state.chmod(0o711)  # as root the server runs as another user, who has to pass
    try:
        with _errors.status("making a list") as status:
            first, second = state / "first.csv", state / "second.csv"
            schools = _write(first, rows, moved=0)
            _write(second, rows, moved=50)
            server = embedded.Embedded(state / "postgres", None)
            server.start()
            try:
                result = asyncio.run(_measure(server, state, schools, [first, second], status.update))
            finally:
                server.stop()
    finally:
        shutil.rmtree(state, ignore_errors=True)
    if json_output:
        typer.echo(json.dumps(result))
    else:
        _show(result)


async def _measure(
    server: embedded.Embedded, state: Path, schools: int, files: list[Path], say: Callable[[str], None]
) -> dict[str, Any]:
    sealer = sealing.Sealer(sealing.ensure_key(state / "sealing.key"))
    url = server.url(user=SERVICE_ROLE)
    await schema.prepare(url, server.url(), sealer)
    world = World.of(Database(url), sealer)
    imports = []
    try:
        now = datetime.now(UTC)
        await units.import_builtin(world, "hcmc-2025", now)
        await units.import_units(world, _units(schools), now)
        for file in files:

            def tell(step: rosters.Step, count: int, name: str = file.stem) -> None:
                say(f"{name} list: {step}, {count:,} rows")

            with _peak() as peak, file.open("rb") as source:
                started = time.perf_counter()
                report = await rosters.import_city(
                    world, None, _YEAR, source, datetime.now(UTC), source=file.name, progress=tell
                )
                seconds = time.perf_counter() - started
            imports.append(
                {
                    "list": file.stem, "rows": report.total, "bytes": file.stat().st_size, "joined": report.joined,
                    "changed": report.changed, "seconds": round(seconds, 1), "peak_mb": round(peak[0] / 2**20, 1),
                }
            )  # fmt: skip
    finally:
        world.judges.close()
        await world.db.close()
    return {"schools": schools, "imports": imports}


@contextmanager
def _peak() -> Iterator[list[int]]:
    """The largest resident set of this process meanwhile, looked at ten times a second."""
    process, over = psutil.Process(), threading.Event()
    peak = [process.memory_info().rss]

    def watch() -> None:
        while not over.wait(0.1):
            peak[0] = max(peak[0], process.memory_info().rss)

    watching = threading.Thread(target=watch, daemon=True)
    watching.start()
    try:
        yield peak
    finally:
        over.set()
        watching.join()


def _units(schools: int) -> bytes:
    """Every school below one district, as `registry unit import` takes them."""
    lines = [
        f"school,{_school(n)},Trường {n + 1} (thử nghiệm),{demo_schools.DISTRICT},2000-01-01,,public"
        for n in range(schools)
    ]
    return "\n".join(["kind,code,name,parents,valid_from,valid_to,ownership", *lines, ""]).encode()


def _school(number: int) -> str:
    return f"79{760_000 + number:06d}"


def _write(file: Path, rows: int, moved: int) -> int:
    """A list as a city's database exports it; every `moved`-th pupil stands in another class. Returns how many schools it has."""
    rng = Random(1)  # noqa: S311 - made-up people
    given: Counter[str] = Counter()
    with file.open("w", encoding="utf-8", newline="") as text:
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(("Mã trường", "Khối", "Mã học sinh", "Họ và tên", "Lớp", "Ngày sinh", "Giới tính", "Số ĐDCN"))
        for n in range(rows):
            school, place = divmod(n, _PUPILS)
            grade, sex = place % 5 + 1, Sex.FEMALE if n % 2 else Sex.MALE
            letter = "Z" if moved and n % moved == 0 else "ABCD"[place // 5 % 4]
            year = _FIRST - 5 - grade
            start = f"079{3 if sex is Sex.FEMALE else 2}{year % 100:02d}"
            given[start] += 1
            writer.writerow(
                (_school(school), grade, f"79{n:08d}", people.name(rng, sex), f"{grade}{letter}",
                 f"{n % 28 + 1:02d}/{n % 12 + 1:02d}/{year}", "Nữ" if sex is Sex.FEMALE else "Nam",
                 f"{start}{given[start]:06d}" if n % 25 else "")
            )  # fmt: skip
    return -(-rows // _PUPILS)


def _show(result: dict[str, Any]) -> None:
    columns = ("list", "rows", "MB", "joined", "moved", "seconds", "rows per second", "peak MB")
    table = Table(*columns, title=f"registry bench roster: {result['schools']:,} schools", title_justify="left")
    for each in result["imports"]:
        table.add_row(
            each["list"], f"{each['rows']:,}", f"{each['bytes'] / 1e6:.0f}", f"{each['joined']:,}", f"{each['changed']:,}",
            f"{each['seconds']:.1f}", f"{each['rows'] / each['seconds']:,.0f}", f"{each['peak_mb']:.0f}",
        )  # fmt: skip
    _out.print(table)
