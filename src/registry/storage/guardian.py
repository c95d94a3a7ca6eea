"""The thread that starts an embedded server and brings it back when it dies."""

from __future__ import annotations

import atexit
import logging
import threading
import time
from types import TracebackType
from typing import Self

from registry.storage.embedded import Embedded
from registry.storage.server_binaries import CancelledError, EmbeddedError

log = logging.getLogger(__name__)


class Guardian:
    """Starts an `Embedded` server in a thread that lasts as long as the process, and brings it back when it dies.

    The thread is the point: on Linux the server is told to stop when the thread that started it ends, so a short-lived
    one (an executor's, a request's) would take the server with it.
    """

    LOOK_EVERY = 0.2
    FIRST_PAUSE = 0.2
    LONGEST_PAUSE = 15.0
    STEADY_AFTER = 60.0

    def __init__(self, server: Embedded) -> None:
        self.server = server
        self._stopping = threading.Event()
        self._settled = threading.Event()
        self._failure: Exception | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def start(self, timeout: float | None = None) -> None:
        """Return when the server answers. Raises what the first start raised, or `EmbeddedError` after `timeout` seconds."""
        if self._thread is not None:
            return
        self._stopping.clear()
        self._settled.clear()
        self._failure = None
        self._thread = threading.Thread(target=self._watch, name="embedded-postgres", daemon=True)
        self._thread.start()
        atexit.register(self.stop)
        settled = self._settled.wait(timeout)
        if settled and self._failure is None:
            return
        failure = self._failure
        self.stop()
        raise failure or EmbeddedError(f"the embedded server did not answer within {timeout:g} seconds")

    def stop(self) -> None:
        """Stop watching, then stop the server; returns when both have ended."""
        thread, self._thread = self._thread, None
        self._stopping.set()
        if thread is not None and self._is_ours(thread):
            thread.join()
        atexit.unregister(self.stop)

    @staticmethod
    def _is_ours(thread: threading.Thread) -> bool:
        return thread is not threading.current_thread() and thread.is_alive()

    def _watch(self) -> None:
        try:
            self.server.start(self._stopping.is_set)
        except Exception as failure:  # `start` raises it again, in the caller's thread
            self._failure = failure
            return
        finally:
            self._settled.set()
        try:
            self._keep_alive()
        finally:
            self.server.stop()

    def _keep_alive(self) -> None:
        pause, born = self.FIRST_PAUSE, time.monotonic()
        while not self._stopping.wait(self.LOOK_EVERY):
            if self.server.running:
                if time.monotonic() - born > self.STEADY_AFTER:
                    pause = self.FIRST_PAUSE
                continue
            log.error("the embedded PostgreSQL has died, starting it again in %.1f s", pause)
            if self._stopping.wait(pause):
                return
            pause = min(pause * 2, self.LONGEST_PAUSE)
            self._try_restart()
            born = time.monotonic()

    def _try_restart(self) -> None:
        try:
            self.server.restart_if_dead(self._stopping.is_set)
            log.warning("the embedded PostgreSQL is back")
        except CancelledError:
            return
        except Exception:
            # Whatever it was (disk full, descriptors gone), the next try may go through; leaving the thread ends all hope.
            log.exception("the embedded PostgreSQL did not come back")
