"""The gate: format, lint, types, import contracts, contract diff, migrations, Dockerfile and tests, in one command.

`python3 dev.py test` runs all of it; arguments after `test` go to pytest and leave out the rest (`python3 dev.py test
tests/core -k number`). Exit code 0 only when every step passed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent

#: Two processes; who has nothing left to do takes from the other.
TWO = ("-n", "2", "--dist", "worksteal")
#: Whatever pages and commands ask of the database, these ask too.
ASK_SQL = ("tests/storage", "tests/services", "tests/api")
STEPS: tuple[tuple[str, list[str]], ...] = (
    ("format", [f"{BIN}/ruff", "format", "--check", "--quiet", "."]),
    ("lint", [f"{BIN}/ruff", "check", "--quiet", "."]),
    ("types", [f"{BIN}/mypy"]),
    ("import contracts", [f"{BIN}/lint-imports", "--no-cache"]),
    ("published contract", [f"{BIN}/registry", "openapi", "--check"]),
    ("Dockerfile", [f"{BIN}/hadolint", "Dockerfile"]),
    ("migrations lint", [sys.executable, "tests/migrations_lint.py"]),
    ("tests", [sys.executable, "-m", "pytest", *TWO, "--every-code"]),
)


def main(arguments: list[str]) -> int:
    """Run the gate, or pytest alone when arguments are given."""
    os.chdir(ROOT)
    if arguments:
        return subprocess.call([sys.executable, "-m", "pytest", *arguments])
    failed = [name for name, command in _steps() if not _passes(name, command)]
    print(f"gate: {'failed: ' + ', '.join(failed) if failed else 'passed'}", flush=True)
    return 1 if failed else 0


def _steps() -> list[tuple[str, list[str]]]:
    """The steps, with one more run of the database tests where an older server is at hand."""
    steps = list(STEPS)
    older = _older_server()
    if older is None:
        print("gate: no older PostgreSQL here (PG_BINDIR or Debian's), so the tests run on the embedded one only")
    else:
        steps.insert(
            -1,
            (
                f"tests on {older}",
                [sys.executable, "-m", "pytest", *TWO, "-m", "database and not slow", f"--pg-bindir={older}", *ASK_SQL],
            ),
        )
    return steps


def _older_server() -> Path | None:
    """Binaries of another PostgreSQL from 15 on: PG_BINDIR, or the oldest that Debian's packages put here."""
    given = os.environ.get("PG_BINDIR")
    if given:
        return Path(given)
    found = [folder / "bin" for folder in sorted(Path("/usr/lib/postgresql").glob("*")) if folder.name.isdigit()]
    usable = [folder for folder in found if int(folder.parent.name) >= 15 and (folder / "initdb").exists()]
    return usable[0] if usable else None


def _passes(name: str, command: list[str]) -> bool:
    print(f"gate: {name} ...", flush=True)
    started = time.monotonic()
    code = subprocess.call(command, env={**os.environ, "PYTHONWARNINGS": "ignore"})
    print(
        f"gate: {name}: {'ok' if code == 0 else f'FAILED ({code})'} in {time.monotonic() - started:.0f} s", flush=True
    )
    return code == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
