"""Who is still missing: expected against held for a unit and a school year, as of a moment.

A caller may ask about units at or below its own on the map of today; what they are counted from are the rosters, the records and
the verdicts of the moment asked about. The schools of a unit are those of the map of today, or of the map of then: as it was
when the school year ended, or at the moment asked about if that was earlier. A caller's schools are those it has today and
those it had at the moment asked about; no map shows it another's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from registry.core import codes, completeness, ids, units
from registry.core.callers import Caller
from registry.core.campaigns import Campaign
from registry.core.completeness import Counts
from registry.core.findings import Finding, Refusal
from registry.core.frozen import Beside
from registry.core.units import MapOf, When
from registry.services import after_freeze, campaigns
from registry.services.world import World
from registry.storage import callers, standing
from registry.storage.completeness import Question
from registry.storage.database import Reading

#: Days of a trend.
MOST_DAYS = 400
#: Nothing is known of earlier times, and much earlier ones have no UTC.
_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)


class By(StrEnum):
    """What the counts of a unit are broken down by; without: by its direct parts."""

    DISTRICT = "district"
    WARD = "ward"
    COMMUNE = "commune"
    CLUSTER = "cluster"
    SCHOOL = "school"
    GRADE = "grade"
    CLASS = "class"
    VENDOR = "vendor"


_KINDS = frozenset({By.DISTRICT, By.WARD, By.COMMUNE, By.CLUSTER, By.SCHOOL})
#: The name of who is in none, Vietnamese and English. No published text names the cluster of every commune, for one.
NOWHERE = {
    By.DISTRICT: ("Không thuộc quận, huyện cũ nào", "In no legacy district"),
    By.WARD: ("Không thuộc phường, xã cũ nào", "In no old ward"),
    By.COMMUNE: ("Không thuộc phường, xã nào", "In no commune"),
    By.CLUSTER: ("Không thuộc cụm trường nào", "In no cluster"),
    By.CLASS: ("Không thuộc lớp nào", "In no class"),
    By.VENDOR: ("Chưa có phần mềm nào", "No vendor"),
}


@dataclass(frozen=True, slots=True)
class Only:
    """Which pupils are counted: of these grades (None: all), and of a campaign's grades and schools (None: of no campaign)."""

    grades: tuple[int, ...] | None = None
    campaign: Campaign | None = None

    @property
    def of_grades(self) -> tuple[int, ...] | None:
        """The grades that are left."""
        if self.campaign is None or self.grades is None:
            return self.grades if self.campaign is None else self.campaign.grades
        return tuple(grade for grade in self.grades if grade in self.campaign.grades)

    @property
    def whole_campaign(self) -> Campaign | None:
        """The campaign, when all of its grades are counted: as a freeze of it counts."""
        whole = self.campaign is not None and set(self.of_grades or ()) == set(self.campaign.grades)
        return self.campaign if whole else None

    @property
    def mark(self) -> str:
        """Names them in cursors."""
        return f"{self.of_grades} {self.campaign.code if self.campaign is not None else ''}"

    def schools(self, here: units.Map, schools: frozenset[str], now: datetime) -> frozenset[str]:
        """Those of the schools that are left."""
        return schools if self.campaign is None else schools & campaigns.schools_of(here, self.campaign, now)


EVERYBODY = Only()


@dataclass(frozen=True, slots=True)
class Line:
    """One unit with its counts."""

    unit: units.Unit
    counts: Counts


@dataclass(frozen=True, slots=True)
class Group:
    """Pupils of one grade, class or vendor, or of no unit of the kind asked for; `grade` is that of a grade or a class.

    `key` is for programs: the grade, "<school>/<grade>/<class>", the vendor's id, "" of no unit or vendor. `name` is empty for pupils without
    one (`NOWHERE`).
    """

    key: str
    name: str
    grade: int | None
    counts: Counts


@dataclass(frozen=True, slots=True)
class Report:
    """A unit with its parts or groups. Parts (districts and communes), and vendors, may share schools and need not add up to the
    unit; those of one kind, with the group of who is in none, do.

    `pending`: of about so many pupils what changed last is not counted yet; 0 in all but the first minutes after a large list.
    `frozen`: the unit as its campaign was frozen, when it was.
    """

    line: Line
    as_of: datetime
    children: tuple[Line, ...]
    groups: tuple[Group, ...] = ()
    pending: int = 0
    frozen: Beside | None = None


@dataclass(frozen=True, slots=True)
class Day:
    """The counts at the end of a day in the city."""

    day: date
    counts: Counts


@dataclass(frozen=True, slots=True)
class Trend:
    """The counts of a unit, day by day; `pending` as in `Report`."""

    unit: units.Unit
    days: tuple[Day, ...]
    pending: int


async def report(
    world: World,
    caller: Caller,
    unit: str,
    school_year: ids.SchoolYear,
    as_of: datetime | None,
    now: datetime,
    on: MapOf = MapOf.NOW,
    *,
    by: By | None = None,
    only: Only = EVERYBODY,
) -> Report:
    """Counts of a unit and of its direct parts, or `by` something else; `as_of` None means now; `on`: whose map.

    Raises Refusal: access-unit (not at or below one of the caller's units, or unknown), request-parameter (as_of),
    completeness-by-class (classes of what is not a school).
    """
    here = await permitted(world, caller, unit, now)
    if by is By.CLASS and not unit.startswith("school:"):
        finding = Finding(codes.COMPLETENESS_BY_CLASS, "/query/unit", "school:<code>")
        raise Refusal(codes.COMPLETENESS_BY_CLASS, [finding])
    moment = moment_of(as_of, now)
    when = When.of(on, school_year, moment, now)
    schools = only.schools(here, here.schools_seen(caller.units, unit, when), now)
    question = Question(sorted(schools), str(school_year), moment, only.of_grades)
    async with world.db.snapshot() as tx:
        counted = await standing.count(tx, question, past=as_of is not None)
        groups = await _groups(tx, here, question, by, counted, when, past=as_of is not None)
        found = counted.groups
        line = Line(here.units[unit], completeness.over(schools, found))
        frozen = await after_freeze.beside(tx, only.whole_campaign, line.unit, question, line.counts)
    parts = (
        here.parts_of(unit, when.on) if by is None else _of_kind(here, by, unit, schools, when) if by in _KINDS else ()
    )
    schools_of = {part.code: here.schools_of(part.code, when.on, now) & schools for part in parts}
    lines = (Line(part, completeness.over(schools_of[part.code], found)) for part in parts)
    children = tuple(line for line in lines if by is None or line.counts.anybody)
    if by in _KINDS:
        nowhere = completeness.over(schools.difference(*schools_of.values()), found)
        groups = (Group("", "", None, nowhere),) if nowhere.anybody else ()
    return Report(line, moment, children, groups, counted.pending, frozen)


def _of_kind(here: units.Map, by: By, unit: str, schools: frozenset[str], when: When) -> Iterable[units.Unit]:
    """The units of a kind that are there on the map asked about."""
    if by is By.SCHOOL:
        return [found for school in sorted(schools) if (found := here.units.get(f"school:{school}"))]
    return sorted((each for each in here.units.values() if each.kind == by and each.exists_at(each.nearest(when.on))
                   and here.schools_of(each.code, when.on, when.now) & schools), key=lambda each: each.code)  # fmt: skip


async def _groups(
    tx: Reading,
    here: units.Map,
    question: Question,
    by: By | None,
    counted: standing.Counted,
    when: When,
    *,
    past: bool,
) -> tuple[Group, ...]:
    if by is By.GRADE:
        grades = (await standing.count(tx, question, past=past, by_grade=True)).groups
        return tuple(Group(str(grade), str(grade), grade, grades[grade]) for grade in sorted(grades))
    if by is By.CLASS:
        classes = await standing.count_classes(tx, question, past=past)
        # A school may call two classes of different grades by one name.
        where = "/".join(question.schools)
        return tuple(
            Group(f"{where}/{grade}/{name}", name, grade, counts) for (grade, name), counts in sorted(classes.items())
        )
    if by is not By.VENDOR:
        return ()
    left, found = set(question.schools), []
    for vendor in await callers.vendors_at(tx, question.as_of):
        mine = here.schools_of_all(vendor.units, when.as_of, when.now) & set(question.schools)
        left -= mine
        found.append(Group(vendor.caller_id, vendor.name, None, completeness.over(mine, counted.groups)))
    found.append(Group("", "", None, completeness.over(left, counted.groups)))
    return tuple(group for group in found if group.counts.anybody)


async def trend(
    world: World,
    caller: Caller,
    unit: str,
    school_year: ids.SchoolYear,
    days: tuple[date, date],
    now: datetime,
    only: Only = EVERYBODY,
    on: MapOf = MapOf.NOW,
) -> Trend:
    """The counts of a unit at the end of each day between two, both included, all on one map; today's day: so far.

    Raises Refusal: access-unit, request-parameter (until: before since, after today, or too far from it).
    """
    here = await permitted(world, caller, unit, now)
    first, last = days
    if not first <= last <= now.astimezone(standing.CITY).date() or (last - first).days >= MOST_DAYS:
        raise wrong("until", f"a day that is not in the future, from since on, within {MOST_DAYS} days")
    schools = only.schools(here, here.schools_seen(caller.units, unit, When.of(on, school_year, now, now)), now)
    question = Question(sorted(schools), str(school_year), now, only.of_grades)
    async with world.db.snapshot() as tx:
        changes, pending = await standing.trend(tx, question)
    so_far = completeness.add_up(counts for day, counts in changes.items() if day < first)
    found = []
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        so_far = completeness.add_up((so_far, changes.get(day, Counts())))
        found.append(Day(day, so_far))
    return Trend(here.units[unit], tuple(found), pending)


async def narrowed(
    world: World,
    caller: Caller,
    year: ids.SchoolYear | None,
    grades: tuple[int, ...],
    campaign: str | None,
    now: datetime,
) -> tuple[ids.SchoolYear, Only]:
    """The school year and the pupils that a campaign's code and grades come to; no grades: all.

    Raises Refusal: campaign-unknown, request-parameter (school_year: none, or not the campaign's; grade: none of the campaign's).
    """
    wanted = tuple(sorted(set(grades))) or None
    if campaign is None:
        if year is None:
            raise wrong("school_year", "YYYY-YYYY, or a campaign")
        return year, Only(wanted)
    of = (await campaigns.find(world, caller, campaign, now)).campaign
    its = ids.SchoolYear.parse(of.school_year)
    if its is None or year not in (None, its):
        raise wrong("school_year", of.school_year)
    only = Only(wanted, of)
    if not only.of_grades:
        raise wrong("grade", "of the campaign: " + ", ".join(map(str, of.grades)))
    return its, only


async def permitted(world: World, caller: Caller, unit: str, now: datetime) -> units.Map:
    """The map, if the caller may ask about the unit; an unknown unit and another's are the same answer."""
    here = (await world.known()).map
    if not any(unit in here.below(own, now) for own in caller.units):
        raise Refusal(codes.ACCESS_UNIT, [Finding(codes.ACCESS_UNIT, "/query/unit", "a unit at or below the caller's")])
    return here


def moment_of(as_of: datetime | None, now: datetime) -> datetime:
    """The moment asked about, in UTC; None: now. Raises Refusal(request-parameter)."""
    if as_of is None:
        return now
    if not _EARLIEST <= as_of <= now:
        raise wrong("as_of", "a moment that is not in the future, with its time zone")
    return as_of.astimezone(UTC)


def pinned(sent: str, as_of: datetime | None, latest: datetime) -> datetime:
    """The moment that a cursor keeps to; raises Refusal(request-parameter): none, a later one, or another than is asked for."""
    try:
        found = datetime.fromisoformat(sent)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None or not _EARLIEST <= found <= latest or as_of not in (None, found):
        raise wrong("after", "the cursor of the page before, for the same moment")
    return found.astimezone(UTC)


def wrong(parameter: str, expected: str) -> Refusal:
    """The refusal of a parameter."""
    return Refusal(codes.REQUEST_PARAMETER, [Finding(codes.REQUEST_PARAMETER, f"/query/{parameter}", expected)])
