"""What addresses tried in vain on public pages, by minute: one count for all processes."""

from __future__ import annotations

from datetime import datetime

from registry.storage.database import Hot

_COUNT = """
WITH old AS (DELETE FROM page_miss WHERE minute < date_trunc('minute', $1::timestamptz) - interval '10 minutes')
INSERT INTO page_miss AS p (minute, address_index, misses) VALUES (date_trunc('minute', $1::timestamptz), $2, 1)
ON CONFLICT (minute, address_index) DO UPDATE SET misses = p.misses + 1 RETURNING misses
"""


async def count(tx: Hot, address_index: bytes, now: datetime) -> int:
    """Count one more of this minute; how many there are with it. What is older than ten minutes is forgotten."""
    return int(await tx.fetchval(_COUNT, now, address_index))
