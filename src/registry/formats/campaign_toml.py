"""A file of campaigns (TOML) -> values. Pure.

One table `[[campaign]]` each: code, name, name_en, school_year, grades (or levels, for all their grades), units, and a table
`deadlines` with a day for each stage. What is wrong inside a value is for `registry.core.campaigns.flaws`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from unicodedata import normalize

from registry.core import campaigns
from registry.core.campaigns import Campaign, Flaw, Stage
from registry.core.ids import Level

MOST_BYTES = 1_000_000
_TEXTS = ("code", "name", "name_en", "school_year")
_MEMBERS = frozenset({*_TEXTS, "grades", "levels", "units", "deadlines"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One campaign of a file with its first deadlines; `flaws` says what is wrong with it."""

    campaign: Campaign
    due: Mapping[Stage, date]
    flaws: tuple[Flaw, ...] = ()


@dataclass(slots=True)
class File:
    """What a file held; `flaw` says why it can't be read at all."""

    entries: list[Entry] = field(default_factory=list)
    flaw: str | None = None


def read(raw: bytes) -> File:
    """Read a file of campaigns. Never raises."""
    if len(raw) > MOST_BYTES:
        return File(flaw=f"at most {MOST_BYTES} bytes")
    try:
        found = tomllib.loads(raw.decode("utf-8-sig"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError):
        return File(flaw="TOML in UTF-8")
    rows = found.pop("campaign", None)
    if found or not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        return File(flaw="one or more tables [[campaign]] and nothing else")
    return File([entry(row) for row in rows])


def entry(row: Mapping[str, Any]) -> Entry:
    """One campaign from members as TOML or JSON give them (days as dates or as YYYY-MM-DD)."""
    shape = [Flaw(member, "no such member") for member in sorted(row.keys() - _MEMBERS)]
    texts = {}
    for member in _TEXTS:
        value = row.get(member)
        texts[member] = normalize("NFC", value) if isinstance(value, str) else ""
    if ("grades" in row) is ("levels" in row):
        shape.append(Flaw("grades", "grades or levels, one of the two"))
    grades, units = _grades(row), _listed(row.get("units"), str)
    if grades is None:
        shape.append(Flaw("levels" if "levels" in row else "grades", "a list; levels: " + ", ".join(Level)))
    if units is None:
        shape.append(Flaw("units", "a list of kind:code"))
    due = _due(row.get("deadlines"), shape)
    campaign = Campaign(texts["code"], texts["name"], texts["name_en"], texts["school_year"], grades or (), units or ())
    known = {flaw.member for flaw in shape}
    more = [flaw for flaw in campaigns.flaws(campaign, due) if flaw.member not in known]
    return Entry(campaign, due, (*shape, *more))


def _grades(row: Mapping[str, Any]) -> tuple[int, ...] | None:
    if "levels" in row:
        levels = _listed(row["levels"], str)
        if levels is None or not set(levels) <= set(Level):
            return None
        return campaigns.grades_of(Level(level) for level in levels)
    grades = _listed(row.get("grades"), int)
    return None if grades is None else tuple(sorted(grades))


def _listed(value: object, kind: type) -> tuple[Any, ...] | None:
    if not isinstance(value, list) or any(not isinstance(each, kind) or isinstance(each, bool) for each in value):
        return None
    return tuple(value)


def _due(value: object, shape: list[Flaw]) -> dict[Stage, date]:
    """The days that can be read; what can't is added to `shape`."""
    if not isinstance(value, dict):
        shape.append(Flaw("deadlines", "a day for " + ", ".join(Stage)))
        return {}
    found = {}
    for name, day in value.items():
        read_day = _day(day)
        if name not in set(Stage):
            shape.append(Flaw(f"deadlines/{name}"[:60], "one of " + ", ".join(Stage)))
        elif read_day is None:
            shape.append(Flaw(f"deadlines/{name}", "YYYY-MM-DD"))
        else:
            found[Stage(name)] = read_day
    return found


def _day(value: object) -> date | None:
    if isinstance(value, datetime):
        return None
    if isinstance(value, date):
        return value if value.year >= 1990 else None
    try:
        found = date.fromisoformat(value) if isinstance(value, str) and len(value) == 10 else None
    except ValueError:
        return None
    return found if found is not None and found.year >= 1990 else None
