"""A frozen campaign: what its snapshot counts, by school and unit, and how one file of it is checked. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from registry.core import completeness
from registry.core.completeness import Counts

#: How long a first operator's word waits for a second one's.
REQUEST_HOLDS = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Request:
    """One operator's word that a campaign is to be frozen."""

    caller_id: str
    requested_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Freeze:
    """A campaign as it was frozen: when, by whom, why, and the fingerprint of its snapshot.

    `seen`: what the snapshot saw, in the database's own words; None of freezes from before this was kept.
    """

    campaign_code: str
    frozen_at: datetime
    frozen_by: tuple[str, ...]
    reason: str
    fingerprint: bytes
    pupils: int
    size: int
    seen: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One unit: as it was frozen, and as it is now. `arrived`: pupils of whom a transcript came onto the books in between."""

    unit: str
    name: str
    frozen: Counts
    now: Counts
    arrived: int


@dataclass(frozen=True, slots=True)
class Beside:
    """A frozen campaign, and one unit as it was frozen and as it is."""

    freeze: Freeze
    line: Line


def seconded(requests: Iterable[Request], by: str, now: datetime) -> tuple[str, ...] | None:
    """Who freezes: the first operator whose word still holds, and a second one; None as long as there is only one."""
    others = [each for each in requests if each.caller_id != by and each.requested_at > now - REQUEST_HOLDS]
    return (min(others, key=lambda each: each.requested_at).caller_id, by) if others else None


def by_unit(units: Mapping[str, frozenset[str]], counts: Mapping[str, Counts]) -> dict[str, Counts]:
    """The counts of units that come to these schools."""
    return {unit: completeness.over(schools, counts) for unit, schools in sorted(units.items())}
