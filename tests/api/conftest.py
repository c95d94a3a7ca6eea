"""A real application on the test database, served over real HTTP by uvicorn in a thread, and callers with keys to ask it."""

from __future__ import annotations

import io
import shutil
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import SecretStr

from registry.api import logs
from registry.cli.connections import Connection
from registry.client.api import RegistryClient
from registry.core.callers import CallerKind, Scope
from registry.demo import pki
from registry.services import callers
from registry.services.world import World
from registry.settings import Settings
from registry.storage import key_files
from registry.web.app import create_app
from tests.conftest import Urls


@cache
def key_of(caller_id: str) -> pki.PrivateKey:
    """The caller's key, the same one each time."""
    return pki.new_key("p256")


@dataclass
class Registry:
    """A registry that answers at `base_url`. `world` is a second process's view of the same database."""

    base_url: str
    world: World
    settings: Settings
    clients: list[RegistryClient] = field(default_factory=list)

    async def caller(
        self, caller_id: str, *scopes: Scope, units: frozenset[str] = frozenset(), **more: Any
    ) -> RegistryClient:
        """Register a caller with these scopes (office unless it only submits) and give its client."""
        kind = CallerKind.VENDOR if set(scopes) == {Scope.SUBMIT} else CallerKind.OFFICE
        public = key_of(caller_id).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        purposes = frozenset({"admission", "admission-by-record"} if Scope.VERIFY in scopes else ())
        new = callers.NewCaller(
            caller_id, kind, caller_id, frozenset(scopes), purposes, units, callers.read_public_key(public, "k1")
        )
        await callers.register(self.world, new, datetime.now(UTC) - timedelta(hours=1))
        return self.client(caller_id, **more)

    def client(self, caller_id: str, **more: Any) -> RegistryClient:
        """A client of a caller; `key` and `key_id` may be another one's."""
        key, key_id = more.pop("key", key_of(caller_id)), more.pop("key_id", "k1")
        issuer = more.pop("issuer", self.settings.issuer)
        made = RegistryClient(self.base_url, caller_id, key, key_id, issuer=issuer, **more)
        self.clients.append(made)
        return made


@pytest.fixture
async def registry(world: World, database_urls: Urls, anyio_backend: str) -> AsyncIterator[Registry]:
    """A registry with nothing in it, at a free port; its register is never older than the test's last change."""
    state = Path(tempfile.mkdtemp(prefix="reg-api-"))
    settings = Settings(
        database_url=SecretStr(database_urls.service),
        state_dir=state,
        issuer="http://registry.test",
        tokens_per_minute=10_000,
    )
    key_files.create(make_parent(settings.sealing_key_path), bytes(range(32)))
    with served(settings) as base_url:
        opened = Registry(base_url, world, settings)
        try:
            yield opened
        finally:
            for client in opened.clients:
                await client.close()
    shutil.rmtree(state)


def make_parent(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


@contextmanager
def served(settings: Settings, port: int = 0) -> Iterator[str]:
    """The application of these settings on 127.0.0.1 (0: a free port), in a thread of its own; yields its address."""
    config = uvicorn.Config(
        create_app(settings),
        port=port,
        http=Connection,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=5,  # a test that failed may have left requests under way
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 30
    while not server.started:
        assert thread.is_alive(), "the application did not start"
        assert time.monotonic() < deadline, "the application did not start within 30 s"
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive(), "the application did not end within 20 s"


@pytest.fixture
def log_text(registry: Registry) -> Iterator[io.StringIO]:
    """Every line the registry writes to its standard output from here on."""
    assert registry.base_url, "the application is there, and configured its logs"
    text = io.StringIO()
    with redirect_stdout(text):
        logs.configure("INFO")
    yield text
    logs.configure("INFO")


@pytest.fixture
async def http(registry: Registry) -> AsyncIterator[httpx.AsyncClient]:
    """A plain HTTP client of the registry, without any token."""
    async with httpx.AsyncClient(base_url=registry.base_url, timeout=30) as opened:
        yield opened
