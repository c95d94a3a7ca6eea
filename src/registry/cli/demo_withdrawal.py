"""The demo's withdrawal: a school takes a transcript back, signed by its principal and its seal, and the office is told so."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from registry.client import api
from registry.demo import city as cities
from registry.formats import base64url

if TYPE_CHECKING:
    from registry.cli.demo_run import Sent

REASON = "Nhầm học sinh cùng tên"


async def play(
    clients: Mapping[str, api.RegistryClient], city: cities.City, sent: Sequence[Sent], question: Mapping[str, str]
) -> tuple[str, api.Result]:
    """Withdraw the last good transcript in JSON and ask about it; raises when the registry does not take the statement."""
    delivery = next(
        each.delivery
        for each in reversed(sent)
        if each.result.status == 201 and each.delivery.fault is None and each.delivery.envelope[:1] == b"{"
    )
    school = delivery.school.code
    document: dict[str, Any] = json.loads(base64url.decode(json.loads(delivery.envelope)["payload"]) or b"{}")
    today = (datetime.now(UTC) - timedelta(days=1)).date()
    said = {
        "loai": "thuhoi",
        **{
            name: document[name]
            for name in ("madinhdanhhocba", "phienbanthongtinhocba", "namhoc", "matruong", "macaphoc")
        },
        "lydothuhoi": REASON,
        "ngaythuhoi": today.isoformat(),
    }
    signers = [city.trust.principals[school], city.trust.seals[school]]
    taken = await clients[delivery.vendor].withdraw(cities.sign(json.dumps(said).encode(), signers, today))
    if taken.status != 201:
        raise RuntimeError(f"the withdrawal was not taken: status {taken.status}, {taken.codes[:3]}")
    asked = {"transcript_code": document["madinhdanhhocba"], **question}
    return "học bạ đã thu hồi / a withdrawn transcript", await clients["office-tuyen-sinh"].verify(asked)
