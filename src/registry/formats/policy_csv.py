"""A signature policy as a table (CSV) -> one version of it. Pure. Writing is in `registry.formats.trust_files_writing`.

    version,role,ownership,hierarchy,algorithms,valid_from,valid_to
    required      yes (default) or no: whether the role must sign
    policies      certificate policy OIDs, with blanks between them; the path must carry one. Empty: any
    time_stamp    yes or no (default): whether a valid RFC 3161 token is asked for
    extract       yes or no: whether the role must sign an extract from paper. Empty: as `required`, but teachers need not
    declares      no, may or must: whether the role signs a school's declaration. Empty: principal and seal may, teachers do not
    subject_teachers   yes or no (default), of a teacher: whether every subject teacher named by number must sign
    first_year, last_year    the calendar years in which the first and the last school year of the row begin

The columns from `required` on may be absent.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from enum import StrEnum
from typing import TypeVar

from registry.core import trust
from registry.formats import moments

T = TypeVar("T")
_Word = TypeVar("_Word", bound=StrEnum)
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}", re.ASCII)
_OID = re.compile(r"[0-2](\.(0|[1-9][0-9]{0,38})){1,30}", re.ASCII)
_YEAR = re.compile(r"(19|20|21)[0-9]{2}", re.ASCII)


def read(text: str) -> trust.Policy:
    """One version of a policy; raises ValueError that names the line, the column and what is expected there."""
    rows: dict[tuple[object, ...], trust.PolicyRow] = {}
    versions: set[str] = set()
    for number, row in _lines(text):
        try:
            versions.add(_cell(row, "version", _version))
            made = _row(row)
            key = (made.role, made.ownership, made.hierarchy, made.valid_from, made.first_year)
            if key in rows:
                raise ValueError(
                    "a row that differs from every other in role, kind, hierarchy, beginning or first year"
                )
        except ValueError as error:
            raise ValueError(f"line {number}: {error}") from None
        rows[key] = made
    if len(versions) != 1:
        raise ValueError("a policy file holds the rows of exactly one version")
    return trust.Policy(versions.pop(), tuple(rows.values()))


def _lines(text: str) -> list[tuple[int, dict[str, str]]]:
    try:
        lines = list(csv.DictReader(io.StringIO(text)))
    except csv.Error:
        raise ValueError("a table of comma-separated cells") from None
    return [
        (number, {key: (value or "").strip() for key, value in line.items() if isinstance(key, str)})
        for number, line in enumerate(lines, start=2)
    ]


def _row(row: dict[str, str]) -> trust.PolicyRow:
    first, last = _cell(row, "first_year", _year, ""), _cell(row, "last_year", _year, "")
    if first is not None and last is not None and last < first:
        raise ValueError("last_year: not before first_year")
    start = _cell(row, "valid_from", moments.parse)
    end = _cell(row, "valid_to", lambda text: moments.parse(text) if text else None, "")
    if end is not None and end <= start:
        raise ValueError("valid_to: after valid_from")
    return trust.PolicyRow(
        _cell(row, "role", lambda text: _word(trust.Role, text)),
        _cell(row, "ownership", lambda text: _word(trust.Ownership, text)),
        _cell(row, "hierarchy", _hierarchy),
        _cell(row, "algorithms", _algorithms),
        start,
        end,
        required=_cell(row, "required", lambda text: _truth(text or "yes"), ""),
        policies=_cell(row, "policies", _oids, ""),
        time_stamp=_cell(row, "time_stamp", lambda text: _truth(text or "no"), ""),
        first_year=first,
        last_year=last,
        extract=_cell(row, "extract", lambda text: _truth(text) if text else None, ""),
        declares=_cell(row, "declares", lambda text: _word(trust.Declares, text) if text else None, ""),
        subject_teachers=_cell(row, "subject_teachers", lambda text: _truth(text or "no"), ""),
    )


def _cell(row: dict[str, str], column: str, read_cell: Callable[[str], T], absent: str | None = None) -> T:
    """The cell as a value; a ValueError gets the column's name."""
    text = row.get(column, absent)
    if text is None:
        raise ValueError(f"the column {column}")
    try:
        return read_cell(text)
    except ValueError as error:
        raise ValueError(f"{column}: {error}") from None


def _version(text: str) -> str:
    if not _VERSION.fullmatch(text):
        raise ValueError("1 to 40 letters, digits, dots, - and _")
    return text


def _word(words: type[_Word], text: str) -> _Word:
    if text not in set(words):
        raise ValueError("one of " + ", ".join(words))
    return words(text)


def _hierarchy(text: str) -> trust.Hierarchy:
    if text == trust.Hierarchy.TIME_STAMP:
        raise ValueError("a hierarchy of signers")
    return _word(trust.Hierarchy, text)


def _algorithms(text: str) -> frozenset[trust.Algorithm]:
    found = frozenset(_word(trust.Algorithm, name) for name in text.split())
    if not found:
        raise ValueError("at least one algorithm")
    return found


def _oids(text: str) -> frozenset[str]:
    if not all(_OID.fullmatch(oid) for oid in text.split()):
        raise ValueError("object identifiers such as 2.16.704.1.1.1.1.1, with blanks between them")
    return frozenset(text.split())


def _truth(text: str) -> bool:
    if text not in {"yes", "no"}:
        raise ValueError("yes or no")
    return text == "yes"


def _year(text: str) -> int | None:
    if text and not _YEAR.fullmatch(text):
        raise ValueError("a year of four digits, or empty")
    return int(text) if text else None
