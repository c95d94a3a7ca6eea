"""Frozen campaigns as rows: the snapshot in sealed parts, its counts by school, and who asked for it. Nothing here changes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence

from sqlalchemy import func, insert, select, text
from sqlalchemy.dialects.postgresql import insert as upsert

from registry.core.completeness import Bucket, Counts
from registry.core.frozen import Freeze, Request
from registry.storage.completeness import Question, asked
from registry.storage.database import Reading, Writing
from registry.storage.sealing import Sealer
from registry.storage.tables_declarations import (
    campaign_freeze,
    campaign_freeze_part,
    campaign_freeze_request,
    campaign_freeze_school,
)

_BATCH = 5000
# A version that the snapshot did not see came after it, whatever the clock of its machine said; clocks are looked at only so far back
# as a transaction may take, so that the index on them finds the few rows.
_ARRIVED = """
SELECT s.school_code, count(DISTINCT coalesce(m.pupil_id::text, s.pupil_code)) AS pupils
  FROM record_version v JOIN submission s USING (submission_id) LEFT JOIN same_pupil m ON m.pupil_code = s.pupil_code
 WHERE v.school_year = :school_year AND v.accepted_at > :since - interval '1 hour' AND v.accepted_at <= :as_of
   AND (v.accepted_at > :since OR NOT pg_visible_in_snapshot(v.written_in::text::xid8, CAST(:seen AS pg_snapshot)))
   AND s.school_code = ANY(:schools) AND (:grades IS NULL OR s.grade = ANY(:grades))
 GROUP BY 1
"""


async def alone(tx: Writing, code: str) -> bool:
    """True until this transaction ends, unless somebody else is freezing this campaign right now."""
    lock = text("SELECT pg_try_advisory_xact_lock(hashtextextended(:name, 0))")
    return bool((await tx.execute(lock, {"name": f"freeze {code}"})).scalar_one())


async def one_moment(tx: Writing) -> None:
    """Let everything that this transaction reads show one moment; before anything else in it."""
    await tx.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))


async def seen(tx: Writing) -> str:
    """What this transaction sees, to be compared later with the transactions that wrote something."""
    return str((await tx.execute(text("SELECT pg_current_snapshot()::text"))).scalar_one())


async def find(tx: Reading, code: str) -> Freeze | None:
    """The freeze of a campaign, or None."""
    row = (await tx.execute(select(campaign_freeze).where(campaign_freeze.c.campaign_code == code))).one_or_none()
    if row is None:
        return None
    return Freeze(
        row.campaign_code,
        row.frozen_at,
        tuple(row.frozen_by),
        row.reason,
        row.fingerprint,
        row.pupils,
        row.size,
        row.seen,
    )


async def requests(tx: Reading, code: str) -> list[Request]:
    """Who wants the campaign frozen, each with the newest word."""
    r = campaign_freeze_request.c
    query = (
        select(r.caller_id, r.requested_at, r.reason)
        .distinct(r.caller_id)
        .where(r.campaign_code == code)
        .order_by(r.caller_id, r.requested_at.desc())
    )
    return [Request(*row) for row in (await tx.execute(query)).tuples()]


async def request(tx: Writing, code: str, new: Request) -> None:
    """Keep one operator's word."""
    row = upsert(campaign_freeze_request).values(
        campaign_code=code, caller_id=new.caller_id, requested_at=new.requested_at, reason=new.reason
    )
    await tx.execute(row.on_conflict_do_nothing())


async def add(tx: Writing, new: Freeze) -> None:
    """Freeze; a campaign is frozen once, which its key decides."""
    await tx.execute(
        insert(campaign_freeze).values(
            campaign_code=new.campaign_code,
            frozen_at=new.frozen_at,
            frozen_by=list(new.frozen_by),
            reason=new.reason,
            fingerprint=new.fingerprint,
            pupils=new.pupils,
            size=new.size,
            seen=new.seen,
        )
    )


async def add_part(tx: Writing, sealer: Sealer, code: str, part: int, raw: bytes, digest: bytes) -> None:
    """Keep one part of the snapshot."""
    row = {"campaign_code": code, "part": part, "sha256": digest, "sealed": sealer.seal_document(raw, digest)}
    await tx.execute(insert(campaign_freeze_part).values(row))


async def add_schools(tx: Writing, code: str, counts: Mapping[str, Counts]) -> None:
    """Keep the counts of the schools."""
    rows = [
        {"campaign_code": code, "school_code": school, "bucket": bucket.value, "pupils": pupils}
        for school, each in counts.items()
        for bucket, pupils in each.by_bucket.items()
    ]
    for start in range(0, len(rows), _BATCH):
        await tx.execute(insert(campaign_freeze_school), rows[start : start + _BATCH])


async def schools(tx: Reading, code: str, wanted: Sequence[str]) -> dict[str, Counts]:
    """The frozen counts of these schools."""
    s = campaign_freeze_school.c
    query = select(s.school_code, s.bucket, s.pupils).where(
        s.campaign_code == code, s.school_code == func.any(list(wanted))
    )
    found: dict[str, dict[Bucket, int]] = {}
    for row in await tx.execute(query):
        found.setdefault(row.school_code, {})[Bucket(row.bucket)] = row.pupils
    return {school: Counts.of_buckets(buckets) for school, buckets in found.items()}


async def arrived(tx: Reading, question: Question, freeze: Freeze) -> dict[str, int]:
    """Pupils, by school, of whom a version came onto the books after a freeze and by the moment of the question."""
    rows = await tx.execute(asked(_ARRIVED, question, since=freeze.frozen_at, seen=freeze.seen))
    return {row.school_code: row.pupils for row in rows}


async def parts(tx: Reading, sealer: Sealer, code: str) -> AsyncIterator[bytes]:
    """The snapshot in its parts, one in memory at a time; raises SealBrokenError when one is not what was stored."""
    p = campaign_freeze_part.c
    number = 0
    while True:
        query = select(p.sha256, p.sealed).where(p.campaign_code == code, p.part == number)
        row = (await tx.execute(query)).one_or_none()
        if row is None:
            return
        yield sealer.open_document(row.sealed, row.sha256)
        number += 1
