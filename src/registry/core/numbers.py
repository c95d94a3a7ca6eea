"""Pupils who lack a personal number, and whose number the one in a returned file is. Pure.

A machine is sure only where name, whole birth date and sex are those of exactly one pupil; all else is for a person.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from registry.core import codes, names
from registry.core.findings import Effect, Finding
from registry.core.ids import BirthDate, Sex

#: What a transcript is refused for when its number is wrong.
REFUSED_FOR = (codes.NUMBER_SHAPE, codes.NUMBER_PLACE, codes.NUMBER_SEX, codes.NUMBER_YEAR)


class Why(StrEnum):
    """Why a pupil stands on the list."""

    ABSENT = "absent"  # no number on the roster
    REFUSED = "refused"  # the last transcript was refused for its number


class Doubt(StrEnum):
    """Why a person has to say whether a number is a pupil's."""

    SEVERAL = "several"  # more than one pupil it could be
    NAME = "name"  # the name is another, or the same only without its marks
    BIRTH = "birth_date"  # another, or one side does not know the day
    SEX = "sex"  # another, or one side does not say
    CODE = "pupil_code"  # the file names another pupil code
    REPLACES = "replaces"  # the roster has a number already


@dataclass(frozen=True, slots=True)
class Lacking:
    """A pupil on a roster who needs a number. `codes`: what the last transcript was refused for."""

    school_code: str
    pupil_code: str
    grade: int
    class_name: str
    name: str = field(repr=False)
    sex: Sex | None
    birth: BirthDate | None = field(repr=False)
    why: Why
    codes: tuple[str, ...] = ()
    number_index: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Told:
    """A row of a returned file; `pupil_code` where it names one."""

    sheet: int
    row: int
    name: str = field(repr=False)
    birth: BirthDate | None = field(repr=False)
    sex: Sex | None
    number: str = field(repr=False)
    pupil_code: str | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """The pupils whom a row can mean, and why it is not sure. Without pupils nobody who lacks a number is meant."""

    pupils: tuple[Lacking, ...]
    doubts: tuple[Doubt, ...]

    @property
    def sure(self) -> bool:
        """One pupil and no doubt."""
        return len(self.pupils) == 1 and not self.doubts


class Roll:
    """Pupils who lack a number, to be found by name or code. One who stands on two rosters is one pupil."""

    def __init__(self, pupils: Iterable[Lacking]) -> None:
        self._by_key: dict[str, dict[str, Lacking]] = {}
        self._by_code: dict[str, Lacking] = {}
        for pupil in pupils:
            self._by_key.setdefault(names.search_key(pupil.name), {})[pupil.pupil_code] = pupil
            self._by_code[pupil.pupil_code] = pupil

    def match(self, told: Told) -> Match:
        """Whom a row means."""
        near = {
            pupil.pupil_code: (pupil, doubts)
            for pupil in self._by_key.get(names.search_key(told.name), {}).values()
            if (doubts := _doubts(pupil, told)) is not None
        }
        named = self._by_code.get(told.pupil_code or "")
        if named is not None:
            doubts = near[named.pupil_code][1] if named.pupil_code in near else _contradicted(named, told)
            return Match((named,), tuple(doubts))
        exact = [pupil for pupil, doubts in near.values() if not doubts]
        found = exact or [pupil for pupil, _ in near.values()]
        why: set[Doubt] = set() if exact else {doubt for _, doubts in near.values() for doubt in doubts}
        if len(found) > 1:
            why.add(Doubt.SEVERAL)
        if found and told.pupil_code is not None:
            why.add(Doubt.CODE)
        return Match(tuple(sorted(found, key=lambda each: (each.school_code, each.pupil_code))), _in_order(why))


def _doubts(pupil: Lacking, told: Told) -> tuple[Doubt, ...] | None:
    """What keeps a machine from being sure of a pupil with this name; None when it is somebody else."""
    if pupil.birth is not None and told.birth is not None and not pupil.birth.agrees_with(told.birth):
        return None
    if pupil.sex is not None and told.sex is not None and pupil.sex is not told.sex:
        return None
    return _contradicted(pupil, told)


def _contradicted(pupil: Lacking, told: Told) -> tuple[Doubt, ...]:
    why = set()
    if names.match_key(pupil.name) != names.match_key(told.name):
        why.add(Doubt.NAME)
    if pupil.birth is None or pupil.birth.day is None or pupil.birth != told.birth:
        why.add(Doubt.BIRTH)
    if pupil.sex is None or pupil.sex is not told.sex:
        why.add(Doubt.SEX)
    return _in_order(why)


def _in_order(doubts: set[Doubt]) -> tuple[Doubt, ...]:
    return tuple(each for each in Doubt if each in doubts)


def waits_for_number(findings: Sequence[Finding]) -> bool:
    """Whether a document is held for the lack of a number and for nothing else."""
    held = [each.code for each in findings if each.code.effect is Effect.HOLD]
    return held == [codes.NUMBER_ABSENT] and all(each.code.effect is not Effect.REFUSE for each in findings)


def supplied(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings of a document whose pupil has got the number that it lacks."""
    return tuple(
        Finding(codes.NUMBER_SUPPLIED, each.pointer) if each.code is codes.NUMBER_ABSENT else each for each in findings
    )
