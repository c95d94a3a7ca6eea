"""TT 22/2021/TT-BGDĐT: examples worked out by hand, each with its clause, and one change at a time to a good year."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from itertools import product

import pytest

from registry.core import rules_secondary
from registry.core.subjects import Subject
from registry.core.transcript import Letter, Mark, SecondaryMark, SecondaryResults, Terms, Transcript
from tests.core.test_rules import found, made

S = Subject
_FIRST_FIVE = (S.LITERATURE, S.MATHEMATICS, S.FOREIGN_LANGUAGE_1, S.CIVICS, S.HISTORY_AND_GEOGRAPHY)
SCORED = (*_FIRST_FIVE, S.NATURAL_SCIENCE, S.TECHNOLOGY, S.INFORMATICS)
COMMENT = (S.PHYSICAL_EDUCATION, S.ART, S.EXPERIENCE, S.LOCAL_EDUCATION)
UPPER = (S.LITERATURE, S.MATHEMATICS, S.FOREIGN_LANGUAGE_1, S.HISTORY, S.DEFENCE)
GOOD = Terms("T", "T", "T")


def row(subject: Subject, term1: Mark | str, term2: Mark | str, year: Mark | str, **more: Mark) -> SecondaryMark:
    term1, term2, year = (Decimal(m) if type(m) is str else m for m in (term1, term2, year))
    return SecondaryMark(subject, "", term1, term2, year, **more)  # type: ignore[arg-type]


def same(subject: Subject, mark: Mark | str) -> SecondaryMark:
    return row(subject, mark, mark, mark)


def rows(*marks: str, comments: tuple[Letter, ...] = (Letter.PASSED,) * 4) -> tuple[SecondaryMark, ...]:
    """A year of grade 6 with these marks in the eight scored subjects, the same in every period."""
    scored = tuple(same(subject, mark) for subject, mark in zip(SCORED, marks, strict=True))
    return scored + tuple(same(subject, letter) for subject, letter in zip(COMMENT, comments, strict=True))


EIGHTS = ("9", "8", "8", "8", "8", "8", "6.5", "6.5")


def year(marks: tuple[SecondaryMark, ...], level: str = "T", conduct: Terms = GOOD, grade: int = 6) -> Transcript:
    promoted = "CĐ" not in (level, conduct.year)
    results = SecondaryResults(marks, Terms(level, level, level), conduct)
    return made(grade).but(secondary=results, promoted=promoted, awards=None)


def swapped(index: int, **changes: Mark) -> tuple[SecondaryMark, ...]:
    marks = list(rows(*EIGHTS))
    marks[index] = marks[index]._replace(**changes)  # type: ignore[arg-type]
    return tuple(marks)


def decimals(text: str) -> list[Decimal]:
    return [Decimal(mark) for mark in text.split()]


@pytest.mark.parametrize(
    ("term1", "term2", "expected"),
    [
        ("8.0", "8.0", "8.0"),
        ("7.0", "8.0", "7.7"),  # 23 / 3 = 7.66...
        ("8.0", "7.0", "7.3"),  # 22 / 3 = 7.33...
        ("6.4", "6.5", "6.5"),  # 19.4 / 3 = 6.466...
        ("6.3", "6.5", "6.4"),  # 19.3 / 3 = 6.433...
        ("0", "10", "6.7"),
        ("10", "0", "3.3"),
        ("4.9", "5.0", "5.0"),  # 14.9 / 3 = 4.966...
    ],
)
def test_the_year_average_follows_art_9_1(term1: str, term2: str, expected: str) -> None:
    assert rules_secondary.year_average(Decimal(term1), Decimal(term2)) == Decimal(expected)


@pytest.mark.parametrize(
    ("failed", "scored", "expected"),
    [
        # art. 9.2.a, tốt: all >= 6.5, at least six >= 8.0, no comment-assessed subject failed
        (0, "8 8 8 8 8 8 6.5 6.5", "T"),
        (0, "8 8 8 8 8 7.9 6.5 6.5", "K"),
        (0, "8 8 8 8 8 8 8 6.4", "K"),
        (1, "9 9 9 9 9 9 9 9", "Đ"),
        # art. 9.2.b, khá: all >= 5.0, at least six >= 6.5
        (0, "6.5 6.5 6.5 6.5 6.5 6.5 5 5", "K"),
        (0, "6.5 6.5 6.5 6.5 6.5 6.4 5 5", "Đ"),
        (0, "6.5 6.5 6.5 6.5 6.5 6.5 5 4.9", "Đ"),
        # art. 9.2.c, đạt: at most one failed, at least six >= 5.0, none < 3.5
        (0, "5 5 5 5 5 5 3.5 3.5", "Đ"),
        (1, "5 5 5 5 5 5 3.5 3.5", "Đ"),
        (0, "5 5 5 5 5 4.9 4.9 4.9", "CĐ"),
        (0, "5 5 5 5 5 5 5 3.4", "CĐ"),
        (2, "9 9 9 9 9 9 9 9", "CĐ"),  # art. 9.2.d
    ],
)
def test_the_learning_result_follows_art_9_2(failed: int, scored: str, expected: str) -> None:
    assert rules_secondary.base_result(failed, decimals(scored)) == expected


@pytest.mark.parametrize(
    ("failed", "scored", "expected"),
    [
        # art. 9.3: a single scored subject costs two levels or more -> one level up, in every reading
        (0, "9 9 9 9 9 9 9 4.9", {"K"}),  # tốt but for one: đạt -> khá
        (0, "9 9 9 9 9 9 9 3.4", {"Đ"}),  # tốt but for one: chưa đạt -> đạt
        (0, "7 7 7 7 7 7 7 3.4", {"Đ"}),  # khá but for one: chưa đạt -> đạt
        # a fall of one level only is not adjusted
        (0, "9 9 9 9 9 9 9 5.0", {"K"}),
        (0, "7 7 7 7 7 7 7 4.9", {"Đ"}),
        # two subjects pull it down: not adjusted
        (0, "9 9 9 9 9 9 4.9 4.9", {"Đ"}),
        (0, "9 9 9 9 9 9 3.4 3.4", {"CĐ"}),
        # open: may the subject be comment-assessed?
        (1, "9 9 9 9 9 9 9 9", {"Đ", "K"}),
        (1, "7 7 7 7 7 7 7 7", {"Đ"}),  # khá but for one comment: only one level
        # open: does the subject count towards the six?
        (0, "9 9 9 9 9 7 7 4.9", {"Đ", "K"}),
        (0, "7 7 7 7 7 5 5 3.4", {"CĐ", "Đ"}),
        # a comment and a scored subject: two subjects
        (1, "9 9 9 9 9 9 9 3.4", {"CĐ"}),
        (0, "", {"CĐ"}),
    ],
)
def test_the_adjustment_of_art_9_3_in_every_reading(failed: int, scored: str, expected: set[str]) -> None:
    assert rules_secondary.admissible_results(failed, decimals(scored)) == expected


def test_only_the_lowest_scored_subject_can_be_the_one_of_art_9_3() -> None:
    """The short cut against the text: leave out each subject in turn."""
    steps = [Decimal(mark) for mark in ("3.4", "4.9", "6.4", "7.9", "9")]
    for scored in product(steps, repeat=7):
        if list(scored) != sorted(scored):
            continue
        base = rules_secondary.LEVELS.index(rules_secondary.base_result(0, scored))
        for bonus in (0, 1):
            without = [rules_secondary._base(0, [*scored[:i], *scored[i + 1 :]], bonus) for i in range(7)]
            lifted = base < 2 and any(level >= 2 and level - base >= 2 for level in without)
            assert lifted == (base < 2 and rules_secondary._lifted(base, 0, scored, False, bonus))


#: Conduct of the year, art. 8: term 2 in rows, term 1 in columns.
CONDUCT = {
    "T": {"T": "T", "K": "T", "Đ": "K", "CĐ": "K"},
    "K": {"T": "K", "K": "K", "Đ": "K", "CĐ": "Đ"},
    "Đ": {"T": "K", "K": "Đ", "Đ": "Đ", "CĐ": "Đ"},
    "CĐ": {"T": "CĐ", "K": "CĐ", "Đ": "CĐ", "CĐ": "CĐ"},
}


@pytest.mark.parametrize(("term1", "term2", "declared"), product(rules_secondary.LEVELS, repeat=3))
def test_the_conduct_of_the_year_follows_the_table_of_art_8(term1: str, term2: str, declared: str) -> None:
    expected = [] if declared == CONDUCT[term2][term1] else [("rule-conduct-year", "/conduct/year")]
    assert found(year(rows(*EIGHTS), conduct=Terms(term1, term2, declared))) == expected


Change = Callable[[], Transcript]
EXEMPT, PASSED, FAILED = Letter.EXEMPT, Letter.PASSED, Letter.FAILED
ALL_RESULTS = [("rule-result", f"/learning/{period}") for period in ("term1", "term2", "year")]
LIBERAL = [("rule-result-liberal", f"/learning/{period}") for period in ("term1", "term2", "year")]

PARTS = [("rule-subject-parts", "/marks/12/subject")]

CHANGES: list[tuple[Change, list[tuple[str, str]]]] = [
    (lambda: year(rows(*EIGHTS)), []),
    # art. 9.2, 9.3: learning results
    (lambda: year(rows(*EIGHTS), "K"), ALL_RESULTS),
    (lambda: year(rows("9", "9", "9", "9", "9", "9", "9", "4.9"), "K"), []),
    (lambda: year(rows("9", "9", "9", "9", "9", "9", "9", "4.9"), "Đ"), ALL_RESULTS),
    (lambda: year(rows("9", "9", "9", "9", "9", "7", "7", "4.9"), "Đ"), []),
    (lambda: year(rows("9", "9", "9", "9", "9", "7", "7", "4.9"), "K"), LIBERAL),  # the one counts towards the six
    (lambda: year(rows("9", "9", "9", "9", "9", "7", "7", "4.9"), "T"), ALL_RESULTS),
    (lambda: year(rows(*EIGHTS, comments=(FAILED, PASSED, PASSED, PASSED)), "Đ"), []),
    (lambda: year(rows(*EIGHTS, comments=(FAILED, FAILED, PASSED, PASSED)), "CĐ"), []),
    (lambda: year(rows(*EIGHTS, comments=(FAILED, FAILED, PASSED, PASSED)), "Đ"), ALL_RESULTS),
    # Nghệ thuật in two rows, both failed: one subject or two
    (lambda: year((*rows(*EIGHTS)[:8], *_art(FAILED, FAILED)), "Đ"), LIBERAL),
    (lambda: year((*rows(*EIGHTS)[:8], *_art(FAILED, FAILED)), "CĐ"), []),
    (lambda: year((*rows(*EIGHTS)[:8], *_art(FAILED, FAILED)), "T"), ALL_RESULTS),
    (lambda: year((*rows(*EIGHTS)[:8], *_art(PASSED, PASSED))), []),
    # art. 9.1.b: the year's average; the year's result is then not judged
    (lambda: year(swapped(0, year=Decimal("8.9"))), [("rule-year-average", "/marks/0/year")]),
    (lambda: year(swapped(6, year=Decimal("6.4"))), [("rule-year-average", "/marks/6/year")]),
    (lambda: year(swapped(0, term1=Decimal("8.8"))), [("rule-year-average", "/marks/0/year")]),
    (lambda: year(swapped(0, term1=Decimal("8.9"))), []),  # (8.9 + 18) / 3 = 8.97 -> 9.0
    # art. 5.3: scale and kind
    (lambda: year(swapped(0, term1=Decimal(11))), [("rule-mark-scale", "/marks/0/term1")]),
    (lambda: year(swapped(0, term2=Decimal("8.55"))), [("rule-mark-scale", "/marks/0/term2")]),
    (lambda: year(swapped(0, year=Decimal("10.1"))), [("rule-mark-scale", "/marks/0/year")]),
    (
        lambda: year(swapped(0, retake=Decimal("11"))),
        [("rule-mark-scale", "/marks/0/retake"), ("rule-retake", "/marks/0/retake")],
    ),
    (lambda: year(swapped(0, term1=PASSED)), [("rule-mark-kind", "/marks/0/term1")]),
    (lambda: year(swapped(8, term2=Decimal(9))), [("rule-mark-kind", "/marks/8/term2")]),
    (
        lambda: year(swapped(8, retake=Decimal(9))),
        [("rule-mark-kind", "/marks/8/retake"), ("rule-retake", "/marks/8/retake")],
    ),
    # art. 9.1: nothing missing
    (lambda: year(swapped(3, term1=None)), [("rule-mark-missing", "/marks/3/term1")]),
    (lambda: year(swapped(3, year=None)), [("rule-mark-missing", "/marks/3/year")]),
    (lambda: year(swapped(9, year=None)), [("rule-mark-missing", "/marks/9/year")]),
    # art. 9.1.a: a comment-assessed subject's year is that of term 2
    (
        lambda: year(swapped(8, year=FAILED)),
        [("rule-comment-year", "/marks/8/year"), ("rule-result", "/learning/year")],
    ),
    # exempt
    (lambda: year(swapped(8, term1=EXEMPT, term2=EXEMPT, year=EXEMPT)), []),
    (lambda: year(swapped(7, term1=EXEMPT, term2=None, year=None)), []),
    (lambda: year(swapped(7, term1=EXEMPT)), []),
    # M in one place and a mark in another: what both terms say can't be left out of the year, nor made up in it
    (lambda: year(swapped(7, year=EXEMPT)), [("rule-exempt", "/marks/7/year")]),
    (lambda: year(swapped(9, year=EXEMPT)), [("rule-exempt", "/marks/9/year")]),
    (lambda: year(swapped(7, term1=EXEMPT, term2=EXEMPT)), [("rule-exempt", "/marks/7/year")]),
    (lambda: year(swapped(7, term1=EXEMPT, year=EXEMPT)), [("rule-one-term", "/marks/7/year")]),
    (lambda: year(swapped(7, term1=EXEMPT, year=Decimal(10))), [("rule-one-term", "/marks/7/year")]),
    (lambda: year(swapped(9, term2=EXEMPT, year=FAILED)), [("rule-one-term", "/marks/9/year"), ALL_RESULTS[2]]),
    (
        lambda: year(swapped(7, term1=None, term2=None, year=None, retake=EXEMPT)),
        [("rule-mark-missing", f"/marks/7/{period}") for period in ("term1", "term2", "year")],
    ),
    # a pupil who came with term 2: its marks are those of the year, and term 1 has no result to recompute
    (lambda: late(), [("rule-term-missing", "/marks")]),
    (lambda: late(mark=EXEMPT), [("rule-term-missing", "/marks")]),
    (lambda: late(year=Decimal(10)), [("rule-term-missing", "/marks"), ("rule-one-term", "/marks/3/year")]),
    # subjects of the grade (TT 32/2018)
    (lambda: year((*rows(*EIGHTS), same(S.PHYSICS, "8"))), [("rule-subject-grade", "/marks/12/subject")]),
    (lambda: year((*rows(*EIGHTS), same(S.MATHEMATICS, "8"))), [("rule-subject", "/marks/12/subject")]),
    (lambda: year((*rows(*EIGHTS), same(S.MUSIC, PASSED))), PARTS),
    # Nghệ thuật whole and in a part, of which one failed: either may count
    (lambda: year((*rows(*EIGHTS), same(S.MUSIC, FAILED)), "T"), PARTS),
    (lambda: year((*rows(*EIGHTS), same(S.MUSIC, FAILED)), "Đ"), PARTS),
    (lambda: year((*rows(*EIGHTS), same(S.MUSIC, FAILED)), "CĐ"), [*PARTS, *ALL_RESULTS]),
    (lambda: year(rows(*EIGHTS)[1:]), [("rule-subject-missing", "/marks"), *ALL_RESULTS]),
    (lambda: year(rows(*EIGHTS)[:7] + rows(*EIGHTS)[8:]), [("rule-subject-missing", "/marks")]),
    (lambda: year((*rows(*EIGHTS), same(S.FOREIGN_LANGUAGE_2, "8"))), []),
    # electives (grades 10 to 12)
    (lambda: year(_upper(S.PHYSICS, S.CHEMISTRY, S.BIOLOGY, S.MUSIC), grade=10), []),
    (lambda: year(_upper(S.PHYSICS, S.CHEMISTRY, S.BIOLOGY), grade=10), [("rule-subject-missing", "/marks")]),
    (
        lambda: year(_upper(S.PHYSICS, S.CHEMISTRY, S.BIOLOGY, S.MUSIC, S.GEOGRAPHY), grade=10),
        [("rule-electives", "/marks")],
    ),
    (
        lambda: year(_upper(S.PHYSICS, S.CHEMISTRY, S.BIOLOGY, S.TECHNOLOGY, S.CIVICS), grade=12),
        [("rule-subject-grade", "/marks/12/subject")],
    ),
]


def late(mark: Mark = None, **changes: Mark) -> Transcript:
    """Good marks in term 2 and the year, none in term 1; whatever the principal says of term 1 is taken."""
    marks = [each._replace(term1=mark) for each in rows(*EIGHTS)]
    marks[3] = marks[3]._replace(**changes)  # type: ignore[arg-type]
    transcript = year(tuple(marks))
    assert transcript.secondary is not None
    return transcript.but(secondary=transcript.secondary.but(learning=Terms("K", "T", "T")))


def _art(music: Letter, fine_art: Letter) -> tuple[SecondaryMark, ...]:
    others = (same(subject, PASSED) for subject in COMMENT if subject is not S.ART)
    return (same(S.MUSIC, music), same(S.FINE_ART, fine_art), *others)


def _upper(*electives: Subject) -> tuple[SecondaryMark, ...]:
    compulsory = (*(same(subject, "8.5") for subject in UPPER), *(same(s, PASSED) for s in (COMMENT[0], *COMMENT[2:])))
    return (*compulsory, *(same(s, PASSED if s is S.MUSIC else "8.5") for s in electives))


@pytest.mark.parametrize(("change", "expected"), CHANGES)
def test_one_change_gives_its_own_code(change: Change, expected: list[tuple[str, str]]) -> None:
    assert found(change()) == expected


def test_letters_outside_the_four_levels() -> None:
    results = SecondaryResults(rows(*EIGHTS), Terms("G", "T", "T"), Terms("T", "H", "T"), "TB", "Y")
    assert found(year(()).but(secondary=results)) == [
        ("rule-level", "/learning/term1"),
        ("rule-level", "/conduct/term2"),
        ("rule-level", "/learning_retaken"),
        ("rule-level", "/conduct_retaken"),
    ]


def test_a_disabled_pupil_not_assessed_needs_nothing_but_what_is_given_must_be_good() -> None:
    nothing = SecondaryResults((), Terms(None, None, None), GOOD)
    assert found(year(()).but(disabled_not_assessed=True, secondary=nothing)) == []
    some = nothing.but(marks=(row(S.MATHEMATICS, "11", None, None), same(S.LITERATURE, PASSED)))
    assert found(year(()).but(disabled_not_assessed=True, secondary=some)) == [
        ("rule-mark-scale", "/marks/0/term1"),
        *(("rule-mark-kind", f"/marks/1/{period}") for period in ("term1", "term2", "year")),
    ]


# --- what a year leads to ------------------------------------------------------------------------------------------------

FAILING = ("6", "6", "6", "6", "6", "5", "4", "3")  # art. 9.2.d: one average below 3.5


def failing(**changes: object) -> Transcript:
    transcript = year(rows(*FAILING), "CĐ")
    assert transcript.secondary is not None
    return transcript.but(secondary=transcript.secondary.but(**changes))


def with_retakes(*retakes: tuple[int, str]) -> tuple[SecondaryMark, ...]:
    marks = list(rows(*FAILING))
    for index, mark in retakes:
        marks[index] = marks[index]._replace(retake=EXEMPT if mark == "M" else Decimal(mark))
    return tuple(marks)


OUTCOMES: list[tuple[Change, list[tuple[str, str]]]] = [
    # art. 12.1: all three conditions, 45 half-days being the most
    (lambda: year(rows(*EIGHTS)).but(promoted=False), [("rule-promotion-open", "/promoted")]),
    (lambda: failing().but(promoted=True), [("rule-promotion", "/promoted")]),
    (lambda: absent("45"), []),
    (lambda: absent("46"), [("rule-promotion", "/promoted")]),
    (lambda: absent("46").but(promoted=False), []),
    # art. 13: training in summer after CĐ in conduct, and with Đ the pupil is promoted
    (lambda: trained("CĐ", "Đ").but(promoted=True), []),
    (lambda: trained("CĐ", "CĐ"), []),
    (lambda: trained("CĐ", "CĐ").but(promoted=True), [("rule-promotion", "/promoted")]),
    (lambda: trained("Đ", "Đ").but(promoted=True), [("rule-summer-training", "/conduct_retaken")]),
    # art. 14: re-assessment of averages below 5.0; 5.0 and 5.0 in their place give Đ (art. 9.2.c)
    (lambda: failing(marks=with_retakes((6, "5"), (7, "5")), learning_retaken="Đ").but(promoted=True), []),
    (lambda: failing(marks=with_retakes((7, "3.4")), learning_retaken="CĐ"), []),
    (
        lambda: failing(marks=with_retakes((7, "3.4")), learning_retaken="Đ").but(promoted=True),
        [("rule-retake-result", "/learning_retaken")],
    ),
    (
        lambda: failing(marks=with_retakes((0, "7"), (7, "5")), learning_retaken="Đ").but(promoted=True),
        [("rule-retake-unusual", "/marks/0/retake")],
    ),
    (lambda: retaken_without_need(), [("rule-retake", "/learning_retaken")]),
    # what is unusual about the summer does not open what art. 12.1 closes
    (
        lambda: absent("200", failing(marks=with_retakes((0, "7"), (6, "5"), (7, "5")), learning_retaken="Đ")),
        [("rule-retake-unusual", "/marks/0/retake")],
    ),
    (
        lambda: absent("200", failing(marks=with_retakes((0, "7"), (6, "5"), (7, "5")), learning_retaken="Đ")).but(
            promoted=True
        ),
        [("rule-retake-unusual", "/marks/0/retake"), ("rule-promotion", "/promoted")],
    ),
    (
        lambda: failing(marks=with_retakes((0, "7")), conduct=Terms("T", "CĐ", "CĐ")).but(promoted=True),
        [
            ("rule-retake-unusual", "/marks/0/retake"),
            ("rule-retake-unusual", "/marks/0/retake"),
            ("rule-promotion", "/promoted"),
        ],
    ),
    # M in the place of a retaken mark leaves the failed average where it is
    (
        lambda: failing(marks=with_retakes((6, "M"), (7, "M")), learning_retaken="Đ"),
        [
            ("rule-exempt", "/marks/6/retake"),
            ("rule-exempt", "/marks/7/retake"),
            ("rule-retake-result", "/learning_retaken"),
        ],
    ),
    # completion is said when the conditions of art. 12.1 are met, in the last grade of a level as in any other
    (lambda: year(rows(*EIGHTS)).but(completion_note="Hoàn thành chương trình lớp 6"), []),
    (
        lambda: failing().but(grade=9, completion_note="Hoàn thành chương trình trung học cơ sở"),
        [("rule-completion-open", "/completion_note")],
    ),
    (lambda: failing().but(completion_note="Chưa đủ điều kiện hoàn thành chương trình lớp 6"), []),
    (
        lambda: absent("46").but(promoted=False, completion_note="Đã HOÀN THÀNH chương trình"),
        [("rule-completion-open", "/completion_note")],
    ),
    # art. 15
    (lambda: year(rows(*EIGHTS)).but(awards="Học sinh Giỏi"), []),
    (lambda: year(rows(*EIGHTS)).but(awards="Học sinh Xuất sắc"), [("rule-award", "/awards")]),
    (lambda: year(rows(*("9",) * 6, "6.5", "6.5")).but(awards="Học sinh Xuất sắc"), []),
    (lambda: year(rows(*("7",) * 8), "K").but(awards="Học sinh Giỏi"), [("rule-award", "/awards")]),
    (lambda: year(rows(*("7",) * 8), "K").but(awards="Giải nhì học sinh giỏi cấp thành phố"), []),
    *(
        (lambda text=text: year(rows(*("7",) * 8), "K").but(awards=text), [("rule-award", "/awards")])
        for text in (
            "Đạt danh hiệu Học sinh Giỏi",
            "Danh hiệu: Học sinh giỏi cả năm",
            "Học sinh Giỏi năm học 2025-2026",
            "Khen thưởng danh hiệu “Học sinh Xuất sắc” cuối năm; giấy khen",
        )
    ),
]


def absent(half_days: str, transcript: Transcript | None = None) -> Transcript:
    transcript = transcript or year(rows(*EIGHTS))
    assert transcript.secondary is not None
    return transcript.but(secondary=transcript.secondary.but(absences=Decimal(half_days)))


def trained(of_the_year: str, after: str) -> Transcript:
    transcript = year(rows(*EIGHTS), conduct=Terms("K", of_the_year, of_the_year))
    assert transcript.secondary is not None
    return transcript.but(secondary=transcript.secondary.but(conduct_retaken=after))


def retaken_without_need() -> Transcript:
    transcript = year(rows(*EIGHTS))
    assert transcript.secondary is not None
    return transcript.but(secondary=transcript.secondary.but(learning_retaken="T"))


@pytest.mark.parametrize(("change", "expected"), OUTCOMES)
def test_what_a_year_leads_to(change: Change, expected: list[tuple[str, str]]) -> None:
    assert found(change()) == expected


def test_the_liberal_reading_of_art_9_3_is_accepted_and_told() -> None:
    """A comment-assessed subject alone pulls Tốt down to Đạt: whether art. 9.3 lifts that is open."""
    marks = rows(*EIGHTS, comments=(FAILED, PASSED, PASSED, PASSED))
    assert found(year(marks, "Đ")) == []
    assert found(year(marks, "K")) == LIBERAL
    assert found(year(marks, "T")) == ALL_RESULTS


def test_a_summer_is_waited_for_only_where_it_can_change_something() -> None:
    """Art. 13, 14; who was absent on more than 45 half-days stays in the grade whatever the summer brings (art. 12.1.c)."""
    learning, conduct = failing(), trained("CĐ", "CĐ")
    assert conduct.secondary is not None
    conduct = conduct.but(promoted=False, secondary=conduct.secondary.but(conduct_retaken=None))
    for transcript in (learning, conduct):
        assert transcript.awaits_summer
        assert absent("45", transcript).awaits_summer
        assert not absent("45.5", transcript).awaits_summer
    assert not failing(learning_retaken="CĐ").awaits_summer
