"""The addresses that `registry trust refresh` may ask: added, listed and removed by the operator alone."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import datetime
from urllib.parse import urlsplit

from registry.services.world import World
from registry.storage import sources
from registry.storage.sources import Source as Source  # the name under which commands know it

KINDS = ("crl", "ocsp", "certificates")
_LONGEST_URL = 2000


def source(url: str, kind: str, issuer: str = "") -> Source:
    """A source from text; raises ValueError that names the expected shape. `issuer` (SHA-256, hex) is for ocsp and only there."""
    if kind not in KINDS:
        raise ValueError("kind: " + ", ".join(KINDS))
    parts = urlsplit(url)
    plain = url.isascii() and url.isprintable() and " " not in url and len(url) <= _LONGEST_URL
    if parts.scheme not in {"http", "https"} or not parts.hostname or not plain or parts.fragment:
        raise ValueError(f"url: http:// or https:// with a host, at most {_LONGEST_URL} ASCII characters, no fragment")
    if parts.username is not None or parts.password is not None:
        raise ValueError("url: without user name and password")
    if (kind == "ocsp") is not bool(issuer):
        raise ValueError(
            "issuer: for ocsp the SHA-256 of the CA certificate whose certificates to ask about, else empty"
        )
    return Source(url, kind, fingerprint(issuer) if issuer else None)


def fingerprint(text: str) -> bytes:
    """A SHA-256 fingerprint from 64 hexadecimal digits, colons allowed; raises ValueError."""
    try:
        found = bytes.fromhex(text.replace(":", ""))
    except ValueError:
        found = b""
    if len(found) != 32:
        raise ValueError("a SHA-256 fingerprint has 64 hexadecimal digits")
    return found


def read(text: str) -> list[Source]:
    """Sources from CSV text (url,kind,issuer); raises ValueError that names the line."""
    found = []
    for number, row in enumerate(csv.DictReader(io.StringIO(text)), start=2):
        cells = {key: (value or "").strip() for key, value in row.items() if isinstance(key, str)}
        try:
            found.append(source(cells["url"], cells["kind"], cells.get("issuer", "")))
        except (KeyError, ValueError) as error:
            raise ValueError(f"line {number}: {error}") from error
    return found


async def add(world: World, rows: Iterable[Source], now: datetime) -> int:
    """Add sources; returns how many were not there."""
    async with world.db.transaction() as tx:
        return await sources.add(tx, rows, now)


async def listed(world: World) -> list[Source]:
    """The sources in force with how asking them went."""
    async with world.db.snapshot() as tx:
        return await sources.load(tx)


async def remove(world: World, url: str, kind: str | None, now: datetime) -> int:
    """Ask an address no more, for one kind or for all; returns how many sources that were."""
    async with world.db.transaction() as tx:
        return await sources.remove(tx, url, kind, now)
