"""`registry caller`: vendors and offices, their scopes, units and public keys. Private keys never come here."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import typer
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from rich.console import Console

from registry.cli import reach
from registry.cli.tables import Table
from registry.core.callers import Caller, CallerKey, CallerKind, Scope
from registry.services import callers
from registry.services.world import World
from registry.storage import key_files

T = TypeVar("T")
app = typer.Typer(help="Vendors and offices: who may call, for what, for whom, with which keys.", no_args_is_help=True)
_out = Console()

_CallerId = Annotated[
    str, typer.Argument(help="Small letters, digits, dots, hyphens, underscores; never given out twice.")
]
_KeyFile = Annotated[
    Path, typer.Argument(exists=True, dir_okay=False, help="Public key: PEM or DER; P-256, Ed25519 or RSA.")
]
_KeyId = Annotated[str | None, typer.Option("--key-id", help="Name of the key (`kid`); default: made from the key.")]
_Json = Annotated[bool, typer.Option("--json", help="Print as JSON.")]


@app.command()
def add(
    caller_id: _CallerId,
    kind: Annotated[CallerKind, typer.Option(help="A vendor submits for its schools, an office asks about its units.")],
    scope: Annotated[list[Scope], typer.Option(help="What it may ask for; repeat for several.")],
    name: Annotated[str | None, typer.Option(help="Its name for people; default: the id.")] = None,
    purpose: Annotated[list[str] | None, typer.Option(help="Purposes of verifications; repeat for several.")] = None,
    unit: Annotated[
        list[str] | None, typer.Option(help="city:79, district:..., commune:... or school:...; repeat.")
    ] = None,
    key: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="Its first public key.")] = None,
    key_id: _KeyId = None,
    counts_with: Annotated[
        str | None, typer.Option(help="Another system of the same office, registered before: they share all limits.")
    ] = None,
) -> None:
    """Register a caller."""
    first = None if key is None else _read_key(key, key_id)
    new = callers.NewCaller(
        caller_id,
        kind,
        name or caller_id,
        frozenset(scope),
        frozenset(purpose or ()),
        frozenset(unit or ()),
        first,
        counts_with,
    )
    _change(lambda world: callers.register(world, new, datetime.now(UTC)))
    typer.echo(f"{caller_id} is registered" + (f", key {first.key_id}" if first else ", without a key yet"))


@app.command()
def key(caller_id: _CallerId, file: _KeyFile, key_id: _KeyId = None) -> None:
    """Add a public key, so that a caller can change keys without a gap."""
    new = _read_key(file, key_id)
    _change(lambda world: callers.add_key(world, caller_id, new, datetime.now(UTC)))
    typer.echo(f"{caller_id} has the key {new.key_id}")


@app.command("close-key")
def close_key(caller_id: _CallerId, key_id: Annotated[str, typer.Argument(help="Name of the key.")]) -> None:
    """Close one key for ever. Tokens got with it last ten minutes at most."""
    _change(lambda world: callers.close_key(world, caller_id, key_id, datetime.now(UTC)))
    typer.echo(f"{caller_id}: the key {key_id} is closed")


@app.command("count-with")
def count_with(
    caller_id: _CallerId, other: Annotated[str, typer.Argument(help="The other system of the same office.")]
) -> None:
    """Let two systems of one office share its limits: of questions a day, about a pupil, of thresholds, of guesses."""
    _change(lambda world: callers.count_with(world, caller_id, other))
    typer.echo(f"{caller_id} counts with {other}")


@app.command()
def units(
    caller_id: _CallerId, unit: Annotated[list[str], typer.Argument(help="city:79, commune:..., school:...")]
) -> None:
    """Let a caller speak for more units."""
    added = _change(lambda world: callers.add_units(world, caller_id, unit, datetime.now(UTC)))
    typer.echo(f"{caller_id}: {added} new of {len(set(unit))}")


@app.command("close-unit")
def close_unit(caller_id: _CallerId, unit: Annotated[str, typer.Argument(help="The unit to take away.")]) -> None:
    """Take a unit from a caller."""
    _change(lambda world: callers.close_unit(world, caller_id, unit, datetime.now(UTC)))
    typer.echo(f"{caller_id} no longer speaks for {unit}")


@app.command()
def close(caller_id: _CallerId) -> None:
    """Close a caller for ever; its tokens stop working within a second."""
    _change(lambda world: callers.close(world, caller_id, datetime.now(UTC)))
    typer.echo(f"{caller_id} is closed")


@app.command("list")
def show(json_output: _Json = False) -> None:
    """Everybody who may call. When piped: one line per caller, columns separated by tabs."""
    found = reach.run(callers.everyone)
    if json_output:
        typer.echo(json.dumps([_row(each) for each in found], ensure_ascii=False))
    elif sys.stdout.isatty():
        _out.print(_table(found))
    else:
        for each in found:
            typer.echo("\t".join(_cells(each)))


@app.command("new-key")
def new_key(
    file: Annotated[Path, typer.Argument(dir_okay=False, help="Where the private key goes; .pub.pem beside it.")],
) -> None:
    """Make a P-256 key pair for a caller: the private key (0600) stays there, the public one goes to the operator."""
    private = ec.generate_private_key(ec.SECP256R1())
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    beside = file.with_name(file.name.removesuffix(".pem") + ".pub.pem")
    try:
        if not key_files.create(file, private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())):
            raise FileExistsError(f"{file} exists and is left as it is")
        beside.write_bytes(public)
    except OSError as error:
        _refuse(str(error))
    typer.echo(
        f"{beside}: give this one to the operator. {file}: keep this one. Key id: {callers.read_public_key(public).key_id}"
    )


def _change(use: Callable[[World], Coroutine[Any, Any, T]]) -> T:
    """Run one change; what can't be done ends with its sentence and exit code 1."""
    try:
        return reach.run(use)
    except callers.NotTakenError as error:
        _refuse(str(error))


def _read_key(file: Path, key_id: str | None) -> CallerKey:
    try:
        return callers.read_public_key(file.read_bytes(), key_id)
    except callers.NotTakenError as error:
        _refuse(f"{file}: {error}")


def _refuse(sentence: str) -> NoReturn:
    reach.errors.print(sentence, style="red", markup=False)
    raise typer.Exit(1)


def _row(caller: Caller) -> dict[str, object]:
    return {
        "caller_id": caller.caller_id,
        "kind": caller.kind.value,
        "name": caller.name,
        "scopes": sorted(caller.scopes),
        "purposes": sorted(caller.purposes),
        "units": sorted(caller.units),
        "schools": len(caller.schools),
        "keys": sorted(caller.keys),
        "counts_with": caller.counts_with or "",
    }


def _cells(caller: Caller) -> list[str]:
    row = _row(caller)
    return [" ".join(value) if isinstance(value, list) else str(value) for value in row.values()]


def _table(found: list[Caller]) -> Table:
    table = Table("id", "kind", "name", "scopes", "purposes", "units", "schools", "keys", "counts with")
    for caller in found:
        cells = _cells(caller)
        if len(caller.units) > 3:
            cells[5] = f"{' '.join(sorted(caller.units)[:3])} … ({len(caller.units)})"
        table.add_row(*cells)
    return table
