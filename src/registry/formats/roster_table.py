"""A list of pupils as schools and the city's systems keep it (CSV, XLSX) -> pupils with their places. Pure, and row by row.

Above the header may stand titles; the header may take two rows; of many columns those of `roster_columns` are read, in any order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

from registry.core import codes, ids
from registry.core.findings import Code, Finding
from registry.core.rosters import Pupil
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
class Row:
    """A pupil and where in the file and in the city it stands."""

    sheet: int
    number: int
    school_code: str
    grade: int
    pupil: Pupil


@dataclass(slots=True)
class Reading:
    """One pass over a file: `rows()` once; afterwards `findings`, in the order of the file. With any, nothing may be used.

    `school_code` and `grade`: where all pupils belong, if the file does not say; what it says must be the same then.
    """

    source: BinaryIO = field(repr=False)
    school_code: str | None = None
    grade: int | None = None
    findings: list[Finding] = field(default_factory=list)
    count: int = 0
    _layouts: dict[int, tuple[str, Layout]] = field(default_factory=dict)

    @property
    def full(self) -> bool:
        """Whether so much is wrong that nobody reads on."""
        return len(self.findings) >= MOST_FINDINGS

    def rows(self) -> Iterator[Row]:
        """The pupils; ends early when `full`. Never raises."""
        try:
            for sheet in sheets.sheets(self.source):
                yield from self._sheet(sheet)
                if self.full:
                    detail = f"there is more: the first {MOST_FINDINGS} findings are listed"
                    self.findings[MOST_FINDINGS:] = [Finding(codes.ROSTER_ROW, "", detail)]
                    return
        except UnreadableError as error:
            pointer = "" if error.row is None else f"/rows/{error.row}"
            self.findings.append(Finding(codes.ROSTER_SHAPE, pointer, error.expected))
        if not self._layouts and not self.findings:
            self.findings.append(Finding(codes.ROSTER_SHAPE, "/rows/1", _expected([])))

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

    def _sheet(self, sheet: Sheet) -> Iterator[Row]:
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
            row = self._row(sheet, number, cells, layout, width)
            if row is not None:
                yield row
            if self.full:
                return
        if layout is None and above:
            self._no_header(sheet, above)

    def _header(self, above: list[tuple[int, list[Cell]]], number: int, cells: list[Cell]) -> Layout | None:
        """The layout once its header is complete with this row; a header may take two."""
        shown = [roster_cells.text(cell) for cell in cells]
        found = columns.layout(shown)
        if found is None and above:
            found = columns.layout([roster_cells.text(cell) for cell in above[-1][1]], shown)
        if found is None or not self._has_place(found):
            above.append((number, cells))
            return None
        return found

    def _second_header(self, first: tuple[int, list[Cell]], cells: list[Cell]) -> Layout | None:
        """The layout of two rows, where the one below the header names columns too ("Họ và đệm", "Tên" below "Họ và tên")."""
        shown = [roster_cells.text(cell) for cell in cells]
        if columns.recognised(shown) < 2:
            return None
        return columns.layout([roster_cells.text(cell) for cell in first[1]], shown)

    def _has_place(self, found: Layout) -> bool:
        return (self.school_code is not None or columns.SCHOOL in found.places) and (
            self.grade is not None or columns.GRADE in found.places
        )

    def _no_header(self, sheet: Sheet, above: list[tuple[int, list[Cell]]]) -> None:
        best = max(above, key=lambda each: columns.recognised([roster_cells.text(cell) for cell in each[1]]))
        lacking = columns.missing([roster_cells.text(cell) for cell in best[1]])
        if self.school_code is None:
            lacking.append("Mã trường")
        if self.grade is None:
            lacking.append("Khối")
        pointer = f"/rows/{best[0]}" if sheet.number == 1 else f"/sheets/{sheet.number}/rows/{best[0]}"
        self.findings.append(Finding(codes.ROSTER_SHAPE, pointer, _expected(lacking)))

    def _row(self, sheet: Sheet, number: int, cells: Sequence[Cell], layout: Layout, width: int) -> Row | None:
        self.count += 1
        if self.count > sheets.MOST_ROWS:
            raise UnreadableError(None, f"at most {sheets.MOST_ROWS} rows")
        if len(cells) != width and not sheet.name:
            self.findings.append(Finding(codes.ROSTER_SHAPE, self.place(sheet.number, number)[0], f"{width} cells"))
            return None
        places, before = layout.places, len(self.findings)

        def cell(column: str) -> Cell:
            position = places[column]
            return cells[position] if position < len(cells) else ""

        def wrong(column: str, what: tuple[Code, str] | None) -> None:
            if what is not None:
                self.note(sheet.number, number, column, *what)

        code, flaw = roster_cells.pupil_code(cell(columns.CODE))
        wrong(columns.CODE, flaw)
        parts = [roster_cells.text(cells[at]) for at in layout.name_parts if at < len(cells)]
        name, flaw = roster_cells.required_text(" ".join(part for part in parts if part), roster_cells.LONGEST_NAME)
        wrong(columns.NAME, flaw)
        class_name, flaw = roster_cells.required_text(cell(columns.CLASS), roster_cells.LONGEST_CLASS)
        wrong(columns.CLASS, flaw)
        birth, flaw = roster_cells.birth(cell(columns.BIRTH))
        wrong(columns.BIRTH, flaw)
        sex, flaw = roster_cells.sex(cell(columns.SEX))
        wrong(columns.SEX, flaw)
        personal, flaw = roster_cells.number(cell(columns.NUMBER))
        wrong(columns.NUMBER, flaw)
        if personal is not None:
            for each in ids.number_findings(personal, sex=sex, birth=birth, pointer=""):
                wrong(columns.NUMBER, (each.code, each.detail))
        school, grade = self.school_code, self.grade
        if columns.SCHOOL in places:
            told = roster_cells.text(cell(columns.SCHOOL)).strip()
            if school is not None and told != school:
                wrong(columns.SCHOOL, (codes.ROSTER_ROW, "the school that the list is said to be of"))
            elif not ids.school_code_fits(told):
                wrong(columns.SCHOOL, (codes.FIELD_FORMAT, "1 to 20 letters A to Z, digits, - and _"))
            school = told
        if columns.GRADE in places:
            told_grade, flaw = roster_cells.grade(cell(columns.GRADE))
            wrong(columns.GRADE, flaw)
            if grade is not None and told_grade is not None and told_grade != grade:
                wrong(columns.GRADE, (codes.ROSTER_ROW, "the grade that the list is said to be of"))
            grade = told_grade
        if len(self.findings) > before or school is None or grade is None:
            return None
        return Row(sheet.number, number, school, grade, Pupil(code, class_name, name, sex, birth, personal))


def _expected(lacking: Sequence[str]) -> str:
    wanted = ", ".join(f'"{each}"' for each in lacking)
    start = f"a header that also has the columns {wanted}" if wanted else "a header with all columns"
    return f"{start}, each once; a sheet that is no list is hidden or deleted"
