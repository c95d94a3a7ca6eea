"""Expected against held: which bucket a pupil falls into, and how counts add up. Pure.

Counting itself happens in the database, by standing; which standing means which bucket is decided here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Set
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import product
from typing import TypeVar

from registry.core.findings import Outcome

Group = TypeVar("Group", bound=Hashable)


class Bucket(StrEnum):
    """Where a pupil of a school stands in one school year. All but those of `BESIDE` share out the pupils on the rosters."""

    PRESENT = "present"  # a transcript in force stands on record
    AWAITING_SUMMER = "awaiting_summer"  # the one on record says that the pupil is assessed again in summer
    MISSING = "missing"  # nothing came, or nothing that counts
    AWAITING_NUMBER = "awaiting_number"  # nothing can be accepted before the pupil has a personal number
    HELD = "held"  # the last attempt waits for a decision
    REFUSED = "refused"  # the last attempt was refused
    TRANSFERRED = "transferred"  # left the roster for that of another school, which expects the transcript now
    UNEXPECTED = "unexpected"  # on record without being on the roster


#: Buckets of pupils who are not on the school's roster: beside the expected ones, never among them.
BESIDE = frozenset({Bucket.TRANSFERRED, Bucket.UNEXPECTED})


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known about one pupil at one school; `last` is the outcome of the last attempt, None without any.

    `transferred`: not on the roster any more, but on another school's; `on_record`: a version of this school that is in force
    and not withdrawn; `awaits_summer`: it says so.
    """

    on_roster: bool
    on_record: bool
    without_number: bool = False
    last: Outcome | None = None
    awaits_summer: bool = False
    transferred: bool = False

    @property
    def key(self) -> str:
        """The standing as it is stored and counted: five digits and the last outcome."""
        flags = (self.on_roster, self.transferred, self.on_record, self.without_number, self.awaits_summer)
        return "".join(str(int(flag)) for flag in flags) + (self.last.value if self.last else "")


def bucket_of(standing: Standing) -> Bucket | None:
    """The one bucket of a pupil; None for somebody who is neither on the roster, nor was there and moved, nor on record.

    Attempts need not be looked at unless the pupil is on the roster with a number and not on record.
    """
    if not standing.on_roster:
        if standing.transferred:
            return Bucket.TRANSFERRED
        return Bucket.UNEXPECTED if standing.on_record else None
    if standing.on_record:
        return Bucket.AWAITING_SUMMER if standing.awaits_summer else Bucket.PRESENT
    if standing.without_number:
        return Bucket.AWAITING_NUMBER
    if standing.last is Outcome.HELD:
        return Bucket.HELD
    if standing.last is Outcome.REFUSED:
        return Bucket.REFUSED
    return Bucket.MISSING


def standings() -> tuple[Standing, ...]:
    """Every standing there can be."""
    two = (False, True)
    return tuple(Standing(*parts) for parts in product(two, two, two, (None, *Outcome), two, two))


#: The bucket of each key (`Standing.key`).
BUCKETS: Mapping[str, Bucket | None] = {standing.key: bucket_of(standing) for standing in standings()}


def keys_of(bucket: Bucket) -> tuple[str, ...]:
    """The keys that mean this bucket."""
    return tuple(key for key, found in BUCKETS.items() if found is bucket)


#: Where the number of each bucket stands in `Counts.pupils`.
AT: Mapping[Bucket, int] = {bucket: at for at, bucket in enumerate(Bucket)}
_BESIDE_AT = tuple(AT[bucket] for bucket in BESIDE)
_NOBODY = (0,) * len(AT)


@dataclass(frozen=True, slots=True)
class Counts:
    """Pupils by bucket: a number for each, in the order of `Bucket` (a city adds up thousands of these for every answer)."""

    pupils: tuple[int, ...] = _NOBODY

    @classmethod
    def of_buckets(cls, by_bucket: Mapping[Bucket, int]) -> Counts:
        """Buckets that are not named have none."""
        return cls(tuple(by_bucket.get(bucket, 0) for bucket in AT))

    @property
    def by_bucket(self) -> dict[Bucket, int]:
        """The buckets that have any pupils."""
        return {bucket: number for bucket, number in zip(AT, self.pupils, strict=True) if number}

    @property
    def expected(self) -> int:
        """How many pupils stand on the rosters."""
        return sum(self.pupils) - sum(self.pupils[at] for at in _BESIDE_AT)

    @property
    def anybody(self) -> bool:
        """Whether any pupil is in any bucket."""
        return any(self.pupils)

    def of(self, bucket: Bucket) -> int:
        """How many pupils are in the bucket."""
        return self.pupils[AT[bucket]]


@dataclass(frozen=True, slots=True)
class Row:
    """One pupil in a bucket, with the codes and time of the last attempt; name and class are None for a pupil who never was on
    the roster. `accepted_at`: when the newest transcript of this school came onto the books; `unseen`: the freeze that was asked
    about did not see one of its transcripts."""

    school_code: str
    pupil_code: str
    name: str | None = field(repr=False)
    class_name: str | None
    grade: int
    codes: tuple[str, ...]
    last_attempt_at: datetime | None
    accepted_at: datetime | None = None
    unseen: bool = False

    def came_after(self, moment: datetime) -> bool:
        """Whether anything of the pupil was sent or accepted after this moment, that of the freeze, or was not seen by it."""
        return self.unseen or any(
            each is not None and each > moment for each in (self.last_attempt_at, self.accepted_at)
        )


def add_up(counts: Iterable[Counts]) -> Counts:
    """The sum of counts that have no pupil in common."""
    return Counts(tuple(map(sum, zip(_NOBODY, *(each.pupils for each in counts), strict=True))))


def tally(rows: Iterable[tuple[Group, str, int]]) -> dict[Group, Counts]:
    """Rows (group, key of a standing, number of pupils) -> counts by group."""
    found: dict[Group, dict[Bucket, int]] = {}
    for group, key, number in rows:
        bucket = BUCKETS[key]
        if bucket is not None:
            here = found.setdefault(group, {})
            here[bucket] = here.get(bucket, 0) + number
    return {group: Counts.of_buckets(buckets) for group, buckets in found.items()}


def over(schools: Iterable[str], by_school: Mapping[str, Counts]) -> Counts:
    """The counts of a unit that comes to these schools, each of them counted once."""
    return add_up(by_school[school] for school in set(schools) if school in by_school)


@dataclass(frozen=True, slots=True)
class Score:
    """How many were planted, how many found, and how many of these are the same ones."""

    planted: int
    found: int
    right: int

    @property
    def precision(self) -> float:
        """The part of what was found that had been planted; 1 when nothing was found."""
        return self.right / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        """The part of what had been planted that was found; 1 when nothing was planted."""
        return self.right / self.planted if self.planted else 1.0

    @property
    def good(self) -> bool:
        """Whether exactly what was planted was found, and anything was planted at all."""
        return self.planted == self.found == self.right > 0


def score(planted: Set[Hashable], found: Set[Hashable]) -> Score:
    """What was found, against what had been planted."""
    return Score(len(planted), len(found), len(planted & found))
