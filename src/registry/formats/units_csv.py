"""A table of units (CSV) -> values: city, legacy districts, old wards, communes, clusters, schools, what they are parts of, and
whose place they took. Pure.

Columns: kind (city, district, cluster, ward, commune, school), code (official), name, parents ("<kind>:<code>", several separated
by ";"; with "@<from>..<to>" for a part of the time only, either day may be left out), valid_from and valid_to (YYYY-MM-DD,
midnight in the city; valid_to empty: no end), ownership (public or non_public, for schools only), and where wanted replaces
("<kind>:<code>", several separated by ";"; with " (part)" when only a part of it was taken over).
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
OPTIONAL = ("replaces",)
MOST_BYTES, MOST_ROWS, LONGEST_NAME, MOST_PARENTS, MOST_REPLACED = 5_000_000, 20_000, 200, 20, 60
#: Kinds from the widest to the narrowest; a unit is part of wider ones only, so that no unit comes to contain itself.
KINDS: Mapping[str, int] = {"city": 0, "district": 1, "cluster": 1, "ward": 2, "commune": 2, "school": 3}
#: Viet Nam has kept UTC+7 without summer time since 1975.
_LOCAL = timezone(timedelta(hours=7))
_CODE = re.compile(r"[A-Za-z0-9_-]{1,20}", re.ASCII)
_PARENT = re.compile(
    r"(?P<unit>[a-z]{1,20}:[A-Za-z0-9_-]{1,20})(?:@(?P<since>[0-9-]*)\.\.(?P<until>[0-9-]*))?", re.ASCII
)
_REPLACED = re.compile(r"(?P<unit>[a-z]{1,20}:[A-Za-z0-9_-]{1,20})(?P<part> \(part\))?", re.ASCII)
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
class Parent:
    """A unit that the row's unit is part of: between two moments, or (None) as long as both are there."""

    unit: str
    since: datetime | None = None
    until: datetime | None = None

    @property
    def dated(self) -> bool:
        """True when the row says since when or until when."""
        return self.since is not None or self.until is not None


@dataclass(frozen=True, slots=True)
class Row:
    """One unit with the units it is part of and those whose place it took; `ownership` for schools."""

    number: int
    unit: units.Unit
    parents: tuple[Parent, ...]
    ownership: Ownership | None
    replaces: tuple[units.Succession, ...] = ()


@dataclass(slots=True)
class UnitsFile:
    """What a file held; with problems, nothing of it may be used."""

    rows: list[Row] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def read(raw: bytes) -> UnitsFile:
    """Read a table of units. Never raises; everything that is wrong is a problem with its row and column."""
    table = csv_table.read(raw, COLUMNS, optional=OPTIONAL, most_bytes=MOST_BYTES, most_rows=MOST_ROWS)
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
    if kind in KINDS and not _parents_fit(kind, _split(cells["parents"])):
        shape = "kind:code or kind:code@YYYY-MM-DD..YYYY-MM-DD"
        found.append(
            ("parents", f"at most {MOST_PARENTS} wider units, each once in a time, as {shape}, separated by ;")
        )
    if not _replaced_fit(_split(cells.get("replaces", ""))):
        shape = "kind:code or kind:code (part)"
        found.append(("replaces", f"at most {MOST_REPLACED} units, each once, as {shape}, separated by ;"))
    valid_from, valid_to = _moment(cells["valid_from"]), _moment(cells["valid_to"])
    if valid_from is None:
        found.append(("valid_from", "YYYY-MM-DD"))
    if cells["valid_to"] and (valid_to is None or (valid_from is not None and valid_to <= valid_from)):
        found.append(("valid_to", "YYYY-MM-DD after valid_from, or empty"))
    if (kind == "school") is not (ownership in set(Ownership)) or (kind != "school" and ownership):
        found.append(("ownership", "public or non_public for a school, else empty"))
    return found


def _split(cell: str) -> tuple[str, ...]:
    return tuple(cell.split(";")) if cell else ()


def _parents_fit(kind: str, texts: tuple[str, ...]) -> bool:
    parents = [_parent(text) for text in texts]
    if len(parents) > MOST_PARENTS or None in parents:
        return False
    known = [parent for parent in parents if parent is not None]
    wider = all(KINDS.get(parent.unit.partition(":")[0], 9) < KINDS[kind] for parent in known)
    return wider and len({(parent.unit, parent.since) for parent in known}) == len(known)


def _parent(text: str) -> Parent | None:
    found = _PARENT.fullmatch(text)
    if found is None:
        return None
    since, until = (_moment(found[name]) if found[name] else None for name in ("since", "until"))
    wrong = (found["since"] and since is None) or (found["until"] and until is None)
    empty = found["since"] == "" and found["until"] == ""
    upside_down = since is not None and until is not None and until <= since
    return None if wrong or empty or upside_down else Parent(found["unit"], since, until)


def _replaced_fit(texts: tuple[str, ...]) -> bool:
    found = [_REPLACED.fullmatch(text) for text in texts]
    codes = {match["unit"] for match in found if match is not None}
    return len(codes) == len(texts) <= MOST_REPLACED and all(code.partition(":")[0] in KINDS for code in codes)


def _row(number: int, code: str, cells: Mapping[str, str]) -> Row:
    valid_from = _moment(cells["valid_from"])
    assert valid_from is not None, "rows with a wrong date are problems"
    unit = units.Unit(code, cells["kind"], normalize("NFC", cells["name"]), valid_from, _moment(cells["valid_to"]))
    ownership = Ownership(cells["ownership"]) if cells["ownership"] else None
    parents = tuple(parent for text in _split(cells["parents"]) if (parent := _parent(text)) is not None)
    replaced = [_REPLACED.fullmatch(text) for text in _split(cells.get("replaces", ""))]
    successions = (units.Succession(each["unit"], code, each["part"] is not None) for each in replaced if each)
    return Row(number, unit, parents, ownership, tuple(successions))


def _moment(text: str) -> datetime | None:
    """Midnight in the city at the beginning of a day, or None."""
    if not _DATE.fullmatch(text):
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return datetime(day.year, day.month, day.day, tzinfo=_LOCAL)
