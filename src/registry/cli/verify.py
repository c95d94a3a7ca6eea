"""`registry verify`: what a receiver of a signed answer, or of a paper with a QR, does offline."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console

from registry.cli import reach, verify_qr
from registry.core.answer_keys import Period
from registry.services import answer_keys

_out = Console()
_WRONG, _EXPIRED, _NO_KEYS = 1, 3, 4
_SECONDS, _LARGEST_SET = 10, 1_000_000
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


def verify(
    answer: Annotated[
        str | None, typer.Argument(help="The answer itself, a file with it, or - for standard input.")
    ] = None,
    qr: Annotated[
        str | None,
        typer.Option("--qr", help="Instead of an answer: the text that a phone reads from the QR of an extract."),
    ] = None,
    jwks: Annotated[
        str | None,
        typer.Option(
            "--jwks",
            "--keys",
            help="Key set: a file, or an https address. For an answer, without it: the keys of the registry on this machine. "
            "For a QR: the file saved from /.well-known/jwks.json or /.well-known/extract-keys.json.",
        ),
    ] = None,
    nonce: Annotated[str | None, typer.Option(help="The nonce that was sent with the question.")] = None,
    audience: Annotated[str | None, typer.Option(help="The caller id that asked.")] = None,
    issuer: Annotated[
        str | None, typer.Option(help="The registry's address, as agreed; with --qr: where the QR must lead.")
    ] = None,
    at: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%dT%H:%M:%S%z"], help="As at this moment; default: now.")
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="The result of a batch, for the signed answer over it."),
    ] = None,
    blind: Annotated[
        str | None,
        typer.Option(
            help="The blind that was sent with a question by personal number, which is asked for then: is it about that one?"
        ),
    ] = None,
    school: Annotated[str | None, typer.Option(help="With --qr: the school's name as the paper has it.")] = None,
    school_year: Annotated[str | None, typer.Option(help="With --qr: the school year as the paper has it.")] = None,
    grade: Annotated[str | None, typer.Option(help="With --qr: the grade as the paper has it.")] = None,
    result: Annotated[str | None, typer.Option(help="With --qr: the line with the year's result.")] = None,
    code: Annotated[str | None, typer.Option(help="With --qr: the verification code as the paper has it.")] = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Check a signed answer of a registry, or the QR of an extract, offline, against its published keys.

    Exit code: 0 good, 1 not to be relied upon (altered, another key, issuer, audience or nonce, about another number, or no answer at all), 3 genuine
    but expired, 4 the key set can't be had.
    """
    if file is not None and answer is None:
        raise typer.BadParameter("with the signed answer over it", param_hint="--file")
    if answer is not None and qr is None:
        signed = None if file is None else sha256(file.read_bytes()).digest()
        about = None if blind is None else _about_number(blind)
        _verify_answer(answer, jwks, answer_keys.Receiver(issuer, audience, nonce, signed, about), at, json_output)
    elif qr is not None and answer is None:
        on_paper = {"school_name": school, "school_year": school_year, "grade": grade, "result": result, "code": code}
        _verify_qr(qr, jwks, on_paper, issuer, json_output)
    else:
        raise typer.BadParameter("either an answer or --qr")


def _about_number(blind: str) -> str:
    """The number is typed, and never an argument: these stand in the shell's history and in the list of processes."""
    number = typer.prompt("Số định danh cá nhân / Personal number", hide_input=True, err=True)
    return answer_keys.about_number(blind, str(number).strip())


def _verify_qr(
    qr: str, jwks: str | None, on_paper: dict[str, str | None], issuer: str | None, json_output: bool
) -> None:
    if jwks is None:
        raise typer.BadParameter("--qr needs --keys")
    if not verify_qr.check(qr, Path(jwks), on_paper, issuer, as_json=json_output):
        raise typer.Exit(_WRONG)


def _verify_answer(
    answer: str, jwks: str | None, receiver: answer_keys.Receiver, at: datetime | None, json_output: bool
) -> None:
    token = _token(answer)
    keys = _keys(jwks)
    checked = answer_keys.check(token, keys, receiver, at or datetime.now(UTC))
    slugs = [finding.code.slug for finding in checked.findings]
    if json_output:
        shown = {"good": checked.good, "codes": slugs, "kid": checked.key_id, "answer": checked.claims}
        typer.echo(json.dumps(shown, ensure_ascii=False))
    else:
        _show(
            checked.claims, [(f.code.slug, f.code.title_vi, f.code.title_en, f.code.fix_en) for f in checked.findings]
        )
    if not checked.good:
        raise typer.Exit(_EXPIRED if answer_keys.findings_only_expired(checked.findings) else _WRONG)


def _token(answer: str) -> str:
    if answer == "-":
        return sys.stdin.read()
    try:
        path = Path(answer)
        return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else answer
    except OSError:
        return answer  # far longer than a file's name may be


def _keys(source: str | None) -> tuple[Period, ...]:
    if source is None:
        return reach.run(answer_keys.listed)
    try:
        return answer_keys.read_key_set(_fetched(source) if "://" in source else Path(source).read_bytes())
    except (OSError, ValueError, httpx.HTTPError) as error:
        sentence = (
            f"the key set can't be had from {source} ({type(error).__name__}): --jwks takes a file with the registry's "
        )
        sentence += "/.well-known/jwks.json, or its https address"
        reach.errors.print(sentence, style="red", markup=False)
        raise typer.Exit(_NO_KEYS) from error


def _fetched(address: str) -> bytes:
    """Who answers in the place of the registry would decide what is genuine: over TLS, or from this machine."""
    url = httpx.URL(address)
    if url.scheme != "https" and not (url.scheme == "http" and url.host in _LOCAL):
        raise ValueError("an https address")
    with httpx.stream("GET", url, timeout=_SECONDS, follow_redirects=False) as response:
        response.raise_for_status()
        raw = bytearray()
        for chunk in response.iter_bytes():
            raw += chunk
            if len(raw) > _LARGEST_SET:
                raise ValueError("a key set is smaller")
    return bytes(raw)


def _show(claims: Any, wrong: list[tuple[str, str, str, str]]) -> None:
    for slug, vietnamese, english, fix in wrong:
        _out.print(f"[red]{slug}[/red]: {vietnamese} / {english}. {fix}")
    if claims is not None:
        _out.print_json(data=claims)
    if not wrong:
        _out.print("[green]Trả lời là thật và còn hạn / The answer is genuine and in force.[/green]")
