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
from registry.core.pupils import Case, CaseKind, Decided, Decision


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
    pupil_id: UUID  # whom it stands under: of merged pupils, or one who changed schools, any of them


@dataclass(frozen=True, slots=True)
class Group:
    """Pupils that are one: who stands for them, and a number that moves whenever one of them begins a record or is merged."""

    stands: UUID
    turn: int


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
    code_owner: UUID | None = None  # that record's pupil
    own_pupil: UUID | None = None  # the pupil as it was before any merge: what is accepted meanwhile survives an undo
    person: bytes | None = None  # birth date and sex that belong to the number, sealed
    decisions: tuple[Decided, ...] = ()  # about exactly these bytes
    group: Group | None = None  # of the pupil, when it is one with others


@dataclass(frozen=True, slots=True)
class Place:
    """What to write: a new pupil or a known one, a new record or the next version.

    `group`: whose turn must not have moved when the record begins, so that of pupils who are one two never begin a year at once.
    """

    pupil_id: UUID
    new_pupil: bool
    new_number: bool
    new_code: bool
    record_id: UUID
    new_record: bool
    group: Group | None = None


def place(
    found: Found, *, pupil_code: str, transcript_code: str, school_code: str, fresh_pupil: UUID, fresh_record: UUID
) -> Place | Finding | Case:
    """Decide where an otherwise acceptable transcript belongs.

    A case where identity or school is for a person to decide; a person's decision about these bytes ends it. Findings:
    record-decided (REFUSE: a person said that it is another's), record-code, record-version (REFUSE, within the same school only).
    """
    moved = None
    for case in (_pupil_case(found, pupil_code), _record_case(found, transcript_code, school_code)):
        if case is None:
            continue
        decided = _decided(found, case)
        if decided is None:
            return case
        if decided.decision is Decision.OTHER_PUPIL:
            return Finding(codes.RECORD_DECIDED)
        moved = decided.placed_as or moved
    mine = found.record
    if mine is not None and moved is not None and mine.transcript_code != transcript_code:
        mine = None  # the new school's record stands beside the old one's
    else:
        moved = None
    trouble = _record_trouble(found, mine, transcript_code)
    if trouble is not None:
        return trouble
    pupil = moved or (mine and mine.pupil_id) or found.own_pupil or found.pupil_by_number or found.pupil_by_code
    return Place(
        pupil_id=pupil or fresh_pupil,
        new_pupil=pupil is None,
        new_number=found.pupil_by_number is None,
        new_code=found.pupil_by_code is None,
        record_id=mine.record_id if mine else fresh_record,
        new_record=mine is None,
        group=found.group if mine is None else None,
    )


def _decided(found: Found, case: Case) -> Decided | None:
    """The decision about this very doubt. Two pupils that are both known become one by a merge, not by a document.

    A number that moved is the document's pupil's then; where there is a doubt all the same it has gone back, and that is a new one.
    """
    for each in found.decisions:
        merge_first = case.two_known and each.decision is Decision.SAME_PUPIL
        done = each.decision is Decision.NUMBER_MOVES
        if (each.kind, each.against) == (case.kind, case.against) and not merge_first and not done:
            return each
    return None


def _pupil_case(found: Found, pupil_code: str) -> Case | None:
    """A number and a pupil code that point to different pupils are never joined by a machine (TT 59/2021 art. 6)."""
    by_number, by_code = found.pupil_by_number, found.pupil_by_code
    if by_number and by_code and by_number != by_code:
        return Case(CaseKind.NUMBER_TWO_PUPILS, by_number, two_known=True)
    if by_number and not by_code and found.code_of_pupil_by_number not in (None, pupil_code):
        return Case(CaseKind.NUMBER_TWO_PUPILS, by_number)
    if by_code and not by_number and found.pupil_by_code_has_number:
        return Case(CaseKind.CODE_TWO_NUMBERS, by_code)
    return None


def _record_case(found: Found, transcript_code: str, school_code: str) -> Case | None:
    """A record of the year, or a transcript code, of another school."""
    if found.record is not None and found.record.school_code != school_code:
        return Case(CaseKind.OTHER_SCHOOL, found.record.pupil_id)
    owner = found.code_owner_school
    if owner is None or found.code_owner_is_this_record or owner == school_code:
        return None
    if found.record is not None and (found.record.transcript_code != transcript_code or found.version_taken):
        return None  # refused whatever a person would say
    return Case(CaseKind.TRANSCRIPT_CODE, found.code_owner or UUID(int=0))


def _record_trouble(found: Found, mine: Held | None, transcript_code: str) -> Finding | None:
    if mine is not None:
        if mine.transcript_code != transcript_code:
            return Finding(codes.RECORD_CODE, "/code")
        if found.version_taken:
            return Finding(codes.RECORD_VERSION, "/version")
    if found.code_owner_school is not None and not found.code_owner_is_this_record:
        return Finding(codes.RECORD_CODE, "/code")
    return None
