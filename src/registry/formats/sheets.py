"""CSV and XLSX files -> sheets of rows with the numbers a spreadsheet shows. Pure; knows nothing of what the columns mean.

Nothing is repaired: a cell comes out as it stands. Hidden sheets are passed over. A formula counts as the value the spreadsheet
stored with it, which is what people see; one without a stored value is unreadable. CSV is read as it arrives, in bounded memory.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import BinaryIO, TypeAlias

import python_calamine

from registry.formats import xlsx_guard
from registry.formats.xlsx_guard import Bounds, UnreadableError

Cell: TypeAlias = str | int | float | bool | date | datetime | time | timedelta

MOST_XLSX_BYTES = 30_000_000
MOST_ROWS = 3_000_000
_HEAD = 8192
_ZIP = b"PK\x03\x04"


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet that people see; rows without any content are passed over, and counted."""

    number: int
    name: str
    rows: Iterator[tuple[int, list[Cell]]]


def letters(column: int) -> str:
    """What a spreadsheet calls a column: 0 is A, 26 is AA."""
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name


def sheets(raw: BinaryIO, bounds: Bounds = xlsx_guard.LIST) -> Iterator[Sheet]:
    """The sheets of a file, which says by its first bytes what it is. Raises UnreadableError, also while rows are read."""
    source = io.BufferedReader(raw, _HEAD) if isinstance(raw, io.RawIOBase) else raw
    head = _peeked(source)
    if head.startswith(_ZIP):
        whole = source.read(MOST_XLSX_BYTES + 1)
        if len(whole) > MOST_XLSX_BYTES:
            raise UnreadableError(None, f"at most {MOST_XLSX_BYTES} bytes; larger lists as CSV")
        yield from _workbook(whole, bounds)
    elif head.startswith(b"\xd0\xcf\x11\xe0"):
        raise UnreadableError(
            None, "XLSX or CSV; save the old .xls format, or a protected file, as XLSX without password"
        )
    else:
        yield Sheet(1, "", _csv_rows(source, head))


def _peeked(source: BinaryIO) -> bytes:
    if isinstance(source, io.BufferedReader):
        return source.peek(_HEAD)[:_HEAD]
    head = source.read(_HEAD)
    source.seek(0)
    return head


def _workbook(raw: bytes, bounds: Bounds) -> Iterator[Sheet]:
    xlsx_guard.check(raw, bounds)
    try:
        book = python_calamine.load_workbook(io.BytesIO(raw))
        seen = [
            each.name
            for each in book.sheets_metadata
            if each.visible is python_calamine.SheetVisibleEnum.Visible
            and each.typ is python_calamine.SheetTypeEnum.WorkSheet
        ]
        for number, name in enumerate(seen, 1):
            sheet = book.get_sheet_by_name(name)
            yield Sheet(number, name, _sheet_rows(sheet))
    except UnreadableError:
        raise
    except Exception as error:  # the reader is native code with errors of many kinds; each means the same here
        raise UnreadableError(None, "an XLSX file that a spreadsheet program saved") from error


def _sheet_rows(sheet: python_calamine.CalamineSheet) -> Iterator[tuple[int, list[Cell]]]:
    if sheet.start is None:
        return
    first, shift = sheet.start
    blank: list[Cell] = [""] * shift
    for number, cells in enumerate(sheet.iter_rows(), first + 1):
        if any(cell != "" for cell in cells):
            yield number, [*blank, *cells]


def _csv_rows(source: BinaryIO, head: bytes) -> Iterator[tuple[int, list[Cell]]]:
    encoding = "utf-16" if head[:2] in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE} else "utf-8-sig"
    lines = io.TextIOWrapper(source, encoding, newline="")
    reader = csv.reader(lines, delimiter=_delimiter(head.decode(encoding, "ignore")), strict=True)
    number = 0
    try:
        for cells in reader:
            number += 1
            if any(cells):
                yield number, list(cells)
    except UnicodeError:
        raise UnreadableError(None, "UTF-8, or UTF-16 with a byte order mark") from None
    except csv.Error:
        # Quotes that are opened and not closed swallow the rest of the file: nothing after them can be told apart.
        raise UnreadableError(number + 1, 'quotes in pairs, a quote inside a cell as ""') from None
    finally:
        lines.detach()


def _delimiter(head: str) -> str:
    """The separator that the first lines have most of, a comma where none has any."""
    counts = {each: head.count(each) for each in (",", ";", "\t")}
    return max(counts, key=lambda each: counts[each])
