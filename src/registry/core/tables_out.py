"""Tables that leave the registry as files: columns, cells, and what no spreadsheet may take for a formula. Pure.

A cell of a CSV file that begins with =, +, -, @ (or a tab, or a line end) is a formula to a spreadsheet: whoever may choose a name
could run commands on the machine of whoever opens the export (OWASP "CSV injection"; CWE-1236).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import TypeAlias
from unicodedata import category, normalize

#: What a cell may hold. Codes and personal numbers are text, or their leading zeros are lost.
Cell: TypeAlias = str | int | float | date | datetime | None

#: Spreadsheets hold no longer text, and no more rows.
LONGEST_TEXT = 32_767
MOST_ROWS = 1_048_576
#: Minus signs that compatibility forms don't lead to.
_SIGNS = frozenset("=+-@−‐‑‒–")
_ENDS = frozenset("\t\r\n\v\f\x1c\x1d\x1e\x85\u2028\u2029")
#: Separators of other locales' CSV: what follows one within a quoted cell begins a cell of its own there.
_INNER = re.compile(r"(?<=[;\t\n|])|(?<=\r)(?!\n)")


class FileKind(StrEnum):
    """The files a table can become."""

    CSV = "csv"
    XLSX = "xlsx"


@dataclass(frozen=True, slots=True)
class Column:
    """A column as people read it; `width` in characters, for the spreadsheet."""

    name: str
    width: int = 16


@dataclass(frozen=True, slots=True)
class TableOut:
    """A table on its way out. `rows` is read once, so that it may come from a cursor; `title` names the sheet."""

    title: str
    columns: Sequence[Column]
    rows: Iterable[Sequence[Cell]] = field(repr=False)


def is_formula(text: str) -> bool:
    """Whether a spreadsheet may take a cell that begins so for a formula, full-width signs and hidden characters included."""
    for letter in text:
        if letter in _ENDS:
            return True
        if letter.isspace() or category(letter) in {"Cf", "Cc"}:
            continue
        return normalize("NFKC", letter)[:1] in _SIGNS
    return False


def guarded(text: str) -> str:
    """The text as a CSV cell: an apostrophe before whatever could be a formula, as spreadsheets write it themselves.

    Also after separators within the cell: the file may be opened where another separator is in use.
    """
    parts = _INNER.split(text)
    return "".join(f"'{part}" if is_formula(part) else part for part in parts)


def unguarded(text: str) -> str:
    """The inverse of `guarded`, for a cell of one line that comes back from a spreadsheet."""
    return text[1:] if text[:1] == "'" and is_formula(text[1:]) else text


def shown(text: str) -> str:
    """The text as a file can hold it: no lone surrogates, not longer than a cell."""
    whole = text.encode("utf-8", "replace").decode("utf-8")
    return whole if len(whole) <= LONGEST_TEXT else whole[: LONGEST_TEXT - 1] + "…"
