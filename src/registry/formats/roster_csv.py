"""A roster as the city's school database exports it (CSV) -> pupils. Pure; strict; says everything that is wrong at once.

Columns, in any order: mahocsinh (pupil code), hovaten (name), tenlop (class), ngaysinh (YYYY-MM-DD, YYYY-MM or YYYY, or
empty), gioitinh (QCVN 109:2017/BTTTT: 1 male, 2 female; 0 or empty: not known), sodinhdanh (personal number, or empty when
the pupil has none yet).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from unicodedata import normalize

from registry.core import codes, ids
from registry.core.findings import Code, Finding
from registry.core.rosters import Pupil
from registry.formats import code_lists, csv_table

COLUMNS = ("mahocsinh", "hovaten", "tenlop", "ngaysinh", "gioitinh", "sodinhdanh")
#: A grade of the largest schools has about a thousand pupils.
MOST_BYTES, MOST_ROWS = 2_000_000, 5_000
LONGEST_NAME, LONGEST_CLASS = 150, 50  # as in the published transcript structure
#: Findings listed in one answer; a file with the wrong columns would otherwise name every cell.
MOST_FINDINGS = 200


@dataclass(slots=True)
class Roster:
    """A roster as read. `rows` says in which spreadsheet row a pupil code stands; with findings, nothing may be used."""

    pupils: list[Pupil] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


def read(raw: bytes) -> Roster:
    """Read a roster of one school, year and grade. Never raises.

    Findings at "/rows/<n>/<column>", n as a spreadsheet counts (the header is row 1): roster-shape (table), roster-row
    (a pupil code or number twice), field-empty, -length, -format, -code, and those of personal numbers. At most
    MOST_FINDINGS of them, then one that says that there are more.
    """
    table = csv_table.read(raw, COLUMNS, most_bytes=MOST_BYTES, most_rows=MOST_ROWS)
    roster = Roster(findings=[Finding(codes.ROSTER_SHAPE, _place(flaw.row), flaw.expected) for flaw in table.flaws])
    numbers: set[str] = set()
    for row, cells in table.rows:
        pupil, findings = _pupil(row, cells)
        if pupil.pupil_code in roster.rows:
            findings.append(Finding(codes.ROSTER_ROW, _place(row, "mahocsinh"), "each pupil code once"))
        if pupil.number is not None and pupil.number in numbers:
            findings.append(Finding(codes.ROSTER_ROW, _place(row, "sodinhdanh"), "each personal number once"))
        if pupil.number is not None:
            numbers.add(pupil.number)
        if pupil.pupil_code:
            roster.rows.setdefault(pupil.pupil_code, row)
        roster.pupils.append(pupil)
        roster.findings += findings
        if len(roster.findings) > MOST_FINDINGS:
            roster.findings[MOST_FINDINGS:] = [
                Finding(codes.ROSTER_ROW, "", f"there is more: the first {MOST_FINDINGS} findings are listed")
            ]
            break
    return roster


def place(roster: Roster, pupil_code: str) -> str:
    """The JSON pointer of a pupil's code in the roster as sent."""
    return _place(roster.rows[pupil_code], "mahocsinh")


def _place(row: int | None, column: str | None = None) -> str:
    if row is None:
        return ""
    return f"/rows/{row}" if column is None else f"/rows/{row}/{column}"


def _pupil(row: int, cells: Mapping[str, str]) -> tuple[Pupil, list[Finding]]:
    findings: list[Finding] = []

    def wrong(column: str, code: Code, detail: str) -> None:
        findings.append(Finding(code, _place(row, column), detail))

    pupil_code = cells["mahocsinh"]
    if not pupil_code:
        wrong("mahocsinh", codes.FIELD_EMPTY, "")
    elif not ids.pupil_code_fits(pupil_code):
        wrong("mahocsinh", codes.FIELD_FORMAT, "1 to 20 letters A to Z, digits, - and _")
    name, class_name = normalize("NFC", cells["hovaten"]), normalize("NFC", cells["tenlop"])
    for column, text, longest in (("hovaten", name, LONGEST_NAME), ("tenlop", class_name, LONGEST_CLASS)):
        flaw = _text_flaw(text, longest)
        if flaw is not None:
            wrong(column, *flaw)
    birth = ids.BirthDate.parse(cells["ngaysinh"])
    if birth is None and cells["ngaysinh"]:
        wrong("ngaysinh", codes.FIELD_FORMAT, "YYYY-MM-DD, YYYY-MM, YYYY or empty")
    if cells["gioitinh"] not in {"", *code_lists.SEXES.values}:
        wrong("gioitinh", codes.FIELD_CODE, "0, 1, 2 or empty")
    sex = code_lists.SEXES.values.get(cells["gioitinh"])
    number = cells["sodinhdanh"] or None
    if number is not None:
        findings += ids.number_findings(number, sex=sex, birth=birth, pointer=_place(row, "sodinhdanh"))
    return Pupil(pupil_code, class_name, name, sex, birth, number), findings


def _text_flaw(text: str, longest: int) -> tuple[Code, str] | None:
    """What is wrong with a required text: empty, too long, or with something in it that no name has."""
    if not text or text.isspace():
        return codes.FIELD_EMPTY, ""
    if len(text) > longest:
        return codes.FIELD_LENGTH, f"at most {longest} characters"
    if not text.isprintable() or text != text.strip():
        return codes.FIELD_FORMAT, "no control characters, no spaces at the ends"
    return None
