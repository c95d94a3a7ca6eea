"""Campaigns: which transcripts of which year, grades and units are due by when, stage by stage. Pure.

A pilot phase of the plan is a campaign. Its deadlines can be moved; each move is a row of its own, so that every moment can be
asked what was due by when.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from enum import StrEnum

from registry.core import ids
from registry.core.ids import Level, SchoolYear

#: Viet Nam has kept UTC+7 without summer time since 1975.
_LOCAL = timezone(timedelta(hours=7))
_CODE = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?", re.ASCII)
LONGEST_NAME, MOST_UNITS = 200, 200


class Stage(StrEnum):
    """The stages of a campaign, in their order."""

    NUMBERS_REVIEWED = "numbers_reviewed"  # every pupil has a personal number, and it has been looked at
    CERTIFICATES_READY = "certificates_ready"  # seal, principal and teachers can sign
    TRANSCRIPTS_SUBMITTED = "transcripts_submitted"  # every transcript is on record
    DECLARED = "declared"  # the principal has declared the year complete
    REVIEWED = "reviewed"  # the city has reviewed the campaign


#: What can't be due before what: nothing is signed without certificates, nothing declared that is not on record.
_BEFORE = (
    (Stage.NUMBERS_REVIEWED, Stage.TRANSCRIPTS_SUBMITTED),
    (Stage.CERTIFICATES_READY, Stage.TRANSCRIPTS_SUBMITTED),
    (Stage.TRANSCRIPTS_SUBMITTED, Stage.DECLARED),
    (Stage.DECLARED, Stage.REVIEWED),
)


@dataclass(frozen=True, slots=True)
class Campaign:
    """Transcripts of one school year, of these grades, of the schools that these units come to."""

    code: str
    name: str
    name_en: str
    school_year: str
    grades: tuple[int, ...]
    units: tuple[str, ...]

    @property
    def levels(self) -> tuple[Level, ...]:
        """The levels that the grades belong to."""
        return tuple(level for level in Level if any(grade in ids.GRADES[level] for grade in self.grades))


@dataclass(frozen=True, slots=True)
class Deadline:
    """By the end of which day (in the city) a stage is due; since when that is so, by whom (None: at the machine) and why."""

    stage: Stage
    due_on: date
    set_at: datetime
    caller_id: str | None
    reason: str

    @property
    def due_at(self) -> datetime:
        """The first moment that is too late."""
        return datetime.combine(self.due_on + timedelta(days=1), time(), _LOCAL)


@dataclass(frozen=True, slots=True)
class Plan:
    """A campaign with every deadline it ever had, the oldest first; `created_at` and by whom (None: at the machine)."""

    campaign: Campaign
    created_at: datetime
    caller_id: str | None
    history: tuple[Deadline, ...] = ()

    def deadlines(self, at: datetime | None = None) -> dict[Stage, Deadline]:
        """The deadlines that hold now, or that held at a moment, in the order of the stages."""
        found = {each.stage: each for each in self.history if at is None or each.set_at <= at}
        return {stage: found[stage] for stage in Stage if stage in found}

    @property
    def signing_ends(self) -> datetime:
        """Until when people sign for it: the later of the deadlines for transcripts and for declarations."""
        due = self.deadlines()
        return max(due[stage].due_at for stage in (Stage.TRANSCRIPTS_SUBMITTED, Stage.DECLARED))


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with a campaign as it was given: the member, and what is expected there."""

    member: str
    expected: str


def flaws(campaign: Campaign, due: Mapping[Stage, date]) -> list[Flaw]:
    """Everything that is wrong with a new campaign and its first deadlines, apart from units that the map does not have."""
    found: list[Flaw] = []
    if not code_fits(campaign.code):
        found.append(Flaw("code", "1 to 40 letters a to z, digits and -, no - at the ends"))
    for member, text in (("name", campaign.name), ("name_en", campaign.name_en)):
        if not text or text != text.strip() or len(text) > LONGEST_NAME or not text.isprintable():
            found.append(Flaw(member, f"1 to {LONGEST_NAME} printable characters, no spaces at the ends"))
    if SchoolYear.parse(campaign.school_year) is None:
        found.append(Flaw("school_year", "YYYY-YYYY, two consecutive years"))
    grades = campaign.grades
    if not grades or len(set(grades)) != len(grades) or any(ids.level_of(grade) is None for grade in grades):
        found.append(Flaw("grades", "one or more of 1 to 12, each once"))
    if not 1 <= len(campaign.units) <= MOST_UNITS or len(set(campaign.units)) != len(campaign.units):
        found.append(Flaw("units", f"1 to {MOST_UNITS} units as kind:code, each once"))
    if missing := [stage for stage in Stage if stage not in due]:
        found.append(Flaw("deadlines", "a day for " + ", ".join(missing)))
    return [*found, *out_of_order(due)]


def code_fits(code: str) -> bool:
    """Whether a text can be a campaign's code."""
    return _CODE.fullmatch(code) is not None


def out_of_order(due: Mapping[Stage, date]) -> list[Flaw]:
    """Deadlines that lie before one that has to come first."""
    return [
        Flaw(f"deadlines/{later}", f"not before {earlier}")
        for earlier, later in _BEFORE
        if earlier in due and later in due and due[later] < due[earlier]
    ]


def grades_of(levels: Iterable[Level]) -> tuple[int, ...]:
    """Every grade of these levels."""
    return tuple(sorted(grade for level in set(levels) for grade in ids.GRADES[level]))
