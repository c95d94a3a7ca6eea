"""`registry batch`: an office hands in a file of questions, sees where it stands, and takes result and signature."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console

from registry.cli.submit import undelivered
from registry.client import api, signing
from registry.core.batches import Form

app = typer.Typer(
    no_args_is_help=True, help="Batches: up to 10,000 questions of an office in one file, answered in the background."
)
_errors = Console(stderr=True)
_TYPES = {".ndjson": "application/x-ndjson", ".jsonl": "application/x-ndjson",
          ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}  # fmt: skip
_UNFINISHED = 3
_EVERY_SECONDS = 2.0

Url = Annotated[str, typer.Option(envvar="REGISTRY_URL", help="The registry's address.")]
CallerId = Annotated[str, typer.Option("--caller", envvar="REGISTRY_CALLER", help="Your caller id.")]
Key = Annotated[Path, typer.Option(envvar="REGISTRY_KEY", exists=True, help="Your private API key (PEM).")]
KeyId = Annotated[str, typer.Option(envvar="REGISTRY_KEY_ID", help="The id under which the key is registered.")]
Issuer = Annotated[str | None, typer.Option(help="The registry's issuer name, when it differs from its address.")]
BatchId = Annotated[str, typer.Argument(help="The id that was answered when the file was sent.")]


@app.command()
def submit(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Questions: .ndjson, .jsonl or .xlsx.")],
    url: Url,
    caller: CallerId,
    key: Key,
    key_id: KeyId,
    issuer: Issuer = None,
    result: Annotated[Form | None, typer.Option(help="Form of the result; default: that of the questions.")] = None,
) -> None:
    """Hand in a file of questions and print its batch. Sending the same file again gives the same batch.

    Exit code: 0 taken, 1 refused or not delivered.
    """
    media_type = _TYPES.get(file.suffix.lower())
    if media_type is None:
        raise typer.BadParameter("a name that ends with " + ", ".join(_TYPES), param_hint="FILE")
    raw = file.read_bytes()
    again = sha256(f"{result} {media_type}".encode() + sha256(raw).digest()).hexdigest()
    wanted = result.value if result is not None else None
    answer = _use(url, caller, key, key_id, issuer, lambda client: client.submit_batch(raw, media_type, again, wanted))
    _print(answer)
    raise typer.Exit(0 if answer.status in {200, 202} else 1)


@app.command()
def status(
    batch_id: BatchId,
    url: Url,
    caller: CallerId,
    key: Key,
    key_id: KeyId,
    issuer: Issuer = None,
    wait: Annotated[bool, typer.Option("--wait", help="Until it is finished.")] = False,
) -> None:
    """Print where a batch stands. Exit code: 0 done, 3 not finished, 1 failed, expired or unknown."""

    async def use(client: api.RegistryClient) -> api.Result:
        while True:
            found = await client.batch(batch_id)
            if not wait or found.body.get("state") not in {"queued", "running"}:
                return found
            await asyncio.sleep(_EVERY_SECONDS)

    answer = _use(url, caller, key, key_id, issuer, use)
    _print(answer)
    raise typer.Exit({"done": 0, "queued": _UNFINISHED, "running": _UNFINISHED}.get(answer.body.get("state", ""), 1))


@app.command()
def result(
    batch_id: BatchId,
    out: Annotated[Path, typer.Option("--out", "-o", help="Where the result goes.")],
    url: Url,
    caller: CallerId,
    key: Key,
    key_id: KeyId,
    issuer: Issuer = None,
    signature: Annotated[
        Path | None,
        typer.Option(help="Where the signed answer goes: `registry verify SIGNATURE --file RESULT` checks it."),
    ] = None,
) -> None:
    """Fetch the result of a finished batch. Exit code: 0 fetched, 1 not there."""

    async def use(client: api.RegistryClient) -> tuple[api.Result, bytes, str]:
        answer, raw = await client.batch_result(batch_id)
        good = answer.status == httpx.codes.OK and signature is not None
        return answer, raw, (await client.batch_signature(batch_id)).signed if good else ""

    answer, raw, signed = _use(url, caller, key, key_id, issuer, use)
    if answer.status != httpx.codes.OK:
        _print(answer)
        raise typer.Exit(1)
    out.touch(mode=0o600)  # answers about people are for whoever fetches them
    out.write_bytes(raw)
    if signature is not None:
        signature.write_text(signed, encoding="ascii")
    typer.echo(json.dumps({"file": str(out), "size": len(raw), "sha256": sha256(raw).hexdigest()}))


@app.command()
def delete(batch_id: BatchId, url: Url, caller: CallerId, key: Key, key_id: KeyId, issuer: Issuer = None) -> None:
    """Delete a batch with its questions and answers. Exit code: 0 deleted, 1 not there."""
    answer = _use(url, caller, key, key_id, issuer, lambda client: client.delete_batch(batch_id))
    if answer.status != httpx.codes.NO_CONTENT:
        _print(answer)
        raise typer.Exit(1)


def _use(
    url: str,
    caller: str,
    key: Path,
    key_id: str,
    issuer: str | None,
    use: Callable[[api.RegistryClient], Awaitable[Any]],
) -> Any:
    async def inside() -> Any:
        async with api.RegistryClient(url, caller, signing.load_private_key(key), key_id, issuer=issuer) as client:
            return await use(client)

    try:
        return asyncio.run(inside())
    except (httpx.HTTPError, ValueError) as error:
        _errors.print(f"not delivered: {undelivered(error)}", style="red", markup=False)
        raise typer.Exit(1) from error


def _print(answer: api.Result) -> None:
    typer.echo(json.dumps({"status": answer.status, **answer.body}, ensure_ascii=False, indent=1))
