"""How far the schools of a unit are with the stages of a campaign: readiness, counts and declarations put together."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from registry.core import ids, readiness, stages
from registry.core.callers import Caller
from registry.core.campaigns import Plan, Stage
from registry.core.completeness import Bucket, Counts
from registry.core.stages import Declared, Progress
from registry.core.units import MapOf
from registry.services import campaigns, completeness
from registry.services import readiness as ready
from registry.services.world import World
from registry.storage import frozen, standing
from registry.storage import stages as stored
from registry.storage.completeness import Question

_NONE = Counts()


@dataclass(frozen=True, slots=True)
class School:
    """One school in a campaign: its stages, and what is known of its vendor."""

    code: str
    name: str
    progress: Mapping[Stage, Progress]
    vendors: tuple[str, ...]
    last_contact: datetime | None


async def schools(
    world: World, caller: Caller | None, plan: Plan, unit: str, before: datetime, now: datetime, on: MapOf = MapOf.NOW
) -> dict[str, School]:
    """Every school of a unit that the campaign concerns (it has pupils in the campaign's grades), by code.

    `before`: until when certificates must last. Raises Refusal(access-unit); `caller` None: the operator at the machine.
    """
    report = await _ready(world, caller, plan, unit, before, now, on)
    rows = await _concerned(world, plan, report, now)
    codes = sorted(rows)
    async with world.db.snapshot() as tx:
        declared = await stored.declared(tx, codes, plan.campaign.school_year, plan.campaign.grades)
    counts = await counted(world, plan, codes, now)
    return {
        code: School(
            code,
            report.names[code],
            stages.of_school(row.facts, counts.get(code, _NONE), declared.get(code, Declared(0, 0))),
            tuple(report.vendors[vendor] for vendor in row.facts.vendors),
            row.facts.last_contact,
        )
        for code, row in rows.items()
    }


@dataclass(frozen=True, slots=True)
class Counted:
    """One stage of a campaign for a unit: how many are through it, pupils or schools (`of_schools`)."""

    stage: Stage
    progress: Progress
    of_schools: bool


def of_unit(plan: Plan, counts: Counts, report: ready.Report, said: Said) -> list[Counted]:
    """Every stage in its order: pupils with a number or a transcript by a unit's `counts`, schools for the other stages."""
    pupils = {
        Stage.NUMBERS_REVIEWED: Progress(counts.expected - counts.of(Bucket.AWAITING_NUMBER), counts.expected),
        Stage.TRANSCRIPTS_SUBMITTED: Progress(stages.on_record(counts), counts.expected),
    }
    schools = through(report, said)
    return [Counted(stage, pupils.get(stage) or schools[stage], stage in schools) for stage in plan.deadlines()]


async def progress(
    world: World, caller: Caller, code: str, unit: str, usual: datetime, now: datetime, on: MapOf = MapOf.NOW
) -> tuple[Plan, list[Counted]]:
    """A campaign and how far a unit is with each of its stages. Raises Refusal: campaign-unknown, access-unit."""
    plan = await campaigns.find(world, caller, code, now)
    asked = await ready.for_campaign(world, caller, unit, code, None, usual, now, on)
    only = completeness.Only(campaign=plan.campaign)
    counted, report, said = await asyncio.gather(
        completeness.report(world, caller, unit, asked.school_year, None, now, on, only=only),
        ready.look(world, caller, asked, now),
        declared(world, caller, plan, asked, now),
    )
    return plan, of_unit(plan, counted.line.counts, report, said)


@dataclass(frozen=True, slots=True)
class Said:
    """Which grades each school has declared that has pupils in those of a campaign, and whether the campaign is frozen."""

    by_school: Mapping[str, Declared]
    is_frozen: bool


async def declared(world: World, caller: Caller | None, plan: Plan, asked: ready.Asked, now: datetime) -> Said:
    """What the schools of a campaign have declared, those among a question's about readiness."""
    here = (await world.known()).map
    schools = campaigns.schools_of(here, plan.campaign, now).intersection(ready.schools_of(here, caller, asked, now))
    async with world.db.snapshot() as tx:
        found = await stored.declared(tx, sorted(schools), plan.campaign.school_year, plan.campaign.grades)
        return Said(found, await frozen.find(tx, plan.campaign.code) is not None)


def through(report: ready.Report, said: Said) -> dict[Stage, Progress]:
    """Of the stages that are not counted in pupils: how many of the schools of a readiness report are through."""
    rows = {code: row for row in report.rows if (code := row.facts.school_code) in said.by_school}
    certificates = {code: stages.certificates(row.facts.signers.values()) for code, row in rows.items()}
    grades = {code: Progress(each.declared, each.grades) for code, each in said.by_school.items() if code in rows}
    return {
        Stage.CERTIFICATES_READY: stages.schools_through(certificates),
        Stage.DECLARED: stages.schools_through(grades),
        Stage.REVIEWED: Progress(len(rows) if said.is_frozen else 0, len(rows)),
    }


async def counted(
    world: World, plan: Plan, schools: Collection[str], moment: datetime, *, past: bool = False
) -> dict[str, Counts]:
    """Pupils of the campaign's grades by bucket for each school: `past` as of the moment, else as all is known."""
    question = Question(sorted(schools), plan.campaign.school_year, moment, plan.campaign.grades)
    async with world.db.snapshot() as tx:
        return dict((await standing.count(tx, question, past=past)).groups)


async def _ready(
    world: World, caller: Caller | None, plan: Plan, unit: str, before: datetime, now: datetime, on: MapOf
) -> ready.Report:
    year = ids.SchoolYear.parse(plan.campaign.school_year)
    assert year is not None, "checked when the campaign was made"
    return await ready.look(world, caller, ready.Asked(unit, year, before, plan.campaign.grades, on=on), now)


async def _concerned(world: World, plan: Plan, report: ready.Report, now: datetime) -> dict[str, readiness.Row]:
    """The schools of the unit that the campaign concerns: in its units, with pupils in its grades."""
    here = (await world.known()).map
    own = campaigns.schools_of(here, plan.campaign, now)
    return {
        row.facts.school_code: row for row in report.rows if row.facts.school_code in own and row.facts.numbers.pupils
    }
