"""What an operator does about pupils: a new number for an old one, two pupils that are one, and the undo of that.

No record is ever touched by it. Numbers come in, are kept sealed and as keyed index, and never go out.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from registry.core import codes, ids
from registry.core.callers import Caller
from registry.core.findings import Finding, Refusal
from registry.core.pupils import reason_fits
from registry.formats import csv_table, strict_json
from registry.services import persons
from registry.services.world import World
from registry.storage import generation
from registry.storage import pupils as stored
from registry.storage.database import Reading
from registry.storage.pupils import Merge as Merge  # what the edges show

log = logging.getLogger(__name__)
MOST_MERGES = 200
_MOST_BYTES, _MOST_ROWS = 1_000_000, 5_000
REASON_SHAPE = "1 to 200 printable characters without a person's number"


@dataclass(frozen=True, slots=True)
class Renumbering:
    """A personal number that took another's place by a decision (TT 59/2021 art. 6); `reference` names the decision."""

    old_number: str = field(repr=False)
    new_number: str = field(repr=False)
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Renumbered:
    """What a renumbering did; `schools` were told in the feed. `repeated`: it had been done before, nothing was written."""

    pupil_code: str | None
    schools: tuple[str, ...]
    repeated: bool = False


def read_json(raw: bytes) -> Any:
    """The JSON value of a body, read strictly; raises Refusal(request-parameter) with json-* findings."""
    value, findings = strict_json.parse(raw, pointer="/body", max_depth=2)
    if findings:
        raise Refusal(codes.REQUEST_PARAMETER, findings)
    return value


async def renumber(world: World, caller: Caller | None, asked: Renumbering, now: datetime) -> Renumbered:
    """Give a pupil the new number; the old one finds the pupil for ever, and signed documents keep theirs.

    What is held is judged again. `caller` is None for the operator at the machine itself. Raises Refusal: request-parameter,
    number-shape, number-place, pupil-unknown, pupil-renumbered, pupil-number-taken, service-busy.
    """
    _check(asked)
    sealer = world.sealer
    old_index, new_index = sealer.number_index(asked.old_number), sealer.number_index(asked.new_number)
    async with world.db.transaction() as tx:
        await stored.write_alone(tx)
        old, new = await stored.number(tx, old_index), await stored.number(tx, new_index)
        members = await stored.group(tx, old.pupil_id if old else stored.NOBODY)
        schools = await permitted(world, tx, caller, members, now)
        if old is None:
            raise Refusal(codes.PUPIL_UNKNOWN)
        told = tuple(sorted(schools))
        code = await stored.code_of(tx, old.pupil_id)
        if new is not None and new.pupil_id not in members:
            raise Refusal(codes.PUPIL_NUMBER_TAKEN)
        if old.closed:
            if new is None or new.closed or not await stored.is_renumbered(tx, old_index, new_index):
                raise Refusal(codes.PUPIL_RENUMBERED)
            return Renumbered(code, told, repeated=True)
        owner = new.pupil_id if new is not None else old.pupil_id
        known = persons.opened(sealer, old.person, old_index)
        person = sealer.seal_person(str(known), new_index) if known and known.fits(asked.new_number) else None
        if not await stored.open_number(tx, new_index, owner, sealer.seal_number(asked.new_number), person, now):
            raise Refusal(codes.SERVICE_BUSY, retry_after=1)  # a document came in with it at this moment
        await stored.close_number(tx, old_index, now)
        await stored.add_renumbering(
            tx, _fresh(now), old.pupil_id, (old_index, new_index), asked.reference, _id(caller), now, schools
        )
        await generation.move(tx)
    return Renumbered(code, told)


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one row of a table: a code, or None when it was done or had been before."""

    number: int
    code: str | None
    repeated: bool = False


async def renumber_table(world: World, raw: bytes, now: datetime) -> list[Row]:
    """Do each row of a table (CSV: old_number, new_number, reference) by itself; for the operator at the machine.

    Raises Refusal(request-parameter) when it can't be read as a table; nothing is done then.
    """
    table = csv_table.read(raw, ("old_number", "new_number", "reference"), most_bytes=_MOST_BYTES, most_rows=_MOST_ROWS)
    if table.flaws:
        found = [Finding(codes.REQUEST_PARAMETER, f"/rows/{f.row or ''}", f.expected) for f in table.flaws[:50]]
        raise Refusal(codes.REQUEST_PARAMETER, found)
    done = []
    for number, cells in table.rows:
        try:
            result = await renumber(world, None, Renumbering(**cells), now)
            done.append(Row(number, None, result.repeated))
        except Refusal as refusal:
            done.append(Row(number, refusal.code.slug))
    return done


async def merge(
    world: World, caller: Caller | None, from_code: str, into_code: str, reason: str, now: datetime
) -> Merge:
    """Let the pupil of one code stand for that of another: look-ups find both pupils' records under either.

    Raises Refusal: request-parameter (reason), pupil-unknown, pupil-merged, pupil-collision (with each year and level).
    """
    check_reason(reason, "/body/reason")
    async with world.db.transaction() as tx:
        await stored.write_alone(tx)
        gone, stays = await stored.of_code(tx, from_code), await stored.of_code(tx, into_code)
        first, second = [await stored.group(tx, each or stored.NOBODY) for each in (gone, stays)]
        await permitted(world, tx, caller, [*first, *second], now)
        if gone is None or stays is None:
            raise Refusal(codes.PUPIL_UNKNOWN)
        if first[0] != gone or gone in second:
            raise Refusal(codes.PUPIL_MERGED)
        await stored.keep_records_out(tx, [*first, *second])
        await _check_collisions(tx, first, second)
        made = Merge(
            _fresh(now), "merge", gone, stays, reason, _id(caller), now, from_code=from_code, into_code=into_code
        )
        await stored.add_merge(tx, made)
        await generation.move(tx)
    return made


async def unmerge(world: World, caller: Caller | None, merge_id: UUID, reason: str, now: datetime) -> Merge:
    """Undo a merge: both pupils stand as before it, also with what came in meanwhile, each under its own number and code.

    Raises Refusal: request-parameter (reason), pupil-unknown, pupil-merged (undone already).
    """
    check_reason(reason, "/body/reason")
    async with world.db.transaction() as tx:
        await stored.write_alone(tx)
        found = await stored.merge(tx, merge_id)
        if found is None or found.kind != "merge":
            raise Refusal(codes.PUPIL_UNKNOWN)
        await permitted(world, tx, caller, await stored.group(tx, found.into_pupil), now)
        if found.undone_at is not None:
            raise Refusal(codes.PUPIL_MERGED)
        await stored.undo_merge(tx, found, reason, _id(caller), now)
        await generation.move(tx)
        undone = await stored.merge(tx, merge_id)
    assert undone is not None, "found above"
    return undone


async def merges(
    world: World,
    caller: Caller | None,
    now: datetime,
    behind: tuple[datetime, UUID] | None = None,
    most: int = MOST_MERGES,
) -> list[Merge]:
    """The newest merges of pupils that the caller may act on, undone ones too; or those behind the moment and id of one."""
    shown: list[Merge] = []
    async with world.db.snapshot() as tx:
        while found := await stored.merges(tx, MOST_MERGES, behind):
            shown += [each for each in found if await _is_permitted(world, tx, caller, each, now)]
            behind = found[-1].at, found[-1].merge_id
            if len(shown) >= most or len(found) < MOST_MERGES:
                break
    return shown[:most]


async def permitted(
    world: World, tx: Reading, caller: Caller | None, members: Collection[UUID], now: datetime
) -> frozenset[str]:
    """The schools of these pupils; raises Refusal(pupil-unknown) unless the caller answers for every one that is on the map."""
    schools = await stored.schools_of(tx, members)
    if caller is None:
        return schools
    here = (await world.known()).map
    present = {part.child for parts in here.children.values() for part in parts if part.holds_at(now)}
    foreign = {code for code in schools - caller.schools if f"school:{code}" in present}
    if foreign or not schools & caller.schools:
        raise Refusal(codes.PUPIL_UNKNOWN)
    return schools


def check_reason(text: str, pointer: str) -> None:
    """Raise Refusal(request-parameter) for a reason or reference that can't be kept as text."""
    if not reason_fits(text):
        raise Refusal(codes.REQUEST_PARAMETER, [Finding(codes.REQUEST_PARAMETER, pointer, REASON_SHAPE)])


def _check(asked: Renumbering) -> None:
    check_reason(asked.reference, "/body/reference")
    if not ids.number_fits(asked.old_number):
        raise Refusal(
            codes.NUMBER_SHAPE, [Finding(codes.NUMBER_SHAPE, "/body/old_number", "12 digits 0 to 9, as text")]
        )
    found = ids.number_findings(asked.new_number, sex=None, birth=None, pointer="/body/new_number")
    if found:
        raise Refusal(found[0].code, found)
    if asked.old_number == asked.new_number:
        finding = Finding(codes.REQUEST_PARAMETER, "/body/new_number", "another number than the old one")
        raise Refusal(codes.REQUEST_PARAMETER, [finding])


async def _check_collisions(tx: Reading, first: Collection[UUID], second: Collection[UUID]) -> None:
    """A pupil has one record of a year and level; two pupils who both have one are in all likelihood two children."""
    ours = {(each.school_year, each.level) for each in await stored.records_of(tx, first)}
    theirs = {(each.school_year, each.level) for each in await stored.records_of(tx, second)}
    if both := sorted(ours & theirs):
        found = [Finding(codes.PUPIL_COLLISION, "", f"{year} {level}") for year, level in both]
        raise Refusal(codes.PUPIL_COLLISION, found)


async def _is_permitted(world: World, tx: Reading, caller: Caller | None, merge: Merge, now: datetime) -> bool:
    try:
        await permitted(world, tx, caller, [merge.from_pupil, merge.into_pupil], now)
    except Refusal:
        return False
    return True


def _fresh(now: datetime) -> UUID:
    return ids.uuid7(now, secrets.token_bytes(10))


def _id(caller: Caller | None) -> str | None:
    return caller.caller_id if caller is not None else None
