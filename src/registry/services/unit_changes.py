"""What a table of units changes of the map, and what of it contradicts what is there. Pure; the rows come from `formats.units_csv`.

A unit and a membership can begin and, once, end; nothing that is on the map is moved or renamed by a file. A school is in one
ward and one commune at a time, so that no two offices of one kind see it. Of a school whose old ward went to one commune as a
whole that commune is known; where a ward was split, the file has to say where the school went.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import pairwise

from registry.core import trust
from registry.core import units as values
from registry.formats.units_csv import Parent, Problem, Row

_ONE_AT_A_TIME = ("ward", "commune")


@dataclass(slots=True)
class Changes:
    """What is new, and what ends; with problems, nothing of it may be written."""

    units: list[values.Unit] = field(default_factory=list)
    ended: list[values.Unit] = field(default_factory=list)
    parts: list[values.Part] = field(default_factory=list)
    ended_parts: list[values.Part] = field(default_factory=list)
    successions: list[values.Succession] = field(default_factory=list)
    schools: list[tuple[str, trust.Ownership]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def compare(rows: Sequence[Row], here: values.Map, schools: Mapping[str, trust.School]) -> Changes:
    """The changes of a whole table; every problem at once."""
    found = Changes()
    every = {**here.units, **{row.unit.code: row.unit for row in rows}}
    parts = _Parts(here)
    for row in rows:
        _take_unit(found, row, here, schools)
        found.problems += _unknown(row, every)
        if all(parent.unit in every for parent in row.parents):
            parts.take(found, row, every)
    parts.end(found)
    successors = _successors(here, rows)
    for row in rows:
        found.successions += [each for each in row.replaces if each not in here.successors.get(each.predecessor, ())]
        if row.unit.kind == "school":
            parts.settle(found, row, every, successors)
    return found


def _take_unit(found: Changes, row: Row, here: values.Map, schools: Mapping[str, trust.School]) -> None:
    known, school = here.units.get(row.unit.code), schools.get(row.unit.code.removeprefix("school:"))
    if known is None:
        found.units.append(row.unit)
    elif known != row.unit and replace(known, valid_to=row.unit.valid_to) == row.unit and known.valid_to is None:
        found.ended.append(row.unit)
    elif known != row.unit:
        expected = (
            "the same name and dates as the unit of this code that is on the map already; an end can be added once"
        )
        found.problems.append(Problem(row.number, "code", expected))
    if row.ownership is not None and school is None:
        found.schools.append((row.unit.code.removeprefix("school:"), row.ownership))
    elif row.ownership is not None and school is not None and school.ownership is not row.ownership:
        found.problems.append(Problem(row.number, "ownership", "the same ownership as on the map already"))


def _unknown(row: Row, every: Mapping[str, values.Unit]) -> Iterable[Problem]:
    if any(parent.unit not in every for parent in row.parents):
        yield Problem(row.number, "parents", "units that are on the map or in this file")
    before = [every.get(each.predecessor) for each in row.replaces]
    if not all(one is not None and _came_before(one, row.unit) for one in before):
        yield Problem(
            row.number, "replaces", "units on the map or in this file that ended before this one began, if at all"
        )


def _came_before(one: values.Unit, other: values.Unit) -> bool:
    return one.valid_from < other.valid_from and (one.valid_to is None or one.valid_to <= other.valid_from)


def _successors(here: values.Map, rows: Iterable[Row]) -> dict[str, set[values.Succession]]:
    found = {code: set(each) for code, each in here.successors.items()}
    for row in rows:
        for each in row.replaces:
            found.setdefault(each.predecessor, set()).add(each)
    return found


class _Parts:
    """All memberships while a table is taken, by child, and which of them the map had before."""

    def __init__(self, here: values.Map) -> None:
        self._here = here
        self._of: dict[str, list[values.Part]] = {}
        for parts in here.children.values():
            for part in parts:
                self._of.setdefault(part.child, []).append(part)
        self._known = {(p.parent, p.child, p.valid_from): p for parts in here.children.values() for p in parts}

    def take(self, found: Changes, row: Row, every: Mapping[str, values.Unit]) -> None:
        """The memberships a row names: new, ended, there already, or a problem."""
        mine = self._of.setdefault(row.unit.code, [])
        for parent in row.parents:
            part = _part(every[parent.unit], row.unit, parent)
            if part is None:
                expected = "units that exist for some time together with this one, within the days that are given"
                found.problems.append(Problem(row.number, "parents", expected))
                continue
            before = self._known.get((part.parent, part.child, part.valid_from))
            same = [each for each in mine if each.parent == part.parent]
            if before is None and (parent.dated or not same):
                mine.append(part)
                found.parts.append(part)
            elif parent.dated and before is not None and before.valid_to is None and part.valid_to is not None:
                mine[mine.index(before)] = part
                found.ended_parts.append(part)
            elif parent.dated and before is not None and before.valid_to != part.valid_to:
                expected = "the same end of a membership as on the map already; an end can be added once"
                found.problems.append(Problem(row.number, "parents", expected))

    def end(self, found: Changes) -> None:
        """What ends takes its memberships along."""
        ends = {unit.code: unit.valid_to for unit in found.ended if unit.valid_to is not None}
        for mine in self._of.values() if ends else ():
            for place, part in enumerate(mine):
                last = min((ends[code] for code in (part.parent, part.child) if code in ends), default=None)
                if last is None or (part.valid_to is not None and part.valid_to <= last) or part.valid_from >= last:
                    continue
                mine[place] = replace(part, valid_to=last)
                key = (part.parent, part.child, part.valid_from)
                others = [each for each in found.ended_parts if (each.parent, each.child, each.valid_from) != key]
                found.ended_parts = [*others, mine[place]]

    def settle(
        self,
        found: Changes,
        row: Row,
        every: Mapping[str, values.Unit],
        successors: Mapping[str, set[values.Succession]],
    ) -> None:
        """A school: its commune from its old ward, if the file does not say it; one ward and one commune at a time."""
        mine = self._of.get(row.unit.code, [])
        for part in [each for each in mine if each.parent.startswith("ward:")]:
            ward, heirs = every[part.parent], successors.get(part.parent, set())
            if ward.valid_to is None or part.valid_to != ward.valid_to or not heirs:
                continue
            after = [each for each in mine if each.parent.startswith("commune:") and each.holds_at(ward.valid_to)]
            names = ", ".join(sorted(each.successor for each in heirs))
            if any(each.parent not in {heir.successor for heir in heirs} for each in after):
                found.problems.append(Problem(row.number, "parents", f"a commune that took the ward's place: {names}"))
            elif not after and row.unit.exists_at(ward.valid_to):
                if len(heirs) > 1:
                    expected = f"the commune too, because the ward was split: {names}"
                    found.problems.append(Problem(row.number, "parents", expected))
                    continue
                derived = _part(every[next(iter(heirs)).successor], row.unit, Parent(""))
                assert derived is not None, "the school outlives the ward, and the commune begins with its end"
                mine.append(derived)
                found.parts.append(derived)
        if any(_overlap([p for p in mine if p.parent.startswith(f"{kind}:")]) for kind in _ONE_AT_A_TIME):
            found.problems.append(Problem(row.number, "parents", "one ward and one commune at a time"))


def _overlap(parts: Iterable[values.Part]) -> bool:
    in_order = sorted(parts, key=lambda part: part.valid_from)
    return any(one.valid_to is None or next_one.valid_from < one.valid_to for one, next_one in pairwise(in_order))


def _part(wider: values.Unit, narrower: values.Unit, said: Parent) -> values.Part | None:
    """The membership for as long as both are there, within what the row says; None when that is no time at all."""
    ends: list[datetime] = [e for e in (wider.valid_to, narrower.valid_to, said.until) if e is not None]
    begins = [each for each in (wider.valid_from, narrower.valid_from, said.since) if each is not None]
    part = values.Part(wider.code, narrower.code, max(begins), min(ends, default=None))
    outside = (said.since is not None and part.valid_from != said.since) or (
        said.until is not None and part.valid_to != said.until
    )
    return None if outside or (part.valid_to is not None and part.valid_from >= part.valid_to) else part
