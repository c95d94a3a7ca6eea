"""Commands as an operator at the machine gives them: with the owner's address and the sealing key, on the test's database."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from registry.cli.main import app
from registry.storage import key_files
from tests.conftest import Urls

#: Runs one command to its end; `sent` is what is typed in.
Run = Callable[..., Coroutine[Any, Any, Result]]
#: Commands that all begin with the same words.
Commands = Callable[..., Run]


@pytest.fixture
def commands(database_urls: Urls, tmp_path: Path) -> Commands:
    keys = tmp_path / "state" / "keys"
    keys.mkdir(parents=True, mode=0o700)
    keys.parent.chmod(0o711)
    key_files.create(keys / "sealing.key", bytes(range(32)))
    env = {"DATABASE_URL": database_urls.owner, "REGISTRY_STATE_DIR": str(tmp_path / "state"), "COLUMNS": "200"}

    def beginning(*words: str) -> Run:
        async def run(*arguments: str, sent: str | None = None) -> Result:
            return await asyncio.to_thread(CliRunner(env=env).invoke, app, [*words, *arguments], input=sent)

        return run

    return beginning
