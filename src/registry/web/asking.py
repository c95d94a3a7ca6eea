"""What a page is about: unit and school year (or campaign) from its address, else the reader's own; and what can be chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from fastapi import Request

from registry.api import parameters
from registry.api.edge import Edge
from registry.core import expiring, ids, units
from registry.core.campaigns import Plan
from registry.services import campaigns, completeness
from registry.services.sessions import SignedIn
from registry.web import buckets

_KINDS = ("city", "district", "cluster", "commune")


@dataclass(frozen=True, slots=True)
class Subject:
    """A unit in a school year. `plan`: the campaign it is looked at for, if any; `before`: the signing day to be ready for."""

    unit: units.Unit
    year: ids.SchoolYear
    plan: Plan | None
    plans: Sequence[Plan]
    choices: Sequence[units.Unit]
    before: datetime
    now: datetime

    @property
    def years(self) -> list[str]:
        """The school years that can be chosen: those of the campaigns, and the present choice."""
        return sorted({str(self.year), *(plan.campaign.school_year for plan in self.plans)})

    @property
    def query(self) -> dict[str, str]:
        """The address's parameters that name it."""
        return {"unit": self.unit.code, "year": str(self.year)}

    def address(self, path: str, **more: str) -> str:
        """Another page about the same."""
        return f"{path}?{urlencode({**self.query, **more})}"


async def subject(request: Request, somebody: SignedIn, now: datetime, unit: str | None = None) -> Subject:
    """From `unit` (or the one given) and `year`; by default the first of the reader's units and the newest campaign's year.

    Raises Refusal: access-unit, request-parameter.
    """
    edge: Edge = request.app.state.edge
    plans = await campaigns.listed(edge.world, somebody.caller, now)
    sent = request.query_params.get("year") or (plans[-1].campaign.school_year if plans else _present_year(now))
    year = parameters.school_year(sent, "/query/year")
    code = unit or request.query_params.get("unit") or min(somebody.person.units)
    here = await completeness.permitted(edge.world, somebody.caller, code, now)
    plan = next((each for each in plans if each.campaign.school_year == str(year)), None)
    before = expiring.next_day(edge.settings.signing_day, now)
    return Subject(here.units[code], year, plan, plans, _choices(here, somebody, now), before, now)


def values(request: Request, about: Subject, **more: Any) -> dict[str, Any]:
    """What every page about a subject shows."""
    kept = {name: value for name, value in request.query_params.items() if name not in {"lang", "format", "after"}}
    return {
        "about": about,
        "kept": kept,
        "address": lambda **changes: _address(request.url.path, kept, changes),
        "on_record": buckets.on_record,
        **more,
    }


def _address(path: str, kept: dict[str, str], changes: dict[str, str | None]) -> str:
    """The same page with other parameters; None takes one away."""
    merged = {name: value for name, value in {**kept, **changes}.items() if value}
    return f"{path}?{urlencode(merged)}" if merged else path


def _present_year(now: datetime) -> str:
    first = now.year if now.month >= 8 else now.year - 1
    return f"{first}-{first + 1}"


def _choices(here: units.Map, somebody: SignedIn, now: datetime) -> list[units.Unit]:
    """The units at or below the reader's that have schools, wide ones first; single schools have pages of their own."""
    below = frozenset().union(*(here.below(own, now) for own in somebody.person.units))
    found = [here.units[code] for code in below if not code.startswith("school:") and here.schools_of(code, now)] or [
        here.units[code] for code in below
    ]
    return sorted(found, key=lambda unit: (_KINDS.index(unit.kind) if unit.kind in _KINDS else 9, unit.name))
