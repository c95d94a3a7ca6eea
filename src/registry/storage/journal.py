"""Reading the journal: what became of a submission, and which held documents wait."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, exists, func, select

from registry.core.record import Receipt
from registry.storage.database import Reading
from registry.storage.tables import (
    document,
    record,
    record_version,
    school,
    submission,
    transcript_code,
    verdict,
    waiting,
    withdrawal,
)


@dataclass(frozen=True, slots=True)
class State:
    """A submission with its newest verdict, and its receipt when the bytes stand on record."""

    submission_id: UUID
    caller_id: str
    received_at: datetime
    judged_at: datetime
    outcome: str
    findings: list[dict[str, Any]]
    evidence: dict[str, Any]
    fingerprint: bytes | None
    receipt: Receipt | None
    kind: str = "transcript"  # or withdrawal, declaration
    school_code: str | None = None  # the city's school that it speaks of


@dataclass(frozen=True, slots=True)
class Waiting:
    """A held document with everything needed to judge it again; `sealed` are its stored bytes."""

    submission_id: UUID
    caller_id: str
    received_at: datetime
    fingerprint: bytes
    media_type: str
    size: int
    sealed: bytes
    kind: str


async def state(tx: Reading, submission_id: UUID) -> State | None:
    """What became of a submission, or None."""
    row = (await tx.execute(_newest_verdict(submission_id))).one_or_none()
    if row is None:
        return None
    return State(
        row.submission_id, row.caller_id, row.received_at, row.judged_at, row.outcome, row.findings, row.evidence,
        row.fingerprint, _receipt(row), row.kind, row.own_school,
    )  # fmt: skip


def _newest_verdict(submission_id: UUID) -> Select[Any]:
    """The submission with its newest verdict, and what its bytes became on record, whoever sent them first."""
    s, v, rv, wd, r = submission.c, verdict.c, record_version.c, withdrawal.c, record.c
    same_record = (
        (r.school_year == s.school_year)
        & (r.pupil_id == func.coalesce(rv.pupil_id, wd.pupil_id))
        & (r.level == func.coalesce(rv.level, wd.level))
    )
    return (
        select(
            s.submission_id, s.caller_id, s.received_at, s.fingerprint, s.kind, v.judged_at, v.outcome, v.findings, v.evidence,
            func.coalesce(rv.submission_id, wd.submission_id).label("accepted_as"),
            func.coalesce(rv.version, wd.version).label("version"),
            func.coalesce(rv.accepted_at, wd.accepted_at).label("accepted_at"),
            r.record_id, r.transcript_code, r.school_year, r.school_code, r.level, school.c.school_code.label("own_school"),
        )
        .select_from(
            submission.join(verdict, v.submission_id == s.submission_id)
            .outerjoin(record_version, (rv.fingerprint == s.fingerprint) & (rv.school_year == s.school_year))
            .outerjoin(withdrawal, (wd.fingerprint == s.fingerprint) & (wd.school_year == s.school_year))
            .outerjoin(record, same_record)
            .outerjoin(school, school.c.school_code == s.school_code)
        )
        .where(s.submission_id == submission_id)
        .order_by(v.judged_at.desc())
        .limit(1)
    )  # fmt: skip


def _receipt(row: Row[Any]) -> Receipt | None:
    if row.outcome != "accepted" or row.record_id is None:
        return None
    return Receipt(
        row.accepted_as, row.record_id, row.transcript_code, row.version, row.school_year, row.school_code, row.level,
        row.fingerprint, row.accepted_at,
    )  # fmt: skip


async def waiting_since(tx: Reading, generation: int, limit: int) -> list[UUID]:
    """Held submissions that were last judged under an older generation, or whose version has come; oldest first."""
    rv, t, w, r = record_version.c, transcript_code.c, waiting.c, record.c
    same_record = (rv.school_year == t.school_year) & (rv.pupil_id == t.pupil_id) & (rv.level == t.level)
    the_record = (r.school_year == t.school_year) & (r.pupil_id == t.pupil_id) & (r.level == t.level)
    arrived = (  # at this school: another school's record stays unknown to it, and would be looked at for ever
        exists()
        .select_from(transcript_code.join(record_version, same_record).join(record, the_record))
        .where(t.transcript_code == w.transcript_code, rv.version == w.withdraws, r.school_code == w.school_code)
    )
    query = (
        select(w.submission_id)
        .where((w.generation < generation) | (w.withdraws.is_not(None) & arrived))
        .order_by(waiting.c.tried_at)
        .limit(limit)
    )
    return list((await tx.execute(query)).scalars())


async def held_document(tx: Reading, submission_id: UUID) -> Waiting | None:
    """A waiting submission with its sealed bytes, or None when its wait has ended."""
    s, d, w = submission.c, document.c, waiting.c
    query = (
        select(s.submission_id, s.caller_id, s.received_at, s.fingerprint, s.size, d.media_type, d.sealed, s.kind)
        .select_from(
            waiting.join(submission, s.submission_id == w.submission_id).join(
                document, (d.school_year == w.school_year) & (d.fingerprint == w.fingerprint)
            )
        )
        .where(w.submission_id == submission_id)
    )
    row = (await tx.execute(query)).one_or_none()
    return None if row is None else Waiting(*row[:4], row.media_type, row.size, row.sealed, row.kind)
