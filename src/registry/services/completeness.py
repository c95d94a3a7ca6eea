"""Who is still missing: expected against held for a unit and a school year, as of a moment.

A caller may ask about units at or below its own on the map of today; what they are counted from are the rosters, the records and
the verdicts of the moment asked about. The schools of a unit are those of the map of today, or of the map of then: as it was
when the school year ended, or at the moment asked about if that was earlier. A caller's schools are those it has today and
those it had at the moment asked about; no map shows it another's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from registry.core import codes, completeness, ids, units
from registry.core.callers import Caller
from registry.core.completeness import Bucket, Counts, Row
from registry.core.findings import Finding, Refusal
from registry.core.units import MapOf, When
from registry.formats import base64url
from registry.services.world import World
from registry.storage import completeness as stored
from registry.storage.completeness import Question

#: Rows of one page.
MOST_ROWS = 500
#: Nothing is known of earlier times, and much earlier ones have no UTC.
_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Line:
    """One unit with its counts."""

    unit: units.Unit
    counts: Counts


@dataclass(frozen=True, slots=True)
class Report:
    """A unit with its direct parts on the map asked about. Parts may share schools (a district and a commune), so they need not add up to the unit."""

    line: Line
    as_of: datetime
    children: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """Some pupils of a bucket, and the cursor of the next page (None: there are no more)."""

    as_of: datetime
    rows: tuple[Row, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class Asked:
    """Which pupils are asked for."""

    unit: str
    school_year: ids.SchoolYear
    bucket: Bucket
    on: MapOf = MapOf.NOW

    @property
    def mark(self) -> str:
        """Names the question in its cursors, so that no cursor continues another question."""
        return sha256(
            f"{self.unit} {self.school_year} {self.bucket.value} {self.on.value}".encode("utf-8", "replace")
        ).hexdigest()[:16]


async def report(
    world: World,
    caller: Caller,
    unit: str,
    school_year: ids.SchoolYear,
    as_of: datetime | None,
    now: datetime,
    on: MapOf = MapOf.NOW,
) -> Report:
    """Counts of a unit and of its direct parts; `as_of` None means now; `on`: whose map.

    Raises Refusal: access-unit (not at or below one of the caller's units, or unknown), request-parameter (as_of).
    """
    here = await permitted(world, caller, unit, now)
    moment = _moment(as_of, now)
    when = When.of(on, school_year, moment, now)
    schools = here.schools_seen(caller.units, unit, when)
    async with world.db.snapshot() as tx:
        found = await stored.count(tx, Question(sorted(schools), str(school_year), moment))
    children = tuple(
        Line(part, completeness.over(here.schools_of(part.code, when.on, now) & schools, found))
        for part in here.parts_of(unit, when.on)
    )
    return Report(Line(here.units[unit], completeness.over(schools, found)), moment, children)


async def pupils(
    world: World, caller: Caller, asked: Asked, as_of: datetime | None, after: str | None, limit: int, now: datetime
) -> Page:
    """One page of the pupils in a bucket, by school and pupil code; `after` is the cursor of the page before.

    A cursor keeps to the moment of its first page. Raises Refusal: access-unit, request-parameter (as_of, after, limit).
    """
    here = await permitted(world, caller, asked.unit, now)
    if not 1 <= limit <= MOST_ROWS:
        raise _wrong("limit", f"1 to {MOST_ROWS}")
    moment, behind = _moment(as_of, now), ("", "")
    if after is not None:
        moment, behind = _continued(asked, after, as_of, now + world.skew)
    schools = here.schools_seen(caller.units, asked.unit, When.of(asked.on, asked.school_year, moment, now))
    question = Question(sorted(schools), str(asked.school_year), moment)
    async with world.db.snapshot() as tx:
        found = await stored.pupils(tx, question, asked.bucket, behind, limit + 1)
    rows = tuple(found[:limit])
    return Page(moment, rows, _cursor(asked, moment, rows[-1]) if len(found) > limit else None)


async def permitted(world: World, caller: Caller, unit: str, now: datetime) -> units.Map:
    """The map, if the caller may ask about the unit; an unknown unit and another's are the same answer."""
    here = (await world.known()).map
    if not any(unit in here.below(own, now) for own in caller.units):
        raise Refusal(codes.ACCESS_UNIT, [Finding(codes.ACCESS_UNIT, "/query/unit", "a unit at or below the caller's")])
    return here


def _moment(as_of: datetime | None, now: datetime) -> datetime:
    if as_of is None:
        return now
    if not _EARLIEST <= as_of <= now:
        raise _wrong("as_of", "a moment that is not in the future, with its time zone")
    return as_of.astimezone(UTC)


def _cursor(asked: Asked, as_of: datetime, last: Row) -> str:
    return base64url.encode(f"{asked.mark} {as_of.isoformat()} {last.school_code} {last.pupil_code}".encode())


def _continued(asked: Asked, after: str, as_of: datetime | None, latest: datetime) -> tuple[datetime, tuple[str, str]]:
    """The moment of the first page, which another machine's clock may have given, and where the next one begins."""
    parts = (base64url.decode(after) or b"").decode("ascii", "replace").split(" ")
    if len(parts) != 4 or parts[0] != asked.mark or not all(map(ids.pupil_code_fits, parts[2:])):
        raise _wrong("after", "the cursor of the page before, for the same question")
    try:
        pinned = datetime.fromisoformat(parts[1])
    except ValueError:
        pinned = None
    if pinned is None or pinned.tzinfo is None or not _EARLIEST <= pinned <= latest or as_of not in (None, pinned):
        raise _wrong("after", "the cursor of the page before, for the same moment")
    return pinned.astimezone(UTC), (parts[2], parts[3])


def _wrong(parameter: str, expected: str) -> Refusal:
    return Refusal(codes.REQUEST_PARAMETER, [Finding(codes.REQUEST_PARAMETER, f"/query/{parameter}", expected)])
