"""The counts of a unit with its parts or groups page by page: those of a whole city by school are thousands of rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256

from registry.core import ids
from registry.core.callers import Caller
from registry.core.units import MapOf
from registry.formats import base64url
from registry.services import completeness
from registry.services.completeness import EVERYBODY, By, Group, Line, Only, Report
from registry.services.world import World

#: Rows of one page.
MOST_ROWS = 500


@dataclass(frozen=True, slots=True)
class Asked:
    """Which counts are asked for, broken down by what."""

    unit: str
    school_year: ids.SchoolYear
    on: MapOf = MapOf.NOW
    by: By | None = None
    only: Only = EVERYBODY

    @property
    def mark(self) -> str:
        """Names the question in its cursors, so that no cursor continues another question."""
        text = f"{self.unit} {self.school_year} {self.on.value} {self.by} {self.only.mark}"
        return _short(text)


@dataclass(frozen=True, slots=True)
class Page:
    """A report with some of its parts and groups, and the cursor of the next page (None: there are no more)."""

    report: Report
    next: str | None


async def page(
    world: World, caller: Caller, asked: Asked, as_of: datetime | None, after: str | None, limit: int, now: datetime
) -> Page:
    """One page of the parts, then of the groups; `after` is the cursor of the page before, and keeps to the moment of the first.

    Raises Refusal: as `completeness.report`, request-parameter (after, limit).
    """
    if not 1 <= limit <= MOST_ROWS:
        raise completeness.wrong("limit", f"1 to {MOST_ROWS}")
    moment, last = as_of, ""
    if after is not None:
        moment, last = _continued(asked, after, as_of, now)
    report = await completeness.report(
        world, caller, asked.unit, asked.school_year, moment, now, asked.on, by=asked.by, only=asked.only
    )
    rows: list[Line | Group] = [*report.children, *report.groups]
    keys = [_short(_key(row)) for row in rows]
    if last and last not in keys:
        raise completeness.wrong("after", "the cursor of the page before; its last row is not there any more")
    start = keys.index(last) + 1 if last else 0
    end = start + limit
    following = _cursor(asked, report.as_of, keys[end - 1]) if len(rows) > end else None
    return Page(_only(report, rows[start:end]), following)


def _only(report: Report, rows: Sequence[Line | Group]) -> Report:
    children = tuple(row for row in rows if isinstance(row, Line))
    return replace(report, children=children, groups=tuple(row for row in rows if isinstance(row, Group)))


def _key(row: Line | Group) -> str:
    """One of its own for each row: no unit has an empty code, and no page has groups of two sorts."""
    return row.unit.code if isinstance(row, Line) else row.key


def _short(text: str) -> str:
    return sha256(text.encode("utf-8", "replace")).hexdigest()[:16]


def _cursor(asked: Asked, as_of: datetime, last: str) -> str:
    return base64url.encode(f"{asked.mark} {as_of.astimezone(UTC).isoformat()} {last}".encode())


def _continued(asked: Asked, after: str, as_of: datetime | None, now: datetime) -> tuple[datetime, str]:
    """The moment of the first page, and the row behind which the next one begins."""
    parts = (base64url.decode(after) or b"").decode("ascii", "replace").split(" ")
    if len(parts) != 3 or parts[0] != asked.mark or not parts[2]:
        raise completeness.wrong("after", "the cursor of the page before, for the same question")
    pinned = completeness.pinned(parts[1], as_of, now)
    return pinned, parts[2]
