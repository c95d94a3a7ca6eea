"""What `registry serve` does while it runs: keep workers and background work alive, and prepare the database once it is there.

Where the settings come from and what the children do is not known here.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

import tenacity
import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from registry.cli import lifeline
from registry.services import schema
from registry.storage.sealing import SealBrokenError, Sealer

log = logging.getLogger(__name__)

_WORK_AGAIN_SECONDS = 2.0
_WORK_END_SECONDS = 20.0
_FIRST_TRY_SECONDS = 10.0
_LONGEST_PAUSE = 10


class Supervisor(Multiprocess):
    """uvicorn's supervisor, which replaces a worker that dies, with the background work as one more child."""

    def __init__(self, config: uvicorn.Config, sockets: list[socket.socket], *, with_work: bool) -> None:
        super().__init__(config, sockets)
        self.failure: str | None = None
        self._with_work = with_work
        self._work: subprocess.Popen[bytes] | None = None
        self._work_started = 0.0

    def end(self, failure: str) -> None:
        """End the service because of this failure; for any thread."""
        self.failure = failure
        self.should_exit.set()

    def init_processes(self) -> None:
        """Start everything."""
        super().init_processes()
        self._keep_working()

    def keep_subprocess_alive(self) -> None:
        """Called twice a second: replace what has died."""
        super().keep_subprocess_alive()
        self._keep_working()

    def terminate_all(self) -> None:
        """Ask everything to end in order."""
        if any(process.exitcode == STARTUP_FAILURE for process in self.processes):
            self.failure = "a worker could not start; its last lines in the log say why"
        super().terminate_all()
        if self._work is not None:
            self._work.terminate()

    def join_all(self) -> None:
        """Wait until everything has ended."""
        super().join_all()
        if self._work is not None:
            try:
                self._work.wait(_WORK_END_SECONDS)
            except subprocess.TimeoutExpired:
                self._work.kill()
                self._work.wait()

    def _keep_working(self) -> None:
        if not self._with_work or self.should_exit.is_set() or (self._work is not None and self._work.poll() is None):
            return
        if time.monotonic() - self._work_started < _WORK_AGAIN_SECONDS:
            return
        if self._work is not None:
            log.error("the background work has ended (%s), starting it again", self._work.returncode)
        self._work_started = time.monotonic()
        self._work = subprocess.Popen(
            [sys.executable, "-m", "registry.cli.main", "work"],
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for the supervisor, which then ends it in order
            preexec_fn=lifeline.tied(signal.SIGKILL),
        )


class Preparing:
    """A thread that brings the database to this version's schema and binds it to the sealing key, as soon as it is there.

    The block begins when that is done, or after a while without it: then requests are answered 503 meanwhile. `give_up` is
    called with a sentence when the database can't be used at all.
    """

    def __init__(self, url: str, owner_url: str, sealer: Sealer, give_up: Callable[[str], None]) -> None:
        self._urls, self._sealer, self._give_up = (url, owner_url), sealer, give_up
        self._stop, self._tried = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="preparing", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._tried.wait(_FIRST_TRY_SECONDS)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join(_FIRST_TRY_SECONDS)

    def _run(self) -> None:
        trying = tenacity.Retrying(
            stop=tenacity.stop_when_event_set(self._stop),
            wait=tenacity.wait_random_exponential(multiplier=0.5, max=_LONGEST_PAUSE),
            sleep=tenacity.sleep_using_event(self._stop),
            retry=tenacity.retry_if_not_exception_type(SealBrokenError),
            before_sleep=self._tell,
        )
        try:
            trying(lambda: asyncio.run(schema.prepare(*self._urls, self._sealer)))
            log.info("the database is ready")
        except SealBrokenError as broken:
            self._give_up(str(broken))
        except tenacity.RetryError:
            log.info("ended before the database was ready")
        finally:
            self._tried.set()

    def _tell(self, state: tenacity.RetryCallState) -> None:
        self._tried.set()
        log.warning("the database can't be prepared yet", exc_info=state.outcome.exception() if state.outcome else None)
