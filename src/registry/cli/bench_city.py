"""A made-up city of any size, written straight into the tables by COPY: what benches that need millions of records ask about.

Nobody signed anything here: documents are noise, personal numbers are digests. Everything follows from a pupil's position, so
that the truth about each pupil is known without asking the database (`Pupil.fate`). Memory is bounded by one batch of schools.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any

import asyncpg

from registry.core.callers import CallerKind, Scope
from registry.core.ids import Level
from registry.formats import units_csv
from registry.services import callers, units
from registry.services.world import World

YEAR = "2025-2026"
CITY = "city:79"
VENDORS = ("bench-sen", "bench-tre", "bench-sung", "bench-dao")
#: When the rosters came in; transcripts follow from `SENT` on, for `DAYS` days.
JOINED, SENT, DAYS = datetime(2026, 5, 4, 2, tzinfo=UTC), datetime(2026, 5, 20, tzinfo=UTC), 60
_PER_SCHOOL, _PER_CLASS, _BATCH = 586, 42, 60
#: Of six schools three are primary, two lower and one upper secondary; a school and the sixth behind it are of one level.
_LEVELS = (
    ((Level.PRIMARY, range(1, 6)),) * 3
    + ((Level.LOWER_SECONDARY, range(6, 10)),) * 2
    + ((Level.UPPER_SECONDARY, range(10, 13)),)
)
_CYCLE = len(_LEVELS)


class Fate(StrEnum):
    """What happened to a pupil; each is the bucket that the pupil's place at its school has to come to."""

    PRESENT = "present"
    AWAITING_SUMMER = "awaiting_summer"
    MISSING = "missing"
    REFUSED = "refused"
    HELD = "held"
    AWAITING_NUMBER = "awaiting_number"
    TRANSFERRED = "transferred"  # left for the sixth school behind this one, where nothing has come yet
    UNEXPECTED = "unexpected"  # left, and the transcript that was accepted before is still in force


#: Of a thousand pupils, behind which one a fate begins.
_SHARES = ((965, Fate.PRESENT), (975, Fate.AWAITING_SUMMER), (984, Fate.MISSING), (989, Fate.REFUSED), (992, Fate.HELD),
           (995, Fate.AWAITING_NUMBER), (998, Fate.TRANSFERRED), (1000, Fate.UNEXPECTED))  # fmt: skip
_FATES = tuple(next(fate for below, fate in _SHARES if part < below) for part in range(1000))
_ON_RECORD = frozenset({Fate.PRESENT, Fate.AWAITING_SUMMER, Fate.UNEXPECTED})
_OUTCOMES = {**dict.fromkeys(_ON_RECORD, "accepted"), Fate.REFUSED: "refused", Fate.HELD: "held"}
_FINDINGS = {"accepted": "[]", "held": '[{"code": "revocation-unknown"}]', "refused": '[{"code": "rule-mark-scale"}]'}


@dataclass(frozen=True, slots=True)
class Pupil:
    """One pupil of the city by position in it."""

    position: int
    school: int
    grade: int
    level: Level
    class_name: str
    fate: Fate

    @property
    def code(self) -> str:
        """The pupil code."""
        return f"79{self.position:010d}"

    @property
    def sent_at(self) -> datetime:
        """When the vendor sent something, if it did: class by class, over the weeks of the campaign."""
        day = (self.school * 7 + int(self.class_name.rpartition(".")[2]) * 3) % DAYS
        return SENT + timedelta(days=day, seconds=self.position % 36_000)


@dataclass(frozen=True, slots=True)
class City:
    """A city of so many pupils."""

    pupils: int

    @property
    def schools(self) -> int:
        """How many schools it has: a multiple of six, and more than six."""
        return max(2, -(-self.pupils // (_PER_SCHOOL * _CYCLE))) * _CYCLE

    def school_code(self, school: int) -> str:
        """The code of a school by its position."""
        return f"79{school % self.schools:06d}"

    def of_schools(self, first: int, behind: int) -> Iterator[Pupil]:
        """The pupils of some schools."""
        for school in range(first, min(behind, self.schools)):
            level, grades = _LEVELS[school % _CYCLE]
            begins, ends = (self.pupils * each // self.schools for each in (school, school + 1))
            for position in range(begins, ends):
                place = position - begins
                grade = grades[place * len(grades) // (ends - begins)]
                fate = _FATES[position * 617 % 1000]
                yield Pupil(position, school, grade, level, f"{grade}.{place // _PER_CLASS}", fate)


def districts() -> list[str]:
    """The legacy districts of the map that comes with the registry."""
    return _units("district")


def _units(kind: str) -> list[str]:
    rows = units_csv.read(units.builtin("hcmc-2025") or b"").rows
    return [row.unit.code for row in rows if row.unit.kind == kind]


async def settle(world: World, city: City, now: datetime) -> None:
    """The map, the schools (each in a district and a commune) and the vendors that speak for them."""
    lines = ["kind,code,name,parents,valid_from,valid_to,ownership"]
    parts = districts(), _units("commune")
    for school in range(city.schools):
        parents = ";".join(each[school % len(each)] for each in parts)
        lines.append(f"school,{city.school_code(school)},Trường {school} (thử nghiệm),{parents},2020-01-01,,public")
    for found in (await units.import_builtin(world, "hcmc-2025", now),
                  await units.import_units(world, "\n".join([*lines, ""]).encode(), now)):  # fmt: skip
        if found.problems:
            raise RuntimeError(f"the bench's own map was not taken: {found.problems[0]}")
    for number, vendor in enumerate(VENDORS):
        mine = frozenset(f"school:{city.school_code(each)}" for each in range(number, city.schools, len(VENDORS)))
        await callers.register(
            world, callers.NewCaller(vendor, CallerKind.VENDOR, vendor, frozenset({Scope.SUBMIT}), units=mine), now
        )


async def fill(owner_url: str, city: City) -> None:
    """Write rosters, journal and records of a city whose schools are on the map; `owner_url` names a superuser.

    Neither foreign keys nor triggers see these rows; the schools are marked to be counted (`registry.services.standing`).
    """
    dsn = owner_url.replace("+asyncpg", "")
    settings = {"session_replication_role": "replica", "synchronous_commit": "off"}
    links = [await asyncpg.connect(dsn, server_settings=settings) for _ in range(2)]
    try:
        await links[0].execute("SET maintenance_work_mem = '256MB'")
        for first in range(0, city.schools, _BATCH):
            lines = await asyncio.to_thread(_lines, city, first, first + _BATCH)
            await asyncio.gather(*(_copy(link, lines, half) for half, link in enumerate(links)))
        for table in _TABLES:
            await links[0].execute(f"VACUUM (ANALYZE) {table}")
        await links[0].execute(
            "INSERT INTO standing_mark (school_year, school_code, pupil_code) SELECT $1, school_code, '' FROM school",
            YEAR,
        )
        await links[0].execute(
            "INSERT INTO last_contact SELECT school_code, max(received_at) FROM submission GROUP BY school_code"
        )
        await links[0].execute("UPDATE generation SET value = value + 1")
    finally:
        for link in links:
            await link.close()


#: The columns that are written of each table, those that take longest first.
_TABLES = {
    "submission": "submission_id,received_at,caller_id,fingerprint,media_type,size,school_year,school_code,level,grade,"
    "pupil_code,number_index,transcript_code",
    "roster_pupil": "school_year,school_code,pupil_code,joined_at,left_at,grade,class_name,pupil_name,sex,birth_date,"
    "number_index,number_sealed,import_id",
    "record": "school_year,pupil_id,level,record_id,transcript_code,school_code,grade,pupil_code,current_version,created_at",
    "record_version": "school_year,pupil_id,level,version,submission_id,fingerprint,accepted_at,signatures,awaits_summer",
    "verdict": "submission_id,judged_at,outcome,findings,evidence",
    "document": "school_year,fingerprint,media_type,sealed,stored_at",
    "pupil_number": "number_index,pupil_id,number_sealed,known_since",
    "pupil_code": "pupil_code,pupil_id,known_since",
    "transcript_code": "transcript_code,school_year,pupil_id,level",
    "pupil": "pupil_id,created_at",
    "waiting": "submission_id,school_year,fingerprint,generation,tried_at,school_code,transcript_code,number_index",
    "refusal": "school_code,refused_at,submission_id,codes",
    "roster_import": "import_id,school_code,school_year,grade,source,received_at,joined,left_,changed",
}


async def _copy(link: asyncpg.Connection, lines: Mapping[str, list[str]], half: int) -> None:
    for table in list(_TABLES)[half::2]:
        if lines[table]:
            raw = "".join(lines[table]).encode()
            await link.copy_to_table(table, source=_once(raw), columns=_TABLES[table].split(","), format="text")


async def _once(raw: bytes) -> Any:
    yield raw


def _lines(city: City, first: int, behind: int) -> dict[str, list[str]]:
    """The rows of some schools as COPY reads them."""
    lines: dict[str, list[str]] = {table: [] for table in _TABLES}
    rosters: dict[tuple[str, int], int] = {}
    for pupil in city.of_schools(first, behind):
        here = city.school_code(pupil.school)
        rosters[here, pupil.grade] = rosters.get((here, pupil.grade), 0) + 1
        _on_roster(lines, city, pupil, here)
        if pupil.fate in _OUTCOMES:
            _attempt(lines, pupil, here, _OUTCOMES[pupil.fate])
        if pupil.fate in _ON_RECORD:
            _record(lines, pupil, here)
    for (school, grade), pupils in rosters.items():
        values = (_uuid(9, int(school) * 100 + grade), school, YEAR, grade, "bench", JOINED, pupils, 0, 0)
        lines["roster_import"].append(_row(*values))
    return lines


def _on_roster(lines: Mapping[str, list[str]], city: City, pupil: Pupil, here: str) -> None:
    index = r"\N" if pupil.fate is Fate.AWAITING_NUMBER else _number(pupil)
    sealed = r"\N" if pupil.fate is Fate.AWAITING_NUMBER else _bytes(pupil.code.encode())
    rest = (pupil.grade, pupil.class_name, f"Trẻ {pupil.position}", "1", "2015-01-01", index, sealed)
    gone = pupil.fate in {Fate.TRANSFERRED, Fate.UNEXPECTED}
    left = SENT + timedelta(days=DAYS, seconds=pupil.position % 86_400)
    source = _uuid(9, int(here) * 100 + pupil.grade)
    lines["roster_pupil"].append(_row(YEAR, here, pupil.code, JOINED, left if gone else r"\N", *rest, source))
    if pupil.fate is Fate.TRANSFERRED:
        there = city.school_code(pupil.school + _CYCLE)
        lines["roster_pupil"].append(_row(YEAR, there, pupil.code, left, r"\N", *rest, source))


def _attempt(lines: Mapping[str, list[str]], pupil: Pupil, here: str, outcome: str) -> None:
    attempt, at, vendor = _uuid(1, pupil.position), pupil.sent_at, VENDORS[pupil.school % len(VENDORS)]
    fingerprint, number, code = _fingerprint(pupil), _number(pupil), _uuid(4, pupil.position)
    lines["submission"].append(
        _row(attempt, at, vendor, fingerprint, "application/jose+json", 6000, YEAR, here, pupil.level, pupil.grade, pupil.code,
             number, code)
    )  # fmt: skip
    lines["verdict"].append(_row(attempt, at, outcome, _FINDINGS[outcome], '{"signatures": []}'))
    if outcome != "refused":
        lines["document"].append(_row(YEAR, fingerprint, "application/jose+json", fingerprint, at))
    else:
        lines["refusal"].append(_row(here, at, attempt, "{rule-mark-scale}"))
    if outcome == "held":
        lines["waiting"].append(_row(attempt, YEAR, fingerprint, 1_000_000, at, here, code, number))


def _record(lines: Mapping[str, list[str]], pupil: Pupil, here: str) -> None:
    person, at, code = _uuid(2, pupil.position), pupil.sent_at, _uuid(4, pupil.position)
    lines["pupil"].append(_row(person, at))
    lines["pupil_number"].append(_row(_number(pupil), person, _bytes(pupil.code.encode()), at))
    lines["pupil_code"].append(_row(pupil.code, person, at))
    lines["transcript_code"].append(_row(code, YEAR, person, pupil.level))
    record = _uuid(3, pupil.position)
    lines["record"].append(_row(YEAR, person, pupil.level, record, code, here, pupil.grade, pupil.code, 1, at))
    summer = "t" if pupil.fate is Fate.AWAITING_SUMMER else "f"
    attempt = _uuid(1, pupil.position)
    lines["record_version"].append(_row(YEAR, person, pupil.level, 1, attempt, _fingerprint(pupil), at, "[]", summer))


def _row(*values: object) -> str:
    return "\t".join(map(str, values)) + "\n"


def _uuid(kind: int, number: int) -> str:
    return f"{kind:x}{number:031x}"


def _bytes(raw: bytes) -> str:
    return rf"\\x{raw.hex()}"


def _fingerprint(pupil: Pupil) -> str:
    return _bytes(sha256(b"document %d" % pupil.position).digest())


def _number(pupil: Pupil) -> str:
    return _bytes(sha256(b"number %d" % pupil.position).digest())
