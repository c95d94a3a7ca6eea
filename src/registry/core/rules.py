"""Which rule set judges a transcript: circulars with the grades and school years they are in force for, as data.

A new circular is one module with a `check` function and one row of dates here. Texts for vendors: `openapi/rules.md`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from registry.core import codes, rules_primary, rules_secondary
from registry.core.findings import Finding
from registry.core.ids import SchoolYear
from registry.core.transcript import Transcript

#: Named in every verdict; changes with every change of what a rule accepts.
version = "2026-11-1"


@dataclass(frozen=True, slots=True)
class RuleSet:
    """A circular, its rules, and per grade the first (and last) school year it assesses."""

    circular: str  # number and year of issue, "27/2020"
    check: Callable[[Transcript], list[Finding]]
    first: Mapping[int, SchoolYear]
    last: SchoolYear | None = None

    def in_force(self, grade: int, school_year: SchoolYear) -> bool:
        """True when pupils of the grade were assessed by this circular in the school year."""
        first = self.first.get(grade)
        return first is not None and first <= school_year and (self.last is None or school_year <= self.last)


#: Both circulars came into force grade by grade (their closing provisions; 22/2021: grades 9 and 12 from unverified knowledge).
RULE_SETS: tuple[RuleSet, ...] = (
    RuleSet("27/2020", rules_primary.check, {grade: SchoolYear(2019 + grade) for grade in range(1, 6)}),
    RuleSet(
        "22/2021",
        rules_secondary.check,
        {
            grade: SchoolYear(first)
            for grade, first in {6: 2021, 7: 2022, 8: 2023, 9: 2024, 10: 2022, 11: 2023, 12: 2024}.items()
        },
    ),
)

_NAME = re.compile(r"(?:TT )?([0-9]{1,3}/[0-9]{4})(?:/TT-BGDĐT)?")


def rule_set_for(transcript: Transcript) -> RuleSet | None:
    """The rule set the transcript names, when it was in force for its grade and school year.

    Spellings taken: "27/2020", "27/2020/TT-BGDĐT", each also after "TT ".
    """
    name = _NAME.fullmatch(transcript.circular)
    if name is None:
        return None
    for rule_set in RULE_SETS:
        if rule_set.circular == name[1] and rule_set.in_force(transcript.grade, transcript.school_year):
            return rule_set
    return None


def check(transcript: Transcript) -> list[Finding]:
    """Every finding of the circular in force; rule-circular alone when the named one was not.

    Pointers are in the registry's own words, to be turned into wire names by the reader of the format.
    """
    rule_set = rule_set_for(transcript)
    if rule_set is None:
        return [
            Finding(codes.RULE_CIRCULAR, "/circular", "27/2020/TT-BGDĐT (grades 1 to 5) or 22/2021/TT-BGDĐT (6 to 12)")
        ]
    return rule_set.check(transcript)
