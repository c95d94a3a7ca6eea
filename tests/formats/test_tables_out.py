"""The one writer of exports: what comes out is read back with other people's readers."""

import csv
import io
from datetime import UTC, date, datetime

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.core import tables_out as values
from registry.core.tables_out import Cell, Column, TableOut
from registry.formats import tables_out

NOW = datetime(2026, 6, 1, 2, 30, tzinfo=UTC)
COLUMNS = (Column("Mã"), Column("Họ và tên", 30), Column("Số"))


def table(*rows: tuple[Cell, ...], title: str = "Danh sách") -> TableOut:
    return TableOut(title, COLUMNS, rows)


def as_csv(of: TableOut) -> bytes:
    return b"".join(tables_out.csv_chunks(of))


def csv_rows(raw: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline="")))


def workbook(of: TableOut, most_rows: int = values.MOST_ROWS) -> openpyxl.Workbook:
    buffer = io.BytesIO()
    tables_out.write_xlsx(of, buffer, NOW, most_rows=most_rows)
    return openpyxl.load_workbook(io.BytesIO(buffer.getvalue()))


def test_csv_has_a_mark_quoted_texts_and_bare_numbers() -> None:
    raw = as_csv(table(("079", 'Lê "Bé" An', 3), (None, "b", 1.5)))
    assert raw.startswith(b"\xef\xbb\xbf")
    assert raw[3:].decode() == '"Mã","Họ và tên","Số"\r\n"079","Lê ""Bé"" An",3\r\n"","b",1.5\r\n'


def test_moments_are_those_of_the_reader() -> None:
    row = (date(2015, 5, 12), NOW, float("nan"))
    assert csv_rows(as_csv(table(row)))[1] == ["2015-05-12", "2026-06-01 09:30:00", ""]
    cells = [cell.value for cell in next(workbook(table(row)).worksheets[0].iter_rows(min_row=2))]
    assert cells == [datetime.fromisoformat("2015-05-12"), datetime.fromisoformat("2026-06-01T09:30"), None]


@pytest.mark.parametrize("formula", ["=1+1", "＝HYPERLINK(1)", "@x", "-2+3", "\t=1"])
def test_no_cell_is_a_formula(formula: str) -> None:
    of = table((formula, formula, 1))
    assert all(cell.startswith("'") for cell in csv_rows(as_csv(of))[1][:2])
    first = next(workbook(of).worksheets[0].iter_rows(min_row=2))[0]
    assert (first.data_type, first.value, first.quotePrefix) == ("s", formula, True)


def test_headers_are_cells_like_others() -> None:
    of = TableOut("=x", (Column("=1"),), [])
    assert csv_rows(as_csv(of)) == [["'=1"]]
    assert workbook(of).worksheets[0]["A1"].data_type == "s"


def test_codes_and_numbers_keep_their_zeros() -> None:
    cell = workbook(table(("079206000017", "", 0))).worksheets[0]["A2"]
    assert (cell.value, cell.data_type, cell.number_format) == ("079206000017", "s", "@")


@pytest.mark.parametrize("title", ["", "a/b[c]:d", "x" * 60, "'", "Lớp 6A1?"])
def test_any_title_names_a_sheet(title: str) -> None:
    assert len(workbook(table(title=title)).sheetnames[0]) <= 31


def test_a_full_sheet_is_followed_by_another() -> None:
    sheets = workbook(table(*((str(n), "", n) for n in range(5))), most_rows=3).worksheets
    assert [[row[0].value for row in sheet.iter_rows()] for sheet in sheets] == [
        ["Mã", "0", "1"],
        ["Mã", "2", "3"],
        ["Mã", "4"],
    ]


@given(st.lists(st.tuples(st.text(max_size=20), st.text(max_size=20), st.integers(-5, 5)), max_size=5))
def test_whatever_the_texts_the_files_can_be_read(rows: list[tuple[str, str, int]]) -> None:
    of = table(*rows)
    assert len(csv_rows(as_csv(of))) >= 1 + len(rows)
    sheet = workbook(of).worksheets[0]
    assert sheet.max_row == 1 + len(rows)
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)
