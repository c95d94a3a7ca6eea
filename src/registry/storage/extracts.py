"""Extracts handed out: running numbers without a gap, and what was handed out under each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from registry.storage import public_codes
from registry.storage.database import Hot

#: The counter's row is locked from here to the end of the transaction, so that numbers are as gapless as rows; what takes long
#: (setting and sealing the paper) comes after it.
_ISSUE = """
WITH moved AS (INSERT INTO extract_counter (year, last) VALUES ($1, 1)
                 ON CONFLICT (year) DO UPDATE SET last = extract_counter.last + 1 RETURNING last)
INSERT INTO extract_issue (year, number, issued_at, code_index, question_id, caller_id, purpose, reference)
SELECT $1, last, $2, $3, $4, $5, $6, $7 FROM moved RETURNING number
"""

_OF_RECORD = """
SELECT i.year, i.number, i.issued_at, p.version, i.caller_id, i.purpose, i.reference, i.fingerprint
FROM public_code p JOIN extract_issue i USING (code_index)
WHERE p.school_year = $1 AND p.pupil_id = $2 AND p.level = $3 ORDER BY i.year, i.number
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Who is handed an extract of what, and why."""

    code_index: bytes
    question_id: UUID
    caller_id: str
    purpose: str
    reference: str


@dataclass(frozen=True, slots=True)
class Issued:
    """One extract. Without a fingerprint it was numbered and never left."""

    year: int
    number: int
    issued_at: datetime
    version: int
    caller_id: str
    purpose: str
    reference: str
    fingerprint: bytes | None


async def handed(tx: Hot, who: str, since: datetime) -> int:
    """How many extracts somebody was handed since a moment; until this transaction ends nobody is handed another in that name."""
    await tx.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"extracts {who}")
    count = "SELECT count(*) FROM question WHERE caller_id = $1 AND asked_at > $2 AND kind = 'extract'"
    return int(await tx.fetchval(count, who, since))


async def number(tx: Hot, year: int, wanted: Wanted, now: datetime) -> int:
    """Write an issue down under the year's next number. In a transaction."""
    return int(
        await tx.fetchval(
            _ISSUE, year, now, wanted.code_index, wanted.question_id, wanted.caller_id, wanted.purpose, wanted.reference
        )
    )


async def finish(tx: Hot, year: int, issue: int, fingerprint: bytes) -> None:
    """Note which bytes were handed out under a number."""
    await tx.execute(
        "UPDATE extract_issue SET fingerprint = $3 WHERE year = $1 AND number = $2 AND fingerprint IS NULL",
        year, issue, fingerprint,
    )  # fmt: skip


async def of_record(tx: Hot, key: public_codes.Key) -> list[Issued]:
    """Every extract of any version of a record, the first first."""
    return [Issued(*row) for row in await tx.fetch(_OF_RECORD, key.school_year, key.pupil_id, key.level)]
