"""An extract (bản thể hiện): numbered and written down first, then set, sealed and handed out. Only of what is in force.

A number whose paper could not be made stays in the list without a fingerprint: the numbers of a year have no gap, and
whatever left the registry has its fingerprint there.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from registry.core import codes, ids
from registry.core.audit import Look
from registry.core.callers import Caller, Scope
from registry.core.findings import Finding, Refusal
from registry.formats import paper_content
from registry.formats.paper_sheet import Issue
from registry.formats.qr_text import Paper
from registry.services import public_codes, transcripts
from registry.services.press import Press
from registry.services.world import World
from registry.storage import extracts, questions
from registry.storage.extracts import Issued, Wanted
from registry.storage.public_codes import Key

_LOCAL = timezone(timedelta(hours=7))
_OWN = "own_school"


@dataclass(frozen=True, slots=True)
class Why:
    """Who is handed an extract, and why; written down with it."""

    caller_id: str
    purpose: str
    reference: str


@dataclass(frozen=True, slots=True)
class Extract:
    """A sealed PDF under its number."""

    number: str
    version: int
    public_code: str
    pdf: bytes


@dataclass(frozen=True, slots=True)
class Printed:
    """What a paper needs that somebody else prints: a version's code, and the text of its QR."""

    version: int
    public_code: str
    qr_text: str


async def printed(world: World, press: Press, caller: Caller, code: str, version: int | None, now: datetime) -> Printed:
    """The code of a version (None: the greatest) of an own record; the view is written down as any other of the record.

    Raises Refusal: record-unknown, service-fault.
    """
    told, members = await transcripts.content(world, caller, code, version, now)
    given = await public_codes.ensure(world, told, members, now)
    text = press.qr_key.text(press.base_url, _paper(told, members, given))
    return Printed(told.version.version, given.code, text)


def why(caller: Caller, purpose: str | None, reference: str | None) -> Why:
    """Why this caller may have an extract: of its own schools' records without more; an office says purpose and reference.

    Raises Refusal: access-purpose, request-parameter.
    """
    if purpose is None and caller.scopes & {Scope.SUBMIT, Scope.OPERATE}:
        return Why(caller.caller_id, _OWN, reference or "")
    if purpose not in caller.purposes:
        detail = "one of: " + ", ".join(sorted(caller.purposes)) if caller.purposes else "no purpose is granted"
        raise Refusal(codes.ACCESS_PURPOSE, [Finding(codes.ACCESS_PURPOSE, "/query/purpose", detail)])
    if not reference or not reference.isprintable():
        raise _bad_reference("the reference of the procedure, printable characters")
    return Why(caller.caller_id, purpose, reference)


async def issue(world: World, press: Press, caller: Caller, code: str, reason: Why, now: datetime) -> Extract:
    """An extract of the version in force of a record of the caller's schools.

    Raises Refusal: record-unknown, extract-not-in-force, request-parameter (a reference with the pupil's number), service-busy,
    service-fault, service-database.
    """
    told = await transcripts.in_force(world, caller.schools, code)
    if told is None:
        raise Refusal(codes.EXTRACT_NOT_IN_FORCE)
    return await of_version(world, press, told, reason, now)


async def of_version(world: World, press: Press, told: transcripts.Told, reason: Why, now: datetime) -> Extract:
    """The same for a version that was found by other means."""
    members = await transcripts.members(world, told)
    number = paper_content.text(members.get("sodinhdanh"))
    if ids.mentions_number(reason.reference, (number,) if number else ()):
        raise _bad_reference("names the procedure, without the personal number")
    given = await public_codes.ensure(world, told, members, now)
    year, running = await _write_down(world, told, given, reason, now)
    printed = f"{year}/{running:06d}"
    stamp = _issue(told, given, printed, now)
    signatures = [{"role": s.get("role"), "signed_at": _minute(s.get("signed_at"))} for s in told.version.signatures]
    pdf = await press.make(members, signatures, stamp, _paper(told, members, given), now)
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
    row = Look(
        ids.uuid7(now, secrets.token_bytes(10)), now, reason.caller_id, reason.purpose, reason.reference, "extract",
        record.school_year, record.pupil_id, "shown",
    )  # fmt: skip
    wanted = Wanted(given.code_index, row.question_id, reason.caller_id, reason.purpose, reason.reference)
    async with world.db.hot_transaction() as tx:
        await questions.write(tx, row, None)
        return year, await extracts.number(tx, year, wanted, now)


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


def _bad_reference(detail: str) -> Refusal:
    return Refusal(codes.REQUEST_PARAMETER, [Finding(codes.REQUEST_PARAMETER, "/query/reference", detail)])


def _local(moment: datetime) -> str:
    return moment.astimezone(_LOCAL).strftime("%d/%m/%Y %H:%M")


def _minute(text: str | None) -> str:
    return _local(datetime.fromisoformat(text)) if text else ""
