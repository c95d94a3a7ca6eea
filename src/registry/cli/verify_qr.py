"""The QR of an extract, checked without a network with the public keys that the registry publishes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.text import Text

from registry.cli.tables import Table
from registry.core import codes
from registry.core.answer_keys import Period, Use
from registry.core.findings import Finding, Refusal
from registry.formats import qr_text
from registry.services import answer_keys

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


def check(text: str, keys: Path, on_paper: Mapping[str, str | None], issuer: str | None, *, as_json: bool) -> bool:
    """Print what the registry signed of it, and each part that was altered or that the paper has otherwise; True: nothing is wrong.

    `issuer`: where a QR of the registry leads. Without it the address is shown as what it is: not signed.
    """
    try:
        paper = qr_text.check(text, _keys(keys))
    except Refusal as refusal:
        _print({}, refusal.findings, as_json)
        return False
    leads_to = qr_text.address(text)
    wrong = qr_text.compare(paper, {name: value for name, value in on_paper.items() if value is not None})
    if issuer is not None and leads_to != issuer.rstrip("/"):
        wrong = (*wrong, Finding(codes.QR_ALTERED, "/address", f"leads to {leads_to}"))
    _print(asdict(paper), wrong, as_json)
    if issuer is None and not as_json:
        _out.print(
            Text(f"Chưa so sánh địa chỉ của mã QR / the address of the QR was not compared (--issuer): {leads_to}")
        )
    return not wrong


def _print(signed: Mapping[str, Any], wrong: Sequence[Finding], as_json: bool) -> None:
    if as_json:
        found = [{"code": finding.code.slug, "pointer": finding.pointer} for finding in wrong]
        typer.echo(json.dumps({"good": not wrong, "findings": found, "paper": dict(signed)}, ensure_ascii=False))
        return
    if signed:
        table = Table("", "đã được ký / signed", box=None)
        for name, title in _TITLES.items():
            table.add_row(title, Text(str(signed[name])))
        _out.print(table)
    for finding in wrong:
        _say_bad(
            f"{finding.code.slug} {finding.pointer}",
            f"{finding.code.title_vi} / {finding.code.title_en}",
            finding.detail,
        )
    if not wrong:
        _out.print(
            "Sổ đăng ký đã ký các mục trên; trạng thái hiện tại chỉ có trên trang. / Signed by the registry; whether it is still in force, only the page says."
        )


def _say_bad(slug: str, title: str, detail: str) -> None:
    _out.print(Text(f"{slug}: {title} ({detail})", style="red"))


def _keys(file: Path) -> tuple[Period, ...]:
    try:
        return answer_keys.read_key_set(file.read_bytes(), Use.PAPER)
    except (OSError, ValueError):
        raise typer.BadParameter(f"{file}: not a JWK set that can be read") from None
