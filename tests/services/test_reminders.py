"""Reminders on a real database: who has to be reminded of what, at most one a day for a school and stage, whatever breaks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from email.message import Message
from uuid import UUID

import pytest

from registry.core import codes
from registry.core.callers import Caller, CallerKind, Scope
from registry.core.campaigns import Stage
from registry.core.findings import Refusal
from registry.core.reminders import RHYTHM, Item, Key, Reminder, Sending, State
from registry.core.rosters import Place
from registry.services import campaigns, contacts, reminders, rosters, work
from registry.services.reminders import Post, PostError
from registry.services.world import World
from registry.storage import reminders as stored
from registry.storage.database import Database
from registry.storage.sealing import Sealer
from tests.conftest import Urls
from tests.services.test_work import until, working
from tests.small_city import NOW, PRIMARY, PRIVATE, SECONDARY, settle, small_city

pytestmark = pytest.mark.anyio
DAY = NOW.date()
SETTING = reminders.Setting("nhac-viec@so.example", "https://hocba.example", "06-15")
CAMPAIGN = "lop1"
HEADER = "mahocsinh,hovaten,tenlop,ngaysinh,gioitinh,sodinhdanh\n"
CONTACTS = f"""school_code,role,phone,email,valid_from,valid_to
{PRIMARY.code},Văn thư,02838650001,vt@a.example,2026-01-01,
{PRIMARY.code},Công nghệ thông tin,,cntt@a.example,2026-01-01,
{PRIVATE.code},Văn thư,02838650002,,2026-01-01,
{SECONDARY.code},Văn thư,,vt@b.example,2026-01-01,2026-02-01
"""


class Mailbox:
    """Takes messages, or raises what it is told to."""

    def __init__(self, *errors: PostError | None) -> None:
        self.messages: list[Message] = []
        self.errors = list(errors)
        self.opened = 0

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Post]:
        self.opened += 1

        async def post(message: Message, to: Sequence[str]) -> int:
            error = self.errors.pop(0) if self.errors else None
            if error is not None:
                raise error
            self.messages.append(message)
            await asyncio.sleep(0)
            return len(to)

        yield post


def office(*places: str, schools: Sequence[str] = ()) -> Caller:
    return Caller("office", CallerKind.OFFICE, "office", frozenset({Scope.COMPLETENESS}), frozenset(), frozenset(places),
                  frozenset(schools), {})  # fmt: skip


async def campaign(world: World, code: str, day: date) -> None:
    """A campaign whose deadlines lie around a day: two three days before it, one three days after it, the others far away."""
    days = dict(zip(Stage, (-3, -3, 3, 40, 41), strict=True))
    due = {stage.value: (day + timedelta(days=n)).isoformat() for stage, n in days.items()}
    members = {"code": code, "name": "Lớp 1", "name_en": "Grade 1", "school_year": "2023-2024", "grades": [1],
               "units": ["city:79"], "deadlines": due}  # fmt: skip
    await campaigns.add(world, None, members, NOW - timedelta(days=60))


async def campaign_of_today(world: World) -> None:
    """The same around the day that this machine's clock shows."""
    await campaign(world, "today", contacts.day_of(datetime.now(UTC)))


@pytest.fixture
async def late(world: World) -> World:
    """Three schools with a pupil without a number each; numbers are three days late, transcripts due in three days."""
    await settle(world, small_city())
    await campaign(world, CAMPAIGN, DAY)
    for school in (PRIMARY, PRIVATE, SECONDARY):
        raw = f"{HEADER}7100{school.code[-1]},Tên Thử,1A,,,\n".encode()
        await rosters.import_roster(
            world, Place(school.code, "2023-2024", 1), raw, NOW - timedelta(days=9), source="test"
        )
    await contacts.import_table(world, None, CONTACTS.encode(), NOW - timedelta(days=9), "test")
    return world


async def listed(world: World, now: datetime = NOW, unit: str = "city:79") -> list[Item]:
    return await reminders.listed(world, None, unit, SETTING.signing_day, now)


def short(items: Sequence[Item]) -> set[tuple[str, str, State]]:
    return {(item.key.school_code, item.key.stage.value, item.state) for item in items}


BOTH = ("numbers_reviewed", "transcripts_submitted")


async def test_who_has_to_be_reminded_of_what(late: World) -> None:
    items = await listed(late)
    expected = {(PRIMARY.code, stage, State.DUE) for stage in BOTH}
    expected |= {(school.code, stage, State.NO_CONTACT) for school in (PRIVATE, SECONDARY) for stage in BOTH}
    assert {each for each in short(items) if each[1] != "certificates_ready"} == expected
    assert {(i.progress.done, i.progress.of, i.last) for i in items if i.key.stage in BOTH} == {(0, 1, None)}
    assert {i.days_left(DAY) for i in items} == {-3, 3}
    assert await listed(late, NOW - timedelta(days=30)) == []
    assert await listed(late, NOW + timedelta(days=400)) == []


async def test_only_for_whom_they_are(late: World) -> None:
    own = office(f"school:{PRIMARY.code}", schools=[PRIMARY.code])
    found = await reminders.listed(late, own, f"school:{PRIMARY.code}", "06-15", NOW)
    assert {item.key.school_code for item in found} == {PRIMARY.code}
    for unit in ("city:79", f"school:{PRIVATE.code}", "city:nowhere"):
        with pytest.raises(Refusal) as caught:
            await reminders.listed(late, own, unit, "06-15", NOW)
        assert caught.value.code is codes.ACCESS_UNIT
        with pytest.raises(Refusal) as caught:
            await reminders.log_page(late, own, unit, None, 10, NOW)
        assert caught.value.code is codes.ACCESS_UNIT


def content(message: Message) -> str:
    raw = message.get_payload(decode=True)
    assert isinstance(raw, bytes)
    return raw.decode()


async def send(world: World, box: Mailbox, now: datetime = NOW) -> tuple[int, int, int, int]:
    report = await reminders.send(world, box.open, SETTING, now)
    return report.sent, report.failed, report.uncertain, report.elsewhere


async def test_one_a_day_and_the_next_on_the_next_day_of_the_rhythm(late: World) -> None:
    box = Mailbox()
    tried = await reminders.send(late, box.open, SETTING, NOW, dry_run=True)
    assert (len(tried.letters), box.opened, len(box.messages)) == (2, 0, 0)
    assert tried.without_contact >= 4
    assert await send(late, box) == (2, 0, 0, 0)
    assert {message["To"] for message in box.messages} == {"cntt@a.example, vt@a.example"}
    for message in box.messages:
        text = message.as_string() + content(message)
        assert not any(word in text for word in ("Tên Thử", "71001", "1A"))
        assert f"https://hocba.example/schools/{PRIMARY.code}?year=2023-2024" in content(message)
    assert {state for code, _, state in short(await listed(late)) if code == PRIMARY.code} == {State.REMINDED}
    assert await send(late, box) == (0, 0, 0, 0)
    assert box.opened == 1, "nothing to send, nothing is opened"
    assert await send(late, box, NOW + timedelta(days=1)) == (0, 0, 0, 0)
    assert await send(late, box, NOW + timedelta(days=2)) == (1, 0, 0, 0), "one day before the transcripts are due"
    page = await reminders.log_page(late, office("city:79"), "city:79", None, 2, NOW)
    rest = await reminders.log_page(late, office("city:79"), "city:79", page.next, 2, NOW)
    rows = [(row.day, row.state, row.recipients) for row in (*page.rows, *rest.rows)]
    assert sorted(rows) == [(DAY, Sending.SENT, 2), (DAY, Sending.SENT, 2), (DAY + timedelta(days=2), Sending.SENT, 2)]
    assert rest.next is None
    for wrong in ("x", "", page.next[:-4] if page.next else "y"):
        with pytest.raises(Refusal) as caught:
            await reminders.log_page(late, office("city:79"), "city:79", wrong, 2, NOW)
        assert caught.value.code is codes.REQUEST_PARAMETER


@pytest.fixture
async def second(late: World, database_urls: Urls, sealer: Sealer) -> AsyncIterator[World]:
    """Another process on the same database."""
    opened = World.of(Database(database_urls.service), sealer)
    yield opened
    opened.judges.close()
    await opened.db.close()


async def test_two_workers_at_once_write_once(late: World, second: World) -> None:
    box = Mailbox()
    sent = await asyncio.gather(*(send(world, box) for world in (late, second) * 3))
    assert sum(each[0] for each in sent) == len(box.messages) == 2
    assert len({message["Message-ID"] for message in box.messages}) == 2
    assert {each[1:3] for each in sent} == {(0, 0)}


async def test_who_dies_between_writing_and_sending_sends_at_most_once(late: World) -> None:
    key = Key(PRIMARY.code, CAMPAIGN, Stage.NUMBERS_REVIEWED)
    async with late.db.transaction() as tx:
        claim = await stored.claim(tx, UUID(int=1), key, DAY, NOW, tries=3, pause=timedelta())
    assert claim is not None
    box = Mailbox()
    assert await send(late, box) == (1, 0, 0, 0), "the other stage only: that claim is somebody's"
    assert await send(late, box, NOW + timedelta(minutes=20)) == (0, 0, 0, 0)
    (row,) = [row for row in (await log(late)) if row.key == key]
    assert (row.state, row.reason) == (Sending.UNCERTAIN, "reminder-uncertain")
    async with late.db.transaction() as tx:
        assert not await stored.end(tx, claim, Sending.SENT, NOW, 1, None), "who comes back too late changes nothing"
    assert await send(late, box, NOW + timedelta(days=3)) == (2, 0, 0, 0)


async def log(world: World) -> list[Reminder]:
    return list((await reminders.log_page(world, office("city:79"), "city:79", None, 100, NOW)).rows)


async def test_what_has_not_left_is_tried_again_and_what_may_have_is_not(late: World) -> None:
    away = PostError(codes.REMINDER_RECIPIENTS, certain=True)
    box = Mailbox(away, PostError(codes.REMINDER_UNCERTAIN, certain=False), away, away)
    assert await send(late, box) == (0, 1, 1, 0)
    assert await send(late, box, NOW + timedelta(minutes=5)) == (0, 0, 0, 0)
    for minutes in (20, 40):
        assert await send(late, box, NOW + timedelta(minutes=minutes)) == (0, 1, 0, 0)
    assert await send(late, box, NOW + timedelta(hours=2)) == (0, 0, 0, 0), "three times a day"
    found = {row.state: (row.attempts, row.reason) for row in await log(late)}
    assert found == {Sending.FAILED: (3, "reminder-recipients"), Sending.UNCERTAIN: (1, "reminder-uncertain")}
    assert State.FAILED in {item.state for item in await listed(late, NOW + timedelta(hours=2))}
    assert await send(late, box, NOW + timedelta(days=1)) == (1, 0, 0, 0)


async def test_the_same_stage_of_another_campaign_waits_for_the_next_day(late: World) -> None:
    await campaign(late, "lop1-2", DAY)
    box = Mailbox()
    assert await send(late, box) == (2, 0, 0, 2)
    assert await send(late, box, NOW + timedelta(days=1)) == (2, 0, 0, 0)


async def test_a_mail_server_that_is_away_is_left_alone(late: World) -> None:
    everywhere = CONTACTS.replace(",2026-02-01", ",").replace("02838650002,", "02838650002,vt@c.example")
    await contacts.import_table(late, None, everywhere.encode(), NOW, "test")
    gone = [PostError(codes.REMINDER_UNREACHABLE, certain=True) for _ in range(9)]
    assert await send(late, Mailbox(*gone)) == (0, 3, 0, 0)


async def test_the_background_work_sends_them(late: World) -> None:
    await campaign_of_today(late)
    box = Mailbox()
    task = work.reminding(box.open, SETTING)
    often = work.Task(task.name, "* * * * * *", task.run)
    async with working(late, work.Watch(), (often,)):
        if RHYTHM.writes_at(datetime.now(UTC)):
            await until(lambda: len(box.messages) >= 1)
        else:
            await asyncio.sleep(3)
            assert box.messages == []
