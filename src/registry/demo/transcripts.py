"""The builder of transcripts: made-up schools, pupils and documents whose content obeys the circulars, for demo and tests.

Documents are plain dicts with the published names, ready to be changed (`{**document, "namhoc": "..."}`) and written by
`to_bytes`. Everything comes out of a seeded `random.Random`: the same seed gives the same city. Marks are made from the
outside in, by what a result needs, and never by asking the rules that will judge them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any
from uuid import UUID

from registry.core import ids
from registry.core.ids import Level, SchoolYear, Sex
from registry.demo import marks, people, phrases

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class SchoolFacts:
    """What a transcript says about its school."""

    code: str
    name: str
    commune: str
    commune_code: str
    principal: str
    principal_number: str


@dataclass(frozen=True, slots=True)
class PupilFacts:
    """A made-up pupil in one school year."""

    name: str
    pupil_code: str
    number: str
    sex: Sex
    birth: date
    grade: int
    school_year: SchoolYear
    father: str
    mother: str

    @property
    def level(self) -> Level:
        """Level of schooling of the grade."""
        return ids.level_of(self.grade) or Level.PRIMARY


def school(
    rng: Random, *, code: str, name: str, commune: str = "Phường Hòa Hưng", commune_code: str = "27163"
) -> SchoolFacts:
    """A school with a made-up principal."""
    sex = people.sex(rng)
    number = people.personal_number(rng, sex=sex, birth_year=rng.randint(1965, 1988))
    return SchoolFacts(code, name, commune, commune_code, people.name(rng, sex), number)


def homeroom_teacher(school_code: str, class_name: str) -> tuple[str, str]:
    """Name and personal number of a class's teacher: always the same, for the documents and for the certificate."""
    rng = Random(f"{school_code}/{class_name}")
    sex = people.sex(rng)
    return people.name(rng, sex), people.personal_number(rng, sex=sex, birth_year=rng.randint(1968, 1999))


def pupil(rng: Random, *, grade: int, school_year: SchoolYear, pupil_code: str | None = None) -> PupilFacts:
    """A pupil of the usual age for the grade: six in the year the first grade starts."""
    sex = people.sex(rng)
    birth = date(school_year.first - 5 - grade, 1, 1) + timedelta(days=rng.randrange(365))
    return PupilFacts(
        name=people.name(rng, sex),
        pupil_code=pupil_code or f"79{rng.randrange(10**8):08d}",
        number=people.personal_number(rng, sex=sex, birth_year=birth.year),
        sex=sex,
        birth=birth,
        grade=grade,
        school_year=school_year,
        father=people.name(rng, Sex.MALE),
        mother=people.name(rng, Sex.FEMALE),
    )


def document(rng: Random, pupil: PupilFacts, school: SchoolFacts, **choices: Any) -> Document:
    """The transcript of the pupil's grade: `primary_document` or `secondary_document`."""
    make = primary_document if pupil.level is Level.PRIMARY else secondary_document
    return make(rng, pupil, school, **choices)


def primary_document(
    rng: Random,
    pupil: PupilFacts,
    school: SchoolFacts,
    *,
    result: str | None = None,
    class_name: str | None = None,
    teacher: tuple[str, str] | None = None,
    code: str | None = None,
    version: int = 1,
) -> Document:
    """A document of grades 1 to 5 (TT 27/2020); `result` is HTXS, HTT, HT or CHT, drawn when not given.

    `teacher` is (name, personal number) of the homeroom teacher, `code` the transcript code.
    """
    year = marks.primary_year(rng, pupil.grade, result)
    passed = year.overall != "CHT"
    promoted = passed or rng.random() < 0.3  # art. 11: the principal may still promote
    return {
        **_head(rng, pupil, school, "27/2020", code, version),
        "hotencha": pupil.father,
        "hotenme": pupil.mother,
        **_signers(rng, pupil, school, class_name, teacher),
        "xeploai": year.overall,
        "duoclenlop": promoted,
        "ndunghoanthanh": phrases.completion(pupil.grade, passed),
        "dahthanhctrinhlophoc": passed,
        "dahthanhctrinhtieuhoc": passed and pupil.grade == 5,
        "ndungkhenthuong": phrases.PRIMARY_AWARDS.get(year.overall),
        "nxetgvcn": phrases.remark(rng, year.overall in ("HTXS", "HTT")),
        **year.letters,
        "nxetphamchat": phrases.qualities(rng),
        "nxetnanglucchung": phrases.general(rng),
        "nxetnanglucdacthu": phrases.special(rng),
        "quatrinhhoctap": _history(pupil, school),
        "dsbangdiem": year.rows,
    }


def secondary_document(
    rng: Random,
    pupil: PupilFacts,
    school: SchoolFacts,
    *,
    result: str | None = None,
    class_name: str | None = None,
    teacher: tuple[str, str] | None = None,
    code: str | None = None,
    version: int = 1,
) -> Document:
    """A document of grades 6 to 12 (TT 22/2021); `result` is one of `marks.SECONDARY_PROFILES`, drawn when not given.

    `teacher` is (name, personal number) of the homeroom teacher, `code` the transcript code.
    """
    year = marks.secondary_year(rng, pupil.grade, result)
    promoted = year.learning != "CĐ" and year.conduct["renluyencanam"] != "CĐ" and (year.absences or 0) <= 45
    return {
        **_head(rng, pupil, school, "22/2021/TT-BGDĐT", code, version),
        "hotencha": pupil.father,
        "nghenghiepcha": rng.choice(phrases.JOBS),
        "hotenme": pupil.mother,
        "nghenghiepme": rng.choice(phrases.JOBS),
        **_signers(rng, pupil, school, class_name, teacher),
        "duoclenlop": promoted,
        "ndungduoclenlop": phrases.promotion(pupil.grade, promoted),
        "nxetgvcn": phrases.remark(rng, year.learning in ("T", "K")),
        "hocky1": year.learning,
        "hocky2": year.learning,
        "canam": year.learning,
        **({"sobuoinghi": year.absences} if year.absences else {}),
        **year.conduct,
        "quatrinhhoctap": _history(pupil, school),
        "chungchi": [],
        "bangdiem": year.rows,
    }


def revised(document: Mapping[str, Any], version: int, reason: str = "1", note: str = "Sửa lỗi nhập liệu") -> Document:
    """The document as another version of itself; `reason` by `code_lists.VERSION_REASONS`, left out for the first."""
    said = {} if version == 1 else {"lydophienban": reason, "noidunglydo": note}
    return {**document, "phienbanthongtinhocba": str(version), **said}


def to_bytes(document: Mapping[str, object]) -> bytes:
    """The payload: UTF-8 JSON without spaces."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def _head(
    rng: Random, pupil: PupilFacts, school: SchoolFacts, circular: str, code: str | None, version: int
) -> Document:
    street = f"{rng.randint(1, 480)} {rng.choice(phrases.STREETS)}"
    levels = {Level.PRIMARY: "02", Level.LOWER_SECONDARY: "03", Level.UPPER_SECONDARY: "04"}
    return {
        "trangthaithongtinhocba": "1",
        "trichluc": False,
        "phienbanthongtinhocba": str(version),
        "thongtu": circular,
        "madinhdanhhocba": code or str(UUID(int=rng.getrandbits(128), version=4)),
        "namhoc": str(pupil.school_year),
        "masogd": "79",
        "tensogd": "Sở Giáo dục và Đào tạo Thành phố Hồ Chí Minh",
        "matruong": school.code,
        "tentruong": school.name,
        "thongtintruong_diachi_tenxa": school.commune,
        "thongtintruong_diachi_tentinh": phrases.CITY,
        "thongtintruong_diachi_maxa": school.commune_code,
        "thongtintruong_diachi_matinh": "79",
        "macaphoc": levels[pupil.level],
        "sosodangbo": f"{rng.randrange(10**4):04d}/{pupil.school_year.first}",
        "hovaten": pupil.name,
        "sodinhdanh": pupil.number,
        "mahocsinh": pupil.pupil_code,
        "gioitinh": "1" if pupil.sex is Sex.MALE else "2",
        "ngaythangnamsinh": pupil.birth.isoformat(),
        "noisinh_diachichitiet": rng.choice(phrases.BIRTH_PLACES),
        "quequan_diachichitiet": rng.choice(phrases.HOMES),
        "noiohiennay_diachichitiet": f"{street}, {school.commune}, {phrases.CITY}",
        "noiohiennay_maxa": school.commune_code,
        "noiohiennay_matinh": "79",
        "dantoc": "04" if rng.random() < 0.06 else "01",
        "quoctich": "VN",
        "cokhuyettatkhongdanhgia": False,
        **({} if version == 1 else {"lydophienban": "1", "noidunglydo": "Sửa lỗi nhập liệu"}),
    }


def _signers(
    rng: Random, pupil: PupilFacts, school: SchoolFacts, class_name: str | None, teacher: tuple[str, str] | None
) -> Document:
    if teacher is None:
        sex = people.sex(rng)
        teacher = people.name(rng, sex), people.personal_number(rng, sex=sex, birth_year=rng.randint(1968, 1999))
    issued = date(pupil.school_year.first + 1, 5, 25) + timedelta(days=rng.randrange(7))
    return {
        "tengiamhieu": school.principal,
        "soddcngiamhieu": school.principal_number,
        "diadanhphathanh": phrases.CITY,
        "ngaykyphathanh": issued.isoformat(),
        "ngaytao": (issued - timedelta(days=rng.randrange(1, 6))).isoformat(),
        "chucvugiamhieu": "Hiệu trưởng",
        "tengvcn": teacher[0],
        "soddcngvcn": teacher[1],
        "makhoi": str(pupil.grade),
        "tenlop": class_name or _class_name(rng, pupil),
    }


def _class_name(rng: Random, pupil: PupilFacts) -> str:
    separator = "A" if pupil.level is not Level.PRIMARY else "/"
    return f"{pupil.grade}{separator}{rng.randint(1, 8)}"


def _history(pupil: PupilFacts, school: SchoolFacts) -> list[Document]:
    """The years at this school up to now."""
    first = ids.GRADES[pupil.level][0]
    return [
        {
            "namhoc": str(SchoolYear(pupil.school_year.first - pupil.grade + grade)),
            "tenlop": f"{grade}/1",
            "tentruong": school.name,
            "tentinh": phrases.CITY,
        }
        for grade in range(first, pupil.grade + 1)
    ]
