"""The tables of fields made ready for reading: one plan per kind of object, built once at import. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from operator import itemgetter
from typing import NamedTuple

from registry.formats import fields, values
from registry.formats.code_lists import CodeList
from registry.formats.fields import Family
from registry.formats.structure import Field, Form, Need, Rows
from registry.formats.values import Reader

#: Places without which the rules can't be checked, or that have no neutral value; marks and letters are needed too.
_NEEDED = frozenset(
    {"circular", "school_year", "level", "grade", "disabled_not_assessed", "subject", "version", "state", "extract"}
    | {"version_reason"}
    | {"made_on", "issued_on", "promoted", "grade_completed", "level_completed"}
)

#: Rules can do without it, what is told of the year can't: who was absent too often waits for no summer.
_ABSENCES = "absences"


class Step(NamedTuple):
    """One field made ready for reading: blocking = without it the rules can't be checked."""

    wire: str
    read: Reader
    need: Need
    key: str  # place in the transcript, or the wire name of a field that is not carried
    blocking: bool
    quick: Reader


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """The steps of one object, its names, and the known name for each name without regard to case."""

    steps: tuple[Step, ...]
    names: frozenset[str]
    folded: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class FamilyPlan:
    """The plans of a family's record and child lists, and the wire name of every place in the transcript.

    `of_the_year` are the steps of the record that say how the year went: no texts, names or numbers.
    """

    family: Family
    top: Plan
    of_the_year: tuple[Step, ...]
    lists: tuple[tuple[Rows, Plan], ...]
    wires: Mapping[str, str]  # "marks" -> list; "marks/*/term1" -> member of its rows


def plan(members: Iterable[Field], lists: Iterable[Rows] = (), *, shared: bool = False) -> Plan:
    """The plan of an object with these fields, `shared` as in `values.quick`. The personal number is no step: it is read with sex and birth date."""
    steps = tuple(
        Step(f.wire, values.reader(f), f.need, f.path or f.wire, _blocks(f), values.quick(f, shared=shared))
        for f in members
        if f.form is not Form.NUMBER
    )
    names = frozenset(f.wire for f in members) | frozenset(rows.wire for rows in lists)
    return Plan(steps, names, {name.casefold(): name for name in names})


class Way(NamedTuple):
    """How an object with certain members is read when all is well: its values in the order of the plan, their readers and places."""

    values: Callable[[Mapping[str, object]], tuple[object, ...]]
    readers: tuple[Reader, ...]
    keys: tuple[str, ...]


def way(plan: Plan, members: tuple[str, ...], assessed: bool) -> Way | None:
    """The way of objects with exactly these members, of which a vendor's are all alike; None where one is missing or unknown.

    Names that nobody knows are not remembered: they are as many and as long as a sender likes.
    """
    return _way(plan, members, assessed) if plan.names.issuperset(members) else None


@lru_cache(maxsize=1024)
def _way(plan: Plan, members: tuple[str, ...], assessed: bool) -> Way | None:
    present = [step for step in plan.steps if step.wire in members]
    optional = {Need.OPTIONAL} if assessed else {Need.OPTIONAL, Need.ASSESSED}
    if len(present) < 2 or any(step.need not in optional and step.wire not in members for step in plan.steps):
        return None
    wires, _, _, keys, _, quick = zip(*present, strict=True)
    return Way(itemgetter(*wires), quick, keys)


def _blocks(field: Field) -> bool:
    return field.path in _NEEDED or field.form in (Form.MARK, Form.LETTER)


def _family_plan(family: Family) -> FamilyPlan:
    record = fields.STRUCTURES[family]
    wires = {field.path: field.wire for field in record.fields if field.path}
    for rows in record.lists:
        wires[rows.path] = rows.wire
        wires |= {f"{rows.path}/*/{field.path}": field.wire for field in rows.fields if field.path}
    lists = tuple((rows, plan(rows.fields, shared=True)) for rows in record.lists)
    top = plan(record.fields, record.lists)
    of_the_year = tuple(step for step in top.steps if step.blocking or step.key == _ABSENCES)
    return FamilyPlan(family, top, of_the_year, lists, wires)


PLANS: Mapping[Family, FamilyPlan] = {family: _family_plan(family) for family in Family}


@dataclass(frozen=True, slots=True)
class Dated:
    """The fields of a family whose codes are of a dated list: wire names, and for those of a child list the list's first.

    Between `settled_from` and `settled_to` every code of these lists is in force: nothing is to be asked.
    """

    top: tuple[tuple[str, CodeList], ...]
    rows: tuple[tuple[str, str, CodeList], ...]
    settled_from: date
    settled_to: date


def _dated(family: Family) -> Dated:
    record = fields.STRUCTURES[family]
    tops = ((f.wire, f.codes) for f in record.fields)
    of_rows = ((each.wire, f.wire, f.codes) for each in record.lists for f in each.fields)
    top = tuple((wire, listed) for wire, listed in tops if listed is not None and listed.periods)
    rows = tuple((wires, wire, listed) for wires, wire, listed in of_rows if listed is not None and listed.periods)
    settled = [*(listed.settled for _, listed in top), *(listed.settled for _, _, listed in rows)]
    return Dated(top, rows, max(first for first, _ in settled), min(last for _, last in settled))


DATED: Mapping[Family, Dated] = {family: _dated(family) for family in Family}
