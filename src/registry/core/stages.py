"""How far a school is with each stage of a campaign: so many of so many, from facts alone. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from registry.core.campaigns import Stage
from registry.core.completeness import Bucket, Counts
from registry.core.expiring import Standing
from registry.core.readiness import Facts

#: What a school can do something about; the review is the city's own.
OF_SCHOOLS = (Stage.NUMBERS_REVIEWED, Stage.CERTIFICATES_READY, Stage.TRANSCRIPTS_SUBMITTED, Stage.DECLARED)


@dataclass(frozen=True, slots=True)
class Progress:
    """`done` of `of`: pupils with a number, roles that can sign, pupils with a transcript, declared grades; schools frozen."""

    done: int
    of: int

    @property
    def complete(self) -> bool:
        """Whether nothing is left to do; of nothing, nothing is."""
        return self.done >= self.of > 0


@dataclass(frozen=True, slots=True)
class Declared:
    """Grades of a campaign that have pupils at a school, and those of them that it has declared."""

    grades: int
    declared: int


def of_school(facts: Facts, counts: Counts, declared: Declared) -> dict[Stage, Progress]:
    """The stages of one school that are its own; `facts` and `counts` are of the campaign's grades."""
    return {
        Stage.NUMBERS_REVIEWED: Progress(facts.numbers.with_number, facts.numbers.pupils),
        Stage.CERTIFICATES_READY: certificates(facts.signers.values()),
        Stage.TRANSCRIPTS_SUBMITTED: Progress(on_record(counts), counts.expected),
        Stage.DECLARED: Progress(declared.declared, declared.grades),
    }


def certificates(signers: Iterable[Standing]) -> Progress:
    """Roles that must sign, and those of them with a certificate that lasts."""
    standings = list(signers)
    return Progress(sum(each.good > 0 for each in standings), len(standings))


def on_record(counts: Counts) -> int:
    """Pupils with a transcript in force."""
    return counts.of(Bucket.PRESENT) + counts.of(Bucket.AWAITING_SUMMER)


def schools_through(schools: Mapping[str, Progress]) -> Progress:
    """Of all these schools, how many have a stage behind them."""
    return Progress(sum(each.complete for each in schools.values()), len(schools))
