"""Rosters: the pupils a school expects transcripts of, and when a newly received one is too different to be believed. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from registry.core.ids import BirthDate, Sex

#: A file after which more than this share of a school's pupils, and at least so many of them, would be gone is refused unless
#: somebody says that it is meant so: half a file looks like a whole one.
MOST_LEAVING_SHARE, FEW_LEAVING = 0.2, 20


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
class Counts:
    """What an import does to one roster, in pupils; `total` stand on it afterwards."""

    joined: int = 0
    left: int = 0
    changed: int = 0
    unchanged: int = 0

    @property
    def total(self) -> int:
        """How many pupils stand on the roster afterwards."""
        return self.joined + self.changed + self.unchanged

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.joined + other.joined,
            self.left + other.left,
            self.changed + other.changed,
            self.unchanged + other.unchanged,
        )


def shrinks(counts: Counts) -> bool:
    """Whether so many leave that somebody has to say that it is meant so."""
    before = counts.left + counts.changed + counts.unchanged
    return counts.left >= FEW_LEAVING and counts.left > before * MOST_LEAVING_SHARE
