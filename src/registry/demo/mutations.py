"""One broken rule at a time: each mutation changes a good transcript and says which code, and where, that must give.

What to expect follows from how the good transcript was made, never from the rules that will judge the broken one.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from registry.core.subjects import Subject
from registry.demo import marks, rule_cases
from registry.demo.transcripts import Document
from registry.formats import code_lists

_S = Subject
Row = dict[str, object]
#: (code, pointer) pairs that the broken transcript must give, all of them and nothing else.
Expected = frozenset[tuple[str, str]]
Breaker = Callable[[Random, Document], "tuple[str, str] | Expected | None"]
_COMMENTED = frozenset(code_lists.ROW_OF[s].code for s in marks._COMMENTED)
_TESTED = frozenset(code_lists.ROW_OF[s].code for s in marks._PRIMARY_TESTED)
_PERIODS = ("diemhocky1", "diemhocky2", "diemcanam")
_RESULT_PERIODS = ("hocky1", "hocky2", "canam")
#: The circulars of the past, by whether they are of primary school; TT 26/2020 changed TT 58/2011 from 2020-2021 on.
_REPLACED = {True: ("30/2014", "22/2016"), False: ("58/2011", "26/2020")}
_UP = {"CĐ": "K", "Đ": "T", "K": "T", "T": "K"}  # no reading of art. 9.3 lifts two levels, and none lowers


@dataclass(frozen=True, slots=True)
class Mutation:
    """A broken transcript, by which breaker, and what it must give."""

    name: str
    document: Document
    expected: Expected


def every(seed: int, at_least: int) -> Iterator[Mutation]:
    """Mutations of all kinds over all grades and results, at least so many; the same seed gives the same ones."""
    rng, made = Random(seed), 0
    while made < at_least:
        for grade in rule_cases.FIRST:
            for breaker in (*_EVERY, *_BOTH, *(_PRIMARY if grade <= 5 else _SECONDARY)):
                mutation = _broken(rng, grade, breaker)
                if mutation is not None:
                    made += 1
                    yield mutation


def _broken(rng: Random, grade: int, breaker: Breaker) -> Mutation | None:
    for _ in range(12):  # not every good transcript can be broken in every way
        document = copy.deepcopy(rule_cases.good(rng, grade))
        found = breaker(rng, document)
        if found is not None:
            expected = frozenset({found}) if isinstance(found, tuple) else found
            return Mutation(breaker.__name__.removeprefix("_"), document, expected)
    return None


# --- both families ---------------------------------------------------------------------------------------------------------


def _list(document: Document) -> str:
    return "dsbangdiem" if "dsbangdiem" in document else "bangdiem"


def _rows(document: Document) -> list[Row]:
    rows: list[Row] = document[_list(document)]
    return rows


def _at(document: Document, index: int, field: str) -> str:
    return f"/{_list(document)}/{index}/{field}"


def _pick(rng: Random, document: Document, wanted: Callable[[Row], bool]) -> int | None:
    found = [index for index, row in enumerate(_rows(document)) if wanted(row)]
    return rng.choice(found) if found else None


def _of(*subjects: Subject) -> frozenset[str]:
    return frozenset(code_lists.ROW_OF[subject].code for subject in subjects)


def _circular_of_the_other_level(_rng: Random, document: Document) -> tuple[str, str]:
    document["thongtu"] = "22/2021" if "dsbangdiem" in document else "27/2020"
    return "rule-circular", "/thongtu"


def _circular_of_the_past(rng: Random, document: Document) -> tuple[str, str] | None:
    if int(document["namhoc"][:4]) < 2025:
        return None  # in 2024-2025 it is not certain for grades 9 and 12
    document["thongtu"] = rng.choice(_REPLACED["dsbangdiem" in document])
    return "rule-circular", "/thongtu"


def _circular_before_its_time(_rng: Random, document: Document) -> tuple[str, str]:
    first = rule_cases.FIRST[int(document["makhoi"])]
    document["namhoc"] = f"{first - 2}-{first - 1}"
    return "rule-circular", "/thongtu"


def _subject_twice(rng: Random, document: Document) -> tuple[str, str]:
    rows = _rows(document)
    rows.append(dict(rng.choice(rows)))
    return "rule-subject", _at(document, len(rows) - 1, "mamonhoc")


def _subject_of_another_grade(_rng: Random, document: Document) -> tuple[str, str]:
    """A comment-assessed row at its best, which changes no result."""
    rows, grade = _rows(document), int(document["makhoi"])
    subject = _S.NATURE_AND_SOCIETY if grade in (4, 5) else _S.LOCAL_EDUCATION if grade < 4 else _S.ETHICS
    best = {"diemhocky1": "10", "diemhocky2": "10", "diemcanam": "10"}
    row = {**rows[0], **best} if grade >= 6 else {"mucdatduoc": "T"}
    listed = code_lists.ROW_OF[subject]
    rows.append({**row, "mamonhoc": listed.code, "tenmonhoc": listed.short})
    return "rule-subject-grade", _at(document, len(rows) - 1, "mamonhoc")


def _subject_missing(rng: Random, document: Document) -> tuple[str, str] | None:
    """A row that no result hangs on: at the best level, without a mark."""
    best = ("T", "Đ")
    index = _pick(
        rng,
        document,
        lambda row: (
            row["mamonhoc"] in _of(_S.EXPERIENCE, _S.PHYSICAL_EDUCATION, _S.ETHICS, _S.LOCAL_EDUCATION)
            and row.get("mucdatduoc", row.get("diemcanam")) in best
        ),
    )
    if index is None:
        return None
    del _rows(document)[index]
    return "rule-subject-missing", f"/{_list(document)}"


_BOTH: tuple[Breaker, ...] = (
    _circular_of_the_other_level, _circular_of_the_past, _circular_before_its_time, _subject_twice, _subject_of_another_grade,
    _subject_missing,
)  # fmt: skip


# --- every transcript ------------------------------------------------------------------------------------------------------


def _new_circular_a_year_early(_rng: Random, document: Document) -> tuple[str, str] | None:
    """Grades 9 and 12: the year the circular came is not certain, so that the year before only warns."""
    if document["makhoi"] not in ("9", "12"):
        return None
    first = rule_cases.FIRST[int(document["makhoi"])]
    document["namhoc"] = f"{first - 1}-{first}"
    return "rule-circular-unsure", "/thongtu"


def _old_circular_with_a_broken_field(rng: Random, document: Document) -> tuple[str, str]:
    """Of an older circular the shape alone is asked; broken it is refused all the same."""
    name, year = _list(document), rule_cases.FIRST[int(document["makhoi"])] - 1
    circular = rng.choice([each for each in _REPLACED["dsbangdiem" in document] if each != "26/2020" or year >= 2020])
    document |= {"thongtu": circular, "namhoc": f"{year}-{year + 1}"}
    index = rng.randrange(len(document[name]))
    document[name][index]["mamonhoc"] = rng.choice(["ZZ9", "???", "tvi"])
    return "field-code", _at(document, index, "mamonhoc")


def _version_without_a_reason(rng: Random, document: Document) -> tuple[str, str]:
    document["phienbanthongtinhocba"] = str(rng.randint(2, 9))
    return "version-reason", "/lydophienban"


def _reason_without_words(rng: Random, document: Document) -> tuple[str, str]:
    document |= {"phienbanthongtinhocba": "2", "lydophienban": rng.choice("134")}
    return "version-reason", "/noidunglydo"


def _first_version_with_a_reason(_rng: Random, document: Document) -> tuple[str, str]:
    document |= {"lydophienban": "1", "noidunglydo": "Sửa lỗi nhập liệu"}
    return "version-reason", "/lydophienban"


def _entry_document_of_a_citizen(_rng: Random, document: Document) -> tuple[str, str]:
    document["sogiaytoxnc"] = "TEST-00001"
    return "entry-document", "/sogiaytoxnc"


def _foreign_pupil_without_any_number(_rng: Random, document: Document) -> tuple[str, str]:
    document |= {"quoctich": "LA", "sodinhdanh": ""}
    return "number-absent", "/sodinhdanh"


def _name_of_another_subject(rng: Random, document: Document) -> tuple[str, str]:
    rows = _rows(document)
    index = rng.randrange(len(rows))
    rows[index]["tenmonhoc"] = rng.choice(["Thiên văn học", "Nữ công gia chánh", "Kĩ năng sống"])
    return "code-name", _at(document, index, "tenmonhoc")


def _code_before_its_time(_rng: Random, document: Document) -> Expected:
    """Issued before any row of the code lists was in force."""
    document |= {"ngaykyphathanh": "2009-06-01", "ngaytao": "2009-05-30"}
    listed = ("macaphoc", "makhoi", "dantoc", "quoctich")
    rows = (_at(document, index, "mamonhoc") for index in range(len(_rows(document))))
    return frozenset(("code-date", pointer) for pointer in (*(f"/{wire}" for wire in listed), *rows))


def _number_of_the_other_sex(_rng: Random, document: Document) -> tuple[str, str]:
    document["gioitinh"] = "2" if document["gioitinh"] == "1" else "1"
    return "number-sex", "/sodinhdanh"


def _number_of_another_year(_rng: Random, document: Document) -> tuple[str, str]:
    number = document["sodinhdanh"]
    document["sodinhdanh"] = f"{number[:4]}{(int(number[4:6]) + 1) % 20:02}{number[6:]}"
    return "number-year", "/sodinhdanh"


def _number_of_no_place(rng: Random, document: Document) -> tuple[str, str]:
    document["sodinhdanh"] = rng.choice(["000", "003", "097", "296", "999"]) + document["sodinhdanh"][3:]
    return "number-place", "/sodinhdanh"


def _number_too_short(_rng: Random, document: Document) -> tuple[str, str]:
    document["sodinhdanh"] = document["sodinhdanh"][:-1]
    return "number-shape", "/sodinhdanh"


def _two_birth_dates(_rng: Random, document: Document) -> tuple[str, str]:
    document["namsinh"] = str(int(document["ngaythangnamsinh"][:4]) - 1)
    return "birth-date-conflict", "/namsinh"


def _no_birth_date(_rng: Random, document: Document) -> tuple[str, str]:
    del document["ngaythangnamsinh"]
    return "birth-date-missing", "/ngaythangnamsinh"


def _grade_of_another_level(_rng: Random, document: Document) -> tuple[str, str]:
    document["makhoi"] = "6" if document["macaphoc"] != "03" else "5"
    return "transcript-grade", "/makhoi"


def _issued_before_it_was_made(_rng: Random, document: Document) -> tuple[str, str]:
    document["ngaytao"] = f"{int(document['ngaykyphathanh'][:4]) + 1}-01-01"
    return "transcript-dates", "/ngaykyphathanh"


_EVERY: tuple[Breaker, ...] = (
    _new_circular_a_year_early, _old_circular_with_a_broken_field, _version_without_a_reason, _reason_without_words,
    _first_version_with_a_reason, _entry_document_of_a_citizen, _foreign_pupil_without_any_number, _name_of_another_subject,
    _code_before_its_time, _number_of_the_other_sex, _number_of_another_year, _number_of_no_place, _number_too_short,
    _two_birth_dates, _no_birth_date, _grade_of_another_level, _issued_before_it_was_made,
)  # fmt: skip


# --- TT 27/2020 ------------------------------------------------------------------------------------------------------------


def _another_result(rng: Random, document: Document) -> tuple[str, str]:
    document["xeploai"] = rng.choice([r for r in ("HTXS", "HTT", "HT", "CHT") if r != document["xeploai"]])
    return "rule-result", "/xeploai"


def _unknown_result(rng: Random, document: Document) -> tuple[str, str]:
    document["xeploai"] = rng.choice(["Tốt", "T", "HTXSS", "htxs"])
    return "rule-level", "/xeploai"


def _level_of_another_circular(rng: Random, document: Document) -> tuple[str, str]:
    index = rng.randrange(len(_rows(document)))
    _rows(document)[index]["mucdatduoc"] = rng.choice(["Đ", "K", "A", "t"])
    return "rule-level", _at(document, index, "mucdatduoc")


def _no_level(rng: Random, document: Document) -> tuple[str, str]:
    index = rng.randrange(len(_rows(document)))
    _rows(document)[index]["mucdatduoc"] = None
    return "rule-mark-missing", _at(document, index, "mucdatduoc")


def _quality_of_another_circular(rng: Random, document: Document) -> tuple[str, str]:
    name = rng.choice([n for n in document if n.startswith(("nangluc", "phamchat"))])
    document[name] = rng.choice(["H", "K", "M", "đ"])
    return "rule-level", f"/{name}"


def _test_off_the_scale(rng: Random, document: Document) -> tuple[str, str] | None:
    index = _pick(rng, document, lambda row: row["mamonhoc"] in _TESTED)
    if index is None:
        return None
    _rows(document)[index]["diemkiemtradinhky"] = rng.choice(["11", "10.5", "95", "100"])
    return "rule-mark-scale", _at(document, index, "diemkiemtradinhky")


def _test_with_a_decimal(rng: Random, document: Document) -> tuple[str, str] | None:
    """Half a mark more than a whole one below 10 leaves every threshold of art. 9.2 where it was."""
    index = _pick(rng, document, lambda row: row.get("diemkiemtradinhky") in {"1", "2", "5", "7", "9"})
    if index is None:
        return None
    row = _rows(document)[index]
    row["diemkiemtradinhky"] = f"{row['diemkiemtradinhky']}{rng.choice('.,')}5"
    return "rule-mark-decimal", _at(document, index, "diemkiemtradinhky")


def _test_of_an_untested_subject(rng: Random, document: Document) -> tuple[str, str] | None:
    index = _pick(rng, document, lambda row: row["mamonhoc"] not in _TESTED)
    if index is None:
        return None
    _rows(document)[index]["diemkiemtradinhky"] = "10"
    return "rule-mark-kind", _at(document, index, "diemkiemtradinhky")


def _test_as_a_letter(rng: Random, document: Document) -> tuple[str, str] | None:
    index = _pick(rng, document, lambda row: row["mamonhoc"] in _TESTED)
    if index is None:
        return None
    _rows(document)[index]["diemkiemtradinhky"] = rng.choice(["Đ", "CĐ"])
    return "rule-mark-kind", _at(document, index, "diemkiemtradinhky")


def _test_missing(rng: Random, document: Document) -> tuple[str, str] | None:
    index = _pick(
        rng, document, lambda row: row["mamonhoc"] in _of(_S.VIETNAMESE, _S.MATHEMATICS, _S.FOREIGN_LANGUAGE_1)
    )
    if index is None:
        return None
    del _rows(document)[index]["diemkiemtradinhky"]
    return "rule-mark-missing", _at(document, index, "diemkiemtradinhky")


def _test_missing_in_science(rng: Random, document: Document) -> tuple[str, str] | None:
    """The marks of a good year do not hang on this one test, except where it is the lowest: then another one is as low."""
    index = _pick(rng, document, lambda row: row["mamonhoc"] in _of(_S.SCIENCE))
    if index is None or document["xeploai"] != "HTXS":
        return None
    del _rows(document)[index]["diemkiemtradinhky"]
    return "rule-test-missing", _at(document, index, "diemkiemtradinhky")


def _one_test_too_low(rng: Random, document: Document) -> tuple[str, str] | None:
    below = {"HTXS": "8", "HTT": "6", "HT": "4"}.get(document["xeploai"])
    index = _pick(rng, document, lambda row: row["mamonhoc"] in _TESTED)
    if below is None or index is None:
        return None
    _rows(document)[index]["diemkiemtradinhky"] = below
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
    rng.choice(_rows(document))["mucdatduoc"] = below
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


_PRIMARY: tuple[Breaker, ...] = (
    _another_result, _unknown_result, _level_of_another_circular, _no_level, _quality_of_another_circular, _test_off_the_scale,
    _test_with_a_decimal, _test_of_an_untested_subject, _test_as_a_letter, _test_missing, _test_missing_in_science,
    _one_test_too_low, _one_quality_too_low, _one_level_too_low, _not_promoted_after_passing, _promoted_without_a_text,
    _grade_not_completed, _grade_completed_with_cht, _primary_school_completed_or_not, _title_not_earned,
)  # fmt: skip


# --- TT 22/2021 ------------------------------------------------------------------------------------------------------------


def _scored(row: Row) -> bool:
    return row["mamonhoc"] not in _COMMENTED


def _average_off_by_a_tenth(rng: Random, document: Document) -> tuple[str, str] | None:
    index = _pick(rng, document, lambda row: _scored(row) and str(row["diemcanam"]) not in ("10", "0"))
    if index is None:
        return None
    row = _rows(document)[index]
    tenths = round(float(str(row["diemcanam"])) * 10) + rng.choice((-1, 1))
    row["diemcanam"] = f"{tenths // 10}.{tenths % 10}"
    return "rule-year-average", _at(document, index, "diemcanam")


def _result_of_a_period(rng: Random, document: Document) -> Expected:
    """The same marks in both terms give one result; another in one of them is wrong by every reading of art. 9.2 and 9.3."""
    period = rng.choice(_RESULT_PERIODS)
    document[period] = _UP[document[period]]
    return frozenset({("rule-result", f"/{period}")})


def _number_for_a_comment(rng: Random, document: Document) -> tuple[str, str] | None:
    index, period = _pick(rng, document, lambda row: not _scored(row)), rng.choice(_PERIODS)
    if index is None:
        return None
    _rows(document)[index][period] = "8"
    return "rule-mark-kind", _at(document, index, period)


def _comment_for_a_number(rng: Random, document: Document) -> tuple[str, str] | None:
    index, period = _pick(rng, document, _scored), rng.choice(_PERIODS)
    if index is None:
        return None
    _rows(document)[index][period] = rng.choice(["Đ", "CĐ"])
    return "rule-mark-kind", _at(document, index, period)


def _mark_off_the_scale(rng: Random, document: Document) -> tuple[str, str] | None:
    index, period = _pick(rng, document, _scored), rng.choice(_PERIODS)
    if index is None:
        return None
    _rows(document)[index][period] = rng.choice(["10.1", "11", "7.25", "6,55"])
    return "rule-mark-scale", _at(document, index, period)


def _no_mark(rng: Random, document: Document) -> tuple[str, str]:
    index, period = rng.randrange(len(_rows(document))), rng.choice(_PERIODS)
    _rows(document)[index][period] = None
    return "rule-mark-missing", _at(document, index, period)


def _conduct_not_by_the_table(rng: Random, document: Document) -> tuple[str, str]:
    document["renluyencanam"] = rng.choice([x for x in ("T", "K", "Đ", "CĐ") if x != document["renluyencanam"]])
    return "rule-conduct-year", "/renluyencanam"


def _unknown_letter(rng: Random, document: Document) -> tuple[str, str]:
    name = rng.choice((*_RESULT_PERIODS, "renluyenhocky1", "renluyenhocky2", "renluyencanam"))
    document[name] = rng.choice(["G", "Tb", "Y", "k"])
    return "rule-level", f"/{name}"


def _comment_unlike_term_two(rng: Random, document: Document) -> tuple[str, str] | None:
    """With one comment-assessed subject at CĐ in a term Đạt stays Đạt (art. 9.2.c), unless art. 9.3 had made it so."""
    index = _pick(rng, document, lambda row: not _scored(row))
    lifted = any(_scored(row) and float(str(row[period])) < 3.5 for row in _rows(document) for period in _PERIODS)
    if index is None or document["canam"] != "Đ" or lifted:
        return None
    _rows(document)[index]["diemhocky2"] = "CĐ"
    return "rule-comment-year", _at(document, index, "diemcanam")


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
    index = _pick(rng, document, _scored)
    if index is None:
        return None
    _rows(document)[index]["diemkttralai"] = "7"
    return "rule-retake", _at(document, index, "diemkttralai")


def _reassessed_in_a_passed_subject(rng: Random, document: Document) -> tuple[str, str] | None:
    index = _pick(rng, document, lambda row: not _scored(row))
    if document["canam"] != "CĐ" or document["renluyencanam"] == "CĐ" or index is None:
        return None
    _rows(document)[index]["diemkttralai"] = "Đ"
    return "rule-retake-unusual", _at(document, index, "diemkttralai")


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


def _lifted_by_a_liberal_reading(rng: Random, document: Document) -> Expected | None:
    """One comment-assessed subject alone at CĐ: Tốt becomes Đạt (art. 9.2.c), and art. 9.3 lifts it to Khá or does not."""
    index = _pick(rng, document, lambda row: row["mamonhoc"] in _of(_S.PHYSICAL_EDUCATION, _S.EXPERIENCE))
    if document["canam"] != "T" or index is None:
        return None
    _rows(document)[index] |= dict.fromkeys(_PERIODS, "CĐ")
    document |= dict.fromkeys(_RESULT_PERIODS, "K")
    return frozenset(("rule-result-liberal", f"/{period}") for period in _RESULT_PERIODS)


def _electives_missing(rng: Random, document: Document) -> tuple[str, str] | None:
    """One elective fewer in a year at Đạt or below, whose result does not hang on it."""
    electives = _of(_S.GEOGRAPHY, _S.ECONOMICS_AND_LAW, _S.PHYSICS, _S.CHEMISTRY, _S.BIOLOGY, _S.MUSIC, _S.FINE_ART)
    index = _pick(rng, document, lambda row: row["mamonhoc"] in electives and row["diemcanam"] == "Đ")
    if index is None or int(document["makhoi"]) < 10:
        return None
    del _rows(document)[index]
    return "rule-subject-missing", "/bangdiem"


_SECONDARY: tuple[Breaker, ...] = (
    _average_off_by_a_tenth, _result_of_a_period, _number_for_a_comment, _comment_for_a_number, _mark_off_the_scale, _no_mark,
    _conduct_not_by_the_table, _unknown_letter, _comment_unlike_term_two, _promoted_against_the_conditions,
    _too_often_absent, _not_promoted_with_all_conditions, _training_without_need, _reassessed_without_need,
    _reassessed_in_a_passed_subject, _result_after_reassessment, _titles_not_earned, _lifted_by_a_liberal_reading,
    _electives_missing,
)  # fmt: skip
