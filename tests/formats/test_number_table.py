"""Returned files of numbers as they come: columns in any order, shapes of spreadsheets, problems by row and column."""

from __future__ import annotations

import io

import openpyxl
import pytest

from registry.core.ids import BirthDate, Sex
from registry.formats.number_table import Reading

HEAD = "STT;Họ và tên;Ngày sinh;Giới tính;Số định danh cá nhân"


def read(*lines: str) -> tuple[Reading, list[object]]:
    reading = Reading(io.BytesIO("\n".join(lines).encode("utf-8-sig")))
    return reading, list(reading.rows())


def test_rows_with_a_number_and_rows_without() -> None:
    reading, rows = read("Trả lời công văn", HEAD, "1;Lê  An;04/05/2017;Nữ;079317000001", "2;Lê Bình;2017;Nam;")
    (row,) = rows
    assert (row.row, row.name, row.birth, row.sex, row.number) == (  # type: ignore[attr-defined]
        3, "Lê An", BirthDate(2017, 5, 4), Sex.FEMALE, "079317000001",
    )  # fmt: skip
    assert (reading.listing.findings, reading.without, reading.listing.count) == ([], 1, 2)


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        ("Lê An;04/05/2017;Nữ;79317000001", [("roster-number-zero", "/rows/2/sodinhdanh")]),
        ("Lê An;04/05/2017;Nữ;7.9317E+10", [("roster-number-rounded", "/rows/2/sodinhdanh")]),
        ("Lê An;04/05/2017;Nam;079317000001", [("number-sex", "/rows/2/sodinhdanh")]),
        ("Lê An;04/05/2016;Nữ;079317000001", [("number-year", "/rows/2/sodinhdanh")]),
        ("Lê An;04/05/2017;Nữ;999317000001", [("number-place", "/rows/2/sodinhdanh")]),
        (";31/02/2017;X;079317000001", [("field-empty", "/rows/2/hovaten"), ("field-format", "/rows/2/ngaysinh"),
                                         ("field-code", "/rows/2/gioitinh")]),
    ],
)  # fmt: skip
def test_problems_by_row_and_column(cells: str, found: list[tuple[str, str]]) -> None:
    reading, rows = read(HEAD, f"1;{cells}")
    assert rows == []
    assert [(each.code.slug, each.pointer) for each in reading.listing.findings] == found
    assert "079317000001" not in str([each.detail for each in reading.listing.findings])


@pytest.mark.parametrize("raw", [b"", b"a;b\n1;2\n", b"PK\x03\x04", b"\xff\xfe\x00", "Họ và tên;Ngày sinh".encode()])
def test_what_is_no_such_file(raw: bytes) -> None:
    reading = Reading(io.BytesIO(raw))
    assert list(reading.rows()) == []
    assert {each.code.slug for each in reading.listing.findings} == {"numbers-shape"}


def test_a_number_that_a_spreadsheet_made_a_number_has_lost_its_zero() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Họ và tên", "Ngày sinh", "Giới tính", "Số định danh cá nhân", "Mã học sinh"])
    sheet.append(["Lê An", "04/05/2017", "Nữ", 79317000001, "79001"])
    sheet.append(["Lê An", "04/05/2017", "Nữ", "079317000001", "79001"])
    raw = io.BytesIO()
    book.save(raw)
    reading = Reading(raw)
    raw.seek(0)
    rows = list(reading.rows())
    assert [row.pupil_code for row in rows] == ["79001"]
    assert [each.code.slug for each in reading.listing.findings] == ["roster-number-zero"]
