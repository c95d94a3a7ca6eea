"""Pupils by bucket as pages show them: in which order, in which words, as parts of a bar and as columns of a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import Request

from registry.core.completeness import Bucket, Counts
from registry.services.completeness import Line
from registry.services.tables_out import Column, TableOut
from registry.web import rendering, words

#: Beside the expected pupils, never among them.
BESIDE = (Bucket.TRANSFERRED, Bucket.UNEXPECTED)
#: All that share out the expected pupils, the good ones first.
ORDER = (
    Bucket.PRESENT,
    Bucket.AWAITING_SUMMER,
    Bucket.HELD,
    Bucket.AWAITING_NUMBER,
    Bucket.REFUSED,
    Bucket.MISSING,
)
LACKING = (Bucket.MISSING, Bucket.REFUSED, Bucket.AWAITING_NUMBER, Bucket.HELD, Bucket.AWAITING_SUMMER)


@dataclass(frozen=True, slots=True)
class Share:
    """A bucket with its pupils, and its place in a bar of 1,000 units."""

    bucket: Bucket
    pupils: int
    begins: float
    width: float


def shares(counts: Counts) -> list[Share]:
    """The parts of a bar; empty without expected pupils."""
    found, begins = [], 0.0
    for bucket in ORDER if counts.expected else ():
        width = counts.of(bucket) * 1000 / counts.expected
        found.append(Share(bucket, counts.of(bucket), round(begins, 2), round(width, 2)))
        begins += width
    return found


def on_record(counts: Counts) -> int:
    """Pupils with a transcript in force."""
    return counts.of(Bucket.PRESENT) + counts.of(Bucket.AWAITING_SUMMER)


def of_each(counts: Counts, which: Sequence[Bucket]) -> list[int]:
    """The numbers of some buckets, for the cells of a row."""
    return [counts.of(bucket) for bucket in which]


def columns(request: Request) -> list[Column]:
    """The columns of counts in a file."""
    _ = rendering.translator(request)
    names = [_("Dự kiến"), *(_(words.BUCKETS[bucket]) for bucket in (*ORDER, *BESIDE))]
    return [Column(name, 12) for name in names]


def cells(counts: Counts) -> list[int]:
    """The same columns of one line."""
    return [counts.expected, *(counts.of(bucket) for bucket in (*ORDER, *BESIDE))]


def shares_table(request: Request, whole: Line) -> TableOut:
    """A unit in buckets, one a line; those beside the expected ones last."""
    _ = rendering.translator(request)
    heads = [Column(_("Tình trạng"), 24), Column(_("Học sinh"), 12)]
    rows: list[list[str | int]] = [[_(words.BUCKETS[each]), whole.counts.of(each)] for each in (*ORDER, *BESIDE)]
    rows.insert(len(ORDER), [_("Dự kiến"), whole.counts.expected])
    return TableOut(whole.unit.code.replace(":", "-"), heads, rows)
