"""Rules of circular 27/2020/TT-BGDĐT, grades 1 to 5: subjects, levels, test marks, overall result. Pure.

Pointers are in the registry's own words (`/marks/3/test_mark`); `registry.formats.documents` turns them into wire names.
Promotion, completion and awards are left to the teacher and the principal (art. 11, 13) and not judged here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from registry.core import codes, subjects
from registry.core.findings import Finding
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


def check(transcript: Transcript) -> list[Finding]:
    """Check a primary transcript; codes rule-subject, -subject-missing, -mark-kind, -mark-missing, -mark-scale, -level, -result.

    The overall result is recomputed only from rows without a finding, so that one mistake gives one finding. A disabled
    pupil who is not assessed needs no row, level or result; what is given must still be well-formed.
    """
    results = transcript.primary
    if results is None:
        return []
    assessed = not transcript.disabled_not_assessed
    findings = [*_row_findings(results.marks, transcript.grade, assessed), *_letter_findings(results)]
    if assessed and not findings and results.overall is not None:
        findings += _result_findings(results, transcript.grade)
    return findings


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
    taught, seen = subjects.taught_in(grade), frozenset[Subject]()
    for index, row in enumerate(marks):
        pointer = f"/marks/{index}"
        if row.subject not in taught or subjects.overlaps(row.subject, seen):
            findings.append(
                Finding(codes.RULE_SUBJECT, f"{pointer}/subject", "TT 32/2018: one row per subject of the grade")
            )
        else:
            findings += _level_findings(row, pointer, assessed)
            findings += _test_findings(row, pointer, assessed and _needs_test(row, taught[row.subject], marks))
        seen |= {row.subject}
    if assessed:
        findings += subjects.missing_findings(grade, seen)
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
    if mark is None:
        return (
            [Finding(codes.RULE_MARK_MISSING, pointer, "TT 27/2020 art. 7.1: end-of-year test, M if exempt")]
            if needed
            else []
        )
    if mark is Letter.EXEMPT:
        return []
    if row.subject not in TESTED or isinstance(mark, Letter):
        return [Finding(codes.RULE_MARK_KIND, pointer, "TT 27/2020 art. 7.1: a number, only in subjects with a test")]
    if mark > 10 or mark < 0 or mark % 1:
        return [Finding(codes.RULE_MARK_SCALE, pointer, "TT 27/2020 art. 7.1: a whole number from 0 to 10")]
    return []


def _needs_test(row: PrimaryMark, need: Need, marks: Sequence[PrimaryMark]) -> bool:
    """True when the row must carry a test mark; of a subject given in two rows one of them is enough."""
    if row.subject not in TESTED or need is not Need.COMPULSORY or row.level == EXEMPT:
        return False
    whole = subjects.WHOLE.get(row.subject)
    others = (m for m in marks if m is not row and whole is not None and subjects.WHOLE.get(m.subject) is whole)
    return all(other.test_mark is None for other in others)


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


def _result_findings(results: PrimaryResults, grade: int) -> list[Finding]:
    """Art. 9.2; whether the test of an optional subject counts is open, so both readings are accepted."""
    rows = [row for row in results.marks if row.level != EXEMPT]
    levels = [row.level for row in rows if row.level is not None]
    letters = [x for x in (*results.qualities.values(), *results.competencies.values()) if x is not None]
    tests = [(row.subject, row.test_mark) for row in rows if isinstance(row.test_mark, Decimal)]
    taught = subjects.taught_in(grade)
    compulsory = [mark for subject, mark in tests if taught[subject] is Need.COMPULSORY]
    readings = {overall_result(levels, letters, [m for _, m in tests]), overall_result(levels, letters, compulsory)}
    if results.overall in readings:
        return []
    return [
        Finding(
            codes.RULE_RESULT, "/overall", "TT 27/2020 art. 9.2, from levels, qualities, competencies and test marks"
        )
    ]
