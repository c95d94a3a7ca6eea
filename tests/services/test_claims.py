"""Claims on a real database: what is said of whom, and an attacker who tries to find a mark out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest

from registry.core import codes
from registry.core.callers import Caller, CallerKind, Scope
from registry.core.claims import Claim, ClaimKind, Said
from registry.core.findings import Refusal
from registry.core.ids import Level, SchoolYear
from registry.core.subjects import Subject
from registry.demo import transcripts
from registry.services import asking, claims, judging, pupils, purposes, submission
from registry.services.limits import Limits
from registry.services.world import World
from registry.storage.database import Database
from registry.storage.sealing import Sealer
from tests.conftest import Urls
from tests.small_city import NOW, PRIMARY, PRIVATE, SECONDARY, SmallCity, settle, small_city, vendor

pytestmark = pytest.mark.anyio
VENDOR = vendor(PRIMARY, SECONDARY)
YEAR = SchoolYear(2024)
K = ClaimKind


def office(
    *schools: str, caller_id: str = "office", more: frozenset[str] = frozenset({"admission", "scholarship"})
) -> Caller:
    return Caller(
        caller_id, CallerKind.OFFICE, "Office", frozenset({Scope.VERIFY}), more, frozenset(), frozenset(schools), {}
    )


EVERYWHERE, ELSEWHERE = office(PRIMARY.code, SECONDARY.code), office(PRIVATE.code)
OPERATOR = Caller("operator", CallerKind.OFFICE, "Operator", frozenset({Scope.OPERATE}), frozenset(), frozenset(),
                  frozenset({PRIMARY.code, SECONDARY.code}), {})  # fmt: skip


@pytest.fixture(scope="session")
def city() -> SmallCity:
    return small_city()


@pytest.fixture
async def settled(world: World, city: SmallCity) -> World:
    await settle(world, city, VENDOR)
    return world


@pytest.fixture
async def second(database_urls: Urls, sealer: Sealer) -> AsyncIterator[World]:
    """Another process on the same database."""
    opened = World.of(Database(database_urls.service), sealer)
    yield opened
    opened.judges.close()
    await opened.db.close()


async def send(world: World, city: SmallCity, document: dict[str, Any], school: Any = SECONDARY) -> None:
    answer = await submission.submit(world, VENDOR, city.signed(document, school), judging.JOSE, NOW)
    assert answer.receipt is not None, [finding.code.slug for finding in answer.findings]


def average(threshold: str, subject: Subject = Subject.MATHEMATICS) -> Claim:
    return Claim(K.AVERAGE_AT_LEAST, YEAR, subject=subject, threshold=threshold)


async def ask(
    world: World, claim: Claim, way: str, key: str, *, caller: Caller = EVERYWHERE, purpose: str = "admission",
    now: datetime = NOW, counted: Limits | None = None,
) -> Said:  # fmt: skip
    asked = claims.Asked(way, key, claim, asking.Why(purpose, "TS-1"))
    return (await claims.ask(world, caller, asked, now, counted or Limits())).said


def ways(document: dict[str, Any]) -> dict[str, str]:
    return {"transcript_code": document["madinhdanhhocba"], "number": document["sodinhdanh"],
            "pupil_code": document["mahocsinh"]}  # fmt: skip


async def test_each_claim_by_each_way(settled: World, city: SmallCity) -> None:
    document = city.document(SECONDARY, result="K")
    await send(settled, city, document)
    for way, key in ways(document).items():
        assert await ask(settled, Claim(K.PROMOTED, YEAR), way, key) is Said.YES
        assert await ask(settled, Claim(K.GRADE_FINISHED, grade=6), way, key) is Said.YES
        assert await ask(settled, Claim(K.GRADE_FINISHED, grade=7), way, key) is Said.CANNOT_SAY
        assert await ask(settled, Claim(K.LEVEL_COMPLETED, level=Level.PRIMARY), way, key) is Said.CANNOT_SAY
        assert await ask(settled, Claim(K.RESULT_AT_LEAST, YEAR, threshold="K"), way, key) is Said.YES
        for stranger in (Claim(K.PROMOTED, YEAR), average("6.5")):
            assert await ask(settled, stranger, way, key, caller=ELSEWHERE) is Said.CANNOT_SAY


async def test_what_is_kept_names_the_claim_and_not_what_was_said(settled: World, city: SmallCity) -> None:
    document = city.document(SECONDARY, result="K")
    await send(settled, city, document)
    await ask(settled, average("6.5"), "number", document["sodinhdanh"])
    await ask(settled, average("6.5"), "number", document["sodinhdanh"], caller=ELSEWHERE)
    async with settled.db.hot() as connection:
        rows = await connection.fetch("SELECT kind, answer, detail, pupil_id FROM question ORDER BY answer DESC")
    assert [(row["kind"], row["answer"], row["detail"]) for row in rows] == [
        ("claim", "told", "average_at_least 2024-2025 mathematics 6.5"),
        ("claim", "not_known", "average_at_least 2024-2025 mathematics 6.5"),
    ]
    assert all(row["pupil_id"] is not None for row in rows), "the pupil's school may see who tried"


async def test_what_the_purpose_does_not_allow(settled: World) -> None:
    table = [
        (average("7.0"), "admission", "/body/threshold"),
        (average("5.0"), "scholarship", "/body/threshold"),
        (Claim(K.RESULT_AT_LEAST, YEAR, threshold="CĐ"), "admission", "/body/threshold"),
        (average("6.5"), "transfer", "/body/claim"),
        (Claim(K.PROMOTED, YEAR), "authenticity", "/body/claim"),
    ]
    everything = office(PRIMARY.code, more=frozenset({"admission", "scholarship", "transfer", "authenticity"}))
    for claim, purpose, pointer in table:
        with pytest.raises(Refusal) as refused:
            await ask(settled, claim, "pupil_code", "P1", purpose=purpose, caller=everything)
        assert refused.value.code is codes.VERIFICATION_CLAIM
        assert [finding.pointer for finding in refused.value.findings] == [pointer]
    with pytest.raises(Refusal) as refused:
        await ask(settled, average("6.5"), "pupil_code", "P1", purpose="transfer")
    assert refused.value.code is codes.ACCESS_PURPOSE, "granted to nobody, or not to this caller"


GRADES = b"""
[[purpose]]
code = "admission"
valid_from = 2026-01-01
title_vi = "Khac"
title_en = "Other"
claims = ["promoted"]
grades = [9]
"""


async def test_purposes_are_data(settled: World, city: SmallCity) -> None:
    """An operator's row takes the place of the built-in one: a record of another grade is as good as unknown."""
    document = city.document(SECONDARY)
    await send(settled, city, document)
    key = document["madinhdanhhocba"]
    assert await ask(settled, Claim(K.PROMOTED, YEAR), "transcript_code", key) is Said.YES
    done = await purposes.import_file(settled, GRADES, NOW)
    assert (done.new, done.unchanged) == (1, 0)
    assert (await purposes.import_file(settled, GRADES, NOW)).unchanged == 1
    changed = await purposes.import_file(settled, GRADES.replace(b"[9]", b"[6]"), NOW)
    assert [problem.pointer for problem in changed.problems] == ["/purpose/0"]
    await settled.register.newer_than(settled.db, (await settled.known()).generation)
    assert await ask(settled, Claim(K.PROMOTED, YEAR), "transcript_code", key) is Said.CANNOT_SAY
    with pytest.raises(Refusal) as refused:
        await ask(settled, average("6.5"), "transcript_code", key)
    assert refused.value.code is codes.VERIFICATION_CLAIM


async def refused(world: World, *args: Any, **more: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        await ask(world, *args, **more)
    return caught.value


async def test_an_attacker_learns_one_bit_of_a_mark(settled: World, second: World, city: SmallCity) -> None:
    """Every threshold of every purpose, by every name of the pupil, in two processes, over a correction: one threshold a year."""
    document = city.document(SECONDARY, result="K")
    await send(settled, city, document)
    code = document["madinhdanhhocba"]
    first = await ask(settled, average("6.5"), "transcript_code", code)
    tries = [(purpose, threshold) for purpose, several in (("admission", ("5.0", "8.0")), ("scholarship", ("8.0",)))
             for threshold in several]  # fmt: skip
    for world in (settled, second):
        for way, key in ways(document).items():
            for purpose, threshold in tries:
                turned = await refused(world, average(threshold), way, key, purpose=purpose)
                assert turned.code is codes.VERIFICATION_THRESHOLD
                assert turned.retry_after == 365 * 86_400
            assert await ask(world, average("6.5"), way, key, purpose="scholarship") is first, (
                "the same again is answered"
            )
    # a correction changes nothing about it
    await send(settled, city, transcripts.revised(document, 2))
    assert (await refused(settled, average("5.0"), "transcript_code", code)).code is codes.VERIFICATION_THRESHOLD
    # another subject, another office: a bit of their own; a year later: the next one
    assert await ask(settled, average("8.0", Subject.LITERATURE), "transcript_code", code) in {Said.YES, Said.NO}
    assert await ask(settled, average("8.0"), "transcript_code", code,
                     caller=replace(EVERYWHERE, caller_id="other-office")) in {Said.YES, Said.NO}  # fmt: skip
    later = NOW + timedelta(days=366)
    assert await ask(settled, average("8.0"), "transcript_code", code, now=later) in {Said.YES, Said.NO}
    assert (
        await refused(settled, average("6.5"), "transcript_code", code, now=later)
    ).code is codes.VERIFICATION_THRESHOLD


async def test_a_merge_opens_no_second_threshold(settled: World, city: SmallCity) -> None:
    """Asked before the merge, during it and after it is undone: one threshold all the time, whichever pupil is named."""
    document, other = city.document(SECONDARY, result="K"), city.document(PRIMARY, seed=2)
    await send(settled, city, document)
    await send(settled, city, other, PRIMARY)
    code, number = document["madinhdanhhocba"], other["sodinhdanh"]
    await ask(settled, average("6.5"), "transcript_code", code)
    merged = await pupils.merge(settled, OPERATOR, document["mahocsinh"], other["mahocsinh"], "Trùng hồ sơ", NOW)
    for way, key in (("transcript_code", code), ("number", number), ("pupil_code", other["mahocsinh"])):
        assert (await refused(settled, average("8.0"), way, key)).code is codes.VERIFICATION_THRESHOLD
    await ask(settled, average("6.5"), "number", number)
    await pupils.unmerge(settled, OPERATOR, merged.merge_id, "Nhầm", NOW)
    assert (await refused(settled, average("8.0"), "transcript_code", code)).code is codes.VERIFICATION_THRESHOLD


async def test_two_thresholds_at_the_same_moment(settled: World, second: World, city: SmallCity) -> None:
    document = city.document(SECONDARY, result="K")
    await send(settled, city, document)
    key = document["madinhdanhhocba"]
    asks = [ask(world, average(threshold), "transcript_code", key)
            for threshold in ("5.0", "6.5", "8.0") for world in (settled, second)]  # fmt: skip
    found = await asyncio.gather(*asks, return_exceptions=True)
    said = [each for each in found if isinstance(each, Said)]
    turned = [each for each in found if isinstance(each, Refusal)]
    assert 1 <= len(said) <= 2, "one threshold, asked at most by both"
    assert {each.code for each in turned} == {codes.VERIFICATION_THRESHOLD}
    assert len(said) + len(turned) == 6


async def test_stored_bytes_that_changed_say_nothing(settled: World, city: SmallCity, database_urls: Urls) -> None:
    document = city.document(SECONDARY)
    await send(settled, city, document)
    owner = await asyncpg.connect(database_urls.owner.replace("+asyncpg", ""))
    try:
        await owner.execute("UPDATE document SET sealed = set_byte(sealed, 60, get_byte(sealed, 60) # 1)")
    finally:
        await owner.close()
    assert await ask(settled, Claim(K.PROMOTED, YEAR), "pupil_code", document["mahocsinh"]) is Said.CANNOT_SAY
