"""Rules of circular 27/2020/TT-BGDĐT, grades 1 to 5: subjects, levels, test marks, overall result. Pure.

Pointers are in the registry's own words (`/marks/3/test_mark`); `registry.formats.documents` turns them into wire names.
What a year leads to (art. 11, 13) is in `registry.core.rules_primary_outcome`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from registry.core import codes, rules_primary_outcome, subjects
from registry.core.findings import Effect, Finding
from registry.core.rule_sets import Rule
from registry.core.subjects import Need, Subject
from registry.core.transcript import Letter, PrimaryMark, PrimaryResults, Transcript

EXEMPT = "M"
LEVELS = ("T", "H", "C", EXEMPT)  # art. 7.1: hoàn thành tốt, hoàn thành, chưa hoàn thành
LETTERS = ("T", "Đ", "C")  # art. 7.2: tốt, đạt, cần cố gắng
RESULTS = ("HTXS", "HTT", "HT", "CHT")  # art. 9.2

#: Subjects with a test mark at the end of the year (art. 7.1.c; Khoa học rests on unverified knowledge of the Vietnamese text).
TESTED = frozenset(
    {
        Subject.VIETNAMESE,
        Subject.MATHEMATICS,
        Subject.FOREIGN_LANGUAGE_1,
        Subject.HISTORY_AND_GEOGRAPHY,
        Subject.SCIENCE,
        Subject.INFORMATICS_AND_TECHNOLOGY,
        Subject.INFORMATICS,
        Subject.TECHNOLOGY,
        Subject.MINORITY_LANGUAGE,
    }
)

_TEN = Decimal(10)
#: From this grade on Tin học và Công nghệ is taught, so that both of its competencies are assessed.
_FIRST_OF_TEN = 3
_FROM_THEN_ON = ("technology", "informatics")

RULES: tuple[Rule, ...] = (
    Rule(codes.RULE_SUBJECT, "Cấu trúc công bố: mamonhoc", "Mỗi môn một dòng", "Each subject once"),
    Rule(codes.RULE_SUBJECT_PARTS, "TT 32/2018", "Môn ghép ghi chung hoặc riêng từng phần, không ghi cả hai",
         "Combined subjects whole or in parts, not both", unverified=True),
    Rule(codes.RULE_SUBJECT_GRADE, "TT 32/2018", "Môn học thuộc chương trình của khối lớp",
         "Subjects of the grade's programme", unverified=True),
    Rule(codes.RULE_SUBJECT_MISSING, "TT 32/2018", "Đủ các môn bắt buộc của khối lớp",
         "All compulsory subjects of the grade", unverified=True),
    Rule(codes.RULE_LEVEL, "TT 27/2020 art. 7, 9.2",
         "Môn học T, H, C (M: miễn); 5 phẩm chất và 10 năng lực T, Đ, C; kết quả HTXS, HTT, HT, CHT",
         "Subjects T, H, C (M: exempt); five qualities and ten competencies T, Đ, C; results HTXS, HTT, HT, CHT"),
    Rule(codes.RULE_MARK_MISSING, "TT 27/2020 art. 7.1", "Môn có kiểm tra ghi điểm; mọi môn ghi mức đạt được",
         "Tested subjects carry the test's mark; every subject its level"),
    Rule(codes.RULE_EXEMPT, "Cấu trúc công bố: mucdatduoc, diemkiemtradinhky", "Miễn học (M) thì không có điểm kiểm tra",
         "Who is exempt (M) has no test mark"),
    Rule(codes.RULE_COMPETENCY_MISSING, "TT 27/2020 art. 7.2", "Từ lớp 3 có đủ mười năng lực",
         "All ten competencies from grade 3 on", unverified=True),
    Rule(codes.RULE_TEST_MISSING, "TT 27/2020 art. 7.1", "Khoa học có điểm kiểm tra", "Khoa học is tested", unverified=True),
    Rule(codes.RULE_MARK_KIND, "TT 27/2020 art. 7.1", "Chỉ môn có kiểm tra mới ghi điểm số",
         "Numbers only in tested subjects"),
    Rule(codes.RULE_MARK_SCALE, "TT 27/2020 art. 7.1", "Điểm kiểm tra từ 0 đến 10", "Test marks from 0 to 10"),
    Rule(codes.RULE_MARK_DECIMAL, "TT 27/2020 art. 7.1", "Điểm kiểm tra là số nguyên", "Test marks are whole numbers",
         unverified=True),
    Rule(codes.RULE_RESULT, "TT 27/2020 art. 9.2", "Kết quả giáo dục tính lại từ các mức và điểm",
         "The overall result follows from levels and marks"),
    Rule(codes.RULE_PROMOTION, "TT 27/2020 art. 11.1", "HTXS, HTT, HT được lên lớp (lớp 1 đến 4)",
         "HTXS, HTT and HT are promoted (grades 1 to 4)"),
    Rule(codes.RULE_PROMOTION_DECISION, "TT 27/2020 art. 11.2",
         "CHT được lên lớp theo quyết định của hiệu trưởng, có ghi nội dung",
         "With CHT the principal may promote; the decision is written down"),
    Rule(codes.RULE_COMPLETION, "TT 27/2020 art. 11", "HTXS, HTT, HT hoàn thành chương trình lớp; lớp 5 hoàn thành tiểu học",
         "HTXS, HTT and HT complete the grade, in grade 5 primary school"),
    Rule(codes.RULE_COMPLETION_OPEN, "TT 27/2020 art. 11.2", "CHT không ghi hoàn thành chương trình lớp",
         "CHT does not complete the grade"),
    Rule(codes.RULE_AWARD, "TT 27/2020 art. 13", "Học sinh Xuất sắc: kết quả HTXS; Học sinh Tiêu biểu: từ HTT",
         "Học sinh Xuất sắc: result HTXS; Học sinh Tiêu biểu: HTT or better"),
)  # fmt: skip


def check(transcript: Transcript) -> list[Finding]:
    """Check a primary transcript; codes: those of RULES.

    The overall result is recomputed only when no mark or level is refused, and what it leads to only when it holds, so that
    one mistake gives one finding. A disabled pupil who is not assessed needs no row, level or result; what is given must still
    be well-formed.
    """
    results = transcript.primary
    if results is None:
        return []
    assessed = not transcript.disabled_not_assessed
    findings = [*_row_findings(results.marks, transcript.grade, assessed), *_letter_findings(results)]
    if assessed and transcript.grade >= _FIRST_OF_TEN:
        findings += _missing_competencies(results)
    if not assessed or results.overall is None or any(f.code.effect is Effect.REFUSE for f in findings):
        return findings
    wrong = _result_findings(results, transcript.grade)
    return [*findings, *(wrong or rules_primary_outcome.check(transcript, results))]


def overall_result(levels: Iterable[str], letters: Iterable[str], tests: Iterable[Decimal]) -> str:
    """The overall result of a year by art. 9.2, out of RESULTS.

    `levels` of all subjects and activities (T, H, C), `letters` of all qualities and competencies (T, Đ, C), `tests` the
    end-of-year test marks; exempt subjects are left out by the caller.
    """
    levels, letters, lowest = set(levels), set(letters), min(tests, default=_TEN)
    if levels <= {"T"} and letters <= {"T"} and lowest >= 9:
        return "HTXS"
    if levels <= {"T"} and letters <= {"T"} and lowest >= 7:
        return "HTT"
    if levels <= {"T", "H"} and letters <= {"T", "Đ"} and lowest >= 5:
        return "HT"
    return "CHT"


def _row_findings(marks: Sequence[PrimaryMark], grade: int, assessed: bool) -> list[Finding]:
    findings: list[Finding] = []
    taught, rows = subjects.taught_in(grade), subjects.layout(grade, tuple([row.subject for row in marks]))
    for index, row in enumerate(marks):
        pointer = f"/marks/{index}"
        findings += [Finding(code, f"{pointer}/subject", detail) for code, detail in rows.troubles[index]]
        if not rows.repeats[index]:
            findings += _level_findings(row, pointer, assessed)
            findings += _test_findings(row, pointer, assessed and _needs_test(row, taught.get(row.subject), marks))
    if assessed:
        findings += subjects.missing_findings(rows)
    return findings


def _level_findings(row: PrimaryMark, pointer: str, assessed: bool) -> list[Finding]:
    """Art. 7.1: every subject and activity gets one of three levels."""
    if row.level is None:
        return (
            [Finding(codes.RULE_MARK_MISSING, f"{pointer}/level", "TT 27/2020 art. 7.1: T, H or C, M if exempt")]
            if assessed
            else []
        )
    if row.level not in LEVELS:
        return [Finding(codes.RULE_LEVEL, f"{pointer}/level", "TT 27/2020 art. 7.1: T, H or C, M if exempt")]
    return []


def _test_findings(row: PrimaryMark, pointer: str, needed: bool) -> list[Finding]:
    """Art. 7.1: test marks are whole numbers from 0 to 10, only in the subjects that have a test."""
    mark, pointer = row.test_mark, f"{pointer}/test_mark"
    if mark is None or mark is Letter.EXEMPT:  # M exempts from the subject, never from its test alone
        code = codes.RULE_TEST_MISSING if row.subject is Subject.SCIENCE else codes.RULE_MARK_MISSING
        return [Finding(code, pointer, "TT 27/2020 art. 7.1: end-of-year test, M if exempt")] if needed else []
    if row.subject not in TESTED or isinstance(mark, Letter):
        return [Finding(codes.RULE_MARK_KIND, pointer, "TT 27/2020 art. 7.1: a number, only in subjects with a test")]
    if mark > 10 or mark < 0:
        return [Finding(codes.RULE_MARK_SCALE, pointer, "TT 27/2020 art. 7.1: from 0 to 10")]
    if row.level == EXEMPT:
        return [Finding(codes.RULE_EXEMPT, pointer, "TT 27/2020 art. 7.1: no test mark beside level M")]
    return [Finding(codes.RULE_MARK_DECIMAL, pointer, "TT 27/2020 art. 7.1: a whole number")] if mark % 1 else []


def _needs_test(row: PrimaryMark, need: Need | None, marks: Sequence[PrimaryMark]) -> bool:
    """True when the row must carry a test mark; of a subject given in several rows one of them is enough."""
    if row.subject not in TESTED or need is not Need.COMPULSORY or row.level == EXEMPT:
        return False
    whole = subjects.WHOLE.get(row.subject, row.subject)
    others = (m for m in marks if m.subject is not row.subject and subjects.WHOLE.get(m.subject, m.subject) is whole)
    return not any(isinstance(other.test_mark, Decimal) for other in others)


def _letter_findings(results: PrimaryResults) -> list[Finding]:
    """Art. 7.2 for qualities and competencies, art. 9.2 for the overall result."""
    findings = [
        Finding(codes.RULE_LEVEL, f"/{group}/{name}", "TT 27/2020 art. 7.2: T, Đ or C")
        for group, letters in (("qualities", results.qualities), ("competencies", results.competencies))
        for name, letter in letters.items()
        if letter is not None and letter not in LETTERS
    ]
    if results.overall is not None and results.overall not in RESULTS:
        findings.append(Finding(codes.RULE_LEVEL, "/overall", "TT 27/2020 art. 9.2: HTXS, HTT, HT or CHT"))
    return findings


def _missing_competencies(results: PrimaryResults) -> list[Finding]:
    """Art. 7.2: ten competencies; the published structure lets two of them be absent, which grades 1 and 2 need."""
    return [
        Finding(
            codes.RULE_COMPETENCY_MISSING, f"/competencies/{name}", "TT 27/2020 art. 7.2: T, Đ or C from grade 3 on"
        )
        for name in _FROM_THEN_ON
        if results.competencies.get(name) is None
    ]


def _result_findings(results: PrimaryResults, grade: int) -> list[Finding]:
    """Art. 9.2; which rows count, and whether optional subjects' tests do, is open, so every reading is accepted.

    Where nothing was assessed no subject is at Hoàn thành either.
    """
    rows = [row for row in results.marks if row.level not in (EXEMPT, None)]
    letters = [x for x in (*results.qualities.values(), *results.competencies.values()) if x is not None]
    taught = subjects.taught_in(grade)
    readings = set()
    for counted in subjects.rows_that_count(rows, taught):
        levels = [row.level for row in counted if row.level is not None]
        tests = [(row.subject, row.test_mark) for row in counted if isinstance(row.test_mark, Decimal)]
        compulsory = [mark for subject, mark in tests if taught.get(subject) is Need.COMPULSORY]
        readings |= {overall_result(levels, letters, marks) for marks in ([m for _, m in tests], compulsory)}
    if results.overall in (readings if rows else {"CHT"}):
        return []
    return [
        Finding(
            codes.RULE_RESULT, "/overall", "TT 27/2020 art. 9.2, from levels, qualities, competencies and test marks"
        )
    ]
