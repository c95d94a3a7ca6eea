"""Lists as schools keep them: what is read, and each way in which a file or a cell is wrong, by code, pointer and cell."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.core import ids
from registry.formats import roster_columns, roster_table
from registry.formats.roster_table import Reading, Row

GOOD: dict[str, Any] = {
    "Mã học sinh": "7900000001", "Họ và tên": "Nguyễn Thử Nghiệm", "Lớp": "1A", "Ngày sinh": "04/05/2017", "Giới tính": "Nữ",
    "Số định danh": "079317000001",
}  # fmt: skip
OTHER = {**GOOD, "Mã học sinh": "7900000002", "Số định danh": ""}
CODES = dict(zip(GOOD, roster_columns.REQUIRED, strict=True))
LETTERS = dict(zip(GOOD, "ABCDEF", strict=True))
SECRET = "079999555333"


def as_csv(*rows: Mapping[str, Any], head: Sequence[str] = tuple(GOOD), delimiter: str = ",") -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow(head)
    writer.writerows([row.get(name, "") for name in GOOD] for row in rows)
    return text.getvalue()


def as_xlsx(*rows: Sequence[Any], head: Sequence[Any] = tuple(GOOD), edit: Any = None) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (head, *rows):
        sheet.append(list(row))
    if edit is not None:
        edit(book)
    raw = io.BytesIO()
    book.save(raw)
    return raw.getvalue()


def read(raw: bytes, **place: Any) -> tuple[list[Row], list[tuple[str, str]], Reading]:
    reading = Reading(io.BytesIO(raw), **(place or {"school_code": "S", "grade": 1}))
    rows = list(reading.rows())
    return rows, [(each.code.slug, each.pointer) for each in reading.findings], reading


def repacked(raw: bytes, change: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name not in change:
                new.writestr(name, old.read(name))
        for name, content in change.items():
            new.writestr(name, content)
    return out.getvalue()


SHEET = "xl/worksheets/sheet1.xml"
ROW = tuple(GOOD.values())
SAME = {
    "utf-8": as_csv(GOOD).encode(),
    "mark": b"\xef\xbb\xbf" + as_csv(GOOD).encode(),
    "utf-16": as_csv(GOOD, delimiter="\t").encode("utf-16"),
    "semicolons": as_csv(GOOD, delimiter=";").encode(),
    "tabs": as_csv(GOOD, delimiter="\t").encode(),
    "decomposed": as_csv(GOOD | {"Họ và tên": "Nguye\u0302\u0303n Thử  Nghiệm "}).encode(),
    "titles": ("TRƯỜNG TIỂU HỌC A,,,,,\r\nNăm học 2023-2024,,,,,\r\n" + as_csv(GOOD)).encode(),
    "system names": as_csv(GOOD, head=roster_columns.REQUIRED).encode(),
    "shouting": as_csv(GOOD, head=[name.upper() for name in GOOD]).encode(),
    "other words": as_csv(
        GOOD, head=["Mã HS", "Họ tên học sinh", "Tên lớp", "Ngày, tháng, năm sinh", "Phái", "Số CCCD"]
    ).encode(),
    "iso and codes": as_csv(GOOD | {"Ngày sinh": "2017-05-04", "Giới tính": "2"}).encode(),
    "xlsx": as_xlsx(ROW),
    "xlsx date": as_xlsx([*ROW[:3], date(2017, 5, 4), *ROW[4:]]),
    "xlsx moment": as_xlsx([*ROW[:3], datetime.fromisoformat("2017-05-04T00:00"), *ROW[4:]]),
    "xlsx serial": as_xlsx([*ROW[:3], 42859, *ROW[4:]]),
    "xlsx code as number": as_xlsx([7900000001, *ROW[1:4], 2.0, ROW[5]]),
    "hidden sheet": as_xlsx(ROW, edit=lambda book: setattr(book.create_sheet("x"), "sheet_state", "hidden")),
    "name in two cells": as_xlsx(
        ["7900000001", "Nguyễn Thử", "Nghiệm", *ROW[2:]], head=["Mã học sinh", "Họ và tên", None, *tuple(GOOD)[2:]]
    ),
    "two header rows": as_xlsx(
        [None, "Họ và đệm", "Tên", None, None, None, None], ["7900000001", "Nguyễn Thử", "Nghiệm", *ROW[2:]],
        head=["Mã học sinh", "Họ và tên", None, *tuple(GOOD)[2:]],
    ),
    "extra columns": as_xlsx([1, *ROW, "x"], head=["STT", *GOOD, "Ghi chú"]),
}  # fmt: skip


@pytest.mark.parametrize("shape", SAME)
def test_one_pupil_in_every_shape(shape: str) -> None:
    rows, findings, _ = read(SAME[shape])
    assert findings == []
    (pupil,) = (row.pupil for row in rows)
    assert (pupil.pupil_code, pupil.name, pupil.class_name) == ("7900000001", "Nguyễn Thử Nghiệm", "1A")
    assert (pupil.sex, str(pupil.birth), pupil.number) == (ids.Sex.FEMALE, "2017-05-04", "079317000001")


WRONG: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
    ({"Mã học sinh": ""}, [("field-empty", "Mã học sinh")]),
    ({"Mã học sinh": "79 1"}, [("field-format", "Mã học sinh")]),
    ({"Mã học sinh": "7" * 21}, [("field-format", "Mã học sinh")]),
    ({"Mã học sinh": "７９"}, [("field-format", "Mã học sinh")]),
    ({"Họ và tên": ""}, [("field-empty", "Họ và tên")]),
    ({"Họ và tên": "  "}, [("field-empty", "Họ và tên")]),
    ({"Họ và tên": "Nguyễn\nAn"}, [("field-format", "Họ và tên")]),
    ({"Họ và tên": "Nguyễn\x00An"}, [("field-format", "Họ và tên")]),
    ({"Họ và tên": "A" * 151}, [("field-length", "Họ và tên")]),
    ({"Lớp": ""}, [("field-empty", "Lớp")]),
    ({"Lớp": "A" * 51}, [("field-length", "Lớp")]),
    ({"Ngày sinh": "05/13/2017"}, [("field-format", "Ngày sinh")]),
    ({"Ngày sinh": "2017-02-30"}, [("field-format", "Ngày sinh")]),
    ({"Ngày sinh": "4/5/17"}, [("field-format", "Ngày sinh")]),
    ({"Ngày sinh": "42859"}, [("field-format", "Ngày sinh")]),
    ({"Giới tính": "x"}, [("field-code", "Giới tính")]),
    ({"Giới tính": "9"}, [("field-code", "Giới tính")]),
    ({"Số định danh": "79317000001"}, [("roster-number-zero", "Số định danh")]),
    ({"Số định danh": "7,9317E+10"}, [("roster-number-rounded", "Số định danh")]),
    ({"Số định danh": "079317000001 "}, [("number-shape", "Số định danh")]),
    ({"Số định danh": "'079317000001"}, [("number-shape", "Số định danh")]),
    ({"Số định danh": "079-317-000001"}, [("number-shape", "Số định danh")]),
    ({"Số định danh": "999317000001"}, [("number-place", "Số định danh")]),
    ({"Số định danh": "079217000001"}, [("number-sex", "Số định danh")]),
    ({"Số định danh": "079318000001"}, [("number-year", "Số định danh")]),
    ({"Họ và tên": "", "Giới tính": "9"}, [("field-empty", "Họ và tên"), ("field-code", "Giới tính")]),
]


@pytest.mark.parametrize(("change", "expected"), WRONG)
def test_each_wrong_cell_is_named_as_the_spreadsheet_does(
    change: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    _, findings, reading = read(as_csv(OTHER, {**GOOD, **change}).encode())
    assert findings == [(code, f"/rows/3/{CODES[name]}") for code, name in expected]
    for finding, (_, name) in zip(reading.findings, expected, strict=True):
        assert finding.detail.split(":")[0] == f"{LETTERS[name]}3"


def test_a_number_stored_as_a_number_has_lost_its_zero() -> None:
    assert read(as_xlsx([*ROW[:5], 79317000001]))[1] == [("roster-number-zero", "/rows/2/sodinhdanh")]


def _far(book: Any) -> None:
    book.active["ZZ1"] = "x"


def _low(book: Any) -> None:
    book.active["CV1048576"] = "x"


def _formula(book: Any) -> None:
    book.active["F2"] = '="0"&"79317000001"'


def _error(book: Any) -> None:
    book.active["F2"] = "#REF!"
    book.active["F2"].data_type = "e"


def _guide(book: Any) -> None:
    book.create_sheet("Hướng dẫn")["A1"] = "Điền vào bảng"


DOCTYPE = b'<!DOCTYPE a [<!ENTITY b "c">]><worksheet/>'
UNREADABLE: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "/rows/1"),
    "no pupil code": (as_csv(GOOD, head=["x", *tuple(GOOD)[1:]]).encode(), "/rows/1"),
    "no number": (as_csv(GOOD, head=[*tuple(GOOD)[:5], "Mã định danh"]).encode(), "/rows/1"),
    "a column twice": (
        as_csv(GOOD, head=["Mã HS", "Họ và tên", "Lớp", "Ngày sinh", "Lớp", "CCCD"]).encode(),
        "/rows/1",
    ),
    "too few cells": (as_csv(GOOD).encode() + b"7900000009,X\r\n", "/rows/3"),
    "too many cells": (as_csv(GOOD).encode() + b"1,2,3,4,5,6,7\r\n", "/rows/3"),
    "open quote": (as_csv(GOOD).encode() + b'7900000009,"X', "/rows/3"),
    "endless cell": (as_csv(GOOD).encode() + b"7900000009," + b"X" * 140_000, "/rows/3"),
    "another encoding": (as_csv(GOOD).encode() + b"\xf2\xff", ""),
    "old excel": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, ""),
    "half a zip": (as_xlsx(ROW)[:2000], ""),
    "another zip": (repacked(b"PK\x05\x06" + b"\0" * 18, {"a.txt": b"x"}), ""),
    "no sheet xml": (repacked(as_xlsx(ROW), {SHEET: b"<worksheet"}), ""),
    "macros": (repacked(as_xlsx(ROW), {"xl/vbaProject.bin": b"x"}), ""),
    "doctype": (repacked(as_xlsx(ROW), {SHEET: DOCTYPE}), ""),
    "zip bomb": (repacked(as_xlsx(ROW), {"xl/media/a.xml": b" " * 30_000_000}), ""),
    "many parts": (repacked(as_xlsx(ROW), {f"x/{n}": b"" for n in range(1001)}), ""),
    "a cell far out": (as_xlsx(ROW, edit=_far), ""),
    "a cell far down": (as_xlsx(ROW, edit=_low), ""),
    "formula without value": (as_xlsx(ROW, edit=_formula), "/rows/2"),
    "error value": (as_xlsx(ROW, edit=_error), "/rows/2"),
    "a sheet that is no list": (as_xlsx(ROW, edit=_guide), "/sheets/2/rows/1"),
}


@pytest.mark.parametrize("shape", UNREADABLE)
def test_a_file_that_is_no_list(shape: str) -> None:
    raw, pointer = UNREADABLE[shape]
    assert read(raw)[1] == [("roster-shape", pointer)]


PLACES = as_csv(GOOD)[:-2].split("\r\n")


def placed(school: str, grade: str) -> bytes:
    return f"{PLACES[0]},Mã trường,Khối\r\n{PLACES[1]},{school},{grade}\r\n".encode()


@pytest.mark.parametrize("grade", ["1", "01", "Khối 1", "Khối lớp 1"])
def test_the_city_says_school_and_grade_in_the_rows(grade: str) -> None:
    (row,), findings, _ = read(placed("S", grade), school_code=None)
    assert (findings, row.school_code, row.grade) == ([], "S", 1)


@pytest.mark.parametrize(
    ("school", "grade", "place", "expected"),
    [
        ("T", "1", {"school_code": "S", "grade": 1}, ("roster-row", "/rows/2/matruong")),
        ("S", "2", {"school_code": "S", "grade": 1}, ("roster-row", "/rows/2/khoi")),
        ("S", "13", {"school_code": None}, ("field-format", "/rows/2/khoi")),
        ("", "1", {"school_code": None}, ("field-format", "/rows/2/matruong")),
    ],
)
def test_another_place_than_the_one_it_is_said_to_be_of(
    school: str, grade: str, place: dict[str, Any], expected: tuple[str, str]
) -> None:
    assert read(placed(school, grade), **place)[1] == [expected]


def test_a_list_without_a_place() -> None:
    assert read(as_csv(GOOD).encode(), school_code=None)[1] == [("roster-shape", "/rows/1")]


def test_very_many_findings_are_cut_short() -> None:
    _, findings, _ = read(as_csv(*({**GOOD, "Mã học sinh": "?"} for _ in range(1000))).encode())
    assert len(findings) == roster_table.MOST_FINDINGS + 1
    assert findings[-1] == ("roster-row", "")


@pytest.mark.parametrize("column", GOOD)
def test_nothing_sent_is_repeated(column: str) -> None:
    _, _, reading = read(as_csv({**GOOD, column: f"{SECRET}\t?\n"}).encode())
    assert reading.findings
    assert all(SECRET not in each.detail + each.pointer for each in reading.findings)


@given(st.binary() | st.text().map(lambda text: as_csv().encode() + text.encode("utf-8", "surrogatepass")))
def test_nothing_raises(raw: bytes) -> None:
    rows, findings, _ = read(raw)
    assert findings or all(ids.pupil_code_fits(row.pupil.pupil_code) for row in rows)
