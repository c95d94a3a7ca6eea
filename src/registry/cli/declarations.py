"""`registry declaration`: a school's declaration is checked, signed and submitted (vendor), and shown (operator)."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import httpx
import typer
from rich.console import Console

from registry.cli import reach
from registry.cli.submit import undelivered
from registry.cli.tables import Table
from registry.client import api, signing
from registry.core import ids
from registry.formats import declarations
from registry.services import declaration

app = typer.Typer(no_args_is_help=True, help="Declarations: a school's signed statement that its year is complete.")
_out = Console()
_errors = Console(stderr=True)
_MOST_ROWS = 500


@app.command()
def sign(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The declaration (JSON).")],
    keys: Annotated[
        list[Path], typer.Option("--key", exists=True, help="Private key (PEM): principal, seal, or both.")
    ],
    chains: Annotated[list[Path], typer.Option("--chain", exists=True, help="Certificate chain (PEM) of each key.")],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Default: FILE with .jose.json.")] = None,
) -> None:
    """Check a declaration's fields and sign it with key files. openapi/envelope.md shows one."""
    if len(keys) != len(chains):
        raise typer.BadParameter("as many --chain as --key", param_hint="--chain")
    raw = file.read_bytes()
    if findings := declarations.parse(raw).findings:
        for finding in findings:
            _errors.print(
                f"{finding.code.slug} {finding.pointer}: {finding.detail or finding.code.fix_en}", markup=False
            )
        raise typer.Exit(1)
    try:
        signers = [signing.KeyFiles(key, chain).load() for key, chain in zip(keys, chains, strict=True)]
    except ValueError as error:
        _errors.print(str(error), style="red", markup=False)
        raise typer.Exit(1) from error
    envelope = signing.sign_transcript(raw, signers, [datetime.now(UTC)] * len(signers))
    target = output or file.with_suffix(".jose.json")
    target.write_bytes(envelope)
    _out.print(f"{target}: {len(signers)} signatures, {len(envelope)} bytes")


@app.command()
def submit(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The signed declaration.")],
    url: Annotated[str, typer.Option(envvar="REGISTRY_URL", help="The registry's address.")],
    caller: Annotated[str, typer.Option(envvar="REGISTRY_CALLER", help="Your caller id.")],
    key: Annotated[Path, typer.Option(envvar="REGISTRY_KEY", exists=True, help="Your private API key (PEM).")],
    key_id: Annotated[str, typer.Option(envvar="REGISTRY_KEY_ID", help="The id under which the key is registered.")],
    issuer: Annotated[str | None, typer.Option(help="The registry's issuer name, when it differs.")] = None,
) -> None:
    """Submit a signed declaration and print the answer. Exit code: 0 accepted, 3 held, 1 refused or not delivered."""

    async def use() -> api.Result:
        client = api.RegistryClient(url, caller, signing.load_private_key(key), key_id, issuer=issuer)
        async with client:
            return await client.declare(file.read_bytes())

    try:
        result = asyncio.run(use())
    except (httpx.HTTPError, ValueError) as error:
        _errors.print(f"not delivered: {undelivered(error)}", style="red", markup=False)
        raise typer.Exit(1) from error
    typer.echo(json.dumps({"status": result.status, **result.body}, ensure_ascii=False, indent=1))
    raise typer.Exit({"accepted": 0, "held": 3}.get(result.outcome, 1))


@app.command("list")
def list_declarations(
    unit: Annotated[str, typer.Argument(help="city:79, district:..., commune:..., school:...")],
    school_year: Annotated[str, typer.Argument(help="For example 2025-2026.")],
    json_output: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """What the schools of a unit have declared, the greatest version for each grade."""
    year = ids.SchoolYear.parse(school_year)
    if year is None:
        raise typer.BadParameter("YYYY-YYYY, two consecutive years", param_hint="SCHOOL_YEAR")
    page = reach.run(lambda world: declaration.page(world, None, unit, year, ("", 0), _MOST_ROWS, datetime.now(UTC)))
    if json_output:
        rows = [
            {"school_code": r.school_code, "grade": r.grade, "version": r.version, "expected": r.expected,
             "on_record": r.on_record, "excepted": r.excepted, "accepted_at": r.accepted_at.isoformat()}
            for r in page.rows
        ]  # fmt: skip
        typer.echo(json.dumps({"declarations": rows, "more": page.next is not None}, ensure_ascii=False))
        return
    table = Table("school", "grade", "version", "expected", "on record", "excepted", "accepted")
    for r in page.rows:
        name = f"{page.names[r.school_code]} ({r.school_code})"
        numbers = (r.grade, r.version, r.expected, r.on_record, r.excepted)
        table.add_row(name, *map(str, numbers), f"{r.accepted_at:%Y-%m-%d %H:%M} UTC")
    _out.print(table)
    if page.next is not None:
        _out.print("more: name a smaller unit")
