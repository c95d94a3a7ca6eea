"""`registry verify`: checks without a network what the registry gave out, with the public keys it publishes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from registry.core.findings import Refusal
from registry.formats import qr_text

_out = Console()
_TITLES = {
    "code": "mã xác thực / code",
    "version": "phiên bản / version",
    "school_code": "mã trường / school code",
    "school_name": "trường / school",
    "school_year": "năm học / school year",
    "grade": "khối / grade",
    "initials": "chữ đầu họ tên / initials",
    "birth_year": "năm sinh / born",
    "result": "kết quả / result",
}


def verify(
    qr: Annotated[str, typer.Option("--qr", help="The text that a phone reads from the QR of an extract.")],
    keys: Annotated[
        Path,
        typer.Option(
            "--keys", help="The registry's public keys as a JWK set, saved from /.well-known/extract-keys.json."
        ),
    ],
    school: Annotated[str | None, typer.Option(help="The school's name as the paper has it.")] = None,
    school_year: Annotated[
        str | None, typer.Option("--school-year", help="The school year as the paper has it.")
    ] = None,
    grade: Annotated[str | None, typer.Option(help="The grade as the paper has it.")] = None,
    result: Annotated[str | None, typer.Option(help="The line with the year's result as the paper has it.")] = None,
    code: Annotated[str | None, typer.Option(help="The verification code as the paper has it.")] = None,
) -> None:
    """Check the QR of an extract offline: prints what the registry signed of it; exit code 1 and the altered part otherwise."""
    read = {"school_name": school, "school_year": school_year, "grade": grade, "result": result, "code": code}
    try:
        paper = qr_text.check(qr, _keys(keys))
    except Refusal as refusal:
        for finding in refusal.findings:
            _say_bad(
                f"{finding.code.slug} {finding.pointer}",
                f"{finding.code.title_vi} / {finding.code.title_en}",
                finding.detail,
            )
        raise typer.Exit(1) from None
    wrong = qr_text.compare(paper, {name: value for name, value in read.items() if value is not None})
    table = Table("", "đã được ký / signed", box=None)
    for name, title in _TITLES.items():
        table.add_row(title, Text(getattr(paper, name)))
    _out.print(table)
    for finding in wrong:
        _say_bad(
            f"{finding.code.slug} {finding.pointer}",
            f"{finding.code.title_vi} / {finding.code.title_en}",
            finding.detail,
        )
    if wrong:
        raise typer.Exit(1)
    _out.print(
        "Sổ đăng ký đã ký các mục trên; trạng thái hiện tại chỉ có trên trang. / Signed by the registry; whether it is still in force, only the page says."
    )


def _say_bad(slug: str, title: str, detail: str) -> None:
    _out.print(Text(f"{slug}: {title} ({detail})", style="red"))


def _keys(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise typer.BadParameter(f"{file}: not a JWK set that can be read") from None
    if not isinstance(found, dict) or not isinstance(found.get("keys"), list):
        raise typer.BadParameter(f'{file}: a JWK set has a member "keys"')
    return found
