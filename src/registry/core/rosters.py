"""Rosters: the pupils a school expects transcripts of, and how a newly received roster differs from the one on file. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from registry.core.ids import BirthDate, Sex


@dataclass(frozen=True, slots=True)
class Place:
    """Which roster: one school, one school year, one grade."""

    school_code: str
    school_year: str
    grade: int


@dataclass(frozen=True, slots=True)
class Pupil:
    """One row of a roster as it was sent; None where the school gave nothing."""

    pupil_code: str
    class_name: str
    name: str = field(repr=False)
    sex: Sex | None = None
    birth: BirthDate | None = field(default=None, repr=False)
    number: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Stay:
    """What is on file about a pupil's stay on a roster; the personal number only as its blind index."""

    pupil_code: str
    class_name: str
    name: str = field(repr=False)
    sex: str | None = None
    birth_date: str | None = field(default=None, repr=False)
    number_index: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Difference:
    """Pupil codes that joined, left and stand there with something changed, each sorted; and how many stayed as they were."""

    joined: tuple[str, ...]
    left: tuple[str, ...]
    changed: tuple[str, ...]
    unchanged: int


def compare(before: Mapping[str, Stay], after: Mapping[str, Stay]) -> Difference:
    """How the roster `after` differs from `before`, both by pupil code."""
    stayed = sorted(after.keys() & before.keys())
    changed = tuple(code for code in stayed if after[code] != before[code])
    return Difference(
        joined=tuple(sorted(after.keys() - before.keys())),
        left=tuple(sorted(before.keys() - after.keys())),
        changed=changed,
        unchanged=len(stayed) - len(changed),
    )
