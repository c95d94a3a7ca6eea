"""Share links: made, opened (counted and written down by one statement), revoked, listed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from registry.storage.database import Hot

#: What of a pupil's records a link may be made of: those of the caller's schools.
_RECORDS = """SELECT school_year, pupil_id, level, transcript_code, school_code FROM record
WHERE pupil_code = $1 AND school_code = ANY($2) AND school_year = ANY($3) AND current_version > withdrawn_version
ORDER BY school_year, level"""

_OF_SHARE = """SELECT k.school_year, k.pupil_id, k.level, k.transcript_code, k.school_code
FROM share_record s JOIN record k USING (school_year, pupil_id, level) WHERE s.share_id = $1 ORDER BY 1, 3"""

_SHARE = """share_id, created_at, created_by, pupil_id, school_code, receiver, purpose, ends_at, most_openings, openings, revoked_at"""

#: The row is locked by the update, so that of two who open at once with one opening left one does.
_OPEN = f"""
WITH opened AS (UPDATE share SET openings = openings + 1
                  WHERE secret_index = $1 AND revoked_at IS NULL AND ends_at > $2 AND openings < most_openings RETURNING *),
     written AS (INSERT INTO share_opening (share_id, number, opened_at) SELECT share_id, openings, $2 FROM opened)
SELECT {_SHARE} FROM opened
"""  # noqa: S608 - only constants of this file are put together


@dataclass(frozen=True, slots=True)
class Shared:
    """One record that a link leads to."""

    school_year: str
    pupil_id: UUID
    level: str
    transcript_code: str
    school_code: str


@dataclass(frozen=True, slots=True)
class Share:
    """A link as it stands; its secret is not in it."""

    share_id: UUID
    created_at: datetime
    created_by: str
    pupil_id: UUID
    school_code: str
    receiver: str
    purpose: str
    ends_at: datetime
    most_openings: int
    openings: int
    revoked_at: datetime | None

    def works(self, now: datetime) -> bool:
        """Whether it still leads to the records; after the last opening too, for who opened it."""
        return self.revoked_at is None and now < self.ends_at


async def records_of(tx: Hot, pupil_code: str, schools: Iterable[str], years: Sequence[str]) -> list[Shared]:
    """The records in force of a pupil in these years, of these schools."""
    return [Shared(*row) for row in await tx.fetch(_RECORDS, pupil_code, sorted(schools), list(years))]


async def records(tx: Hot, share_id: UUID) -> list[Shared]:
    """The records that a link leads to."""
    return [Shared(*row) for row in await tx.fetch(_OF_SHARE, share_id)]


async def add(tx: Hot, share: Share, secret_index: bytes, shared: Sequence[Shared]) -> None:
    """A new link. In a transaction."""
    await tx.execute(
        "INSERT INTO share (share_id, created_at, created_by, pupil_id, school_code, receiver, purpose, ends_at, most_openings,"
        " secret_index) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        share.share_id, share.created_at, share.created_by, share.pupil_id, share.school_code, share.receiver, share.purpose,
        share.ends_at, share.most_openings, secret_index,
    )  # fmt: skip
    await tx.executemany(
        "INSERT INTO share_record (share_id, school_year, pupil_id, level) VALUES ($1, $2, $3, $4)",
        [(share.share_id, each.school_year, each.pupil_id, each.level) for each in shared],
    )


async def find(tx: Hot, secret_index: bytes) -> Share | None:
    """The link of a secret, whatever became of it."""
    row = await tx.fetchrow(f"SELECT {_SHARE} FROM share WHERE secret_index = $1", secret_index)  # noqa: S608
    return None if row is None else Share(*row)


async def open_(tx: Hot, secret_index: bytes, now: datetime) -> Share | None:
    """Count an opening and write it down; None, and nothing written, when the link doesn't open any more. In a transaction."""
    row = await tx.fetchrow(_OPEN, secret_index, now)
    return None if row is None else Share(*row)


async def revoke(tx: Hot, share_id: UUID, schools: Iterable[str], by: str, now: datetime) -> bool:
    """Revoke a link of these schools; once revoked it stays as it is. False when they have no such link."""
    row = await tx.fetchrow(
        "UPDATE share SET revoked_at = coalesce(revoked_at, $3), revoked_by = coalesce(revoked_by, $4)"
        " WHERE share_id = $1 AND school_code = ANY($2) RETURNING share_id",
        share_id, sorted(schools), now, by,
    )  # fmt: skip
    return row is not None


async def listed(tx: Hot, schools: Iterable[str], before: UUID | None, most: int) -> list[Share]:
    """Links of these schools, the newest first, older than one of them."""
    rows = await tx.fetch(
        f"SELECT {_SHARE} FROM share WHERE school_code = ANY($1) AND ($2::uuid IS NULL OR share_id < $2)"  # noqa: S608
        " ORDER BY share_id DESC LIMIT $3",
        sorted(schools), before, most,
    )  # fmt: skip
    return [Share(*row) for row in rows]
