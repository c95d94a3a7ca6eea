"""Circular 27/2020/TT-BGDĐT, what a primary year leads to: promotion and completion (art. 11), awards (art. 13). Pure.

Who has not completed the grade is helped and assessed again, and then the principal decides: nothing of that is refused.
"""

from __future__ import annotations

from collections.abc import Iterator

from registry.core import awards, codes, completion
from registry.core.findings import Finding
from registry.core.transcript import PrimaryResults, Transcript

_PASSED = ("HTXS", "HTT", "HT")
_LAST = 5
_EXCELLENT = "học sinh xuất sắc"
_OUTSTANDING = ("học sinh tiêu biểu", "học sinh tiêu biểu hoàn thành tốt trong học tập và rèn luyện")


def check(transcript: Transcript, results: PrimaryResults) -> Iterator[Finding]:
    """Codes rule-promotion, -completion, -completion-open, -promotion-decision, -award; for an overall result that holds."""
    passed = results.overall in _PASSED
    yield from _completion(results, transcript.grade, passed)
    if not passed and not results.grade_completed and completion.says(transcript.completion_note):
        yield Finding(codes.RULE_COMPLETION_OPEN, "/completion_note", "TT 27/2020 art. 11.2: CHT does not complete it")
    if passed and not transcript.promoted and transcript.grade < _LAST:
        yield Finding(codes.RULE_PROMOTION, "/promoted", "TT 27/2020 art. 11.1: HTXS, HTT and HT are promoted")
    if not passed and transcript.promoted and not transcript.completion_note:
        yield Finding(
            codes.RULE_PROMOTION_DECISION, "/completion_note", "TT 27/2020 art. 11.2: the principal's decision in words"
        )
    if results.overall != "HTXS" and awards.names(transcript.awards, _EXCELLENT):
        yield Finding(codes.RULE_AWARD, "/awards", "TT 27/2020 art. 13.1.a: Học sinh Xuất sắc for HTXS")
    elif results.overall not in ("HTXS", "HTT") and any(awards.names(transcript.awards, t) for t in _OUTSTANDING):
        yield Finding(codes.RULE_AWARD, "/awards", "TT 27/2020 art. 13.1.b: Học sinh Tiêu biểu for HTT")


def _completion(results: PrimaryResults, grade: int, passed: bool) -> Iterator[Finding]:
    """Art. 11.1: HTXS, HTT and HT complete the grade, and in grade 5 primary school."""
    completed = results.grade_completed
    if passed and not completed:
        yield Finding(codes.RULE_COMPLETION, "/grade_completed", "TT 27/2020 art. 11.1: HTXS, HTT and HT complete it")
    elif not passed and completed:
        yield Finding(codes.RULE_COMPLETION_OPEN, "/grade_completed", "TT 27/2020 art. 11.2: CHT does not complete it")
    elif results.level_completed is not (completed and grade == _LAST):
        yield Finding(
            codes.RULE_COMPLETION, "/level_completed", "TT 27/2020 art. 11: with the grade completed in grade 5 only"
        )
