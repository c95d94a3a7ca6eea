"""The demo's signed answers: each kind of answer and claim, checked as a receiver checks them, and what is turned away."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from rich import box
from rich.console import Console

from registry.cli.tables import Table
from registry.client import api
from registry.core.answer_keys import Period
from registry.demo.city import Delivery
from registry.formats import base64url
from registry.services import answer_keys

WHY = {"purpose": "admission", "reference": "TS10-2026-0002"}
_OFFICE = "office-tuyen-sinh"
_SECONDARY = "22/2021"


@dataclass(frozen=True, slots=True)
class Shown:
    """One question with what was said, and whether that is what must be said."""

    title: str
    said: str
    good: bool


@dataclass(frozen=True, slots=True)
class _Asker:
    """An office that checks every answer offline, against the key set it fetched once."""

    office: api.RegistryClient
    keys: tuple[Period, ...]

    def opened(self, answer: api.Result, nonce: str) -> Mapping[str, Any]:
        """What a genuine answer says; nothing for any other."""
        receiver = answer_keys.Receiver(audience=_OFFICE, nonce=nonce)
        checked = answer_keys.check(answer.signed, self.keys, receiver, datetime.now(UTC))
        return checked.claims or {} if checked.good else {}

    async def verify(self, title: str, question: dict[str, Any], expected: str) -> Shown:
        nonce = secrets.token_urlsafe(16)
        said = self.opened(await self.office.verify_signed({**WHY, **question}, nonce), nonce).get("answer", {})
        content = json.dumps(said.get("content"), ensure_ascii=False) if said.get("content") else ""
        return Shown(title, f"{said.get('answer')} {content}".strip(), said.get("answer") == expected)

    async def claim(self, title: str, claim: dict[str, Any], expected: Sequence[str]) -> Shown:
        nonce = secrets.token_urlsafe(16)
        said = self.opened(await self.office.claim({**WHY, **claim}, nonce), nonce).get("claim")
        return Shown(title, str(said), said in expected)


async def play(clients: Mapping[str, api.RegistryClient], deliveries: Iterable[Delivery]) -> list[Shown]:
    """Ask for each kind of answer and claim about a pupil of grade 6 whose transcript was accepted."""
    delivery, document = _of_grade_6(deliveries)
    office = clients[_OFFICE]
    keys = answer_keys.read_key_set(json.dumps((await office.key_set()).body).encode())
    asker = _Asker(office, keys)
    pupil, code = {"pupil_code": delivery.pupil_code}, {"transcript_code": document["madinhdanhhocba"]}
    year, promoted = {"school_year": document["namhoc"]}, "yes" if document["duoclenlop"] else "no"
    average = {"claim": "average_at_least", **pupil, **year, "subject": "mathematics"}
    return [
        await asker.verify("mã học bạ, có chữ ký / code, signed", code, "genuine_current"),
        await asker.verify("mã học sinh + trường được phép / pupil code + fields",
                           {**pupil, "fields": ["result", "promoted"]}, "genuine_current"),
        await asker.verify("mã không có, có chữ ký / unknown, signed", {"transcript_code": "0" * 36}, "not_known"),
        await asker.claim("đã lên lớp / promoted", {"claim": "promoted", **pupil, **year}, [promoted]),
        await asker.claim("đã học xong lớp 6 / grade 6 finished", {"claim": "grade_finished", **code, "grade": 6}, [promoted]),
        await asker.claim("kết quả từ Khá / result at least K",
                          {"claim": "result_at_least", **pupil, **year, "threshold": "K"},
                          ["yes" if document["canam"] in ("T", "K") else "no"]),
        await asker.claim("Toán từ 6.5 / mathematics at least 6.5", {**average, "threshold": "6.5"}, ["yes", "no"]),
        await asker.claim("đã xong tiểu học / primary completed",
                          {"claim": "level_completed", **code, "level": "primary"}, ["cannot_say"]),
        _turned(await office.claim({**WHY, **average, "threshold": "8.0"}, secrets.token_urlsafe(16)),
                "ngưỡng thứ hai / a second threshold", "verification-threshold"),
        await _replayed(office, code),
        await _views(clients[delivery.vendor], delivery.pupil_code),
    ]  # fmt: skip


def show(shown: Sequence[Shown], out: Console) -> None:
    """Print what was said."""
    table = Table("hỏi\nasked", "trả lời, chữ ký đã kiểm\nanswer, its signature checked", "",
                  title="Signed answers and claims / Trả lời có chữ ký", title_justify="left", box=box.SIMPLE_HEAD,
                  padding=(0, 1, 0, 0), pad_edge=False)  # fmt: skip
    for each in shown:
        table.add_row(
            each.title.replace(" / ", "\n"), each.said, "[green]=[/green]" if each.good else "[red]differs[/red]"
        )
    out.print(table)


def _of_grade_6(deliveries: Iterable[Delivery]) -> tuple[Delivery, dict[str, Any]]:
    """A delivery without a fault, in JSON, of a secondary school, with what it says."""
    for delivery in deliveries:
        if delivery.fault is None and delivery.envelope[:1] == b"{" and not delivery.summer:
            payload = base64url.decode(json.loads(delivery.envelope)["payload"])
            document: dict[str, Any] = json.loads(payload or b"{}")
            if document["thongtu"].startswith(_SECONDARY):
                return delivery, document
    raise RuntimeError("the demo sends such a transcript")


async def _replayed(office: api.RegistryClient, question: dict[str, Any]) -> Shown:
    """The same nonce twice: the second question is not answered."""
    nonce = secrets.token_urlsafe(16)
    await office.verify_signed({**WHY, **question}, nonce)
    again = await office.verify_signed({**WHY, **question}, nonce)
    return _turned(again, "nonce dùng lại / a nonce used twice", "verification-nonce")


def _turned(answer: api.Result, title: str, code: str) -> Shown:
    return Shown(title, f"{answer.status} {' '.join(answer.codes)}", answer.codes == [code])


async def _views(vendor: api.RegistryClient, pupil_code: str) -> Shown:
    """The school sees every question of the office, with its procedure."""
    seen = [view for view in (await vendor.views(pupil_code)).body["views"] if view["caller_id"] == _OFFICE]
    mine = [view for view in seen if view["reference"] == WHY["reference"]]
    return Shown("ai đã tra cứu / who looked", f"{_OFFICE}: {len(mine)} lần, {WHY['reference']}", len(mine) == 8)
