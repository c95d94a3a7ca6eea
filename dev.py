#!/usr/bin/env python3
"""The one command of a fresh checkout: makes `.venv` from the committed lock, then hands over to the program asked for.

    python3 dev.py demo [options]       a whole registry with a made-up city, on this machine, from nothing
    python3 dev.py test [options]       the gate: what must pass before a change is merged
    python3 dev.py registry ARGS...     the service's own command line (try: python3 dev.py registry --help)

Needs Python 3.11 or newer and, the first time, a network; not pip, not ensurepip, not PostgreSQL, not Docker, not root.
Packages come from wherever this machine's pip is set to look (pip.conf, PIP_INDEX_URL, PIP_PROXY, ...), and are installed
only if their hash is in requirements.lock. The environment is made anew when the lock or the Python version has changed.
Deleting the directory .venv is always safe.
"""

# Standard library only, and no syntax newer than Python 3.8 until the version has been checked.
from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
import venv
from pathlib import Path
from typing import NoReturn

OLDEST = (3, 11)
ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
STAMP = VENV / "dev-stamp"
LOCK = ROOT / "requirements.lock"
PIP = ROOT / "bootstrap" / "pip-26.3-py3-none-any.whl"
PIP_SHA256 = "f3b60b20ffaadd4415ed7957212a38ac63fa4c5fa375bd0f4a797777940fad13"
PROGRAMS = {"demo": ["registry", "demo"], "test": ["python", "tests/gate.py"], "registry": ["registry"]}


def main(arguments: list[str]) -> int:
    """Exit code when there is nothing to hand over to; else this process becomes the program asked for."""
    if not arguments or arguments[0] in {"-h", "--help", "help"}:
        print((__doc__ or "").strip())
        return 0
    if arguments[0] not in PROGRAMS:
        return complain(
            f"{arguments[0]!r} is not one of {', '.join(PROGRAMS)}; python3 dev.py --help says what they do"
        )
    if sys.version_info < OLDEST:
        return complain(too_old())
    if os.name != "posix":
        return complain("Linux and macOS only; on Windows use WSL")
    try:
        prepare()
    except FailedError as failure:
        return complain(str(failure))
    except KeyboardInterrupt:
        complain("interrupted; the same command starts over")
        return 130
    return hand_over(PROGRAMS[arguments[0]], arguments[1:])


def hand_over(command: list[str], arguments: list[str]) -> NoReturn:
    """Become a program of `.venv`; the caller's working directory stays.

    Compiled modules are kept in `.venv` whatever the caller's Python settings say: without them every process that starts,
    and a demo starts ten, would compile all packages anew (six seconds instead of one).
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(VENV / "pycache")
    program = str(VENV / "bin" / command[0])
    first = [str(ROOT / part) if part.startswith("tests/") else part for part in command[1:]]
    os.execv(program, [program, *first, *arguments])  # noqa: S606 - no shell is wanted


class FailedError(Exception):
    """The environment can't be made; the message is for the person at the keyboard."""


def prepare() -> None:
    """Return with a complete `.venv` that stays as it is for as long as the program that comes next runs.

    Two locks. The one on the checkout is held while an environment is examined or made: a second dev.py waits for it. The
    one on `.venv` is shared by all programs that run from it (they inherit the descriptor): nothing is deleted under them.
    """
    import fcntl  # not on Windows, where the sentence above must still come out

    checkout = os.open(ROOT, os.O_RDONLY)
    os.set_inheritable(checkout, True)  # by pip: should this process be killed, the lock lasts as long as pip goes on
    try:
        fcntl.flock(checkout, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say("another dev.py is preparing .venv; waiting for it")
        fcntl.flock(checkout, fcntl.LOCK_EX)
    stamp = wanted_stamp()
    if not STAMP.is_file() or STAMP.read_text(encoding="ascii") != stamp:
        remove_old()
        make(stamp)
    in_use = os.open(VENV, os.O_RDONLY)
    fcntl.flock(in_use, fcntl.LOCK_SH)
    os.set_inheritable(in_use, True)
    os.close(checkout)


def wanted_stamp() -> str:
    """What `.venv` must have been made from: the lock, pip, this Python, this place (its scripts name their directory)."""
    digest = hashlib.sha256(LOCK.read_bytes())
    for part in (PIP_SHA256, sys.version, str(ROOT)):
        digest.update(b"\0" + part.encode())
    return digest.hexdigest()


def remove_old() -> None:
    """Clear away an environment that is half-made, out of date or not from here; refuse while something runs from it."""
    import fcntl

    if VENV.is_symlink() or VENV.is_file():
        VENV.unlink()
    if not VENV.exists():
        return
    handle = os.open(VENV, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        say("replacing .venv: it is incomplete, or from another lock, Python or place")
        # The stamp goes first: killed in the middle of deleting, the rest must not pass for whole.
        STAMP.unlink(missing_ok=True)
        shutil.rmtree(VENV)
    except BlockingIOError:
        raise FailedError(
            "requirements.lock or the Python version has changed, and a program still runs from .venv: stop it first"
        ) from None
    except OSError as error:
        raise FailedError(f".venv can't be replaced ({error}): remove it by hand") from None
    finally:
        os.close(handle)


def make(stamp: str) -> None:
    """A new `.venv` with every package of the lock and this project, editable; the stamp is the last thing written."""
    check_pip()
    lines = LOCK.read_text(encoding="utf-8").splitlines()
    count = sum("==" in line for line in lines if not line.startswith((" ", "#")))
    say(f"first start: installing {count} packages into .venv, about a minute")
    start = time.monotonic()
    try:
        venv.EnvBuilder(with_pip=False, symlinks=True).create(VENV)
    except OSError as error:
        raise FailedError(f".venv can't be made ({error}): the checkout must be writable the first time") from None
    # Compiling is left to the first import: most modules of most packages are never imported.
    install("--require-hashes", "--no-deps", "--no-compile", "-r", str(LOCK))
    # The build back-end is in the lock too, so nothing is fetched for this one.
    install("--no-deps", "--no-build-isolation", "--no-index", "-e", str(ROOT))
    STAMP.write_text(stamp, encoding="ascii")
    say(f"ready after {time.monotonic() - start:.0f} s")


def check_pip() -> None:
    """Refuse a vendored pip that isn't byte for byte the one named above."""
    try:
        found = hashlib.sha256(PIP.read_bytes()).hexdigest()
    except OSError as error:
        raise FailedError(
            f"the vendored pip can't be read ({error}): restore it with git checkout -- bootstrap"
        ) from None
    if found != PIP_SHA256:
        raise FailedError(
            f"{PIP.relative_to(ROOT)} is not the pip that belongs here (SHA-256 {found}): restore it from git"
        )


def install(*what: str) -> None:
    """Run the vendored pip inside `.venv`; on a terminal its progress shows, elsewhere only errors."""
    how = [] if sys.stdout.isatty() else ["-qq", "--progress-bar=off"]
    command = [str(VENV / "bin" / "python"), str(PIP / "pip"), "install", *how]
    # A pip.conf with `user = true` would install outside of .venv.
    command += ["--no-user", "--no-input", "--disable-pip-version-check", "--root-user-action=ignore", *what]
    environment = {name: value for name, value in os.environ.items() if name not in {"PYTHONHOME", "PYTHONPATH"}}
    done = subprocess.run(command, env=environment, cwd=ROOT, close_fds=False, check=False)  # noqa: S603 - our own words
    if done.returncode != 0:
        raise FailedError(
            "installing did not go through; pip's own lines above say why. The first start needs a network, or a package "
            "mirror or proxy in pip's settings (PIP_INDEX_URL, PIP_PROXY, pip.conf). The same command tries again"
        )


def too_old() -> str:
    """The sentence for an old Python, naming a newer one if this machine has it."""
    newer = next((name for name in ("python3.13", "python3.12", "python3.11") if shutil.which(name)), None)
    this = ".".join(map(str, sys.version_info[:3]))
    hint = (
        f"run: {newer} dev.py ..." if newer else "install a newer one (Debian 12 and Ubuntu 24.04 have it as python3)"
    )
    return f"Python 3.11 or newer is needed, and this is {this}; {hint}"


def say(sentence: str) -> None:
    """On the error output, so that the program's own output can be piped on."""
    print(f"dev.py: {sentence}", file=sys.stderr, flush=True)


def complain(sentence: str) -> int:
    """Say it and give the exit code of failure."""
    say(sentence)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
