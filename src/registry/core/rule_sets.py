"""What a rule and a rule set are: values with their clauses and texts. The rules themselves are in `rules_*`, one module a circular."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date

from registry.core.findings import Code, Effect, Finding
from registry.core.ids import SchoolYear
from registry.core.transcript import Transcript


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a circular: the code it gives, its clause, and what it asks for in both languages.

    `unverified` says that it rests on common knowledge and not on a text that was read: such a rule only warns.
    """

    code: Code
    clause: str
    vi: str
    en: str
    unverified: bool = False

    @property
    def effect(self) -> Effect:
        """Refuse or warn: the effect of its code."""
        return self.code.effect


@dataclass(frozen=True, slots=True)
class RuleSet:
    """A circular, its rules, and per grade the first (and last) school year it assesses.

    `replaces` names the circulars whose time ends, grade by grade, in the year before; `last` then follows from the table.
    """

    circular: str  # number and year of issue, "27/2020"
    check: Callable[[Transcript], list[Finding]]
    first: Mapping[int, SchoolYear]
    last: Mapping[int, SchoolYear] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    #: Of grades whose first year rests on unverified knowledge: the first one of which a text read says it is in force.
    sure: Mapping[int, SchoolYear] = field(default_factory=dict)
    replaces: tuple[str, ...] = ()

    def in_force(self, grade: int, school_year: SchoolYear) -> bool:
        """True when pupils of the grade were assessed by this circular in the school year."""
        first, last = self.first.get(grade), self.last.get(grade)
        return first is not None and first <= school_year and (last is None or school_year <= last)

    @property
    def issued(self) -> SchoolYear:
        """The first school year it can have been in force for: that which begins in the year of its issue."""
        return SchoolYear(int(self.circular.rpartition("/")[2]))


@dataclass(frozen=True, slots=True)
class Change:
    """A dated change of what is checked, announced to vendors before it binds."""

    version: str
    binds_from: date
    vi: tuple[str, ...]
    en: tuple[str, ...]
