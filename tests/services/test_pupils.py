"""Renumbering, merges and their undo, on a real database with signed documents."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest

from registry.core import ids
from registry.core.callers import Caller, CallerKind, Scope
from registry.core.findings import Outcome, Refusal
from registry.core.rosters import Place
from registry.core.verification import Answer, ByNumber
from registry.demo import transcripts
from registry.services import changes, judging, pupils, submission, verification
from registry.services.pupils import Renumbering
from registry.services.world import World
from tests.small_city import NOW, PRIMARY, PRIVATE, SECONDARY, SmallCity, settle, small_city, vendor

pytestmark = pytest.mark.anyio
LATER = NOW + timedelta(hours=1)
VENDOR = vendor(PRIMARY, SECONDARY, PRIVATE)
OFFICE = Caller(
    "office", CallerKind.OFFICE, "Office", frozenset({Scope.VERIFY}), frozenset({"admission"}), frozenset(),
    VENDOR.schools, {},
)  # fmt: skip
TABLES = ("record", "record_version", "pupil", "pupil_number", "pupil_code", "transcript_code", "pupil_alias")


@pytest.fixture(scope="session")
def city() -> SmallCity:
    return small_city()


@pytest.fixture
async def settled(world: World, city: SmallCity) -> World:
    await settle(world, city, VENDOR, OFFICE)
    return world


async def send(world: World, document: dict[str, Any], school: Any = PRIMARY, now: Any = NOW) -> submission.Answer:
    return await submission.submit(world, VENDOR, small_city().signed(document, school), judging.JOSE, now)


def other_number(number: str, by: int = 1) -> str:
    """A number of the same sex and year."""
    return f"{number[:6]}{(int(number[6:]) + by) % 10**6:06d}"


async def ask(world: World, number: str, year: str) -> verification.Answered:
    question = ByNumber(number, ids.SchoolYear.parse(year) or ids.SchoolYear(2023))
    return await verification.ask(
        world, OFFICE, verification.Asked(question, verification.Why("admission", "TS-1")), NOW
    )


async def rows(world: World) -> dict[str, list[str]]:
    """Everything about pupils and records, as text; how often a pupil was merged only counts up."""
    async with world.db.hot_transaction() as tx:
        queries = {name: f"SELECT (to_jsonb(t) - 'merges')::text AS t FROM {name} t" for name in TABLES}
        return {name: sorted(r["t"] for r in await tx.fetch(query)) for name, query in queries.items()}


async def test_both_numbers_find_the_pupil_after_a_renumbering(settled: World, city: SmallCity) -> None:
    document = city.document()
    old, new = document["sodinhdanh"], other_number(document["sodinhdanh"])
    await send(settled, document)
    done = await pupils.renumber(settled, None, Renumbering(old, new, "QĐ 12/2026"), LATER)
    assert (done.pupil_code, done.schools, done.repeated) == (document["mahocsinh"], (PRIMARY.code,), False)
    for number in (old, new):
        assert (await ask(settled, number, document["namhoc"])).answer is Answer.GENUINE_CURRENT
    newer = await send(settled, document | {**transcripts.revised({}, 2), "sodinhdanh": new})
    older = await send(settled, document | {**transcripts.revised({}, 3), "hovaten": "Tên Khác"})
    assert (newer.outcome, older.outcome) == (Outcome.ACCEPTED, Outcome.ACCEPTED)
    stored = await rows(settled)
    assert (len(stored["pupil"]), len(stored["record"]), len(stored["pupil_number"])) == (1, 1, 2)


async def test_a_renumbering_is_told_to_each_school_and_once(settled: World, city: SmallCity) -> None:
    document = city.document()
    old, new = document["sodinhdanh"], other_number(document["sodinhdanh"])
    await send(settled, document)
    await on_roster(settled, Place(SECONDARY.code, "2024-2025", 6), old)
    asked = Renumbering(old, new, "QĐ 12/2026")
    first, again = (
        await pupils.renumber(settled, None, asked, LATER),
        await pupils.renumber(settled, None, asked, LATER),
    )
    assert (first.repeated, again.repeated) == (False, True)
    assert first.schools == again.schools == (PRIMARY.code, SECONDARY.code)
    page = await changes.read(settled, VENDOR, 0, 100)
    told = [(each.kind, each.school_code, each.pupil_code) for each in page.changes if each.kind == "renumbered"]
    assert told == [("renumbered", code, document["mahocsinh"]) for code in (PRIMARY.code, SECONDARY.code)]


async def on_roster(world: World, place: Place, number: str) -> None:
    async with world.db.hot_transaction() as tx:
        imported = ids.uuid7(NOW, bytes(10))
        await tx.execute(
            "INSERT INTO roster_import VALUES ($1, $2, $3, $4, 'test', NULL, $5, 1, 0, 0)",
            imported, place.school_code, place.school_year, place.grade, NOW,
        )  # fmt: skip
        await tx.execute(
            "INSERT INTO roster_pupil (school_year, school_code, pupil_code, joined_at, grade, class_name, pupil_name,"
            " number_index, import_id) VALUES ($1, $2, 'x1', $3, $4, '6A', 'A', $5, $6)",
            place.school_year, place.school_code, NOW, place.grade, world.sealer.number_index(number), imported,
        )  # fmt: skip


async def rejudged(world: World, now: Any = LATER) -> list[Outcome]:
    """What the background work would do next."""
    await asyncio.sleep(1.1)  # a register in memory is at most a second behind
    answers = [await submission.rejudge(world, each, now) for each in await submission.waiting(world, 10)]
    return [answer.outcome for answer in answers if answer is not None]


async def test_what_was_held_is_accepted_by_itself_after_the_renumbering(settled: World, city: SmallCity) -> None:
    document = city.document()
    new = other_number(document["sodinhdanh"])
    await send(settled, document)
    held = await send(settled, document | {**transcripts.revised({}, 2), "sodinhdanh": new})
    assert [each.code.slug for each in held.findings] == ["record-decision"]
    await pupils.renumber(settled, None, Renumbering(document["sodinhdanh"], new, "QĐ 12/2026"), LATER)
    assert await rejudged(settled) == [Outcome.ACCEPTED]


async def test_a_number_goes_back_and_on(settled: World, city: SmallCity) -> None:
    document = city.document()
    one, two, three = (other_number(document["sodinhdanh"], by) for by in (0, 1, 2))
    await send(settled, document)
    for old, new in ((one, two), (two, one), (one, two), (two, three)):
        assert not (await pupils.renumber(settled, None, Renumbering(old, new, "QĐ"), LATER)).repeated
    for old, new in ((one, two), (one, three)):
        await refused("pupil-renumbered", pupils.renumber(settled, None, Renumbering(old, new, "QĐ"), LATER))
    assert len((await rows(settled))["pupil_number"]) == 3


async def refused(slug: str, use: Any) -> Refusal:
    with pytest.raises(Refusal) as found:
        await use
    assert found.value.code.slug == slug
    return found.value


@pytest.mark.parametrize(
    ("change", "slug"),
    [
        ({"old_number": "12"}, "number-shape"),
        ({"new_number": "12"}, "number-shape"),
        ({"new_number": "999315000001"}, "number-place"),
        ({"new_number": "079315000001", "old_number": "079315000001"}, "request-parameter"),
        ({"reference": ""}, "request-parameter"),
        ({"reference": "số 079315000001"}, "request-parameter"),
        ({}, "pupil-unknown"),
    ],
)
async def test_what_is_no_renumbering(settled: World, change: dict[str, str], slug: str) -> None:
    asked = {"old_number": "079315000002", "new_number": "079315000003", "reference": "QĐ"} | change
    found = await refused(slug, pupils.renumber(settled, None, Renumbering(**asked), NOW))
    assert "079315" not in str([each.detail for each in found.findings])


async def test_another_pupils_number_is_not_taken_away(settled: World, city: SmallCity) -> None:
    one, two = city.document(seed=1), city.document(seed=2)
    await send(settled, one)
    await send(settled, two)
    before = await rows(settled)
    asked = Renumbering(one["sodinhdanh"], two["sodinhdanh"], "QĐ")
    await refused("pupil-number-taken", pupils.renumber(settled, None, asked, LATER))
    assert await rows(settled) == before


async def test_an_operator_acts_within_its_schools_alone(settled: World, city: SmallCity) -> None:
    document = city.document()
    await send(settled, document)
    stranger = Caller(
        "o",
        CallerKind.OFFICE,
        "O",
        frozenset({Scope.OPERATE}),
        frozenset(),
        frozenset(),
        frozenset({SECONDARY.code}),
        {},
    )
    asked = Renumbering(document["sodinhdanh"], other_number(document["sodinhdanh"]), "QĐ")
    await refused("pupil-unknown", pupils.renumber(settled, stranger, asked, LATER))
    await on_roster(settled, Place(SECONDARY.code, "2024-2025", 6), document["sodinhdanh"])
    await refused("pupil-unknown", pupils.renumber(settled, stranger, asked, LATER))  # PRIMARY is still not its own


def two_years(city: SmallCity) -> tuple[dict[str, Any], dict[str, Any]]:
    """One child under two codes and numbers: primary, then lower secondary."""
    return city.document(PRIMARY, 1), city.document(SECONDARY, 1)


async def test_a_merge_finds_both_and_its_undo_leaves_what_was(settled: World, city: SmallCity) -> None:
    early, late = two_years(city)
    await send(settled, early)
    await send(settled, late, SECONDARY)
    before = await rows(settled)
    codes = (early["mahocsinh"], late["mahocsinh"])
    made = await pupils.merge(settled, None, *codes, "Hai hồ sơ của một em", LATER)
    for number in (early["sodinhdanh"], late["sodinhdanh"]):
        for document in (early, late):
            assert (await ask(settled, number, document["namhoc"])).answer is Answer.GENUINE_CURRENT
    assert {name: found for name, found in (await rows(settled)).items() if name != "pupil_alias"} == {
        name: found for name, found in before.items() if name != "pupil_alias"
    }
    await refused("pupil-merged", pupils.merge(settled, None, *codes, "x", LATER))
    await refused("pupil-merged", pupils.merge(settled, None, codes[1], codes[0], "x", LATER))
    undone = await pupils.unmerge(settled, None, made.merge_id, "Nhầm", LATER)
    assert (undone.undone_reason, undone.from_code, undone.into_code) == ("Nhầm", *codes)
    assert await rows(settled) == before
    assert (await ask(settled, early["sodinhdanh"], late["namhoc"])).answer is Answer.NOT_KNOWN
    await refused("pupil-merged", pupils.unmerge(settled, None, made.merge_id, "x", LATER))
    await refused("pupil-unknown", pupils.unmerge(settled, None, UUID(int=1), "x", LATER))
    assert [each.merge_id for each in await pupils.merges(settled, OFFICE, LATER)] == [made.merge_id]
    assert await pupils.merges(settled, vendor(PRIMARY), LATER) == []


async def test_what_comes_in_between_merge_and_undo_goes_with_its_own_pupil(settled: World, city: SmallCity) -> None:
    early, late = two_years(city)
    await send(settled, early)
    await send(settled, late, SECONDARY)
    made = await pupils.merge(settled, None, early["mahocsinh"], late["mahocsinh"], "x", LATER)
    who = {name: early[name] for name in ("sodinhdanh", "mahocsinh", "ngaythangnamsinh", "gioitinh")}
    mixed = late | who | {**transcripts.revised({}, 2)}  # the late pupil's record under the early pupil's number
    answers = [
        await send(settled, early | {**transcripts.revised({}, 2)}, PRIMARY, LATER),
        await send(settled, mixed, SECONDARY, LATER),
    ]
    assert [answer.outcome for answer in answers] == [Outcome.ACCEPTED] * 2
    assert len((await rows(settled))["record"]) == 2
    await pupils.unmerge(settled, None, made.merge_id, "x", LATER)
    third = await send(settled, early | {**transcripts.revised({}, 3)}, PRIMARY, LATER)
    assert third.receipt is not None
    assert len((await rows(settled))["record"]) == 2


async def test_records_of_the_same_year_are_named_and_nothing_is_merged(settled: World, city: SmallCity) -> None:
    one, two = city.document(seed=1), city.document(seed=2)
    await send(settled, one)
    await send(settled, two)
    before = await rows(settled)
    found = await refused(
        "pupil-collision", pupils.merge(settled, None, one["mahocsinh"], two["mahocsinh"], "x", LATER)
    )
    assert [each.detail for each in found.findings] == [f"{one['namhoc']} primary"]
    assert await rows(settled) == before
    await refused("pupil-unknown", pupils.merge(settled, None, "nobody", two["mahocsinh"], "x", LATER))
    await refused("request-parameter", pupils.merge(settled, None, one["mahocsinh"], two["mahocsinh"], "", LATER))


async def test_merges_in_a_chain_come_apart_one_by_one(settled: World) -> None:
    """a into b, b into c; the first undone, then the other, in both orders."""
    a, b, c = (ids.uuid7(NOW, bytes([n]) * 10) for n in (1, 2, 3))
    async with settled.db.hot_transaction() as tx:
        for code, pupil in (("a", a), ("b", b), ("c", c)):
            await tx.execute("INSERT INTO pupil VALUES ($1, $2)", pupil, NOW)
            await tx.execute("INSERT INTO pupil_code VALUES ($1, $2, $3)", code, pupil, NOW)

    async def aliases() -> dict[UUID, UUID]:
        async with settled.db.hot_transaction() as tx:
            return {r["pupil_id"]: r["survivor"] for r in await tx.fetch("SELECT * FROM pupil_alias")}

    for first in (0, 1):
        made = [
            await pupils.merge(settled, None, "a", "b", "x", LATER),
            await pupils.merge(settled, None, "b", "c", "x", LATER),
        ]
        assert await aliases() == {a: c, b: c}
        await refused("pupil-merged", pupils.merge(settled, None, "c", "a", "x", LATER))
        await pupils.unmerge(settled, None, made[first].merge_id, "x", LATER)
        assert await aliases() == ({b: c} if first == 0 else {a: b})
        await pupils.unmerge(settled, None, made[1 - first].merge_id, "x", LATER)
        assert await aliases() == {}


async def test_twins_are_never_mixed(settled: World, city: SmallCity) -> None:
    """Equal names, parents, birth dates and sex, consecutive numbers and codes: two pupils in whatever order they come."""
    one = city.document()
    twin = one | {
        "sodinhdanh": other_number(one["sodinhdanh"]),
        "mahocsinh": f"{int(one['mahocsinh']) + 1}",
        "madinhdanhhocba": "0b5d2a34-6a5c-4a63-9a44-0f5b1a4e7f01",
    }
    sent = [each | {**transcripts.revised({}, version)} for each in (one, twin) for version in (1, 2, 3)]
    Random(7).shuffle(sent)
    answers = await asyncio.gather(*(send(settled, each) for each in sent))
    assert {answer.outcome for answer in answers} == {Outcome.ACCEPTED}
    stored = await rows(settled)
    assert (len(stored["pupil"]), len(stored["record"]), len(stored["record_version"])) == (2, 2, 6)
    for document in (one, twin):
        answer = await ask(settled, document["sodinhdanh"], document["namhoc"])
        assert answer.genuine is not None
        assert answer.genuine.version.transcript_code == document["madinhdanhhocba"]
    mixed = await send(settled, one | {"sodinhdanh": twin["sodinhdanh"], **transcripts.revised({}, 4)})
    assert mixed.outcome is Outcome.HELD
