"""The map: city, legacy districts, communes, clusters, schools, and which belongs to which between dates. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit; `code` is "<kind>:<official code>" with the kinds city, district, commune, cluster, school."""

    code: str
    kind: str
    name: str
    valid_from: datetime
    valid_to: datetime | None = None


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
class Map:
    """All units and memberships, with the question every report asks: which schools does a unit come to?"""

    units: Mapping[str, Unit]
    children: Mapping[str, tuple[Part, ...]] = field(repr=False)

    @classmethod
    def of(cls, units: Iterable[Unit], parts: Iterable[Part]) -> Map:
        """Index units by code and memberships by parent."""
        children: dict[str, list[Part]] = defaultdict(list)
        for part in parts:
            children[part.parent].append(part)
        return cls({u.code: u for u in units}, {parent: tuple(found) for parent, found in children.items()})

    def below(self, code: str, moment: datetime) -> frozenset[str]:
        """Every unit code at or below `code` at the moment, `code` itself included when it is known."""
        if code not in self.units:
            return frozenset()
        found, to_visit = {code}, [code]
        while to_visit:
            for part in self.children.get(to_visit.pop(), ()):
                if part.holds_at(moment) and part.child not in found:
                    found.add(part.child)
                    to_visit.append(part.child)
        return frozenset(found)

    def schools_of(self, code: str, moment: datetime) -> frozenset[str]:
        """The school codes (without the kind) at or below a unit at the moment."""
        return frozenset(c.removeprefix("school:") for c in self.below(code, moment) if c.startswith("school:"))
