"""How often transcripts were tried out, by day, caller and outcome: all that a dry run leaves behind."""

from __future__ import annotations

from datetime import date

from registry.storage.database import Hot

_COUNT = """
INSERT INTO judgement_count (day, caller_id, outcome, signed, judgements) VALUES ($1, $2, $3, $4, 1)
ON CONFLICT (day, caller_id, outcome, signed) DO UPDATE SET judgements = judgement_count.judgements + 1
"""


async def count(tx: Hot, day: date, caller_id: str, outcome: str, signed: bool) -> None:
    """Count one."""
    await tx.execute(_COUNT, day, caller_id, outcome, signed)
