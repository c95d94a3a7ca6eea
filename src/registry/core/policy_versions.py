"""Which of several imported versions of the signature policy decides about a signature, as one table.

A version speaks for every moment that at least one of its rows covers, for all roles, kinds of school and school years at
once: what it does not name it forbids. At any moment the version imported last among those that speak decides; earlier
ones go on deciding about the times before it. So a version that begins next year changes nothing today, and a signature of
the past is judged by what was allowed then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from registry.core.trust import Policy, PolicyRow

#: A time from a moment up to another; "no end" is the last moment there is.
Span = tuple[datetime, datetime]
_NEVER = datetime.max.replace(tzinfo=UTC)


def in_force(versions: Sequence[Policy]) -> Policy:
    """The table that decides, made from versions in the order of import, the newest first; it bears the newest one's name."""
    if not versions:
        return Policy("none", ())
    return Policy(versions[0].version, tuple(row for _, row in origins(versions)))


def origins(versions: Sequence[Policy]) -> Iterator[tuple[str, PolicyRow]]:
    """The rows of `in_force`, each with the version it comes from and cut to the times it decides about."""
    taken: list[Span] = []
    for policy in versions:
        for row in policy.rows:
            for start, end in _without([_span(row)], taken):
                yield policy.version, replace(row, valid_from=start, valid_to=None if end == _NEVER else end)
        taken += [_span(row) for row in policy.rows]


def overlap(rows: Sequence[PolicyRow]) -> tuple[int, int] | None:
    """The first two rows (counted from 1) that decide about the same signature. Rows are alternatives, so the stricter of two would
    say nothing: a time-stamp asked for from next year on would never be, if the row before it has no end.

    Rows of one role, kind of school and hierarchy stay apart by their dates, school years, algorithms or certificate policies.
    """
    for later, row in enumerate(rows):
        for earlier, other in enumerate(rows[:later]):
            if _same(row, other):
                return earlier + 1, later + 1
    return None


def _same(row: PolicyRow, other: PolicyRow) -> bool:
    (start, end), (other_start, other_end) = _span(row), _span(other)
    return (
        (row.role, row.ownership, row.hierarchy) == (other.role, other.ownership, other.hierarchy)
        and start < other_end
        and other_start < end
        and (row.first_year or 0) <= (other.last_year or 9999)
        and (other.first_year or 0) <= (row.last_year or 9999)
        and bool(row.algorithms & other.algorithms)
        and not (row.policies and other.policies and row.policies.isdisjoint(other.policies))
    )


def _span(row: PolicyRow) -> Span:
    return row.valid_from, row.valid_to or _NEVER


def _without(spans: Iterable[Span], taken: Iterable[Span]) -> list[Span]:
    """What is left of the spans outside of those taken."""
    left = list(spans)
    for start, end in taken:
        pieces = [piece for a, b in left for piece in ((a, min(b, start)), (max(a, end), b))]
        left = [(a, b) for a, b in pieces if a < b]
    return left
