"""Rules of circular 22/2021/TT-BGDĐT, grades 6 to 12: subjects, marks, averages, conduct, learning results. Pure.

Pointers are in the registry's own words (`/marks/3/term1`, `/learning/year`). What a year leads to (art. 12 to 15) is in
`registry.core.rules_secondary_outcome`. Where the circular can be read in several ways, every reading is accepted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from itertools import product
from operator import attrgetter

from registry.core import codes, rules_secondary_outcome, subjects
from registry.core.findings import Code, Effect, Finding
from registry.core.rule_sets import Rule
from registry.core.subjects import Subject
from registry.core.transcript import Letter, Mark, SecondaryMark, SecondaryResults, Terms, Transcript, is_mark

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
_MARK_OF = {period: attrgetter(period) for period in _PERIODS}
#: Where a letter of conduct or learning stands, and how it is asked for.
_LETTERS = (
    *(f"/{group}/{period}" for group in ("learning", "conduct") for period in _PERIODS),
    "/learning_retaken",
    "/conduct_retaken",
)
_letters = attrgetter(*(pointer[1:].replace("/", ".") for pointer in _LETTERS))
_LEVELS_OR_NONE = frozenset({*LEVELS, None})
#: Marks that may be missing, of everybody and of who came late.
_RETAKE, _RETAKE_AND_TERM1 = frozenset({"retake"}), frozenset({"retake", "term1"})
_ZERO, _TENTH, _TEN = Decimal(0), Decimal("0.1"), Decimal(10)
_M35, _M50, _M65, _M80 = Decimal("3.5"), Decimal(5), Decimal("6.5"), Decimal(8)  # the marks of art. 9.2
_NO_MARK = Decimal(-1)
_SIX = 6  # art. 9.2: "ít nhất 06 môn học"
_EXEMPT, _NOT_PASSED = (
    Letter.EXEMPT,
    Letter.FAILED,
)  # asked of every mark, where finding the name costs more than the question
_Given = tuple[list[Decimal], list[Subject]]
#: Where a finding leaves open what the year leads to.
_OF_THE_YEAR = frozenset({"/learning/year", "/conduct/year", "/learning_retaken", "/conduct_retaken"})

RULES: tuple[Rule, ...] = (
    Rule(codes.RULE_SUBJECT, "Cấu trúc công bố: mamonhoc", "Mỗi môn một dòng", "Each subject once"),
    Rule(codes.RULE_SUBJECT_PARTS, "TT 32/2018", "Môn ghép ghi chung hoặc riêng từng phần, không ghi cả hai",
         "Combined subjects whole or in parts, not both", unverified=True),
    Rule(codes.RULE_SUBJECT_GRADE, "TT 32/2018", "Môn học thuộc chương trình của khối lớp",
         "Subjects of the grade's programme", unverified=True),
    Rule(codes.RULE_SUBJECT_MISSING, "TT 32/2018", "Đủ các môn bắt buộc; lớp 10 đến 12 có 4 môn lựa chọn",
         "All compulsory subjects; four electives in grades 10 to 12", unverified=True),
    Rule(codes.RULE_MARK_KIND, "TT 22/2021 art. 5.3", "Môn cho điểm ghi số; môn nhận xét ghi Đ, CĐ; M: miễn",
         "Scored subjects carry numbers, comment-assessed ones Đ or CĐ; M: exempt"),
    Rule(codes.RULE_MARK_SCALE, "TT 22/2021 art. 5.3.b", "Điểm từ 0 đến 10, tối đa một chữ số thập phân",
         "Marks from 0 to 10, at most one decimal"),
    Rule(codes.RULE_MARK_MISSING, "TT 22/2021 art. 9.1", "Mỗi môn có điểm hai học kỳ và cả năm, hoặc M",
         "Every subject has both terms and the year, or M"),
    Rule(codes.RULE_EXEMPT, "Cấu trúc công bố: diemhocky1, diemhocky2, diemcanam",
         "Miễn học (M): có điểm hai học kỳ thì có điểm cả năm, không có điểm học kỳ nào thì không có điểm cả năm",
         "Exempt (M): with marks of both terms there is one of the year, with none there is none"),
    Rule(codes.RULE_ONE_TERM, "TT 22/2021 art. 9.1", "Chỉ có điểm một học kỳ: cả năm theo học kỳ đó",
         "With marks of one term alone the year is as that term", unverified=True),
    Rule(codes.RULE_TERM_MISSING, "TT 22/2021 art. 9.1", "Học sinh vào học từ học kỳ II: không môn nào có điểm học kỳ I",
         "A pupil who came with term 2: no subject has a mark of term 1", unverified=True),
    Rule(codes.RULE_ELECTIVES, "TT 32/2018", "Lớp 10 đến 12 không quá 4 môn lựa chọn",
         "At most four electives in grades 10 to 12", unverified=True),
    Rule(codes.RULE_YEAR_AVERAGE, "TT 22/2021 art. 9.1.b", "ĐTBmcn = (HKI + 2 × HKII) / 3, làm tròn một chữ số",
         "Year = (term 1 + 2 × term 2) / 3, rounded half up to one digit"),
    Rule(codes.RULE_COMMENT_YEAR, "TT 22/2021 art. 9.1.a", "Môn nhận xét: cả năm theo học kỳ II",
         "Comment-assessed subjects: the year is as term 2", unverified=True),
    Rule(codes.RULE_LEVEL, "TT 22/2021 art. 8, 9", "Rèn luyện và học tập: T, K, Đ, CĐ", "Conduct and learning: T, K, Đ, CĐ"),
    Rule(codes.RULE_CONDUCT_YEAR, "TT 22/2021 art. 8", "Rèn luyện cả năm theo bảng hai học kỳ",
         "Conduct of the year by the table of both terms"),
    Rule(codes.RULE_RESULT, "TT 22/2021 art. 9.2, 9.3", "Kết quả học tập từng kỳ và cả năm tính lại, mọi cách hiểu hợp lý",
         "The learning result per term and year, by any admissible reading"),
    Rule(codes.RULE_RESULT_LIBERAL, "TT 22/2021 art. 9.3", "Điều chỉnh mức theo cách hiểu rộng",
         "An adjustment that needs a liberal reading", unverified=True),
    Rule(codes.RULE_PROMOTION, "TT 22/2021 art. 12.1", "Lên lớp: rèn luyện và học tập từ Đ, nghỉ không quá 45 buổi",
         "Promotion: conduct and learning Đ or better, at most 45 half-days absent"),
    Rule(codes.RULE_PROMOTION_OPEN, "TT 22/2021 art. 12.1", "Đủ điều kiện thì được lên lớp (trừ lớp 9, 12)",
         "Who meets all conditions is promoted (grades 9 and 12 apart)"),
    Rule(codes.RULE_COMPLETION_OPEN, "TT 22/2021 art. 12", "Chưa đủ điều kiện thì không ghi hoàn thành chương trình",
         "Completion is not said before the conditions are met"),
    Rule(codes.RULE_SUMMER_TRAINING, "TT 22/2021 art. 13", "Rèn luyện trong hè khi rèn luyện cả năm là CĐ",
         "Training in summer after CĐ in conduct of the year"),
    Rule(codes.RULE_RETAKE, "TT 22/2021 art. 14", "Đánh giá lại khi học tập cả năm là CĐ",
         "Re-assessment after CĐ in learning of the year"),
    Rule(codes.RULE_RETAKE_UNUSUAL, "TT 22/2021 art. 14", "Đánh giá lại môn dưới 5,0 hoặc CĐ, rèn luyện từ Đ",
         "Re-assessed are subjects below 5.0 or at CĐ, with conduct Đ or better", unverified=True),
    Rule(codes.RULE_RETAKE_RESULT, "TT 22/2021 art. 14", "Kết quả sau đánh giá lại tính với điểm kiểm tra lại",
         "The result afterwards follows from the retaken marks", unverified=True),
    Rule(codes.RULE_AWARD, "TT 22/2021 art. 15", "Xuất sắc: rèn luyện, học tập T, sáu môn từ 9,0; Giỏi: cả hai T",
         "Xuất sắc: conduct and learning T, six averages of 9.0; Giỏi: both T"),
)  # fmt: skip


def check(transcript: Transcript) -> list[Finding]:
    """Check a secondary transcript; codes: those of RULES.

    The learning result of a period is recomputed only when none of its marks is refused, and what the year leads to only when
    its results hold, so that one mistake gives one finding.
    For a disabled pupil who is not assessed nothing is required and nothing recomputed; what is given must be well-formed.
    """
    results = transcript.secondary
    if results is None:
        return []
    assessed = not transcript.disabled_not_assessed
    spoiled: set[str] = set()
    late = assessed and _came_with_term2(results.marks)
    rows = subjects.layout(transcript.grade, tuple([row.subject for row in results.marks]))
    findings = list(_row_findings(results.marks, rows, assessed, late, spoiled))
    findings += _letter_findings(results, spoiled)
    findings += _conduct_findings(results.conduct)
    if assessed:
        findings += _learning_findings(results, rows, transcript.grade, spoiled)
        if not any(f.code.effect is Effect.REFUSE and f.pointer in _OF_THE_YEAR for f in findings):
            findings += rules_secondary_outcome.check(
                transcript,
                results,
                lambda marks: _readings(_given(marks, "year", rows, transcript.grade), transcript.grade),
            )
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
    best_first = sorted(scored, reverse=True)
    lowest = best_first[-1] if best_first else _TEN
    # What six subjects reach, the sixth best does; with a bonus the fifth.
    sixth = best_first[_SIX - bonus - 1] if len(best_first) >= _SIX - bonus else _NO_MARK
    if failed == 0 and lowest >= _M65 and sixth >= _M80:
        return _GOOD
    if failed == 0 and lowest >= _M50 and sixth >= _M65:
        return _FAIR
    if failed <= 1 and lowest >= _M35 and sixth >= _M50:
        return _PASSED
    return _FAILED


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


def _came_with_term2(marks: Sequence[SecondaryMark]) -> bool:
    """True when no subject has a mark of term 1 and some have one of term 2: what the year is then no text read says."""
    return not any(is_mark(row.term1) for row in marks) and any(is_mark(row.term2) for row in marks)


def _row_findings(
    marks: Sequence[SecondaryMark], rows: subjects.Layout, assessed: bool, late: bool, spoiled: set[str]
) -> Iterator[Finding]:
    if late:
        spoiled.add("term1")  # nothing to recompute its result from
        yield Finding(codes.RULE_TERM_MISSING, "/marks", "TT 22/2021 art. 9.1: marks of term 1")
    for index, row in enumerate(marks):
        for code, detail in rows.troubles[index]:
            yield Finding(code, f"/marks/{index}/subject", detail)
        if rows.repeats[index]:
            spoiled.update(_PERIODS)
            continue
        troubles = _mark_troubles(
            row.term1, row.term2, row.year, row.retake, row.subject in COMMENT_ASSESSED, assessed, late
        )
        for period, code, detail in troubles:
            if code.effect is Effect.REFUSE:
                spoiled.add(period)
            yield Finding(code, f"/marks/{index}/{period}", detail)
    if assessed:
        yield from subjects.missing_findings(rows)


@lru_cache(maxsize=8192)
def _mark_troubles(
    term1: Mark, term2: Mark, year: Mark, retake: Mark, comment_assessed: bool, assessed: bool, late: bool
) -> tuple[tuple[str, Code, str], ...]:
    """Art. 5.3 and 9.1 of the marks of one subject, whoever has them: kind and scale of each that is given; none missing unless the
    pupil is exempt, or came `late`; the year's beside those of the terms. Column, code and detail of each that is wrong.
    """
    needless = _RETAKE_AND_TERM1 if late else _RETAKE
    exempt = term1 is _EXEMPT or term2 is _EXEMPT or year is _EXEMPT
    found: list[tuple[str, Code, str]] = []
    for period, mark in zip(_COLUMNS, (term1, term2, year, retake), strict=True):
        trouble = None if mark is None else _trouble(mark, comment_assessed)
        if trouble is not None:
            found.append((period, *trouble))
        elif mark is None and period not in needless and assessed and not exempt:
            found.append((period, codes.RULE_MARK_MISSING, "TT 22/2021 art. 9.1: terms and year, M if exempt"))
    trouble = _year_trouble(term1, term2, year, comment_assessed) if assessed and not found else None
    if trouble is not None:
        found.append(("year", *trouble))
    if assessed and retake is _EXEMPT and is_mark(year):
        found.append(("retake", codes.RULE_EXEMPT, "TT 22/2021 art. 14: a mark, not M beside one of the year"))
    return tuple(found)


def _year_trouble(term1: Mark, term2: Mark, year: Mark, comment_assessed: bool) -> tuple[Code, str] | None:
    """What speaks against the year's mark of a subject beside those of its terms (art. 9.1), all of them being well-formed."""
    terms = [mark for mark in (term1, term2) if is_mark(mark)]
    if len(terms) == 1:
        wrong = year != terms[0]
        return (codes.RULE_ONE_TERM, "TT 22/2021 art. 9.1: as in the term that has a mark") if wrong else None
    if is_mark(year) != bool(terms):
        return codes.RULE_EXEMPT, "TT 22/2021 art. 9.1: a mark with marks of the terms, M or none without"
    if comment_assessed and year is not term2 and terms:
        return codes.RULE_COMMENT_YEAR, "TT 22/2021 art. 9.1.a: as in term 2"
    if not comment_assessed and not _averages(term1, term2, year):
        return codes.RULE_YEAR_AVERAGE, "TT 22/2021 art. 9.1.b: (term 1 + 2 × term 2) / 3, half up"
    return None


def _trouble(mark: Decimal | Letter, comment_assessed: bool) -> tuple[Code, str] | None:
    if not isinstance(mark, Decimal):
        if comment_assessed or mark is _EXEMPT:
            return None
        return codes.RULE_MARK_KIND, "TT 22/2021 art. 5.3.b: a scored subject carries numbers, or M"
    if comment_assessed:
        return codes.RULE_MARK_KIND, "TT 22/2021 art. 5.3.a: a comment-assessed subject carries Đ, CĐ or M"
    if not _ZERO <= mark <= _TEN or mark % _TENTH:
        return codes.RULE_MARK_SCALE, "TT 22/2021 art. 5.3.b: 0 to 10, one decimal at most"
    return None


def _averages(term1: Mark, term2: Mark, year: Mark) -> bool:
    """True unless all three marks are numbers and the year's is not their average (art. 9.1.b)."""
    if isinstance(term1, Decimal) and isinstance(term2, Decimal) and isinstance(year, Decimal):
        return year == year_average(term1, term2)
    return True


def _letter_findings(results: SecondaryResults, spoiled: set[str]) -> Iterator[Finding]:
    """Art. 8 and 9: four levels and no other."""
    for pointer, letter in zip(_LETTERS, _letters(results), strict=True):
        if letter not in _LEVELS_OR_NONE:
            if pointer.startswith("/learning/"):
                spoiled.add(pointer.removeprefix("/learning/"))
            yield Finding(codes.RULE_LEVEL, pointer, "TT 22/2021 art. 8, 9: T, K, Đ or CĐ")


def _conduct_findings(conduct: Terms) -> list[Finding]:
    """Art. 8.2: the year's conduct follows from both terms."""
    expected = CONDUCT_YEAR.get((conduct.term1 or "", conduct.term2 or ""))
    if expected is None or conduct.year not in LEVELS or conduct.year == expected:
        return []
    return [Finding(codes.RULE_CONDUCT_YEAR, "/conduct/year", "TT 22/2021 art. 8, from both terms")]


def _learning_findings(
    results: SecondaryResults, rows: subjects.Layout, grade: int, spoiled: set[str]
) -> Iterator[Finding]:
    """Art. 9.2 and 9.3 for each term and the year; which reading of 9.3 a result needs is told."""
    for period in _PERIODS:
        declared = getattr(results.learning, period)
        if declared is None or period in spoiled:
            continue
        given = _given(results.marks, period, rows, grade)
        if declared in _narrow(given):  # each of these is a reading too
            continue
        if declared not in _readings(given, grade):
            yield Finding(
                codes.RULE_RESULT, f"/learning/{period}", "TT 22/2021 art. 9.2 and 9.3, from the marks of the period"
            )
        else:
            yield Finding(codes.RULE_RESULT_LIBERAL, f"/learning/{period}", "TT 22/2021 art. 9.3")


def _readings(given: Sequence[_Given], grade: int) -> frozenset[str]:
    """Admissible results of a period.

    Nghệ thuật in two rows may count as one subject or as two (grades 6 to 9); subjects of no known grade count or not.
    """
    found: frozenset[str] = frozenset()
    for scored, failed in given:
        found |= admissible_results(len(failed), scored)
        if len(failed) > 1 and grade < 10:
            found |= admissible_results(len({subjects.WHOLE.get(subject, subject) for subject in failed}), scored)
    return found


def _narrow(given: Sequence[_Given]) -> frozenset[str]:
    """The results without the open points of art. 9.3: the one subject is a scored one and counts towards nothing."""
    return frozenset(_strict_result(len(failed), scored) for scored, failed in given)


def _strict_result(failed: int, scored: Sequence[Decimal]) -> str:
    base = _base(failed, scored)
    return LEVELS[base if base >= _FAIR else base + _lifted(base, failed, scored, comment=False, bonus=0)]


def _given(marks: Sequence[SecondaryMark], period: str, rows: subjects.Layout, grade: int) -> list[_Given]:
    """For each choice of rows that count: the averages of the scored subjects, and the comment-assessed subjects at CĐ."""
    found = []
    for counted in (marks,) if rows.all_count else subjects.rows_that_count(marks, subjects.taught_in(grade)):
        given = list(map(_MARK_OF[period], counted))
        scored = [mark for mark in given if type(mark) is Decimal]
        found.append((scored, [r.subject for r, mark in zip(counted, given, strict=True) if mark is _NOT_PASSED]))
    return found
