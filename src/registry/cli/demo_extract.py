"""The demo's paper: an extract as PDF, the page behind its code, the check of its QR without a network, a share link."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
from rich.console import Console
from rich.text import Text

from registry.client import api
from registry.core.answer_keys import Use
from registry.formats import qr_text
from registry.services import answer_keys

if TYPE_CHECKING:
    from registry.cli.demo_run import Sent


async def play(clients: Mapping[str, api.RegistryClient], sent: Sequence[Sent], output: Path, out: Console) -> None:
    """Write one extract into the output folder, look at its page as anybody would, check its QR; raises when one is not good."""
    good = next(each for each in sent if each.delivery.fault is None and each.result.status == 201)
    vendor, receipt = clients[good.delivery.vendor], good.result.body["receipt"]
    status, pdf = await vendor.extract(receipt["transcript_code"])
    code = (await vendor.public_code(receipt["transcript_code"])).body
    link = await vendor.share(_link(good))
    keys = await _look(code["address"])
    if status != 200 or link.status != 201:
        raise RuntimeError(f"the extract or the link was not made: status {status}, {link.status}")
    paper = qr_text.check(code["qr_text"], answer_keys.read_key_set(json.dumps(keys).encode(), Use.PAPER))
    (output / "ban-the-hien.pdf").write_bytes(pdf)
    (output / "extract-keys.json").write_text(json.dumps(keys), encoding="utf-8")
    (output / "qr.txt").write_text(code["qr_text"], encoding="utf-8")
    lines = (
        f"Extract / Bản thể hiện: {output}/ban-the-hien.pdf ({len(pdf) // 1024} kB, sealed; its code {paper.code})",
        f"The page behind its QR, for anybody: {code['address']}",
        f'Without a network: registry verify --qr "$(cat {output}/qr.txt)" --keys {output}/extract-keys.json',
        f"  -> signed: {paper.school_name}, {paper.school_year}, {paper.result}",
        f"A share link for the receiving school: {link.body['address']}",
    )
    for line in lines:
        out.print(Text(line), soft_wrap=True)


def _link(good: Sent) -> dict[str, Any]:
    delivery = good.delivery
    return {
        "pupil_code": delivery.pupil_code,
        "school_years": [delivery.school.school_year],
        "receiver": "Trường tiếp nhận",
        "purpose": "transfer",
        "ends_at": (datetime.now(UTC) + timedelta(days=30)).isoformat(),
        "openings": 3,
    }


async def _look(address: str) -> dict[str, Any]:
    """The page as a stranger sees it, and the public keys."""
    async with httpx.AsyncClient(timeout=10) as anybody:
        page = await anybody.get(address)
        if page.status_code != 200:
            raise RuntimeError(f"the page behind the code: status {page.status_code}")
        found: dict[str, Any] = (await anybody.get(httpx.URL(address).join("/.well-known/extract-keys.json"))).json()
        return found
