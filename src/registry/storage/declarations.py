"""Declarations: one statement looks up what is held of the grades, one writes the declaration, all or nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, select, tuple_

from registry.core.declaration import Declaration, Found, Held, Receipt
from registry.storage import records
from registry.storage.database import Hot, Reading
from registry.storage.tables_declarations import declaration, declaration_grade

_LOOK_UP = """
SELECT (SELECT value FROM generation) AS generation,
       EXISTS (SELECT FROM waiting WHERE fingerprint = $1) AS waits,
       (SELECT max(version) FROM declaration WHERE school_year = $2 AND school_code = $3) AS newest,
       b.submission_id, b.school_code, b.version, b.accepted_at
FROM (SELECT) AS one LEFT JOIN declaration b ON b.fingerprint = $1 AND b.school_year = $2
"""

#: On record is a pupil with a version in force, as `registry.core.withdrawal.Standing` says; one with several codes is one pupil.
_HELD = """
SELECT r.grade, count(*) AS expected, count(*) FILTER (WHERE k.on_record) AS on_record,
       coalesce(array_agg(r.pupil_code) FILTER (WHERE NOT k.on_record), '{}') AS absent,
       coalesce(array_agg(r.pupil_code) FILTER (WHERE k.on_record AND r.pupil_code = ANY($4::text[])), '{}') AS named
FROM (SELECT DISTINCT ON (coalesce(m.pupil_id::text, r.pupil_code)) r.*, m.pupil_id
        FROM roster_pupil r LEFT JOIN same_pupil m ON m.pupil_code = r.pupil_code
       WHERE r.school_year = $1 AND r.school_code = $2 AND r.left_at IS NULL
       ORDER BY coalesce(m.pupil_id::text, r.pupil_code), r.joined_at, r.pupil_code) r
CROSS JOIN LATERAL (SELECT EXISTS (
       SELECT FROM record k WHERE k.school_year = r.school_year AND k.school_code = r.school_code
          AND (k.pupil_code = r.pupil_code OR k.pupil_code IN (SELECT pupil_code FROM same_pupil WHERE pupil_id = r.pupil_id))
          AND k.current_version > k.withdrawn_version) AS on_record) k
WHERE r.grade = ANY($3::smallint[]) GROUP BY 1
"""

_PARTS = """
     d AS (INSERT INTO document (school_year, fingerprint, media_type, sealed, stored_at)
             VALUES ($7, $4, $5, $18, $14) ON CONFLICT DO NOTHING),
     de AS (INSERT INTO declaration (school_year, school_code, version, submission_id, fingerprint, accepted_at,
                                     declared_on, signatures) VALUES ($7, $8, $19, $1, $4, $14, $20, $21)),
     g AS (INSERT INTO declaration_grade (school_year, school_code, version, grade, expected, on_record, excepted)
             SELECT $7, $8, $19, * FROM unnest($22::smallint[], $23::integer[], $24::integer[], $25::integer[]))
INSERT INTO verdict (submission_id, judged_at, outcome, findings, evidence)
SELECT $1, $14, $15, $16, $17 FROM generation WHERE 1 / (value = $26)::int = 1
"""
_UNUSED = """SELECT $2::timestamptz, $3::text, $6::int, $9::text, $10::int, $11::text, $12::bytea, $13::text"""
_ACCEPT = f"WITH s AS ({records.SUBMISSION['declaration']}), {_PARTS}"
_ACCEPT_HELD = f"WITH unused AS ({_UNUSED}), {_PARTS}"


@dataclass(frozen=True, slots=True)
class Declared:
    """What counts of the declarations of one school and grade."""

    school_code: str
    grade: int
    version: int
    expected: int
    on_record: int
    excepted: int
    declared_on: date
    accepted_at: datetime
    submission_id: UUID
    fingerprint: bytes


async def look_up(tx: Hot, fingerprint: bytes, attempt: records.Attempt, said: Declaration | None) -> Found:
    """What is known about these bytes and this school, and what is held of the grades it speaks of."""
    row = await tx.fetchrow(_LOOK_UP, fingerprint, attempt.school_year, attempt.school_code)
    assert row is not None
    receipt = None
    if row["submission_id"] is not None:
        receipt = Receipt(
            row["submission_id"],
            attempt.school_year or "",
            row["school_code"],
            row["version"],
            fingerprint,
            row["accepted_at"],
        )
    held = {}
    if said is not None and receipt is None:
        grades = [each.grade for each in said.grades]
        rows = await tx.fetch(_HELD, str(said.school_year), said.school_code, grades, list(said.exceptions))
        held = {
            r["grade"]: Held(r["expected"], r["on_record"], frozenset(r["absent"]), frozenset(r["named"])) for r in rows
        }
    return Found(row["generation"], receipt, row["waits"], row["newest"] or 0, held)


async def accept(
    tx: Hot,
    attempt: records.Attempt,
    said: Declaration,
    held: Mapping[int, Held],
    *,
    sealed: bytes,
    generation: int,
    journaled: bool,
    ends_wait: bool,
) -> None:
    """Write attempt, document and declaration, all or none; `journaled`, `ends_wait`, LOST_RACE as in `records.accept`."""
    signatures = json.dumps(attempt.evidence["signatures"], ensure_ascii=False, separators=(",", ":"))
    excepted = frozenset(said.exceptions)
    grades = (
        [each.grade for each in said.grades],
        [each.expected for each in said.grades],
        [each.on_record for each in said.grades],
        [len(held[each.grade].absent & excepted) if each.grade in held else 0 for each in said.grades],
    )
    arguments = (
        *attempt.arguments(),
        sealed,
        said.version,
        said.declared_on,
        signatures,
        *grades,
        generation,
    )
    async with tx.transaction():
        await tx.execute(_ACCEPT_HELD if journaled else _ACCEPT, *arguments)
        if ends_wait:
            await records.end_wait(tx, attempt)


async def receipt(tx: Reading, fingerprint: bytes) -> Receipt | None:
    """The receipt for exactly these bytes, or None."""
    d = declaration.c
    query = select(d.submission_id, d.school_year, d.school_code, d.version, d.fingerprint, d.accepted_at).where(
        d.fingerprint == fingerprint
    )
    row = (await tx.execute(query)).one_or_none()
    return None if row is None else Receipt(*row)


async def listed(
    tx: Reading, schools: Sequence[str], school_year: str, after: tuple[str, int], most: int
) -> list[Declared]:
    """The declarations that count, one row for a school and grade, behind (school, grade) in that order."""
    d, g = declaration.c, declaration_grade.c
    newest = (
        select(declaration_grade)
        .distinct(g.school_code, g.grade)
        .where(g.school_year == school_year, g.school_code == func.any(list(schools)))
        .where(tuple_(g.school_code, g.grade) > tuple_(after[0], after[1]))
        .order_by(g.school_code, g.grade, g.version.desc())
        .limit(most)
        .subquery()
    )
    n = newest.c
    query = (
        select(
            n.school_code, n.grade, n.version, n.expected, n.on_record, n.excepted, d.declared_on, d.accepted_at,
            d.submission_id, d.fingerprint,
        )
        .join_from(
            newest,
            declaration,
            (d.school_year == n.school_year) & (d.school_code == n.school_code) & (d.version == n.version),
        )
        .order_by(n.school_code, n.grade)
    )  # fmt: skip
    return [Declared(**row._mapping) for row in await tx.execute(query)]
