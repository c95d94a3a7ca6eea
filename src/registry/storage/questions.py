"""Questions of offices: one statement finds and brings the proof of what is found, one writes down that it was asked; both take
several questions of the same moment.

At the driver's level, as the bench measures this path. Every kind of question runs the same two statements whatever is on
record and whoever asks, so that time tells a caller nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import asyncpg

from registry.core.audit import Look
from registry.core.misses import Misses
from registry.core.verification import Sighting, Stored
from registry.storage.database import Hot

_VERSION = """k.school_year, k.pupil_id, k.level, k.grade, k.school_code, k.transcript_code, k.current_version, v.version,
  v.submission_id, v.fingerprint, v.accepted_at, k.withdrawn_version, v.awaits_summer"""
_SIGNED_VERSION = f"{_VERSION}, v.signatures::text AS signatures"
#: Under what a version was judged, and of which school and grade it was; a claim says nothing of it.
_JUDGED = ", j.policy, j.rules, g.school_code AS given_out_by, g.grade AS given_out_in"
_JUDGED_BY = """LEFT JOIN submission g ON g.submission_id = found.submission_id
  LEFT JOIN LATERAL (SELECT evidence ->> 'policy' AS policy, evidence ->> 'rules' AS rules FROM verdict
                       WHERE submission_id = found.submission_id AND outcome = 'accepted' ORDER BY judged_at DESC LIMIT 1) j ON true"""

#: OFFSET 0 keeps the planner at one look into `submission` per waiting row: a plan made while the tables were small must not
#: read all of `submission` later.
_WAITING = """waiting w CROSS JOIN LATERAL (
    SELECT school_code, school_year, level, transcript_code, number_index, pupil_code FROM submission
    WHERE submission_id = w.submission_id AND kind = 'transcript' OFFSET 0) s"""


_NOTHING_HELD = "'{}'::text[]"


def _statement(
    key: str, held_at: str, known_pupil: str, found: str, more: str = _JUDGED, behind: str = _JUDGED_BY
) -> str:
    """One statement for several questions, each with a `key` of this type: the versions that `found` gives, what stands behind
    each, how often the office asked about its pupil within a day before (up to `most`), and where the caller stands with questions
    that found nothing. One row for each question whatever there is, so that a pause costs no statement of its own.
    """
    return f"""
SELECT asked.place, one.*
FROM unnest($1::text[], $2::timestamptz[], $3::text[], $4::int[], $5::{key}[], $6::int[], $7::text[], $8::text[])
  WITH ORDINALITY AS asked (counted_as, asked_at, office, most, key, version, years, level, place) CROSS JOIN LATERAL (
WITH {found}
SELECT {held_at} AS held_at, {known_pupil} AS known_pupil, found.*, m.in_a_row, m.hour, m.in_hour, m.day, m.pauses, m.paused_until,
       (SELECT count(*) FROM (SELECT FROM question q WHERE q.pupil_id = found.pupil_id AND q.asked_at > asked.asked_at - interval '1 day'
                                 AND q.caller_id = ANY(string_to_array(asked.office, ' ')) AND q.answer <> 'not_known'
                               LIMIT asked.most) o) AS asked_before,
       d.media_type, d.sealed, x.accepted_at AS withdrawn_at, x.reason{more}
  FROM (SELECT) AS always LEFT JOIN found ON true LEFT JOIN caller_miss m ON m.caller_id = asked.counted_as
  LEFT JOIN document d ON d.school_year = found.school_year AND d.fingerprint = found.fingerprint
  {behind}
  LEFT JOIN LATERAL (SELECT accepted_at, reason FROM withdrawal WHERE school_year = found.school_year AND pupil_id = found.pupil_id
                       AND level = found.level AND version >= found.version ORDER BY version LIMIT 1) x ON true) one
"""  # noqa: S608 - only constants of this file are put together, here and below


_BY_CODE = _statement(
    "text",
    f"ARRAY(SELECT s.school_code FROM {_WAITING} WHERE s.transcript_code = asked.key AND s.school_code IS NOT NULL)",  # noqa: S608
    "(SELECT pupil_id FROM transcript_code WHERE transcript_code = asked.key)",
    f"""found AS (SELECT {_SIGNED_VERSION} FROM transcript_code t
                 JOIN record k USING (school_year, pupil_id, level)
                 JOIN record_version v USING (school_year, pupil_id, level)
                 WHERE t.transcript_code = asked.key AND v.version = coalesce(asked.version, k.current_version))""",  # noqa: S608
)
#: Of an extract the registry itself handed out the bytes: they lead to the version that it shows.
_BY_FINGERPRINT = _statement(
    "bytea",
    f"ARRAY(SELECT s.school_code FROM {_WAITING} WHERE w.fingerprint = asked.key AND s.school_code IS NOT NULL)",  # noqa: S608
    "found.pupil_id",
    f"""found AS (SELECT {_SIGNED_VERSION}, NULL::text AS extract FROM record_version v JOIN record k USING (school_year, pupil_id, level)
                 WHERE v.fingerprint = asked.key
               UNION ALL
               SELECT {_SIGNED_VERSION}, i.year || '/' || lpad(i.number::text, 6, '0')
                 FROM extract_issue i JOIN public_code p USING (code_index)
                 JOIN record_version v USING (school_year, pupil_id, level, version)
                 JOIN record k USING (school_year, pupil_id, level) WHERE i.fingerprint = asked.key)""",  # noqa: S608
)

#: All that are one with the pupil `n`.
_ONE_PUPIL = "ARRAY(SELECT top FROM n UNION ALL SELECT pupil_id FROM pupil_alias WHERE survivor = (SELECT top FROM n))"
_KNOWN = "(SELECT pupil_id FROM n)"
_N = "n AS (SELECT p.pupil_id, coalesce(a.survivor, p.pupil_id) AS top FROM {} p LEFT JOIN pupil_alias a USING (pupil_id) WHERE p.{} = asked.key)"


def _of_pupil(way: str, held_at: str | None) -> str:
    """The records in force of whoever is one with the pupil, in these years and of this level, if one is given.

    A number that was closed still finds its pupil: papers with it are in use for years after a renumbering. Merged pupils are
    one here; a question that finds nothing is written down under the pupil that the number was given to. Without `held_at`: for
    a claim, which only the bytes decide.
    """
    version, judged, behind = (_VERSION, "", "") if held_at is None else (_SIGNED_VERSION, _JUDGED, _JUDGED_BY)
    found = f"""{_N.format(*_PUPIL[way][:2])},
     found AS (SELECT {version} FROM record k JOIN record_version v USING (school_year, pupil_id, level)
                 WHERE k.school_year = ANY(string_to_array(asked.years, ' ')) AND k.pupil_id = ANY({_ONE_PUPIL})
                   AND (asked.level IS NULL OR k.level = asked.level) AND v.version = k.current_version)"""  # noqa: S608
    more = f"{judged}, {_ONE_PUPIL} AS one_pupil"
    return _statement(_PUPIL[way][2], held_at or _NOTHING_HELD, _KNOWN, found, more, behind)


def _held_with(member: str) -> str:
    return f"""ARRAY(SELECT s.school_code FROM {_WAITING} WHERE s.{member} = asked.key AND s.school_year = ANY(string_to_array(asked.years, ' '))
               AND (asked.level IS NULL OR s.level = asked.level) AND s.school_code IS NOT NULL)"""  # noqa: S608


_PUPIL = {
    "pupil_code": ("pupil_code", "pupil_code", "text"),
    "number": ("pupil_number", "number_index", "bytea"),
    "transcript_code": ("transcript_code", "transcript_code", "text"),
}


class Way(StrEnum):
    """What a question looks for, and by what."""

    #: The version with this transcript code (without a version: the current one), or held documents that claim the code. Which version a
    #: held document claims is sealed with it, so with a version that is not on record any of them counts.
    CODE = "code"
    #: The version that is exactly these bytes, or that an extract of exactly these bytes shows, or the same bytes held.
    FINGERPRINT = "fingerprint"
    #: The current versions of a pupil's records in these years, or held documents that claim the number (its index) or the code.
    NUMBER = "number"
    PUPIL = "pupil"
    #: The current versions of all records of a pupil in these years, and nothing that is held.
    RECORDS_BY_PUPIL_CODE = "records_by_pupil_code"
    RECORDS_BY_NUMBER = "records_by_number"
    RECORDS_BY_TRANSCRIPT_CODE = "records_by_transcript_code"


_FIND: Mapping[Way, str] = {
    Way.CODE: _BY_CODE,
    Way.FINGERPRINT: _BY_FINGERPRINT,
    Way.NUMBER: _of_pupil("number", _held_with("number_index")),
    Way.PUPIL: _of_pupil("pupil_code", _held_with("pupil_code")),
    Way.RECORDS_BY_PUPIL_CODE: _of_pupil("pupil_code", None),
    Way.RECORDS_BY_NUMBER: _of_pupil("number", None),
    Way.RECORDS_BY_TRANSCRIPT_CODE: _of_pupil("transcript_code", None),
}

_ALONE = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"
#: Of a pupil only what was answered counts: else the limit would tell whose a foreign record is.
_COUNT_ABOUT = """
SELECT count(*) FROM (SELECT FROM question WHERE pupil_id = $1 AND asked_at > $2::timestamptz - interval '1 day' AND caller_id = ANY($3::text[])
                        AND question_id <> $4 AND answer <> 'not_known' LIMIT $5) o
"""


_QUESTION = "question_id, asked_at, caller_id, purpose, reference, kind, school_year, pupil_id, answer, detail"
_PLAIN = len(_QUESTION.split(","))
#: Several at once, each with its nonce and the threshold of a claim, if it has them. One whose nonce was used before, or beside which
#: another threshold counts, is not written: what was asked under any pupil that is one with this one counts, whatever was merged or
#: parted since; the rows themselves decide between two statements at the same moment. In one order, so that no two wait for each other.
_WRITE = f"""
WITH n AS (SELECT * FROM unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
                                $8::uuid[], $9::text[], $10::text[], $11::bytea[], $12::timestamptz[],
                                $13::text[], $14::text[], $15::text[], $16::text[], $17::text[], $18::timestamptz[])
             AS u ({_QUESTION}, nonce_hash, expires_at, counted_as, one_pupil, office, topic, threshold, counts_from)),
     other AS (SELECT n.question_id, max(t.asked_at) AS at FROM n JOIN claim_threshold t
                 ON t.pupil_id = ANY(n.one_pupil::uuid[]) AND t.caller_id = ANY(string_to_array(n.office, ' '))
                AND t.topic = n.topic AND t.threshold <> n.threshold AND t.asked_at > n.counts_from GROUP BY n.question_id),
     spent AS (INSERT INTO answer_nonce (caller_id, nonce_hash, expires_at)
                 SELECT caller_id, nonce_hash, expires_at FROM n
                  WHERE nonce_hash IS NOT NULL AND question_id NOT IN (SELECT question_id FROM other) ORDER BY 1, 2
               ON CONFLICT DO NOTHING RETURNING caller_id, nonce_hash),
     free AS (SELECT * FROM n WHERE question_id NOT IN (SELECT question_id FROM other)
                AND (nonce_hash IS NULL OR (caller_id, nonce_hash) IN (SELECT caller_id, nonce_hash FROM spent))),
     taken AS (INSERT INTO claim_threshold AS t (pupil_id, caller_id, topic, threshold, asked_at)
                 SELECT pupil_id, counted_as, topic, threshold, asked_at FROM free WHERE topic IS NOT NULL ORDER BY 1, 2, 3
               ON CONFLICT (pupil_id, caller_id, topic) DO UPDATE SET threshold = excluded.threshold, asked_at = excluded.asked_at
                 WHERE t.threshold = excluded.threshold OR t.asked_at <= (SELECT counts_from FROM n
                       WHERE (n.pupil_id, n.counted_as, n.topic) = (excluded.pupil_id, excluded.caller_id, excluded.topic))
               RETURNING pupil_id, caller_id, topic),
     written AS (INSERT INTO question ({_QUESTION}) SELECT {_QUESTION} FROM free
                  WHERE topic IS NULL OR (pupil_id, counted_as, topic) IN (SELECT pupil_id, caller_id, topic FROM taken)
                 RETURNING question_id)
SELECT question_id, written.question_id IS NOT NULL AS written, free.question_id IS NOT NULL AS free, other.at AS since
  FROM n LEFT JOIN written USING (question_id) LEFT JOIN free USING (question_id) LEFT JOIN other USING (question_id)
"""  # noqa: S608

#: The nonce of a claim whose threshold somebody else took at the same moment: it was taken by the same statement, before that was known.
_GIVE_BACK = "DELETE FROM answer_nonce WHERE caller_id = $1 AND nonce_hash = $2"

#: The same where no question has a nonce or a threshold: nothing can keep a row from being written, and it takes half the time.
_WRITE_PLAIN = f"""
INSERT INTO question ({_QUESTION})
SELECT * FROM unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::uuid[], $9::text[],
                     $10::text[])
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Nonce:
    """A caller's nonce, hashed, and until when it can't be used again."""

    hashed: bytes
    expires_at: datetime


class NonceSpentError(Exception):
    """The caller has used this nonce before; nothing is written."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """The threshold that a claim asks about: of its pupil (all that are one with it), on a topic, counted for an office."""

    one_pupil: tuple[UUID, ...]
    counted_as: str
    office: Sequence[str]
    topic: str
    value: str
    counts_from: datetime


class ThresholdTakenError(Exception):
    """Another threshold of the topic still counts; nothing is written."""

    def __init__(self, since: datetime) -> None:
        super().__init__("another threshold counts")
        self.since = since


@dataclass(frozen=True, slots=True)
class Note:
    """A question to be written down, with the nonce it uses and the threshold it takes."""

    row: Look
    nonce: Nonce | None = None
    threshold: Threshold | None = None


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """The statement that withdrew a version: when it was accepted, and the reason it gives."""

    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Proof:
    """What stands behind a version: its sealed bytes (None when they are gone); for a question, not for a claim, also signatures and
    what it was judged under.

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


@dataclass(frozen=True, slots=True)
class Counting:
    """Under which name a caller's misses are counted; whose questions about a pupil within a day before `asked_at` are counted
    (`office`), up to how many."""

    counted_as: str
    asked_at: datetime
    office: Sequence[str] = ()
    most: int = 0


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a question looks for; which of `version`, `years` and `level` count, the way says."""

    way: Way
    key: str | bytes = field(repr=False)
    counting: Counting
    version: int | None = None
    years: Sequence[str] = ()
    level: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What was found with the proof of each version, where the caller stands with questions that found nothing, and all that are
    one with the pupil."""

    sighting: Sighting
    proofs: tuple[Proof, ...]  # as `sighting.versions`
    misses: Misses
    one_pupil: tuple[UUID, ...] = ()

    def proof_of(self, version: Stored) -> Proof:
        """What stands behind one of the versions."""
        return self.proofs[self.sighting.versions.index(version)]


async def find(tx: Hot, wanted: Wanted) -> Found:
    """What there is for one question."""
    return (await find_all(tx, [wanted]))[0]


async def find_all(tx: Hot, together: Sequence[Wanted]) -> list[Found]:
    """What there is for each of several questions, all of one way, by one statement."""
    asked = [
        (each.counting.counted_as, each.counting.asked_at, " ".join(each.counting.office), each.counting.most,
         each.key, each.version, " ".join(each.years), each.level)
        for each in together
    ]  # fmt: skip
    rows = await tx.fetch(_FIND[together[0].way], *(list(column) for column in zip(*asked, strict=True)))
    by_place: list[list[asyncpg.Record]] = [[] for _ in together]
    for row in rows:
        by_place[row["place"] - 1].append(row)
    return [_found(each) for each in by_place]


def _found(rows: Sequence[asyncpg.Record]) -> Found:
    first = rows[0]  # one comes back at least; its version columns are null when nothing was found
    found = [row for row in rows if row["version"] is not None]
    return Found(
        Sighting(tuple(map(_stored, found)), frozenset(first["held_at"]), first["known_pupil"]),
        tuple(map(_proven, found)),
        Misses() if first["in_a_row"] is None else _misses(first),
        tuple(first.get("one_pupil") or ()),
    )


async def write(tx: Hot, row: Look) -> None:
    """Write a question down."""
    await write_all(tx, [Note(row)])


async def write_all(tx: Hot, notes: Sequence[Note]) -> list[NonceSpentError | ThresholdTakenError | None]:
    """Write several questions down by one statement; of each, why it is not written, if it is not.

    No two of them may have the same nonce, or a threshold of the same pupil, office and topic.
    """
    columns = [list(column) for column in zip(*map(_members, notes), strict=True)]
    if all(each.nonce is None and each.threshold is None for each in notes):
        await tx.execute(_WRITE_PLAIN, *columns[:_PLAIN])
        return [None] * len(notes)
    found = await tx.fetch(_WRITE, *columns)
    by_id = {row["question_id"]: row for row in found}
    lost = [
        each for each in notes if by_id[each.row.question_id]["free"] and not by_id[each.row.question_id]["written"]
    ]
    spent = [(each.row.caller_id, each.nonce.hashed) for each in lost if each.nonce is not None]
    if spent:
        await tx.executemany(_GIVE_BACK, spent)
    return [_against(by_id[each.row.question_id], each.row.asked_at) for each in notes]


def _members(note: Note) -> tuple[object, ...]:
    row, nonce, taken = note.row, note.nonce, note.threshold
    asked = (row.question_id, row.asked_at, row.caller_id, row.purpose, row.reference, row.kind, row.school_year,
             row.pupil_id, row.answer, row.detail, *((None, None) if nonce is None else (nonce.hashed, nonce.expires_at)))  # fmt: skip
    if taken is None:
        return (*asked, None, None, None, None, None, None)
    one_pupil = ",".join(map(str, {row.pupil_id, *taken.one_pupil}))
    return (*asked, taken.counted_as, f"{{{one_pupil}}}", " ".join(taken.office), taken.topic, taken.value,
            taken.counts_from)  # fmt: skip


def _against(row: asyncpg.Record, asked_at: datetime) -> NonceSpentError | ThresholdTakenError | None:
    if row["written"]:
        return None
    if row["free"] or row["since"] is not None:  # free: somebody took another one at the same moment
        return ThresholdTakenError(row["since"] or asked_at)
    return NonceSpentError()


def _proven(found: asyncpg.Record) -> Proof:
    withdrawn = Withdrawn(found["withdrawn_at"], found["reason"]) if found["withdrawn_at"] is not None else None
    signatures = json.loads(found.get("signatures") or "[]")
    return Proof(found["sealed"], signatures, found.get("policy"), found.get("rules"), withdrawn, found["media_type"],
                 found["asked_before"] or 0, found.get("given_out_by"), found.get("given_out_in"))  # fmt: skip


async def count_about(tx: Hot, row: Look, counted_as: str, office: Sequence[str], most: int) -> int:
    """How often callers of the office asked about the pupil within a day before this question, one after the other: whoever else
    of it counts for the same pupil is waited for. Up to `most`."""
    await tx.execute(_ALONE, f"pupil {counted_as} {row.pupil_id}")
    return int(await tx.fetchval(_COUNT_ABOUT, row.pupil_id, row.asked_at, list(office), row.question_id, most))


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
