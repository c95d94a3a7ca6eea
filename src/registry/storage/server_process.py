"""The process and the files of an embedded server: whose they are, what ends it, which process a pid file means. Standard library only."""

from __future__ import annotations

import ctypes
import os
import pwd
import resource
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from registry.storage.server_binaries import EmbeddedError

PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Account:
    """The system account that runs the server when this process is root, which PostgreSQL refuses to be."""

    name: str
    uid: int
    gid: int


class Credentials(TypedDict, total=False):
    """What `subprocess` wants to run a child as somebody else."""

    user: int
    group: int
    extra_groups: list[int]


def choose_account(owner: int) -> Account:
    """`postgres` if the system has it, else `nobody` (initdb wants a user with a name); no user is ever created.

    The owner of an existing state directory keeps it, else installing a PostgreSQL package would lock the service out.
    """
    found = []
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            entry = pwd.getpwnam(name)
            found.append(Account(name, entry.pw_uid, entry.pw_gid))
    if not found:
        raise EmbeddedError("PostgreSQL refuses to run as root, and there is no user postgres or nobody to run it as")
    return next((account for account in found if account.uid == owner), found[0])


def tied_to_parent(death_signal: signal.Signals) -> Callable[[], None]:
    """What a child runs just before exec, already as its own user: end when the parent thread ends, leave no core dumps.

    Everything it needs is looked up before the fork, as other threads may hold any lock at that moment.
    """
    parent = os.getpid()
    prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None
    number = int(death_signal)

    def tie() -> None:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file of a backend holds rows
        # Set after the change of user, which would clear it; the parent may have ended before it was set.
        if prctl is not None and (prctl(PR_SET_PDEATHSIG, number) != 0 or os.getppid() != parent):
            os._exit(1)

    return tie


def bare_environment() -> dict[str, str]:
    """The environment of every process of the server."""
    # Nothing of the caller's: PGDATA, PGPORT or a locale that this system lacks would change what the server does.
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


def open_private(path: Path, flags: int) -> int:
    """Open a file of a state directory; a new one is its owner's alone."""
    # Root opens files in a directory that another account owns: never through a link that it may have put there.
    return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def pid_in(path: Path) -> int | None:
    """The process id in a pid file's first line."""
    try:
        return int(path.read_text(encoding="utf-8", errors="replace").split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None


def forget_dead_pid(path: Path) -> None:
    """Remove a pid file whose number now belongs to a process that is no PostgreSQL; call only with the lock held.

    PostgreSQL itself believes any live process of its own user. In a container, where numbers are small and the same after
    each start, it would refuse to start for ever.
    """
    pid = abs(pid_in(path) or 0)
    if pid:
        with suppress(OSError):
            name = Path(f"/proc/{pid}/comm").read_text(encoding="utf-8", errors="replace").strip()
            if name != "postgres":
                path.unlink()


def sync_directory(directory: Path) -> None:
    """Make a rename in this directory last."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def user_name(uid: int) -> str:
    """The name of a user id, for a sentence."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
