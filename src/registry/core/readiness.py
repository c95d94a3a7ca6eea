"""Can a school deliver its transcripts when the time comes? One traffic light with its reasons, from facts alone. Pure.

Rows and facts are plain tuples: an answer about a city makes thousands of them, and frozen classes take five times as long.

A reason that would have documents refused makes the light red, any other reason amber (the effects of the codes, folded as a
verdict's are).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

from registry.core import codes
from registry.core.expiring import Standing
from registry.core.findings import Code, Effect, Finding
from registry.core.trust import Role


class Light(StrEnum):
    """What a school's row shows; the worst first."""

    RED = "red"
    AMBER = "amber"
    GREEN = "green"


@dataclass(frozen=True, slots=True)
class Limits:
    """From where on a fact is a reason: pupils without a number, days of silence, refusals; `days` is the time looked back."""

    many_without_number: float = 0.1
    silent: timedelta = timedelta(days=14)
    many_refusals: int = 10
    days: int = 7


LIMITS = Limits()
_ROLES = {Role.TEACHER: "giáo viên", Role.PRINCIPAL: "hiệu trưởng", Role.SEAL: "con dấu"}


class Numbers(NamedTuple):
    """How many pupils of a roster have a personal number."""

    pupils: int = 0
    without_number: int = 0

    @property
    def with_number(self) -> int:
        """Pupils with a number."""
        return self.pupils - self.without_number

    @property
    def share(self) -> float | None:
        """The part of the pupils that have one; None without any pupil. Stands only beside the counts."""
        return self.with_number / self.pupils if self.pupils else None


class Facts(NamedTuple):
    """What is known of one school. `signers`: by role that must sign; `vendors`: who may submit for it; `elsewhere`: all its
    rosters are of other levels than those asked about, which are none of its business."""

    school_code: str
    numbers: Numbers
    signers: Mapping[Role, Standing]
    vendors: tuple[str, ...]
    last_contact: datetime | None = None
    refusals: Mapping[str, int] = MappingProxyType({})  # attempts of the last days by code
    refused: int = 0  # refused attempts of the last days
    elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class Reason(Finding):
    """Why a light is not green; `detail` in English, `detail_vi` the same in Vietnamese."""

    detail_vi: str = ""


#: A code, and the role that it is about, if any.
Cause: TypeAlias = tuple[Code, Role | None]


class Row(NamedTuple):
    """One school: its facts, its light, and why."""

    facts: Facts
    light: Light
    causes: tuple[Cause, ...]
    limits: Limits

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """The causes in words: made only where they are read, for a city's counts need thousands of rows and no word of them."""
        return tuple(_reason(self.facts, code, role, self.limits) for code, role in self.causes)


def judge(facts: Facts, now: datetime, limits: Limits = LIMITS) -> Row:
    """The light of a school and why it is not green.

    Codes: readiness-roster, -numbers, -numbers-many, -signer, -signer-ends, -vendor, -silent, -refusals. Pointers name the
    fact, as it stands in the answer (`/signers/seal`).
    """
    causes = (*_numbers(facts.numbers, limits), *_signers(facts.signers), *_vendor(facts, now, limits))
    return Row(facts, _light(causes), causes, limits)


def _light(causes: Iterable[Cause]) -> Light:
    effects = {code.effect for code, _ in causes}
    if Effect.REFUSE in effects:
        return Light.RED
    return Light.AMBER if effects else Light.GREEN


def _numbers(numbers: Numbers, limits: Limits) -> Iterable[Cause]:
    if not numbers.pupils:
        yield codes.READINESS_ROSTER, None
    elif numbers.without_number:
        many = numbers.without_number > numbers.pupils * limits.many_without_number
        yield codes.READINESS_NUMBERS_MANY if many else codes.READINESS_NUMBERS, None


def _signers(signers: Mapping[Role, Standing]) -> Iterable[Cause]:
    for role, standing in signers.items():
        if not standing.good and not standing.ending:
            yield codes.READINESS_SIGNER, role
        elif not standing.is_sound:
            yield codes.READINESS_SIGNER_ENDS, role


def _vendor(facts: Facts, now: datetime, limits: Limits) -> Iterable[Cause]:
    if not facts.vendors:
        yield codes.READINESS_VENDOR, None
    elif facts.last_contact is None or facts.last_contact < now - limits.silent:
        yield codes.READINESS_SILENT, None
    if facts.refused >= limits.many_refusals:
        yield codes.READINESS_REFUSALS, None


def _reason(facts: Facts, code: Code, role: Role | None, limits: Limits) -> Reason:
    if role is not None:
        standing = facts.signers[role]
        many = f": {standing.ending + standing.unusable}" if code is codes.READINESS_SIGNER_ENDS else ""
        return Reason(code, f"/signers/{role.value}", f"{role.value}{many}", f"{_ROLES[role]}{many}")
    pointer = _POINTERS[code]
    if code in (codes.READINESS_NUMBERS, codes.READINESS_NUMBERS_MANY):
        counts = f"{facts.numbers.without_number} / {facts.numbers.pupils}"
        return Reason(code, pointer, counts, counts)
    if code is codes.READINESS_SILENT:
        days = limits.silent.days
        return Reason(code, pointer, f"{days} days", f"{days} ngày")
    if code is codes.READINESS_REFUSALS:
        refused, days = facts.refused, limits.days
        return Reason(code, pointer, f"{refused} in {days} days", f"{refused} trong {days} ngày")
    return Reason(code, pointer)


#: The fact, as it stands in the answer.
_POINTERS: Mapping[Code, str] = {
    codes.READINESS_ROSTER: "/numbers",
    codes.READINESS_NUMBERS: "/numbers",
    codes.READINESS_NUMBERS_MANY: "/numbers",
    codes.READINESS_VENDOR: "/vendors",
    codes.READINESS_SILENT: "/last_contact",
    codes.READINESS_REFUSALS: "/refusals",
}


def tally(rows: Iterable[Row]) -> dict[Light, int]:
    """How many schools show each light."""
    found = dict.fromkeys(Light, 0)
    for row in rows:
        found[row.light] += 1
    return found
