"""The limits of this machine in the same run: raw signature checks, and raw inserts of the same rows."""

from __future__ import annotations

import asyncio
import itertools
import json
import multiprocessing
import os
import secrets
import time
from datetime import UTC, datetime
from typing import cast
from uuid import uuid4

import asyncpg
from cryptography import x509

from registry.cli.service import Service
from registry.core.record import Place
from registry.core.trust import Algorithm
from registry.formats import jws, signatures
from registry.storage import records

_CONNECTIONS = 4
#: What packing leaves of an envelope, measured over the demo's.
_PACKED = 0.56


def verify_three_per_second(envelope: bytes, seconds: float) -> float:
    """How often per second all cores together check the three signatures of a document, and do nothing else."""
    cores = os.cpu_count() or 1
    with multiprocessing.get_context("spawn").Pool(cores) as pool:
        return sum(pool.starmap(_verify_three, [(envelope, seconds)] * cores))


def _verify_three(envelope: bytes, seconds: float) -> float:
    opened = jws.open_envelope(envelope, algorithms=frozenset(Algorithm)).signatures
    keys = [x509.load_der_x509_certificate(signature.chain[0]).public_key() for signature in opened]
    pairs = list(zip(opened, keys, strict=True))
    rounds, started = 0, time.perf_counter()
    while time.perf_counter() - started < seconds:
        for _ in range(50):
            if not all(signatures.signature_holds(signature, key) for signature, key in pairs):
                raise RuntimeError("a sample that does not verify measures nothing")
        rounds += 50
    return rounds / (time.perf_counter() - started)


async def insert_per_second(service: Service, envelope: bytes, seconds: float) -> float:
    """How many acceptances per second PostgreSQL writes when nothing but the driver and these rows is in the way."""
    pool = await asyncpg.create_pool(
        service.database_url.replace("+asyncpg", ""), min_size=_CONNECTIONS, max_size=_CONNECTIONS
    )
    schools = [row["school_code"] for row in await pool.fetch("SELECT school_code FROM school LIMIT 1")]
    counter = itertools.count()
    generation = await pool.fetchval("SELECT value FROM generation")
    sealed = secrets.token_bytes(int(len(envelope) * _PACKED))
    deadline = time.perf_counter() + seconds
    done = 0

    async def writer() -> None:
        nonlocal done
        async with pool.acquire() as pooled:
            connection = cast(asyncpg.Connection, pooled)  # a proxy with all the methods of one
            while time.perf_counter() < deadline:
                attempt, place = _rows(next(counter), len(envelope), schools[0])
                await records.accept(
                    connection, attempt, place, version=1, reason=None, awaits_summer=False, sealed=sealed,
                    number_sealed=secrets.token_bytes(41), generation=generation, journaled=False, ends_wait=False,
                )  # fmt: skip
                done += 1

    started = time.perf_counter()
    await asyncio.gather(*(writer() for _ in range(_CONNECTIONS)))
    rate = done / (time.perf_counter() - started)
    await pool.close()
    return rate


SIGNATURES: list[dict[str, object]] = [
    {"role": role, "signed_at": "2024-05-30T02:00:00+00:00", "algorithm": "PS256", "certificate": "00" * 32,
     "hierarchy": "government", "path": ["00" * 32] * 3}
    for role in ("teacher", "principal", "seal")
]  # fmt: skip
EVIDENCE: dict[str, object] = {
    "signatures": SIGNATURES,
    "revocation_lists": json.loads("[]"),
    "policy": "-",
    "rules": "-",
}


def _rows(number: int, size: int, school_code: str) -> tuple[records.Attempt, Place]:
    """Rows of the same shape and size as a real acceptance, in a school year of their own."""
    now = datetime.now(UTC)
    attempt = records.Attempt(
        submission_id=uuid4(),
        received_at=now,
        caller_id="bench",
        fingerprint=secrets.token_bytes(32),
        media_type="application/jose+json",
        size=size,
        school_year="1999-2000",
        school_code=school_code,
        level="primary",
        grade=1,
        pupil_code=f"bench{number}",
        number_index=secrets.token_bytes(32),
        transcript_code=f"bench-{number}",
        judged_at=now,
        outcome="accepted",
        findings=[],
        evidence=EVIDENCE,
    )
    return attempt, Place(uuid4(), True, True, True, uuid4(), True)
