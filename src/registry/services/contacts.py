"""Whom to call and write to at a school: contacts come in as a difference, and are shown to whoever looks after the school."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone

from registry.core import codes, units
from registry.core import contacts as values
from registry.core.callers import Caller
from registry.core.contacts import Contact as Contact  # what `page` and `on_day` give
from registry.core.findings import Finding, Refusal
from registry.core.units import When
from registry.formats import contacts_csv
from registry.services import completeness
from registry.services.world import World
from registry.storage import contacts as stored
from registry.storage.database import Reading

MOST_BYTES = contacts_csv.MOST_BYTES
_LOCAL = timezone(timedelta(hours=7))
_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Report:
    """What a list did, in contacts."""

    new: int
    changed: int
    unchanged: int


@dataclass(frozen=True, slots=True)
class Page:
    """Some contacts by school, role and beginning, the schools' names, and the school behind which the next page begins."""

    rows: tuple[Contact, ...]
    names: dict[str, str]
    without: tuple[str, ...]
    next: str | None


async def import_table(
    world: World, caller: Caller | None, raw: bytes, now: datetime, source: str, *, dry_run: bool = False
) -> Report:
    """Take a table (`registry.formats.contacts_csv`) as a difference, all of it or nothing; `dry_run` changes nothing.

    `caller` is None for the operator at the machine. Raises Refusal: contact-shape, contact-row, with the findings of every row.
    """
    read = await asyncio.to_thread(contacts_csv.read, raw)
    findings = [*read.findings, *await _foreign(world, caller, read.rows)]
    async with world.db.transaction() as tx:
        await stored.write_alone(tx)
        here = await stored.of_schools(tx, {contact.school_code for _, contact in read.rows})
        difference = values.compare(here, read.rows)
        findings += [
            Finding(codes.CONTACT_ROW, f"/rows/{row}/valid_from", expected) for row, expected in difference.problems
        ]
        if findings:
            raise Refusal(contacts_csv.main_code(findings), findings[: contacts_csv.MOST_FINDINGS])
        changes = [*difference.new, *difference.changed]
        if changes and not dry_run:
            newest = await stored.newest_change(tx)
            at = now if newest is None else max(now, newest + _TICK)
            await stored.add(tx, changes, at, source, caller.caller_id if caller else None)
    return Report(len(difference.new), len(difference.changed), difference.unchanged)


async def page(
    world: World, caller: Caller | None, unit: str, after: str, limit: int, now: datetime, when: When | None = None
) -> Page:
    """The contacts of so many schools of a unit (on today's map, or on another) behind a school, and which have none today.

    Raises Refusal(access-unit).
    """
    here = await _map(world, caller, unit, now)
    own = None if caller is None else caller.units
    left = [code for code in sorted(here.schools_seen(own, unit, when or When.at(now))) if code > after]
    schools = left[:limit]
    async with world.db.snapshot() as tx:
        rows = tuple(await stored.of_schools(tx, schools))
    names = {code: here.units[f"school:{code}"].name for code in schools}
    reached = values.on(rows, day_of(now))
    without = tuple(code for code in schools if code not in reached)
    return Page(rows, names, without, schools[-1] if len(left) > limit else None)


async def on_day(tx: Reading, schools: Collection[str], day: date) -> dict[str, tuple[Contact, ...]]:
    """The contacts of these schools that hold on a day, within the caller's transaction."""
    return values.on(await stored.of_schools(tx, schools), day)


def day_of(now: datetime) -> date:
    """Which day it is in the city."""
    return now.astimezone(_LOCAL).date()


async def _map(world: World, caller: Caller | None, unit: str, now: datetime) -> units.Map:
    if caller is not None:
        return await completeness.permitted(world, caller, unit, now)
    here = (await world.known()).map
    if unit not in here.units:
        raise Refusal(codes.ACCESS_UNIT, [Finding(codes.ACCESS_UNIT, "/query/unit", "a unit on the map")])
    return here


async def _foreign(world: World, caller: Caller | None, rows: list[tuple[int, Contact]]) -> list[Finding]:
    """Rows of schools that are not the caller's, or nobody's: the same answer."""
    known = await world.known()
    own = frozenset(known.index.trust.schools) if caller is None else caller.schools & known.index.trust.schools.keys()
    expected = "a school of the register" if caller is None else "a school of the caller's units"
    return [
        Finding(codes.CONTACT_ROW, f"/rows/{row}/school_code", expected)
        for row, contact in rows
        if contact.school_code not in own
    ]
