"""One broken rule at a time: each mutation changes a good transcript and says which code, and where, that must give.

What to expect follows from how the good transcript was made, never from the rules that will judge the broken one.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from registry.demo import mutable, mutations_general, mutations_primary, mutations_secondary, rule_cases
from registry.demo.transcripts import Document


@dataclass(frozen=True, slots=True)
class Mutation:
    """A broken transcript, by which breaker, and what it must give."""

    name: str
    document: Document
    expected: mutable.Expected


def breakers(grade: int) -> tuple[mutable.Breaker, ...]:
    """Every way to break a transcript of the grade."""
    of_circular = mutations_primary.PRIMARY if grade <= 5 else mutations_secondary.SECONDARY
    return (*mutations_general.EVERY, *mutations_general.SUBJECTS, *of_circular)


def every(seed: int, at_least: int) -> Iterator[Mutation]:
    """Mutations of all kinds over all grades and results, at least so many; the same seed gives the same ones."""
    rng, made = Random(seed), 0
    while made < at_least:
        for grade in rule_cases.FIRST:
            for breaker in breakers(grade):
                mutation = _broken(rng, grade, breaker)
                if mutation is not None:
                    made += 1
                    yield mutation


def _broken(rng: Random, grade: int, breaker: mutable.Breaker) -> Mutation | None:
    for _ in range(12):  # not every good transcript can be broken in every way
        document = copy.deepcopy(rule_cases.good(rng, grade))
        found = breaker(rng, document)
        if found is not None:
            expected = frozenset({found}) if isinstance(found, tuple) else found
            return Mutation(breaker.__name__.removeprefix("_"), document, expected)
    return None
