"""Which signers' certificates end before the next signing window, which were revoked, which roles have none: by unit.

Everything is in the register kept in memory, so the database is not asked.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from weakref import WeakKeyDictionary

from registry.core import codes, expiring, units
from registry.core.callers import Caller
from registry.core.findings import Finding, Refusal
from registry.core.trust import Role
from registry.core.units import When
from registry.formats import material
from registry.formats.certificates import Certificate, TrustIndex
from registry.formats.lru import Lru
from registry.services import completeness, cursors, trust_health
from registry.services.world import Known, World

#: Rows of one page, and how far ahead one may look.
MOST_ROWS = 500
_FARTHEST = timedelta(days=20 * 366)


@dataclass(frozen=True, slots=True)
class Line:
    """One unit with its counts."""

    unit: units.Unit
    counts: expiring.Counts


@dataclass(frozen=True, slots=True)
class Report:
    """A unit with its direct parts, which may share schools, and everything there is to do, by school and role."""

    line: Line
    before: datetime
    children: tuple[Line, ...]
    items: tuple[expiring.Item, ...]
    names: dict[str, str]  # school code -> name


@dataclass(frozen=True, slots=True)
class Page:
    """The counts of a report with some of its items, and the cursor of the next page (None: there are no more)."""

    report: Report
    items: tuple[expiring.Item, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class _Watched:
    """All registrations of a register, the moments at which one ends, and what was said of them between two such moments."""

    registered: tuple[expiring.Registered, ...]
    turns: tuple[datetime, ...]
    said: Lru[tuple[datetime, int, int], dict[tuple[str, Role], expiring.Standing]]


#: What the certificates say changes with the register only.
_watched: WeakKeyDictionary[TrustIndex, _Watched] = WeakKeyDictionary()
#: Signing days asked about at a time: those of the campaigns, and the next one.
_MOST_SAID = 16


async def look(
    world: World, unit: str, before: datetime, now: datetime, when: When | None = None, own: Iterable[str] | None = None
) -> Report:
    """The report of a unit, on today's map or on another; `own` None: for an operator, who may look everywhere.

    Raises Refusal: access-unit (unknown), request-parameter (before).
    """
    known = await world.known()
    if unit not in known.map.units:
        raise Refusal(codes.ACCESS_UNIT, [Finding(codes.ACCESS_UNIT, "/query/unit", "a unit on the map")])
    check_window(before, now)
    return await asyncio.to_thread(_report, known, unit, before.astimezone(UTC), when or When.at(now), own)


def check_window(before: datetime, now: datetime) -> None:
    """Raise Refusal(request-parameter) unless one can look ahead to this moment."""
    if not now < before <= now + _FARTHEST:
        raise _wrong("before", "a moment within the next 20 years")


def standings(index: TrustIndex, before: datetime, now: datetime) -> dict[tuple[str, Role], expiring.Standing]:
    """How the registrations of every school and role stand until a moment."""
    watched = _watch(index, now)
    # Both sides of the moment: what ends at it may count as over or not.
    key = (before, bisect_left(watched.turns, now), bisect_right(watched.turns, now))
    found = watched.said.get(key)
    if found is None:
        found = expiring.standings(watched.registered, before, now)
        watched.said.put(key, found)
    return found


async def page(
    world: World,
    caller: Caller,
    unit: str,
    before: datetime,
    after: str | None,
    limit: int,
    now: datetime,
    when: When | None = None,
) -> Page:
    """A caller's page of the report of a unit at or below one of its own; `after` is the cursor of the page before.

    Raises Refusal: access-unit, request-parameter (before, after, limit).
    """
    await completeness.permitted(world, caller, unit, now)
    if not 1 <= limit <= MOST_ROWS:
        raise _wrong("limit", f"1 to {MOST_ROWS}")
    when = when or When.at(now)
    report = await look(world, unit, before, now, when, caller.units)
    question = f"expiring {unit} {report.before.isoformat()} {when.mark}"
    behind = None if after is None else cursors.place(world, question, after)
    items, more = cursors.cut(report.items, lambda item: item.key, behind, limit)
    return Page(report, tuple(items), None if more is None else cursors.given(world, question, more))


def _report(known: Known, unit: str, before: datetime, when: When, own: Iterable[str] | None) -> Report:
    here, index, now = known.map, known.index, when.now
    schools = here.open_among(here.schools_seen(own, unit, when), now)
    mine = (row for row in _watch(index, now).registered if row.school_code in schools)
    items = expiring.compare(schools, mine, index.trust.policy.required(None, before, None), before, now)
    parts = ((part, here.schools_of(part.code, when.on, now) & schools) for part in here.parts_of(unit, when.on))
    children = tuple(Line(part, expiring.over(mine, items)) for part, mine in parts)
    names = {code: here.units[f"school:{code}"].name for code in schools}
    return Report(Line(here.units[unit], expiring.over(schools, items)), before, children, tuple(items), names)


def _watch(index: TrustIndex, now: datetime) -> _Watched:
    if index not in _watched:
        registered = tuple(_registered(index, now))
        ends = {end for row in registered for end in (row.not_after, row.valid_to) if end is not None}
        _watched[index] = _Watched(registered, tuple(sorted(ends)), Lru(_MOST_SAID))
    return _watched[index]


def _registered(index: TrustIndex, now: datetime) -> list[expiring.Registered]:
    """Every registration whose certificate can be read, with what is held of it and of the CAs above it."""
    found = []
    authorities: dict[tuple[bytes, bytes | None], tuple[Certificate, ...]] = {}  # few CAs, many signers
    for rows in index.trust.signers.values():
        certificate, _ = Certificate.read(rows[0].der)
        if certificate is None:
            continue
        named = certificate.issuer_der, certificate.issuer_key_id
        above = authorities.get(named)
        if above is None:
            above = authorities[named] = trust_health.authorities_of(certificate, index)
        holder, revoked = material.holder(certificate), _is_revoked(certificate, above, index, now)
        ends = min(each.not_after for each in (certificate, *above))
        found += [
            expiring.Registered(
                row.school_code, row.role, row.certificate, holder, ends, row.valid_from, row.valid_to, revoked
            )
            for row in rows
        ]
    return found


def _is_revoked(certificate: Certificate, above: Sequence[Certificate], index: TrustIndex, now: datetime) -> bool:
    """True when a list, delta or answer held says so, on hold included."""
    lists = list(index.revocation.covering(certificate)) if above else []
    own = all(delta is None and complete.signers[0].key == above[0].key for complete, delta, _ in lists)
    if own and not index.ocsp.about(certificate):
        return any(complete.entry(certificate.serial) is not None for complete, _, _ in lists)
    return any(e.entry is not None for e in trust_health.evidence_about(certificate, above, index, now))


def _wrong(parameter: str, expected: str) -> Refusal:
    return Refusal(codes.REQUEST_PARAMETER, [Finding(codes.REQUEST_PARAMETER, f"/query/{parameter}", expected)])
