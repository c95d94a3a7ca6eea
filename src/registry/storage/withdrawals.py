"""Withdrawals on the path of a submission: one statement looks up the record, one writes the withdrawal, all or nothing."""

from __future__ import annotations

import json
from uuid import UUID

from registry.core.record import Receipt
from registry.core.withdrawal import Found, OnRecord
from registry.storage import records
from registry.storage.database import Hot

_LOOK_UP = """
WITH k AS (SELECT r.* FROM transcript_code t JOIN record r USING (school_year, pupil_id, level) WHERE t.transcript_code = $2)
SELECT (SELECT value FROM generation) AS generation,
       EXISTS (SELECT FROM waiting WHERE fingerprint = $1) AS waits,
       k.record_id, k.pupil_id, k.school_year, k.level, k.school_code,
       EXISTS (SELECT FROM record_version v WHERE v.school_year = k.school_year AND v.pupil_id = k.pupil_id
                 AND v.level = k.level AND v.version = $3) AS has_version,
       w.fingerprint, w.submission_id, w.accepted_at, s.school_code AS of_school
FROM (SELECT) AS one LEFT JOIN k ON true
LEFT JOIN withdrawal w ON w.school_year = k.school_year AND w.pupil_id = k.pupil_id AND w.level = k.level AND w.version = $3
LEFT JOIN submission s ON s.submission_id = w.submission_id
"""

_PARTS = """
     d AS (INSERT INTO document (school_year, fingerprint, media_type, sealed, stored_at)
             VALUES ($7, $4, $5, $18, $14) ON CONFLICT DO NOTHING),
     wd AS (INSERT INTO withdrawal (school_year, pupil_id, level, version, submission_id, fingerprint, accepted_at, reason,
                                    signatures)
              VALUES ($7, $19, $9, $20, $1, $4, $14, $21, $22)),
     ru AS (UPDATE record SET withdrawn_version = greatest(withdrawn_version, $20)
              WHERE school_year = $7 AND pupil_id = $19 AND level = $9)
INSERT INTO verdict (submission_id, judged_at, outcome, findings, evidence)
SELECT $1, $14, $15, $16, $17 FROM generation WHERE 1 / (value = $23)::int = 1
"""
_UNUSED = "SELECT $2::timestamptz, $3::text, $6::int, $8::text, $10::int, $11::text, $12::bytea, $13::text"
_ACCEPT = f"WITH s AS ({records.SUBMISSION['withdrawal']}), {_PARTS}"
_ACCEPT_HELD = f"WITH unused AS ({_UNUSED}), {_PARTS}"


async def look_up(tx: Hot, fingerprint: bytes, transcript_code: str | None, version: int | None) -> Found:
    """What is known about these bytes and about the record with this code, with the register's generation."""
    row = await tx.fetchrow(_LOOK_UP, fingerprint, transcript_code, version)
    assert row is not None
    if row["record_id"] is None:
        return Found(row["generation"], waits=row["waits"])
    receipt = None
    if row["fingerprint"] == fingerprint:
        receipt = Receipt(
            row["submission_id"],
            row["record_id"],
            transcript_code or "",
            version or 0,
            row["school_year"],
            row["of_school"],
            row["level"],
            fingerprint,
            row["accepted_at"],
        )
    record = OnRecord(
        row["record_id"],
        row["pupil_id"],
        row["school_year"],
        row["level"],
        row["school_code"],
        row["has_version"],
        taken=row["fingerprint"] is not None and receipt is None,
    )
    return Found(row["generation"], receipt, row["waits"], record)


async def accept(
    tx: Hot,
    attempt: records.Attempt,
    pupil_id: UUID,
    *,
    version: int,
    reason: str,
    sealed: bytes,
    generation: int,
    journaled: bool,
    ends_wait: bool,
) -> None:
    """Write attempt, document and withdrawal, all or none; `journaled`, `ends_wait`, LOST_RACE as in `records.accept`."""
    signatures = json.dumps(attempt.evidence["signatures"], ensure_ascii=False, separators=(",", ":"))
    arguments = (*attempt.arguments(), sealed, pupil_id, version, reason, signatures, generation)
    async with tx.transaction():
        await tx.execute(_ACCEPT_HELD if journaled else _ACCEPT, *arguments)
        if ends_wait:
            await records.end_wait(tx, attempt)
