"""The map of the program: every command is there under its own words, and reading the map imports none of them."""

from __future__ import annotations

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from registry.cli import main


@pytest.mark.parametrize("name", main.COMMANDS)
def test_each_command_says_of_itself_what_the_map_says(name: str) -> None:
    command = main.load(name)
    first = (command.help or "").split("\n\n")[0].replace("\n", " ")
    assert first == main.COMMANDS[name].sentence


@pytest.mark.parametrize("name", main.COMMANDS)
def test_each_command_explains_itself(name: str) -> None:
    answered = CliRunner().invoke(main.app, [name, "--help"])
    assert answered.exit_code == 0
    assert f"registry {name}" in answered.output


def test_the_map_imports_no_command() -> None:
    seen = subprocess.run(
        [sys.executable, "-c", "import sys; from registry.cli import main; from typer.testing import CliRunner;"
         "CliRunner().invoke(main.app, ['--help']); print(*sys.modules)"],
        capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    assert not {"fastapi", "sqlalchemy", "asyncpg", "aiohttp", "cryptography"} & set(seen)


def test_an_unknown_command_is_an_error_of_use() -> None:
    assert CliRunner().invoke(main.app, ["sumbit"]).exit_code == 2
