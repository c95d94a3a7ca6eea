"""A frozen campaign: one snapshot whoever asks at once, re-read unchanged, altered copies noticed, what comes later shown apart."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from hashlib import sha256
from typing import Any

import asyncpg
import pytest

from registry.core import ids
from registry.core.callers import Caller, CallerKind, Scope
from registry.core.completeness import Bucket
from registry.core.findings import Refusal
from registry.core.rosters import Place
from registry.demo import transcripts
from registry.formats import frozen_campaign
from registry.services import (
    approvals,
    campaigns,
    completeness,
    completeness_pupils,
    freezing,
    judging,
    rosters,
    submission,
)
from registry.services.world import World
from registry.storage import frozen as stored
from tests.conftest import Urls
from tests.interleaving import stopped, waiting
from tests.small_city import NOW, PRIMARY, SmallCity, settle, small_city, vendor

pytestmark = pytest.mark.anyio
CITY: SmallCity = small_city()
MINE = vendor(PRIMARY)
ONE, TWO = CITY.document(seed=1), CITY.document(seed=2)
CODE, YEAR = "thi-diem", "2023-2024"
LATER = NOW + timedelta(hours=1)


def operator(name: str, *units: str) -> Caller:
    schools = frozenset({PRIMARY.code})
    return Caller(name, CallerKind.OFFICE, name, frozenset({Scope.OPERATE}), frozenset(), frozenset(units), schools, {})


FIRST, SECOND, SMALL = (
    operator("op-1", "city:79"),
    operator("op-2", "city:79"),
    operator("op-3", f"school:{PRIMARY.code}"),
)


@pytest.fixture
async def settled(world: World) -> World:
    """Two pupils of grade 1, the first with a transcript; a campaign of the city."""
    await settle(world, CITY, MINE)
    members = {
        "code": CODE, "name": "Thí điểm", "name_en": "Pilot", "school_year": YEAR, "grades": [1], "units": ["city:79"],
        "deadlines": {
            "numbers_reviewed": "2024-06-30", "certificates_ready": "2024-06-30", "transcripts_submitted": "2024-08-15",
            "declared": "2024-08-20", "reviewed": "2024-08-30",
        },
    }  # fmt: skip
    await campaigns.add(world, None, members, NOW - timedelta(days=1))
    rows = "".join(f"{d['mahocsinh']},{d['hovaten']},1A,,,{d['sodinhdanh']}\n" for d in (ONE, TWO))
    raw = ("mahocsinh,hovaten,tenlop,ngaysinh,gioitinh,sodinhdanh\n" + rows).encode()
    await rosters.import_roster(world, Place(PRIMARY.code, YEAR, 1), raw, NOW, source="test")
    await send(world, CITY.signed(ONE))
    return world


async def send(world: World, raw: bytes, at: Any = NOW) -> submission.Answer:
    return await submission.submit(world, MINE, raw, judging.JOSE, at)


async def exported(world: World, caller: Caller | None = None) -> bytes:
    return b"".join([part async for part in await freezing.export(world, caller, CODE, LATER)])


def checked(raw: bytes) -> frozen_campaign.Checked:
    return frozen_campaign.check(raw.splitlines(keepends=True))


async def refused(question: Any) -> str:
    with pytest.raises(Refusal) as caught:
        await question
    return caught.value.code.slug


async def test_a_snapshot_shows_everything_and_nobody(settled: World) -> None:
    done = (await freezing.freeze(settled, None, CODE, "Đã duyệt", LATER)).freeze
    assert done is not None
    raw = await exported(settled)
    lines = [json.loads(line) for line in raw.splitlines()]
    assert [line["pupil"][1:] for line in lines if "pupil" in line] == [
        [document["mahocsinh"], 1, bucket]
        for document, bucket in sorted([(ONE, "present"), (TWO, "missing")], key=lambda each: str(each[0]["mahocsinh"]))
    ]
    city = next(line for line in lines if line.get("unit") == "city:79")
    assert (city["expected"], city["buckets"]["present"], city["buckets"]["missing"]) == (2, 1, 1)
    assert lines[0]["deadlines"]["transcripts_submitted"] == "2024-08-15"
    found = checked(raw)
    assert (found.problem, found.pupils, found.fingerprint) == (None, 2, done.fingerprint.hex())
    assert (done.pupils, done.size) == (2, len(raw))
    for document in (ONE, TWO):
        assert document["hovaten"].encode() not in raw
        assert document["sodinhdanh"].encode() not in raw


async def test_what_comes_later_shows_beside_it_and_changes_nothing(settled: World) -> None:
    await freezing.freeze(settled, None, CODE, "Đã duyệt", LATER)
    before = await exported(settled)
    assert (await send(settled, CITY.signed(TWO), LATER + timedelta(minutes=1))).outcome.value == "accepted"
    report = await freezing.report(settled, None, CODE, LATER + timedelta(minutes=2))
    line = next(each for each in report.lines if each.unit == "city:79")
    assert (line.frozen.of(Bucket.PRESENT), line.now.of(Bucket.PRESENT), line.arrived) == (1, 2, 1)
    assert await exported(settled) == before
    revised = transcripts.revised(ONE, 2)
    answer = await send(settled, CITY.signed(revised), LATER + timedelta(minutes=3))
    assert [finding.code.slug for finding in answer.findings] == ["version-approval"]
    assert [each.school_year for each in (await approvals.policy(settled)).frozen] == [YEAR]


async def test_a_correction_after_the_freeze_is_no_more_on_record_and_shows(settled: World) -> None:
    await freezing.freeze(settled, None, CODE, "Đã duyệt", LATER)
    answer = await send(settled, CITY.signed(transcripts.revised(ONE, 2)), LATER + timedelta(minutes=1))
    await approvals.decide(settled, None, answer.submission_id, True, "đúng", LATER + timedelta(minutes=2))
    assert await submission.rejudge(settled, answer.submission_id, LATER + timedelta(minutes=3)) is not None
    report = await freezing.report(settled, None, CODE, LATER + timedelta(minutes=4))
    line = next(each for each in report.lines if each.unit == "city:79")
    assert (line.frozen.of(Bucket.PRESENT), line.now.of(Bucket.PRESENT), line.arrived) == (1, 1, 1)


async def test_an_altered_copy_is_noticed(settled: World) -> None:
    await freezing.freeze(settled, None, CODE, "Đã duyệt", LATER)
    raw = await exported(settled)
    lines = raw.splitlines(keepends=True)
    assert checked(raw.replace(b'"missing"]', b'"present"]')).problem is not None
    assert checked(b"".join(lines[:-1])).problem is not None
    assert checked(b"".join(lines[1:])).problem is not None
    assert checked(b"".join([lines[0], *lines[2:]])).problem is not None
    assert checked(b"".join([*lines, lines[-1]])).problem is not None
    assert checked(raw[:-5]).problem is not None
    assert checked(b"\xff" * 10).problem is not None
    forged = b"".join(line.replace(b'"missing"]', b'"present"]') for line in lines[:-1])
    again = frozen_campaign.foot(sha256(forged).digest())
    assert checked(forged + again).problem == "the counts of the schools are not those of their pupils"


async def test_of_several_at_once_one_freezes(settled: World) -> None:
    tries = (freezing.freeze(settled, None, CODE, f"lần {n}", LATER) for n in range(3))
    answers = await asyncio.gather(*tries, return_exceptions=True)
    won = [each for each in answers if isinstance(each, freezing.Answer)]
    lost = [each.code.slug for each in answers if isinstance(each, Refusal)]
    assert (len(won), len(lost)) == (1, 2)
    assert set(lost) <= {"freeze-done", "freeze-under-way"}
    assert await refused(freezing.freeze(settled, None, CODE, "lần nữa", LATER)) == "freeze-done"
    assert checked(await exported(settled)).problem is None


async def test_while_one_freezes_another_is_turned_away(settled: World) -> None:
    async with settled.db.transaction() as guard:
        assert await stored.alone(guard, CODE)
        assert await refused(freezing.freeze(settled, None, CODE, "Đã duyệt", LATER)) == "freeze-under-way"
    assert (await freezing.freeze(settled, None, CODE, "Đã duyệt", LATER)).freeze is not None


async def test_two_operators_of_the_whole_campaign_have_to_say_so(settled: World) -> None:
    assert await refused(freezing.freeze(settled, SMALL, CODE, "x", LATER)) == "access-unit"
    assert await refused(freezing.freeze(settled, FIRST, CODE, " ", LATER)) == "request-parameter"
    for _ in range(2):  # the same operator again is no second one
        assert (await freezing.freeze(settled, FIRST, CODE, "Đủ", LATER)).freeze is None
    late = LATER + timedelta(days=8)
    assert (await freezing.freeze(settled, SECOND, CODE, "Đủ", late)).freeze is None  # the first word is too old
    done = (await freezing.freeze(settled, FIRST, CODE, "Đủ", late)).freeze
    assert done is not None
    assert done.frozen_by == ("op-2", "op-1")
    assert await refused(freezing.freeze(settled, SECOND, CODE, "Đủ", late)) == "freeze-done"
    assert await refused(freezing.export(settled, SMALL, CODE, late)) == "access-unit"
    assert checked(await exported(settled, FIRST)).problem is None


async def test_two_operators_at_once_are_two(settled: World, database_urls: Urls) -> None:
    async with stopped(database_urls, "LOCK TABLE campaign_freeze_request IN SHARE ROW EXCLUSIVE MODE"):
        words = [asyncio.create_task(freezing.freeze(settled, each, CODE, "Đủ", LATER)) for each in (FIRST, SECOND)]
        await waiting(settled, 2)
    done = [each.freeze for each in await asyncio.gather(*words)]
    (frozen,) = [each for each in done if each is not None]
    assert sorted(frozen.frozen_by) == ["op-1", "op-2"]


async def test_nothing_is_there_before_the_freeze(settled: World) -> None:
    assert await refused(freezing.report(settled, None, CODE, LATER)) == "freeze-none"
    assert await refused(freezing.export(settled, None, CODE, LATER)) == "freeze-none"
    assert await refused(freezing.freeze(settled, None, "none", "x", LATER)) == "campaign-unknown"


async def test_the_service_can_not_change_a_snapshot(settled: World, database_urls: Urls) -> None:
    await freezing.freeze(settled, None, CODE, "Đã duyệt", LATER)
    connection = await asyncpg.connect(dsn=database_urls.service.replace("+asyncpg", ""))
    await connection.execute("SET ROLE registry_service")
    for table in ("campaign_freeze", "campaign_freeze_part", "campaign_freeze_school", "declaration"):
        for statement in (f"DELETE FROM {table}", f"TRUNCATE {table}"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("UPDATE campaign_freeze SET reason = 'x'")
    await connection.close()


async def test_cut_off_in_its_last_step_the_year_is_frozen_with_the_campaign(
    settled: World, database_urls: Urls
) -> None:
    connection = await asyncpg.connect(dsn=database_urls.owner.replace("+asyncpg", ""))
    blocking = connection.transaction()
    await blocking.start()
    await connection.execute("UPDATE generation SET value = value")  # whoever moves it waits
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(freezing.freeze(settled, None, CODE, "Đã duyệt", LATER), 5)
    await blocking.rollback()
    await connection.close()
    assert checked(await exported(settled)).problem is None
    assert [each.school_year for each in (await approvals.policy(settled)).frozen] == [YEAR]


async def test_what_came_while_it_was_frozen_came_after_it_whatever_the_clock_said(
    settled: World, database_urls: Urls
) -> None:
    connection = await asyncpg.connect(dsn=database_urls.owner.replace("+asyncpg", ""))
    blocking = connection.transaction()
    await blocking.start()
    await connection.execute(
        "LOCK TABLE campaign_freeze IN EXCLUSIVE MODE"
    )  # all is read and written but the freeze itself
    freeze = asyncio.create_task(freezing.freeze(settled, None, CODE, "Đã duyệt", LATER))
    waits = "SELECT EXISTS (SELECT FROM pg_locks WHERE relation = 'campaign_freeze'::regclass AND NOT granted)"
    async with asyncio.timeout(30):
        while not await connection.fetchval(waits):
            await asyncio.sleep(0.02)
    answer = await send(settled, CITY.signed(TWO), LATER - timedelta(minutes=1))
    assert answer.outcome.value == "accepted"
    await blocking.rollback()
    await connection.close()
    assert (await freeze).freeze is not None
    line = next(
        each
        for each in (await freezing.report(settled, None, CODE, LATER)).lines
        if each.unit == f"school:{PRIMARY.code}"
    )
    assert (line.frozen.of(Bucket.PRESENT), line.now.of(Bucket.PRESENT), line.arrived) == (1, 2, 1)
    campaign = (await campaigns.find(settled, None, CODE, LATER)).campaign
    year = ids.SchoolYear.parse(YEAR)
    assert year is not None
    asked = completeness_pupils.Asked(
        f"school:{PRIMARY.code}", year, Bucket.PRESENT, only=completeness.Only(campaign=campaign)
    )
    page = await completeness_pupils.page(settled, FIRST, asked, None, None, 10, LATER)
    late = {row.pupil_code: row.came_after(LATER) for row in page.rows}
    assert late == {ONE["mahocsinh"]: False, TWO["mahocsinh"]: True}


async def test_last_contacts_are_those_of_the_journal(settled: World) -> None:
    assert (await send(settled, CITY.signed(TWO), LATER)).outcome.value == "accepted"
    async with settled.db.hot_transaction() as tx:
        rows = await tx.fetch("SELECT school_code, contacted_at FROM last_contact")
    assert [tuple(row) for row in rows] == [(PRIMARY.code, LATER)]
