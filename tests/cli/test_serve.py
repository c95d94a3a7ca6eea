"""`registry serve` for real: started, asked, killed in the middle of a run, stopped, started again."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import httpx
import psutil
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from registry.cli.service import Service, ServiceError
from registry.client.api import RegistryClient, Result
from registry.core.callers import CallerKind, Scope
from registry.demo import pki
from registry.services import callers, submission, trust
from registry.services.world import World
from registry.storage.database import Database
from registry.storage.embedded import Embedded
from registry.storage.sealing import Sealer, load_key
from tests import small_city

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

KEY = pki.new_key("p256")
VENDOR = "vendor-a"


@pytest.fixture(scope="module")
def state() -> Iterator[Path]:
    directory = Path(tempfile.mkdtemp(prefix="reg-serve-"))
    directory.chmod(0o711)
    yield directory
    shutil.rmtree(directory)


@pytest.fixture(scope="module")
def service(state: Path) -> Iterator[Service]:
    """One service for all tests of this file but the last two, which end it themselves."""
    with Service(state / "one", workers=2) as started:
        asyncio.run(settle(started))
        yield started


async def settle(service: Service) -> None:
    """Schools, trust material as of today, one vendor with a key."""
    now = datetime.now(UTC)
    world = World.of(Database(service.database_url), Sealer(load_key(service.sealing_key_path)))
    try:
        await small_city.settle(world, small_city.small_city(), lists=False)
        report = await trust.import_files(world, small_city.small_city().trust.files(now), now, unlisted_anchors=True)
        assert not report.problems, report.problems
        public = callers.read_public_key(
            KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo), "k1"
        )
        units = frozenset(f"school:{school.code}" for school in small_city.SCHOOLS)
        scopes = frozenset({Scope.SUBMIT})
        new = callers.NewCaller(VENDOR, CallerKind.VENDOR, "A", scopes, frozenset(), units, public)
        await callers.register(world, new, now)
    finally:
        world.judges.close()
        await world.db.close()


def envelopes(first: int, count: int) -> list[bytes]:
    city = small_city.small_city()
    school = small_city.SECONDARY
    return [city.signed(city.document(school, seed), school) for seed in range(first, first + count)]


async def send(service: Service, documents: list[bytes], halfway: Callable[[], None]) -> list[Result]:
    """Submit all over eight connections; `halfway` happens after a third of them was acknowledged."""
    queue, answers = list(documents), list[Result]()
    struck = False

    async def sender() -> None:
        nonlocal struck
        while queue:
            answers.append(await client.submit(queue.pop()))
            if not struck and len(answers) >= len(documents) // 3:
                struck = True
                halfway()

    async with RegistryClient(service.base_url, VENDOR, KEY, "k1", tries=12) as client:
        await asyncio.gather(*(sender() for _ in range(8)))
        assert struck
        assert {answer.status for answer in answers} <= {200, 201}, {(a.status, *a.codes) for a in answers}
        states = await asyncio.gather(*(client.state(answer.body["submission_id"]) for answer in answers))
    assert all(state.outcome == "accepted" for state in states)
    return answers


async def records(service: Service, answers: list[Result]) -> set[str]:
    """Those of the acknowledged records that the database has."""
    connection = await asyncpg.connect(service.database_url.replace("+asyncpg", ""))
    try:
        wanted = [answer.body["receipt"]["record_id"] for answer in answers]
        rows = await connection.fetch("SELECT record_id FROM record WHERE record_id = ANY($1::uuid[])", wanted)
        return {str(row["record_id"]) for row in rows}
    finally:
        await connection.close()


def until(holds: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.05)


def gone(process_id: int) -> bool:
    try:
        return psutil.Process(process_id).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def ready(service: Service) -> bool:
    try:
        return httpx.get(f"{service.base_url}/readyz", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def test_it_answers_and_says_where_its_data_lies(service: Service) -> None:
    with httpx.Client(base_url=service.base_url) as http:
        assert http.get("/healthz").json() == {"status": "alive"}
        assert http.get("/readyz").status_code == 200
        http.get("/.well-known/oauth-authorization-server")
        until(lambda: "http_server_request_duration" in http.get("/metrics").text, 5)
        assert "server" not in http.get("/healthz").headers
    said = (service.state_dir / "service.log").read_text()
    assert f"data in {service.state_dir}/postgres" in said
    assert len(service.worker_pids()) == 2


def test_keys_and_data_are_closed_to_others(service: Service) -> None:
    modes = {name: (service.state_dir / name).stat().st_mode & 0o777 for name in ("keys", "postgres", "metrics")}
    assert modes == {"keys": 0o700, "postgres": 0o700, "metrics": 0o700}
    assert service.sealing_key_path.stat().st_mode & 0o777 == 0o600


def test_the_log_has_no_paths_and_no_queries(service: Service) -> None:
    httpx.get(f"{service.base_url}/v1/079212345678?number=079212345678")
    time.sleep(0.2)
    assert "079212345678" not in (service.state_dir / "service.log").read_text()


async def test_a_killed_worker_loses_no_acknowledged_record_and_is_replaced(service: Service) -> None:
    victim = service.worker_pids()[0]
    answers = await send(service, envelopes(0, 120), lambda: os.kill(victim, signal.SIGKILL))
    assert len(await records(service, answers)) == 120
    until(lambda: len(service.worker_pids()) == 2 and victim not in service.worker_pids(), 40)


async def test_a_killed_database_loses_no_acknowledged_record_and_comes_back(service: Service) -> None:
    process = int((service.state_dir / "postgres" / "pgdata" / "postmaster.pid").read_text().splitlines()[0])
    answers = await send(service, envelopes(1000, 120), lambda: os.kill(process, signal.SIGKILL))
    assert len(await records(service, answers)) == 120
    until(lambda: ready(service), 10)


async def test_held_documents_are_judged_again_by_themselves(service: Service) -> None:
    """The register moves, and the background process notices, also after its connection was lost in the test before."""
    world = World.of(Database(service.database_url), Sealer(load_key(service.sealing_key_path)))
    try:
        async with RegistryClient(service.base_url, VENDOR, KEY, "k1") as client:
            held = await client.submit(document_without_number())
            assert held.outcome == "held"
        await callers.add_units(world, VENDOR, [], datetime.now(UTC))
        async with asyncio.timeout(60):
            while await submission.waiting(world, 1):
                await asyncio.sleep(0.1)
    finally:
        world.judges.close()
        await world.db.close()


def document_without_number() -> bytes:
    """It waits for its number."""
    city = small_city.small_city()
    document = city.document(small_city.SECONDARY, 5000)
    return city.signed({**document, "sodinhdanh": ""}, small_city.SECONDARY)


def test_a_second_one_on_the_same_directory_is_refused(service: Service) -> None:
    assert Service.is_running(service.state_dir, patience=0)
    second = Service(service.state_dir, workers=1)
    with pytest.raises(ServiceError, match="already uses"):
        second.start()


def test_killed_with_nothing_left_and_started_again_on_the_same_directory(service: Service) -> None:
    everything = service.process_ids()
    assert len(everything) > 5
    service.kill()
    until(lambda: all(gone(each) for each in everything), 10)
    assert not Service.is_running(service.state_dir)
    with Service(service.state_dir, workers=1) as again:
        everything = again.process_ids()
        again.stop()
        assert again.exit_code == 0
        until(lambda: all(gone(each) for each in everything), 5)


def test_an_absent_database_means_503_and_recovery_by_itself(state: Path) -> None:
    server = Embedded(state / "elsewhere", fsync=False)
    server.start()
    url = server.url()
    server.stop()
    with Service(state / "two", workers=1, env={"DATABASE_URL": url}, until="/healthz") as service:
        answer = httpx.get(f"{service.base_url}/readyz")
        assert (answer.status_code, answer.json()["missing"]) == (503, "database")
        assert int(answer.headers["retry-after"]) > 0
        form = {"grant_type": "client_credentials", "client_assertion": "a.b.c"}
        form["client_assertion_type"] = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        answer = httpx.post(f"{service.base_url}/oauth/token", data=form)
        assert (answer.status_code, answer.json()["code"]) == (503, "service-database")
        assert int(answer.headers["retry-after"]) > 0
        with server:
            until(lambda: ready(service), 30)
        assert service.is_alive()
