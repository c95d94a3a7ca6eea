"""By what the overview breaks the counts of a unit down: what can be chosen, its rows, and their file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import Request

from registry.core import units
from registry.core.completeness import Bucket, Counts
from registry.services import completeness
from registry.services.completeness import By, Group, Line, Report
from registry.services.tables_out import Cell, Column, TableOut
from registry.web import buckets, rendering
from registry.web.asking import Subject


def _(text: str) -> str:
    """Marks a text for the catalogues; it is translated where it is shown."""
    return text


#: The choice in a sentence, and the head of its column.
WORDS: dict[By, tuple[str, str]] = {
    By.DISTRICT: (_("quận, huyện cũ"), _("Đơn vị")),
    By.WARD: (_("phường, xã cũ"), _("Đơn vị")),
    By.COMMUNE: (_("phường, xã"), _("Đơn vị")),
    By.CLUSTER: (_("cụm trường"), _("Đơn vị")),
    By.SCHOOL: (_("từng trường"), _("Trường")),
    By.GRADE: (_("khối"), _("Khối")),
    By.CLASS: (_("lớp"), _("Lớp")),
    By.VENDOR: (_("phần mềm"), _("Phần mềm")),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One row; `unit` is None of a grade, class or vendor, and of those who are in no unit of the kind."""

    key: str
    name: str
    counts: Counts
    unit: units.Unit | None = None


def choices(about: Subject) -> list[By]:
    """What the unit can be broken down by: a school, which has no parts, by class (first), grade and vendor; others by all else."""
    if about.unit.kind == "school":
        return [By.CLASS, By.GRADE, By.VENDOR]
    return [by for by in WORDS if by is not By.CLASS]


def chosen(about: Subject, sent: str) -> By | None:
    """The choice of the address, if the unit (which may have changed since) has it; else by direct parts (None), a school by class."""
    usual = By.CLASS if about.unit.kind == "school" else None
    return next((by for by in choices(about) if by == sent), usual)


def rows(request: Request, report: Report, by: By | None) -> list[Row]:
    """The parts or groups that have any pupils; who is in none comes last."""
    found = [_part(line) for line in report.children] + [_group(request, group, by) for group in report.groups]
    return [row for row in found if row.counts.expected or row.counts.of(Bucket.UNEXPECTED)]


def table(request: Request, report: Report, by: By | None) -> TableOut:
    """The unit and its rows as a file."""
    say = rendering.translator(request)
    name = say(WORDS[by][1] if by else "Đơn vị")
    heads = [Column(say("Mã"), 18), Column(name, 40), *buckets.columns(request)]
    lines = [_part(report.line), *rows(request, report, by)]
    return TableOut(report.line.unit.code.replace(":", "-"), heads, (_cells(row) for row in lines))


def _cells(row: Row) -> list[Cell]:
    return [row.key, row.name, *buckets.cells(row.counts)]


def shares_school(by: By | None) -> bool:
    """Whether a school may stand in several rows, so that these need not add up to the unit."""
    return by is None or by is By.VENDOR


def _part(line: Line) -> Row:
    return Row(line.unit.code, line.unit.name, line.counts, line.unit)


def _group(request: Request, group: Group, by: By | None) -> Row:
    name = group.name
    if not name and by is not None:
        name = completeness.NOWHERE[by][rendering.language(request) == "en"]
    elif by is By.GRADE:
        name = f"{rendering.translator(request)('Khối')} {name}"
    return Row(group.key, name, group.counts)


def options(request: Request, about: Subject) -> Sequence[tuple[str, str]]:
    """The choices as an address has them, and in words."""
    say = rendering.translator(request)
    parts = [] if about.unit.kind == "school" else [("", say(_("đơn vị trực thuộc")))]
    return [*parts, *((by.value, say(WORDS[by][0])) for by in choices(about))]
