"""Which schools of a unit can deliver their transcripts, and why the others can't: one row for each, with a traffic light."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from registry.core import codes, ids, readiness, units
from registry.core.callers import Caller
from registry.core.expiring import Standing
from registry.core.findings import Finding, Refusal
from registry.core.readiness import Light, Row
from registry.core.trust import Role
from registry.core.units import MapOf, When
from registry.formats import base64url
from registry.services import campaigns, completeness, signer_watch
from registry.services.world import Known, World
from registry.storage import readiness as stored

#: Rows of one page.
MOST_ROWS = 500
_NOBODY = readiness.Numbers()
_UNSIGNED = {role: Standing(role) for role in Role}


@dataclass(frozen=True, slots=True)
class Asked:
    """Which schools are asked about: of a unit, for a school year (and grades), signing until `before`.

    With grades a school whose rosters, of whatever year, are all of other levels is left out: a campaign of grade 1 says nothing
    about a secondary school. `on`: on the map of then or of now. `within`: only those that these units come to as well (a
    campaign's). `closed`: also schools that have closed, whose pupils of the year still count, and those of other levels.
    """

    unit: str
    school_year: ids.SchoolYear
    before: datetime
    grades: tuple[int, ...] | None = None
    closed: bool = False
    within: tuple[str, ...] | None = None
    on: MapOf = MapOf.NOW

    @property
    def mark(self) -> str:
        """Names the question in its cursors."""
        text = f"{self.unit} {self.school_year} {self.before.astimezone(UTC).isoformat()} {self.grades} {self.within}"
        text += f" {self.on.value}"
        return sha256(text.encode("utf-8", "replace")).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Report:
    """Every school of the unit by its code, how many show each light, and the names of schools and vendors."""

    unit: units.Unit
    rows: tuple[Row, ...]
    lights: Mapping[Light, int]
    names: Mapping[str, str]
    vendors: Mapping[str, str]

    @property
    def concerned(self) -> tuple[Row, ...]:
        """The schools with pupils or a vendor, or all when there are none such: what pages show."""
        return tuple(row for row in self.rows if row.facts.numbers.pupils or row.facts.vendors) or self.rows


@dataclass(frozen=True, slots=True)
class Page:
    """The counts of a report with some of its rows, and the cursor of the next page (None: there are no more)."""

    report: Report
    rows: tuple[Row, ...]
    next: str | None


async def for_campaign(
    world: World,
    caller: Caller | None,
    unit: str,
    code: str,
    before: datetime | None,
    usual: datetime,
    now: datetime,
    on: MapOf = MapOf.NOW,
) -> Asked:
    """The question for a campaign: its school year, grades and units; signing until `before`, else until its deadlines for
    transcripts and declarations, else (when those are over) until the `usual` moment. Raises Refusal(campaign-unknown)."""
    plan = await campaigns.find(world, caller, code, now)
    year = ids.SchoolYear.parse(plan.campaign.school_year)
    assert year is not None, "a campaign was made with a school year"
    ends = (before or (plan.signing_ends if plan.signing_ends > now else usual)).astimezone(UTC)
    return Asked(unit, year, ends, tuple(sorted(plan.campaign.grades)), within=plan.campaign.units, on=on)


async def look(world: World, caller: Caller | None, asked: Asked, now: datetime) -> Report:
    """Every school of a unit; `caller` is None for the operator at the machine itself.

    Raises Refusal: access-unit, request-parameter (before).
    """
    if caller is not None:
        await completeness.permitted(world, caller, asked.unit, now)
    signer_watch.check_window(asked.before, now)
    known = await world.known()
    if asked.unit not in known.map.units:
        raise Refusal(codes.ACCESS_UNIT, [Finding(codes.ACCESS_UNIT, "/query/unit", "a unit on the map")])
    schools = schools_of(known.map, caller, asked, now)
    since = now - timedelta(days=readiness.LIMITS.days)
    async with world.db.snapshot() as tx:
        seen = await stored.look(tx, schools, str(asked.school_year), asked.grades, since)
    if not asked.closed:
        schools = [code for code in schools if code not in seen or not seen[code].elsewhere]
    rows = await asyncio.to_thread(_rows, known, schools, seen, asked, now)
    names = {code: known.map.units[f"school:{code}"].name for code in schools}
    vendors = {vendor: known.callers[vendor].name for row in rows for vendor in row.facts.vendors}
    return Report(known.map.units[asked.unit], rows, readiness.tally(rows), names, vendors)


def schools_of(here: units.Map, caller: Caller | None, asked: Asked, now: datetime) -> list[str]:
    """The codes of the schools that are asked about, those of other levels included."""
    when = When.of(asked.on, asked.school_year, now, now)
    mine = here.schools_seen(None if caller is None else caller.units, asked.unit, when)
    mine = mine if asked.closed else here.open_among(mine, now)
    return sorted(mine if asked.within is None else mine & here.schools_of_all(asked.within, now))


async def page(
    world: World, caller: Caller, asked: Asked, light: Light | None, after: str | None, limit: int, now: datetime
) -> Page:
    """A page of the rows by school code, of one light or of all; `after` is the cursor of the page before.

    Raises Refusal: access-unit, request-parameter (before, after, limit).
    """
    if not 1 <= limit <= MOST_ROWS:
        raise _wrong("limit", f"1 to {MOST_ROWS}")
    behind = _behind(asked, after)
    report = await look(world, caller, asked, now)
    left = [row for row in report.rows if row.facts.school_code > behind and light in (None, row.light)]
    rows = tuple(left[:limit])
    following = f"{asked.mark} {rows[-1].facts.school_code}".encode() if len(left) > limit else None
    return Page(report, rows, None if following is None else base64url.encode(following))


def _behind(asked: Asked, after: str | None) -> str:
    if after is None:
        return ""
    mark, _, school = (base64url.decode(after) or b"").decode("ascii", "replace").partition(" ")
    if mark != asked.mark or not school:
        raise _wrong("after", "the cursor of the page before, for the same question")
    return school


def _rows(
    known: Known, schools: Collection[str], seen: Mapping[str, stored.Seen], asked: Asked, now: datetime
) -> tuple[Row, ...]:
    policy, trust_list = known.index.trust.policy, known.index.trust
    standings = signer_watch.standings(known.index, asked.before, now)
    required = {
        ownership: policy.required(ownership, asked.before, asked.school_year.first)
        for ownership in {school.ownership for school in trust_list.schools.values()}
    }
    rows = []
    for code in schools:
        school, found = trust_list.schools.get(code), seen.get(code)
        roles = required[school.ownership] if school is not None else tuple(Role)
        facts = readiness.Facts(
            code,
            found.numbers if found else _NOBODY,
            {role: standings.get((code, role)) or _UNSIGNED[role] for role in roles},
            known.submitting.get(code, ()),
            found.last_contact if found else None,
            found.refusals if found else {},
            found.refused if found else 0,
            found is not None and found.elsewhere,
        )
        rows.append(readiness.judge(facts, now))
    return tuple(rows)


def _wrong(parameter: str, expected: str) -> Refusal:
    return Refusal(codes.REQUEST_PARAMETER, [Finding(codes.REQUEST_PARAMETER, f"/query/{parameter}", expected)])
