"""The hot path of a submission: one statement looks up what is known, one writes journal and record, all of it or nothing.

At the driver's level, because it is the one path the whole city waits on (measured; see README, Decisions). Nothing found
by the first statement is relied upon by the second without being checked again: unique constraints decide between
concurrent writers, and the register's generation is compared once more. The loser's statement fails as a whole; the use
case tries again and finds the winner's rows.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from registry.core.pupils import Case, CaseKind, Decided, Decision
from registry.core.record import Found, Group, Held, Place, Receipt
from registry.storage import cases
from registry.storage.database import Hot

#: Raised by the driver when somebody else was first: look again. The last is how a statement says that the register moved.
LOST_RACE = (
    asyncpg.UniqueViolationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.DivisionByZeroError,
)

#: Merged pupils are one here (`top`), with the records of all of them; of two schools' records of one year the one with this
#: code comes first, then that of this school.
_LOOK_UP = """
WITH n AS (SELECT p.pupil_id, coalesce(a.survivor, p.pupil_id) AS top, p.person_sealed
             FROM pupil_number p LEFT JOIN pupil_alias a USING (pupil_id) WHERE p.number_index = $2
           UNION ALL
           SELECT d.pupil_id, coalesce(a.survivor, d.pupil_id), NULL
             FROM pupil_document d LEFT JOIN pupil_alias a USING (pupil_id) WHERE d.document_index = $9),
     c AS (SELECT p.pupil_id, coalesce(a.survivor, p.pupil_id) AS top
             FROM pupil_code p LEFT JOIN pupil_alias a USING (pupil_id) WHERE p.pupil_code = $3),
     t AS (SELECT coalesce((SELECT top FROM n), (SELECT top FROM c)) AS top),
     g AS (SELECT pupil_id, merges FROM pupil WHERE pupil_id = (SELECT top FROM t)
             AND EXISTS (SELECT FROM pupil_alias WHERE survivor = (SELECT top FROM t))),
     r AS (SELECT * FROM record WHERE school_year = $4 AND level = $5 AND pupil_id = ANY(ARRAY(
               SELECT top FROM t UNION ALL SELECT pupil_id FROM pupil_alias WHERE survivor = (SELECT top FROM t)))
             ORDER BY transcript_code = $6 DESC, school_code = $8 DESC, created_at DESC, record_id LIMIT 1),
     o AS (SELECT k.school_code, k.record_id, k.pupil_id FROM transcript_code t
             JOIN record k USING (school_year, pupil_id, level) WHERE t.transcript_code = $6),
     b AS (SELECT v.submission_id, v.version, v.accepted_at, k.record_id, k.transcript_code, s.school_code, v.level
             FROM record_version v JOIN record k USING (school_year, pupil_id, level)
             JOIN submission s ON s.submission_id = v.submission_id
             WHERE v.fingerprint = $1 AND v.school_year = $4)
SELECT (SELECT value FROM generation) AS generation,
       b.submission_id, b.version, b.accepted_at, b.record_id AS b_record, b.transcript_code AS b_code,
       b.school_code AS b_school, b.level AS b_level,
       EXISTS (SELECT FROM waiting WHERE fingerprint = $1) AS waits,
       (SELECT top FROM n) AS by_number,
       (SELECT person_sealed FROM n) AS person,
       (SELECT pupil_code FROM pupil_code WHERE pupil_id = (SELECT pupil_id FROM n)
          ORDER BY (pupil_code = $3) DESC, known_since LIMIT 1) AS number_code,
       (SELECT top FROM c) AS by_code,
       coalesce((SELECT pupil_id FROM n), (SELECT pupil_id FROM c)) AS own,
       EXISTS (SELECT FROM pupil_number WHERE closed_at IS NULL AND pupil_id = ANY(ARRAY(
                 SELECT top FROM c UNION ALL SELECT pupil_id FROM pupil_alias WHERE survivor = (SELECT top FROM c))))
         AS code_has_number,
       ARRAY(SELECT ARRAY[kind, decision, against::text, placed_as::text] FROM pupil_decision WHERE fingerprint = $1)
         AS decisions,
       r.record_id, r.transcript_code, r.school_code, r.current_version, r.pupil_id AS record_pupil,
       EXISTS (SELECT FROM record_version v WHERE v.school_year = $4 AND v.pupil_id = r.pupil_id AND v.level = $5
                 AND v.version = $7) AS version_taken,
       o.school_code AS o_school, o.pupil_id AS o_pupil, o.record_id = r.record_id AS o_mine,
       g.pupil_id AS g_pupil, g.merges AS g_turn
FROM (SELECT) AS one LEFT JOIN b ON true LEFT JOIN r ON true LEFT JOIN o ON true LEFT JOIN g ON true
"""

_JOURNAL_COLUMNS = """submission_id, received_at, caller_id, fingerprint, media_type, size, school_year, school_code, level,
  grade, pupil_code, number_index, transcript_code"""

#: The journal row, by the kind of what was submitted.
SUBMISSION = {
    kind: f"""INSERT INTO submission ({_JOURNAL_COLUMNS}, kind)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, '{kind}')"""  # noqa: S608
    for kind in ("transcript", "withdrawal", "declaration")
}

_JOURNAL = {
    kind: f"""
WITH s AS ({row})
INSERT INTO verdict (submission_id, judged_at, outcome, findings, evidence) VALUES ($1, $14, $15, $16, $17)
"""  # noqa: S608
    for kind, row in SUBMISSION.items()
}

#: Of bytes that wait already the row is locked, so that whoever ends the wait sees this submission too, or it waits anew.
_HOLD = {
    kind: f"""
WITH s AS ({row}),
     d AS (INSERT INTO document (school_year, fingerprint, media_type, sealed, stored_at)
             VALUES ($7, $4, $5, $18, $14) ON CONFLICT DO NOTHING),
     w AS (INSERT INTO waiting (submission_id, school_year, fingerprint, generation, tried_at, school_code, transcript_code,
                                number_index, case_kind, case_against, case_differs, case_two_known, withdraws)
             VALUES ($1, $7, $4, $19, $14, $8, $13, $12, $20, $21, $22, $23, $24) ON CONFLICT (fingerprint) DO UPDATE SET tried_at = waiting.tried_at)
INSERT INTO verdict (submission_id, judged_at, outcome, findings, evidence) VALUES ($1, $14, $15, $16, $17)
"""  # noqa: S608 - only constants of this file are put together
    for kind, row in SUBMISSION.items()
}

_RECORD_PARTS = """
     d AS (INSERT INTO document (school_year, fingerprint, media_type, sealed, stored_at)
             VALUES ($7, $4, $5, $18, $14) ON CONFLICT DO NOTHING),
     p AS (INSERT INTO pupil (pupil_id, created_at) SELECT $19, $14 WHERE $20),
     pn AS (INSERT INTO pupil_number (number_index, pupil_id, number_sealed, known_since, person_sealed)
              SELECT $12, $19, $21, $14, $29::bytea WHERE $22),
     pu AS (UPDATE pupil_number SET person_sealed = $29 WHERE NOT $22 AND $29 IS NOT NULL AND number_index = $12
              AND pupil_id = (SELECT pupil_id FROM pupil_number WHERE number_index = $12)),
     pc AS (INSERT INTO pupil_code (pupil_code, pupil_id, known_since) SELECT $11, $19, $14 WHERE $23),
     tc AS (INSERT INTO transcript_code (transcript_code, school_year, pupil_id, level)
              SELECT $13, $7, $19, $9 WHERE $25),
     r AS (INSERT INTO record (school_year, pupil_id, level, record_id, transcript_code, school_code, grade, pupil_code,
                               current_version, created_at)
             SELECT $7, $19, $9, $24, $13, $8, $10, $11, $26, $14 WHERE $25),
     ru AS (UPDATE record SET current_version = greatest(current_version, $26),
                              school_code = CASE WHEN $26 > current_version THEN $8 ELSE school_code END,
                              grade = CASE WHEN $26 > current_version THEN $10 ELSE grade END,
                              pupil_code = CASE WHEN $26 > current_version THEN $11 ELSE pupil_code END
              WHERE NOT $25 AND school_year = $7 AND pupil_id = $19 AND level = $9),
     rv AS (INSERT INTO record_version (school_year, pupil_id, level, version, submission_id, fingerprint, accepted_at,
                                        signatures, reason, awaits_summer)
              VALUES ($7, $19, $9, $26, $1, $4, $14, $27, $30, $31))
"""

#: A known pupil's new record keeps mergers out until it is committed, and finds nobody when one was first: the subquery sees the
#: pupil as of this statement's beginning, the lock the pupil as of now. See `pupils.keep_records_out`. Pupils who are one already
#: have no key in common that would keep a second record of the year out: they take turns, and who comes second looks again.
_UNMERGED = """
     k AS (SELECT FROM pupil WHERE $25 AND NOT $20 AND $32::uuid IS NULL AND pupil_id = $19
             AND merges = (SELECT merges FROM pupil WHERE pupil_id = $19) FOR SHARE),
     g AS (UPDATE pupil SET merges = merges + 1 WHERE $25 AND pupil_id = $32 AND merges = $33 RETURNING pupil_id)
"""

#: The verdict, if the register's generation is still $28 and nobody has merged the pupil at this moment; else the division fails,
#: and with it the whole statement.
_VERDICT_IF_UNMOVED = """
INSERT INTO verdict (submission_id, judged_at, outcome, findings, evidence)
SELECT $1, $14, $15, $16, $17 FROM generation
 WHERE 1 / (value = $28 AND (NOT $25 OR $20 OR EXISTS (SELECT FROM k) OR EXISTS (SELECT FROM g)))::int = 1
"""

_ACCEPT = f"""
WITH s AS ({SUBMISSION["transcript"]}), {_RECORD_PARTS.rstrip()}, {_UNMERGED} {_VERDICT_IF_UNMOVED}
"""

#: The same for a document that was held: its submission is in the journal already. The parameters of the journal that are
#: not used again are named once, so that both statements take one list of arguments.
_ACCEPT_HELD = f"""
WITH unused AS (SELECT $2::timestamptz, $3::text, $6::int), {_RECORD_PARTS.rstrip()}, {_UNMERGED} {_VERDICT_IF_UNMOVED}
"""

#: Every submission of these bytes that still stands as held gets the verdict that ended the wait: after its own, also when it came
#: later and was held sooner than the one that was accepted.
_ENDED = """
INSERT INTO verdict (submission_id, judged_at, outcome, findings, evidence)
SELECT s.submission_id, greatest($2, v.judged_at + interval '1 microsecond'), $3, $4, $5
FROM submission s CROSS JOIN LATERAL (
  SELECT judged_at, outcome FROM verdict WHERE submission_id = s.submission_id ORDER BY judged_at DESC LIMIT 1) v
WHERE s.fingerprint = $1 AND v.outcome = 'held'
"""


_DOCUMENT = """INSERT INTO pupil_document (document_index, pupil_id, document_sealed, known_since)
  VALUES ($1, $2, $3, $4)"""


@dataclass(frozen=True, slots=True)
class EntryDocument:
    """The entry document of a foreign pupil, as it is stored: a keyed index of nationality and number, and both sealed."""

    index: bytes
    sealed: bytes


@dataclass(frozen=True, slots=True)
class Attempt:
    """A journal row with its verdict. The identifying fields are what the document claims, or None."""

    submission_id: UUID
    received_at: datetime
    caller_id: str
    fingerprint: bytes | None
    media_type: str | None
    size: int | None
    school_year: str | None
    school_code: str | None
    level: str | None
    grade: int | None
    pupil_code: str | None
    number_index: bytes | None
    transcript_code: str | None
    judged_at: datetime
    outcome: str
    findings: Sequence[dict[str, object]]
    evidence: dict[str, object]
    kind: str = "transcript"  # or withdrawal, declaration

    def arguments(self) -> tuple[object, ...]:
        """The parameters $1 to $17 of every statement here."""
        return (
            self.submission_id,
            self.received_at,
            self.caller_id,
            self.fingerprint,
            self.media_type,
            self.size,
            self.school_year,
            self.school_code,
            self.level,
            self.grade,
            self.pupil_code,
            self.number_index,
            self.transcript_code,
            self.judged_at,
            self.outcome,
            _json(self.findings),
            _json(self.evidence),
        )


@dataclass(frozen=True, slots=True)
class Keys:
    """What a document is looked up by; `document_index` stands for the number of a foreign pupil who has none."""

    fingerprint: bytes
    number_index: bytes | None
    pupil_code: str | None
    school_year: str | None
    level: str | None
    transcript_code: str | None
    version: int | None
    school_code: str | None
    document_index: bytes | None


async def look_up(tx: Hot, keys: Keys) -> Found:
    """What is known about these bytes, this pupil, this record and this code, with the register's generation."""
    row = await tx.fetchrow(
        _LOOK_UP, keys.fingerprint, keys.number_index, keys.pupil_code, keys.school_year, keys.level, keys.transcript_code,
        keys.version, keys.school_code, keys.document_index,
    )  # fmt: skip
    assert row is not None, "one comes back whatever was found"
    return Found(
        generation=row["generation"],
        receipt=_receipt(keys, row),
        waits=row["waits"],
        pupil_by_number=row["by_number"],
        code_of_pupil_by_number=row["number_code"],
        pupil_by_code=row["by_code"],
        pupil_by_code_has_number=row["code_has_number"],
        record=_held(row),
        version_taken=row["version_taken"],
        code_owner_school=row["o_school"],
        code_owner_is_this_record=bool(row["o_mine"]),
        code_owner=row["o_pupil"],
        own_pupil=row["own"],
        person=row["person"],
        decisions=tuple(_decided(each) for each in row["decisions"]),
        group=Group(row["g_pupil"], row["g_turn"]) if row["g_pupil"] else None,
    )


def _receipt(keys: Keys, row: asyncpg.Record) -> Receipt | None:
    """Of exactly these bytes, when they are on record."""
    if row["submission_id"] is None:
        return None
    return Receipt(
        row["submission_id"], row["b_record"], row["b_code"], row["version"], keys.school_year or "", row["b_school"],
        row["b_level"], keys.fingerprint, row["accepted_at"],
    )  # fmt: skip


def _held(row: asyncpg.Record) -> Held | None:
    """The record that the document belongs to, when there is one."""
    if row["record_id"] is None:
        return None
    return Held(
        row["record_id"], row["transcript_code"], row["school_code"], row["current_version"], row["record_pupil"]
    )


def _decided(row: Sequence[str]) -> Decided:
    """The last of the four is null unless the decision was a transfer."""
    kind, decision, against, placed_as = row
    return Decided(CaseKind(kind), UUID(against), Decision(decision), UUID(placed_as) if placed_as else None)


async def journal(tx: Hot, attempt: Attempt) -> None:
    """Write an attempt and its verdict, and nothing else."""
    await tx.execute(_JOURNAL[attempt.kind], *attempt.arguments())


async def hold(
    tx: Hot, attempt: Attempt, sealed: bytes, generation: int, case: Case | None = None, withdraws: int | None = None
) -> None:
    """Write an attempt, keep its sealed bytes, and queue it to be judged again.

    `case`: what a person has to decide; `withdraws`: the version a withdrawal waits for.
    """
    columns = (*cases.columns(case), withdraws)
    await tx.execute(_HOLD[attempt.kind], *attempt.arguments(), sealed, generation, *columns)


async def accept(
    tx: Hot,
    attempt: Attempt,
    place: Place,
    *,
    version: int,
    reason: str | None,
    awaits_summer: bool,
    sealed: bytes,
    number_sealed: bytes | None,
    generation: int,
    journaled: bool,
    ends_wait: bool,
    person_sealed: bytes | None = None,
    entry_document: EntryDocument | None = None,
) -> None:
    """Write attempt, document, pupil, record and version, all or none; `journaled` when the attempt was held before.

    `person_sealed`: what is to be known from now on about whom the number belongs to (None: what was known).
    `entry_document`: of a foreign pupil who has no number.
    `ends_wait`: every held submission of these bytes gets the attempt's verdict too. Raises one of LOST_RACE when a
    concurrent writer was first, or the register's generation is no longer `generation`.
    """
    arguments = (
        *attempt.arguments(),
        sealed,
        place.pupil_id,
        place.new_pupil,
        number_sealed,
        place.new_number and entry_document is None,
        place.new_code,
        place.record_id,
        place.new_record,
        version,
        _json(attempt.evidence["signatures"]),
        generation,
        person_sealed,
        reason,
        awaits_summer,
        place.group.stands if place.group else None,
        place.group.turn if place.group else None,
    )
    statement = _ACCEPT_HELD if journaled else _ACCEPT
    if not ends_wait and entry_document is None:
        await tx.execute(statement, *arguments)
        return
    async with tx.transaction():
        await tx.execute(statement, *arguments)
        if entry_document is not None and place.new_number:
            await tx.execute(_DOCUMENT, entry_document.index, place.pupil_id, entry_document.sealed, attempt.judged_at)
        if ends_wait:
            await end_wait(tx, attempt)


async def end_wait(tx: Hot, attempt: Attempt) -> None:
    """Give every held submission of these bytes the attempt's verdict and take them from the queue.

    The queue first: a submission of the same bytes that comes at this moment is in the journal then, or waits by itself.
    """
    arguments = attempt.arguments()
    async with tx.transaction():
        await tx.execute("DELETE FROM waiting WHERE fingerprint = $1", attempt.fingerprint)
        await tx.execute(_ENDED, attempt.fingerprint, attempt.judged_at, attempt.outcome, arguments[15], arguments[16])


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
