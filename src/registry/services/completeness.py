"""Who is still missing: expected against held for a unit and a school year, as of a moment.

A caller may ask about units at or below its own on the map of today; what they are counted from are the rosters, the records and
the verdicts of the moment asked about. The schools of a unit are those of the map of today, or of the map of then: as it was
when the school year ended, or at the moment asked about if that was earlier. A caller's schools are those it has today and
those it had at the moment asked about; no map shows it another's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from hashlib import sha256

from registry.core import codes, completeness, ids, units
from registry.core.callers import Caller
from registry.core.campaigns import Campaign
from registry.core.completeness import Bucket, Counts, Row
from registry.core.findings import Finding, Refusal
from registry.core.frozen import Beside
from registry.core.units import MapOf, When
from registry.formats import base64url
from registry.services import after_freeze, campaigns
from registry.services.world import World
from registry.storage import callers, standing
from registry.storage import completeness as stored
from registry.storage.completeness import Question
from registry.storage.database import Reading

#: Rows of one page.
MOST_ROWS = 500
#: Schools whose pupils are looked through at once for a list; days of a trend.
_SCHOOLS_AT_ONCE, MOST_DAYS = 40, 400
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


@dataclass(frozen=True, slots=True)
class Page:
    """Some pupils of a bucket, and the cursor of the next page (None: there are no more).

    `frozen_at`: when the campaign asked for was frozen, if it was by then.
    """

    as_of: datetime
    rows: tuple[Row, ...]
    next: str | None
    frozen_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """Which pupils are asked for."""

    unit: str
    school_year: ids.SchoolYear
    bucket: Bucket
    on: MapOf = MapOf.NOW
    only: Only = EVERYBODY

    @property
    def mark(self) -> str:
        """Names the question in its cursors, so that no cursor continues another question."""
        text = f"{self.unit} {self.school_year} {self.bucket.value} {self.on.value} {self.only.mark}"
        return sha256(text.encode("utf-8", "replace")).hexdigest()[:16]


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
    moment = _moment(as_of, now)
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
        raise _wrong("until", f"a day that is not in the future, from since on, within {MOST_DAYS} days")
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
    schools = asked.only.schools(here, schools, now)
    question = Question(sorted(schools), str(asked.school_year), moment, asked.only.of_grades)
    async with world.db.snapshot() as tx:
        freeze = await after_freeze.of(tx, asked.only.campaign, moment)
        seen = None if freeze is None else freeze.seen
        found = await _listed(tx, question, asked.bucket, behind, limit + 1, seen, past=moment != now)
    rows = tuple(found[:limit])
    after = _cursor(asked, moment, rows[-1]) if len(found) > limit else None
    return Page(moment, rows, after, freeze.frozen_at if freeze is not None else None)


async def _listed(
    tx: Reading, question: Question, bucket: Bucket, behind: tuple[str, str], most: int, seen: str | None, *, past: bool
) -> list[Row]:
    """Looks through those schools alone that have such pupils by the counts; through all, while these are not complete."""
    rows: list[Row] = []
    sizes, known = await _sizes(tx, question, bucket, behind[0], past=past)
    look = standing.pupils if known else stored.pupils
    while sizes and len(rows) < most:
        some: list[str] = []
        hoped = len(rows)
        while sizes and hoped < most and len(some) < _SCHOOLS_AT_ONCE:
            school, size = sizes.pop(0)
            some.append(school)
            hoped += size if school != behind[0] else 0
        rows += await look(tx, replace(question, schools=some), bucket, behind, most - len(rows), seen)
    return rows


async def _sizes(
    tx: Reading, question: Question, bucket: Bucket, start: str, *, past: bool
) -> tuple[list[tuple[str, int]], bool]:
    """The schools from `start` on that have or may have such pupils, in order, each with how many; and whether all that are there
    now are known by what is kept."""
    schools = [school for school in question.schools if school >= start]
    counted = await standing.count(tx, replace(question, schools=schools), past=past)
    sizes = [(school, counted.groups.get(school, Counts()).of(bucket)) for school in schools]
    return [(school, size) for school, size in sizes if size or counted.pending], not past and not counted.pending


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
            raise _wrong("school_year", "YYYY-YYYY, or a campaign")
        return year, Only(wanted)
    of = (await campaigns.find(world, caller, campaign, now)).campaign
    its = ids.SchoolYear.parse(of.school_year)
    if its is None or year not in (None, its):
        raise _wrong("school_year", of.school_year)
    only = Only(wanted, of)
    if not only.of_grades:
        raise _wrong("grade", "of the campaign: " + ", ".join(map(str, of.grades)))
    return its, only


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
    return pinned(parts[1], as_of, latest), (parts[2], parts[3])


def pinned(sent: str, as_of: datetime | None, latest: datetime) -> datetime:
    """The moment that a cursor keeps to; raises Refusal(request-parameter): none, a later one, or another than is asked for."""
    try:
        found = datetime.fromisoformat(sent)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None or not _EARLIEST <= found <= latest or as_of not in (None, found):
        raise _wrong("after", "the cursor of the page before, for the same moment")
    return found.astimezone(UTC)


def _wrong(parameter: str, expected: str) -> Refusal:
    return Refusal(codes.REQUEST_PARAMETER, [Finding(codes.REQUEST_PARAMETER, f"/query/{parameter}", expected)])
