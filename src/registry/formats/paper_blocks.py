"""The few kinds of block that the template of an extract knows. Pure data, nothing empty is printed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from registry.formats.paper_content import text

Block = dict[str, Any]
#: Name, width (0: as wide as its content) and alignment ("c" or "l").
Column = tuple[str, int, str]
Fact = tuple[str, str, bool]


def fact(label: str, value: object, *, wide: bool = False) -> Fact:
    """One label with its value; over the whole width when it can be long."""
    return label, text(value), wide


def facts(title: str, rows: Iterable[Fact]) -> Block:
    """Labels and values in two columns; those without a value are left out. A wide one begins a row of its own."""
    placed: list[Fact] = []
    half = False
    for row in rows:
        if not row[1]:
            continue
        if row[2] and half:
            placed[-1] = (placed[-1][0], placed[-1][1], True)
        half = not row[2] and not half
        placed.append(row)
    return {"kind": "facts", "title": title, "rows": placed}


def table(title: str, columns: Sequence[Column], rows: Sequence[Sequence[object]]) -> list[Block]:
    """A table, or nothing when it has no rows."""
    if not rows:
        return []
    names, widths, align = zip(*columns, strict=True)
    cells = [[text(cell) for cell in row] for row in rows]
    return [{"kind": "table", "title": title, "columns": names, "widths": widths, "align": align, "rows": cells}]


def note(title: str, value: object) -> list[Block]:
    """A text with its own line breaks, or nothing."""
    paragraphs = [line.strip() for line in text(value).splitlines() if line.strip()]
    return [{"kind": "text", "title": title, "paragraphs": paragraphs}] if paragraphs else []
