"""Refused attempts that name nobody: of a school without a pupil, of a caller without a school."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, select

from registry.storage.database import Reading
from registry.storage.tables import submission
from registry.storage.tables_declarations import refusal

_TRANSCRIPT = "transcript"


async def of_schools(tx: Reading, schools: Collection[str], since: datetime) -> dict[str, int]:
    """Refused transcripts by school that name it and no pupil, of who speaks for the school."""
    r, s = refusal.c, submission.c
    query = (
        select(r.school_code, func.count())
        .select_from(refusal.join(submission, s.submission_id == r.submission_id))
        .where(r.school_code == func.any(list(schools)), r.refused_at > since)
        .where(s.pupil_code.is_(None), s.kind == _TRANSCRIPT)
        .group_by(r.school_code)
    )
    return {school: int(attempts) for school, attempts in (await tx.execute(query)).tuples()}


async def of_callers(tx: Reading, callers: Collection[str], since: datetime) -> dict[str, int]:
    """Transcripts by caller in which not even a school could be read."""
    s = submission.c
    query = (
        select(s.caller_id, func.count())
        .where(s.caller_id == func.any(list(callers)), s.school_code.is_(None))
        .where(s.received_at > since, s.kind == _TRANSCRIPT)
        .group_by(s.caller_id)
    )
    return {caller: int(attempts) for caller, attempts in (await tx.execute(query)).tuples()}
