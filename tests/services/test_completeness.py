"""Expected against held: with real submissions, and with made-up histories compared with a plain reading of the rules."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest

from registry.core.callers import Caller, CallerKind, Scope
from registry.core.completeness import Bucket, Row
from registry.core.findings import Outcome, Refusal
from registry.core.ids import SchoolYear
from registry.core.rosters import Place
from registry.services import completeness, completeness_pupils, judging, rosters, standing, submission, trust, units
from registry.services.world import World
from registry.storage.database import Hot
from tests.small_city import NOW, PRIMARY, SECONDARY, SmallCity, settle, small_city, vendor

pytestmark = pytest.mark.anyio
YEAR = SchoolYear(2023)
MINE, RIVAL = vendor(PRIMARY, SECONDARY), vendor(caller_id="vendor-b")
HEADER = "mahocsinh,hovaten,tenlop,ngaysinh,gioitinh,sodinhdanh\n"


def office(*places: str) -> Caller:
    return Caller("office", CallerKind.OFFICE, "office", frozenset({Scope.COMPLETENESS}), frozenset(), frozenset(places),
                  frozenset(), {})  # fmt: skip


CITY = office("city:79")
UNIT = f"school:{PRIMARY.code}"


def hours(number: float) -> datetime:
    return NOW + timedelta(hours=number)


async def counts(
    world: World, unit: str = UNIT, as_of: datetime | None = None, now: datetime | None = None
) -> dict[str, int]:
    report = await completeness.report(world, CITY, unit, YEAR, as_of, now or hours(100))
    found = {bucket.value: number for bucket in Bucket if (number := report.line.counts.of(bucket))}
    beside = found.get("unexpected", 0) + found.get("transferred", 0)
    assert report.line.counts.expected == sum(found.values()) - beside
    assert report.pending == 0
    return found


async def every(
    world: World, bucket: Bucket, unit: str = UNIT, as_of: datetime | None = None, limit: int = 500
) -> list[Row]:
    """All pages of a bucket."""
    asked, rows, after = completeness_pupils.Asked(unit, YEAR, bucket), list[Row](), None
    while True:
        page = await completeness_pupils.page(world, CITY, asked, as_of, after, limit, hours(100))
        assert len(page.rows) <= limit
        rows += page.rows
        if page.next is None:
            return rows
        after = page.next


# --- with real submissions -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def city() -> SmallCity:
    return small_city()


@pytest.fixture
async def settled(world: World, city: SmallCity) -> World:
    await settle(world, city, MINE, RIVAL)
    return world


async def expect(world: World, *documents: Mapping[str, Any], at: datetime = NOW, without: int | None = None) -> None:
    """Put these pupils on the roster; the one at position `without` has no number yet."""
    rows = [
        f"{d['mahocsinh']},{d['hovaten']},1A,,,{'' if position == without else d['sodinhdanh']}"
        for position, d in enumerate(documents)
    ]
    raw = (HEADER + "\n".join(rows) + "\n").encode()
    await rosters.import_roster(world, Place(PRIMARY.code, str(YEAR), 1), raw, at, source="test")


async def send(world: World, raw: bytes, at: datetime, caller: Caller = MINE) -> Outcome:
    return (await submission.submit(world, caller, raw, judging.JOSE, at)).outcome


async def test_a_pupil_goes_through_the_buckets_and_every_moment_can_be_asked_for(
    settled: World, city: SmallCity
) -> None:
    document = city.document()
    await expect(settled, document)
    assert await send(settled, city.signed({**document, "ghichu": "x"}), hours(1)) is Outcome.REFUSED
    assert await send(settled, city.signed({**document, "sodinhdanh": ""}), hours(2)) is Outcome.HELD
    assert await send(settled, city.signed(document), hours(3)) is Outcome.ACCEPTED
    await expect(settled, at=hours(4))
    history = {-1: {}, 0: {"missing": 1}, 1: {"refused": 1}, 2: {"held": 1}, 3: {"present": 1}, 4: {"unexpected": 1}}
    for hour, expected in history.items():
        assert await counts(settled, as_of=hours(hour + 0.5)) == expected
        assert await counts(settled, "city:79", as_of=hours(hour + 0.5)) == expected
    (row,) = await every(settled, Bucket.REFUSED, as_of=hours(1.5))
    assert (row.pupil_code, row.name, row.class_name) == (document["mahocsinh"], document["hovaten"], "1A")
    assert (row.codes, row.last_attempt_at) == (("field-unknown",), hours(1))
    (gone,) = await every(settled, Bucket.UNEXPECTED)
    assert (gone.pupil_code, gone.name, gone.grade, gone.last_attempt_at) == (document["mahocsinh"], None, 1, hours(3))


async def test_an_attempt_counts_though_its_signatures_are_broken(settled: World, city: SmallCity) -> None:
    document, other = city.document(seed=1), city.document(seed=2)
    await expect(settled, document, other)
    envelope = json.loads(city.signed(document))
    envelope["signatures"][0]["signature"] = json.loads(city.signed(other))["signatures"][0]["signature"]
    assert await send(settled, json.dumps(envelope).encode(), hours(1)) is Outcome.REFUSED
    assert await counts(settled) == {"refused": 1, "missing": 1}
    assert "signature-invalid" in (await every(settled, Bucket.REFUSED))[0].codes


async def test_a_rival_moves_nobody(settled: World, city: SmallCity) -> None:
    document = city.document()
    await expect(settled, document)
    assert await send(settled, city.signed({**document, "sodinhdanh": ""}), hours(1)) is Outcome.HELD
    assert await send(settled, city.signed(document), hours(2), RIVAL) is Outcome.REFUSED
    assert await counts(settled) == {"held": 1}
    (row,) = await every(settled, Bucket.HELD)
    assert (row.codes, row.last_attempt_at) == (("number-absent",), hours(1))


async def test_awaiting_a_number_before_all_attempts(settled: World, city: SmallCity) -> None:
    documents = [city.document(seed=seed) for seed in range(3)]
    await expect(settled, *documents, without=1)
    assert await send(settled, city.signed({**documents[1], "sodinhdanh": ""}), hours(1)) is Outcome.HELD
    assert await counts(settled) == {"awaiting_number": 1, "missing": 2}
    (row,) = await every(settled, Bucket.AWAITING_NUMBER)
    assert row.codes == ("number-absent",)
    assert await send(settled, city.signed(documents[1]), hours(2)) is Outcome.ACCEPTED
    assert await counts(settled) == {"present": 1, "missing": 2}


async def test_held_then_accepted_by_itself(world: World, city: SmallCity) -> None:
    await settle(world, city, MINE, lists=False)
    document = city.document()
    await expect(world, document)
    answer = await submission.submit(world, MINE, city.signed(document), judging.JOSE, hours(1))
    assert await counts(world) == {"held": 1}
    await settle_lists(world, city)
    assert (await submission.rejudge(world, answer.submission_id, hours(2))) is not None
    assert await counts(world) == {"present": 1}
    assert await counts(world, as_of=hours(1.5)) == {"held": 1}


async def settle_lists(world: World, city: SmallCity) -> None:
    lists = {name: raw for name, raw in city.files.items() if name.startswith("crls/")}
    assert not (await trust.import_files(world, lists, NOW)).problems


# --- units and callers ---------------------------------------------------------------------------------------------------


@pytest.fixture
async def mapped(settled: World) -> World:
    """The primary school lies in a district and, since hour 10, in a commune; both in the city."""
    rows = ["kind,code,name,parents,valid_from,valid_to,ownership",
            "city,9,C,,2020-01-01,,", "district,1,D,city:9,2020-01-01,,", "district,2,E,city:9,2020-01-01,,",
            "commune,1,K,city:9,2025-07-01,,",
            *(f"school,79{n},S{n},district:{n % 2 + 1};commune:1,2020-01-01,,public" for n in range(4))]  # fmt: skip
    assert not (await units.import_units(settled, "\n".join(rows).encode(), NOW)).problems
    known = await settled.register.newer_than(settled.db, (await settled.known()).generation)
    assert "school:790" in known.map.units
    for n in range(4):
        raw = (HEADER + "".join(f"7{n}{pupil},Tên,1A,,,\n" for pupil in range(n + 1))).encode()
        await rosters.import_roster(settled, Place(f"79{n}", str(YEAR), 1), raw, NOW, source="test")
    return settled


async def test_a_city_counts_a_school_once_though_it_lies_in_two_parts(mapped: World) -> None:
    report = await completeness.report(mapped, office("city:9"), "city:9", YEAR, None, hours(1))
    assert report.line.counts.expected == 10
    assert {child.unit.code: child.counts.expected for child in report.children} == {
        "commune:1": 10, "district:1": 4, "district:2": 6
    }  # fmt: skip
    district = await completeness.report(mapped, office("city:9"), "district:2", YEAR, None, hours(1))
    assert [(line.unit.code, line.counts.expected) for line in district.children] == [
        ("school:791", 2),
        ("school:793", 4),
    ]
    school = await completeness.report(mapped, office("city:9"), "school:791", YEAR, None, hours(1))
    assert (school.line.counts.expected, school.children) == (2, ())


@pytest.mark.parametrize(
    ("own", "unit", "may"),
    [
        (("city:9",), "city:9", True),
        (("city:9",), "school:790", True),
        (("district:1",), "school:792", True),
        (("district:1",), "district:1", True),
        (("district:2", "school:790"), "school:790", True),
        (("district:1",), "school:791", False),
        (("district:1",), "district:2", False),
        (("district:1",), "commune:1", False),
        (("district:1",), "city:9", False),
        (("city:9",), "city:79", False),
        (("city:9",), "district:404", False),
        (("nowhere:1",), "nowhere:1", False),
        ((), "city:9", False),
    ],
)
async def test_only_at_or_below_ones_own_units(mapped: World, own: tuple[str, ...], unit: str, may: bool) -> None:
    asked = completeness_pupils.Asked(unit, YEAR, Bucket.AWAITING_NUMBER)
    if may:
        await completeness.report(mapped, office(*own), unit, YEAR, None, hours(1))
        assert (await completeness_pupils.page(mapped, office(*own), asked, None, None, 1, hours(1))).rows
        return
    for question in (
        completeness.report(mapped, office(*own), unit, YEAR, None, hours(1)),
        completeness_pupils.page(mapped, office(*own), asked, None, None, 1, hours(1)),
    ):
        with pytest.raises(Refusal) as refused:
            await question
        assert [(finding.code.slug, finding.pointer) for finding in refused.value.findings] == [
            ("access-unit", "/query/unit")
        ]


@pytest.mark.parametrize(
    "as_of", [hours(1.01), datetime.min.replace(tzinfo=NOW.tzinfo), datetime.max.replace(tzinfo=NOW.tzinfo)]
)
async def test_no_answer_about_the_future_nor_before_there_was_anything(mapped: World, as_of: datetime) -> None:
    with pytest.raises(Refusal) as refused:
        await completeness.report(mapped, office("city:9"), "city:9", YEAR, as_of, hours(1))
    assert [(f.code.slug, f.pointer) for f in refused.value.findings] == [("request-parameter", "/query/as_of")]


async def test_pages_keep_to_their_moment_while_others_write(mapped: World) -> None:
    asked = completeness_pupils.Asked("city:9", YEAR, Bucket.AWAITING_NUMBER)
    first = await completeness_pupils.page(mapped, office("city:9"), asked, None, None, 3, hours(1))
    assert first.next is not None
    for n in range(4):
        await rosters.import_roster(mapped, Place(f"79{n}", str(YEAR), 1), HEADER.encode(), hours(2), source="test")
    rows = list(first.rows)
    after: str | None = first.next
    while after is not None:
        page = await completeness_pupils.page(mapped, office("city:9"), asked, None, after, 3, hours(3))
        assert page.as_of == first.as_of
        rows += page.rows
        after = page.next
    assert [(row.school_code, row.pupil_code) for row in rows] == [
        (f"79{n}", f"7{n}{pupil}") for n in range(4) for pupil in range(n + 1)
    ]


async def test_a_cursor_continues_its_own_question_only(mapped: World) -> None:
    asked = completeness_pupils.Asked("city:9", YEAR, Bucket.AWAITING_NUMBER)
    page = await completeness_pupils.page(mapped, office("city:9"), asked, None, None, 3, hours(1))
    assert page.next is not None
    others = [
        replace(asked, bucket=Bucket.MISSING),
        replace(asked, unit="district:1"),
        replace(asked, school_year=SchoolYear(2024)),
    ]
    questions: list[tuple[completeness_pupils.Asked, str, datetime | None]] = [
        (other, page.next, None) for other in others
    ]
    questions += [(asked, page.next, hours(0.5)), (asked, page.next + "A", None), (asked, "", None), (asked, "ÿ", None)]
    questions += [(asked, page.next[:-1] + "\x00", None), (asked, "A" * 300, None)]
    for question, after, as_of in questions:
        with pytest.raises(Refusal) as refused:
            await completeness_pupils.page(mapped, office("city:9"), question, as_of, after, 3, hours(2))
        assert [(f.code.slug, f.pointer) for f in refused.value.findings] == [("request-parameter", "/query/after")]
    with pytest.raises(Refusal):  # a page of the future: somebody turned the clock back, or made it up
        await completeness_pupils.page(mapped, office("city:9"), asked, None, page.next, 3, hours(0))


# --- made-up histories against a plain reading of the rules --------------------------------------------------------------


@dataclass
class Attempt:
    school: str
    pupil: str
    at: datetime
    verdicts: list[tuple[datetime, str, bool]]  # when, outcome, whether the sender did not speak for the school


@dataclass
class History:
    """Rosters (school, pupil, from, to, has a number), records (pupil, versions, withdrawals), attempts.

    A version is (number, since, awaits summer, school), a withdrawal (number, since).
    """

    stays: list[tuple[str, str, datetime, datetime | None, bool]] = field(default_factory=list)
    records: list[tuple[str, list[tuple[int, datetime, bool, str]], list[tuple[int, datetime]]]] = field(
        default_factory=list
    )
    attempts: list[Attempt] = field(default_factory=list)

    def buckets(self, as_of: datetime) -> dict[tuple[str, str], Bucket]:
        """Every pupil's bucket, read from the rules one pupil at a time."""
        on_record = self.on_record(as_of)
        found = dict.fromkeys(on_record, Bucket.UNEXPECTED)
        open_at = {(school, pupil): has_number for school, pupil, since, until, has_number in self.stays
                   if since <= as_of and (until is None or until > as_of)}  # fmt: skip
        for school, pupil, _, until, _ in self.stays:
            elsewhere = any(other == pupil and there != school for there, other in open_at)
            if until is not None and until <= as_of and elsewhere:
                found[school, pupil] = Bucket.TRANSFERRED
        for (school, pupil), has_number in open_at.items():
            found[school, pupil] = self._bucket((school, pupil), on_record.get((school, pupil)), has_number, as_of)
        return found

    def on_record(self, as_of: datetime) -> dict[tuple[str, str], bool]:
        """At which school whose record had a version in force, and whether that one awaits the summer."""
        found = {}
        for pupil, versions, withdrawals in self.records:
            gone = max((number for number, since in withdrawals if since <= as_of), default=0)
            there = [(number, summer, school) for number, since, summer, school in versions if since <= as_of]
            if there and max(there)[0] > gone:
                found[max(there)[2], pupil] = max(there)[1]
        return found

    def _bucket(self, key: tuple[str, str], on_record: bool | None, has_number: bool, as_of: datetime) -> Bucket:
        if on_record is not None:
            return Bucket.AWAITING_SUMMER if on_record else Bucket.PRESENT
        if not has_number:
            return Bucket.AWAITING_NUMBER
        last = None
        for attempt in sorted(
            (a for a in self.attempts if (a.school, a.pupil) == key and a.at <= as_of), key=lambda a: a.at
        ):
            judged = [verdict for verdict in attempt.verdicts if verdict[0] <= as_of]
            if judged and not max(judged)[2]:
                last = max(judged)[1]
        return {"held": Bucket.HELD, "refused": Bucket.REFUSED}.get(last or "", Bucket.MISSING)


def made_up(rng: Random) -> History:
    history = History()
    schools = (PRIMARY.code, SECONDARY.code)
    for number in range(25):
        pupil = f"P{number:02d}"
        for school in schools:
            if rng.random() < 0.7:
                start, end = rng.randrange(10), rng.choice([None, rng.randrange(11, 30)])
                history.stays.append(
                    (school, pupil, hours(start), None if end is None else hours(end), rng.random() < 0.7)
                )
                if end is not None and rng.random() < 0.5:
                    history.stays.append((school, pupil, hours(end + rng.randrange(5)), None, rng.random() < 0.7))
            for _ in range(rng.choice([0, 0, 1, 2, 4])):
                at, outcome = rng.uniform(0, 30), rng.choice(["accepted", "held", "held", "refused"])
                verdicts = [(hours(at), outcome, outcome == "refused" and rng.random() < 0.5)]
                if outcome == "held" and rng.random() < 0.5:
                    verdicts.append(
                        (hours(at + 3), *rng.choice([("refused", True), ("refused", False), ("accepted", False)]))
                    )
                history.attempts.append(Attempt(school, pupil, hours(at), verdicts))
        if rng.random() < 0.5:
            numbers = rng.sample(range(1, 6), rng.choice([1, 1, 2, 3]))
            versions = [(n, hours(rng.randrange(30)), rng.random() < 0.3, rng.choice(schools)) for n in numbers]
            first = {number: since for number, since, *_ in versions}
            gone = [n for n in numbers if rng.random() < 0.3]
            withdrawals = [(n, first[n] + timedelta(hours=rng.randrange(10))) for n in gone]
            history.records.append((pupil, versions, withdrawals))
    rng.shuffle(history.attempts)
    return history


async def put_submission(tx: Hot, at: datetime, school: str | None = None, pupil: str | None = None) -> uuid.UUID:
    """A journal row that says what it is for, or names no pupil; its id is its fingerprint. It has no verdict of its own."""
    submission_id = uuid.uuid4()
    await tx.execute(
        "INSERT INTO submission (submission_id, received_at, caller_id, fingerprint, school_year, school_code, grade, pupil_code)"
        " VALUES ($1, $2, 'v', $3, $4, $5, 1, $6)", submission_id, at, submission_id.bytes, str(YEAR) if school else None,
        school, pupil,
    )  # fmt: skip
    return submission_id


async def write(world: World, history: History, mark: str = "T", ids: Mapping[str, uuid.UUID] | None = None) -> None:
    """`ids`: whose records they are, by pupil code; else somebody new."""
    year = str(YEAR)
    async with world.db.hot_transaction() as tx:
        imported = uuid.uuid4()
        await tx.execute(
            "INSERT INTO roster_import VALUES ($1, $2, $3, 1, 'x', NULL, $4, 0, 0, 0)",
            imported,
            PRIMARY.code,
            year,
            NOW,
        )
        await tx.executemany(
            "INSERT INTO roster_pupil (school_year, school_code, pupil_code, joined_at, left_at, grade, class_name, pupil_name,"
            " number_index, import_id) VALUES ($1, $2, $3, $4, $5, 1, '1A', 'Tên', $6, $7)",
            [(year, s, p, since, until, b"n" if has else None, imported) for s, p, since, until, has in history.stays],
        )
        for number, (pupil, versions, withdrawals) in enumerate(history.records):
            pupil_id, since = (ids or {}).get(pupil, uuid.uuid4()), min(since for _, since, *_ in versions)
            current, gone = max(versions)[0], max((n for n, _ in withdrawals), default=0)
            school = max(versions)[3]
            await tx.execute("INSERT INTO pupil VALUES ($1, $2) ON CONFLICT DO NOTHING", pupil_id, since)
            await tx.execute(
                "INSERT INTO record VALUES ($1, $2, 'primary', $3, $4, $5, 1, $6, $7, $8, $9)",
                year, pupil_id, uuid.uuid4(), f"{mark}{number}", school, pupil, current, since, gone,
            )  # fmt: skip
            for version, at, summer, of_school in versions:
                submission_id = await put_submission(tx, at, of_school, pupil)
                await tx.execute(
                    "INSERT INTO record_version VALUES ($1, $2, 'primary', $3, $4, $5, $6, '[]', NULL, $7)",
                    year, pupil_id, version, submission_id, submission_id.bytes, at, summer,
                )  # fmt: skip
            for version, at in withdrawals:
                submission_id = await put_submission(tx, at)
                await tx.execute(
                    "INSERT INTO withdrawal VALUES ($1, $2, 'primary', $3, $4, $5, $6, 'lý do', '[]')",
                    year, pupil_id, version, submission_id, submission_id.bytes, at,
                )  # fmt: skip
        for attempt in history.attempts:
            submission_id = uuid.uuid4()
            await tx.execute(
                "INSERT INTO submission (submission_id, received_at, caller_id, school_year, school_code, pupil_code)"
                " VALUES ($1, $2, 'v', $3, $4, $5)", submission_id, attempt.at, year, attempt.school, attempt.pupil,
            )  # fmt: skip
            for judged_at, outcome, foreign in attempt.verdicts:
                codes = ["signature-invalid", "scope-school"] if foreign else ["field-unknown"]
                findings = json.dumps([{"code": code, "pointer": "", "detail": ""} for code in codes])
                await tx.execute(
                    "INSERT INTO verdict VALUES ($1, $2, $3, $4, '{}')", submission_id, judged_at, outcome, findings
                )


MOMENTS = (hours(5), hours(12), hours(20.5), hours(50))


async def agree(world: World, history: History, moments: Sequence[datetime]) -> None:
    """Counts of the city, of each school and of grades, and lists of each bucket are those of a plain reading."""
    for as_of in moments:
        plain = history.buckets(as_of)
        assert await counts(world, "city:79", as_of) == Counter(bucket.value for bucket in plain.values())
        for bucket in Bucket:
            listed = await every(world, bucket, "city:79", as_of, limit=7)
            wanted = sorted(key for key, found in plain.items() if found is bucket)
            assert [(row.school_code, row.pupil_code) for row in listed] == wanted


@pytest.mark.parametrize("seed", range(4))
async def test_counts_and_lists_agree_with_a_plain_reading(settled: World, seed: int) -> None:
    history = made_up(Random(seed))
    await write(settled, history)
    await agree(settled, history, MOMENTS)  # everybody is marked, and counted from the rows
    assert await standing.settle_all(settled) > 0
    await agree(settled, history, MOMENTS)  # nobody is
    assert await counts(settled, "city:79") == Counter(bucket.value for bucket in history.buckets(hours(100)).values())
    compared = await standing.compare(settled)
    assert compared.good
    assert compared.pupils > 40


async def test_what_is_written_after_the_counting_is_counted_too(settled: World) -> None:
    """Some of it settled, some of it not, changes of what was settled among them; the sums at the end are those of one go."""
    rng = Random(5)
    history = made_up(rng)
    whole = replace(history, attempts=list(history.attempts), records=list(history.records), stays=list(history.stays))
    cut = replace(whole, attempts=whole.attempts[::2], records=whole.records[::2], stays=whole.stays[::2])
    rest = replace(whole, attempts=whole.attempts[1::2], records=whole.records[1::2], stays=whole.stays[1::2])
    await write(settled, cut)
    await standing.settle_all(settled)
    await write(settled, rest, "R")
    await agree(settled, whole, MOMENTS)
    await standing.settle_all(settled)
    await agree(settled, whole, MOMENTS)
    assert (await standing.compare(settled)).good


# --- pupils with several codes -------------------------------------------------------------------------------------------


def renamed(history: History, code_of: Callable[[str], str]) -> History:
    """The same with each mention of a pupil under a code of its own choice."""
    return History(
        [(school, code_of(pupil), since, until, has) for school, pupil, since, until, has in history.stays],
        [(code_of(pupil), versions, withdrawals) for pupil, versions, withdrawals in history.records],
        [replace(each, pupil=code_of(each.pupil)) for each in history.attempts],
    )


async def agree_but_for_codes(world: World, history: History, code_of: Callable[[str], str]) -> None:
    """Counts and lists are those of a plain reading, whichever of a pupil's codes a list gives."""
    for as_of in MOMENTS:
        plain = history.buckets(as_of)
        assert await counts(world, "city:79", as_of) == Counter(bucket.value for bucket in plain.values())
        for bucket in Bucket:
            listed = await every(world, bucket, "city:79", as_of, limit=7)
            wanted = sorted(key for key, found in plain.items() if found is bucket)
            assert sorted((row.school_code, code_of(row.pupil_code)) for row in listed) == wanted


@pytest.mark.parametrize("seed", range(3))
async def test_a_pupil_with_several_codes_is_one_at_every_moment(settled: World, seed: int) -> None:
    """`x`: merged and parted again; `y`: a second code of the same pupil, by a person's decision."""
    rng = Random(seed)
    one = made_up(rng)
    several = renamed(one, lambda pupil: pupil + rng.choice(["", "x", "y"]))
    ids = {f"P{number:02d}{mark}": uuid.uuid4() for number in range(25) for mark in ("", "x")}
    await write(settled, several, ids={**ids, **{f"{code}y": of for code, of in ids.items()}})
    await agree(settled, several, MOMENTS)
    if seed:
        await standing.settle_all(settled)
    async with settled.db.hot_transaction() as tx:
        values = [(each, NOW) for each in ids.values()]
        await tx.executemany("INSERT INTO pupil VALUES ($1, $2) ON CONFLICT DO NOTHING", values)
        await tx.executemany(
            "INSERT INTO pupil_code VALUES ($1, $2, $3)", [(code, of, NOW) for code, of in ids.items()]
        )
    await agree(settled, several, MOMENTS)
    async with settled.db.hot_transaction() as tx:
        await tx.executemany(
            "INSERT INTO pupil_code VALUES ($1, $2, $3)",
            [(f"{code}y", of, NOW) for code, of in ids.items() if len(code) == 3],
        )
        merged = [(of, ids[code[:3]]) for code, of in ids.items() if code.endswith("x")]
        await tx.executemany("INSERT INTO pupil_alias VALUES ($1, $2)", merged)
    await agree_but_for_codes(settled, one, lambda code: code[:3])
    await standing.settle_all(settled)
    await agree_but_for_codes(settled, one, lambda code: code[:3])
    assert (await standing.compare(settled)).good
    async with settled.db.hot_transaction() as tx:
        await tx.execute("DELETE FROM pupil_alias")
    parted = renamed(several, lambda code: code.removesuffix("y"))
    await agree_but_for_codes(settled, parted, lambda code: code.removesuffix("y"))
    await standing.settle_all(settled)
    await agree_but_for_codes(settled, parted, lambda code: code.removesuffix("y"))
    assert (await standing.compare(settled)).good


async def test_what_comes_to_a_merged_pupil_later_is_counted_once(settled: World) -> None:
    rng = Random(7)
    one = made_up(rng)
    several = renamed(one, lambda pupil: pupil + rng.choice(["", "x"]))
    ids = {f"P{number:02d}{mark}": uuid.uuid4() for number in range(25) for mark in ("", "x")}
    async with settled.db.hot_transaction() as tx:
        await tx.executemany("INSERT INTO pupil VALUES ($1, $2)", [(each, NOW) for each in ids.values()])
        await tx.executemany(
            "INSERT INTO pupil_code VALUES ($1, $2, $3)", [(code, of, NOW) for code, of in ids.items()]
        )
        merged = [(of, ids[code[:3]]) for code, of in ids.items() if code.endswith("x")]
        await tx.executemany("INSERT INTO pupil_alias VALUES ($1, $2)", merged)
    for step in range(2):
        part = replace(several, attempts=several.attempts[step::2], records=several.records[step::2], stays=several.stays[step::2])  # fmt: skip
        await write(settled, part, f"S{step}", ids)
        if step == 0:
            await standing.settle_all(settled)
    await agree_but_for_codes(settled, one, lambda code: code[:3])
    await standing.settle_all(settled)
    await agree_but_for_codes(settled, one, lambda code: code[:3])
    assert (await standing.compare(settled)).good


async def test_a_merge_and_a_second_code_at_once(settled: World) -> None:
    first, second = uuid.uuid4(), uuid.uuid4()
    async with settled.db.hot_transaction() as tx:
        await tx.executemany("INSERT INTO pupil VALUES ($1, $2)", [(first, NOW), (second, NOW)])
        await tx.executemany("INSERT INTO pupil_code VALUES ($1, $2, $3)", [("A", first, NOW), ("B", second, NOW)])

    async def merge() -> None:
        async with settled.db.hot_transaction() as tx:  # as `pupils.merge` does it
            await tx.execute("UPDATE pupil SET merges = merges + 1 WHERE pupil_id = ANY($1)", [first, second])
            await tx.execute("INSERT INTO pupil_alias VALUES ($1, $2)", second, first)
            await asyncio.sleep(0.3)

    async def learn() -> None:
        async with settled.db.hot_transaction() as tx:
            await asyncio.sleep(0.1)
            await tx.execute("INSERT INTO pupil_code VALUES ('C', $1, $2)", second, NOW)

    await asyncio.gather(merge(), learn())
    async with settled.db.hot_transaction() as tx:
        rows = await tx.fetch("SELECT pupil_code, pupil_id FROM same_pupil ORDER BY 1")
    assert [(row["pupil_code"], row["pupil_id"]) for row in rows] == [("A", first), ("B", first), ("C", first)]
