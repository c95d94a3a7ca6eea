"""What a page is about: unit and school year (or campaign) from its address, else the reader's own; and what can be chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import urlencode

from fastapi import Request

from registry.api import parameters
from registry.api.edge import Edge
from registry.core import expiring, ids, units
from registry.core.campaigns import Plan
from registry.core.units import MapOf, When
from registry.services import campaigns, completeness, readiness
from registry.services.sessions import SignedIn
from registry.web import buckets

T = TypeVar("T")
#: The choice of no campaign.
WHOLE_YEAR = "-"
#: Rows of a table that are shown at first; its file always has all.
MOST_SHOWN = 200
_KINDS = ("city", "district", "cluster", "commune", "ward")


@dataclass(frozen=True, slots=True)
class Subject:
    """A unit in a school year, on the map of then or of now. `plan`: the campaign it is looked at for, whose grades and schools
    are counted, if any; `whole`: the whole year was asked for; `before`: the signing day to be ready for."""

    unit: units.Unit
    year: ids.SchoolYear
    plan: Plan | None
    plans: Sequence[Plan]
    choices: Sequence[units.Unit]
    before: datetime
    now: datetime
    on: MapOf
    whole: bool = False

    @property
    def only(self) -> completeness.Only:
        """Who is counted."""
        return completeness.Only(campaign=self.plan.campaign if self.plan is not None else None)

    @property
    def campaign(self) -> str | None:
        """The code of the campaign it is looked at for."""
        return self.plan.campaign.code if self.plan is not None else None

    @property
    def when(self) -> When:
        """The map it is asked on, for what is so today."""
        return When.of(self.on, self.year, self.now, self.now)

    @property
    def of_year(self) -> list[Plan]:
        """The campaigns of the year, which can be chosen."""
        return [plan for plan in self.plans if plan.campaign.school_year == str(self.year)]

    @property
    def years(self) -> list[str]:
        """The school years that can be chosen: those of the campaigns, and the present choice."""
        return sorted({str(self.year), *(plan.campaign.school_year for plan in self.plans)})

    @property
    def query(self) -> dict[str, str]:
        """The address's parameters that name it."""
        on = {} if self.on is MapOf.NOW else {"map": self.on.value}
        chosen = WHOLE_YEAR if self.whole else self.campaign if len(self.of_year) > 1 else None
        of = {} if chosen is None else {"campaign": chosen}
        return {"unit": self.unit.code, "year": str(self.year), **of, **on}

    @property
    def ready(self) -> readiness.Asked:
        """Which schools have to be ready: of the campaign, if it is looked at for one."""
        grades = None if self.plan is None else tuple(sorted(self.plan.campaign.grades))
        within = None if self.plan is None else self.plan.campaign.units
        return readiness.Asked(self.unit.code, self.year, self.before, grades, within=within, on=self.on)

    def school(self, code: str) -> str:
        """The page of a school about the same."""
        return f"/schools/{code}?{urlencode({name: text for name, text in self.query.items() if name != 'unit'})}"

    def beside(self, path: str) -> str:
        """Another page about the same; from that of a school, about the reader's first unit."""
        kept = {name: text for name, text in self.query.items() if name != "unit" or self.unit.kind != "school"}
        return f"{path}?{urlencode(kept)}"

    def address(self, path: str, **more: str) -> str:
        """Another page about the same."""
        return f"{path}?{urlencode({**self.query, **more})}"


async def subject(
    request: Request, somebody: SignedIn, now: datetime, unit: str | None = None, *, whole_year: bool = False
) -> Subject:
    """From `unit` (or the one given), `year`, `campaign` and `map`; by default the first of the reader's units, the newest
    campaign's year, the first campaign of that year that concerns the unit (`whole_year`: none), and the map of now.

    Raises Refusal: access-unit, request-parameter.
    """
    edge: Edge = request.app.state.edge
    plans = await campaigns.listed(edge.world, somebody.caller, now)
    sent = request.query_params.get("year") or (plans[-1].campaign.school_year if plans else _present_year(now))
    year = parameters.school_year(sent, "/query/year")
    code = unit or request.query_params.get("unit") or min(somebody.person.units)
    here = await completeness.permitted(edge.world, somebody.caller, code, now)
    whole = request.query_params.get("campaign") == WHOLE_YEAR
    plan = None if whole else _plan(request, here, plans, str(year), code, now, whole_year=whole_year)
    before = plan.signing_ends if plan else now
    before = before if before > now else expiring.next_day(edge.settings.signing_day, now)
    on = map_of(request)
    moment = When.of(on, year, now, now).on
    return Subject(here.units[code], year, plan, plans, _choices(here, somebody, moment, now), before, now, on, whole)


def map_of(request: Request) -> MapOf:
    """The map the address asks for; of now, if it says nothing that is known."""
    return MapOf.THEN if request.query_params.get("map") == MapOf.THEN else MapOf.NOW


def _plan(
    request: Request, here: units.Map, plans: Sequence[Plan], year: str, unit: str, now: datetime, *, whole_year: bool
) -> Plan | None:
    """The campaign of the year that is named, else the first that concerns a school of the unit, or none."""
    of_year = [each for each in plans if each.campaign.school_year == year]
    named = next((each for each in of_year if each.campaign.code == request.query_params.get("campaign")), None)
    if named is not None or whole_year:
        return named
    schools = here.schools_of(unit, now)
    return next((each for each in of_year if campaigns.schools_of(here, each.campaign, now) & schools), None)


def first(request: Request, rows: Sequence[T]) -> Sequence[T]:
    """The rows that a page shows: the first of a long table (thousands of them are no page for a phone), or all with `all=1`."""
    return rows if request.query_params.get("all") else rows[:MOST_SHOWN]


def values(request: Request, about: Subject, **more: Any) -> dict[str, Any]:
    """What every page about a subject shows."""
    kept = {name: value for name, value in request.query_params.items() if name not in {"lang", "format", "after"}}
    return {
        "about": about,
        "kept": kept,
        "address": lambda **changes: _address(request.url.path, kept, changes),
        "on_record": buckets.on_record,
        "of_each": buckets.of_each,
        **more,
    }


def _address(path: str, kept: dict[str, str], changes: dict[str, str | None]) -> str:
    """The same page with other parameters; None takes one away."""
    merged = {name: value for name, value in {**kept, **changes}.items() if value}
    return f"{path}?{urlencode(merged)}" if merged else path


def _present_year(now: datetime) -> str:
    first = now.year if now.month >= 8 else now.year - 1
    return f"{first}-{first + 1}"


def _choices(here: units.Map, somebody: SignedIn, on: datetime, now: datetime) -> list[units.Unit]:
    """The units at or below the reader's that have schools and are on that map, and the reader's own; wide ones first.

    Single schools have pages of their own.
    """
    own = somebody.person.units
    below = frozenset[str]().union(*(here.below(code, now) for code in own))
    wide = [here.units[code] for code in below if not code.startswith("school:")]
    there = [unit for unit in wide if unit.exists_at(on) or unit.code in own]
    found = [unit for unit in there if here.schools_of(unit.code, on, now)] or [here.units[code] for code in below]
    return sorted(found, key=lambda unit: (_KINDS.index(unit.kind) if unit.kind in _KINDS else 9, unit.name))
