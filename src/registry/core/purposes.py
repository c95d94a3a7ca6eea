"""Purposes: for what an office may ask, which fields, claims, thresholds and grades each purpose allows, and whether it may be handed
a whole extract, by date. Data; pure.

A row counts from its moment until the next row of the same purpose. Those below come with the registry; an operator's rows
(`registry purpose import`) count beside them, and in their place from the same moment on.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from registry.core.claims import ClaimKind
from registry.core.content import OF_PUPIL, ContentField


@dataclass(frozen=True, slots=True)
class Purpose:
    """What one purpose allows from a moment on. `closed`: nothing any more. No `grades`: records of every grade."""

    code: str
    valid_from: datetime
    title_vi: str
    title_en: str
    fields: frozenset[ContentField] = frozenset()
    claims: frozenset[ClaimKind] = frozenset()
    results: frozenset[str] = frozenset()
    averages: frozenset[str] = frozenset()
    grades: frozenset[int] = frozenset()
    closed: bool = False
    extract: bool = False

    @property
    def whole(self) -> bool:
        """Whether it may be handed an extract, which holds all of the pupil's fields: so it must allow each of them."""
        return self.extract and self.fields >= OF_PUPIL


_F, _C = ContentField, ClaimKind
_START = datetime(2020, 1, 1, tzinfo=UTC)
_PLAIN = frozenset({_C.GRADE_FINISHED, _C.PROMOTED, _C.LEVEL_COMPLETED})
_PERSON = frozenset({_F.PUPIL_NAME, _F.BIRTH_DATE, _F.SEX})
_OUTCOME = frozenset(
    {_F.PROMOTED, _F.RESULT, _F.CONDUCT, _F.GRADE_COMPLETED, _F.LEVEL_COMPLETED, _F.ISSUED_ON, _F.SIGNERS}
)
_ALL = frozenset(ContentField)
#: The limits between the results of TT 22/2021 art. 9.2.
_AVERAGES = frozenset({"5.0", "6.5", "8.0"})
_RESULTS = frozenset({"HT", "HTT", "HTXS", "Đ", "K", "T"})

BUILTIN: tuple[Purpose, ...] = (
    Purpose(
        "admission", _START, "Tuyển sinh đầu cấp", "Admission to the next level",
        _PERSON | _OUTCOME, frozenset(ClaimKind), _RESULTS, _AVERAGES,
    ),
    Purpose(
        "admission-by-record", _START, "Xét tuyển bằng học bạ", "Admission by the marks of the transcript",
        _ALL, _PLAIN, extract=True,
    ),
    Purpose("transfer", _START, "Chuyển trường", "Transfer between schools", _ALL, _PLAIN, extract=True),
    Purpose(
        "scholarship", _START, "Xét học bổng, khen thưởng", "Scholarships and awards",
        frozenset(), _PLAIN | {_C.RESULT_AT_LEAST, _C.AVERAGE_AT_LEAST}, frozenset({"HTT", "HTXS", "K", "T"}), frozenset({"6.5", "8.0"}),
    ),
    Purpose("authenticity", _START, "Xác minh tính xác thực", "Is the document genuine", frozenset(), frozenset()),
)  # fmt: skip


def in_force(rows: Iterable[Purpose], code: str, moment: datetime) -> Purpose | None:
    """What a purpose allows at this moment; None for one that is not on the list, not yet or no more.

    `rows`: the operator's; of two from the same moment the operator's counts.
    """
    begun = [
        (row.valid_from, own, row)
        for own, several in ((0, BUILTIN), (1, rows))
        for row in several
        if row.code == code and row.valid_from <= moment
    ]
    newest = max(begun, key=lambda each: each[:2], default=None)
    return None if newest is None or newest[2].closed else newest[2]


def with_extract(rows: Iterable[Purpose], moment: datetime) -> tuple[str, ...]:
    """The purposes that allow a whole extract at this moment, by name."""
    listed = tuple(rows)
    found = {name: in_force(listed, name, moment) for name in codes_in_force(listed, moment)}
    return tuple(name for name, row in found.items() if row is not None and row.whole)


def codes_in_force(rows: Iterable[Purpose], moment: datetime) -> tuple[str, ...]:
    """The purposes there are at this moment, by name."""
    listed = tuple(rows)
    names = sorted({row.code for row in (*BUILTIN, *listed)})
    return tuple(name for name in names if in_force(listed, name, moment) is not None)
