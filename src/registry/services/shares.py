"""Share links: a school or the city lets one receiver see chosen years of one pupil, for a purpose, until a day, so many times.

A link that is mistyped, over, revoked or used up is one answer. Every opening is counted and written down, for the pupil's
schools to see, before anything is shown.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias
from uuid import UUID

from registry.core import codes, ids, public_code, shares, views
from registry.core.audit import Look
from registry.core.callers import Caller
from registry.core.findings import Finding, Refusal
from registry.core.shares import Shows
from registry.formats import base64url, paper_content, paper_sheet
from registry.services import extracts, transcripts
from registry.services.extracts import Extract, Why
from registry.services.press import Press
from registry.services.world import World
from registry.storage import questions
from registry.storage import shares as stored
from registry.storage.database import Hot
from registry.storage.shares import Share, Shared

#: A link as it stands, for who lists them.
Link: TypeAlias = Share
_USE, _TICKET = "share", "share ticket"


@dataclass(frozen=True, slots=True)
class New:
    """What somebody wants shared."""

    pupil_code: str
    school_years: tuple[str, ...]
    receiver: str
    purpose: str
    ends_at: datetime
    openings: int


@dataclass(frozen=True, slots=True)
class Seen:
    """One record as the receiver sees it. `told` is None when no version of it is in force any more."""

    place: int
    school_year: str
    told: transcripts.Told | None
    school_name: str = ""
    pupil_name: str = ""
    result: str = ""
    blocks: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Opened:
    """An opening that was counted; its ticket lets the extracts be fetched for a while."""

    share: Share
    shows: Shows
    records: tuple[Seen, ...]
    ticket: str


async def make(world: World, caller: Caller, new: New, now: datetime) -> tuple[Share, str]:
    """A new link and its secret, which is nowhere after this. Raises Refusal: request-parameter, record-unknown (a year without a
    record in force of this pupil at the caller's schools)."""
    found = shares.findings(new.purpose, new.ends_at, new.receiver, now)
    if found:
        raise Refusal(codes.REQUEST_PARAMETER, found)
    bits = secrets.token_bytes(public_code.BYTES)
    async with world.db.hot_transaction() as tx:
        records = await stored.records_of(tx, new.pupil_code, caller.schools, new.school_years)
        if {each.school_year for each in records} != set(new.school_years):
            raise Refusal(codes.RECORD_UNKNOWN, [Finding(codes.RECORD_UNKNOWN, "/body/school_years", "")])
        newest = records[-1]
        share = Share(
            ids.uuid7(now, secrets.token_bytes(10)), now, caller.caller_id, newest.pupil_id, newest.school_code,
            new.receiver, new.purpose, new.ends_at.astimezone(UTC), new.openings, 0, None,
        )  # fmt: skip
        await stored.add(tx, share, world.sealer.secret_index(_USE, bits), records)
    return share, public_code.printed(bits)


async def listed(world: World, caller: Caller, before: UUID | None, most: int) -> list[Share]:
    """So many links of the caller's schools, the newest first, from before one of them."""
    async with world.db.hot() as tx:
        return await stored.listed(tx, caller.schools, before, most)


async def revoke(world: World, caller: Caller, share_id: UUID, now: datetime) -> None:
    """End a link of the caller's schools at once. Raises Refusal: share-unknown."""
    async with world.db.hot_transaction() as tx:
        if not await stored.revoke(tx, share_id, caller.schools, caller.caller_id, now):
            raise Refusal(codes.SHARE_UNKNOWN)


async def cover(world: World, secret: str, now: datetime) -> Share:
    """What stands on the link before it is opened; uses none of its openings, so that a program which only looks takes nothing away.
    The look is written down under every record all the same.

    Raises Refusal: share-ended.
    """
    async with world.db.hot_transaction() as tx:
        share = await stored.find(tx, _index(world, secret))
        if share is None or not share.works(now) or share.openings >= share.most_openings:
            raise Refusal(codes.SHARE_ENDED)
        await _write_down(tx, share, await stored.records(tx, share.share_id), "share_cover", "cover", now)
    return share


async def open_(world: World, secret: str, now: datetime) -> Opened:
    """Open a link: counted and written down under every record, then shown. Raises Refusal: share-ended, service-fault."""
    async with world.db.hot_transaction() as tx:
        share = await stored.open_(tx, _index(world, secret), now)
        if share is None:
            raise Refusal(codes.SHARE_ENDED)
        records = await stored.records(tx, share.share_id)
        await _write_down(tx, share, records, "share", "shown", now)
    shows = shares.PURPOSES[share.purpose].shows
    seen = [await _seen(world, place, each, shows) for place, each in enumerate(records)]
    return Opened(share, shows, tuple(seen), _ticket(world, share.share_id, now + shares.FETCHING))


async def extract(world: World, press: Press, secret: str, ticket: str, place: int, now: datetime) -> Extract:
    """The extract of one of the records, for who has just opened the link. Raises Refusal: share-ended, extract-not-in-force,
    request-rate (so many of them)."""
    async with world.db.hot() as tx:
        share = await stored.find(tx, _index(world, secret))
        if share is None or not share.works(now) or not _is_ticket(world, share.share_id, ticket, now):
            raise Refusal(codes.SHARE_ENDED)
        records = await stored.records(tx, share.share_id)
    if shares.PURPOSES[share.purpose].shows is not Shows.EVERYTHING or not 0 <= place < len(records):
        raise Refusal(codes.SHARE_ENDED)
    told = await transcripts.in_force(world, {records[place].school_code}, records[place].transcript_code)
    if told is None:
        raise Refusal(codes.EXTRACT_NOT_IN_FORCE)
    most = shares.MOST_FETCHED * len(records)
    why = Why(views.link(share.share_id), share.purpose, share.receiver, most_handed=most)
    return await extracts.of_version(world, press, told, why, now)


def _index(world: World, secret: str) -> bytes:
    bits = public_code.read(secret)
    if bits is None:
        raise Refusal(codes.SHARE_ENDED)
    return world.sealer.secret_index(_USE, bits)


async def _seen(world: World, place: int, shared: Shared, shows: Shows) -> Seen:
    told = await transcripts.in_force(world, {shared.school_code}, shared.transcript_code)
    if told is None:
        return Seen(place, shared.school_year, None)
    members = await transcripts.members(world, told)
    blocks = paper_sheet.blocks(members) if shows is Shows.EVERYTHING else []
    said = paper_content.text
    return Seen(
        place, shared.school_year, told, said(members.get("tentruong")), said(members.get("hovaten")),
        paper_content.result_line(members), tuple(blocks),
    )  # fmt: skip


async def _write_down(tx: Hot, share: Share, records: Sequence[Shared], kind: str, answer: str, now: datetime) -> None:
    who = views.link(share.share_id)
    rows = [
        Look(ids.uuid7(now, secrets.token_bytes(10)), now, who, share.purpose, share.receiver, kind, each.school_year,
             each.pupil_id, answer)
        for each in records
    ]  # fmt: skip
    await questions.write_all(tx, [questions.Note(row) for row in rows])


def _ticket(world: World, share_id: UUID, until: datetime) -> str:
    seconds = int(until.timestamp())
    return f"{seconds}.{base64url.encode(_mac(world, share_id, seconds))}"


def _is_ticket(world: World, share_id: UUID, ticket: str, now: datetime) -> bool:
    seconds, _, mac = ticket.partition(".")
    if not (seconds.isascii() and seconds.isdecimal() and len(seconds) < 12) or int(seconds) < now.timestamp():
        return False
    return hmac.compare_digest(base64url.decode(mac) or b"", _mac(world, share_id, int(seconds)))


def _mac(world: World, share_id: UUID, seconds: int) -> bytes:
    return world.sealer.secret_index(_TICKET, share_id.bytes + seconds.to_bytes(8, "big"))
