"""A made-up city of which every pupil's transcript is on record and can be asked about, in a database that is kept.

The map and its pupils are those of `registry.cli.bench_city`; here each has one accepted version with number, codes, verdict and
a sealed document of usual size, which opens. Documents say what is on record; their signatures are those of a few samples, since
nobody judges again what is stored. Not made: the feed of changes, versions beyond the first, held documents.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime

import asyncpg
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from registry.cli import bench_city, bench_records_rows
from registry.cli.bench_city import City
from registry.cli.service import Service
from registry.services.world import World
from registry.storage.database import Database
from registry.storage.sealing import Sealer, load_key

_SCHOOLS_AT_ONCE = 3
_MARK = "city.json"


async def ensure(service: Service, city: City, out: Console) -> None:
    """Make the city in a running service's own database, unless it is there already.

    Raises ValueError when the directory holds another city, or the half of one: such a directory is of no use any more.
    """
    mark = service.state_dir / _MARK
    if mark.exists():
        if json.loads(mark.read_text(encoding="utf-8")) != asdict(city):
            raise ValueError(f"{service.state_dir} holds a city of another size: choose another directory")
        return
    owner = await asyncpg.connect(service.database_url.replace("+asyncpg", ""))
    try:
        if await owner.fetchval("SELECT EXISTS (SELECT FROM pupil)"):
            raise ValueError(f"{service.state_dir} holds half a city or something else: choose another directory")
        await _make_schools(service, city)
        constraints = await _take_off_constraints(owner)
        await asyncio.to_thread(_copy, service, city, out)
        with out.status("building indexes"):
            for statement in constraints:
                await owner.execute(statement, timeout=3600)
        with out.status("vacuum and analyze"):
            await owner.execute("VACUUM (ANALYZE)", timeout=3600)
            await owner.execute("CHECKPOINT", timeout=3600)
    finally:
        await owner.close()
    mark.write_text(json.dumps(asdict(city)), encoding="utf-8")


async def _make_schools(service: Service, city: City) -> None:
    world = World.of(Database(service.database_url), Sealer(load_key(service.sealing_key_path)))
    try:
        await bench_city.settle(world, city, datetime.now(UTC))
    finally:
        world.judges.close()
        await world.db.close()


def _copy(service: Service, city: City, out: Console) -> None:
    """All rows, made and copied by as many processes as there are cores, a few thousand pupils at a time."""
    dsn = service.database_url.replace("+asyncpg", "")
    start = (dsn, load_key(service.sealing_key_path), bench_records_rows.make_samples(), city)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    context = multiprocessing.get_context("spawn")
    with (
        Progress(*columns, console=out, disable=not out.is_terminal) as progress,
        context.Pool(os.cpu_count() or 1, bench_records_rows.begin, start) as pool,
    ):
        task = progress.add_task("records", total=city.pupils)
        for done in pool.imap_unordered(bench_records_rows.copy, _chunks(city)):
            progress.advance(task, done)


def _chunks(city: City) -> Iterator[tuple[int, int]]:
    return ((first, first + _SCHOOLS_AT_ONCE) for first in range(0, city.schools, _SCHOOLS_AT_ONCE))


async def _take_off_constraints(owner: asyncpg.Connection) -> list[str]:
    """Take triggers, keys and indexes off the tables that are filled; the statements that put them on again, in order.

    Rows come in random order of their keys: building an index at the end is several times quicker than keeping it meanwhile.
    """
    tables = list(bench_records_rows.COLUMNS)
    held = await owner.fetch(
        """SELECT conrelid::regclass::text AS on_table, conname, contype::text, pg_get_constraintdef(oid) AS definition
           FROM pg_constraint WHERE contype IN ('f', 'p', 'u')
             AND (conrelid = ANY($1::text[]::regclass[]) OR confrelid = ANY($1::text[]::regclass[]))
           ORDER BY contype = 'f' DESC""",
        tables,
    )
    again = [
        f"ALTER TABLE {row['on_table']} ADD CONSTRAINT {row['conname']} {row['definition']}" for row in reversed(held)
    ]
    for row in held:
        await owner.execute(f"ALTER TABLE {row['on_table']} DROP CONSTRAINT {row['conname']}")
    indexes = await owner.fetch("SELECT indexname, indexdef FROM pg_indexes WHERE tablename = ANY($1)", tables)
    for row in indexes:
        await owner.execute(f"DROP INDEX {row['indexname']}")
    for table in tables:
        await owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    triggers = [f"ALTER TABLE {table} ENABLE TRIGGER USER" for table in tables]
    return ["SET maintenance_work_mem = '512MB'", *(row["indexdef"] for row in indexes), *again, *triggers]
