"""Rules of circular 22/2021/TT-BGDĐT, grades 6 to 12: subjects, marks, averages, conduct, learning results. Pure.

Pointers are in the registry's own words (`/marks/3/term1`, `/learning/year`). Promotion, summer training, re-assessment and
awards (art. 12 to 15) are not judged here. Where the circular can be read in several ways, every reading is accepted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from itertools import product

from registry.core import codes, subjects
from registry.core.findings import Code, Finding
from registry.core.subjects import Subject
from registry.core.transcript import Letter, SecondaryMark, SecondaryResults, Terms, Transcript

#: Levels of conduct (art. 8) and of learning (art. 9), lowest first: chưa đạt, đạt, khá, tốt.
LEVELS = ("CĐ", "Đ", "K", "T")
_FAILED, _PASSED, _FAIR, _GOOD = range(4)

#: Subjects assessed by comment only: Đ or CĐ (art. 5.3.a).
COMMENT_ASSESSED = frozenset(
    {
        Subject.PHYSICAL_EDUCATION,
        Subject.ART,
        Subject.MUSIC,
        Subject.FINE_ART,
        Subject.LOCAL_EDUCATION,
        Subject.EXPERIENCE,
    }
)

#: Conduct of the year by (term 1, term 2), art. 8.
CONDUCT_YEAR: Mapping[tuple[str, str], str] = {
    (term1, term2): year
    for term2, row in {
        "T": ("T", "T", "K", "K"),
        "K": ("K", "K", "K", "Đ"),
        "Đ": ("K", "Đ", "Đ", "Đ"),
        "CĐ": ("CĐ", "CĐ", "CĐ", "CĐ"),
    }.items()
    for term1, year in zip(("T", "K", "Đ", "CĐ"), row, strict=True)
}

_PERIODS = ("term1", "term2", "year")
_COLUMNS = (*_PERIODS, "retake")
_ZERO, _TENTH, _TEN = Decimal(0), Decimal("0.1"), Decimal(10)
_M35, _M50, _M65, _M80 = Decimal("3.5"), Decimal(5), Decimal("6.5"), Decimal(8)  # the marks of art. 9.2
_SIX = 6  # art. 9.2: "ít nhất 06 môn học"


def check(transcript: Transcript) -> list[Finding]:
    """Check a secondary transcript; codes rule-subject, -subject-missing, -mark-kind, -mark-missing, -mark-scale, -level,
    -year-average, -conduct-year, -result.

    The learning result of a period is recomputed only from marks without a finding, so that one mistake gives one finding.
    For a disabled pupil who is not assessed nothing is required and nothing recomputed; what is given must be well-formed.
    """
    results = transcript.secondary
    if results is None:
        return []
    assessed = not transcript.disabled_not_assessed
    spoiled: set[str] = set()
    findings = list(_row_findings(results.marks, transcript.grade, assessed, spoiled))
    findings += _letter_findings(results, spoiled)
    findings += _conduct_findings(results.conduct)
    if assessed:
        findings += _learning_findings(results, transcript.grade, spoiled)
    return findings


def year_average(term1: Decimal, term2: Decimal) -> Decimal:
    """ĐTBmcn of a subject from its two rounded term averages (art. 9.1.b): one digit, half up."""
    return ((term1 + 2 * term2) / 3).quantize(_TENTH, ROUND_HALF_UP)


def base_result(failed: int, scored: Sequence[Decimal]) -> str:
    """The learning result by art. 9.2 alone: `failed` comment-assessed subjects at CĐ, averages of the scored subjects."""
    return LEVELS[_base(failed, scored)]


def admissible_results(failed: int, scored: Sequence[Decimal]) -> frozenset[str]:
    """Every learning result that some reading of art. 9.2 and 9.3 gives.

    Art. 9.3 lifts a result by one level when a single subject alone pulled it down by two levels or more from Tốt or Khá.
    Open points: whether that subject may be comment-assessed, and whether it may count towards the six.
    """
    base = _base(failed, scored)
    if base >= _FAIR:
        return frozenset({LEVELS[base]})
    readings = product((False, True), (0, 1))
    return frozenset(LEVELS[base + _lifted(base, failed, scored, comment, bonus)] for comment, bonus in readings)


def _base(failed: int, scored: Sequence[Decimal], bonus: int = 0) -> int:
    """Art. 9.2 as an index into LEVELS; `bonus` subjects count towards the six without being in `scored`."""
    lowest = min(scored, default=_TEN)
    if failed == 0 and lowest >= _M65 and _count(scored, _M80) + bonus >= _SIX:
        return _GOOD
    if failed == 0 and lowest >= _M50 and _count(scored, _M65) + bonus >= _SIX:
        return _FAIR
    if failed <= 1 and lowest >= _M35 and _count(scored, _M50) + bonus >= _SIX:
        return _PASSED
    return _FAILED


def _count(scored: Sequence[Decimal], at_least: Decimal) -> int:
    return sum(mark >= at_least for mark in scored)


def _lifted(base: int, failed: int, scored: Sequence[Decimal], comment: bool, bonus: int) -> bool:
    """Art. 9.3 in one reading: would the result be Tốt or Khá, two levels up or more, were it not for one subject?

    Of the scored subjects only the lowest can be that one: with any other left out the lowest would still hold it down.
    """
    without = _FAILED
    if scored:
        rest = list(scored)
        rest.remove(min(rest))
        without = _base(failed, rest, bonus)
    if comment and failed == 1:
        without = max(without, _base(0, scored))
    return without >= _FAIR and without - base >= 2


def _row_findings(marks: Sequence[SecondaryMark], grade: int, assessed: bool, spoiled: set[str]) -> Iterator[Finding]:
    taught, seen = subjects.taught_in(grade), frozenset[Subject]()
    for index, row in enumerate(marks):
        pointer = f"/marks/{index}"
        if row.subject not in taught or subjects.overlaps(row.subject, seen):
            spoiled.update(_PERIODS)
            yield Finding(codes.RULE_SUBJECT, f"{pointer}/subject", "TT 32/2018: one row per subject of the grade")
        else:
            yield from _mark_findings(row, pointer, assessed, spoiled)
        seen |= {row.subject}
    missing = [*subjects.missing_findings(grade, seen)] if assessed else []
    if missing:
        spoiled.update(_PERIODS)
    yield from missing


def _mark_findings(row: SecondaryMark, pointer: str, assessed: bool, spoiled: set[str]) -> Iterator[Finding]:
    """Art. 5.3: kind and scale of every mark given; none missing unless the pupil is exempt."""
    given = (row.term1, row.term2, row.year, row.retake)
    comment_assessed, clean = row.subject in COMMENT_ASSESSED, True
    for period, mark in zip(_COLUMNS, given, strict=True):
        if mark is None:
            needed = assessed and period != "retake" and not any(other is Letter.EXEMPT for other in given)
            trouble = (codes.RULE_MARK_MISSING, "TT 22/2021 art. 9.1: terms and year, M if exempt") if needed else None
        else:
            trouble = _trouble(mark, comment_assessed)
        if trouble is not None:
            spoiled.add(period)
            clean = False
            yield Finding(trouble[0], f"{pointer}/{period}", trouble[1])
    if clean and assessed and not comment_assessed and not _averages(row):
        spoiled.add("year")
        yield Finding(
            codes.RULE_YEAR_AVERAGE, f"{pointer}/year", "TT 22/2021 art. 9.1.b: (term 1 + 2 × term 2) / 3, half up"
        )


def _trouble(mark: Decimal | Letter, comment_assessed: bool) -> tuple[Code, str] | None:
    if isinstance(mark, Letter):
        if comment_assessed or mark is Letter.EXEMPT:
            return None
        return codes.RULE_MARK_KIND, "TT 22/2021 art. 5.3.b: a scored subject carries numbers, or M"
    if comment_assessed:
        return codes.RULE_MARK_KIND, "TT 22/2021 art. 5.3.a: a comment-assessed subject carries Đ, CĐ or M"
    if not _ZERO <= mark <= _TEN or mark % _TENTH:
        return codes.RULE_MARK_SCALE, "TT 22/2021 art. 5.3.b: 0 to 10, one decimal at most"
    return None


def _averages(row: SecondaryMark) -> bool:
    """True unless all three marks are numbers and the year's is not their average (art. 9.1.b)."""
    if isinstance(row.term1, Decimal) and isinstance(row.term2, Decimal) and isinstance(row.year, Decimal):
        return row.year == year_average(row.term1, row.term2)
    return True


def _letter_findings(results: SecondaryResults, spoiled: set[str]) -> Iterator[Finding]:
    """Art. 8 and 9: four levels and no other."""
    declared = {
        **{f"/learning/{period}": getattr(results.learning, period) for period in _PERIODS},
        **{f"/conduct/{period}": getattr(results.conduct, period) for period in _PERIODS},
        "/learning_retaken": results.learning_retaken,
        "/conduct_retaken": results.conduct_retaken,
    }
    for pointer, letter in declared.items():
        if letter is not None and letter not in LEVELS:
            if pointer.startswith("/learning/"):
                spoiled.add(pointer.removeprefix("/learning/"))
            yield Finding(codes.RULE_LEVEL, pointer, "TT 22/2021 art. 8, 9: T, K, Đ or CĐ")


def _conduct_findings(conduct: Terms) -> list[Finding]:
    """Art. 8.2: the year's conduct follows from both terms."""
    expected = CONDUCT_YEAR.get((conduct.term1 or "", conduct.term2 or ""))
    if expected is None or conduct.year not in LEVELS or conduct.year == expected:
        return []
    return [Finding(codes.RULE_CONDUCT_YEAR, "/conduct/year", "TT 22/2021 art. 8, from both terms")]


def _learning_findings(results: SecondaryResults, grade: int, spoiled: set[str]) -> Iterator[Finding]:
    """Art. 9.2 and 9.3 for each term and the year."""
    for period in _PERIODS:
        declared = getattr(results.learning, period)
        if declared is not None and period not in spoiled and declared not in _readings(results.marks, period, grade):
            yield Finding(
                codes.RULE_RESULT, f"/learning/{period}", "TT 22/2021 art. 9.2 and 9.3, from the marks of the period"
            )


def _readings(marks: Sequence[SecondaryMark], period: str, grade: int) -> frozenset[str]:
    """Admissible results of a period; Nghệ thuật in two rows may count as one subject or as two (grades 6 to 9)."""
    given = [(row.subject, getattr(row, period)) for row in marks]
    scored = [mark for _, mark in given if isinstance(mark, Decimal)]
    failed = [subject for subject, mark in given if mark is Letter.FAILED]
    found = admissible_results(len(failed), scored)
    if len(failed) > 1 and grade < 10:
        found |= admissible_results(len({subjects.WHOLE.get(subject, subject) for subject in failed}), scored)
    return found
