"""Breakers for transcripts under TT 22/2021, grades 6 to 12."""

from __future__ import annotations

from random import Random

from registry.core.subjects import Subject
from registry.demo import mutable
from registry.demo.mutable import Breaker
from registry.demo.transcripts import Document
from registry.formats import code_lists

_S = Subject
_UP = {"CĐ": "K", "Đ": "T", "K": "T", "T": "K"}  # no reading of art. 9.3 lifts two levels, and none lowers


def _average_off_by_a_tenth(rng: Random, document: Document) -> tuple[str, str] | None:
    index = mutable.pick(rng, document, lambda row: mutable.scored(row) and str(row["diemcanam"]) not in ("10", "0"))
    if index is None:
        return None
    row = mutable.rows(document)[index]
    tenths = round(float(str(row["diemcanam"])) * 10) + rng.choice((-1, 1))
    row["diemcanam"] = f"{tenths // 10}.{tenths % 10}"
    return "rule-year-average", mutable.at(document, index, "diemcanam")


def _result_of_a_period(rng: Random, document: Document) -> mutable.Expected:
    """The same marks in both terms give one result; another in one of them is wrong by every reading of art. 9.2 and 9.3."""
    period = rng.choice(mutable.RESULT_PERIODS)
    document[period] = _UP[document[period]]
    return frozenset({("rule-result", f"/{period}")})


def _number_for_a_comment(rng: Random, document: Document) -> tuple[str, str] | None:
    index, period = mutable.pick(rng, document, lambda row: not mutable.scored(row)), rng.choice(mutable.PERIODS)
    if index is None:
        return None
    mutable.rows(document)[index][period] = "8"
    return "rule-mark-kind", mutable.at(document, index, period)


def _comment_for_a_number(rng: Random, document: Document) -> tuple[str, str] | None:
    index, period = mutable.pick(rng, document, mutable.scored), rng.choice(mutable.PERIODS)
    if index is None:
        return None
    mutable.rows(document)[index][period] = rng.choice(["Đ", "CĐ"])
    return "rule-mark-kind", mutable.at(document, index, period)


def _mark_off_the_scale(rng: Random, document: Document) -> tuple[str, str] | None:
    index, period = mutable.pick(rng, document, mutable.scored), rng.choice(mutable.PERIODS)
    if index is None:
        return None
    mutable.rows(document)[index][period] = rng.choice(["10.1", "11", "7.25", "6,55"])
    return "rule-mark-scale", mutable.at(document, index, period)


def _no_mark(rng: Random, document: Document) -> tuple[str, str]:
    index, period = rng.randrange(len(mutable.rows(document))), rng.choice(mutable.PERIODS)
    mutable.rows(document)[index][period] = None
    return "rule-mark-missing", mutable.at(document, index, period)


def _conduct_not_by_the_table(rng: Random, document: Document) -> tuple[str, str]:
    document["renluyencanam"] = rng.choice([x for x in ("T", "K", "Đ", "CĐ") if x != document["renluyencanam"]])
    return "rule-conduct-year", "/renluyencanam"


def _unknown_letter(rng: Random, document: Document) -> tuple[str, str]:
    name = rng.choice((*mutable.RESULT_PERIODS, "renluyenhocky1", "renluyenhocky2", "renluyencanam"))
    document[name] = rng.choice(["G", "Tb", "Y", "k"])
    return "rule-level", f"/{name}"


def _comment_unlike_term_two(rng: Random, document: Document) -> tuple[str, str] | None:
    """With one comment-assessed subject at CĐ in a term Đạt stays Đạt (art. 9.2.c), unless art. 9.3 had made it so."""
    index = mutable.pick(rng, document, lambda row: not mutable.scored(row))
    lifted = any(
        mutable.scored(row) and float(str(row[period])) < 3.5
        for row in mutable.rows(document)
        for period in mutable.PERIODS
    )
    if index is None or document["canam"] != "Đ" or lifted:
        return None
    mutable.rows(document)[index]["diemhocky2"] = "CĐ"
    return "rule-comment-year", mutable.at(document, index, "diemcanam")


def _promoted_against_the_conditions(_rng: Random, document: Document) -> tuple[str, str] | None:
    if document["duoclenlop"]:
        return None
    document["duoclenlop"] = True
    return "rule-promotion", "/duoclenlop"


def _too_often_absent(rng: Random, document: Document) -> tuple[str, str] | None:
    if not document["duoclenlop"]:
        return None
    document["sobuoinghi"] = rng.choice((46, 60, 120, 300))
    return "rule-promotion", "/duoclenlop"


def _not_promoted_with_all_conditions(_rng: Random, document: Document) -> tuple[str, str] | None:
    if not document["duoclenlop"] or document["makhoi"] in ("9", "12"):
        return None
    document["duoclenlop"] = False
    return "rule-promotion-open", "/duoclenlop"


def _training_without_need(rng: Random, document: Document) -> tuple[str, str] | None:
    if document["renluyencanam"] == "CĐ":
        return None
    document["renluyenlai"] = rng.choice(["T", "K", "Đ"])
    return "rule-summer-training", "/renluyenlai"


def _reassessed_without_need(rng: Random, document: Document) -> tuple[str, str] | None:
    if document["canam"] == "CĐ":
        return None
    if rng.random() < 0.5:
        document["kqhoctaplai"] = rng.choice(["T", "K", "Đ"])
        return "rule-retake", "/kqhoctaplai"
    index = mutable.pick(rng, document, mutable.scored)
    if index is None:
        return None
    mutable.rows(document)[index]["diemkttralai"] = "7"
    return "rule-retake", mutable.at(document, index, "diemkttralai")


def _reassessed_in_a_passed_subject(rng: Random, document: Document) -> tuple[str, str] | None:
    index = mutable.pick(rng, document, lambda row: not mutable.scored(row))
    if document["canam"] != "CĐ" or document["renluyencanam"] == "CĐ" or index is None:
        return None
    mutable.rows(document)[index]["diemkttralai"] = "Đ"
    return "rule-retake-unusual", mutable.at(document, index, "diemkttralai")


def _result_after_reassessment(_rng: Random, document: Document) -> tuple[str, str] | None:
    """Nothing was retaken, so that Khá is out of reach."""
    if document["canam"] != "CĐ" or document["renluyencanam"] == "CĐ":
        return None
    document |= {"kqhoctaplai": "K"}
    return "rule-retake-result", "/kqhoctaplai"


def _titles_not_earned(rng: Random, document: Document) -> tuple[str, str] | None:
    if document["canam"] == "T" and document["renluyencanam"] == "T":
        return None
    document["ndungkhenthuong"] = rng.choice(
        ["Học sinh Giỏi", "Học sinh Xuất sắc", 'danh hiệu "Học sinh Giỏi", giấy khen']
    )
    return "rule-award", "/ndungkhenthuong"


def _lifted_by_a_liberal_reading(rng: Random, document: Document) -> mutable.Expected | None:
    """One comment-assessed subject alone at CĐ: Tốt becomes Đạt (art. 9.2.c), and art. 9.3 lifts it to Khá or does not."""
    index = mutable.pick(rng, document, lambda row: row["mamonhoc"] in mutable.of(_S.PHYSICAL_EDUCATION, _S.EXPERIENCE))
    if document["canam"] != "T" or index is None:
        return None
    mutable.rows(document)[index] |= dict.fromkeys(mutable.PERIODS, "CĐ")
    document |= dict.fromkeys(mutable.RESULT_PERIODS, "K")
    return frozenset(("rule-result-liberal", f"/{period}") for period in mutable.RESULT_PERIODS)


def _electives_missing(rng: Random, document: Document) -> tuple[str, str] | None:
    """One elective fewer in a year at Đạt or below, whose result does not hang on it."""
    electives = mutable.of(
        _S.GEOGRAPHY, _S.ECONOMICS_AND_LAW, _S.PHYSICS, _S.CHEMISTRY, _S.BIOLOGY, _S.MUSIC, _S.FINE_ART
    )
    index = mutable.pick(rng, document, lambda row: row["mamonhoc"] in electives and row["diemcanam"] == "Đ")
    if index is None or int(document["makhoi"]) < 10:
        return None
    del mutable.rows(document)[index]
    return "rule-subject-missing", "/bangdiem"


def _year_exempt_beside_both_terms(rng: Random, document: Document) -> tuple[str, str] | None:
    """A scored row below 9, so that no title hangs on it, or a comment-assessed one."""
    index = mutable.pick(rng, document, lambda row: not mutable.scored(row) or float(str(row["diemcanam"])) < 9)
    if index is None:
        return None
    mutable.rows(document)[index]["diemcanam"] = "M"
    return "rule-exempt", mutable.at(document, index, "diemcanam")


def _year_without_a_term(rng: Random, document: Document) -> tuple[str, str] | None:
    """At the best level, so that no result of a term hangs on it."""
    index = mutable.pick(rng, document, lambda row: row["diemcanam"] == "Đ")
    if index is None:
        return None
    mutable.rows(document)[index] |= {"diemhocky1": "M", "diemhocky2": "M"}
    return "rule-exempt", mutable.at(document, index, "diemcanam")


def _year_unlike_the_only_term(rng: Random, document: Document) -> tuple[str, str] | None:
    index = mutable.pick(rng, document, lambda row: row["diemcanam"] == "Đ")
    if index is None:
        return None
    mutable.rows(document)[index] |= {rng.choice(("diemhocky1", "diemhocky2")): "M", "diemcanam": "M"}
    return "rule-one-term", mutable.at(document, index, "diemcanam")


def _came_with_term_two(rng: Random, document: Document) -> tuple[str, str]:
    """Term 2 lies in the same bands as the year, so that its marks lead to the same result."""
    for row in mutable.rows(document):
        row |= {"diemhocky1": rng.choice((None, None, "M")), "diemcanam": row["diemhocky2"]}
    document["ndungkhenthuong"] = None
    return "rule-term-missing", "/bangdiem"


def _a_fifth_elective(rng: Random, document: Document) -> tuple[str, str] | None:
    taken = {row["mamonhoc"] for row in mutable.rows(document)}
    more = [code for code in sorted(mutable.of(_S.MUSIC, _S.FINE_ART)) if code not in taken]
    if int(document["makhoi"]) < 10 or not more:
        return None
    index = mutable.pick(rng, document, lambda row: row["diemcanam"] == "Đ")
    if index is None:
        return None
    subject = _S.MUSIC if more[0] in mutable.of(_S.MUSIC) else _S.FINE_ART
    listed = code_lists.ROW_OF[subject]
    row = {**mutable.rows(document)[index], "mamonhoc": listed.code, "tenmonhoc": listed.short}
    mutable.rows(document).append(row)
    return "rule-electives", "/bangdiem"


def _retaken_with_an_exemption(rng: Random, document: Document) -> tuple[str, str] | None:
    low = mutable.pick(rng, document, lambda row: mutable.scored(row) and float(str(row["diemcanam"])) < 5)
    if document["canam"] != "CĐ" or low is None:
        return None
    mutable.rows(document)[low]["diemkttralai"] = "M"
    return "rule-exempt", mutable.at(document, low, "diemkttralai")


def _promoted_behind_an_unusual_retake(rng: Random, document: Document) -> mutable.Expected | None:
    """A warning about the summer must not hide that the conditions of art. 12.1 are not met."""
    unusual = _reassessed_in_a_passed_subject(rng, document)
    if unusual is None:
        return None
    document["duoclenlop"] = True
    return frozenset({unusual, ("rule-promotion", "/duoclenlop")})


def _completed_in_words(rng: Random, document: Document) -> tuple[str, str] | None:
    if document["duoclenlop"]:
        return None
    levels = {"9": "trung học cơ sở", "12": "trung học phổ thông"}
    said = f"Hoàn thành chương trình {levels.get(document['makhoi'], 'lớp ' + document['makhoi'])}"
    document["ndunghoanthanh"] = rng.choice((said, f"Đã {said.lower()}"))
    return "rule-completion-open", "/ndunghoanthanh"


SECONDARY: tuple[Breaker, ...] = (
    _year_exempt_beside_both_terms, _year_without_a_term, _year_unlike_the_only_term, _came_with_term_two, _a_fifth_elective,
    _retaken_with_an_exemption, _promoted_behind_an_unusual_retake, _completed_in_words,
    _average_off_by_a_tenth, _result_of_a_period, _number_for_a_comment, _comment_for_a_number, _mark_off_the_scale, _no_mark,
    _conduct_not_by_the_table, _unknown_letter, _comment_unlike_term_two, _promoted_against_the_conditions,
    _too_often_absent, _not_promoted_with_all_conditions, _training_without_need, _reassessed_without_need,
    _reassessed_in_a_passed_subject, _result_after_reassessment, _titles_not_earned, _lifted_by_a_liberal_reading,
    _electives_missing,
)  # fmt: skip
