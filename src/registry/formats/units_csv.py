"""A table of units (CSV) -> values: city, legacy districts, communes, clusters, schools, and what they are parts of. Pure.

Columns: kind (city, district, cluster, commune, school), code (official), name, parents ("<kind>:<code>", several separated
by ";"), valid_from and valid_to (YYYY-MM-DD, midnight in the city; valid_to empty: no end), ownership (public or non_public,
for schools only).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from unicodedata import normalize

from registry.core import units
from registry.core.trust import Ownership
from registry.formats import csv_table

COLUMNS = ("kind", "code", "name", "parents", "valid_from", "valid_to", "ownership")
MOST_BYTES, MOST_ROWS, LONGEST_NAME, MOST_PARENTS = 5_000_000, 20_000, 200, 20
#: Kinds from the widest to the narrowest; a unit is part of wider ones only, so that no unit comes to contain itself.
KINDS: Mapping[str, int] = {"city": 0, "district": 1, "cluster": 1, "commune": 2, "school": 3}
#: Viet Nam has kept UTC+7 without summer time since 1975.
_LOCAL = timezone(timedelta(hours=7))
_CODE = re.compile(r"[A-Za-z0-9_-]{1,20}", re.ASCII)
_DATE = re.compile(r"(?:19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, for the operator: the row as a spreadsheet counts (None: the whole file), the column, what is expected."""

    row: int | None
    column: str | None
    expected: str

    def __str__(self) -> str:
        where = ", ".join(part for part in (f"row {self.row}" if self.row else "", self.column or "") if part)
        return f"{where or 'the file'}: {self.expected}"


@dataclass(frozen=True, slots=True)
class Row:
    """One unit with the codes of the units it is part of; `ownership` for schools."""

    number: int
    unit: units.Unit
    parents: tuple[str, ...]
    ownership: Ownership | None


@dataclass(slots=True)
class UnitsFile:
    """What a file held; with problems, nothing of it may be used."""

    rows: list[Row] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def read(raw: bytes) -> UnitsFile:
    """Read a table of units. Never raises; everything that is wrong is a problem with its row and column."""
    table = csv_table.read(raw, COLUMNS, most_bytes=MOST_BYTES, most_rows=MOST_ROWS)
    found = UnitsFile(problems=[Problem(flaw.row, None, flaw.expected) for flaw in table.flaws])
    seen: set[str] = set()
    for number, cells in table.rows:
        problems = [Problem(number, column, expected) for column, expected in _flaws(cells)]
        code = f"{cells['kind']}:{cells['code']}"
        if code in seen:
            problems.append(Problem(number, "code", "each unit once"))
        seen.add(code)
        found.problems += problems
        if not problems:
            found.rows.append(_row(number, code, cells))
    return found


def _flaws(cells: Mapping[str, str]) -> list[tuple[str, str]]:
    kind, name, ownership = cells["kind"], cells["name"], cells["ownership"]
    found: list[tuple[str, str]] = []
    if kind not in KINDS:
        found.append(("kind", "one of " + ", ".join(KINDS)))
    if not _CODE.fullmatch(cells["code"]):
        found.append(("code", "1 to 20 letters A to Z, digits, - and _"))
    if not name or name != name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        found.append(("name", f"1 to {LONGEST_NAME} printable characters, no spaces at the ends"))
    if kind in KINDS and not _parents_fit(kind, _parents(cells)):
        found.append(("parents", f"at most {MOST_PARENTS} wider units, each once, as kind:code, separated by ;"))
    valid_from, valid_to = _moment(cells["valid_from"]), _moment(cells["valid_to"])
    if valid_from is None:
        found.append(("valid_from", "YYYY-MM-DD"))
    if cells["valid_to"] and (valid_to is None or (valid_from is not None and valid_to <= valid_from)):
        found.append(("valid_to", "YYYY-MM-DD after valid_from, or empty"))
    if (kind == "school") is not (ownership in set(Ownership)) or (kind != "school" and ownership):
        found.append(("ownership", "public or non_public for a school, else empty"))
    return found


def _parents(cells: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(cells["parents"].split(";")) if cells["parents"] else ()


def _parents_fit(kind: str, parents: tuple[str, ...]) -> bool:
    def fits(parent: str) -> bool:
        wider, _, code = parent.partition(":")
        return KINDS.get(wider, KINDS[kind]) < KINDS[kind] and _CODE.fullmatch(code) is not None

    return len(parents) <= MOST_PARENTS and len(set(parents)) == len(parents) and all(map(fits, parents))


def _row(number: int, code: str, cells: Mapping[str, str]) -> Row:
    valid_from = _moment(cells["valid_from"])
    assert valid_from is not None, "rows with a wrong date are problems"
    unit = units.Unit(code, cells["kind"], normalize("NFC", cells["name"]), valid_from, _moment(cells["valid_to"]))
    ownership = Ownership(cells["ownership"]) if cells["ownership"] else None
    return Row(number, unit, _parents(cells), ownership)


def _moment(text: str) -> datetime | None:
    """Midnight in the city at the beginning of a day, or None."""
    if not _DATE.fullmatch(text):
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return datetime(day.year, day.month, day.day, tzinfo=_LOCAL)
