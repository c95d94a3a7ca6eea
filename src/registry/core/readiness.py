"""Can a school deliver its transcripts when the time comes? One traffic light with its reasons, from facts alone. Pure.

A reason that would have documents refused makes the light red, any other reason amber (the effects of the codes, folded as a
verdict's are).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from registry.core import codes
from registry.core.expiring import Standing
from registry.core.findings import Effect, Finding
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


@dataclass(frozen=True, slots=True)
class Numbers:
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


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one school. `signers`: by role that must sign; `vendors`: who may submit for it."""

    school_code: str
    numbers: Numbers
    signers: Mapping[Role, Standing]
    vendors: tuple[str, ...]
    last_contact: datetime | None = None
    refusals: Mapping[str, int] = field(default_factory=dict)  # attempts of the last days by code
    refused: int = 0  # refused attempts of the last days


@dataclass(frozen=True, slots=True)
class Row:
    """One school: its facts, its light, and the reasons for it."""

    facts: Facts
    light: Light
    reasons: tuple[Finding, ...]


def judge(facts: Facts, now: datetime, limits: Limits = LIMITS) -> Row:
    """The light of a school and why it is not green.

    Codes: readiness-roster, -numbers, -numbers-many, -signer, -signer-ends, -vendor, -silent, -refusals. Pointers name the
    fact, as it stands in the answer (`/signers/seal`).
    """
    reasons = (*_numbers(facts.numbers, limits), *_signers(facts.signers), *_vendor(facts, now, limits))
    return Row(facts, _light(reasons), reasons)


def _light(reasons: Iterable[Finding]) -> Light:
    effects = {reason.code.effect for reason in reasons}
    if Effect.REFUSE in effects:
        return Light.RED
    return Light.AMBER if effects else Light.GREEN


def _numbers(numbers: Numbers, limits: Limits) -> Iterable[Finding]:
    if not numbers.pupils:
        yield Finding(codes.READINESS_ROSTER, "/numbers")
    elif numbers.without_number:
        many = numbers.without_number > numbers.pupils * limits.many_without_number
        code = codes.READINESS_NUMBERS_MANY if many else codes.READINESS_NUMBERS
        yield Finding(code, "/numbers", f"{numbers.without_number} / {numbers.pupils}")


def _signers(signers: Mapping[Role, Standing]) -> Iterable[Finding]:
    for role, standing in signers.items():
        if not standing.good and not standing.ending:
            yield Finding(codes.READINESS_SIGNER, f"/signers/{role.value}", role.value)
        elif not standing.is_sound:
            detail = f"{role.value}: {standing.ending + standing.unusable}"
            yield Finding(codes.READINESS_SIGNER_ENDS, f"/signers/{role.value}", detail)


def _vendor(facts: Facts, now: datetime, limits: Limits) -> Iterable[Finding]:
    if not facts.vendors:
        yield Finding(codes.READINESS_VENDOR, "/vendors")
    elif facts.last_contact is None or facts.last_contact < now - limits.silent:
        yield Finding(codes.READINESS_SILENT, "/last_contact", f"{limits.silent.days} days")
    if facts.refused >= limits.many_refusals:
        yield Finding(codes.READINESS_REFUSALS, "/refusals", f"{facts.refused} in {limits.days} days")


def tally(rows: Iterable[Row]) -> dict[Light, int]:
    """How many schools show each light."""
    found = dict.fromkeys(Light, 0)
    for row in rows:
        found[row.light] += 1
    return found
