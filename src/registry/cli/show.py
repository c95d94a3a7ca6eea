"""`registry settings` and `registry migrate`: small commands about the service itself."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from pydantic import SecretStr
from rich.console import Console

from registry.cli import reach
from registry.cli.tables import Table
from registry.settings import Settings
from registry.storage import migrating

_out = Console()


def settings(json_output: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False) -> None:
    """List every setting with its value and meaning; secrets are not shown."""
    present = Settings()
    rows = {name: _shown(getattr(present, name)) for name in Settings.model_fields}
    if json_output:
        typer.echo(json.dumps(rows))
        return
    table = Table("environment variable", "value", "meaning")
    for name, field in Settings.model_fields.items():
        table.add_row(_variable(name), rows[name], field.description or "")
    _out.print(table)


def _variable(name: str) -> str:
    own = {"database_url": "DATABASE_URL", "owner_database_url": "DATABASE_OWNER_URL", "pg_bindir": "PG_BINDIR"}
    return own.get(name, f"REGISTRY_{name.upper()}")


def _shown(value: object) -> str:
    if isinstance(value, SecretStr):
        return "(set)"
    return "" if value is None else str(value)


def migrate() -> None:
    """Bring the database to this version's schema (the service does it at start by itself)."""

    async def at_newest(_world: object) -> str:
        return migrating.newest()

    _out.print(f"schema at revision {reach.run(at_newest)}")
