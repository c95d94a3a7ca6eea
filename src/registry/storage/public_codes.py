"""Verification codes by record version, and the one statement behind a public page: it finds and writes the view down."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from registry.core.verification import Answer
from registry.core.views import PAPER_CHECK, PUBLIC, PUBLIC_PAGE
from registry.storage.database import Hot

#: The answer is worked out twice, here for the row that is kept and by nobody else: `Standing` says the same of it (test).
_VIEW = """
WITH found AS (
  SELECT p.*, coalesce(s.grade, k.grade) AS grade, k.current_version, v.accepted_at,
         CASE WHEN p.version <= k.withdrawn_version THEN 'genuine_withdrawn'
              WHEN p.version = k.current_version THEN 'genuine_current' ELSE 'genuine_superseded' END AS answer,
         CASE WHEN k.current_version > greatest(k.withdrawn_version, p.version) THEN k.current_version END AS replaced_by
    FROM public_code p JOIN record k USING (school_year, pupil_id, level)
    JOIN record_version v USING (school_year, pupil_id, level, version)
    JOIN submission s ON s.submission_id = v.submission_id WHERE p.code_index = $1),
     written AS (INSERT INTO question (question_id, asked_at, caller_id, purpose, reference, kind, school_year, pupil_id, answer,
                                       detail)
                   SELECT $3, $2, $4, $5, '', $6, school_year, pupil_id, answer, 'version ' || version FROM found)
SELECT f.code_index, f.face_sealed, f.school_year, f.level, f.grade, f.version, f.answer, f.accepted_at, f.replaced_by,
       (SELECT accepted_at FROM record_version n WHERE n.school_year = f.school_year AND n.pupil_id = f.pupil_id
           AND n.level = f.level AND n.version = f.replaced_by) AS replaced_at,
       (SELECT accepted_at FROM withdrawal w WHERE w.school_year = f.school_year AND w.pupil_id = f.pupil_id
           AND w.level = f.level AND w.version >= f.version AND f.answer = 'genuine_withdrawn'
           ORDER BY w.version LIMIT 1) AS withdrawn_at
FROM found f
"""

_OF_VERSION = """SELECT code_index, code_sealed, face_sealed FROM public_code
WHERE school_year = $1 AND pupil_id = $2 AND level = $3 AND version = $4"""

_ADD = """INSERT INTO public_code (code_index, school_year, pupil_id, level, version, code_sealed, face_sealed, made_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (school_year, pupil_id, level, version) DO NOTHING"""


@dataclass(frozen=True, slots=True)
class Key:
    """Which version of which record."""

    school_year: str
    pupil_id: UUID
    level: str
    version: int

    @property
    def bound(self) -> bytes:
        """What the sealed code is bound to: moved to another row it opens no more."""
        return f"{self.school_year}/{self.pupil_id}/{self.level}/{self.version}".encode("ascii")


@dataclass(frozen=True, slots=True)
class Kept:
    """A code as it is stored."""

    code_index: bytes
    code_sealed: bytes
    face_sealed: bytes


@dataclass(frozen=True, slots=True)
class Viewed:
    """What the public page is made of."""

    code_index: bytes
    face_sealed: bytes
    school_year: str
    level: str
    grade: int
    version: int
    answer: Answer
    accepted_at: datetime
    replaced_by: int | None
    replaced_at: datetime | None
    withdrawn_at: datetime | None


async def view(tx: Hot, code_index: bytes, question_id: UUID, now: datetime) -> Viewed | None:
    """What is behind a code; the view is written down as a question by the same statement, and so has its place in the chain of
    who looked. None, and nothing written, when there is no such."""
    row = await tx.fetchrow(_VIEW, code_index, now, question_id, PUBLIC, PAPER_CHECK, PUBLIC_PAGE)
    if row is None:
        return None
    values: dict[str, Any] = dict(row)
    return Viewed(**{**values, "answer": Answer(values["answer"])})


async def of_version(tx: Hot, key: Key) -> Kept | None:
    """The code of a version, if it was given one."""
    row = await tx.fetchrow(_OF_VERSION, key.school_year, key.pupil_id, key.level, key.version)
    return None if row is None else Kept(*row)


async def add(tx: Hot, key: Key, kept: Kept, now: datetime) -> None:
    """Give a version its code; whoever comes second changes nothing and reads the first one's."""
    await tx.execute(_ADD, kept.code_index, key.school_year, key.pupil_id, key.level, key.version, kept.code_sealed,
                     kept.face_sealed, now)  # fmt: skip
