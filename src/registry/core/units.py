"""The map: city, legacy districts, old wards, communes, clusters, schools, which belongs to which between dates, and what took
whose place. Pure.

A question by unit names the map it is asked on by a moment. A unit that did not exist at that moment (a ward that has ended, a
commune that was still to come, a school that has closed) answers for the moment nearest to it at which it existed. So no school
falls off any map, and the schools of the city, and what is counted of them, are the same on the map of then and of now.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from registry.core.ids import SchoolYear

_TICK = timedelta(microseconds=1)
#: Answers kept; a city on a handful of maps has a few hundred.
_MOST_KEPT = 5000


class MapOf(StrEnum):
    """On which map a question is asked."""

    THEN = "then"  # of what is asked about
    NOW = "now"  # of today


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit; `code` is "<kind>:<official code>" with the kinds city, district, ward, commune, cluster, school."""

    code: str
    kind: str
    name: str
    valid_from: datetime
    valid_to: datetime | None = None

    def exists_at(self, moment: datetime) -> bool:
        """True when the unit is there at the moment."""
        return self.valid_from <= moment and (self.valid_to is None or moment < self.valid_to)

    def nearest(self, moment: datetime) -> datetime:
        """The moment at which the unit exists that is nearest to this one."""
        last = moment if self.valid_to is None else min(moment, self.valid_to - _TICK)
        return max(self.valid_from, last)


@dataclass(frozen=True, slots=True)
class Part:
    """`child` belongs to `parent` between two moments; a child may have many parents."""

    parent: str
    child: str
    valid_from: datetime
    valid_to: datetime | None = None

    def holds_at(self, moment: datetime) -> bool:
        """True when the membership covers the moment."""
        return self.valid_from <= moment and (self.valid_to is None or moment < self.valid_to)


@dataclass(frozen=True, slots=True)
class Succession:
    """`successor` took the place of `predecessor`, or of a part of it, when it began."""

    predecessor: str
    successor: str
    partly: bool = False


@dataclass(frozen=True, slots=True)
class When:
    """The moments of one question: on whose map it is asked, what had happened by when, and when it is asked."""

    on: datetime
    as_of: datetime
    now: datetime

    @classmethod
    def of(cls, chosen: MapOf, year: SchoolYear, as_of: datetime, now: datetime) -> When:
        """The map of then is that of the end of the school year, or of `as_of` if that was earlier."""
        return cls(now if chosen is MapOf.NOW else min(year.ends, as_of), as_of, now)

    @classmethod
    def at(cls, now: datetime) -> When:
        """The map of today, for what is so today."""
        return cls(now, now, now)

    @property
    def mark(self) -> str:
        """Names the map in cursors: "" of today's, which moves from page to page."""
        return self.on.isoformat() if self.on < self.now else ""


@dataclass(frozen=True, slots=True)
class Map:
    """All units, memberships and successions, with the question every report asks: which schools does a unit come to?"""

    units: Mapping[str, Unit]
    children: Mapping[str, tuple[Part, ...]] = field(repr=False)
    successors: Mapping[str, tuple[Succession, ...]] = field(default_factory=dict, repr=False)
    _parents: Mapping[str, tuple[Part, ...]] = field(default_factory=dict, repr=False)
    _turns: Sequence[datetime] = field(default=(), repr=False)
    _kept: dict[tuple[str, str, int, int], frozenset[str]] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, units: Iterable[Unit], parts: Iterable[Part], successions: Iterable[Succession] = ()) -> Map:
        """Index units by code, memberships by parent and by child, successions by predecessor."""
        by_code = {unit.code: unit for unit in units}
        children: dict[str, list[Part]] = defaultdict(list)
        parents: dict[str, list[Part]] = defaultdict(list)
        successors: dict[str, list[Succession]] = defaultdict(list)
        turns = {moment for unit in by_code.values() for moment in (unit.valid_from, unit.valid_to)}
        for part in parts:
            children[part.parent].append(part)
            parents[part.child].append(part)
            turns.update((part.valid_from, part.valid_to))
        for each in successions:
            successors[each.predecessor].append(each)
        return cls(
            by_code,
            {parent: tuple(found) for parent, found in children.items()},
            {code: tuple(found) for code, found in successors.items()},
            {child: tuple(found) for child, found in parents.items()},
            sorted(moment for moment in turns if moment is not None),
        )

    def below(self, code: str, on: datetime, by: datetime | None = None) -> frozenset[str]:
        """Every unit code at or below `code` on the map of `on`, `code` itself included, units that have ended as well.

        What began after `by` (None: after `on`) is not known yet: nobody gets the schools of a unit that is still to come.
        """
        known_by = on if by is None else by
        return self._keep("below", code, on, known_by, lambda: self._reached(code, on, known_by))

    def _keep(
        self, what: str, code: str, on: datetime, by: datetime, find: Callable[[], frozenset[str]]
    ) -> frozenset[str]:
        """Nothing changes between two turns of the map, so an answer holds for all moments between them."""
        key = (what, code, self._turn(on), self._turn(by))
        found = self._kept.get(key)
        if found is None:
            found = find()
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            self._kept[key] = found
        return found

    def _turn(self, moment: datetime) -> int:
        return bisect_right(self._turns, moment)

    def _reached(self, code: str, on: datetime, by: datetime) -> frozenset[str]:
        start = self.units.get(code)
        if start is None or start.valid_from > by:
            return frozenset()
        to_visit = [(code, start.nearest(on))]
        seen = set(to_visit)
        while to_visit:
            parent, moment = to_visit.pop()
            for part in self.children.get(parent, ()):
                child = self.units.get(part.child)
                if child is None or child.valid_from > by or part.valid_from > by:
                    continue
                step = (part.child, child.nearest(moment))
                if step not in seen and part.holds_at(step[1]):
                    seen.add(step)
                    to_visit.append(step)
        return frozenset(reached for reached, _ in seen)

    def schools_of(self, code: str, on: datetime, by: datetime | None = None) -> frozenset[str]:
        """The school codes (without the kind) of a unit on the map of `on`, closed ones included; `by` as in `below`."""
        return self._keep("schools", code, on, on if by is None else by, lambda: _schools(self.below(code, on, by)))

    def schools_of_all(self, codes: Iterable[str], on: datetime, by: datetime | None = None) -> frozenset[str]:
        """The school codes of several units together."""
        return frozenset().union(*(self.schools_of(code, on, by) for code in codes))

    def schools_seen(self, own: Iterable[str] | None, unit: str, when: When) -> frozenset[str]:
        """The schools of `unit` for somebody whose units are `own`: never others than those that are theirs now or were as of
        the moment asked about. `own` None: the operator at the machine, whose all are."""
        if own is None:
            return self.schools_of(unit, when.on, when.now)
        own = tuple(own)
        theirs = self.schools_of_all(own, when.now) | self.schools_of_all(own, when.as_of)
        return self.schools_of(unit, when.on, when.now) & theirs

    def open_schools(self, code: str, moment: datetime) -> frozenset[str]:
        """The school codes of a unit without those that have closed by the moment."""
        return self.open_among(self.schools_of(code, moment), moment)

    def open_among(self, schools: Iterable[str], moment: datetime) -> frozenset[str]:
        """Those of the schools that have not closed by the moment."""
        return frozenset(school for school in schools if self.units[f"school:{school}"].exists_at(moment))

    def parts_of(self, code: str, on: datetime) -> tuple[Unit, ...]:
        """The direct parts of a unit on the map of `on`, by code; of one that did not exist then, at the nearest moment."""
        return self._beside(code, on, self.children, lambda part: part.child)

    def parents_of(self, code: str, on: datetime) -> tuple[Unit, ...]:
        """The units that a unit is a direct part of on the map of `on`, by code; of one that did not exist then, at the nearest
        moment."""
        return self._beside(code, on, self._parents, lambda part: part.parent)

    def _beside(
        self, code: str, on: datetime, parts: Mapping[str, tuple[Part, ...]], end: Callable[[Part], str]
    ) -> tuple[Unit, ...]:
        unit = self.units.get(code)
        if unit is None:
            return ()
        moment = unit.nearest(on)
        found = {end(part) for part in parts.get(code, ()) if part.holds_at(moment)}
        return tuple(self.units[other] for other in sorted(found) if other in self.units)

    def heirs_of(self, code: str) -> frozenset[str]:
        """The units that took the place of a unit, or of units that were ever part of it."""
        found, to_visit, seen = set[str](), [code], {code}
        while to_visit:
            here = to_visit.pop()
            found.update(each.successor for each in self.successors.get(here, ()))
            for part in self.children.get(here, ()):
                if part.child not in seen:
                    seen.add(part.child)
                    to_visit.append(part.child)
        return frozenset(found - {code})


def _schools(codes: Iterable[str]) -> frozenset[str]:
    """The school codes (without the kind) among unit codes."""
    return frozenset(code.removeprefix("school:") for code in codes if code.startswith("school:"))
