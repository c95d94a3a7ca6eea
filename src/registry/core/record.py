"""Where an accepted transcript belongs: the pupil it is about and the version of the record it becomes. Pure decisions.

The database reports what it holds (`Found`); `place` says what may be written. Constraints in the database stand behind
each of these rules, so that two writers at once can't both be right.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from registry.core import codes
from registry.core.findings import Finding


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the vendor keeps: proof of which bytes were accepted as which version, and when."""

    submission_id: UUID
    record_id: UUID
    transcript_code: str
    version: int
    school_year: str
    school_code: str
    level: str
    fingerprint: bytes
    accepted_at: datetime


@dataclass(frozen=True, slots=True)
class Held:
    """The record as stored before this submission."""

    record_id: UUID
    transcript_code: str
    school_code: str
    current_version: int


@dataclass(frozen=True, slots=True)
class Found:
    """What the database knows about a transcript's bytes, pupil, record and code."""

    generation: int
    receipt: Receipt | None = None  # for exactly these bytes
    waits: bool = False  # exactly these bytes are held
    pupil_by_number: UUID | None = None
    code_of_pupil_by_number: str | None = None
    pupil_by_code: UUID | None = None
    pupil_by_code_has_number: bool = False
    record: Held | None = None
    version_taken: bool = False
    code_owner_school: str | None = None  # school of the record that carries the transcript code
    code_owner_is_this_record: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """What to write: a new pupil or a known one, a new record or the next version."""

    pupil_id: UUID
    new_pupil: bool
    new_number: bool
    new_code: bool
    record_id: UUID
    new_record: bool


def place(
    found: Found, *, pupil_code: str, transcript_code: str, school_code: str, fresh_pupil: UUID, fresh_record: UUID
) -> Place | Finding:
    """Decide where an otherwise acceptable transcript belongs.

    Findings: record-decision (HOLD: identity or school is for a person to decide; says nothing about other schools'
    records), record-code, record-version (REFUSE, within the same school only).
    """
    trouble = _pupil_trouble(found, pupil_code) or _record_trouble(found, transcript_code, school_code)
    if trouble is not None:
        return trouble
    pupil = found.pupil_by_number or found.pupil_by_code
    return Place(
        pupil_id=pupil or fresh_pupil,
        new_pupil=pupil is None,
        new_number=found.pupil_by_number is None,
        new_code=found.pupil_by_code is None,
        record_id=found.record.record_id if found.record else fresh_record,
        new_record=found.record is None,
    )


def _pupil_trouble(found: Found, pupil_code: str) -> Finding | None:
    """A number and a pupil code that point to different pupils are never joined by a machine (TT 59/2021 art. 6)."""
    by_number, by_code = found.pupil_by_number, found.pupil_by_code
    if by_number and by_code and by_number != by_code:
        return Finding(codes.RECORD_DECISION, "", "pupil code and personal number are known for different pupils")
    if by_number and not by_code and found.code_of_pupil_by_number not in (None, pupil_code):
        return Finding(codes.RECORD_DECISION, "", "the personal number is known with another pupil code")
    if by_code and not by_number and found.pupil_by_code_has_number:
        return Finding(codes.RECORD_DECISION, "", "the pupil code is known with another personal number")
    return None


def _record_trouble(found: Found, transcript_code: str, school_code: str) -> Finding | None:
    if found.record is not None:
        if found.record.school_code != school_code:
            return Finding(codes.RECORD_DECISION, "", "the record needs a decision")
        if found.record.transcript_code != transcript_code:
            return Finding(codes.RECORD_CODE, "/code")
        if found.version_taken:
            return Finding(codes.RECORD_VERSION, "/version")
    if found.code_owner_school is not None and not found.code_owner_is_this_record:
        if found.code_owner_school == school_code:
            return Finding(codes.RECORD_CODE, "/code")
        return Finding(codes.RECORD_DECISION, "", "the record needs a decision")
    return None
