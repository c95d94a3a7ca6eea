"""Breakers for transcripts of every circular: numbers, dates, codes, versions, and subjects of the grade."""

from __future__ import annotations

from random import Random

from registry.core.subjects import Subject
from registry.demo import mutable, rule_cases
from registry.demo.mutable import Breaker
from registry.demo.transcripts import Document
from registry.formats import code_lists

_S = Subject
#: The circulars of the past, by whether they are of primary school; TT 26/2020 changed TT 58/2011 from 2020-2021 on.
_REPLACED = {
    True: ("30/2014", "22/2016", "32/2009", "30/2005"),
    False: ("58/2011", "26/2020", "40/2006", "51/2008"),
}


def _circular_of_the_other_level(_rng: Random, document: Document) -> tuple[str, str]:
    document["thongtu"] = "22/2021" if "dsbangdiem" in document else "27/2020"
    return "rule-circular", "/thongtu"


def _circular_of_the_past(rng: Random, document: Document) -> tuple[str, str] | None:
    if int(document["namhoc"][:4]) < 2025:
        return None  # until then it is not certain for grades 9 and 12
    document["thongtu"] = rng.choice(_REPLACED["dsbangdiem" in document])
    return "rule-circular", "/thongtu"


def _circular_before_its_time(_rng: Random, document: Document) -> tuple[str, str]:
    first = rule_cases.FIRST[int(document["makhoi"])]
    document["namhoc"] = f"{first - 2}-{first - 1}"
    return "rule-circular", "/thongtu"


def _subject_twice(rng: Random, document: Document) -> tuple[str, str]:
    rows = mutable.rows(document)
    rows.append(dict(rng.choice(rows)))
    return "rule-subject", mutable.at(document, len(rows) - 1, "mamonhoc")


def _combined_subject_whole_and_in_parts(rng: Random, document: Document) -> tuple[str, str] | None:
    """Nghệ thuật beside one of its parts at the same level, which changes no result."""
    combined = (_S.ART, _S.MUSIC, _S.FINE_ART)
    index = mutable.pick(rng, document, lambda row: row["mamonhoc"] in mutable.of(*combined))
    if index is None or int(document["makhoi"]) > 9:  # after grade 9 they are electives, each by itself
        return None
    rows = mutable.rows(document)
    part = rows[index]["mamonhoc"] in mutable.of(_S.ART)
    listed = code_lists.ROW_OF[rng.choice((_S.MUSIC, _S.FINE_ART)) if part else _S.ART]
    rows.append({**rows[index], "mamonhoc": listed.code, "tenmonhoc": listed.short})
    return "rule-subject-parts", mutable.at(document, len(rows) - 1, "mamonhoc")


def _older_circular_of_the_other_level(rng: Random, document: Document) -> tuple[str, str]:
    """Which grades the older ones were of was not read."""
    year = rule_cases.FIRST[int(document["makhoi"])] - 1
    others = [each for each in _REPLACED["dsbangdiem" not in document] if int(each[-4:]) <= year]
    document |= {"thongtu": rng.choice(others), "namhoc": f"{year}-{year + 1}"}
    return "rule-circular-unsure", "/thongtu"


def _subject_of_another_grade(_rng: Random, document: Document) -> tuple[str, str]:
    """A comment-assessed row at its best, which changes no result."""
    rows, grade = mutable.rows(document), int(document["makhoi"])
    subject = _S.NATURE_AND_SOCIETY if grade in (4, 5) else _S.LOCAL_EDUCATION if grade < 4 else _S.ETHICS
    best = {"diemhocky1": "10", "diemhocky2": "10", "diemcanam": "10"}
    row = {**rows[0], **best} if grade >= 6 else {"mucdatduoc": "T"}
    listed = code_lists.ROW_OF[subject]
    rows.append({**row, "mamonhoc": listed.code, "tenmonhoc": listed.short})
    return "rule-subject-grade", mutable.at(document, len(rows) - 1, "mamonhoc")


def _subject_missing(rng: Random, document: Document) -> tuple[str, str] | None:
    """A row that no result hangs on: at the best level, without a mark."""
    best = ("T", "Đ")
    index = mutable.pick(
        rng,
        document,
        lambda row: (
            row["mamonhoc"] in mutable.of(_S.EXPERIENCE, _S.PHYSICAL_EDUCATION, _S.ETHICS, _S.LOCAL_EDUCATION)
            and row.get("mucdatduoc", row.get("diemcanam")) in best
        ),
    )
    if index is None:
        return None
    del mutable.rows(document)[index]
    return "rule-subject-missing", f"/{mutable.listed(document)}"


SUBJECTS: tuple[Breaker, ...] = (
    _older_circular_of_the_other_level, _combined_subject_whole_and_in_parts,
    _circular_of_the_other_level, _circular_of_the_past, _circular_before_its_time, _subject_twice, _subject_of_another_grade,
    _subject_missing,
)  # fmt: skip


def _new_circular_a_year_early(_rng: Random, document: Document) -> tuple[str, str] | None:
    """Secondary grades: the year the circular came is not certain, so that the year before only warns."""
    first = rule_cases.FIRST[int(document["makhoi"])]
    if "dsbangdiem" in document or first == 2021:  # of primary school it is certain, and before 2021 there was none
        return None
    document["namhoc"] = f"{first - 1}-{first}"
    return "rule-circular-unsure", "/thongtu"


def _old_circular_until_the_new_one_is_known(rng: Random, document: Document) -> tuple[str, str] | None:
    """What is known is 2023-2024 for grades 6, 7, 8, 10 and 11, and 2025-2026 for 9 and 12."""
    grade = int(document["makhoi"])
    years = range(rule_cases.FIRST[grade], 2025 if grade in (9, 12) else 2023)
    if "dsbangdiem" in document or not years:
        return None
    year = rng.choice(years)
    document |= {"thongtu": rng.choice(_REPLACED[False]), "namhoc": f"{year}-{year + 1}"}
    return "rule-circular-unsure", "/thongtu"


def _circular_of_the_past_that_no_list_names(rng: Random, document: Document) -> tuple[str, str]:
    first = rule_cases.FIRST[int(document["makhoi"])]
    year = first - rng.randint(2, 20)
    document |= {"thongtu": rng.choice(["29/1990", "QĐ 329", "1993/QĐ"]), "namhoc": f"{year}-{year + 1}"}
    return "rule-circular-unsure", "/thongtu"


def _old_circular_with_a_broken_field(rng: Random, document: Document) -> tuple[str, str]:
    """Of an older circular the shape alone is asked; broken it is refused all the same."""
    name, year = mutable.listed(document), rule_cases.FIRST[int(document["makhoi"])] - 1
    circular = rng.choice([each for each in _REPLACED["dsbangdiem" in document] if each != "26/2020" or year >= 2020])
    document |= {"thongtu": circular, "namhoc": f"{year}-{year + 1}"}
    index = rng.randrange(len(document[name]))
    document[name][index]["mamonhoc"] = rng.choice(["ZZ9", "???", "tvi"])
    return "field-code", mutable.at(document, index, "mamonhoc")


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
    rows = mutable.rows(document)
    index = rng.randrange(len(rows))
    rows[index]["tenmonhoc"] = rng.choice(["Thiên văn học", "Nữ công gia chánh", "Kĩ năng sống"])
    return "code-name", mutable.at(document, index, "tenmonhoc")


def _people_of_no_list(rng: Random, document: Document) -> tuple[str, str]:
    document["dantoc"] = rng.choice(["56", "1", "077", "KH"])
    return "code-unlisted", "/dantoc"


def _code_before_its_time(_rng: Random, document: Document) -> mutable.Expected:
    """Issued before any row of the code lists was in force."""
    document |= {"ngaykyphathanh": "2009-06-01", "ngaytao": "2009-05-30"}
    listed = ("macaphoc", "makhoi", "dantoc", "quoctich")
    rows = (mutable.at(document, index, "mamonhoc") for index in range(len(mutable.rows(document))))
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


EVERY: tuple[Breaker, ...] = (
    _circular_of_the_past_that_no_list_names, _new_circular_a_year_early, _old_circular_until_the_new_one_is_known,
    _old_circular_with_a_broken_field, _version_without_a_reason, _reason_without_words,
    _first_version_with_a_reason, _entry_document_of_a_citizen, _foreign_pupil_without_any_number, _name_of_another_subject, _people_of_no_list,
    _code_before_its_time, _number_of_the_other_sex, _number_of_another_year, _number_of_no_place, _number_too_short,
    _two_birth_dates, _no_birth_date, _grade_of_another_level, _issued_before_it_was_made,
)  # fmt: skip
