"""The load of the bench: signed transcripts made beforehand, sent over a fixed number of connections, timed one by one."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import cycle
from typing import Any

import aiohttp

from registry.cli import demo_run
from registry.cli.service import Service
from registry.client import api
from registry.demo import city as cities
from registry.demo import faults, pki, schools, signers

#: What goes over HTTP is JSON.
_ALL_JSON = dict.fromkeys(schools.VENDORS, "json")


@dataclass(frozen=True, slots=True)
class Level:
    """What was measured at one number of connections."""

    connections: int
    per_second: float
    p50_ms: float
    p99_ms: float
    errors: int


@dataclass(slots=True)
class Load:
    """Everything the bench sends."""

    base_url: str
    tokens: dict[str, str]
    envelopes: Iterator[tuple[str, bytes]]
    sample: bytes
    trust: signers.DemoTrust
    accepted: list[str] = field(default_factory=list)


async def prepare(service: Service, documents: int, now: datetime) -> Load:
    """Register a flawless city and sign its transcripts with all cores."""
    trust = await asyncio.to_thread(signers.make_trust, schools.all_schools(), flawless=True)
    city = cities.make_city(trust, pupils=documents, plan=faults.FLAWLESS, forms=_ALL_JSON)
    keys = {name: pki.new_key("p256") for name in (*schools.VENDORS, *demo_run.OFFICES)}
    await demo_run.prepare(service, city, keys, now)
    envelopes = await asyncio.to_thread(_sign_all, city)
    tokens = {}
    for name, key in keys.items():
        async with api.RegistryClient(service.base_url, name, key, "k1") as client:
            tokens[name] = await client.token()
    return Load(
        service.base_url,
        tokens,
        iter(envelopes),
        envelopes[0][1],
        trust,
    )


_city: cities.City | None = None


def _sign_all(city: cities.City) -> list[tuple[str, bytes]]:
    """(vendor, envelope) of every job, signed in forked processes that inherit the city."""
    global _city
    _city = city
    with multiprocessing.get_context("fork").Pool(os.cpu_count() or 1) as pool:
        return pool.map(_sign, range(len(city.jobs)), chunksize=100)


def _sign(position: int) -> tuple[str, bytes]:
    assert _city is not None
    delivery = _city.jobs[position]()
    return delivery.vendor, delivery.envelope


async def submissions(load: Load, connections: int, seconds: float) -> Level:
    """Send transcripts that were never sent before; everything but 201 is an error."""

    async def one(session: aiohttp.ClientSession) -> bool | None:
        vendor, envelope = next(load.envelopes, ("", b""))
        if not envelope:
            return None
        headers = {"Authorization": f"Bearer {load.tokens[vendor]}", "Content-Type": api.JOSE}
        async with session.post("/v1/submissions", data=envelope, headers=headers) as response:
            body = await response.json(content_type=None)
            if response.status == 201:
                load.accepted.append(body["receipt"]["transcript_code"])
            return response.status == 201

    return await _drive(load, connections, seconds, one)


async def lookups(load: Load, connections: int, seconds: float) -> Level:
    """Ask by transcript code for records accepted in this run; everything but a genuine one is an error."""
    wanted = cycle(load.accepted)
    headers = {"Authorization": f"Bearer {load.tokens['office-tuyen-sinh']}"}

    async def one(session: aiohttp.ClientSession) -> bool | None:
        question = {"transcript_code": next(wanted), "purpose": "admission", "reference": "bench"}
        async with session.post("/v1/verifications", json=question, headers=headers) as response:
            body: dict[str, Any] = await response.json(content_type=None)
            return response.status == 200 and body["answer"] == "genuine_current"

    return await _drive(load, connections, seconds, one)


async def _drive(
    load: Load, connections: int, seconds: float, one: Callable[[aiohttp.ClientSession], Awaitable[bool | None]]
) -> Level:
    """Keep `connections` requests under way until the time or the material is used up."""
    times: list[float] = []
    errors = 0
    started = time.perf_counter()

    async def loop(session: aiohttp.ClientSession) -> None:
        nonlocal errors
        while time.perf_counter() - started < seconds:
            before = time.perf_counter()
            good = await one(session)
            if good is None:
                return
            times.append(time.perf_counter() - before)
            errors += not good

    connector = aiohttp.TCPConnector(limit=connections)
    async with aiohttp.ClientSession(load.base_url, connector=connector) as session:
        await asyncio.gather(*(loop(session) for _ in range(connections)))
    took = time.perf_counter() - started
    cuts = statistics.quantiles(times, n=100) if len(times) > 1 else [0.0] * 99
    return Level(connections, round(len(times) / took, 1), round(cuts[49] * 1000, 2), round(cuts[98] * 1000, 2), errors)
