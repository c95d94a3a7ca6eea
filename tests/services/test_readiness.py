"""Readiness from real rosters, registrations and attempts: what each school lacks, within the caller's units, page by page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from registry.core.callers import Caller, CallerKind, Scope
from registry.core.findings import Outcome, Refusal
from registry.core.ids import SchoolYear
from registry.core.readiness import Light, Row
from registry.core.rosters import Place
from registry.demo import signers
from registry.services import campaigns, judging, readiness, rosters, submission
from registry.services.world import World
from tests.small_city import NOW, PRIMARY, PRIVATE, SECONDARY, settle, small_city, vendor

pytestmark = pytest.mark.anyio
CITY = small_city()
YEAR = SchoolYear(2023)
MINE, RIVAL = vendor(PRIMARY), vendor(SECONDARY, caller_id="vendor-b")
BEFORE = signers.CERTIFICATES_TO - timedelta(days=1)
ASKED = readiness.Asked("city:79", YEAR, BEFORE)


def office(*places: str) -> Caller:
    return Caller("office", CallerKind.OFFICE, "office", frozenset({Scope.COMPLETENESS}), frozenset(), frozenset(places),
                  frozenset(), {})  # fmt: skip


@pytest.fixture
async def settled(world: World) -> World:
    await settle(world, CITY, MINE, RIVAL)
    return world


async def expect(world: World, *without_number: bool, grade: int = 1, at: datetime = NOW) -> None:
    rows = [
        f"7{grade}00{n},Tên,{grade}A,,,{'' if bare else CITY.document(PRIMARY, n)['sodinhdanh']}\n"
        for n, bare in enumerate(without_number)
    ]
    raw = ("mahocsinh,hovaten,tenlop,ngaysinh,gioitinh,sodinhdanh\n" + "".join(rows)).encode()
    await rosters.import_roster(world, Place(PRIMARY.code, str(YEAR), grade), raw, at, source="test")


async def rows(world: World, asked: readiness.Asked = ASKED, now: datetime = NOW) -> dict[str, Row]:
    report = await readiness.look(world, None, asked, now)
    assert sum(report.lights.values()) == len(report.rows)
    return {row.facts.school_code: row for row in report.rows}


def slugs(row: Row) -> list[str]:
    return [reason.code.slug for reason in row.reasons]


async def test_a_school_becomes_green_step_by_step(settled: World) -> None:
    first = (await rows(settled))[PRIMARY.code]
    assert (first.light, slugs(first)) == (Light.RED, ["readiness-roster", "readiness-silent"])
    await expect(settled, False, True)
    await expect(settled, False, grade=2)
    second = (await rows(settled))[PRIMARY.code]
    assert (second.facts.numbers.pupils, second.facts.numbers.without_number) == (3, 1)
    assert (second.light, slugs(second)) == (Light.RED, ["readiness-numbers-many", "readiness-silent"])
    only_second_grade = readiness.Asked("city:79", YEAR, BEFORE, (2,))
    assert (await rows(settled, only_second_grade))[PRIMARY.code].facts.numbers.pupils == 1
    await expect(settled, False, False, at=NOW + timedelta(minutes=1))
    answer = await submission.submit(settled, MINE, CITY.signed(), judging.JOSE, NOW)
    assert answer.outcome is Outcome.ACCEPTED
    third = (await rows(settled))[PRIMARY.code]
    assert (third.light, slugs(third), third.facts.last_contact) == (Light.GREEN, [], NOW)
    assert third.facts.vendors == ("vendor-a",)
    later = (await rows(settled, now=NOW + timedelta(days=15)))[PRIMARY.code]
    assert slugs(later) == ["readiness-silent"]


async def test_a_campaign_gives_year_grades_units_and_the_time_to_sign(settled: World) -> None:
    await expect(settled, False, True)
    await expect(settled, False, grade=2)
    due = {
        "numbers_reviewed": "2024-06-30", "certificates_ready": "2024-06-30", "transcripts_submitted": "2024-08-15",
        "declared": "2024-08-20", "reviewed": "2024-08-30",
    }  # fmt: skip
    members = {"code": "g1", "name": "A", "name_en": "A", "school_year": str(YEAR), "grades": [1], "deadlines": due}
    await campaigns.add(settled, None, {**members, "units": [f"school:{PRIMARY.code}"]}, NOW - timedelta(days=1))
    usual, soon = datetime(2031, 5, 1, tzinfo=UTC), datetime(2024, 8, 1, tzinfo=UTC)
    asked = await readiness.for_campaign(settled, None, "city:79", "g1", None, usual, soon)
    assert (asked.before, asked.grades) == (datetime(2024, 8, 20, 17, tzinfo=UTC), (1,))
    report = await readiness.look(settled, None, asked, soon)
    assert [row.facts.school_code for row in report.rows] == [PRIMARY.code]
    over = await readiness.for_campaign(settled, None, "city:79", "g1", None, usual, NOW + timedelta(days=900))
    given = await readiness.for_campaign(settled, None, "city:79", "g1", soon, usual, NOW)
    assert (over.before, given.before) == (usual, soon)
    elsewhere = office(f"school:{SECONDARY.code}")
    with pytest.raises(Refusal) as refused:
        await readiness.for_campaign(settled, elsewhere, "city:79", "g1", None, usual, NOW)
    assert refused.value.code.slug == "campaign-unknown"


async def test_a_school_of_other_levels_is_not_asked_for_a_roster(settled: World) -> None:
    sixth = readiness.Asked("city:79", YEAR, BEFORE, (6,))
    assert set(await rows(settled, sixth)) == {PRIMARY.code, SECONDARY.code, PRIVATE.code}, "nobody knows yet"
    await expect(settled, False)
    assert set(await rows(settled, sixth)) == {SECONDARY.code, PRIVATE.code}
    fifth = readiness.Asked("city:79", YEAR, BEFORE, (5,))
    found = (await rows(settled, fifth))[PRIMARY.code]
    assert "readiness-roster" in slugs(found), "a school of this level owes its roster"
    whole = readiness.Asked("city:79", YEAR, BEFORE)
    assert PRIMARY.code in await rows(settled, whole)


async def test_refusals_count_by_code_and_only_those_of_who_speaks_for_the_school(settled: World) -> None:
    await expect(settled, False)
    broken = CITY.signed({**CITY.document(), "ghichu": "x"})
    for _ in range(2):
        await submission.submit(settled, MINE, broken, judging.JOSE, NOW)
    await submission.submit(settled, RIVAL, broken, judging.JOSE, NOW + timedelta(minutes=1))
    facts = (await rows(settled))[PRIMARY.code].facts
    assert (facts.refused, dict(facts.refusals), facts.last_contact) == (2, {"field-unknown": 2}, NOW)
    facts = (await rows(settled, now=NOW + timedelta(days=8)))[PRIMARY.code].facts
    assert (facts.refused, dict(facts.refusals)) == (0, {})


async def test_certificates_and_vendors(settled: World) -> None:
    after_the_end = readiness.Asked("city:79", YEAR, signers.CERTIFICATES_TO + timedelta(days=1))
    found = await rows(settled, after_the_end)
    assert slugs(found[PRIVATE.code]) == ["readiness-roster", *["readiness-signer-ends"] * 3, "readiness-vendor"]
    expired = signers.CERTIFICATES_TO + timedelta(days=1)
    asked = readiness.Asked("city:79", YEAR, expired + timedelta(days=30))
    report = await readiness.look(settled, None, asked, expired)
    assert slugs(report.rows[0]).count("readiness-signer") == 3


async def test_pages_hold_every_school_once_and_may_show_one_light(settled: World) -> None:
    found, after = list[str](), None
    while True:
        page = await readiness.page(settled, office("city:79"), ASKED, None, after, 1, NOW)
        found += [row.facts.school_code for row in page.rows]
        if (after := page.next) is None:
            break
    assert found == sorted(each.code for each in (PRIMARY, SECONDARY, PRIVATE))
    green = await readiness.page(settled, office("city:79"), ASKED, Light.GREEN, None, 10, NOW)
    assert (green.rows, green.report.lights[Light.RED]) == ((), 3)


async def test_what_can_not_be_asked(settled: World) -> None:
    mine = office(f"school:{PRIVATE.code}")
    for caller, asked, after, limit, pointer in [
        (mine, ASKED, None, 1, "/query/unit"),
        (mine, readiness.Asked("school:none", YEAR, BEFORE), None, 1, "/query/unit"),
        (office("city:79"), readiness.Asked("city:79", YEAR, NOW), None, 1, "/query/before"),
        (office("city:79"), ASKED, None, 0, "/query/limit"),
        (office("city:79"), ASKED, "e30", 1, "/query/after"),
    ]:
        with pytest.raises(Refusal) as refused:
            await readiness.page(settled, caller, asked, None, after, limit, NOW)
        assert [f.pointer for f in refused.value.findings] == [pointer]
    with pytest.raises(Refusal):
        await readiness.look(settled, None, readiness.Asked("no:such", YEAR, datetime(2030, 1, 1, tzinfo=UTC)), NOW)
