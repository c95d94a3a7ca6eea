"""Campaigns: what is due by when, who may see it, and how a deadline is moved.

A caller sees the campaigns that concern one of its schools; only who answers for all of a campaign's units may make it or move
its deadlines.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from importlib import resources
from typing import Any

from registry.core import campaigns as values
from registry.core import codes, reasons, units
from registry.core.callers import Caller
from registry.core.campaigns import Campaign, Deadline, Flaw, Plan, Stage
from registry.core.findings import Finding, Refusal
from registry.formats import campaign_toml
from registry.formats.campaign_toml import Entry
from registry.services.world import World
from registry.storage import campaigns as stored

#: Files of campaigns that come with the registry, by name: "plan" are the two phases of the plan.
BUILTIN: Mapping[str, str] = {"plan": "campaigns-plan.toml"}
_TICK = timedelta(microseconds=1)
_FIRST = "as first planned"


def builtin(name: str) -> bytes:
    """The file of that name in `BUILTIN`."""
    return (resources.files("registry.services") / "data" / BUILTIN[name]).read_bytes()


async def listed(world: World, caller: Caller | None, now: datetime) -> list[Plan]:
    """The campaigns that concern a school of the caller, by school year; None: the operator at the machine, who sees all."""
    here = (await world.known()).map
    async with world.db.snapshot() as tx:
        found = await stored.load(tx)
    return [plan for plan in found if caller is None or schools_of(here, plan.campaign, now) & caller.schools]


async def find(world: World, caller: Caller | None, code: str, now: datetime) -> Plan:
    """One campaign. Raises Refusal(campaign-unknown), also when it concerns no school of the caller."""
    if not values.code_fits(code):
        raise Refusal(codes.CAMPAIGN_UNKNOWN)
    here = (await world.known()).map
    async with world.db.snapshot() as tx:
        found = await stored.load(tx, code)
    if not found or not (caller is None or schools_of(here, found[0].campaign, now) & caller.schools):
        raise Refusal(codes.CAMPAIGN_UNKNOWN)
    return found[0]


async def chosen(world: World, caller: Caller | None, code: str | None, now: datetime) -> list[Plan]:
    """One campaign, or (None) all that concern the caller. Raises Refusal(campaign-unknown)."""
    return await listed(world, caller, now) if code is None else [await find(world, caller, code, now)]


def schools_of(here: units.Map, campaign: Campaign, moment: datetime) -> frozenset[str]:
    """The schools that the campaign's units come to at a moment."""
    return here.schools_of_all(campaign.units, moment)


async def add_file(world: World, raw: bytes, now: datetime) -> list[Plan]:
    """Make every campaign of a file (`registry.formats.campaign_toml`), all or none; gives those that were new.

    One that is there already with the same content stays as it is. Raises Refusal: campaign-shape, campaign-exists.
    """
    found = campaign_toml.read(raw)
    if found.flaw is not None:
        raise Refusal(codes.CAMPAIGN_SHAPE, [Finding(codes.CAMPAIGN_SHAPE, "", found.flaw)])
    return await _add(world, found.entries, None, now, lambda n: f"/campaign/{n}")


async def add(world: World, caller: Caller | None, members: Mapping[str, Any], now: datetime) -> Plan:
    """Make one campaign from its members. Raises Refusal: campaign-shape, campaign-exists, access-unit."""
    entry = campaign_toml.entry(members)
    if caller is not None and not entry.flaws:
        await within_all(world, caller, entry.campaign, now)
    made = await _add(world, [entry], caller, now, lambda _: "/body")
    return made[0] if made else await find(world, caller, entry.campaign.code, now)


async def move(
    world: World, caller: Caller | None, code: str, stage: Stage, due_on: date, reason: str, now: datetime
) -> Plan:
    """Let another day hold for a stage from now on; what held before is kept.

    Raises Refusal: campaign-unknown, access-unit (not all of the campaign's units are the caller's), request-parameter.
    """
    plan = await find(world, caller, code, now)
    if caller is not None:
        await within_all(world, caller, plan.campaign, now)
    wrong = reasons.findings(reason)
    async with world.db.transaction() as tx:
        await stored.lock(tx, code)
        plan = (await stored.load(tx, code))[0]
        due = {each.stage: each.due_on for each in plan.deadlines().values()} | {stage: due_on}
        wrong += [
            Finding(
                codes.REQUEST_PARAMETER, "/body/due_on", f"{flaw.member.removeprefix('deadlines/')} {flaw.expected}"
            )
            for flaw in values.out_of_order(due)
        ]
        if wrong:
            raise Refusal(codes.REQUEST_PARAMETER, wrong)
        newest = max(each.set_at for each in plan.history)
        by = caller.caller_id if caller is not None else None
        moved = Deadline(stage, due_on, max(now, newest + _TICK), by, reason.strip())
        await stored.add_deadlines(tx, code, [moved])
        return (await stored.load(tx, code))[0]


async def _add(world: World, entries: Iterable[Entry], caller: Caller | None, now: datetime, at: Any) -> list[Plan]:
    entries = list(entries)
    here = await _map_with(world, {unit for entry in entries for unit in entry.campaign.units})
    findings = [
        Finding(codes.CAMPAIGN_SHAPE, f"{at(number)}/{flaw.member}", flaw.expected)
        for number, entry in enumerate(entries)
        for flaw in (*entry.flaws, *_unknown_units(here, entry.campaign))
    ]
    if findings:
        raise Refusal(codes.CAMPAIGN_SHAPE, findings)
    by = caller.caller_id if caller is not None else None
    made = []
    async with world.db.transaction() as tx:
        for number, entry in enumerate(entries):
            first = tuple(Deadline(stage, entry.due[stage], now, by, _FIRST) for stage in Stage)
            plan = Plan(entry.campaign, now, by, first)
            if await stored.add(tx, plan):
                made.append(plan)
            elif (await stored.load(tx, entry.campaign.code))[0].campaign != entry.campaign:
                raise Refusal(codes.CAMPAIGN_EXISTS, [Finding(codes.CAMPAIGN_EXISTS, f"{at(number)}/code")])
    return made


async def _map_with(world: World, wanted: set[str]) -> units.Map:
    """The map, read again when it lacks one of these units: it may have been put there a moment ago."""
    known = await world.known()
    if not wanted <= known.map.units.keys():
        known = await world.register.newer_than(world.db, known.generation)
    return known.map


def _unknown_units(here: units.Map, campaign: Campaign) -> list[Flaw]:
    return [Flaw(f"units/{n}", "a unit of the map") for n, unit in enumerate(campaign.units) if unit not in here.units]


async def within_all(world: World, caller: Caller, campaign: Campaign, now: datetime) -> None:
    """Raise Refusal(access-unit) unless every unit of the campaign is at or below one of the caller's."""
    here = (await world.known()).map
    own = frozenset().union(*(here.below(unit, now) for unit in caller.units))
    if not set(campaign.units) <= own:
        finding = Finding(codes.ACCESS_UNIT, "/body/units", "units at or below the caller's, all of them")
        raise Refusal(codes.ACCESS_UNIT, [finding])
