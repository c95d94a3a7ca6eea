"""Questions of offices: one statement finds, one writes the question down and brings the proof of what was found.

At the driver's level, as the bench measures this path. Every kind of question runs the same two statements whatever is on
record, so that time tells a caller nothing; what the caller may not see is not read beyond its keys.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from registry.core.audit import Look
from registry.core.misses import Misses
from registry.core.verification import Sighting, Stored
from registry.storage.database import Hot

_VERSION = """k.school_year, k.pupil_id, k.level, k.grade, k.school_code, k.transcript_code, k.current_version, v.version,
  v.submission_id, v.fingerprint, v.accepted_at, k.withdrawn_version, v.awaits_summer"""

#: OFFSET 0 keeps the planner at one look into `submission` per waiting row: a plan made while the tables were small must not
#: read all of `submission` later.
_WAITING = """waiting w CROSS JOIN LATERAL (
    SELECT school_code, school_year, level, transcript_code, number_index, pupil_code FROM submission
    WHERE submission_id = w.submission_id AND kind = 'transcript' OFFSET 0) s"""

#: Where the caller stands with questions that found nothing comes along, so that a pause costs no statement of its own.
_MISSES = "m.in_a_row, m.hour, m.in_hour, m.day, m.pauses, m.paused_until"
_ONE = "FROM (SELECT) AS one LEFT JOIN found ON true LEFT JOIN caller_miss m ON m.caller_id ="

_BY_CODE = f"""
WITH found AS (SELECT {_VERSION} FROM transcript_code t
                 JOIN record k USING (school_year, pupil_id, level)
                 JOIN record_version v USING (school_year, pupil_id, level)
                 WHERE t.transcript_code = $1 AND v.version = coalesce($2, k.current_version))
SELECT ARRAY(SELECT s.school_code FROM {_WAITING} WHERE s.transcript_code = $1 AND s.school_code IS NOT NULL) AS held_at,
       (SELECT pupil_id FROM transcript_code WHERE transcript_code = $1) AS known_pupil, found.*, {_MISSES}
{_ONE} $3
"""  # noqa: S608 - only constants of this file are put together

#: Of an extract the registry itself handed out the bytes: they lead to the version that it shows.
_BY_FINGERPRINT = f"""
WITH found AS (SELECT {_VERSION}, NULL::text AS extract FROM record_version v JOIN record k USING (school_year, pupil_id, level)
                 WHERE v.fingerprint = $1
               UNION ALL
               SELECT {_VERSION}, i.year || '/' || lpad(i.number::text, 6, '0')
                 FROM extract_issue i JOIN public_code p USING (code_index)
                 JOIN record_version v USING (school_year, pupil_id, level, version)
                 JOIN record k USING (school_year, pupil_id, level) WHERE i.fingerprint = $1)
SELECT ARRAY(SELECT s.school_code FROM {_WAITING} WHERE w.fingerprint = $1 AND s.school_code IS NOT NULL) AS held_at,
       found.pupil_id AS known_pupil, found.*, {_MISSES}
{_ONE} $2
"""  # noqa: S608

#: A number that was closed still finds its pupil: papers with it are in use for years after a renumbering. Merged pupils are one
#: here; the question is written down under the pupil that the number was given to.
_BY_NUMBER = f"""
WITH n AS (SELECT p.pupil_id, coalesce(a.survivor, p.pupil_id) AS top
             FROM pupil_number p LEFT JOIN pupil_alias a USING (pupil_id) WHERE p.number_index = $1),
     found AS (SELECT {_VERSION} FROM record k JOIN record_version v USING (school_year, pupil_id, level)
                 WHERE k.school_year = $2 AND k.pupil_id = ANY(ARRAY(
                   SELECT top FROM n UNION ALL SELECT pupil_id FROM pupil_alias WHERE survivor = (SELECT top FROM n)))
                   AND ($3::text IS NULL OR k.level = $3) AND v.version = k.current_version)
SELECT ARRAY(SELECT s.school_code FROM {_WAITING} WHERE s.number_index = $1 AND s.school_year = $2
               AND ($3::text IS NULL OR s.level = $3) AND s.school_code IS NOT NULL) AS held_at,
       (SELECT pupil_id FROM n) AS known_pupil, found.*, {_MISSES}
{_ONE} $4
"""  # noqa: S608

#: The records in force of whoever is one with the pupil, in these years: for claims, and for questions by pupil code.
_RECORDS = f"""
     found AS (SELECT {_VERSION} FROM record k JOIN record_version v USING (school_year, pupil_id, level)
                 WHERE k.school_year = ANY($2) AND k.pupil_id = ANY(ARRAY(
                   SELECT top FROM n UNION ALL SELECT pupil_id FROM pupil_alias WHERE survivor = (SELECT top FROM n)))
                   AND ($3::text IS NULL OR k.level = $3) AND v.version = k.current_version)
"""  # noqa: S608
_PUPIL = {
    "pupil_code": "pupil_code p LEFT JOIN pupil_alias a USING (pupil_id) WHERE p.pupil_code = $1",
    "number": "pupil_number p LEFT JOIN pupil_alias a USING (pupil_id) WHERE p.number_index = $1",
    "transcript_code": "transcript_code p LEFT JOIN pupil_alias a USING (pupil_id) WHERE p.transcript_code = $1",
}


def _of_pupil(way: str, held_at: str) -> str:
    return f"""
WITH n AS (SELECT p.pupil_id, coalesce(a.survivor, p.pupil_id) AS top FROM {_PUPIL[way]}),
{_RECORDS}
SELECT {held_at} AS held_at, (SELECT pupil_id FROM n) AS known_pupil, found.*, {_MISSES},
       ARRAY(SELECT top FROM n UNION ALL SELECT pupil_id FROM pupil_alias WHERE survivor = (SELECT top FROM n)) AS one_pupil
{_ONE} $4
"""  # noqa: S608


_BY_PUPIL = _of_pupil(
    "pupil_code",
    f"""ARRAY(SELECT s.school_code FROM {_WAITING} WHERE s.pupil_code = $1 AND s.school_year = ANY($2)
               AND ($3::text IS NULL OR s.level = $3) AND s.school_code IS NOT NULL)""",  # noqa: S608
)
_RECORDS_OF = {way: _of_pupil(way, "'{}'::text[]") for way in _PUPIL}

_ALONE = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"
#: Of a pupil only what was answered counts: else the limit would tell whose a foreign record is.
_COUNT_ABOUT = """
SELECT count(*) FROM (SELECT FROM question WHERE pupil_id = $1 AND asked_at > $2::timestamptz - interval '1 day' AND caller_id = ANY($3::text[])
                        AND question_id <> $4 AND answer <> 'not_known' LIMIT $5) o
"""


def _proof(year: str, pupil: str, level: str, version: str, fingerprint: str) -> str:
    """What stands behind a version, as the columns and tables of a SELECT without further tables; one row whatever there is."""
    return f"""d.media_type, d.sealed, v.signatures::text AS signatures, j.policy, j.rules, w.accepted_at AS withdrawn_at, w.reason,
       g.school_code AS given_out_by, g.grade AS given_out_in
FROM (SELECT) AS one
LEFT JOIN record_version v ON v.school_year = {year} AND v.pupil_id = {pupil} AND v.level = {level} AND v.version = {version}
LEFT JOIN document d ON d.school_year = v.school_year AND d.fingerprint = {fingerprint}
LEFT JOIN submission g ON g.submission_id = v.submission_id
LEFT JOIN LATERAL (SELECT evidence ->> 'policy' AS policy, evidence ->> 'rules' AS rules FROM verdict
                     WHERE submission_id = v.submission_id AND outcome = 'accepted' ORDER BY judged_at DESC LIMIT 1) j ON true
LEFT JOIN LATERAL (SELECT accepted_at, reason FROM withdrawal WHERE school_year = {year} AND pupil_id = {pupil}
                     AND level = {level} AND version >= {version} ORDER BY version LIMIT 1) w ON true"""  # noqa: S608


_WRITE = f"""
WITH written AS (INSERT INTO question (question_id, asked_at, caller_id, purpose, reference, kind, school_year, pupil_id, answer,
                                       detail)
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $15)),
     spent AS (INSERT INTO answer_nonce (caller_id, nonce_hash, expires_at)
                 SELECT $3, $16::bytea, $17::timestamptz WHERE $16 IS NOT NULL)
SELECT CASE WHEN $11::uuid IS NOT NULL THEN (SELECT count(*) FROM (
         SELECT FROM question q WHERE q.pupil_id = $8 AND q.asked_at > $2 - interval '1 day' AND q.caller_id = ANY($19::text[])
           AND q.answer <> 'not_known' LIMIT $18) o)
       END AS asked_before,
       {_proof("$10", "$11", "$12", "$13", "$14")}
"""  # noqa: S608

#: The same of a question that is not written down yet.
_PROVE = f"""
SELECT (SELECT count(*) FROM (SELECT FROM question q WHERE q.pupil_id = $6 AND q.asked_at > $7::timestamptz - interval '1 day'
                                 AND q.caller_id = ANY($8::text[])
                                 AND q.answer <> 'not_known' LIMIT $9) o) AS asked_before,
       {_proof("$1", "$2", "$3", "$4", "$5")}
"""  # noqa: S608

#: Several at once; one whose nonce was used before is not written. In one order, so that no two wait for each other.
_WRITE_ALL = """
WITH n AS (SELECT * FROM unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
                                $8::uuid[], $9::text[], $10::text[], $11::bytea[], $12::timestamptz[])
             AS u (question_id, asked_at, caller_id, purpose, reference, kind, school_year, pupil_id, answer, detail, nonce_hash,
                   expires_at)),
     spent AS (INSERT INTO answer_nonce (caller_id, nonce_hash, expires_at)
                 SELECT caller_id, nonce_hash, expires_at FROM n WHERE nonce_hash IS NOT NULL ORDER BY 1, 2
               ON CONFLICT DO NOTHING RETURNING caller_id, nonce_hash)
INSERT INTO question (question_id, asked_at, caller_id, purpose, reference, kind, school_year, pupil_id, answer, detail)
SELECT question_id, asked_at, caller_id, purpose, reference, kind, school_year, pupil_id, answer, detail FROM n
WHERE nonce_hash IS NULL OR (caller_id, nonce_hash) IN (SELECT caller_id, nonce_hash FROM spent)
RETURNING question_id
"""


@dataclass(frozen=True, slots=True)
class Nonce:
    """A caller's nonce, hashed, and until when it can't be used again."""

    hashed: bytes
    expires_at: datetime


class NonceSpentError(Exception):
    """The caller has used this nonce before; nothing is written."""


@dataclass(frozen=True, slots=True)
class Found:
    """What was found, where the caller stands with questions that found nothing, and all that are one with the pupil."""

    sighting: Sighting
    misses: Misses
    one_pupil: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """The statement that withdrew a version: when it was accepted, and the reason it gives."""

    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Proof:
    """What stands behind a version: its sealed bytes (None when they are gone), signatures, and what it was judged under.

    `school_code`, `grade`: of this very version, wherever the record has gone since. `asked_before`: how often the caller asked about this pupil within a day, counted up to the limit it was asked with.
    """

    sealed: bytes | None
    signatures: list[dict[str, Any]]
    policy: str | None
    rules: str | None
    withdrawn: Withdrawn | None = None
    media_type: str | None = None
    asked_before: int = 0
    school_code: str | None = None
    grade: int | None = None


async def find_by_code(tx: Hot, transcript_code: str, version: int | None, caller_id: str) -> Found:
    """The record with this code in this version (None: the current one), or held documents that claim the code.

    Which version a held document claims is sealed with it, so with a version that is not on record any of them counts.
    """
    return _found(await tx.fetch(_BY_CODE, transcript_code, version, caller_id))


async def find_by_fingerprint(tx: Hot, fingerprint: bytes, caller_id: str) -> Found:
    """The version that is exactly these bytes, or that an extract of exactly these bytes shows, or the same bytes held."""
    return _found(await tx.fetch(_BY_FINGERPRINT, fingerprint, caller_id))


async def find_by_number(tx: Hot, number_index: bytes, school_year: str, level: str | None, caller_id: str) -> Found:
    """The current versions of a pupil's records in a year (one per level), or held documents that claim number and year."""
    return _found(await tx.fetch(_BY_NUMBER, number_index, school_year, level, caller_id))


async def find_by_pupil(tx: Hot, pupil_code: str, years: Sequence[str], level: str | None, caller_id: str) -> Found:
    """The current versions of a pupil's records in these years, or held documents that claim the code and one of them."""
    return _found(await tx.fetch(_BY_PUPIL, pupil_code, list(years), level, caller_id))


async def find_records(tx: Hot, way: str, key: str | bytes, years: Sequence[str], caller_id: str) -> Found:
    """The current versions of all records of a pupil in these years; `way` is pupil_code, number (its index) or transcript_code."""
    return _found(await tx.fetch(_RECORDS_OF[way], key, list(years), None, caller_id))


async def write(
    tx: Hot,
    row: Look,
    version: Stored | None,
    office: Sequence[str] = (),
    *,
    nonce: Nonce | None = None,
    most_before: int = 0,
) -> Proof:
    """Write a question down; returns the proof of the version it is answered with (an empty one for None).

    Raises NonceSpentError. `most_before`: how far earlier questions of the office's callers about the pupil are counted.
    """
    key: tuple[object, ...] = (None,) * 5
    if version is not None:
        key = (version.school_year, version.pupil_id, version.level, version.version, version.fingerprint)
    asked = (row.question_id, row.asked_at, row.caller_id, row.purpose, row.reference, row.kind, row.school_year,
             row.pupil_id, row.answer)  # fmt: skip
    spent = (None, None) if nonce is None else (nonce.hashed, nonce.expires_at)
    try:
        found = await tx.fetchrow(_WRITE, *asked, *key, row.detail, *spent, most_before, list(office))
    except asyncpg.UniqueViolationError as error:
        if error.constraint_name == "pk_answer_nonce":
            raise NonceSpentError from None
        raise
    assert found is not None, "a row comes back whatever was found"
    return _proven(found)


async def prove(tx: Hot, row: Look, version: Stored, office: Sequence[str], most_before: int) -> Proof:
    """The proof of a version, and how often callers of the office asked about the pupil, for a question that is written down afterwards."""
    key = (version.school_year, version.pupil_id, version.level, version.version, version.fingerprint)
    found = await tx.fetchrow(_PROVE, *key, row.pupil_id, row.asked_at, list(office), most_before)
    assert found is not None, "a row comes back whatever was found"
    return _proven(found)


async def write_all(tx: Hot, rows: Sequence[tuple[Look, Nonce | None]]) -> frozenset[UUID]:
    """Write several questions down by one statement; the ids of those that were: a nonce used before is left out.

    No two of them may have the same nonce.
    """
    looks = [
        (row.question_id, row.asked_at, row.caller_id, row.purpose, row.reference, row.kind, row.school_year, row.pupil_id,
         row.answer, row.detail, *((None, None) if nonce is None else (nonce.hashed, nonce.expires_at)))
        for row, nonce in rows
    ]  # fmt: skip
    found = await tx.fetch(_WRITE_ALL, *(list(column) for column in zip(*looks, strict=True)))
    return frozenset(row["question_id"] for row in found)


def _proven(found: asyncpg.Record) -> Proof:
    withdrawn = Withdrawn(found["withdrawn_at"], found["reason"]) if found["withdrawn_at"] is not None else None
    signatures = json.loads(found["signatures"] or "[]")
    return Proof(found["sealed"], signatures, found["policy"], found["rules"], withdrawn, found["media_type"],
                 found["asked_before"] or 0, found["given_out_by"], found["given_out_in"])  # fmt: skip


async def count_about(tx: Hot, row: Look, counted_as: str, office: Sequence[str], most: int) -> int:
    """How often callers of the office asked about the pupil within a day before this question, one after the other: whoever else
    of it counts for the same pupil is waited for. Up to `most`."""
    await tx.execute(_ALONE, f"pupil {counted_as} {row.pupil_id}")
    return int(await tx.fetchval(_COUNT_ABOUT, row.pupil_id, row.asked_at, list(office), row.question_id, most))


def _found(rows: Sequence[asyncpg.Record]) -> Found:
    """At least one row comes back; its version columns are null when nothing was found."""
    first = rows[0]
    versions = tuple(_stored(row) for row in rows if row["version"] is not None)
    sighting = Sighting(versions, frozenset(first["held_at"]), first["known_pupil"])
    misses = Misses() if first["in_a_row"] is None else _misses(first)
    return Found(sighting, misses, tuple(first.get("one_pupil") or ()))


def _misses(row: asyncpg.Record) -> Misses:
    return Misses(row["in_a_row"], row["hour"], row["in_hour"], row["day"], row["pauses"], row["paused_until"])


def _stored(row: asyncpg.Record) -> Stored:
    return Stored(
        row["school_year"],
        row["pupil_id"],
        row["level"],
        row["grade"],
        row["school_code"],
        row["transcript_code"],
        row["version"],
        row["current_version"],
        row["submission_id"],
        row["fingerprint"],
        row["accepted_at"],
        row["withdrawn_version"],
        row["awaits_summer"],
        row.get("extract"),
    )
