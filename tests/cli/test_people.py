"""`registry person` on a real database: who may sign in, from the first day to the last; who saw names."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from registry.cli import people
from registry.core.callers import CallerKind, Scope
from registry.core.people import Person
from registry.services import name_views, sessions, sign_in, units
from registry.services.world import World
from tests import small_city
from tests.conftest import Urls

pytestmark = pytest.mark.anyio
Run = Callable[..., Any]
LONG_AGO = datetime(2026, 11, 23, tzinfo=UTC)
ADD = ("add", "ha", "--name", "Cán bộ Hà", "--unit", "district:771", "--scope", "completeness")


@pytest.fixture
async def run(world: World, database_urls: Urls, tmp_path: Path) -> Run:
    """Run one command to its end on a database with the city's map, whose sealing key is the test's."""
    await units.import_builtin(world, "hcmc-2025", LONG_AGO)
    key = tmp_path / "sealing.key"
    key.write_bytes(bytes(range(32)))
    key.chmod(0o600)
    env = {
        "DATABASE_URL": database_urls.owner,
        "REGISTRY_STATE_DIR": str(tmp_path / "state"),
        "REGISTRY_SEALING_KEY_FILE": str(key),
        "REGISTRY_ISSUER": "http://127.0.0.1:8000",
    }

    async def once(*arguments: str, **more: str) -> Result:
        return await asyncio.to_thread(CliRunner(env={**env, **more}).invoke, people.app, list(arguments))

    return once


async def done(run: Run, *arguments: str, **more: str) -> str:
    answer = await run(*arguments, **more)
    assert answer.exit_code == 0, answer.output
    return str(answer.stdout)


async def test_a_person_from_the_first_day_to_the_last(run: Run, world: World) -> None:
    await done(run, *ADD, "--names")
    provider = {"REGISTRY_OIDC_ISSUER": "https://login.example"}
    await done(run, "login", "ha", "0001", **provider)
    (row,) = json.loads(await done(run, "list", "--json"))
    assert row == {
        "person_id": "ha", "name": "Cán bộ Hà", "scopes": ["completeness"], "names": True, "units": ["district:771"],
        "logins": ["0001"],
    }  # fmt: skip
    address = (await done(run, "link", "ha")).strip()
    assert address.startswith("http://127.0.0.1:8000/sign-in?link=")
    await sign_in.by_link(world, address.partition("link=")[2], datetime.now(UTC))
    await done(run, "rights", "ha", "--scope", "operate", "--no-names")
    (row,) = json.loads(await done(run, "list", "--json"))
    assert (row["scopes"], row["names"]) == (["operate"], False)
    assert "1 sessions ended" in await done(run, "sign-out", "ha")
    await done(run, "close", "ha")
    assert json.loads(await done(run, "list", "--json")) == []
    assert await sessions.end_all(world, "ha", datetime.now(UTC)) == 0


WRONG = [
    (("login", "ha", "0002"), "REGISTRY_OIDC_ISSUER"),
    (ADD, "is taken"),
    (("add", "Hà", *ADD[2:]), "small letters"),
    (("add", "lan", *ADD[2:4], "--unit", "district:nowhere", "--scope", "completeness"), "not on the map"),
    (("add", "lan", *ADD[2:6], "--scope", "submit"), "for systems"),
    (("rights", "nobody", "--scope", "operate"), "no open person"),
    (("link", "nobody"), "no open person"),
    (("close", "nobody"), "no open person"),
]


async def test_what_can_not_be_done_is_said_and_changes_nothing(run: Run) -> None:
    await done(run, *ADD)
    before = await done(run, "list", "--json")
    for arguments, sentence in WRONG:
        answer = await run(*arguments)
        assert answer.exit_code == 1, arguments
        assert sentence in answer.stderr, arguments
    assert await done(run, "list", "--json") == before


async def test_who_saw_names(run: Run, world: World) -> None:
    await done(run, *ADD, "--names")
    person = Person("ha", "Cán bộ Hà", frozenset({Scope.COMPLETENESS}), True, frozenset({"district:771"}))
    screen = name_views.Screen("school", "school:79771101", "2023-2024")
    await name_views.note(world, person, screen, 3, LONG_AGO)
    office = small_city.vendor(caller_id="office")
    assert office.kind is CallerKind.VENDOR
    await name_views.note_caller(world, office, screen, 2, LONG_AGO.replace(hour=1))
    lines = [line.split("\t")[1:] for line in (await done(run, "views")).splitlines()]
    assert lines == [[who, "school", "school:79771101", "2023-2024", n] for who, n in (("office", "2"), ("ha", "3"))]
    assert (await done(run, "views", "ha")).count("\n") == 1
