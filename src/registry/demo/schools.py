"""The made-up schools of a synthetic Quận 10: fourteen primary (grade 1 of 2023-2024), eight lower secondary (grade 6 of
2024-2025), on the three wards of today, shared between two competing vendors."""

from __future__ import annotations

from dataclasses import dataclass

from registry.core.trust import Ownership

CITY = "city:79"
DISTRICT = "district:771"
#: The communes that took over Quận 10 on 1 July 2025.
COMMUNES = ("27190", "27169", "27163")  # Vườn Lài, Diên Hồng, Hòa Hưng
COMMUNE_NAMES = ("Phường Vườn Lài", "Phường Diên Hồng", "Phường Hòa Hưng")
#: The old ward that a school of each commune was in; two schools were in old ward 14, which was split.
_WARDS, _SPLIT, _OF_SPLIT = ("27190", "27187", "27172"), "27169", (4, 5)  # Phường 2, 8, 12; 14
VENDORS = ("vendor-sen", "vendor-tre")
#: Each vendor signs in a syntax of its own.
FORMS = {"vendor-sen": "json", "vendor-tre": "xml"}
_PRIMARY = ("Hoa Sen", "Hoa Mai", "Hoa Đào", "Hoa Cúc", "Hoa Lan", "Hoa Phượng", "Hoa Sứ", "Hoa Ban", "Hoa Súng", "Hoa Giấy",
            "Hoa Nhài", "Hoa Quỳnh", "Họa Mi", "Sơn Ca")  # fmt: skip
_SECONDARY = ("Cây Bàng", "Cây Đa", "Cây Tre", "Cây Phượng", "Cây Sao", "Cây Dầu", "Cây Me", "Chim Én")


@dataclass(frozen=True, slots=True)
class DemoSchool:
    """One school with the grade and year it takes part with."""

    code: str
    name: str
    ownership: Ownership
    commune: int  # position in COMMUNES
    vendor: str
    grade: int
    school_year: str
    classes: tuple[str, ...]
    ward: str = _WARDS[0]

    @property
    def level(self) -> str:
        """ "primary" or "secondary"."""
        return "primary" if self.grade <= 5 else "secondary"

    @property
    def short_name(self) -> str:
        """What people call it, short enough for a table."""
        return self.name.removeprefix("Trường ").removesuffix(" (thử nghiệm)").replace("Tiểu học", "TH")


def all_schools() -> tuple[DemoSchool, ...]:
    """Twenty-two schools; the last two of each level are not public."""
    primary = [_school(i, name, "Trường Tiểu học", 1, "2023-2024", i >= 12) for i, name in enumerate(_PRIMARY)]
    secondary = [_school(i, name, "Trường THCS", 6, "2024-2025", i >= 7) for i, name in enumerate(_SECONDARY)]
    return (*primary, *secondary)


def _school(position: int, name: str, kind: str, grade: int, school_year: str, private: bool) -> DemoSchool:
    number = (100 if grade == 1 else 500) + position + 1
    return DemoSchool(
        code=f"79771{number}",
        name=f"{kind} {name} (thử nghiệm)",
        ownership=Ownership.NON_PUBLIC if private else Ownership.PUBLIC,
        commune=position % len(COMMUNES),
        ward=_SPLIT if position in _OF_SPLIT else _WARDS[position % len(COMMUNES)],
        vendor=VENDORS[position % len(VENDORS)],
        grade=grade,
        school_year=school_year,
        classes=tuple(f"{grade}{letter}" for letter in ("A", "B", "C", "D")),
    )


def schools_csv() -> str:
    """The schools as a trust folder names them, for judging without a database."""
    rows = [f"{school.code},{school.name},{school.ownership.value}" for school in all_schools()]
    return "\n".join(["school_code,name,ownership", *rows, ""])


def units_csv() -> str:
    """The schools and their places on the map, as `registry unit import` takes it."""
    lines = ["kind,code,name,parents,valid_from,valid_to,ownership"]
    for school in all_schools():
        parents = f"{DISTRICT};ward:{school.ward};commune:{COMMUNES[school.commune]}"
        lines.append(f'school,{school.code},"{school.name}",{parents},2020-01-01,,{school.ownership.value}')
    return "\n".join(lines) + "\n"
