"""Breakers for transcripts under TT 27/2020, grades 1 to 5."""

from __future__ import annotations

from random import Random

from registry.core.subjects import Subject
from registry.demo import marks, mutable
from registry.demo.mutable import Breaker
from registry.demo.transcripts import Document
from registry.formats import code_lists

_S = Subject
_TESTED = frozenset(code_lists.ROW_OF[s].code for s in marks._PRIMARY_TESTED)


def _another_result(rng: Random, document: Document) -> tuple[str, str]:
    document["xeploai"] = rng.choice([r for r in ("HTXS", "HTT", "HT", "CHT") if r != document["xeploai"]])
    return "rule-result", "/xeploai"


def _unknown_result(rng: Random, document: Document) -> tuple[str, str]:
    document["xeploai"] = rng.choice(["Tốt", "T", "HTXSS", "htxs"])
    return "rule-level", "/xeploai"


def _level_of_another_circular(rng: Random, document: Document) -> tuple[str, str]:
    index = rng.randrange(len(mutable.rows(document)))
    mutable.rows(document)[index]["mucdatduoc"] = rng.choice(["Đ", "K", "A", "t"])
    return "rule-level", mutable.at(document, index, "mucdatduoc")


def _no_level(rng: Random, document: Document) -> tuple[str, str]:
    index = rng.randrange(len(mutable.rows(document)))
    mutable.rows(document)[index]["mucdatduoc"] = None
    return "rule-mark-missing", mutable.at(document, index, "mucdatduoc")


def _quality_of_another_circular(rng: Random, document: Document) -> tuple[str, str]:
    name = rng.choice([n for n in document if n.startswith(("nangluc", "phamchat"))])
    document[name] = rng.choice(["H", "K", "M", "đ"])
    return "rule-level", f"/{name}"


def _test_off_the_scale(rng: Random, document: Document) -> tuple[str, str] | None:
    index = mutable.pick(rng, document, lambda row: row["mamonhoc"] in _TESTED)
    if index is None:
        return None
    mutable.rows(document)[index]["diemkiemtradinhky"] = rng.choice(["11", "10.5", "95", "100"])
    return "rule-mark-scale", mutable.at(document, index, "diemkiemtradinhky")


def _test_with_a_decimal(rng: Random, document: Document) -> tuple[str, str] | None:
    """Half a mark more than a whole one below 10 leaves every threshold of art. 9.2 where it was."""
    index = mutable.pick(rng, document, lambda row: row.get("diemkiemtradinhky") in {"1", "2", "5", "7", "9"})
    if index is None:
        return None
    row = mutable.rows(document)[index]
    row["diemkiemtradinhky"] = f"{row['diemkiemtradinhky']}{rng.choice('.,')}5"
    return "rule-mark-decimal", mutable.at(document, index, "diemkiemtradinhky")


def _test_of_an_untested_subject(rng: Random, document: Document) -> tuple[str, str] | None:
    index = mutable.pick(rng, document, lambda row: row["mamonhoc"] not in _TESTED)
    if index is None:
        return None
    mutable.rows(document)[index]["diemkiemtradinhky"] = "10"
    return "rule-mark-kind", mutable.at(document, index, "diemkiemtradinhky")


def _test_as_a_letter(rng: Random, document: Document) -> tuple[str, str] | None:
    index = mutable.pick(rng, document, lambda row: row["mamonhoc"] in _TESTED)
    if index is None:
        return None
    mutable.rows(document)[index]["diemkiemtradinhky"] = rng.choice(["Đ", "CĐ"])
    return "rule-mark-kind", mutable.at(document, index, "diemkiemtradinhky")


def _test_missing(rng: Random, document: Document) -> tuple[str, str] | None:
    index = mutable.pick(
        rng, document, lambda row: row["mamonhoc"] in mutable.of(_S.VIETNAMESE, _S.MATHEMATICS, _S.FOREIGN_LANGUAGE_1)
    )
    if index is None:
        return None
    del mutable.rows(document)[index]["diemkiemtradinhky"]
    return "rule-mark-missing", mutable.at(document, index, "diemkiemtradinhky")


def _test_missing_in_science(rng: Random, document: Document) -> tuple[str, str] | None:
    """The marks of a good year do not hang on this one test, except where it is the lowest: then another one is as low."""
    index = mutable.pick(rng, document, lambda row: row["mamonhoc"] in mutable.of(_S.SCIENCE))
    if index is None or document["xeploai"] != "HTXS":
        return None
    del mutable.rows(document)[index]["diemkiemtradinhky"]
    return "rule-test-missing", mutable.at(document, index, "diemkiemtradinhky")


def _one_test_too_low(rng: Random, document: Document) -> tuple[str, str] | None:
    below = {"HTXS": "8", "HTT": "6", "HT": "4"}.get(document["xeploai"])
    index = mutable.pick(rng, document, lambda row: row["mamonhoc"] in _TESTED)
    if below is None or index is None:
        return None
    mutable.rows(document)[index]["diemkiemtradinhky"] = below
    return "rule-result", "/xeploai"


def _one_quality_too_low(rng: Random, document: Document) -> tuple[str, str] | None:
    below = {"HTXS": "Đ", "HTT": "Đ", "HT": "C"}.get(document["xeploai"])
    if below is None:
        return None
    document[rng.choice([n for n in document if n.startswith(("nangluc", "phamchat"))])] = below
    return "rule-result", "/xeploai"


def _one_level_too_low(rng: Random, document: Document) -> tuple[str, str] | None:
    below = {"HTXS": "H", "HTT": "H", "HT": "C"}.get(document["xeploai"])
    if below is None:
        return None
    rng.choice(mutable.rows(document))["mucdatduoc"] = below
    return "rule-result", "/xeploai"


def _not_promoted_after_passing(_rng: Random, document: Document) -> tuple[str, str] | None:
    if document["xeploai"] == "CHT" or document["makhoi"] == "5":
        return None
    document["duoclenlop"] = False
    return "rule-promotion", "/duoclenlop"


def _promoted_without_a_text(_rng: Random, document: Document) -> tuple[str, str] | None:
    if document["xeploai"] != "CHT":
        return None
    document |= {"duoclenlop": True, "ndunghoanthanh": None}
    return "rule-promotion-decision", "/ndunghoanthanh"


def _grade_not_completed(_rng: Random, document: Document) -> tuple[str, str] | None:
    if document["xeploai"] == "CHT":
        return None
    document["dahthanhctrinhlophoc"] = False
    return "rule-completion", "/dahthanhctrinhlophoc"


def _grade_completed_with_cht(_rng: Random, document: Document) -> tuple[str, str] | None:
    if document["xeploai"] != "CHT":
        return None
    document["dahthanhctrinhlophoc"] = True
    return "rule-completion-open", "/dahthanhctrinhlophoc"


def _primary_school_completed_or_not(_rng: Random, document: Document) -> tuple[str, str]:
    document["dahthanhctrinhtieuhoc"] = not document["dahthanhctrinhtieuhoc"]
    return "rule-completion", "/dahthanhctrinhtieuhoc"


def _title_not_earned(rng: Random, document: Document) -> tuple[str, str] | None:
    if document["xeploai"] == "HTXS":
        return None
    document["ndungkhenthuong"] = rng.choice(["Học sinh Xuất sắc", "Danh hiệu Học sinh Xuất sắc; giấy khen"])
    return "rule-award", "/ndungkhenthuong"


def _exempt_with_a_test(rng: Random, document: Document) -> tuple[str, str] | None:
    index = mutable.pick(rng, document, lambda row: row["mamonhoc"] in _TESTED)
    if index is None:
        return None
    mutable.rows(document)[index]["mucdatduoc"] = "M"
    return "rule-exempt", mutable.at(document, index, "diemkiemtradinhky")


def _exempt_from_the_test_alone(rng: Random, document: Document) -> tuple[str, str] | None:
    """M says that the pupil is exempt from the subject, and its level says that it was taught."""
    tested = mutable.of(_S.VIETNAMESE, _S.MATHEMATICS, _S.FOREIGN_LANGUAGE_1)
    index = mutable.pick(rng, document, lambda row: row["mamonhoc"] in tested)
    if index is None:
        return None
    mutable.rows(document)[index]["diemkiemtradinhky"] = "M"
    return "rule-mark-missing", mutable.at(document, index, "diemkiemtradinhky")


def _exempt_from_everything(_rng: Random, document: Document) -> tuple[str, str] | None:
    if document["xeploai"] == "CHT":
        return None
    for row in mutable.rows(document):
        row |= {"mucdatduoc": "M", "diemkiemtradinhky": None}
    return "rule-result", "/xeploai"


def _competency_missing(rng: Random, document: Document) -> tuple[str, str] | None:
    """One of the two that grades 1 and 2 have no subject for; in a made-up year no result hangs on it."""
    if int(document["makhoi"]) < 3:
        return None
    name = rng.choice(("nangluccongnghe", "nangluctinhoc"))
    document[name] = None
    return "rule-competency-missing", f"/{name}"


def _completed_in_words_with_cht(rng: Random, document: Document) -> tuple[str, str] | None:
    if document["xeploai"] != "CHT":
        return None
    said = (
        "Hoàn thành chương trình lớp {}",
        "Đã hoàn thành chương trình lớp {} sau khi ôn tập",
        "HOÀN THÀNH CHƯƠNG TRÌNH LỚP {}",
    )
    document["ndunghoanthanh"] = rng.choice(said).format(document["makhoi"])
    return "rule-completion-open", "/ndunghoanthanh"


def _outstanding_title_not_earned(rng: Random, document: Document) -> tuple[str, str] | None:
    if document["xeploai"] in ("HTXS", "HTT"):
        return None
    title = "Học sinh Tiêu biểu hoàn thành tốt trong học tập và rèn luyện"
    document["ndungkhenthuong"] = rng.choice(
        (title, f"Khen thưởng danh hiệu {title}", "Danh hiệu “Học sinh Tiêu biểu”")
    )
    return "rule-award", "/ndungkhenthuong"


PRIMARY: tuple[Breaker, ...] = (
    _exempt_with_a_test, _exempt_from_the_test_alone, _exempt_from_everything, _competency_missing,
    _completed_in_words_with_cht, _outstanding_title_not_earned,
    _another_result, _unknown_result, _level_of_another_circular, _no_level, _quality_of_another_circular, _test_off_the_scale,
    _test_with_a_decimal, _test_of_an_untested_subject, _test_as_a_letter, _test_missing, _test_missing_in_science,
    _one_test_too_low, _one_quality_too_low, _one_level_too_low, _not_promoted_after_passing, _promoted_without_a_text,
    _grade_not_completed, _grade_completed_with_cht, _primary_school_completed_or_not, _title_not_earned,
)  # fmt: skip
