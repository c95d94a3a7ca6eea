"""CSV bytes -> rows with the numbers a spreadsheet shows, read strictly. Pure; knows nothing of what the columns mean.

UTF-8 with or without a byte order mark; commas, or semicolons as spreadsheets with a Vietnamese locale write them. Nothing
is repaired: a cell comes out as it stands between its delimiters. Rows without any content are passed over, and counted.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field

#: Row number of the header; the first pupil, unit, ... stands in the row after it.
HEADER_ROW = 1


@dataclass(frozen=True, slots=True)
class Flaw:
    """What keeps a table from being read: the row (None: the whole) and the expected shape, never what was sent."""

    row: int | None
    expected: str


@dataclass(slots=True)
class Table:
    """Rows as (number, {column: cell}); `flaws` says what is missing from them."""

    rows: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    flaws: list[Flaw] = field(default_factory=list)


def read(raw: bytes, columns: Sequence[str], *, optional: Sequence[str] = (), most_bytes: int, most_rows: int) -> Table:
    """Read a table whose header names exactly `columns`, and any of `optional`, in any order. Never raises; what is wrong
    is a flaw."""
    if len(raw) > most_bytes:
        return Table(flaws=[Flaw(None, f"at most {most_bytes} bytes")])
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return Table(flaws=[Flaw(None, "UTF-8")])
    head = next(iter(io.StringIO(text, newline="")), "")
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=";" if ";" in head else ",", strict=True)
    table = Table()
    number = 0
    try:
        header = next(lines, [])
        number = HEADER_ROW
        if not _header_fits(header, columns, optional):
            table.flaws.append(Flaw(HEADER_ROW, _header_expected(columns, optional)))
            return table
        for cells in lines:
            number += 1
            if len(table.rows) == most_rows and any(cells):
                table.flaws.append(Flaw(None, f"at most {most_rows} rows"))
                break
            _take(table, number, header, cells)
    except csv.Error:
        # Quotes that are opened and not closed swallow the rest of the file: nothing after them can be told apart.
        table.flaws.append(Flaw(number + 1, 'quotes in pairs, a quote inside a cell as ""'))
    return table


def _header_fits(header: Sequence[str], columns: Sequence[str], optional: Sequence[str]) -> bool:
    names = set(header)
    return len(header) == len(names) and set(columns) <= names <= {*columns, *optional}


def _header_expected(columns: Sequence[str], optional: Sequence[str]) -> str:
    wanted = f" (and {', '.join(optional)} where wanted)" if optional else ""
    return f"a header with each of the columns {', '.join(columns)} once{wanted}, and no other"


def _take(table: Table, number: int, header: Sequence[str], cells: Sequence[str]) -> None:
    if not any(cells):
        return
    if len(cells) != len(header):
        table.flaws.append(Flaw(number, f"{len(header)} cells"))
        return
    table.rows.append((number, dict(zip(header, cells, strict=True))))
