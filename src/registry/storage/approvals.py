"""Four eyes: frozen years, rules about what needs approval, the city's decisions, and what waits for one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import cast, select, update
from sqlalchemy.dialects.postgresql import JSONB, insert

from registry.storage.database import Hot, Reading, Writing
from registry.storage.tables import approval, approval_rule, frozen_year, submission, verdict, waiting

_NEED = """
SELECT EXISTS (SELECT FROM frozen_year WHERE school_year = $1)
       OR EXISTS (SELECT FROM approval_rule WHERE kind = $2 AND valid_from <= $4 AND (valid_to IS NULL OR valid_to > $4)) AS needed,
       (SELECT approved FROM approval WHERE fingerprint = $3) AS approved
"""


@dataclass(frozen=True, slots=True)
class Need:
    """Whether a change needs approval now, and what was decided on exactly its bytes (None: nothing yet)."""

    needed: bool
    approved: bool | None


@dataclass(frozen=True, slots=True)
class Pending:
    """A change that waits for the city's decision."""

    submission_id: UUID
    received_at: datetime
    caller_id: str
    kind: str  # transcript (a correction) or withdrawal
    school_code: str
    school_year: str
    transcript_code: str
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class Frozen:
    """A frozen school year: since when, by whom (None: at the machine itself) and why."""

    school_year: str
    frozen_at: datetime
    caller_id: str | None
    reason: str


async def need(tx: Hot, kind: str, school_year: str, fingerprint: bytes, now: datetime) -> Need:
    """Does a change of this kind (correction, withdrawal) in this school year need approval, and has it got it?"""
    row = await tx.fetchrow(_NEED, school_year, kind, fingerprint, now)
    assert row is not None
    return Need(row["needed"], row["approved"])


async def pending(tx: Reading, code: str) -> list[Pending]:
    """What is held with a finding of this code, the oldest first."""
    s, v, w = submission.c, verdict.c, waiting.c
    newest = (
        select(v.findings)
        .where(v.submission_id == w.submission_id)
        .order_by(v.judged_at.desc())
        .limit(1)
        .correlate(waiting)
        .scalar_subquery()
    )
    query = (
        select(
            s.submission_id, s.received_at, s.caller_id, s.kind, s.school_code, s.school_year, s.transcript_code,
            w.fingerprint,
        )
        .select_from(waiting.join(submission, s.submission_id == w.submission_id))
        .where(newest.op("@>")(cast([{"code": code}], JSONB)))
        .order_by(s.received_at, s.submission_id)
    )  # fmt: skip
    return [Pending(*row) for row in await tx.execute(query)]


async def submitters(tx: Writing, fingerprint: bytes) -> frozenset[str]:
    """Every caller that has submitted these bytes."""
    query = select(submission.c.caller_id).where(submission.c.fingerprint == fingerprint).distinct()
    return frozenset((await tx.execute(query)).scalars())


async def decide(tx: Writing, fingerprint: bytes, approved: bool, reason: str, caller_id: str, now: datetime) -> bool:
    """Write the decision on these bytes and let them be judged again; False when there is one already."""
    row = insert(approval).values(
        fingerprint=fingerprint, approved=approved, reason=reason, caller_id=caller_id, decided_at=now
    )
    done = await tx.execute(row.on_conflict_do_nothing().returning(approval.c.fingerprint))
    await tx.execute(update(waiting).where(waiting.c.fingerprint == fingerprint).values(generation=0))
    return done.one_or_none() is not None


async def freeze(tx: Writing, frozen: Frozen) -> bool:
    """Freeze a school year; False when it is frozen already. The use case moves the generation in the same transaction."""
    row = insert(frozen_year).values(
        school_year=frozen.school_year, frozen_at=frozen.frozen_at, caller_id=frozen.caller_id, reason=frozen.reason
    )
    done = await tx.execute(row.on_conflict_do_nothing().returning(frozen_year.c.school_year))
    return done.one_or_none() is not None


async def frozen_years(tx: Reading) -> list[Frozen]:
    """Every frozen school year."""
    f = frozen_year.c
    query = select(f.school_year, f.frozen_at, f.caller_id, f.reason).order_by(f.school_year)
    return [Frozen(*row) for row in await tx.execute(query)]


async def require(tx: Writing, kind: str, required: bool, now: datetime) -> None:
    """From now on changes of this kind need approval in every year, or no longer do so by this rule."""
    r = approval_rule.c
    await tx.execute(update(approval_rule).where(r.kind == kind, r.valid_to.is_(None)).values(valid_to=now))
    if required:
        await tx.execute(insert(approval_rule).values(kind=kind, valid_from=now))


async def required_kinds(tx: Reading) -> frozenset[str]:
    """The kinds of change that need approval now whatever the year."""
    r = approval_rule.c
    return frozenset((await tx.execute(select(r.kind).where(r.valid_to.is_(None)))).scalars())
