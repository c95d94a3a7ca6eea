"""What breakers of transcripts share: the rows of a document, where they stand, and which subjects are of which sort."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from registry.core.subjects import Subject
from registry.demo import marks
from registry.demo.transcripts import Document
from registry.formats import code_lists

Row = dict[str, object]
#: (code, pointer) pairs that the broken transcript must give, all of them and nothing else.
Expected = frozenset[tuple[str, str]]
#: Changes a good transcript and says what that must give; None where this one can't be broken so.
Breaker = Callable[[Random, Document], "tuple[str, str] | Expected | None"]
COMMENTED = frozenset(code_lists.ROW_OF[s].code for s in marks._COMMENTED)
PERIODS = ("diemhocky1", "diemhocky2", "diemcanam")
RESULT_PERIODS = ("hocky1", "hocky2", "canam")


def listed(document: Document) -> str:
    """The name of the list of marks."""
    return "dsbangdiem" if "dsbangdiem" in document else "bangdiem"


def rows(document: Document) -> list[Row]:
    """The rows of marks, to be changed in place."""
    found: list[Row] = document[listed(document)]
    return found


def at(document: Document, index: int, field: str) -> str:
    """The pointer to a field of a row."""
    return f"/{listed(document)}/{index}/{field}"


def pick(rng: Random, document: Document, wanted: Callable[[Row], bool]) -> int | None:
    """The index of some row that is wanted, or None."""
    found = [index for index, row in enumerate(rows(document)) if wanted(row)]
    return rng.choice(found) if found else None


def of(*subjects: Subject) -> frozenset[str]:
    """The codes of subjects."""
    return frozenset(code_lists.ROW_OF[subject].code for subject in subjects)


def scored(row: Row) -> bool:
    """Whether a secondary row carries numbers."""
    return row["mamonhoc"] not in COMMENTED
