"""Transcripts that obey the circulars: every grade, circular and result, with exemptions, summers and history. Seeded.

Made from what each result needs (`registry.demo.marks`), never by asking the rules that will judge them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random

from registry.core.ids import SchoolYear
from registry.core.subjects import Subject
from registry.demo import marks, transcripts
from registry.demo.transcripts import Document
from registry.formats import code_lists

#: First school year of the circular in force, by grade (TT 27/2020, TT 22/2021: roadmaps), written down here once more.
FIRST = {1: 2020, 2: 2021, 3: 2022, 4: 2023, 5: 2024, 6: 2021, 7: 2022, 8: 2023, 9: 2024, 10: 2022, 11: 2023, 12: 2024}
_RESULTS = {True: ("HTXS", "HTT", "HT", "CHT"), False: tuple(marks.SECONDARY_PROFILES)}
_SPELLINGS = {
    True: ("27/2020", "TT 27/2020"),  # the field has ten characters
    False: ("22/2021", "22/2021/TT-BGDĐT", "TT 22/2021", "TT 22/2021/TT-BGDĐT", "Thông tư số 22/2021/TT-BGDĐT"),
}
_OLDER = {
    True: (("30/2014", 2014), ("22/2016", 2016), ("32/2009", 2009), ("QĐ 30/2005", 2005)),
    False: (("58/2011", 2011), ("26/2020/TT-BGDĐT", 2020), ("40/2006/QĐ-BGDĐT", 2006), ("QĐ 51/2008", 2008)),
}


def good(rng: Random, grade: int, result: str | None = None) -> Document:
    """A transcript of the grade in a year of the circular in force; `result` as in `demo.marks`, drawn when not given."""
    year = FIRST[grade] + rng.randrange(4)
    school = transcripts.school(rng, code="79771001", name="Trường Thử nghiệm")
    pupil = transcripts.pupil(rng, grade=grade, school_year=SchoolYear(year))
    primary = grade <= 5
    chosen = result or rng.choice(_RESULTS[primary])
    document = transcripts.document(rng, pupil, school, result=chosen)
    return document | {"thongtu": rng.choice(_SPELLINGS[primary])}


def seeded(seed: int, grade: int) -> Document:
    """The good transcript of the grade that the seed decides on."""
    return good(Random(seed), grade)


def every(seed: int, rounds: int) -> Iterator[Document]:
    """Each grade with each result, and each of the special cases, so many times over."""
    rng = Random(seed)
    for _ in range(rounds):
        for grade in FIRST:
            for result in _RESULTS[grade <= 5]:
                yield good(rng, grade, result)
            for special in _SPECIAL:
                document = special(rng, grade)
                if document is not None:
                    yield document


def summer(rng: Random, grade: int) -> Document | None:
    """A secondary year at CĐ whose failed averages were raised to 5.0 in summer, so that the pupil is promoted (art. 14)."""
    if grade <= 5:
        return None
    document = good(rng, grade, "CĐ")
    if "CĐ" in (document["renluyencanam"],) or document.get("sobuoinghi", 0) > 45:
        return None
    for row in document["bangdiem"]:
        mark = row["diemcanam"]
        if mark not in ("Đ", "CĐ", "M") and float(mark) < 5:
            row["diemkttralai"] = "5"
    said = {"kqhoctaplai": "Đ", "duoclenlop": True, "ndungduoclenlop": "Được lên lớp sau đánh giá lại"}
    return transcripts.revised(document | said, 2, "2")


def training(rng: Random, grade: int) -> Document | None:
    """A secondary year with conduct CĐ that training in summer made good (art. 13)."""
    if grade <= 5:
        return None
    document = good(rng, grade, "K")
    conduct = {"renluyenhocky1": "K", "renluyenhocky2": "CĐ", "renluyencanam": "CĐ", "renluyenlai": "Đ"}
    said = {"ndungkquarenluyen": "Đã rèn luyện trong hè", "duoclenlop": document.get("sobuoinghi", 0) <= 45}
    return transcripts.revised(document | conduct | said, 2, "2")


def exempt(rng: Random, grade: int) -> Document | None:
    """A pupil who is exempt from physical education."""
    document = good(rng, grade, "HTXS" if grade <= 5 else "T")
    for row in document["dsbangdiem" if grade <= 5 else "bangdiem"]:
        if row["mamonhoc"] == code_lists.ROW_OF[Subject.PHYSICAL_EDUCATION].code:
            row |= {"mucdatduoc": "M"} if grade <= 5 else {"diemhocky1": "M", "diemhocky2": "M", "diemcanam": "M"}
    return document


def exempt_for_a_term(rng: Random, grade: int) -> Document | None:
    """A secondary pupil who was exempt from physical education in one term: the other one is the year's."""
    if grade <= 5:
        return None
    document = good(rng, grade, "T")
    for row in document["bangdiem"]:
        if row["mamonhoc"] == code_lists.ROW_OF[Subject.PHYSICAL_EDUCATION].code:
            row[rng.choice(("diemhocky1", "diemhocky2"))] = "M"
    return document


def foreign(rng: Random, grade: int) -> Document | None:
    """A pupil of another nationality with an entry document in the place of a personal number."""
    said = {"quoctich": rng.choice(("LA", "KR", "FR")), "dantoc": "55", "sodinhdanh": rng.choice(("", None))}
    return good(rng, grade) | said | {"sogiaytoxnc": f"TEST-{rng.randrange(10**6):06}"}


def from_paper(rng: Random, grade: int) -> Document | None:
    """Taken over from a paper transcript (trích lục)."""
    return good(rng, grade) | {"trichluc": True}


def born_in_a_month_or_year(rng: Random, grade: int) -> Document | None:
    """A birth date of which the day, or the day and the month, are not known."""
    document = good(rng, grade)
    born = document.pop("ngaythangnamsinh")
    return document | rng.choice(
        ({"thangnamsinh": born[:7]}, {"namsinh": born[:4]}, {"thangnamsinh": born[:7], "namsinh": born[:4]})
    )


def disabled(rng: Random, grade: int) -> Document | None:
    """A disabled pupil who is not assessed: no marks, no result; what happens next is decided by the principal."""
    document = good(rng, grade)
    gone = ("xeploai", "hocky1", "hocky2", "canam")
    return {k: v for k, v in document.items() if k not in gone} | {
        "cokhuyettatkhongdanhgia": True,
        "dsbangdiem" if grade <= 5 else "bangdiem": [],
        "duoclenlop": rng.random() < 0.5,
    }


def history(rng: Random, grade: int) -> Document | None:
    """A year of an older circular, with results that the new one would not take."""
    document = good(rng, grade)
    result = {"xeploai": "HTXS", "duoclenlop": False} if grade <= 5 else {"canam": "T", "hocky1": "CĐ"}
    year = FIRST[grade] - 1 - rng.randrange(2)
    circular = rng.choice([name for name, first in _OLDER[grade <= 5] if first <= year])
    return document | result | {"thongtu": circular, "namhoc": f"{year}-{year + 1}"}


def promoted_by_the_principal(rng: Random, grade: int) -> Document | None:
    """CHT, and promoted all the same with the decision in words (TT 27/2020 art. 11.2)."""
    if grade > 5:
        return None
    said = {"duoclenlop": True, "ndunghoanthanh": "Hiệu trưởng quyết định cho lên lớp"}
    return good(rng, grade, "CHT") | said


_SPECIAL: tuple[Callable[[Random, int], Document | None], ...] = (
    summer, training, exempt, exempt_for_a_term, disabled, foreign, from_paper, born_in_a_month_or_year, history,
    promoted_by_the_principal,
)  # fmt: skip
