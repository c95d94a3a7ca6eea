"""Purposes <-> TOML (as an operator writes them) and JSON members (as they are kept). Pure; all problems at once."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, TypeVar

from registry.core.claims import RESULTS, ClaimKind
from registry.core.content import ContentField
from registry.core.purposes import Purpose

T = TypeVar("T")
_CODE = re.compile(r"[a-z0-9][a-z0-9-]{0,62}", re.ASCII)
_AVERAGE = re.compile(r"(?:10|[0-9])\.[0-9]", re.ASCII)
_RESULTS = frozenset(result for scale in RESULTS for result in scale)
_GRADES = range(1, 13)
_LONGEST_TITLE, _MOST_BYTES = 200, 1_000_000


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, where (`/purpose/<n>/<member>`), and what was expected there."""

    pointer: str
    expected: str


def read_toml(raw: bytes) -> tuple[tuple[Purpose, ...], tuple[Problem, ...]]:
    """The [[purpose]] tables of a TOML file; with any problem nothing is to be taken."""
    try:
        value = tomllib.loads(raw.decode("utf-8")) if len(raw) <= _MOST_BYTES else {}
    except (UnicodeDecodeError, tomllib.TOMLDecodeError):
        return (), (Problem("", "a TOML file in UTF-8"),)
    rows = value.get("purpose")
    if value.keys() != {"purpose"} or not isinstance(rows, list) or not rows:
        return (), (Problem("/purpose", "tables [[purpose]], and nothing else"),)
    read: list[Purpose] = []
    problems: list[Problem] = []
    for index, row in enumerate(rows):
        purpose, found = _read(row, f"/purpose/{index}")
        problems += found
        if purpose is not None:
            read.append(purpose)
    keys = [(each.code, each.valid_from) for each in read]
    problems += [
        Problem(f"/purpose/{n}", "one table for a code and a moment") for n, key in enumerate(keys) if key in keys[:n]
    ]
    problems += [
        Problem(f"/purpose/{n}/extract", "only with every field of the pupil: an extract shows them all")
        for n, each in enumerate(read)
        if each.extract and not each.whole
    ]
    return (() if problems else tuple(read)), tuple(problems)


def members(purpose: Purpose) -> dict[str, Any]:
    """What is kept of a purpose beside its code and moment."""
    return {
        "title_vi": purpose.title_vi,
        "title_en": purpose.title_en,
        "fields": sorted(map(str, purpose.fields)),
        "claims": sorted(map(str, purpose.claims)),
        "results": sorted(purpose.results),
        "averages": sorted(purpose.averages),
        "grades": sorted(purpose.grades),
        "closed": purpose.closed,
        # Rows that were kept before there was such a word are the same as those that leave it out.
        **({"extract": True} if purpose.extract else {}),
    }


def of_members(code: str, valid_from: datetime, content: Mapping[str, Any]) -> Purpose:
    """The purpose as it was kept; one that says what this version does not know allows nothing (closed)."""
    purpose, _ = _read({**content, "code": code, "valid_from": valid_from}, "")
    return purpose or Purpose(code, valid_from, code, code, closed=True)


class _Row:
    """One table and the problems found in it."""

    def __init__(self, row: Mapping[str, Any], at: str) -> None:
        self.row, self.at = row, at
        self.problems: list[Problem] = []

    def wrong(self, name: str, expected: str) -> None:
        self.problems.append(Problem(f"{self.at}/{name}", expected))

    def text(self, name: str) -> str:
        value = self.row.get(name)
        if not isinstance(value, str) or not 1 <= len(value) <= _LONGEST_TITLE or not value.isprintable():
            self.wrong(name, f"a printable text of 1 to {_LONGEST_TITLE} characters")
            return ""
        return value

    def several(self, name: str, allowed: Mapping[Any, T], expected: str) -> frozenset[T]:
        values = self.row.get(name, [])
        known = isinstance(values, list) and all(type(v) in (str, int) and v in allowed for v in values)
        if not known:
            self.wrong(name, f"a list of: {expected}")
            return frozenset()
        return frozenset(allowed[value] for value in values)


def _read(row: object, at: str) -> tuple[Purpose | None, list[Problem]]:
    if not isinstance(row, Mapping):
        return None, [Problem(at, "a table")]
    sheet = _Row(row, at)
    known = {
        "code",
        "valid_from",
        "title_vi",
        "title_en",
        "fields",
        "claims",
        "results",
        "averages",
        "grades",
        "closed",
        "extract",
    }
    for name in sorted(row.keys() - known)[:20]:
        sheet.wrong(str(name)[:64], "only " + ", ".join(sorted(known)))
    code, begins, closed = row.get("code"), _moment(row.get("valid_from")), row.get("closed", False)
    extract = row.get("extract", False)
    if not isinstance(code, str) or not _CODE.fullmatch(code):
        sheet.wrong("code", "1 to 63 small letters, digits and hyphens")
    if begins is None:
        sheet.wrong("valid_from", "a date, or a date-time with offset")
    if not isinstance(closed, bool):
        sheet.wrong("closed", "true or false")
    if not isinstance(extract, bool):
        sheet.wrong("extract", "true or false")
    averages = row.get("averages", [])
    if not isinstance(averages, list) or not all(isinstance(a, str) and _AVERAGE.fullmatch(a) for a in averages):
        sheet.wrong("averages", 'a list of texts with one decimal, as "6.5"')
        averages = []
    made = (
        sheet.text("title_vi"),
        sheet.text("title_en"),
        sheet.several("fields", {f.value: f for f in ContentField}, ", ".join(ContentField)),
        sheet.several("claims", {c.value: c for c in ClaimKind}, ", ".join(ClaimKind)),
        sheet.several("results", {r: r for r in _RESULTS}, ", ".join(sorted(_RESULTS))),
        frozenset(averages),
        sheet.several("grades", {g: g for g in _GRADES}, "1 to 12"),
    )
    if sheet.problems or begins is None or not isinstance(code, str):
        return None, sheet.problems
    return Purpose(code, begins, *made, closed=closed is True, extract=extract is True), []


def _moment(value: object) -> datetime | None:
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo is not None else None
    return datetime.combine(value, time(), UTC) if isinstance(value, date) else None
