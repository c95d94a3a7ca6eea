"""Current versions with their received bytes, page by page, for a look at all of them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select, tuple_

from registry.storage.database import Reading
from registry.storage.tables import document, record, record_version, submission

Key = tuple[str, UUID, str]
BEGINNING: Key = ("", UUID(int=0), "")


@dataclass(frozen=True, slots=True)
class Current:
    """The version of a record that counts: where it came from, and its sealed bytes."""

    key: Key
    school_code: str
    caller_id: str
    transcript_code: str
    version: int
    media_type: str
    fingerprint: bytes
    sealed: bytes


async def count(tx: Reading, grades: Collection[int]) -> int:
    """How many records of these grades have a version that counts."""
    r = record.c
    query = select(func.count()).where(r.grade.in_(sorted(grades)), r.current_version > r.withdrawn_version)
    return int((await tx.execute(query)).scalar_one())


async def page(tx: Reading, grades: Collection[int], after: Key, most: int) -> list[Current]:
    """The records behind a key, in the order of their keys, at most so many."""
    r, v, s, d = record.c, record_version.c, submission.c, document.c
    same = (v.school_year == r.school_year) & (v.pupil_id == r.pupil_id) & (v.level == r.level)
    joined = (
        record.join(record_version, same & (v.version == r.current_version))
        .join(submission, s.submission_id == v.submission_id)
        .join(document, (d.school_year == v.school_year) & (d.fingerprint == v.fingerprint))
    )
    key = (r.school_year, r.pupil_id, r.level)
    query = (
        select(*key, r.school_code, s.caller_id, r.transcript_code, v.version, d.media_type, v.fingerprint, d.sealed)
        .select_from(joined)
        .where(tuple_(*key) > tuple_(*after), r.grade.in_(sorted(grades)), r.current_version > r.withdrawn_version)
        .order_by(*key)
        .limit(most)
    )
    return [Current((row[0], row[1], row[2]), *tuple(row)[3:]) for row in await tx.execute(query)]
