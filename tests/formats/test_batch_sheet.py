"""Questions in sheets as offices make them, what is no such sheet, and results that no spreadsheet takes for formulas."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import openpyxl
import pytest
import xlsxwriter

from registry.formats import batch_lines, batch_sheet, tables_out
from registry.formats.xlsx_guard import UnreadableError
from tests.small_city import NOW


def sheet(*rows: list[Any], hidden_first: bool = False) -> bytes:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"strings_to_numbers": False, "strings_to_formulas": False})
    if hidden_first:
        hidden = book.add_worksheet("cũ")
        hidden.write_row(0, 0, ["not", "a", "list"])
        hidden.hide()
    page = book.add_worksheet("Câu hỏi")
    page.activate()
    page.set_first_sheet()
    for number, row in enumerate(rows):
        page.write_row(number, 0, row)
    book.close()
    return buffer.getvalue()


HEADER = ["Số định danh cá nhân", "NĂM HỌC", "Mục đích", "Số hồ sơ", "fields", "Khối"]


def test_a_sheet_in_vietnamese(tmp_path: Any) -> None:
    raw = sheet(HEADER, ["079214000001", "2023-2024", "admission", " HS 1 ", "promoted, result"],
                [], ["", "", "admission", "HS 2", "", 6.0], hidden_first=True)  # fmt: skip
    first, second = batch_sheet.read(raw, 10)
    assert (first.row, second.row) == (2, 4)
    assert first.members == {
        "personal_number": "079214000001", "school_year": "2023-2024", "purpose": "admission", "reference": "HS 1",
        "fields": ["promoted", "result"],
    }  # fmt: skip
    assert second.members == {"purpose": "admission", "reference": "HS 2", "grade": 6}


def test_a_number_that_lost_its_zeros_is_no_personal_number() -> None:
    (line,) = batch_sheet.read(sheet(HEADER, [79214000001, "2023-2024", "admission", "HS 1", "", 6.5]), 10)
    found = [(each.code.slug, each.pointer, each.detail.partition(":")[0]) for each in line.findings]
    assert found == [
        ("request-parameter", "/rows/2/personal_number", "A2"),
        ("request-parameter", "/rows/2/grade", "F2"),
    ]
    assert "79214000001" not in repr(line.findings)


@pytest.mark.parametrize(
    "header",
    [
        ["Mục đích"],
        ["Mục đích", "Số hồ sơ", "Điểm thi"],
        ["Mục đích", "Số hồ sơ", "purpose"],
        ["Họ và tên", "Ngày sinh"],
        [],
    ],
)
def test_a_header_that_is_none(header: list[str]) -> None:
    with pytest.raises(UnreadableError):
        batch_sheet.read(sheet(header, ["x"]), 10)


def test_a_cell_beside_the_named_columns() -> None:
    (line,) = batch_sheet.read(sheet(["Mục đích", "Số hồ sơ"], ["admission", "HS 1", "079214000001"]), 10)
    assert [(each.pointer, each.detail[:2]) for each in line.findings] == [("/rows/2", "C2")]


def test_one_row_too_many_is_noticed_and_no_more_are_read() -> None:
    raw = sheet(["Mục đích", "Số hồ sơ"], *[["admission", "1"]] * 50)
    assert len(batch_sheet.read(raw, 10)) == 11


def bomb() -> bytes:
    buffer = io.BytesIO(sheet(["Mục đích"]))
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/zeros.bin", bytes(300_000_000))
    return buffer.getvalue()


@pytest.mark.parametrize(
    "make", [lambda: b"", lambda: b"PK\x03\x04rest", lambda: sheet(["x"])[:-40], lambda: b"a,b\n1,2", bomb]
)
def test_what_is_no_workbook(make: Any) -> None:
    with pytest.raises(UnreadableError):
        batch_sheet.read(make(), 10)


def test_results_are_text_whatever_they_look_like() -> None:
    evil = '=HYPERLINK("http://x","y")'
    asked = {"personal_number": "079214000001", "purpose": "admission", "reference": evil}
    said = {
        "row": 2,
        "question": {"purpose": "admission", "reference": evil},
        "answer": {
            "answer": "genuine_withdrawn", "question_id": "q", "asked_at": "2026-11-23T09:00:00.000000+00:00",
            "school": {"code": "001", "name": "+Trường"}, "withdrawn": {"at": "2026-11-23T09:00:00Z", "reason": "-x"},
            "signers": [{"role": "seal", "signed_at": "2026-11-23T09:00:00Z", "hierarchy": None}],
            "content": {"pupil_name": "@Tên", "promoted": True, "subjects": [{"subject": "math"}]},
        },
    }  # fmt: skip
    pairs = [
        (
            batch_lines.kept(batch_lines.Line(2, asked)),
            batch_lines.answer(2, {k: v for k, v in said.items() if k != "row"}),
        )
    ]
    buffer = io.BytesIO()
    tables_out.write_xlsx(batch_sheet.table("Kết quả", batch_sheet.lines_of(pairs)), buffer, NOW)
    page = openpyxl.load_workbook(buffer).active
    assert page is not None
    header, row = [[cell.value for cell in each] for each in page.iter_rows()]
    shown = {name: value for name, value in zip(header, row, strict=True) if value is not None}
    assert shown["Số định danh cá nhân"] == "079214000001"
    assert (shown["Trả lời"], shown["Lý do thu hồi"]) == ("Thật, đã bị thu hồi", "-x")
    assert shown["Được lên lớp"] == "có"
    assert {cell.data_type for cell in page[2] if cell.value is not None} <= {"s", "n", "d"}
