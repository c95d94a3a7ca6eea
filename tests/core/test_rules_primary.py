"""TT 27/2020/TT-BGDĐT: examples worked out by hand, each with its clause, and one change at a time to a good year."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from registry.core import rules, rules_primary
from registry.core.ids import SchoolYear
from registry.core.subjects import Subject
from registry.core.transcript import Letter, Mark, PrimaryMark, PrimaryResults, Transcript
from tests.core.test_rules import found, made

S = Subject
QUALITIES = dict.fromkeys(("patriotism", "compassion", "diligence", "honesty", "responsibility"), "T")
_COMPETENCIES = (
    "autonomy",
    "communication",
    "language",
    "calculation",
    "science",
    "fitness",
    "technology",
    "informatics",
)
COMPETENCIES = dict.fromkeys(_COMPETENCIES, "T")


def row(subject: Subject, level: str | None = "T", test: Mark | int = None) -> PrimaryMark:
    return PrimaryMark(subject, "", level, Decimal(test) if isinstance(test, int) else test)


GRADE_4 = (
    row(S.VIETNAMESE, test=9),
    row(S.MATHEMATICS, test=10),
    row(S.FOREIGN_LANGUAGE_1, test=9),
    row(S.HISTORY_AND_GEOGRAPHY, test=9),
    row(S.SCIENCE, test=10),
    row(S.INFORMATICS_AND_TECHNOLOGY, test=9),
    row(S.ETHICS),
    row(S.PHYSICAL_EDUCATION),
    row(S.ART),
    row(S.EXPERIENCE),
)
GRADE_1 = (
    row(S.VIETNAMESE, test=9),
    row(S.MATHEMATICS, test=9),
    row(S.ETHICS),
    row(S.NATURE_AND_SOCIETY),
    row(S.PHYSICAL_EDUCATION),
    row(S.MUSIC),
    row(S.FINE_ART),
    row(S.EXPERIENCE),
)


def results(marks: tuple[PrimaryMark, ...], overall: str | None = "HTXS") -> PrimaryResults:
    return PrimaryResults(marks, QUALITIES, COMPETENCIES, overall, overall != "CHT", False)


def year(grade: int, marks: tuple[PrimaryMark, ...], overall: str | None = "HTXS") -> Transcript:
    judged = results(marks, overall)
    passed = judged.grade_completed
    note = f"Hoàn thành chương trình lớp {grade}" if passed else None
    transcript = made(grade).but(school_year=SchoolYear(2024), primary=judged, promoted=passed, awards=None)
    return transcript.but(completion_note=note)


def swapped(index: int, **changes: object) -> tuple[PrimaryMark, ...]:
    marks = list(GRADE_4)
    marks[index] = marks[index]._replace(**changes)  # type: ignore[arg-type]
    return tuple(marks)


@pytest.mark.parametrize(
    ("levels", "letters", "tests", "expected"),
    [
        ("TTTT", "TTT", (9, 10, 9), "HTXS"),  # art. 9.2.a
        ("TTTT", "TTT", (9, 10, 8), "HTT"),  # art. 9.2.b: one test of 8
        ("TTTT", "TTT", (7, 7, 7), "HTT"),
        ("TTTT", "TTT", (10, 10, 6), "HT"),
        ("TTTH", "TTT", (10, 10, 10), "HT"),  # a single H loses the distinction
        ("TTTT", "TTĐ", (10, 10, 10), "HT"),
        ("HHHH", "ĐĐĐ", (5, 5, 5), "HT"),  # art. 9.2.c
        ("HHHH", "ĐĐĐ", (5, 5, 4), "CHT"),  # art. 9.2.d
        ("TTTC", "TTT", (10, 10, 10), "CHT"),
        ("TTTT", "TTC", (10, 10, 10), "CHT"),
        ("TTTT", "TTT", (), "HTXS"),  # every tested subject exempt
    ],
)
def test_the_overall_result_follows_art_9_2(levels: str, letters: str, tests: tuple[int, ...], expected: str) -> None:
    assert rules_primary.overall_result(levels, letters, [Decimal(mark) for mark in tests]) == expected


Change = Callable[[], Transcript]

CHANGES: list[tuple[Change, list[tuple[str, str]]]] = [
    (lambda: year(4, GRADE_4), []),
    (lambda: year(1, GRADE_1), []),
    # art. 9.2: overall result
    (lambda: year(4, GRADE_4, "HTT"), [("rule-result", "/overall")]),
    (lambda: year(4, GRADE_4, "CHT"), [("rule-result", "/overall")]),
    (lambda: year(4, swapped(0, test_mark=Decimal(8))), [("rule-result", "/overall")]),
    (lambda: year(4, swapped(0, test_mark=Decimal(8)), "HTT"), []),
    (lambda: year(4, swapped(6, level="H")), [("rule-result", "/overall")]),
    (lambda: year(4, swapped(6, level="H"), "HT"), []),
    (lambda: year(4, swapped(6, level="C"), "CHT"), []),
    (lambda: year(4, GRADE_4, "Tốt"), [("rule-level", "/overall")]),
    # art. 7.1: levels
    (lambda: year(4, swapped(1, level="Đ")), [("rule-level", "/marks/1/level")]),
    (lambda: year(4, swapped(1, level=None)), [("rule-mark-missing", "/marks/1/level")]),
    # art. 7.1: test marks
    (lambda: year(4, swapped(0, test_mark=Decimal(11))), [("rule-mark-scale", "/marks/0/test_mark")]),
    (
        lambda: year(4, swapped(0, test_mark=Decimal("8.5"))),
        [("rule-mark-decimal", "/marks/0/test_mark"), ("rule-result", "/overall")],
    ),
    (lambda: year(4, swapped(0, test_mark=Decimal("9.5"))), [("rule-mark-decimal", "/marks/0/test_mark")]),
    (lambda: year(4, swapped(0, test_mark=Decimal("9.0"))), []),
    (lambda: year(4, swapped(0, test_mark=Letter.PASSED)), [("rule-mark-kind", "/marks/0/test_mark")]),
    (lambda: year(4, swapped(6, test_mark=Decimal(9))), [("rule-mark-kind", "/marks/6/test_mark")]),
    (lambda: year(4, swapped(0, test_mark=None)), [("rule-mark-missing", "/marks/0/test_mark")]),
    (lambda: year(4, swapped(4, test_mark=None)), [("rule-test-missing", "/marks/4/test_mark")]),
    # exempt
    (lambda: year(4, swapped(7, level="M")), []),
    (lambda: year(4, swapped(5, level="M", test_mark=Letter.EXEMPT)), []),
    (lambda: year(4, swapped(5, level="M", test_mark=None)), []),
    (lambda: year(4, swapped(5, level="M", test_mark=Decimal(3))), [("rule-exempt", "/marks/5/test_mark")]),
    # M exempts from the subject, never from its test alone
    (lambda: year(4, swapped(5, test_mark=Letter.EXEMPT)), [("rule-mark-missing", "/marks/5/test_mark")]),
    (lambda: year(4, swapped(4, test_mark=Letter.EXEMPT)), [("rule-test-missing", "/marks/4/test_mark")]),
    (lambda: year(4, swapped(6, test_mark=Letter.EXEMPT)), []),  # Đạo đức has no test anyway
    # exempt from everything: no subject is at Hoàn thành either (art. 9.2)
    (lambda: year(4, tuple(r._replace(level="M", test_mark=None) for r in GRADE_4)), [("rule-result", "/overall")]),
    (lambda: year(4, tuple(r._replace(level="M", test_mark=None) for r in GRADE_4), "CHT"), []),
    # subjects of the grade (TT 32/2018)
    (lambda: year(4, (*GRADE_4, row(S.NATURE_AND_SOCIETY))), [("rule-subject-grade", "/marks/10/subject")]),
    (lambda: year(4, (*GRADE_4, row(S.ETHICS))), [("rule-subject", "/marks/10/subject")]),
    (lambda: year(4, (*GRADE_4, row(S.MUSIC))), [("rule-subject-parts", "/marks/10/subject")]),
    (lambda: year(1, (*GRADE_1, row(S.ART))), [("rule-subject-parts", "/marks/8/subject")]),
    # whole and in a part: either may count, also for the test
    (lambda: year(4, (*GRADE_4, row(S.MUSIC, "H")), "HTXS"), [("rule-subject-parts", "/marks/10/subject")]),
    (lambda: year(4, (*GRADE_4, row(S.MUSIC, "H")), "HT"), [("rule-subject-parts", "/marks/10/subject")]),
    (
        lambda: year(4, (*GRADE_4, row(S.MUSIC, "H")), "CHT"),
        [("rule-subject-parts", "/marks/10/subject"), ("rule-result", "/overall")],
    ),
    (lambda: year(4, (*GRADE_4, row(S.INFORMATICS))), [("rule-subject-parts", "/marks/10/subject")]),
    (lambda: year(4, GRADE_4[1:]), [("rule-subject-missing", "/marks")]),
    (lambda: year(1, GRADE_1[:5] + GRADE_1[6:]), [("rule-subject-missing", "/marks")]),
    (lambda: year(4, GRADE_4[2:]), [("rule-subject-missing", "/marks")] * 2),
    (lambda: year(1, (*GRADE_1, row(S.MINORITY_LANGUAGE))), []),
    # an optional subject's test may count or not: grade 1, Ngoại ngữ 1
    (lambda: year(1, (*GRADE_1, row(S.FOREIGN_LANGUAGE_1))), []),
    (lambda: year(1, (*GRADE_1, row(S.FOREIGN_LANGUAGE_1, test=6)), "HTXS"), []),
    (lambda: year(1, (*GRADE_1, row(S.FOREIGN_LANGUAGE_1, test=6)), "HT"), []),
    (lambda: year(1, (*GRADE_1, row(S.FOREIGN_LANGUAGE_1, test=6)), "HTT"), [("rule-result", "/overall")]),
    # combined subjects in two rows: one test mark is enough
    (lambda: year(4, (*GRADE_4[:5], *GRADE_4[6:], row(S.INFORMATICS, test=9), row(S.TECHNOLOGY, test=9))), []),
    (lambda: year(4, (*GRADE_4[:5], *GRADE_4[6:], row(S.INFORMATICS, test=9), row(S.TECHNOLOGY))), []),
    (
        lambda: year(4, (*GRADE_4[:5], *GRADE_4[6:], row(S.INFORMATICS), row(S.TECHNOLOGY))),
        [("rule-mark-missing", "/marks/9/test_mark"), ("rule-mark-missing", "/marks/10/test_mark")],
    ),
]


@pytest.mark.parametrize(("change", "expected"), CHANGES)
def test_one_change_gives_its_own_code(change: Change, expected: list[tuple[str, str]]) -> None:
    assert found(change()) == expected


def test_grades_3_to_5_have_ten_competencies() -> None:
    """Art. 7.2; the two that grades 1 and 2 have no subject for are missed from grade 3 on."""
    eight = {name: letter for name, letter in COMPETENCIES.items() if name not in ("technology", "informatics")}
    some = {**eight, "informatics": None}
    missing = [("rule-competency-missing", f"/competencies/{name}") for name in ("technology", "informatics")]
    for competencies in (eight, some):
        assert found(year(4, GRADE_4).but(primary=results(GRADE_4).but(competencies=competencies))) == missing
        assert found(year(1, GRADE_1).but(primary=results(GRADE_1).but(competencies=competencies))) == []


def test_letters_of_qualities_and_competencies() -> None:
    good = results(GRADE_4)
    changed = good.but(qualities={**QUALITIES, "honesty": "H"}, competencies={**COMPETENCIES, "language": "K"})
    assert found(year(4, GRADE_4).but(primary=changed)) == [
        ("rule-level", "/qualities/honesty"),
        ("rule-level", "/competencies/language"),
    ]
    weak = good.but(qualities={**QUALITIES, "honesty": "C"})
    assert found(year(4, GRADE_4).but(primary=weak)) == [("rule-result", "/overall")]
    assert found(year(4, GRADE_4, "CHT").but(primary=weak.but(overall="CHT", grade_completed=False))) == []


def test_a_disabled_pupil_not_assessed_needs_nothing_but_what_is_given_must_be_good() -> None:
    nothing = PrimaryResults((), {}, {}, None, False, False)
    assert found(year(4, ()).but(disabled_not_assessed=True, primary=nothing)) == []
    some = results((row(S.VIETNAMESE, None), row(S.MATHEMATICS, "T", 11)), None)
    assert found(year(4, ()).but(disabled_not_assessed=True, primary=some)) == [
        ("rule-mark-scale", "/marks/1/test_mark")
    ]


def test_promotion_after_cht_is_left_to_the_principal() -> None:
    """Art. 11.2; the decision has to stand there in words."""
    transcript = year(4, swapped(6, level="C"), "CHT").but(completion_note="Hiệu trưởng quyết định cho lên lớp")
    assert found(transcript.but(promoted=True)) == found(transcript.but(promoted=False)) == []
    without = transcript.but(promoted=True, completion_note=None)
    assert found(without) == [("rule-promotion-decision", "/completion_note")]


def test_who_has_passed_is_promoted_and_has_completed_the_grade() -> None:
    """Art. 11.1."""
    good = year(4, GRADE_4)
    assert good.primary is not None
    assert found(good.but(promoted=False)) == [("rule-promotion", "/promoted")]
    assert found(good.but(primary=good.primary.but(grade_completed=False))) == [("rule-completion", "/grade_completed")]
    assert found(good.but(primary=good.primary.but(level_completed=True))) == [("rule-completion", "/level_completed")]
    failed = year(4, swapped(6, level="C"), "CHT")
    assert failed.primary is not None
    assert found(failed.but(primary=failed.primary.but(grade_completed=True))) == [
        ("rule-completion-open", "/grade_completed")
    ]
    in_words = [("rule-completion-open", "/completion_note")]
    assert found(failed.but(completion_note="Hoàn thành chương trình lớp 4")) == in_words
    assert found(failed.but(completion_note="Chưa hoàn thành chương trình lớp 4")) == []


@pytest.mark.parametrize(
    ("text", "overall", "expected"),
    [
        ("Học sinh Xuất sắc", "HTXS", []),
        ("Học sinh Xuất sắc", "HTT", ["rule-award"]),
        ("Giấy khen; danh hiệu “Học sinh Xuất sắc”", "HTT", ["rule-award"]),
        ("Giải ba học sinh xuất sắc môn Toán cấp quận", "HTT", []),
        ("Học sinh Tiêu biểu hoàn thành tốt trong học tập và rèn luyện", "HTT", []),
        ("Học sinh Tiêu biểu hoàn thành tốt trong học tập và rèn luyện", "HTXS", []),
        ("Học sinh Tiêu biểu hoàn thành tốt trong học tập và rèn luyện", "HT", ["rule-award"]),
        ("Khen thưởng danh hiệu Học sinh Tiêu biểu năm học 2024-2025", "HT", ["rule-award"]),
        ("Tiến bộ tiêu biểu về năng lực tự học", "HT", []),
    ],
)
def test_the_titles_of_art_13(text: str, overall: str, expected: list[str]) -> None:
    marks = {"HTXS": GRADE_4, "HTT": swapped(0, test_mark=Decimal(8)), "HT": swapped(0, test_mark=Decimal(6))}[overall]
    assert [code for code, _ in found(year(4, marks, overall).but(awards=text))] == expected


def test_details_name_the_circular() -> None:
    findings = rules.check(year(4, swapped(0, test_mark=Decimal(11))))
    assert all(finding.detail.startswith("TT 27/2020") for finding in findings)
