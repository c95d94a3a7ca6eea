"""A list of pupils as schools and the city's systems keep it (CSV, XLSX) -> pupils with their places. Pure, and row by row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from registry.core import codes, ids
from registry.core.findings import Code, Finding
from registry.core.rosters import Pupil
from registry.formats import list_table, roster_cells
from registry.formats import roster_columns as columns
from registry.formats.list_table import Line, Listing

MOST_FINDINGS = list_table.MOST_FINDINGS


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
    listing: Listing = field(init=False)

    def __post_init__(self) -> None:
        required = [*columns.REQUIRED]
        required += [columns.SCHOOL] if self.school_code is None else []
        required += [columns.GRADE] if self.grade is None else []
        self.listing = Listing(self.source, required, codes.ROSTER_SHAPE, codes.ROSTER_ROW)

    @property
    def findings(self) -> list[Finding]:
        """What is wrong, in the order of the file; more may be added."""
        return self.listing.findings

    @property
    def count(self) -> int:
        """How many rows were read."""
        return self.listing.count

    @property
    def full(self) -> bool:
        """Whether so much is wrong that nobody reads on."""
        return self.listing.full

    def rows(self) -> Iterator[Row]:
        """The pupils; ends early when `full`. Never raises."""
        for line in self.listing.lines():
            row = self._row(line)
            if row is not None:
                yield row

    def note(self, sheet: int, row: int, column: str, code: Code, expected: str) -> None:
        """Keep a finding at a cell."""
        self.listing.note(sheet, row, column, code, expected)

    def _row(self, line: Line) -> Row | None:
        before, wrong = len(self.findings), self.listing.noting(line)
        code, flaw = roster_cells.pupil_code(line.cell(columns.CODE))
        wrong(columns.CODE, flaw)
        name, flaw = roster_cells.required_text(line.name(), roster_cells.LONGEST_NAME)
        wrong(columns.NAME, flaw)
        class_name, flaw = roster_cells.required_text(line.cell(columns.CLASS), roster_cells.LONGEST_CLASS)
        wrong(columns.CLASS, flaw)
        birth, flaw = roster_cells.birth(line.cell(columns.BIRTH))
        wrong(columns.BIRTH, flaw)
        sex, flaw = roster_cells.sex(line.cell(columns.SEX))
        wrong(columns.SEX, flaw)
        personal, flaw = roster_cells.number(line.cell(columns.NUMBER))
        wrong(columns.NUMBER, flaw)
        if personal is not None:
            for each in ids.number_findings(personal, sex=sex, birth=birth, pointer=""):
                wrong(columns.NUMBER, (each.code, each.detail))
        school, grade = self._place(line)
        if len(self.findings) > before or school is None or grade is None:
            return None
        return Row(line.sheet, line.number, school, grade, Pupil(code, class_name, name, sex, birth, personal))

    def _place(self, line: Line) -> tuple[str | None, int | None]:
        """School and grade, as the list says or as it is said to be."""
        wrong, school, grade = self.listing.noting(line), self.school_code, self.grade
        if line.has(columns.SCHOOL):
            told = roster_cells.text(line.cell(columns.SCHOOL)).strip()
            if school is not None and told != school:
                wrong(columns.SCHOOL, (codes.ROSTER_ROW, "the school that the list is said to be of"))
            elif not ids.school_code_fits(told):
                wrong(columns.SCHOOL, (codes.FIELD_FORMAT, "1 to 20 letters A to Z, digits, - and _"))
            school = told
        if line.has(columns.GRADE):
            told_grade, flaw = roster_cells.grade(line.cell(columns.GRADE))
            wrong(columns.GRADE, flaw)
            if grade is not None and told_grade is not None and told_grade != grade:
                wrong(columns.GRADE, (codes.ROSTER_ROW, "the grade that the list is said to be of"))
            grade = told_grade
        return school, grade
