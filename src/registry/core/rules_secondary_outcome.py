"""Circular 22/2021/TT-BGDĐT, what a secondary year leads to: promotion (art. 12), summer (art. 13, 14), awards (art. 15). Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

from registry.core import awards, codes, completion
from registry.core.findings import Effect, Finding
from registry.core.transcript import MOST_ABSENCES, Letter, SecondaryMark, SecondaryResults, Transcript, is_mark

_FAILED = "CĐ"
_RETAKEN_BELOW = Decimal(5)  # art. 14.1
_LAST_GRADES = (9, 12)  # after which there is no next class in the school
_EXCELLENT, _GOOD = "học sinh xuất sắc", "học sinh giỏi"
_NINE, _SIX = Decimal(9), 6  # art. 15.1.a

#: The admissible learning results of a year with these marks.
Readings = Callable[[tuple[SecondaryMark, ...]], frozenset[str]]


def check(transcript: Transcript, results: SecondaryResults, readings: Readings) -> Iterator[Finding]:
    """Codes rule-promotion, -promotion-open, -completion-open, -summer-training, -retake, -retake-unusual, -retake-result, -award.

    For results of the year whose letters hold; `readings` is asked for the result after re-assessment.
    """
    summer = [*_training(results), *_retakes(results, readings)]
    yield from summer
    if not any(finding.code.effect is Effect.REFUSE for finding in summer):
        yield from _promotion(transcript, results, doubtful=bool(summer))
    yield from _awards(transcript, results)


def _training(results: SecondaryResults) -> Iterator[Finding]:
    """Art. 13: who trains in summer has CĐ in conduct of the year."""
    if results.conduct_retaken is not None and results.conduct.year != _FAILED:
        yield Finding(codes.RULE_SUMMER_TRAINING, "/conduct_retaken", "TT 22/2021 art. 13: only after CĐ in conduct")


def _retakes(results: SecondaryResults, readings: Readings) -> Iterator[Finding]:
    """Art. 14: who is assessed again has CĐ in learning; in which subjects, and what comes of it, is told to warn."""
    retaken = [index for index, row in enumerate(results.marks) if is_mark(row.retake)]
    pointers = [f"/marks/{index}/retake" for index in retaken]
    if results.learning_retaken is not None:
        pointers.append("/learning_retaken")
    if results.learning.year != _FAILED:
        for pointer in pointers:
            yield Finding(codes.RULE_RETAKE, pointer, "TT 22/2021 art. 14: only after CĐ in learning")
        return
    if pointers and results.conduct.year == _FAILED:
        yield Finding(
            codes.RULE_RETAKE_UNUSUAL, pointers[-1], "TT 22/2021 art. 14: with conduct of the year Đ or better"
        )
    for index in retaken:
        if not _may_retake(results.marks[index]):
            yield Finding(codes.RULE_RETAKE_UNUSUAL, f"/marks/{index}/retake", "TT 22/2021 art. 14: below 5.0, or CĐ")
    if results.learning_retaken is not None and results.learning_retaken not in readings(_after(results)):
        yield Finding(
            codes.RULE_RETAKE_RESULT,
            "/learning_retaken",
            "TT 22/2021 art. 14, the retaken marks in place of the year's",
        )


def _may_retake(row: SecondaryMark) -> bool:
    return row.year is Letter.FAILED or (isinstance(row.year, Decimal) and row.year < _RETAKEN_BELOW)


def _after(results: SecondaryResults) -> tuple[SecondaryMark, ...]:
    return tuple(row._replace(year=row.retake) if is_mark(row.retake) else row for row in results.marks)


def _promotion(transcript: Transcript, results: SecondaryResults, *, doubtful: bool) -> Iterator[Finding]:
    """Art. 12.1: conduct and learning of the year Đ or better, after the summer, and at most 45 half-days of absence.

    The same for promotion and for completing a grade or a level. Where the summer is `doubtful` the school may see it as we do.
    """
    learning = results.learning_retaken or results.learning.year
    conduct = results.conduct_retaken or results.conduct.year
    met = _FAILED not in (learning, conduct) and (results.absences or 0) <= MOST_ABSENCES
    if transcript.promoted and not met:
        yield Finding(
            codes.RULE_PROMOTION,
            "/promoted",
            "TT 22/2021 art. 12.1: conduct and learning Đ, at most 45 half-days absent",
        )
    elif not met and completion.says(transcript.completion_note):
        yield Finding(
            codes.RULE_COMPLETION_OPEN,
            "/completion_note",
            "TT 22/2021 art. 12: conduct and learning Đ, at most 45 half-days absent",
        )
    if met and not doubtful and not transcript.promoted and transcript.grade not in _LAST_GRADES:
        yield Finding(codes.RULE_PROMOTION_OPEN, "/promoted", "TT 22/2021 art. 12.1: all three conditions are met")


def _awards(transcript: Transcript, results: SecondaryResults) -> Iterator[Finding]:
    """Art. 15.1: Giỏi for conduct and learning Tốt, Xuất sắc with six averages of 9.0 besides."""
    if not transcript.awards:
        return
    both = results.conduct.year == "T" and results.learning.year == "T"
    nines = sum(isinstance(row.year, Decimal) and row.year >= _NINE for row in results.marks)
    if awards.names(transcript.awards, _EXCELLENT) and not (both and nines >= _SIX):
        yield Finding(
            codes.RULE_AWARD, "/awards", "TT 22/2021 art. 15.1.a: conduct and learning T, six averages of 9.0"
        )
    elif awards.names(transcript.awards, _GOOD) and not both:
        yield Finding(codes.RULE_AWARD, "/awards", "TT 22/2021 art. 15.1.b: conduct and learning T")
