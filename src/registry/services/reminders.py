"""Who has to be reminded of what, as a list and as messages to the schools' contacts.

At most once: a message is claimed in the database, and that is committed, before it is handed to the mail server. If the worker dies
in between, the message counts as perhaps sent and is not repeated that day; the next day of the rhythm brings the next one.
What has surely not left (no connection, refused by the server) is tried again, up to three times a day.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.message import Message
from uuid import UUID

from registry.core import codes, expiring, findings, ids
from registry.core import contacts as contact_values
from registry.core import reminders as values
from registry.core.callers import Caller
from registry.core.campaigns import Campaign, Plan
from registry.core.findings import Code
from registry.core.reminders import Item, Key, Reminder, Sending, State
from registry.core.stages import OF_SCHOOLS
from registry.core.units import MapOf, When
from registry.formats import reminder_mail
from registry.formats.reminder_mail import Letter
from registry.services import campaigns, completeness, contacts, cursors, stages
from registry.services.world import World
from registry.storage import reminders as stored

log = logging.getLogger(__name__)

#: Whoever has claimed a message hands it over within this time, or is gone.
_CLAIM_HOLDS = timedelta(minutes=15)
#: A mail server that is away so often in a row is left alone until the next run.
_MOST_UNREACHABLE = 3


class PostError(Exception):
    """A message was not taken. `certain`: it has surely not left."""

    def __init__(self, code: Code, *, certain: bool, detail: str = "") -> None:
        super().__init__(code.slug)
        findings.said(code)
        self.code, self.certain, self.detail = code, certain, detail


#: Hands one message over; gives how many of its addresses were taken. Raises PostError.
Post = Callable[[Message, Sequence[str]], Awaitable[int]]
#: Opens the way to the mail server.
Opener = Callable[[], AbstractAsyncContextManager[Post]]


@dataclass(frozen=True, slots=True)
class Setting:
    """What messages need to know of this service: their sender, its public address, and the signing day (MM-DD)."""

    sender: str
    issuer: str
    signing_day: str


@dataclass(slots=True)
class Report:
    """What one run did, in messages; `without_contact`: reminders for which there is nobody to write to."""

    sent: int = 0
    failed: int = 0
    uncertain: int = 0
    elsewhere: int = 0  # another process, or another campaign, had that school's reminder of the day
    without_contact: int = 0
    unreachable: int = 0  # of those that failed, without any other in between
    letters: list[tuple[Item, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class LogPage:
    """Messages of the past, the newest first, with the schools' names, and the cursor of the next page."""

    rows: tuple[Reminder, ...]
    names: dict[str, str]
    next: str | None


async def listed(
    world: World,
    caller: Caller | None,
    unit: str,
    signing_day: str,
    now: datetime,
    year: str | None = None,
    on: MapOf = MapOf.NOW,
    campaign: str | None = None,
) -> list[Item]:
    """Who of a unit's schools has to be reminded of what, by school, campaign and stage; `year`: of campaigns of one school year;
    `campaign`: of this one.

    Raises Refusal: access-unit, campaign-unknown; `caller` None: the operator at the machine.
    """
    plans = [p for p in await campaigns.chosen(world, caller, campaign, now) if year in {None, p.campaign.school_year}]
    found: list[Item] = []
    for plan in plans:
        found += await _of_plan(world, caller, plan, unit, signing_day, now, on)
    if not plans and caller is not None:
        await completeness.permitted(world, caller, unit, now)
    return sorted(found, key=lambda item: item.key.place)


async def log_page(
    world: World, caller: Caller, unit: str, after: str | None, limit: int, now: datetime, when: When | None = None
) -> LogPage:
    """Messages to a unit's schools (on today's map, or on another), the newest first.

    Raises Refusal: access-unit, request-parameter (after).
    """
    here = await completeness.permitted(world, caller, unit, now)
    schools = sorted(here.schools_seen(caller.units, unit, when or When.at(now)))
    question = f"messages {unit} {(when or When.at(now)).mark}"
    behind = None
    if after is not None:
        at, reminder_id = cursors.place(world, question, after)
        behind = datetime.fromisoformat(str(at)), UUID(str(reminder_id))
    async with world.db.snapshot() as tx:
        rows = await stored.log(tx, schools, behind, limit + 1)
    names = {row.key.school_code: here.units[f"school:{row.key.school_code}"].name for row in rows}
    shown = tuple(rows[:limit])
    more = len(rows) > limit
    last = (shown[-1].at.isoformat(), str(shown[-1].reminder_id)) if more else ()
    return LogPage(shown, names, cursors.given(world, question, last) if more else None)


async def send(
    world: World,
    opener: Opener,
    setting: Setting,
    now: datetime,
    *,
    stop: asyncio.Event | None = None,
    dry_run: bool = False,
) -> Report:
    """Write to everybody who is due; any number of processes may do it at once. `dry_run` claims and sends nothing."""
    report = Report()
    if not dry_run:
        async with world.db.transaction() as tx:
            await stored.give_up(tx, now - _CLAIM_HOLDS, codes.REMINDER_UNCERTAIN.slug)
    begun = time.monotonic()
    work = [each async for each in _due(world, setting, now, report)]
    if dry_run:
        report.letters = [(item, reminder_mail.subject(letter)) for item, letter in work]
        return report
    if work:
        async with opener() as post:
            for item, letter in work:
                if (stop is not None and stop.is_set()) or report.unreachable >= _MOST_UNREACHABLE:
                    break
                moment = now + timedelta(seconds=time.monotonic() - begun)  # a claim must not look older than it is
                await _send(world, post, item, letter, moment, report)
    return report


async def _due(world: World, setting: Setting, now: datetime, report: Report) -> AsyncIterator[tuple[Item, Letter]]:
    """The messages that are due, each with everything it says."""
    for plan in await campaigns.listed(world, None, now):
        items: dict[Key, Item] = {}
        for unit in plan.campaign.units:
            items |= {i.key: i for i in await _of_plan(world, None, plan, unit, setting.signing_day, now)}
        report.without_contact += values.tally(items.values())[State.NO_CONTACT]
        due = [item for item in items.values() if item.state is State.DUE]
        async with world.db.snapshot() as tx:
            reached = await contacts.on_day(tx, {item.key.school_code for item in due}, contacts.day_of(now))
        for item in due:
            to = contact_values.addresses(reached.get(item.key.school_code, ()))
            yield item, _letter(setting, plan.campaign, item, to, now)


def _letter(setting: Setting, campaign: Campaign, item: Item, to: Sequence[str], now: datetime) -> Letter:
    address = f"{setting.issuer.rstrip('/')}/schools/{item.key.school_code}?year={campaign.school_year}"
    return Letter(
        ids.uuid7(now, secrets.token_bytes(10)),
        setting.sender,
        to,
        item.school_name,
        (campaign.name, campaign.name_en),
        item.key.stage,
        item.due_on,
        item.progress,
        address,
        now,
    )


async def _send(world: World, post: Post, item: Item, letter: Letter, now: datetime, report: Report) -> None:
    rhythm = values.RHYTHM
    async with world.db.transaction() as tx:
        day = contacts.day_of(now)
        claim = await stored.claim(tx, letter.reminder_id, item.key, day, now, tries=rhythm.tries, pause=rhythm.pause)
    if claim is None:
        report.elsewhere += 1
        return
    message = reminder_mail.write(replace(letter, reminder_id=claim.reminder_id))
    state, recipients, reason = Sending.SENT, 0, None
    try:
        recipients = await post(message, letter.to)
        report.unreachable = 0
    except PostError as error:
        state, reason = Sending.FAILED if error.certain else Sending.UNCERTAIN, error.code.slug
        report.unreachable += error.code is codes.REMINDER_UNREACHABLE
        log.warning("a reminder was not taken: %s %s", error.code.slug, error.detail)
    async with world.db.transaction() as tx:
        await stored.end(tx, claim, state, now, recipients, reason)
    report.sent += state is Sending.SENT
    report.failed += state is Sending.FAILED
    report.uncertain += state is Sending.UNCERTAIN


async def _of_plan(
    world: World,
    caller: Caller | None,
    plan: Plan,
    unit: str,
    signing_day: str,
    now: datetime,
    on: MapOf = MapOf.NOW,
) -> list[Item]:
    """The items of one campaign. Schools are looked at only when some stage is near its deadline."""
    today = contacts.day_of(now)
    due = {stage: each.due_on for stage, each in plan.deadlines().items() if stage in OF_SCHOOLS}
    near = [stage for stage, day in due.items() if values.RHYTHM.newest(day, today) is not None]
    if not near:
        if caller is not None:
            await completeness.permitted(world, caller, unit, now)
        return []
    before = expiring.next_day(signing_day, now)
    schools = await stages.schools(world, caller, plan, unit, before, now, on)
    async with world.db.snapshot() as tx:
        reached = await contacts.on_day(tx, schools, today)
        written = await stored.newest(tx, schools)
    found = []
    for school in schools.values():
        addresses = len(contact_values.addresses(reached.get(school.code, ())))
        for stage in near:
            key, progress = Key(school.code, plan.campaign.code, stage), school.progress[stage]
            if not progress.of or progress.complete:
                continue
            state = values.state_of(due[stage], addresses, written.get(key), now)
            assert state is not None, "near its deadline"
            following = values.RHYTHM.following(due[stage], today)
            found.append(Item(key, school.name, due[stage], progress, state, written.get(key), following))
    return found
