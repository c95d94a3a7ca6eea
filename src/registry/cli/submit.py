"""`registry sign` and `registry submit`: what a vendor does with key files, from the command line."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import httpx
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from registry.cli.tables import Table
from registry.client import api, signing

_out = Console()
_errors = Console(stderr=True)


class Form(StrEnum):
    """Syntax of a signed file."""

    JSON = "json"
    XML = "xml"


_SIGN = {Form.JSON: signing.sign_transcript, Form.XML: signing.sign_transcript_xml}


def sign(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="The transcript (JSON, or its XML record).")
    ],
    keys: Annotated[
        list[Path],
        typer.Option("--key", exists=True, help="Private key (PEM): teacher, principal, seal, in this order."),
    ],
    chains: Annotated[
        list[Path],
        typer.Option("--chain", exists=True, help="Certificate chain (PEM, signer's first) of each key, same order."),
    ],
    form: Annotated[Form, typer.Option("--format", help="Syntax of the signed file.")] = Form.JSON,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Where to write; default FILE with .jose.json or .signed.xml.")
    ] = None,
) -> None:
    """Sign a transcript with key files, each signature over everything before it."""
    if len(keys) != len(chains):
        raise typer.BadParameter("as many --chain as --key", param_hint="--chain")
    try:
        signers = [signing.KeyFiles(key, chain).load() for key, chain in zip(keys, chains, strict=True)]
    except ValueError as error:
        _errors.print(f"[red]{error}[/red]")
        raise typer.Exit(1) from error
    now, transcript = datetime.now(UTC), file.read_bytes()
    if form is Form.JSON and transcript.lstrip()[:1] == b"<":
        raise typer.BadParameter("a record in XML is signed as xml", param_hint="--format")
    try:
        envelope = _SIGN[form](transcript, signers, [now] * len(signers))
    except ValueError as error:
        _errors.print(f"[red]{file}: {error}[/red]")
        raise typer.Exit(1) from error
    target = output or file.with_suffix(".signed.xml" if form is Form.XML else ".jose.json")
    target.write_bytes(envelope)
    _out.print(f"{target}: {len(signers)} signatures, {len(envelope)} bytes")


def submit(
    files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, help="Signed transcripts.")],
    url: Annotated[str, typer.Option(envvar="REGISTRY_URL", help="The registry's address.")],
    caller: Annotated[str, typer.Option(envvar="REGISTRY_CALLER", help="Your caller id.")],
    key: Annotated[Path, typer.Option(envvar="REGISTRY_KEY", exists=True, help="Your private API key (PEM).")],
    key_id: Annotated[str, typer.Option(envvar="REGISTRY_KEY_ID", help="The id under which the key is registered.")],
    issuer: Annotated[
        str | None, typer.Option(help="The registry's issuer name, when it differs from its address.")
    ] = None,
    connections: Annotated[int, typer.Option(min=1, max=64, help="Submissions under way at once.")] = 8,
    json_output: Annotated[bool, typer.Option("--json", help="One JSON line per file.")] = False,
) -> None:
    """Submit signed transcripts; shows a table of outcomes.

    Sending a file again is safe: the same bytes give the same receipt. Exit code: 0 all accepted, 3 some held, 1 some
    refused or not delivered.
    """
    try:
        private = signing.load_private_key(key)
    except ValueError as error:
        _errors.print(f"[red]{error}[/red]")
        raise typer.Exit(1) from error
    client = api.RegistryClient(url, caller, private, key_id, issuer=issuer, connections=connections)
    results = asyncio.run(_submit_all(client, files, connections))
    if json_output:
        for file, result in zip(files, results, strict=True):
            typer.echo(json.dumps({"file": str(file), "status": result.status, **result.body}, ensure_ascii=False))
    else:
        _print(files, results)
    outcomes = {result.outcome for result in results}
    raise typer.Exit(0 if outcomes <= {"accepted"} else 3 if outcomes <= {"accepted", "held"} else 1)


async def _submit_all(client: api.RegistryClient, files: list[Path], connections: int) -> list[api.Result]:
    room = asyncio.Semaphore(connections)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=_errors, disable=not _errors.is_terminal) as progress:
        task = progress.add_task("submitting", total=len(files))

        async def one(file: Path) -> api.Result:
            async with room:
                try:
                    return await client.submit(await asyncio.to_thread(file.read_bytes))
                except (httpx.HTTPError, OSError) as error:
                    return api.Result(0, {"outcome": "error", "errors": [], "detail": undelivered(error)})
                finally:
                    progress.advance(task)

        async with client:
            return await asyncio.gather(*(one(file) for file in files))


def undelivered(error: Exception) -> str:
    """Why nothing was delivered, in a sentence: what the registry said of the access token, or what stood in the way."""
    if not isinstance(error, httpx.HTTPStatusError):
        return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    try:
        said = error.response.json()["errors"][0]
        return f"no access token: {said['code']}. {said['en']['fix']}"
    except (ValueError, LookupError, TypeError):
        return f"no access token: the address answered with status {error.response.status_code}"


def _print(files: list[Path], results: list[api.Result]) -> None:
    table = Table("file", "status", "outcome", "codes")
    colours = {"accepted": "green", "held": "yellow", "refused": "red"}
    for file, result in zip(files, results, strict=True):
        colour = colours.get(result.outcome, "red")
        shown = ", ".join(dict.fromkeys(result.codes)) or str(result.body.get("detail", ""))
        table.add_row(file.name, str(result.status), f"[{colour}]{result.outcome}[/{colour}]", shown)
    _out.print(table)
    counted = Counter(result.outcome for result in results)
    _out.print(", ".join(f"{count} {outcome}" for outcome, count in counted.items()))
