"""Tables -> CSV and XLSX files that are safe to open. Pure; the one writer for every export.

CSV: RFC 4180, UTF-8 with byte order mark (without it Vietnamese is garbled in Excel), every text quoted, formulas disarmed.
XLSX: text cells are text whatever they look like, row by row in bounded memory (xlsxwriter `constant_memory`).
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any, BinaryIO

import xlsxwriter

from registry.core import tables_out
from registry.core.tables_out import Cell, Column, FileKind, TableOut

MEDIA_TYPES = {
    FileKind.CSV: "text/csv; charset=utf-8",
    FileKind.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_BOM = b"\xef\xbb\xbf"
#: Moments are shown on the clocks of those who read them; Vietnam has known no summer time since 1975.
_HERE = timezone(timedelta(hours=7))
_CHUNK = 64 * 1024
_NO_SHEET_NAME = re.compile(r"[\[\]:*?/\\\x00-\x1f']")
_LONGEST_SHEET_NAME = 31
_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_numbers": False,
    "strings_to_urls": False,
}


def csv_chunks(table: TableOut) -> Iterator[bytes]:
    """The table as CSV, piece by piece: commas, CRLF, text always quoted, numbers never."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    yield _BOM
    writer.writerow([_csv_cell(column.name) for column in table.columns])
    for row in table.rows:
        writer.writerow([_csv_cell(cell) for cell in row])
        if buffer.tell() >= _CHUNK:
            yield _emptied(buffer)
    yield _emptied(buffer)


def write_xlsx(table: TableOut, to: BinaryIO, made_at: datetime, *, most_rows: int = tables_out.MOST_ROWS) -> None:
    """The table as an XLSX workbook: a bold, frozen header with filters; further sheets when one is full."""
    book = xlsxwriter.Workbook(to, _OPTIONS)
    book.set_properties({"title": table.title, "created": made_at.astimezone(UTC).replace(tzinfo=None)})
    writer = _Sheets(book, table, most_rows)
    for row in table.rows:
        writer.add(row)
    writer.end()
    book.close()


class _Sheets:
    """One sheet after the other, each with the header."""

    def __init__(self, book: Any, table: TableOut, most_rows: int) -> None:
        self._book, self._table, self._most_rows = book, table, most_rows
        self._bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        self._text = book.add_format({"num_format": "@"})
        # What looks like a formula stays text also when somebody edits the cell.
        self._quoted = book.add_format({"num_format": "@", "quote_prefix": True})
        self._date = book.add_format({"num_format": "dd/mm/yyyy"})
        self._moment = book.add_format({"num_format": "dd/mm/yyyy hh:mm"})
        self._names = 0
        self._open()

    def _open(self) -> None:
        self._names += 1
        self._sheet = self._book.add_worksheet(_sheet_name(self._table.title, self._names))
        self._sheet.freeze_panes(1, 0)
        columns: Sequence[Column] = self._table.columns
        for place, column in enumerate(columns):
            self._sheet.set_column(place, place, column.width)
            self._sheet.write_string(0, place, tables_out.shown(column.name), self._bold)
        self._row = 1

    def add(self, row: Sequence[Cell]) -> None:
        if self._row == self._most_rows:
            self.end()
            self._open()
        for place, cell in enumerate(row):
            self._put(place, cell)
        self._row += 1

    def end(self) -> None:
        self._sheet.autofilter(0, 0, self._row - 1, max(0, len(self._table.columns) - 1))

    def _put(self, place: int, cell: Cell) -> None:
        sheet, row = self._sheet, self._row
        if cell is None:
            return
        if isinstance(cell, str):
            text = tables_out.shown(cell)
            sheet.write_string(row, place, text, self._quoted if tables_out.is_formula(text) else self._text)
        elif isinstance(cell, datetime):
            sheet.write_datetime(row, place, cell.astimezone(_HERE).replace(tzinfo=None), self._moment)
        elif isinstance(cell, date):
            sheet.write_datetime(row, place, cell, self._date)
        elif math.isfinite(cell):
            sheet.write_number(row, place, cell)


def _csv_cell(cell: Cell) -> str | int | float:
    if cell is None or (isinstance(cell, float) and not math.isfinite(cell)):
        return ""
    if isinstance(cell, str):
        return tables_out.guarded(tables_out.shown(cell))
    if isinstance(cell, datetime):
        return cell.astimezone(_HERE).strftime("%Y-%m-%d %H:%M:%S")
    return cell.isoformat() if isinstance(cell, date) else cell


def _emptied(buffer: io.StringIO) -> bytes:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.encode("utf-8")


def _sheet_name(title: str, number: int) -> str:
    suffix = "" if number == 1 else f" {number}"
    plain = _NO_SHEET_NAME.sub(" ", tables_out.shown(title)).strip() or "1"
    return plain[: _LONGEST_SHEET_NAME - len(suffix)].rstrip() + suffix
