"""Made-up people: plausible Vietnamese names and well-formed personal numbers, drawn from a seeded generator. No real person."""

from __future__ import annotations

from random import Random

from registry.core.ids import Sex

_FAMILY = (
    "Nguyễn Nguyễn Nguyễn Nguyễn Trần Trần Lê Lê Phạm Huỳnh Hoàng Phan Vũ Võ Đặng Bùi Đỗ Hồ Ngô Dương Lý Đinh Trương Lâm Mai "
    "Cao Châu Tạ Quách Tô Thái Đoàn Lương Trịnh Hà"
)
_MIDDLE = {
    Sex.MALE: "Văn Minh Gia Quốc Hữu Đức Thanh Anh Tuấn Hoàng Nhật Bảo Đình Công Xuân Trọng Thiên Khánh Phúc Quang",
    Sex.FEMALE: "Thị Ngọc Thanh Phương Khánh Bảo Minh Thùy Gia Diễm Hoài Kim Mỹ Như Quỳnh Tường Uyên Xuân Ánh Bích",
}
_GIVEN = {
    Sex.MALE: "An Bách Cường Dũng Duy Đạt Hải Hiếu Hưng Huy Khang Khoa Kiên Lâm Long Minh Nam Nghĩa Nhân Phát Phong Quân Sơn "
    "Tài Thắng Thịnh Tín Toàn Trí Trung Tú Vinh Việt Vũ",
    Sex.FEMALE: "Anh Châu Chi Dung Duyên Giang Hà Hân Hạnh Hiền Hoa Hương Khuê Lan Linh Ly Mai My Nga Ngân Nghi Nhi Nhung Oanh "
    "Phương Quyên Tâm Thảo Thư Thủy Tiên Trâm Trang Trinh Tuyết Uyên Vân Vy Ý Yến",
}

_FAMILY_NAMES = _FAMILY.split()
_MIDDLE_NAMES = {sex: names.split() for sex, names in _MIDDLE.items()}
_GIVEN_NAMES = {sex: names.split() for sex, names in _GIVEN.items()}

#: Registration codes a city school meets, its own most often.
_PLACES = ("079",) * 14 + (
    "074",
    "077",
    "080",
    "082",
    "083",
    "072",
    "066",
    "038",
    "040",
    "052",
    "051",
    "001",
    "279",
    "175",
)


def name(rng: Random, sex: Sex) -> str:
    """A full name: family, middle and given name, some with two middle names."""
    middle = " ".join(rng.sample(_MIDDLE_NAMES[sex], 2 if rng.random() < 0.15 else 1))
    return f"{rng.choice(_FAMILY_NAMES)} {middle} {rng.choice(_GIVEN_NAMES[sex])}"


def sex(rng: Random) -> Sex:
    """Either, evenly."""
    return rng.choice((Sex.MALE, Sex.FEMALE))


def personal_number(rng: Random, *, sex: Sex, birth_year: int) -> str:
    """12 digits that agree with sex and birth year (NĐ 137/2015 art. 13)."""
    century = 2 * (birth_year // 100 - 19) + (1 if sex is Sex.FEMALE else 0)
    return f"{rng.choice(_PLACES)}{century}{birth_year % 100:02d}{rng.randrange(10**6):06d}"
