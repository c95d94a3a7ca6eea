"""Cells of a roster -> values, each with the finding that says how to mend it. Pure; a personal number is never repaired."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

from registry.core import codes, ids, names
from registry.core.findings import Code
from registry.core.ids import BirthDate, Sex
from registry.formats import code_lists
from registry.formats.sheets import Cell

LONGEST_NAME, LONGEST_CLASS = 150, 50  # as in the published transcript structure
_DAY_FIRST = re.compile(r"([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]([0-9]{4})")
_MONTH_FIRST = re.compile(r"([0-9]{1,2})/([0-9]{4})")
_GRADE = re.compile(r"(?:khoi\s*(?:lop\s*)?|lop\s*)?0?([1-9]|1[0-2])")
_LOST_ZERO = re.compile(r"[0-9]{11}")
_ROUNDED = re.compile(r"[0-9][.,]?[0-9]*[eE]\+?[0-9]{1,2}")
_WORDS = {"nam": Sex.MALE, "nu": Sex.FEMALE, "male": Sex.MALE, "female": Sex.FEMALE}
#: Days of the spreadsheets' 1900 calendar from 1954 to 2064: no year looks like one.
_SERIALS = range(20_000, 60_000)
_SERIAL_ZERO = date(1899, 12, 30)

#: What is wrong with a cell: the code and the expected shape.
Wrong = tuple[Code, str]


def text(cell: Cell) -> str:
    """A cell as people see it: whole numbers without a point."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    return str(cell)


def required_text(cell: Cell, longest: int) -> tuple[str, Wrong | None]:
    """A name or class in one spelling: NFC, without blanks at the ends, one between words."""
    shown = text(cell)
    if not shown or shown.isspace():
        return "", (codes.FIELD_EMPTY, "")
    whole = names.same_form(shown)
    if len(whole) > longest:
        return whole, (codes.FIELD_LENGTH, f"at most {longest} characters")
    # Line ends and tabs are blanks to `same_form`; within a name they are a cell that holds two.
    if not whole.isprintable() or any(letter in shown.strip() for letter in "\n\r\t\v\f"):
        return whole, (codes.FIELD_FORMAT, "one line without control characters")
    return whole, None


def birth(cell: Cell) -> tuple[BirthDate | None, Wrong | None]:
    """dd/mm/yyyy as people write, YYYY-MM-DD as systems do, a month or year alone, a date of the spreadsheet; or nothing."""
    if isinstance(cell, (datetime, date)):
        return BirthDate.parse(f"{cell.year:04d}-{cell.month:02d}-{cell.day:02d}"), None
    if isinstance(cell, float) and cell.is_integer() and int(cell) in _SERIALS:
        day = _SERIAL_ZERO + timedelta(days=int(cell))
        return BirthDate(day.year, day.month, day.day), None
    shown = text(cell).strip()
    if not shown:
        return None, None
    found = BirthDate.parse(shown)
    if found is None and (match := _DAY_FIRST.fullmatch(shown)):
        found = BirthDate.parse(f"{match[3]}-{match[2]:0>2}-{match[1]:0>2}")
    elif found is None and (match := _MONTH_FIRST.fullmatch(shown)):
        found = BirthDate.parse(f"{match[2]}-{match[1]:0>2}")
    return found, None if found else (codes.FIELD_FORMAT, "dd/mm/yyyy, mm/yyyy, yyyy, YYYY-MM-DD or empty")


def sex(cell: Cell) -> tuple[Sex | None, Wrong | None]:
    """Nam or Nữ, or the codes of QCVN 109:2017/BTTTT (1, 2; 0 and empty are not known)."""
    shown = text(cell).strip()
    if not shown:
        return None, None
    if shown in code_lists.SEXES.values:
        return code_lists.SEXES.values[shown], None
    if (word := names.search_key(shown)) in _WORDS:
        return _WORDS[word], None
    return None, None if shown == "0" else (codes.FIELD_CODE, "Nam, Nữ; or 1 (nam), 2 (nữ), 0; or empty")


def grade(cell: Cell) -> tuple[int | None, Wrong | None]:
    """1 to 12, also as "Khối 6"."""
    match = _GRADE.fullmatch(names.search_key(text(cell)))
    return (int(match[1]), None) if match else (None, (codes.FIELD_FORMAT, "1 to 12"))


def pupil_code(cell: Cell) -> tuple[str, Wrong | None]:
    """The pupil's code as it stands."""
    shown = text(cell)
    if not shown:
        return shown, (codes.FIELD_EMPTY, "")
    fits = ids.pupil_code_fits(shown)
    return shown, None if fits else (codes.FIELD_FORMAT, "1 to 20 letters A to Z, digits, - and _")


def number(cell: Cell) -> tuple[str | None, Wrong | None]:
    """A personal number, or None; what a spreadsheet did to it is named: a lost zero, a rounded number."""
    shown = text(cell)
    if shown == "":
        return None, None
    if ids.number_fits(shown):
        return shown, None
    if _LOST_ZERO.fullmatch(shown):
        return None, (codes.ROSTER_NUMBER_ZERO, "12 digits as text")
    if _ROUNDED.fullmatch(shown.strip()):
        return None, (codes.ROSTER_NUMBER_ROUNDED, "12 digits as text")
    return None, (codes.NUMBER_SHAPE, "12 digits 0 to 9, as text")
