"""A list with a header somewhere (CSV, XLSX) -> its lines with their places and findings. Pure, and row by row.

Above the header may stand titles; the header may take two rows; of many columns those of `roster_columns` are read, in any order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

from registry.core.findings import Code, Finding
from registry.formats import roster_cells, sheets
from registry.formats import roster_columns as columns
from registry.formats.roster_columns import Layout
from registry.formats.sheets import Cell, Sheet
from registry.formats.xlsx_guard import UnreadableError

#: Findings listed in one answer; a file with the wrong columns would otherwise name every cell.
MOST_FINDINGS = 200
#: Titles, the school's address, ...: the header is looked for in so many rows.
_MOST_TITLE_ROWS = 30


@dataclass(frozen=True, slots=True)
class Line:
    """A row below the header and where it stands."""

    sheet: int
    number: int
    cells: Sequence[Cell]
    layout: Layout

    def has(self, column: str) -> bool:
        """Whether the list has this column."""
        return column in self.layout.places

    def cell(self, column: str) -> Cell:
        """What stands in a column that is there; "" where the row is shorter."""
        position = self.layout.places[column]
        return self.cells[position] if position < len(self.cells) else ""

    def name(self) -> str:
        """The cells of a name as one text."""
        parts = [roster_cells.text(self.cells[at]) for at in self.layout.name_parts if at < len(self.cells)]
        return " ".join(part for part in parts if part)


@dataclass(slots=True)
class Listing:
    """One pass over a file: `lines()` once; afterwards `findings`, in the order of the file. With any, nothing may be used.

    `required`: the columns without which a row is no header. `shape`: the code of a file that can't be read as a list;
    `more`: that of the finding that says that there are more.
    """

    source: BinaryIO = field(repr=False)
    required: Sequence[str]
    shape: Code
    more: Code
    findings: list[Finding] = field(default_factory=list)
    count: int = 0
    _layouts: dict[int, tuple[str, Layout]] = field(default_factory=dict)

    @property
    def full(self) -> bool:
        """Whether so much is wrong that nobody reads on."""
        return len(self.findings) >= MOST_FINDINGS

    def lines(self) -> Iterator[Line]:
        """The rows below the headers; ends early when `full`. Never raises."""
        try:
            for sheet in sheets.sheets(self.source):
                yield from self._sheet(sheet)
                if self.full:
                    detail = f"there is more: the first {MOST_FINDINGS} findings are listed"
                    self.findings[MOST_FINDINGS:] = [Finding(self.more, "", detail)]
                    return
        except UnreadableError as error:
            pointer = "" if error.row is None else f"/rows/{error.row}"
            self.findings.append(Finding(self.shape, pointer, error.expected))
        if not self._layouts and not self.findings:
            self.findings.append(Finding(self.shape, "/rows/1", _expected([])))

    def place(self, sheet: int, row: int, column: str | None = None) -> tuple[str, str]:
        """The JSON pointer of a cell, and the cell as the spreadsheet names it ("B17", "Lớp 1!B17")."""
        name, layout = self._layouts[sheet]
        pointer = f"/rows/{row}" if sheet == 1 else f"/sheets/{sheet}/rows/{row}"
        if column is None or column not in layout.places:
            return pointer, f"{row}"
        cell = f"{sheets.letters(layout.places[column])}{row}"
        return f"{pointer}/{column}", f"{name}!{cell}" if sheet > 1 else cell

    def note(self, sheet: int, row: int, column: str, code: Code, expected: str) -> None:
        """Keep a finding at a cell."""
        pointer, cell = self.place(sheet, row, column)
        self.findings.append(Finding(code, pointer, f"{cell}: {expected}" if expected else cell))

    def noting(self, line: Line) -> Callable[[str, tuple[Code, str] | None], None]:
        """Keeps what is wrong with a cell of this row, if anything is."""

        def wrong(column: str, what: tuple[Code, str] | None) -> None:
            if what is not None:
                self.note(line.sheet, line.number, column, *what)

        return wrong

    def _sheet(self, sheet: Sheet) -> Iterator[Line]:
        above: list[tuple[int, list[Cell]]] = []
        layout: Layout | None = None
        width = 0
        for number, cells in sheet.rows:
            if layout is None:
                layout = self._header(above, number, cells)
                if layout is not None:
                    self._layouts[sheet.number] = (sheet.name, layout)
                    width = len(cells)
                    above = [(number, cells)]
                elif len(above) > _MOST_TITLE_ROWS:
                    break
                continue
            if above and (both := self._second_header(above.pop(), cells)) is not None:
                layout = both
                self._layouts[sheet.number] = (sheet.name, layout)
                continue
            above.clear()
            self._count()
            if len(cells) != width and not sheet.name:
                self.findings.append(Finding(self.shape, self.place(sheet.number, number)[0], f"{width} cells"))
            else:
                yield Line(sheet.number, number, cells, layout)
            if self.full:
                return
        if layout is None and above:
            self._no_header(sheet, above)

    def _count(self) -> None:
        self.count += 1
        if self.count > sheets.MOST_ROWS:
            raise UnreadableError(None, f"at most {sheets.MOST_ROWS} rows")

    def _header(self, above: list[tuple[int, list[Cell]]], number: int, cells: list[Cell]) -> Layout | None:
        """The layout once its header is complete with this row; a header may take two."""
        shown = [roster_cells.text(cell) for cell in cells]
        found = columns.layout(shown, required=self.required)
        if found is None and above:
            found = columns.layout([roster_cells.text(cell) for cell in above[-1][1]], shown, required=self.required)
        if found is None:
            above.append((number, cells))
        return found

    def _second_header(self, first: tuple[int, list[Cell]], cells: list[Cell]) -> Layout | None:
        """The layout of two rows, where the one below the header names columns too ("Họ và đệm", "Tên" below "Họ và tên")."""
        shown = [roster_cells.text(cell) for cell in cells]
        if columns.recognised(shown) < 2:
            return None
        return columns.layout([roster_cells.text(cell) for cell in first[1]], shown, required=self.required)

    def _no_header(self, sheet: Sheet, above: list[tuple[int, list[Cell]]]) -> None:
        best = max(above, key=lambda each: columns.recognised([roster_cells.text(cell) for cell in each[1]]))
        lacking = columns.missing([roster_cells.text(cell) for cell in best[1]], self.required)
        pointer = f"/rows/{best[0]}" if sheet.number == 1 else f"/sheets/{sheet.number}/rows/{best[0]}"
        self.findings.append(Finding(self.shape, pointer, _expected(lacking)))


def _expected(lacking: Sequence[str]) -> str:
    wanted = ", ".join(f'"{each}"' for each in lacking)
    start = f"a header that also has the columns {wanted}" if wanted else "a header with all columns"
    return f"{start}, each once; a sheet that is no list is hidden or deleted"
