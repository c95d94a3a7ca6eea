"""The history of one record: its versions and withdrawals, and the received bytes of a version."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, exists, select

from registry.storage.database import Reading
from registry.storage.tables import document, record, record_version, submission, transcript_code, withdrawal


@dataclass(frozen=True, slots=True)
class Record:
    """A record as it stands."""

    record_id: UUID
    transcript_code: str
    pupil_id: UUID
    pupil_code: str
    school_year: str
    school_code: str
    level: str
    grade: int
    current_version: int
    withdrawn_version: int


@dataclass(frozen=True, slots=True)
class Version:
    """One accepted version of it."""

    version: int
    submission_id: UUID
    fingerprint: bytes
    accepted_at: datetime
    reason: str | None
    awaits_summer: bool
    signatures: list[dict[str, Any]]
    school_code: str  # that gave it out


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A withdrawal of a version and all before it."""

    version: int
    submission_id: UUID
    fingerprint: bytes
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class History:
    """A record with everything that was accepted about it, by version."""

    record: Record
    versions: tuple[Version, ...]
    withdrawals: tuple[Withdrawn, ...]


async def load(tx: Reading, code: str, schools: Iterable[str]) -> History | None:
    """The record with this transcript code, if it is one of these schools'; else None.

    Of a record that went on at another school a school has the versions that it gave out itself, and no others; where the
    record went is not told.
    """
    here = sorted(schools)
    r, t = record.c, transcript_code.c
    given_out = exists().where(_of_record(r), submission.c.school_code.in_(here))
    query = (
        select(
            r.record_id, r.transcript_code, r.pupil_id, r.pupil_code, r.school_year, r.school_code, r.level, r.grade,
            r.current_version, r.withdrawn_version,
        )
        .join(transcript_code, (t.school_year == r.school_year) & (t.pupil_id == r.pupil_id) & (t.level == r.level))
        .where(t.transcript_code == code, r.school_code.in_(here) | given_out)
    )  # fmt: skip
    row = (await tx.execute(query)).one_or_none()
    if row is None:
        return None
    found = Record(*tuple(row))
    if found.school_code in here:
        return History(found, await _versions(tx, found, None), await _withdrawals(tx, found))
    own = await _versions(tx, found, here)
    return History(replace(found, school_code=own[-1].school_code), own, await _withdrawals(tx, found))


def _of_record(of: Record | Any) -> ColumnElement[bool]:
    """The versions of a record (a value, or the columns of one), with the submissions that they came by."""
    v = record_version.c
    same = (v.school_year == of.school_year) & (v.pupil_id == of.pupil_id) & (v.level == of.level)
    return same & (v.submission_id == submission.c.submission_id)


async def pupil_of(tx: Reading, submission_id: UUID) -> tuple[str, UUID] | None:
    """School year and pupil of the version that a submission became, if it became one."""
    v = record_version.c
    row = (await tx.execute(select(v.school_year, v.pupil_id).where(v.submission_id == submission_id))).one_or_none()
    return None if row is None else (row.school_year, row.pupil_id)


async def _versions(tx: Reading, of: Record, only: list[str] | None) -> tuple[Version, ...]:
    """The versions, or those alone that these schools gave out."""
    v = record_version.c
    query = (
        select(
            v.version,
            v.submission_id,
            v.fingerprint,
            v.accepted_at,
            v.reason,
            v.awaits_summer,
            v.signatures,
            submission.c.school_code,
        )
        .where(_of_record(of))
        .order_by(v.version)
    )
    if only is not None:
        query = query.where(submission.c.school_code.in_(only))
    return tuple(Version(*row) for row in await tx.execute(query))


async def _withdrawals(tx: Reading, of: Record) -> tuple[Withdrawn, ...]:
    w = withdrawal.c
    query = (
        select(w.version, w.submission_id, w.fingerprint, w.accepted_at, w.reason)
        .where(w.school_year == of.school_year, w.pupil_id == of.pupil_id, w.level == of.level)
        .order_by(w.version)
    )
    return tuple(Withdrawn(*row) for row in await tx.execute(query))


async def received(tx: Reading, school_year: str, fingerprint: bytes) -> tuple[str, bytes] | None:
    """Media type and sealed bytes of a document, or None when it is gone."""
    d = document.c
    query = select(d.media_type, d.sealed).where(d.school_year == school_year, d.fingerprint == fingerprint)
    row = (await tx.execute(query)).one_or_none()
    return None if row is None else (row.media_type, row.sealed)
