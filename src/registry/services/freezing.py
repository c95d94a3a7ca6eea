"""The city freezes a campaign: a snapshot with a fingerprint of its own that never changes, and what came after it.

Two operators of all the campaign's units have to say so; the operator at the machine itself does it alone. Corrections and
withdrawals of the school year wait for approval from then on (`registry.services.approvals`). A snapshot is read a few schools at
a time in one transaction of the database, so that it shows one moment and fits into memory whatever its size.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from registry.core import codes, frozen, ids, reasons, rules
from registry.core.callers import Caller
from registry.core.campaigns import Plan
from registry.core.completeness import Bucket, Counts
from registry.core.findings import Refusal
from registry.core.frozen import Freeze, Line, Request
from registry.core.units import Map, MapOf, When
from registry.formats import frozen_campaign
from registry.services import approvals, campaigns
from registry.services.world import Known, World
from registry.storage import approvals as stored_approvals
from registry.storage import campaigns as stored_campaigns
from registry.storage import completeness, declarations, generation, standing
from registry.storage import frozen as stored
from registry.storage.database import Writing

#: Schools whose pupils are in memory at once, and octets of one stored part.
_SCHOOLS_AT_ONCE, _PART = 40, 1_000_000
MEDIA_TYPE = frozen_campaign.MEDIA_TYPE
_MOST_DECLARED = 100_000


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of an operator's word: frozen, or it waits for a second operator."""

    freeze: Freeze | None


@dataclass(frozen=True, slots=True)
class Report:
    """A frozen campaign beside what it is now, unit by unit."""

    freeze: Freeze
    lines: tuple[Line, ...]


async def freeze(world: World, caller: Caller | None, code: str, reason: str, now: datetime) -> Answer:
    """Freeze a campaign, or wait for a second operator; `caller` is None for the operator at the machine itself.

    Raises Refusal: campaign-unknown, access-unit, request-parameter (reason), freeze-done, freeze-under-way.
    """
    reasons.check(reason)
    plan = await campaigns.find(world, caller, code, now)
    by: tuple[str, ...] | None = (approvals.AT_THE_MACHINE,)
    if caller is not None:
        await campaigns.within_all(world, caller, plan.campaign, now)
        by = await _seconded(world, code, Request(caller.caller_id, now, reason.strip()))
    if by is None:
        return Answer(None)
    return Answer(await _frozen(world, plan, by, reason.strip(), now))


async def state(world: World, caller: Caller, code: str, now: datetime) -> tuple[Freeze | None, list[Request]]:
    """The freeze of a campaign, and the operators whose word still waits for a second one. Raises Refusal(campaign-unknown)."""
    await campaigns.find(world, caller, code, now)
    async with world.db.snapshot() as tx:
        done = await stored.find(tx, code)
        words = await stored.requests(tx, code)
    return done, [] if done else [word for word in words if word.requested_at > now - frozen.REQUEST_HOLDS]


async def _seconded(world: World, code: str, word: Request) -> tuple[str, ...] | None:
    async with world.db.transaction() as tx:
        await stored_campaigns.lock(tx, code)  # of two words at once the second has to see the first
        if await stored.find(tx, code) is not None:
            raise Refusal(codes.FREEZE_DONE)
        await stored.request(tx, code, word)
        return frozen.seconded(await stored.requests(tx, code), word.caller_id, word.requested_at)


async def _frozen(world: World, plan: Plan, by: tuple[str, ...], reason: str, now: datetime) -> Freeze:
    code, year = plan.campaign.code, plan.campaign.school_year
    known = await world.known()
    # Who may freeze is decided in a transaction of its own: the snapshot's would not see who was there before it.
    async with world.db.transaction() as guard:
        if not await stored.alone(guard, code):
            raise Refusal(codes.FREEZE_UNDER_WAY)
        if await stored.find(guard, code) is not None:
            raise Refusal(codes.FREEZE_DONE)
        async with world.db.transaction() as tx:
            await stored.one_moment(tx)
            seen = await stored.seen(tx)
            snapshot = _Snapshot(world, tx, code)
            schools = sorted(campaigns.schools_of(known.map, plan.campaign, now))
            await _write(snapshot, known, plan, schools, by, now)
            done = Freeze(code, now, by, reason, snapshot.digest.digest(), snapshot.pupils, snapshot.size, seen)
            await stored.add(tx, done)
            # With the snapshot or not at all: killed in between, the campaign would be frozen and its corrections free.
            caller_id = None if by == (approvals.AT_THE_MACHINE,) else by[-1]
            await stored_approvals.freeze(tx, stored_approvals.Frozen(year, now, caller_id, reason))
    # Apart, because the register may have moved since the snapshot began: what was judged before is looked at again.
    async with world.db.transaction() as tx:
        await generation.move(tx)
    return done


class _Snapshot:
    """The file while it is made: at most one part of it is in memory."""

    def __init__(self, world: World, tx: Writing, code: str) -> None:
        self.tx, self.digest, self.size, self.pupils = tx, sha256(), 0, 0
        self._world, self._code, self._parts, self._waiting = world, code, 0, bytearray()

    async def add(self, line: bytes) -> None:
        self.digest.update(line)
        await self._put(line)

    async def close(self) -> None:
        """The fingerprint ends the file."""
        await self._put(frozen_campaign.foot(self.digest.digest()))
        await self._store()

    async def _put(self, line: bytes) -> None:
        self.size += len(line)
        self._waiting += line
        if len(self._waiting) >= _PART:
            await self._store()

    async def _store(self) -> None:
        raw = bytes(self._waiting)
        self._waiting.clear()
        await stored.add_part(self.tx, self._world.sealer, self._code, self._parts, raw, sha256(raw).digest())
        self._parts += 1


async def _write(
    snapshot: _Snapshot, known: Known, plan: Plan, schools: list[str], by: Iterable[str], now: datetime
) -> None:
    trust_list, year = known.index.trust, plan.campaign.school_year
    versions = {"rules": rules.version, "policy": trust_list.policy.version, "register": known.generation}
    await snapshot.add(frozen_campaign.head(plan, plan.deadlines(now).values(), now, by, versions))
    for row in await declarations.listed(snapshot.tx, schools, year, ("", 0), _MOST_DECLARED):
        if row.grade in plan.campaign.grades:
            numbers = (row.school_code, row.grade, row.version, row.expected, row.on_record, row.excepted)
            await snapshot.add(frozen_campaign.declared((*numbers, row.accepted_at.isoformat(), row.fingerprint.hex())))
    counts: dict[str, dict[Bucket, int]] = {}
    for start in range(0, len(schools), _SCHOOLS_AT_ONCE):
        some = completeness.Question(schools[start : start + _SCHOOLS_AT_ONCE], year, now, plan.campaign.grades)
        for school, pupil, grade, bucket in await completeness.each(snapshot.tx, some):
            await snapshot.add(frozen_campaign.pupil(school, pupil, grade, bucket))
            here = counts.setdefault(school, {})
            here[bucket] = here.get(bucket, 0) + 1
            snapshot.pupils += 1
    of_schools = {school: Counts.of_buckets(buckets) for school, buckets in counts.items()}
    units = _units(known, plan, schools, of_schools, now)
    for unit, found in frozen.by_unit(units, of_schools).items():
        await snapshot.add(frozen_campaign.unit(unit, found))
    await snapshot.close()
    await stored.add_schools(snapshot.tx, plan.campaign.code, of_schools)


def _units(
    known: Known, plan: Plan, schools: Iterable[str], counted: Iterable[str], now: datetime
) -> dict[str, frozenset[str]]:
    """Every unit at or below the campaign's, with its schools of the campaign; of schools those with pupils."""
    mine, with_pupils = frozenset(schools), {f"school:{school}" for school in counted}
    below = frozenset().union(*(known.map.below(unit, now) for unit in plan.campaign.units))
    wanted = [unit for unit in below if not unit.startswith("school:") or unit in with_pupils]
    return {unit: known.map.schools_of(unit, now) & mine for unit in wanted}


async def report(world: World, caller: Caller | None, code: str, now: datetime, on: MapOf = MapOf.NOW) -> Report:
    """The frozen counts of every unit of the campaign that the caller answers for, beside the present ones.

    `on`: by the units of today's map, or of that of then: of the end of the school year, or of the freeze if that was earlier.

    Raises Refusal: campaign-unknown, freeze-none.
    """
    plan = await campaigns.find(world, caller, code, now)
    here = (await world.known()).map
    mine = campaigns.schools_of(here, plan.campaign, now)
    mine = mine if caller is None else mine & caller.schools
    async with world.db.snapshot() as tx:
        done = await stored.find(tx, code)
        if done is None:
            raise Refusal(codes.FREEZE_NONE)
        then = await stored.schools(tx, code, sorted(mine))
        question = completeness.Question(sorted(mine), plan.campaign.school_year, now, plan.campaign.grades)
        counts = (await standing.count(tx, question, past=False)).groups
        arrived = await stored.arrived(tx, question, done)
    units = _on_map(here, plan, mine, on, done.frozen_at, now)
    before, after = frozen.by_unit(units, then), frozen.by_unit(units, counts)
    later = {unit: sum(arrived.get(school, 0) for school in schools) for unit, schools in units.items()}
    lines = tuple(Line(u, here.units[u].name, before[u], after[u], later[u]) for u in sorted(units))
    return Report(done, lines)


def _on_map(
    here: Map, plan: Plan, mine: frozenset[str], on: MapOf, frozen_at: datetime, now: datetime
) -> dict[str, frozenset[str]]:
    """The units of the campaign that are on the map asked about (and schools that have closed), each with its schools of `mine`."""
    year = ids.SchoolYear.parse(plan.campaign.school_year)
    assert year is not None, "checked when the campaign was made"
    moment = When.of(on, year, frozen_at, now).on
    below = frozenset().union(*(here.below(unit, moment, now) for unit in plan.campaign.units))
    shown = [u for u in below if u.startswith("school:") or u in plan.campaign.units or here.units[u].exists_at(moment)]
    found = {unit: here.schools_of(unit, moment, now) & mine for unit in shown}
    return {unit: schools for unit, schools in found.items() if schools}


async def export(world: World, caller: Caller | None, code: str, now: datetime) -> AsyncIterator[bytes]:
    """The snapshot as it was frozen, part by part; only for who answers for all of the campaign's units.

    Raises Refusal before the first part: campaign-unknown, access-unit, freeze-none.
    """
    plan = await campaigns.find(world, caller, code, now)
    if caller is not None:
        await campaigns.within_all(world, caller, plan.campaign, now)
    async with world.db.snapshot() as tx:
        if await stored.find(tx, code) is None:
            raise Refusal(codes.FREEZE_NONE)
    return _parts(world, code)


async def _parts(world: World, code: str) -> AsyncIterator[bytes]:
    async with world.db.snapshot() as tx:
        async for part in stored.parts(tx, world.sealer, code):
            yield part
