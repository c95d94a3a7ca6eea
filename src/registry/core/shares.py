"""Share links: what each purpose lets the receiver see, how long and how often a link opens. Pure; the table is data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from registry.core import codes
from registry.core.findings import Finding


class Shows(StrEnum):
    """How much of a record a link shows."""

    EVERYTHING = "everything"  # all that was assessed, and the extract to keep
    RESULT = "result"  # the year's result line, and that it is in force


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a link is for."""

    name_vi: str
    name_en: str
    shows: Shows


#: Closed: a purpose that is not here can't be given to a link.
PURPOSES: Mapping[str, Purpose] = {
    "admission": Purpose("Tuyển sinh", "Admission", Shows.EVERYTHING),
    "transfer": Purpose("Chuyển trường", "Transfer to another school", Shows.EVERYTHING),
    "scholarship": Purpose("Xét học bổng", "Scholarship", Shows.EVERYTHING),
    "attendance_proof": Purpose("Xác nhận quá trình học", "Proof of schooling", Shows.RESULT),
}
LONGEST = timedelta(days=366)
MOST_OPENINGS = 50
MOST_YEARS = 12
LONGEST_RECEIVER = 150
#: How long after an opening the extracts can be fetched without another one.
FETCHING = timedelta(minutes=30)
#: Extracts of one record within that time: each is a paper with a number of its own.
MOST_FETCHED = 5


def findings(purpose: str, ends_at: datetime, receiver: str, now: datetime) -> list[Finding]:
    """request-parameter for what a link may not be."""
    found = []
    if purpose not in PURPOSES:
        found.append(Finding(codes.REQUEST_PARAMETER, "/body/purpose", "one of: " + ", ".join(PURPOSES)))
    if not now < ends_at <= now + LONGEST:
        found.append(Finding(codes.REQUEST_PARAMETER, "/body/ends_at", "in the future, at most a year away"))
    if sum(letter.isdecimal() for letter in receiver) >= 9:
        found.append(Finding(codes.REQUEST_PARAMETER, "/body/receiver", "who receives it, without a personal number"))
    return found
