"""An extract (bản thể hiện): numbered and written down first, then set, sealed and handed out. Only of what is in force.

A number whose paper could not be made stays in the list without a fingerprint: the numbers of a year have no gap, and
whatever left the registry has its fingerprint there.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any
from uuid import UUID

from registry.core import codes, ids, purposes, shares
from registry.core.audit import Look
from registry.core.callers import Caller, Scope
from registry.core.findings import Code, Finding, Refusal
from registry.core.verification import Answer, Sighting, decide
from registry.formats import paper_content, qr_text
from registry.formats.paper_sheet import Issue
from registry.formats.qr_text import Paper
from registry.services import limits, pace, public_codes, transcripts
from registry.services.limits import Limits
from registry.services.press import Press
from registry.services.world import World
from registry.storage import extracts, questions
from registry.storage.database import Hot
from registry.storage.extracts import Issued, Wanted
from registry.storage.public_codes import Key

_LOCAL = timezone(timedelta(hours=7))
_OWN = "own_school"


@dataclass(frozen=True, slots=True)
class Counted:
    """An office, whose questions are counted, and its limits."""

    office: Caller
    limits: Limits


@dataclass(frozen=True, slots=True)
class Why:
    """Who is handed an extract, and why; written down with it."""

    caller_id: str
    purpose: str
    reference: str
    grades: frozenset[int] = frozenset()  # none: records of every grade
    counted: Counted | None = None  # an office's limits; None: nothing is counted
    most_handed: int | None = None  # so many within `shares.FETCHING`; None: as many as are asked for


@dataclass(frozen=True, slots=True)
class Extract:
    """A sealed PDF under its number."""

    number: str
    version: int
    public_code: str
    pdf: bytes


@dataclass(frozen=True, slots=True)
class NotKnown:
    """An office asked for what is not there or not for it; written down and counted. `pause_begins`: that was one too many."""

    pause_begins: bool


@dataclass(frozen=True, slots=True)
class Printed:
    """What a paper needs that somebody else prints: a version's code, and the text of its QR."""

    version: int
    public_code: str
    qr_text: str


async def printed(world: World, press: Press, caller: Caller, code: str, version: int | None, now: datetime) -> Printed:
    """The code of a version (None: the greatest) of an own record; the view is written down as any other of the record.

    Raises Refusal: record-unknown, answer-key, service-fault.
    """
    told, members = await transcripts.content(world, caller, code, version, now)
    given = await public_codes.ensure(world, told, members, now)
    text = qr_text.text(await press.key(world, now), press.base_url, _paper(told, members, given))
    return Printed(told.version.version, given.code, text)


async def why(
    world: World, caller: Caller, purpose: str | None, reference: str | None, counted: Limits, now: datetime
) -> Why:
    """Why this caller may have an extract: of its own schools' records without more; an office says purpose and reference.

    Raises Refusal: access-purpose, extract-purpose (one that allows no whole extract), request-parameter.
    """
    if purpose is None and caller.scopes & {Scope.SUBMIT, Scope.OPERATE}:
        return Why(caller.caller_id, _OWN, reference or "")
    rows = (await world.known()).purposes
    found = purposes.in_force(rows, purpose, now) if purpose in caller.purposes else None
    if purpose is None or found is None:
        raise _bad_purpose(codes.ACCESS_PURPOSE, caller.purposes & set(purposes.codes_in_force(rows, now)))
    if not found.whole:
        raise _bad_purpose(codes.EXTRACT_PURPOSE, caller.purposes & set(purposes.with_extract(rows, now)))
    if not reference or not reference.isprintable():
        raise _bad_reference("the reference of the procedure, printable characters")
    return Why(caller.caller_id, purpose, reference, found.grades, Counted(caller, counted))


async def issue(
    world: World, press: Press, caller: Caller, code: str, reason: Why, now: datetime
) -> Extract | NotKnown:
    """An extract of the version in force of a record of the caller's schools. For an office it counts as a question.

    Raises Refusal: record-unknown (of own records), extract-not-in-force, request-parameter (a reference with the pupil's number),
    verification-enumeration, -day, -pupil, answer-key, extract-not-made, service-busy, service-fault, service-database.
    """
    began = pace.started()
    if reason.counted is not None:
        await limits.check_standing(world, caller.counted_as, now)
        await reason.counted.limits.count(world, caller.counted_as, now)
        missed = await _missed(world, reason, reason.counted, code, now, began)
        if missed is not None:
            return missed
    told = await transcripts.in_force(world, caller.schools, code)
    if told is None:
        await _not_in_force(world, reason, code, now)
        raise Refusal(codes.EXTRACT_NOT_IN_FORCE)
    return await of_version(world, press, told, reason, now)


async def of_version(world: World, press: Press, told: transcripts.Told, reason: Why, now: datetime) -> Extract:
    """The same for a version that was found by other means."""
    members = await transcripts.members(world, told)
    number = paper_content.text(members.get("sodinhdanh"))
    if ids.mentions_number(reason.reference, (number,) if number else ()):
        raise _bad_reference("names the procedure, without the personal number")
    key = await press.key(world, now)
    given = await public_codes.ensure(world, told, members, now)
    year, running = await _write_down(world, told, given, reason, now)
    printed = f"{year}/{running:06d}"
    stamp = _issue(told, given, printed, now)
    signatures = [{"role": s.get("role"), "signed_at": _minute(s.get("signed_at"))} for s in told.version.signatures]
    pdf = await press.make(members, signatures, stamp, _paper(told, members, given), key, now)
    async with world.db.hot() as tx:
        await extracts.finish(tx, year, running, hashlib.sha256(pdf).digest())
    return Extract(printed, told.version.version, given.code, pdf)


async def issued(world: World, caller: Caller, code: str, now: datetime) -> list[Issued]:
    """Every extract of an own record that was handed out: when, to whom, for which purpose. Raises Refusal: record-unknown."""
    told = (await transcripts.versions(world, caller, code, now))[0]
    async with world.db.hot() as tx:
        return await extracts.of_record(tx, _key(told))


async def _write_down(
    world: World, told: transcripts.Told, given: public_codes.Given, reason: Why, now: datetime
) -> tuple[int, int]:
    record = told.history.record
    year = now.astimezone(_LOCAL).year
    row = _row(reason, record.school_year, record.pupil_id, "shown", now)
    wanted = Wanted(given.code_index, row.question_id, reason.caller_id, reason.purpose, reason.reference)
    async with world.db.hot_transaction() as tx:
        if reason.most_handed is not None:
            handed = await extracts.handed(tx, reason.caller_id, now - shares.FETCHING)
            if handed >= reason.most_handed:
                raise Refusal(codes.REQUEST_RATE, retry_after=int(shares.FETCHING.total_seconds()))
        await _write_found(tx, reason, row)
        return year, await extracts.number(tx, year, wanted, now)


async def _not_in_force(world: World, reason: Why, code: str, now: datetime) -> None:
    """That a record has nothing in force is an answer too."""
    async with world.db.hot_transaction() as tx:
        sighting = await _sighting(tx, reason, code, now)
        year = next((each.school_year for each in sighting.versions), None)
        await _write_found(tx, reason, _row(reason, year, sighting.pupil_id, Answer.GENUINE_WITHDRAWN.value, now))


async def _sighting(tx: Hot, reason: Why, code: str, now: datetime) -> Sighting:
    counting = questions.Counting(reason.caller_id, now)
    return (await questions.find(tx, questions.Wanted(questions.Way.CODE, code, counting))).sighting


async def _write_found(tx: Hot, reason: Why, row: Look) -> None:
    if reason.counted is not None:
        name, most = reason.counted.office.counted_as, reason.counted.limits
        most.check_pupil(await questions.count_about(tx, row, name, reason.counted.office.office, most.per_pupil))
    await questions.write(tx, row)


async def _missed(
    world: World, reason: Why, counted: Counted, code: str, now: datetime, began: float
) -> NotKnown | None:
    """What an office is told nothing of, decided as for a question and before anything more is read; None for any other.

    Both are counted one after the other, so that of many guesses at the same moment none is answered once there were too many. The
    row names the pupil all the same, so that the pupil's own schools see who tried; the clock tells the office nothing.
    """
    name = counted.office.counted_as
    async with world.db.hot_transaction() as tx:
        sighting = await _sighting(tx, reason, code, now)
        found = decide(sighting, counted.office.schools, reason.grades).version is not None
        if not found:
            year = next((each.school_year for each in sighting.versions), None)
            await questions.write(tx, _row(reason, year, sighting.pupil_id, Answer.NOT_KNOWN.value, now))
        before, begins = await limits.count_answer(tx, name, None, found=found, now=now)
    limits.check_pause(before, now)
    if found:
        return None
    await pace.even_out(began, counted.limits.even_seconds)
    return NotKnown(begins)


def _row(reason: Why, school_year: str | None, pupil_id: UUID | None, answer: str, now: datetime) -> Look:
    return Look(
        ids.uuid7(now, secrets.token_bytes(10)), now, reason.caller_id, reason.purpose, reason.reference, "extract",
        school_year, pupil_id, answer,
    )  # fmt: skip


def _issue(told: transcripts.Told, given: public_codes.Given, printed: str, now: datetime) -> Issue:
    version = told.version
    return Issue(
        printed, _local(now), given.code, version.version, _local(version.accepted_at), version.fingerprint.hex()
    )


def _paper(told: transcripts.Told, members: Mapping[str, Any], given: public_codes.Given) -> Paper:
    record, face = told.history.record, given.face
    return Paper(
        code=given.code,
        version=str(told.version.version),
        school_code=record.school_code,
        school_name=face.school_name,
        school_year=record.school_year,
        grade=str(record.grade),
        initials=face.initials,
        birth_year=str(face.birth_year or ""),
        result=paper_content.result_line(members),
    )


def _key(told: transcripts.Told) -> Key:
    record = told.history.record
    return Key(record.school_year, record.pupil_id, record.level, told.version.version)


def _bad_purpose(code: Code, mine: Iterable[str]) -> Refusal:
    detail = "one of: " + ", ".join(sorted(mine)) if mine else "no such purpose is granted"
    return Refusal(code, [Finding(code, "/query/purpose", detail)])


def _bad_reference(detail: str) -> Refusal:
    return Refusal(codes.REQUEST_PARAMETER, [Finding(codes.REQUEST_PARAMETER, "/query/reference", detail)])


def _local(moment: datetime) -> str:
    return moment.astimezone(_LOCAL).strftime("%d/%m/%Y %H:%M")


def _minute(text: str | None) -> str:
    return _local(datetime.fromisoformat(text)) if text else ""
