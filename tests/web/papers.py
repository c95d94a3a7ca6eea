"""A registry with one record of the small city on it, for the tests of what holders of papers and links see."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from registry.core.callers import Scope
from registry.demo import transcripts
from tests.api.conftest import Registry
from tests.small_city import PRIMARY, SECONDARY, SmallCity, settle, small_city

CITY: SmallCity = small_city()
JOSE = {"Content-Type": "application/jose+json"}
DOCUMENT = CITY.document()
CODE: str = DOCUMENT["madinhdanhhocba"]


@dataclass
class Papers:
    """Plain HTTP as the school's vendor, as another school's, as operator, as admissions office, as anybody."""

    registry: Registry
    mine: httpx.AsyncClient
    other: httpx.AsyncClient
    operator: httpx.AsyncClient
    office: httpx.AsyncClient
    anybody: httpx.AsyncClient

    async def submit(self, number: int = 1, document: dict[str, Any] | None = None) -> None:
        sent = transcripts.revised(document or DOCUMENT, number)
        answer = await self.mine.post("/v1/submissions", content=CITY.signed(sent), headers=JOSE)
        assert answer.status_code == 201, answer.text

    async def withdraw(self, number: int) -> None:
        said = {
            "loai": "thuhoi", "madinhdanhhocba": CODE, "phienbanthongtinhocba": str(number), "namhoc": DOCUMENT["namhoc"],
            "matruong": PRIMARY.code, "macaphoc": DOCUMENT["macaphoc"], "lydothuhoi": "Sai họ tên học sinh",
            "ngaythuhoi": "2026-11-20",
        }  # fmt: skip
        payload = json.dumps(said, ensure_ascii=False).encode()
        raw = CITY.signed_bytes(payload, CITY.signers_of(PRIMARY)[1:])
        answer = await self.mine.post("/v1/withdrawals", content=raw, headers=JOSE)
        assert answer.status_code == 201, answer.text

    async def public_code(self, version: int | None = None) -> str:
        parameters = {} if version is None else {"version": version}
        answer = await self.mine.get(f"/v1/transcripts/{CODE}/public-code", params=parameters)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["public_code"])

    async def rows(self, query: str) -> list[Any]:
        async with self.registry.world.db.hot() as tx:
            return list(await tx.fetch(query))


@pytest.fixture
async def papers(registry: Registry) -> AsyncIterator[Papers]:
    await settle(registry.world, CITY)
    made = []
    for name, scope, unit in (
        ("mine", Scope.SUBMIT, f"school:{PRIMARY.code}"),
        ("other", Scope.SUBMIT, f"school:{SECONDARY.code}"),
        ("operator", Scope.OPERATE, "city:79"),
        ("office", Scope.VERIFY, "city:79"),
    ):
        client = await registry.caller(name, scope, units=frozenset({unit}))
        headers = {"Authorization": f"Bearer {await client.token()}"}
        made.append(httpx.AsyncClient(base_url=registry.base_url, headers=headers, timeout=30))
    made.append(httpx.AsyncClient(base_url=registry.base_url, timeout=30))
    yield Papers(registry, *made)
    for http in made:
        await http.aclose()
