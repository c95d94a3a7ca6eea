"""What the same row costs with nothing of the registry around it: a route of FastAPI, a pool of asyncpg, one look-up, JSON.

No sign-in, no purpose, no limit, no question written down, no document opened: the most that this framework and this driver
can do on the same machine in the same run.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

import asyncpg
import httpx
import psutil
from fastapi import FastAPI, Request

_URL = "BENCH_DATABASE_URL"
#: Connections of each process: as many as a worker of the service has for questions.
_CONNECTIONS = 3
_START_SECONDS = 60.0
_ROW = """
SELECT k.school_code, k.school_year, k.level, k.grade, k.transcript_code, v.version, k.current_version, v.accepted_at,
       encode(v.fingerprint, 'hex') AS fingerprint
FROM transcript_code t JOIN record k USING (school_year, pupil_id, level) JOIN record_version v USING (school_year, pupil_id, level)
WHERE t.transcript_code = $1 AND v.version = k.current_version
"""


def application() -> FastAPI:
    """The bare application on the database of the environment."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with asyncpg.create_pool(os.environ[_URL], min_size=_CONNECTIONS, max_size=_CONNECTIONS) as pool:
            app.state.pool = pool
            yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/{code}")
    async def get_row(request: Request, code: str) -> dict[str, Any] | None:
        row = await request.app.state.pool.fetchrow(_ROW, code)
        return None if row is None else dict(row)

    return app


@contextmanager
def serving(database_url: str, workers: int) -> Iterator[tuple[str, list[int]]]:
    """The bare service in as many processes as the registry has: its address, and the ids of those that answer."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", "registry.cli.bench_bare:application", "--factory", "--port", str(port),
               "--workers", str(workers), "--loop", "uvloop", "--http", "httptools", "--log-level", "error"]  # fmt: skip
    process = subprocess.Popen(command, env={**os.environ, _URL: database_url.replace("+asyncpg", "")})  # noqa: S603 - our own
    try:
        _await(f"http://127.0.0.1:{port}/none", process)
        workers_of = [each.pid for each in psutil.Process(process.pid).children(recursive=True)]
        yield f"http://127.0.0.1:{port}", workers_of
    finally:
        process.terminate()
        process.wait(_START_SECONDS)


def _await(address: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(httpx.TransportError):
            httpx.get(address, timeout=5, trust_env=False).raise_for_status()
            return
        time.sleep(0.1)
    raise RuntimeError("the bare service did not start")
