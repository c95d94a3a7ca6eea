"""Expected against held: which bucket a pupil falls into, and how counts add up. Pure.

Counting itself happens in the database, by standing; which standing means which bucket is decided here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import product

from registry.core.findings import Outcome


class Bucket(StrEnum):
    """Where a pupil stands in one school year. All but UNEXPECTED share out the pupils on the rosters."""

    PRESENT = "present"  # a transcript in force stands on record
    AWAITING_SUMMER = "awaiting_summer"  # the one on record says that the pupil is assessed again in summer
    MISSING = "missing"  # nothing came, or nothing that counts
    AWAITING_NUMBER = "awaiting_number"  # nothing can be accepted before the pupil has a personal number
    HELD = "held"  # the last attempt waits for a decision
    REFUSED = "refused"  # the last attempt was refused
    UNEXPECTED = "unexpected"  # on record without being on the roster


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known about one pupil on a roster; `last` is the outcome of the last attempt, None without any.

    `on_record`: a version that is not withdrawn; `awaits_summer`: the newest of these says so.
    """

    on_record: bool
    without_number: bool
    last: Outcome | None
    awaits_summer: bool = False


def bucket_of(standing: Standing) -> Bucket:
    """The one bucket of a pupil on a roster: present or awaiting summer, awaiting number, held, refused, missing.

    None of the first three depends on attempts, so that attempts need not be looked at for such pupils.
    """
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
    return tuple(Standing(*parts) for parts in product((False, True), (False, True), (None, *Outcome), (False, True)))


def standings_of(bucket: Bucket) -> tuple[Standing, ...]:
    """The standings that mean this bucket; none for UNEXPECTED."""
    return tuple(standing for standing in standings() if bucket_of(standing) is bucket)


@dataclass(frozen=True, slots=True)
class Counts:
    """Pupils by bucket; buckets that are not named have none."""

    by_bucket: Mapping[Bucket, int] = field(default_factory=dict)

    @property
    def expected(self) -> int:
        """How many pupils stand on the rosters."""
        return sum(number for bucket, number in self.by_bucket.items() if bucket is not Bucket.UNEXPECTED)

    def of(self, bucket: Bucket) -> int:
        """How many pupils are in the bucket."""
        return self.by_bucket.get(bucket, 0)


@dataclass(frozen=True, slots=True)
class Row:
    """One pupil in a bucket, with the codes and time of the last attempt; name and class are None for a pupil who is on no roster."""

    school_code: str
    pupil_code: str
    name: str | None = field(repr=False)
    class_name: str | None
    grade: int
    codes: tuple[str, ...]
    last_attempt_at: datetime | None


def add_up(counts: Iterable[Counts]) -> Counts:
    """The sum of counts that have no pupil in common."""
    total = dict.fromkeys(Bucket, 0)
    for each in counts:
        for bucket, number in each.by_bucket.items():
            total[bucket] += number
    return Counts(total)


def tally(rows: Iterable[tuple[str, Standing | None, int]]) -> dict[str, Counts]:
    """Rows (school, standing or None for unexpected, number of pupils) -> counts by school."""
    found: dict[str, dict[Bucket, int]] = {}
    for school, standing, number in rows:
        bucket = Bucket.UNEXPECTED if standing is None else bucket_of(standing)
        here = found.setdefault(school, {})
        here[bucket] = here.get(bucket, 0) + number
    return {school: Counts(buckets) for school, buckets in found.items()}


def over(schools: Iterable[str], by_school: Mapping[str, Counts]) -> Counts:
    """The counts of a unit that comes to these schools, each of them counted once."""
    return add_up(by_school[school] for school in set(schools) if school in by_school)
