"""The pupils in one bucket of a unit's counts, page by page: who is still missing, whose transcript is held, and so on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256

from registry.core import ids
from registry.core.callers import Caller
from registry.core.completeness import Bucket, Counts, Row
from registry.core.units import MapOf, When
from registry.formats import base64url
from registry.services import after_freeze, completeness
from registry.services.completeness import EVERYBODY, Only
from registry.services.world import World
from registry.storage import completeness as stored
from registry.storage import standing
from registry.storage.completeness import Question
from registry.storage.database import Reading

#: Rows of one page.
MOST_ROWS = 500
#: Schools whose pupils are looked through at once.
_SCHOOLS_AT_ONCE = 40


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


async def page(
    world: World, caller: Caller, asked: Asked, as_of: datetime | None, after: str | None, limit: int, now: datetime
) -> Page:
    """One page of the pupils in a bucket, by school and pupil code; `after` is the cursor of the page before.

    A cursor keeps to the moment of its first page. Raises Refusal: access-unit, request-parameter (as_of, after, limit).
    """
    here = await completeness.permitted(world, caller, asked.unit, now)
    if not 1 <= limit <= MOST_ROWS:
        raise completeness.wrong("limit", f"1 to {MOST_ROWS}")
    moment, behind = completeness.moment_of(as_of, now), ("", "")
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


def _cursor(asked: Asked, as_of: datetime, last: Row) -> str:
    return base64url.encode(f"{asked.mark} {as_of.isoformat()} {last.school_code} {last.pupil_code}".encode())


def _continued(asked: Asked, after: str, as_of: datetime | None, latest: datetime) -> tuple[datetime, tuple[str, str]]:
    """The moment of the first page, which another machine's clock may have given, and where the next one begins."""
    parts = (base64url.decode(after) or b"").decode("ascii", "replace").split(" ")
    if len(parts) != 4 or parts[0] != asked.mark or not all(map(ids.pupil_code_fits, parts[2:])):
        raise completeness.wrong("after", "the cursor of the page before, for the same question")
    return completeness.pinned(parts[1], as_of, latest), (parts[2], parts[3])
