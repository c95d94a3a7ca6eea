"""The walk of `openapi/envelope.md`, "A registry of your own", command by command as it stands there."""

from __future__ import annotations

import asyncio
import shlex

import pytest
from typer.testing import CliRunner

from registry.cli.main import app
from tests.api.conftest import Registry
from tests.api.conftest import registry as registry
from tests.conftest import Urls
from tests.openapi.make_example import EXAMPLE, OPENAPI, units

pytestmark = pytest.mark.anyio
ADDRESS = "http://127.0.0.1:8000"


def commands() -> list[list[str]]:
    """The lines between the service's start and the end of the block, without `registry`."""
    page = (OPENAPI / "envelope.md").read_text(encoding="utf-8")
    block = page.split("## A registry of your own")[1].split("```")[1].replace("\\\n", " ")
    lines = [shlex.split(line, comments=True) for line in block.splitlines()]
    return [line[1:] for line in lines if line[:1] == ["registry"] and line[1] != "serve"]


def test_the_map_is_what_the_maker_makes() -> None:
    assert (EXAMPLE / "units.csv").read_bytes() == units()


async def test_the_walk_ends_with_an_accepted_transcript(registry: Registry, database_urls: Urls) -> None:
    settings, walked = registry.settings, commands()
    env = {"DATABASE_URL": database_urls.owner, "REGISTRY_STATE_DIR": str(settings.state_dir)}
    assert [line[0] for line in walked] == ["unit", "trust", "trust", "caller", "submit"]
    for line in walked:
        arguments = [str(OPENAPI.parent / word) if word.startswith("openapi/") else word for word in line]
        if line[0] == "submit":  # the registry of the test has a name that is not its address
            arguments[arguments.index(ADDRESS)] = registry.base_url
            arguments += ["--issuer", settings.issuer]
        result = await asyncio.to_thread(CliRunner(env=env).invoke, app, arguments)
        assert result.exit_code == 0, (line, result.output)
    assert "201" in result.output
