"""Pupils as rows: their numbers past and present, which of them are one, and what of them is where.

Records are keyed by school year first, so that a pupil's are found by trying the years: a few dozen looks into one index.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from registry.storage.database import Hot, Reading, Writing
from registry.storage.tables import change_queue, pupil, pupil_alias, pupil_code, pupil_merge, pupil_number, renumbering

#: Any constant will do, so long as nobody else takes the same advisory lock.
_WRITING = 0x70_75_70_69_6C
_YEARS = """ARRAY(SELECT y || '-' || (y + 1) FROM generate_series(1950, extract(year FROM now())::int + 1) y)"""

_RECORDS = f"""
SELECT school_year, level, school_code, pupil_id FROM record
 WHERE school_year = ANY({_YEARS}) AND pupil_id = ANY(:pupils)
"""  # noqa: S608 - only constants of this file are put together

_ROSTER_SCHOOLS = """
SELECT DISTINCT school_code FROM roster_pupil
 WHERE number_index = ANY(ARRAY(SELECT number_index FROM pupil_number WHERE pupil_id = ANY(:pupils)))
"""

#: Everybody below a pupil in the merges in force, however long the chain.
_ALIAS = """
WITH RECURSIVE below AS (
  SELECT from_pupil FROM pupil_merge WHERE into_pupil = :top AND undone_at IS NULL
  UNION SELECT m.from_pupil FROM below b JOIN pupil_merge m ON m.into_pupil = b.from_pupil AND m.undone_at IS NULL)
INSERT INTO pupil_alias (pupil_id, survivor) SELECT from_pupil, :top FROM below
"""

_MERGES = """
SELECT m.merge_id, m.kind, m.from_pupil, m.into_pupil, m.reason, m.caller_id, m.at, m.undone_at, m.undone_reason, m.undone_by,
       (SELECT pupil_code FROM pupil_code WHERE pupil_id = m.from_pupil ORDER BY known_since LIMIT 1) AS from_code,
       (SELECT pupil_code FROM pupil_code WHERE pupil_id = m.into_pupil ORDER BY known_since LIMIT 1) AS into_code
  FROM pupil_merge m
"""

_IDENTIFY = f"""
WITH n AS (SELECT p.pupil_id, coalesce(a.survivor, p.pupil_id) AS top, p.person_sealed
             FROM pupil_number p LEFT JOIN pupil_alias a USING (pupil_id) WHERE p.number_index = $1),
     m AS (SELECT ARRAY(SELECT top FROM n UNION ALL SELECT pupil_id FROM pupil_alias WHERE survivor = (SELECT top FROM n))
             AS pupils),
     i AS (SELECT ARRAY(SELECT number_index FROM pupil_number WHERE pupil_id = ANY((SELECT pupils FROM m)::uuid[])
                        UNION SELECT $1::bytea) AS numbers),
     w AS (SELECT sex, birth_date, joined_at, number_index = $1 AS exact FROM roster_pupil
             WHERE number_index = ANY((SELECT numbers FROM i)::bytea[]) AND school_code = ANY($2)
             ORDER BY exact DESC, joined_at DESC LIMIT 1)
SELECT (SELECT pupil_id FROM n) AS pupil_id, (SELECT person_sealed FROM n) AS person,
       EXISTS (SELECT FROM w) OR EXISTS (SELECT FROM record WHERE school_year = ANY({_YEARS})
         AND pupil_id = ANY((SELECT pupils FROM m)::uuid[]) AND school_code = ANY($2)) AS within,
       (SELECT sex FROM w WHERE exact) AS sex, (SELECT birth_date FROM w WHERE exact) AS birth_date
"""  # noqa: S608


#: Asked for in the place of a pupil that there is not, so that the same statements are run.
NOBODY = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Number:
    """A personal number as it is kept, and whose it is."""

    pupil_id: UUID
    closed: bool
    person: bytes | None


@dataclass(frozen=True, slots=True)
class Record:
    """Where a record of a pupil is."""

    school_year: str
    level: str
    school_code: str
    pupil_id: UUID


@dataclass(frozen=True, slots=True)
class Merge:
    """Two pupils that an operator said are one (kind `merge`), or the second place of a pupil who moved (`transfer`)."""

    merge_id: UUID
    kind: str
    from_pupil: UUID
    into_pupil: UUID
    reason: str
    caller_id: str | None
    at: datetime
    undone_at: datetime | None = None
    undone_reason: str | None = None
    undone_by: str | None = None
    from_code: str | None = None
    into_code: str | None = None


@dataclass(frozen=True, slots=True)
class Sighting:
    """What is known of a number that a caller asks about; `within` says whether the pupil is one of the caller's schools."""

    pupil_id: UUID | None
    within: bool
    person: bytes | None
    sex: str | None
    birth_date: str | None


async def write_alone(tx: Writing) -> None:
    """Make other changes of pupils wait until this transaction ends."""
    await tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _WRITING})


async def keep_records_out(tx: Writing, pupils: Collection[UUID]) -> None:
    """Let no record of these pupils begin until this transaction ends; those that are being written are waited for.

    Whoever waits for it meanwhile looks again afterwards. Always in one order, and no submission holds more than one pupil.
    """
    for each in sorted(pupils):
        await tx.execute(update(pupil).where(pupil.c.pupil_id == each).values(merges=pupil.c.merges + 1))


async def number(tx: Reading, number_index: bytes) -> Number | None:
    """A number, present or past."""
    n = pupil_number.c
    query = select(n.pupil_id, n.closed_at, n.person_sealed).where(n.number_index == number_index)
    row = (await tx.execute(query)).one_or_none()
    return None if row is None else Number(row.pupil_id, row.closed_at is not None, row.person_sealed)


async def of_code(tx: Reading, code: str) -> UUID | None:
    """The pupil with this code, whatever it was merged into."""
    query = select(pupil_code.c.pupil_id).where(pupil_code.c.pupil_code == code)
    found: UUID | None = (await tx.execute(query)).scalar_one_or_none()
    return found


async def code_of(tx: Reading, pupil_id: UUID) -> str | None:
    """The pupil's first code."""
    c = pupil_code.c
    query = select(c.pupil_code).where(c.pupil_id == pupil_id).order_by(c.known_since).limit(1)
    found: str | None = (await tx.execute(query)).scalar_one_or_none()
    return found


async def survivor(tx: Reading, pupil_id: UUID) -> UUID:
    """The pupil that stands for this one."""
    query = select(pupil_alias.c.survivor).where(pupil_alias.c.pupil_id == pupil_id)
    found: UUID | None = (await tx.execute(query)).scalar_one_or_none()
    return found or pupil_id


async def group(tx: Reading, pupil_id: UUID) -> list[UUID]:
    """All that are one with this pupil, the one that stands for them first."""
    top = await survivor(tx, pupil_id)
    query = select(pupil_alias.c.pupil_id).where(pupil_alias.c.survivor == top).order_by(pupil_alias.c.pupil_id)
    return [top, *(await tx.execute(query)).scalars()]


async def records_of(tx: Reading, pupils: Collection[UUID]) -> list[Record]:
    """Where the records of these pupils are."""
    rows = await tx.execute(text(_RECORDS), {"pupils": list(pupils)})
    return [Record(*row) for row in rows]


async def schools_of(tx: Reading, pupils: Collection[UUID]) -> frozenset[str]:
    """Schools that hold a record of these pupils, or have had one of their numbers on a roster."""
    rosters = (await tx.execute(text(_ROSTER_SCHOOLS), {"pupils": list(pupils)})).scalars()
    return frozenset(rosters) | {each.school_code for each in await records_of(tx, pupils)}


async def is_renumbered(tx: Reading, old_index: bytes, new_index: bytes) -> bool:
    """Whether exactly this renumbering was done before."""
    r = renumbering.c
    query = select(r.renumbering_id).where(r.old_index == old_index, r.new_index == new_index).limit(1)
    return (await tx.execute(query)).first() is not None


async def open_number(
    tx: Writing, number_index: bytes, pupil_id: UUID, sealed: bytes, person: bytes | None, now: datetime
) -> bool:
    """Make a number the present one of a pupil; False when somebody else has just got it."""
    row = insert(pupil_number).values(
        number_index=number_index, pupil_id=pupil_id, number_sealed=sealed, known_since=now, person_sealed=person
    )
    again = row.on_conflict_do_update(
        index_elements=["number_index"], set_={"closed_at": None}, where=pupil_number.c.pupil_id == pupil_id
    )
    return (await tx.execute(again.returning(pupil_number.c.pupil_id))).first() is not None


async def move_number(tx: Writing, number_index: bytes, pupil_id: UUID) -> None:
    """Let a number be another pupil's, open, and forget whom it was thought to belong to."""
    moved = update(pupil_number).where(pupil_number.c.number_index == number_index)
    await tx.execute(moved.values(pupil_id=pupil_id, closed_at=None, person_sealed=None))


async def close_number(tx: Writing, number_index: bytes, now: datetime) -> None:
    """End a number; it goes on finding its pupil."""
    await tx.execute(update(pupil_number).where(pupil_number.c.number_index == number_index).values(closed_at=now))


async def tell_of_number(tx: Writing, pupil_id: UUID, now: datetime, schools: Collection[str]) -> None:
    """Queue for the feed of each school that a pupil's number is another one now."""
    told = [{"kind": "renumbered", "pupil_id": pupil_id, "at": now, "school_code": code} for code in sorted(schools)]
    if told:
        await tx.execute(insert(change_queue), told)


async def add_renumbering(
    tx: Writing, renumbering_id: UUID, pupil_id: UUID, indexes: tuple[bytes, bytes], reference: str,
    caller_id: str | None, now: datetime, schools: Collection[str],
) -> None:  # fmt: skip
    """Write a renumbering (old, new) down, and queue it for the feed of each school."""
    row = {"renumbering_id": renumbering_id, "pupil_id": pupil_id, "old_index": indexes[0], "new_index": indexes[1],
           "reference": reference, "caller_id": caller_id, "at": now}  # fmt: skip
    await tx.execute(insert(renumbering).values(row))
    await tell_of_number(tx, pupil_id, now, schools)


async def add_pupil(tx: Writing, pupil_id: UUID, now: datetime, code: str | None = None) -> None:
    """A pupil without anything yet but perhaps a code."""
    await tx.execute(insert(pupil).values(pupil_id=pupil_id, created_at=now))
    if code is not None:
        await tx.execute(insert(pupil_code).values(pupil_code=code, pupil_id=pupil_id, known_since=now))


async def add_merge(tx: Writing, merge: Merge) -> None:
    """Let one pupil stand for another from now on. No two at once: `write_alone` comes first."""
    row = {
        name: getattr(merge, name)
        for name in ("merge_id", "kind", "from_pupil", "into_pupil", "reason", "caller_id", "at")
    }
    await tx.execute(insert(pupil_merge).values(row))
    await _alias_again(tx, await survivor(tx, merge.into_pupil), merge.from_pupil)


async def undo_merge(tx: Writing, merge: Merge, reason: str, caller_id: str | None, now: datetime) -> None:
    """End a merge; both pupils stand for themselves, and for those merged into each, as before."""
    top = await survivor(tx, merge.into_pupil)
    ended = update(pupil_merge).where(pupil_merge.c.merge_id == merge.merge_id)
    await tx.execute(ended.values(undone_at=now, undone_reason=reason, undone_by=caller_id))
    await _alias_again(tx, top, merge.from_pupil)
    await _alias_again(tx, merge.from_pupil)


async def merges(tx: Reading, limit: int, behind: tuple[datetime, UUID] | None = None) -> list[Merge]:
    """Merges past and present, newest first; or those behind the moment and id of one."""
    at, merge_id = behind or (None, None)
    rows = await tx.execute(
        text(
            f"{_MERGES} WHERE m.kind = 'merge' AND (CAST(:at AS timestamptz) IS NULL OR (m.at, m.merge_id) < (:at, CAST(:id AS uuid)))"
            " ORDER BY m.at DESC, m.merge_id DESC LIMIT :most"
        ),
        {"most": limit, "at": at, "id": merge_id},
    )
    return [Merge(**row._mapping) for row in rows]


async def merge(tx: Reading, merge_id: UUID) -> Merge | None:
    """One merge."""
    row = (await tx.execute(text(f"{_MERGES} WHERE m.merge_id = :id"), {"id": merge_id})).one_or_none()
    return None if row is None else Merge(**row._mapping)


async def identify(tx: Hot, number_index: bytes, schools: Collection[str]) -> Sighting:
    """What is known of a number, and whether these schools have or had the pupil. One statement whatever is there."""
    row = await tx.fetchrow(_IDENTIFY, number_index, sorted(schools))
    assert row is not None, "a row comes back whatever was found"
    return Sighting(row["pupil_id"], row["within"], row["person"], row["sex"], row["birth_date"])


async def _alias_again(tx: Writing, top: UUID, *gone: UUID) -> None:
    """Make the aliases of a pupil that nobody stands for anew from the merges in force; `gone` had some that go too."""
    tops = [top, *gone]
    a = pupil_alias.c
    await tx.execute(pupil_alias.delete().where((a.survivor == func.any(tops)) | (a.pupil_id == top)))
    await tx.execute(text(_ALIAS), {"top": top})
