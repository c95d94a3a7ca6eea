"""Whom the office calls today, with phone and last contact; that somebody called is noted."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from registry.core import calls as values
from registry.core import codes, expiring, ids
from registry.core.callers import Caller
from registry.core.calls import Call, Reason, Row
from registry.core.campaigns import Plan, Stage
from registry.core.findings import Finding, Refusal
from registry.core.reminders import Key, Reminder
from registry.core.stages import OF_SCHOOLS, on_record
from registry.core.units import MapOf
from registry.formats import shown_names
from registry.services import campaigns, completeness, contacts, stages
from registry.services.stages import School
from registry.services.world import World
from registry.storage import calls as stored
from registry.storage import reminders


@dataclass(frozen=True, slots=True)
class Asked:
    """Which schools: of a unit on the map of then or of now, in the campaigns of a school year (None: of all), or in one."""

    unit: str
    year: str | None
    signing_day: str
    on: MapOf = MapOf.NOW
    campaign: str | None = None


async def listed(world: World, caller: Caller, asked: Asked, now: datetime) -> list[Row]:
    """The schools to be called, those first that were not called yet today. Raises Refusal: access-unit, campaign-unknown."""
    await completeness.permitted(world, caller, asked.unit, now)
    schools: dict[str, School] = {}
    reasons: defaultdict[str, list[Reason]] = defaultdict(list)
    for plan in await campaigns.chosen(world, caller, asked.campaign, now):
        if asked.year in {None, plan.campaign.school_year}:
            for school, found in await _of_plan(world, caller, plan, asked, now):
                schools[school.code] = school
                reasons[school.code] += found
    today = contacts.day_of(now)
    async with world.db.snapshot() as tx:
        reached = await contacts.on_day(tx, reasons, today)
        written = _newest(await reminders.newest(tx, reasons))
        called = await stored.newest(tx, reasons)
    rows = [
        Row(
            code, schools[code].name, tuple(some), reached.get(code, ()), schools[code].vendors, schools[code].last_contact,
            written.get(code), called.get(code),
        )
        for code, some in reasons.items()
    ]  # fmt: skip
    return values.arranged(rows, today)


async def note(world: World, caller: Caller, school_code: str, text: str, now: datetime) -> Call:
    """Write down that the caller has called a school. Raises Refusal: access-unit, request-parameter (note)."""
    if school_code not in caller.schools:
        raise Refusal(
            codes.ACCESS_UNIT, [Finding(codes.ACCESS_UNIT, "/body/school_code", "a school of the caller's units")]
        )
    line = text.strip()
    if len(line) > values.LONGEST_NOTE or shown_names.without_numbers(line) != line:
        expected = f"at most {values.LONGEST_NOTE} characters in one line, without anybody's number"
        raise Refusal(codes.REQUEST_PARAMETER, [Finding(codes.REQUEST_PARAMETER, "/body/note", expected)])
    call = Call(ids.uuid7(now, secrets.token_bytes(10)), school_code, now, caller.caller_id, line)
    async with world.db.transaction() as tx:
        await stored.add(tx, call)
    return call


async def _of_plan(
    world: World, caller: Caller, plan: Plan, asked: Asked, now: datetime
) -> list[tuple[School, list[Reason]]]:
    """The schools of one campaign with a reason; they are looked at only when some stage is near its deadline or past it."""
    today = contacts.day_of(now)
    due = {stage: each.due_on for stage, each in plan.deadlines().items() if stage in OF_SCHOOLS}
    near = {stage: day for stage, day in due.items() if -values.LATE_UNTIL <= (day - today).days <= values.PACE_FROM}
    if not near:
        return []
    before = expiring.next_day(asked.signing_day, now)
    schools = await stages.schools(world, caller, plan, asked.unit, before, now, asked.on)
    paced = Stage.TRANSCRIPTS_SUBMITTED
    earlier = {}
    if paced in near and near[paced] >= today:
        counts = await stages.counted(world, plan, schools, now - timedelta(days=values.WEEK), past=True)
        earlier = {code: on_record(counts[code]) if code in counts else 0 for code in schools}
    found = []
    for school in schools.values():
        reasons = []
        for stage, day in near.items():
            week_ago = earlier.get(school.code) if stage is paced else None
            progress = school.progress[stage]
            trouble = values.trouble(progress, week_ago, day, today)
            if trouble is not None:
                gained = None if week_ago is None else progress.done - week_ago
                reasons.append(Reason(plan.campaign.code, stage, trouble, day, progress, gained))
        if reasons:
            found.append((school, reasons))
    return found


def _newest(written: Mapping[Key, Reminder]) -> dict[str, Reminder]:
    """The last message to each school, whatever it was about."""
    found: dict[str, Reminder] = {}
    for each in sorted(written.values(), key=lambda reminder: reminder.at):
        found[each.key.school_code] = each
    return found
