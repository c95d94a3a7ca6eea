"""Held documents that wait for a person: what they wait for, and what was decided about them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping, func, literal_column, select, update
from sqlalchemy.dialects.postgresql import insert

from registry.core.pupils import Case, CaseKind, Decided
from registry.storage.database import Hot, Reading, Writing
from registry.storage.tables import pupil_decision, submission, waiting

#: Whom or which school a held document runs into. Asked in the statement that finds it: the next one may find it judged.
_OTHER_PUPIL_CODE = """
(SELECT pupil_code FROM pupil_code p WHERE p.pupil_id = waiting.case_against ORDER BY known_since LIMIT 1)
"""
_OTHER_SCHOOL_CODE = """
coalesce((SELECT k.school_code FROM record k
           WHERE k.school_year = waiting.school_year AND k.pupil_id = waiting.case_against AND k.level = submission.level
             AND waiting.case_kind = 'other-school'),
         (SELECT k.school_code FROM transcript_code t JOIN record k USING (school_year, pupil_id, level)
           WHERE t.transcript_code = waiting.transcript_code AND waiting.case_kind = 'transcript-code'))
"""
_CONTINUES = """
EXISTS (SELECT FROM record k WHERE k.school_year = waiting.school_year AND k.pupil_id = waiting.case_against
           AND k.level = submission.level AND k.transcript_code = waiting.transcript_code)
"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A held document that waits for a person; nobody's name or number. `other_*`: whom or which school it runs into."""

    submission_id: UUID
    kind: CaseKind
    school_code: str
    school_year: str
    level: str
    grade: int | None
    pupil_code: str | None
    received_at: datetime
    judged_at: datetime
    differs: tuple[str, ...]
    two_known: bool
    against: UUID
    fingerprint: bytes
    transcript_code: str | None
    other_pupil_code: str | None
    other_school_code: str | None
    number_index: bytes | None
    continues: bool  # it carries on the other school's transcript code: one record, not two


def columns(case: Case | None) -> tuple[object, ...]:
    """The values of `case_kind`, `case_against`, `case_differs`, `case_two_known`."""
    if case is None:
        return (None, None, [], False)
    return (case.kind.value, case.against, list(case.differs), case.two_known)


async def keep_waiting(
    tx: Hot, fingerprint: bytes, generation: int, now: datetime, case: Case | None, withdraws: int | None = None
) -> None:
    """Note that a held document was judged again under this generation, and is still held, for whatever reason now."""
    await tx.execute(
        "UPDATE waiting SET generation = $2, tried_at = $3, case_kind = $4, case_against = $5, case_differs = $6,"
        " case_two_known = $7, withdraws = $8 WHERE fingerprint = $1",
        fingerprint,
        generation,
        now,
        *columns(case),
        withdraws,
    )


async def set_aside(tx: Hot, fingerprint: bytes, generation: int, now: datetime) -> None:
    """Count a held document as judged under this generation, though it could not be."""
    await tx.execute(
        "UPDATE waiting SET generation = $2, tried_at = $3, withdraws = NULL WHERE fingerprint = $1",
        fingerprint,
        generation,
        now,
    )


async def waiting_for_person(
    tx: Reading, schools: Collection[str] | None, after: UUID | None, limit: int
) -> list[Waiting]:
    """The cases of these schools (None: of all) behind a submission id, oldest first, at most so many."""
    query = _SELECT.order_by(waiting.c.submission_id).limit(limit)
    if schools is not None:
        query = query.where(waiting.c.school_code == func.any(sorted(schools)))
    if after is not None:
        query = query.where(waiting.c.submission_id > after)
    return [_case(row) for row in (await tx.execute(query)).mappings()]


async def of_submission(tx: Reading, submission_id: UUID) -> Waiting | None:
    """The case that a submission waits for, also when the same bytes were sent before it and wait under that id."""
    same = select(submission.c.fingerprint).where(submission.c.submission_id == submission_id).scalar_subquery()
    row = (await tx.execute(_SELECT.where(waiting.c.fingerprint == same))).mappings().one_or_none()
    return None if row is None else _case(row)


async def add_decision(
    tx: Writing, case: Waiting, decided: Decided, reason: str, caller_id: str | None, now: datetime
) -> Decided:
    """Keep what a person decided, unless there is a decision; returns the one that counts. The document is due again."""
    row = insert(pupil_decision).values(
        fingerprint=case.fingerprint, kind=case.kind.value, against=case.against, submission_id=case.submission_id,
        decision=decided.decision.value, placed_as=decided.placed_as, reason=reason, caller_id=caller_id, decided_at=now,
    )  # fmt: skip
    stored = await tx.execute(row.on_conflict_do_nothing().returning(pupil_decision.c.decision))
    if stored.one_or_none() is None:
        d = pupil_decision.c
        query = select(d.decision, d.placed_as).where(
            d.fingerprint == case.fingerprint, d.kind == case.kind.value, d.against == case.against
        )
        before = (await tx.execute(query)).one()
        return Decided(case.kind, case.against, type(decided.decision)(before.decision), before.placed_as)
    await tx.execute(update(waiting).where(waiting.c.fingerprint == case.fingerprint).values(generation=-1))
    return decided


_SELECT = (
    select(
        waiting.c.submission_id,
        waiting.c.case_kind,
        waiting.c.school_code,
        waiting.c.school_year,
        submission.c.level,
        submission.c.grade,
        submission.c.pupil_code,
        submission.c.received_at,
        waiting.c.tried_at,
        waiting.c.case_differs,
        waiting.c.case_two_known,
        waiting.c.case_against,
        waiting.c.fingerprint,
        waiting.c.transcript_code,
        waiting.c.number_index,
        literal_column(_OTHER_PUPIL_CODE).label("other_pupil_code"),
        literal_column(_OTHER_SCHOOL_CODE).label("other_school_code"),
        literal_column(_CONTINUES).label("continues"),
    )
    .select_from(waiting.join(submission, submission.c.submission_id == waiting.c.submission_id))
    .where(waiting.c.case_kind.is_not(None))
)


def _case(values: RowMapping) -> Waiting:
    return Waiting(
        values["submission_id"],
        CaseKind(values["case_kind"]),
        values["school_code"],
        values["school_year"],
        values["level"],
        values["grade"],
        values["pupil_code"],
        values["received_at"],
        values["tried_at"],
        tuple(values["case_differs"]),
        values["case_two_known"],
        values["case_against"],
        values["fingerprint"],
        values["transcript_code"],
        values["other_pupil_code"],
        values["other_school_code"],
        values["number_index"],
        values["continues"],
    )
