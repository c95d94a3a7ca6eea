"""The state directory of an embedded server: whose it is, its lock, and where the socket lies. Standard library only."""

from __future__ import annotations

import fcntl
import os
import pwd
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import platformdirs

from registry.storage.server_binaries import CancelledError, EmbeddedError
from registry.storage.server_process import (
    Account,
    Credentials,
    bare_environment,
    choose_account,
    open_private,
    pid_in,
    tied_to_parent,
    user_name,
)

# sockaddr_un holds 104 bytes on macOS and 108 on Linux; the socket's own name takes 14 of them, its final NUL one.
LONGEST_SOCKET_DIR = 88


def default_state_dir() -> Path:
    """Where a state directory goes when nobody says: /var/lib for root, else the user's own data directory."""
    if os.geteuid() == 0:
        return Path("/var/lib/hocbaso-registry")
    return platformdirs.user_data_path("hocbaso-registry")


class StateDirectory:
    """One state directory (mode 0700) and the account that owns it, which runs the server: another one when this is root."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.account: Account | None = None

    @property
    def socket_dir(self) -> Path:
        """Directory of the unix socket; right before the first start only if the state directory's path is short."""
        run = self.path / "run"
        if len(os.fsencode(run)) <= LONGEST_SOCKET_DIR:
            return run
        with suppress(FileNotFoundError):
            return Path((self.path / "socket_dir").read_text(encoding="utf-8"))
        raise EmbeddedError(
            f"the path of {run} is too long for a socket, and no shorter one was chosen yet: start first"
        )

    def claim(self) -> None:
        """Make the state directory private to the server's account, or refuse; nothing outside of it is touched."""
        try:
            self._own_state()
            self._check_reachable()
        except OSError as error:
            who = f"the user {self.account.name}" if self.account else "this user"
            raise EmbeddedError(
                f"{self.path} can't be made or given to {who} ({error}): choose another state directory"
            ) from None

    def _own_state(self) -> None:
        with suppress(FileExistsError):
            self.path.mkdir(mode=0o700, parents=True)
        info = self.path.stat()
        self.account = choose_account(info.st_uid) if os.geteuid() == 0 else None
        uid = self.account.uid if self.account else os.geteuid()
        if not stat.S_ISDIR(info.st_mode) or info.st_uid not in {uid, os.geteuid()}:
            raise EmbeddedError(
                f"{self.path} isn't a directory of {user_name(uid)} (it belongs to {user_name(info.st_uid)}): "
                "run the service as the user that made it, or choose a state directory of its own"
            )
        if info.st_uid != uid or stat.S_IMODE(info.st_mode) != 0o700:
            self._take_over(uid)

    def _take_over(self, uid: int) -> None:
        # A slip such as a state directory of /etc or of somebody's home must not hand it to the server's account.
        private = not stat.S_IMODE(self.path.stat().st_mode) & 0o077 and self.path != Path(
            pwd.getpwuid(os.geteuid()).pw_dir
        )
        if not private and not (self.path / "lock").exists() and any(self.path.iterdir()):
            raise EmbeddedError(
                f"{self.path} has files of something else in it: choose an empty or new directory as the state directory"
            )
        self.path.chmod(0o700)
        os.chown(self.path, uid, -1)

    def _check_reachable(self) -> None:
        if self.account is None or self._can_enter(self.path):
            return
        blocked = next(path for path in (*reversed(self.path.parents), self.path) if not self._can_enter(path))
        raise EmbeddedError(
            f"the server runs as the user {self.account.name}, who may not enter {blocked}: choose a state directory whose "
            f"parents every user may enter, such as {default_state_dir()}, or run the service as an ordinary user"
        )

    def _can_enter(self, directory: Path) -> bool:
        # Asked of the system as that user: mode bits alone would miss access lists and mount options.
        return self.run(["/bin/sh", "-c", 'cd -- "$1"', "sh", str(directory)]).returncode == 0

    def lock(self, patience: float, cancelled: Callable[[], bool]) -> int:
        """An open, locked descriptor of the lock file; raises when others keep it for longer than `patience` seconds."""
        handle = open_private(self.path / "lock", os.O_RDWR | os.O_CREAT)
        give_up = time.monotonic() + patience
        try:
            while True:
                with suppress(BlockingIOError):
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    return handle
                if cancelled():
                    raise CancelledError("the start of the embedded server was given up")
                if time.monotonic() > give_up:
                    raise EmbeddedError(self._who_is_there())
                time.sleep(0.05)
        except BaseException:
            os.close(handle)
            raise

    def _who_is_there(self) -> str:
        pid = pid_in(self.path / "pgdata" / "postmaster.pid")
        known = f" (PostgreSQL, process {pid})" if pid else ""
        return (
            f"another process already uses {self.path}{known}: stop the service that runs there, "
            "or give this one a state directory of its own"
        )

    def make_socket_dir(self) -> Path:
        """The directory of the socket, private to the server's account; made where it is not."""
        run = self.path / "run"
        if len(os.fsencode(run)) <= LONGEST_SOCKET_DIR:
            if not run.exists():
                run.mkdir(mode=0o700)
                self.give(run)
            return run
        with suppress(EmbeddedError, FileNotFoundError):
            if self._is_private(self.socket_dir):
                return self.socket_dir
        return self._make_short_socket_dir()

    def _make_short_socket_dir(self) -> Path:
        for place in dict.fromkeys((tempfile.gettempdir(), "/tmp")):  # noqa: S108 - mkdtemp's is private
            if len(os.fsencode(place)) + len("/registry-12345678") <= LONGEST_SOCKET_DIR:
                run = Path(tempfile.mkdtemp(prefix="registry-", dir=place))
                self.give(run)
                record = self.path / "socket_dir"
                record.unlink(missing_ok=True)
                with os.fdopen(
                    open_private(record, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "w", encoding="utf-8"
                ) as file:
                    file.write(str(run))
                return run
        raise EmbeddedError("no directory with a path short enough for a unix socket: choose a shorter state directory")

    def _is_private(self, directory: Path) -> bool:
        # In a shared temporary directory someone else may have put a directory or link of that name meanwhile.
        info = directory.lstat()
        uid = self.account.uid if self.account else os.geteuid()
        return stat.S_ISDIR(info.st_mode) and info.st_uid == uid and stat.S_IMODE(info.st_mode) == 0o700

    def run(self, command: list[str], lock: int | None = None) -> subprocess.CompletedProcess[bytes]:
        """Run to the end as the server's account; the descriptor of the lock is handed on when given."""
        return subprocess.run(  # noqa: S603 - a list of our own making
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            cwd="/" if lock is None else self.path,
            env=bare_environment(),
            pass_fds=() if lock is None else (lock,),
            preexec_fn=tied_to_parent(signal.SIGKILL),
            **self.as_account(),
        )

    def as_account(self) -> Credentials:
        """What `subprocess` needs, to run a child as the server's account."""
        account = self.account
        return {"user": account.uid, "group": account.gid, "extra_groups": []} if account else {}

    def give(self, *paths: Path) -> None:
        """Make these the server's account's own."""
        if self.account is not None:
            for path in paths:
                os.chown(path, self.account.uid, self.account.gid, follow_symlinks=False)
