"""A withdrawal (thu hồi): the signed statement that a version of a record, and what it superseded, no longer counts. Pure.

Withdrawn is a version and all before it, so that it does not matter in which order versions and withdrawals arrive: the
current version is the greatest one, and it counts when it is greater than the greatest that was withdrawn.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from registry.core import codes
from registry.core.findings import Finding
from registry.core.ids import Level, SchoolYear
from registry.core.record import Receipt


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """What the statement says: which version of which record, why, and when."""

    transcript_code: str
    version: int
    school_year: SchoolYear
    school_code: str
    level: Level
    reason: str = field(repr=False)
    withdrawn_on: date


@dataclass(frozen=True, slots=True)
class OnRecord:
    """The record that carries the transcript code; `taken` says that this very version was withdrawn by other bytes."""

    record_id: UUID
    pupil_id: UUID
    school_year: str
    level: str
    school_code: str
    has_version: bool
    taken: bool


@dataclass(frozen=True, slots=True)
class Found:
    """What the database knows about a withdrawal's bytes and record."""

    generation: int
    receipt: Receipt | None = None  # for exactly these bytes
    waits: bool = False  # exactly these bytes are held
    record: OnRecord | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """The version that counts, or None when all there are have been withdrawn."""

    current_version: int
    withdrawn_version: int

    @property
    def in_force(self) -> int | None:
        """The version that counts."""
        return self.current_version if self.current_version > self.withdrawn_version else None


def trouble(found: Found, withdrawal: Withdrawal) -> Finding | None:
    """What speaks against withdrawing: withdrawal-unknown (HOLD), withdrawal-record, withdrawal-version, or nothing.

    A record of another school and one that is not there are the same answer: nothing is told of other schools' records.
    """
    record = found.record
    if record is None or record.school_code != withdrawal.school_code:
        return Finding(codes.WITHDRAWAL_UNKNOWN, "/madinhdanhhocba")
    if record.school_year != str(withdrawal.school_year):
        return Finding(codes.WITHDRAWAL_RECORD, "/namhoc", "the school year of the record")
    if record.level != withdrawal.level.value:
        return Finding(codes.WITHDRAWAL_RECORD, "/macaphoc", "the level of the record")
    if not record.has_version:
        return Finding(codes.WITHDRAWAL_UNKNOWN, "/phienbanthongtinhocba")
    if record.taken:
        return Finding(codes.WITHDRAWAL_VERSION, "/phienbanthongtinhocba")
    return None
