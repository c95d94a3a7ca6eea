"""A whole registry as child processes of this one, on a free port of 127.0.0.1: for the demo, the bench and the tests.

It is `registry serve` itself, nothing less. It ends with the process that started it, even when that one is killed.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx
import psutil

from registry.cli import lifeline
from registry.storage import embedded

_START_SECONDS = 90.0
_STOP_SECONDS = 45.0
_LAST_SECONDS = 10.0
_TAIL = 15


class ServiceError(RuntimeError):
    """The service can't be had; the message is for the person at the keyboard and ends with the service's last words."""


class Service:
    """A running registry with a state directory of its own, as a context manager.

    `state_dir`: None for a temporary one that is removed at the end. `env`: settings beside those chosen here; nothing of
    this process's own registry settings is inherited. `until`: the path that must answer 200 before the block begins.
    Start it from the main thread: it ends with the thread that starts it.
    """

    def __init__(
        self,
        state_dir: Path | None = None,
        workers: int = 2,
        env: Mapping[str, str] | None = None,
        until: str = "/readyz",
    ) -> None:
        self._temporary = state_dir is None
        self.state_dir = _temporary_directory() if state_dir is None else state_dir.absolute()
        self._workers, self._until = workers, until
        self._port = _free_port()
        self.base_url = f"http://127.0.0.1:{self._port}"
        self._env = dict(env or {})
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def database_url(self) -> str:
        """The database under the role that owns its schema."""
        given = self._env.get("DATABASE_OWNER_URL") or self._env.get("DATABASE_URL")
        return given or embedded.Embedded(self.state_dir / "postgres").url()

    @property
    def sealing_key_path(self) -> Path:
        """Where the service's sealing key lies."""
        return self.state_dir / "keys" / "sealing.key"

    @property
    def pid(self) -> int:
        """Process id of `registry serve`."""
        assert self._process is not None, "started"
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """How `registry serve` ended; None while it runs."""
        return None if self._process is None else self._process.poll()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            self.stop()
        finally:
            if self._temporary:
                shutil.rmtree(self.state_dir, ignore_errors=True)

    def start(self) -> None:
        """Start it and wait until it answers; raises ServiceError when it ends or a minute and a half have passed."""
        make_state_dir(self.state_dir)
        descriptor = os.open(self._log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
        command = [sys.executable, "-m", "registry.cli.main", "serve", "--workers", str(self._workers)]
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                command,
                stdin=subprocess.DEVNULL,
                stdout=descriptor,
                stderr=descriptor,
                env=self._environment(),
                start_new_session=True,  # Ctrl-C is for whoever started this, who then stops it in order
                preexec_fn=lifeline.tied(signal.SIGTERM),
            )
        finally:
            os.close(descriptor)
        self._await_answer()

    def worker_pids(self) -> list[int]:
        """The processes that answer requests, at this moment."""
        return [child.pid for child in self._children() if any("spawn_main" in part for part in _command(child))]

    def process_ids(self) -> list[int]:
        """Every process of the service: itself, workers, background work, PostgreSQL."""
        return [self.pid, *(child.pid for child in self._children(recursive=True))]

    def is_alive(self) -> bool:
        """Whether `registry serve` runs."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """End it in order: requests are finished, the database is shut down. Does nothing when it doesn't run."""
        if self._process is None or not self.is_alive():
            return
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """kill -9 `registry serve`, and nothing else; the rest follows by itself."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    @staticmethod
    def is_running(state_dir: Path, patience: float = _LAST_SECONDS) -> bool:
        """Whether a service lives on this state directory; one that is just ending is waited for, so many seconds."""
        deadline = time.monotonic() + patience
        while _is_locked(state_dir / "postgres" / "lock"):
            if time.monotonic() > deadline:
                return True
            time.sleep(0.1)
        return False

    @property
    def _log_path(self) -> Path:
        return self.state_dir / "service.log"

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("REGISTRY_", "DATABASE_"))}
        own = {
            "REGISTRY_STATE_DIR": str(self.state_dir),
            "REGISTRY_HOST": "127.0.0.1",
            "REGISTRY_PORT": str(self._port),
            "REGISTRY_ISSUER": self.base_url,
        }
        if kept.pop("PYTHONDONTWRITEBYTECODE", None):
            # Four processes would compile the same packages, which takes most of a start: keep the bytecode for as long as this.
            own["PYTHONPYCACHEPREFIX"] = str(self.state_dir / "bytecode")
        return {**kept, **own, **self._env}

    def _children(self, *, recursive: bool = False) -> list[psutil.Process]:
        with suppress(psutil.NoSuchProcess):
            return psutil.Process(self.pid).children(recursive=recursive)
        return []

    def _await_answer(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        with httpx.Client(base_url=self.base_url, timeout=5, trust_env=False) as http:
            while not self._answers(http):
                if not self.is_alive():
                    raise ServiceError(f"the service ended while starting:\n{self._last_words()}")
                if time.monotonic() > deadline:
                    self.stop()
                    raise ServiceError(f"the service was not ready after {_START_SECONDS:g} s:\n{self._last_words()}")
                time.sleep(0.05)

    def _answers(self, http: httpx.Client) -> bool:
        try:
            return http.get(self._until).status_code == 200
        except httpx.TransportError:
            return False

    def _last_words(self) -> str:
        lines = self._log_path.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(lines[-_TAIL:]) or "(it wrote nothing)"


def make_state_dir(state_dir: Path) -> None:
    """Make a state directory. Others may pass through it and see nothing: PostgreSQL may run as another user than root."""
    if not state_dir.exists():
        state_dir.mkdir(parents=True)
        state_dir.chmod(0o711)


def _temporary_directory() -> Path:
    directory = Path(tempfile.mkdtemp(prefix="registry-"))
    directory.chmod(0o711)
    return directory


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _is_locked(lock: Path) -> bool:
    """Whether a process holds the lock that every PostgreSQL process of a state directory shares."""
    try:
        descriptor = os.open(lock, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []
