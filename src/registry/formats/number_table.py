"""A file of personal numbers as it comes back (CSV, XLSX) -> rows with their places. Pure.

Name, birth date, sex and number are needed; a pupil code is taken where there is one. A row without a number says that there is none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from registry.core import codes, ids
from registry.core.numbers import Told
from registry.formats import roster_cells
from registry.formats import roster_columns as columns
from registry.formats.list_table import Line, Listing

REQUIRED = (columns.NAME, columns.BIRTH, columns.SEX, columns.NUMBER)


@dataclass(slots=True)
class Reading:
    """One pass over a file: `rows()` once; afterwards the findings of `listing`, and how many rows have no number."""

    source: BinaryIO = field(repr=False)
    listing: Listing = field(init=False)
    without: int = 0

    def __post_init__(self) -> None:
        self.listing = Listing(self.source, REQUIRED, codes.NUMBERS_SHAPE, codes.NUMBERS_ROW)

    def rows(self) -> Iterator[Told]:
        """The rows with a number; ends early when there are too many findings. Never raises."""
        for line in self.listing.lines():
            row = self._row(line)
            if row is not None:
                yield row

    def _row(self, line: Line) -> Told | None:
        findings, wrong = self.listing.findings, self.listing.noting(line)
        before = len(findings)
        number, flaw = roster_cells.number(line.cell(columns.NUMBER))
        wrong(columns.NUMBER, flaw)
        if number is None and flaw is None:
            self.without += 1
            return None
        name, flaw = roster_cells.required_text(line.name(), roster_cells.LONGEST_NAME)
        wrong(columns.NAME, flaw)
        birth, flaw = roster_cells.birth(line.cell(columns.BIRTH))
        wrong(columns.BIRTH, flaw)
        sex, flaw = roster_cells.sex(line.cell(columns.SEX))
        wrong(columns.SEX, flaw)
        if number is not None:
            for each in ids.number_findings(number, sex=sex, birth=birth, pointer=""):
                wrong(columns.NUMBER, (each.code, each.detail))
        code = roster_cells.text(line.cell(columns.CODE)).strip() if line.has(columns.CODE) else ""
        if len(findings) > before or number is None:
            return None
        return Told(line.sheet, line.number, name, birth, sex, number, code or None)
