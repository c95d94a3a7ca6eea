"""Which column of a list holds what, as schools and the city's systems name them. Pure.

Compared without diacritics, case, blanks and signs, so that "Họ và tên", "HO VA TEN" and a decomposed spelling are one.
A name that can mean two things ("Mã định danh": the pupil's code or the person's number) is deliberately not among them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from registry.core import names

CODE, NAME, CLASS, BIRTH, SEX, NUMBER = "mahocsinh", "hovaten", "tenlop", "ngaysinh", "gioitinh", "sodinhdanh"
SCHOOL, GRADE, FAMILY, GIVEN = "matruong", "khoi", "hovadem", "ten"
REQUIRED = (CODE, NAME, CLASS, BIRTH, SEX, NUMBER)

_SPELLINGS: Mapping[str, tuple[str, ...]] = {
    CODE: ("Mã học sinh", "Mã HS", "Mã số học sinh", "Mã định danh Bộ GD&ĐT", "Mã định danh học sinh"),
    NAME: ("Họ và tên", "Họ tên", "Họ và tên học sinh", "Họ tên học sinh", "Tên học sinh", "Họ, tên"),
    CLASS: ("Lớp", "Tên lớp", "Lớp học", "Tên lớp học"),
    BIRTH: ("Ngày sinh", "Ngày, tháng, năm sinh", "Ngày tháng năm sinh", "Sinh ngày", "Ngày/tháng/năm sinh"),
    SEX: ("Giới tính", "Phái", "GT"),
    NUMBER: (
        "Số định danh", "Số định danh cá nhân", "Mã định danh cá nhân", "Mã số định danh cá nhân", "CCCD", "Số CCCD", "Căn cước",
        "Số căn cước", "Căn cước công dân", "Số căn cước công dân", "ĐDCN", "Số ĐDCN", "Mã ĐDCN", "Số ĐDCN/CCCD",
        "Số định danh cá nhân/CCCD", "Mã định danh công dân",
    ),
    SCHOOL: ("Mã trường", "Mã trường học", "Mã đơn vị", "school_code"),
    GRADE: ("Khối", "Khối lớp", "Mã khối", "grade"),
    FAMILY: ("Họ và đệm", "Họ đệm", "Họ và tên đệm", "Họ và chữ đệm", "Họ lót", "Họ và chữ lót"),
    GIVEN: ("Tên",),
}  # fmt: skip


def _key(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", names.search_key(text))


_BY_KEY = {_key(spelling): column for column, all_ in _SPELLINGS.items() for spelling in (column, *all_)}


@dataclass(frozen=True, slots=True)
class Layout:
    """Where each column stands (from 0); a name may stand in two cells. `ignored`: the letters' positions nobody reads."""

    places: Mapping[str, int]
    name_parts: tuple[int, ...]


def layout(
    header: Sequence[str], below: Sequence[str] | None = None, *, required: Sequence[str] = REQUIRED
) -> Layout | None:
    """The layout that a header row, or two rows of merged cells one below the other, gives; None when it lacks a column.

    A column that is named twice makes it none: which of the two counts nobody could say.
    """
    places: dict[str, int] = {}
    for position in range(max(len(header), len(below or ()))):
        upper, lower = _cell(header, position), _cell(below or (), position)
        column = _BY_KEY.get(_key(lower)) or _BY_KEY.get(_key(upper))
        if column is None:
            continue
        if column in places:
            return None
        places[column] = position
    return _with_name(places, header, below, required)


def missing(header: Sequence[str], required: Sequence[str] = REQUIRED) -> list[str]:
    """The names of the columns that a header row lacks."""
    found = {_BY_KEY.get(_key(cell)) for cell in header}
    if {FAMILY, GIVEN} <= found:
        found.add(NAME)
    return [_SPELLINGS[column][0] for column in required if column not in found]


def recognised(header: Sequence[str]) -> int:
    """How many cells name a column: of rows that are none, the one with the most is shown as the header."""
    return len({_BY_KEY[_key(cell)] for cell in header if _key(cell) in _BY_KEY})


def _with_name(
    places: dict[str, int], header: Sequence[str], below: Sequence[str] | None, required: Sequence[str]
) -> Layout | None:
    """ "Họ và tên" merged over two cells heads family and given name; so do two columns of their own."""
    if NAME in places:
        at = places[NAME]
        beside = at + 1
        blank = beside < len(header) and not _cell(header, beside) and not _cell(below or (), beside)
        parts = (at, beside) if blank else (at,)
    elif FAMILY in places and GIVEN in places:
        parts = (places[FAMILY], places[GIVEN])
        places[NAME] = parts[0]
    else:
        return None
    if any(column not in places for column in required):
        return None
    return Layout(places, parts)


def _cell(row: Sequence[str], position: int) -> str:
    return row[position].strip() if position < len(row) else ""
