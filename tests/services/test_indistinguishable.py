"""What an office may not know, it can't tell from the clock: unknown, foreign and forbidden records take the same time.

Samples of all kinds are taken in turns, so that whatever else the machine does falls on all alike, and compared by their ranks
(Mann-Whitney): the chance that a sample of one kind is slower than one of another must be near one half. A planted leak (the stored
document is opened before it is known whether the caller may see it, and the answer leaves when it is ready) must be told apart
by the same comparison on the same machine.
"""

from __future__ import annotations

import gc
import time
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random
from statistics import median
from uuid import UUID

import pytest

from registry.core.callers import Caller, CallerKind, Scope
from registry.core.claims import Claim, ClaimKind, Said
from registry.core.content import ContentField
from registry.core.ids import SchoolYear
from registry.core.verification import Answer, ByCode
from registry.formats import documents
from registry.services import answer_keys, asking, claims, extracts, judging, purposes, submission, verification
from registry.services.limits import Limits
from registry.services.press import Press
from registry.services.world import World
from registry.storage import key_files, transcripts
from tests.small_city import NOW, PRIMARY, PRIVATE, SmallCity, settle, small_city, vendor

pytestmark = pytest.mark.anyio
VENDOR = vendor(PRIMARY)
ROUNDS = 60
#: How far from one half the chance may lie. With 60 samples of a side and no difference its deviation is 0.053 (1/sqrt(6*60)).
NEAR = 0.20
WHY = asking.Why("admission", "TS-1")
OTHER_GRADE = b"""
[[purpose]]
code = "grade-9-only"
valid_from = 2026-01-01
title_vi = "Lop 9"
title_en = "Grade 9"
grades = [9]
claims = ["promoted"]
extract = true
fields = [FIELDS]
""".replace(b"FIELDS", ", ".join(f'"{each}"' for each in ContentField).encode())


@pytest.fixture(scope="session")
def city() -> SmallCity:
    return small_city()


def office(name: str, *schools: str) -> Caller:
    return Caller(name, CallerKind.OFFICE, name, frozenset({Scope.VERIFY}), frozenset({"admission", "admission-by-record", "grade-9-only"}),
                  frozenset(), frozenset(schools), {})  # fmt: skip


def slower(these: Sequence[float], those: Sequence[float]) -> float:
    """The chance that one of these takes longer than one of those (ties by half): the statistic of Mann and Whitney."""
    ordered = sorted(those)
    wins = sum(bisect_left(ordered, each) + bisect_right(ordered, each) for each in these)
    return wins / (2 * len(these) * len(those))


def test_the_statistic_tells_what_it_should() -> None:
    assert slower([2.0], [1.0]) == 1.0
    assert slower([1.0], [2.0]) == 0.0
    assert slower([1.0, 2.0], [1.0, 2.0]) == 0.5
    rng = Random(1)
    same = [[rng.gauss(1, 0.2) for _ in range(ROUNDS)] for _ in range(2)]
    assert abs(slower(*same) - 0.5) < NEAR
    assert slower([each + 0.2 for each in same[0]], same[1]) > 0.5 + NEAR


async def test_nobody_can_tell_by_the_clock(world: World, city: SmallCity) -> None:
    await settle(world, city, VENDOR)
    codes = []
    for seed in range(1, 9):
        document = city.document(seed=seed)
        await submission.submit(world, VENDOR, city.signed(document), judging.JOSE, NOW)
        codes.append(document["madinhdanhhocba"])
    await purposes.import_file(world, OTHER_GRADE, NOW)
    await world.register.newer_than(world.db, (await world.known()).generation)
    times = await _measured(world, codes)
    negative = ("unknown", "foreign", "forbidden")
    for one in negative:
        for other in negative:
            chance = slower(times[one], times[other])
            assert abs(chance - 0.5) < NEAR, (one, other, chance, {name: median(each) for name, each in times.items()})
    # the planted leak, against the unknown without the guard: the comparison does see what it is there to see
    chance = slower(times["leaking"], times["unguarded"])
    assert chance > 0.5 + NEAR, (chance, {name: median(each) for name, each in times.items()})
    # and an answer that leaves early is told apart from one that waits (long enough for a busy machine too)
    assert slower(times["waiting"], times["unguarded"]) > 0.5 + NEAR


async def _measured(world: World, codes: Sequence[str]) -> dict[str, list[float]]:
    """Seconds of each kind, in turns and in changing order, each by a caller of its own so that nobody is paused."""
    here, away = office("here", PRIMARY.code), office("away", PRIVATE.code)
    rng = Random(7)
    times: dict[str, list[float]] = {}
    gc.disable()
    try:
        for index in range(ROUNDS):
            code = codes[index % len(codes)]
            unknown = verification.Asked(ByCode(str(UUID(int=index))), WHY)
            kinds = {
                "unknown": (away, unknown, Limits()),
                "foreign": (away, verification.Asked(ByCode(code), WHY), Limits()),
                "forbidden": (here, verification.Asked(ByCode(code), replace(WHY, purpose="grade-9-only")), Limits()),
                "unguarded": (away, unknown, Limits(even_seconds=0)),
                "waiting": (away, unknown, Limits(even_seconds=0.06)),
                "leaking": (away, verification.Asked(ByCode(code), WHY), Limits(even_seconds=0)),
            }
            for name in rng.sample(list(kinds), len(kinds)):
                caller, asked, limits = kinds[name]
                caller = replace(caller, caller_id=f"{name}-{index}")
                await limits.count(
                    world, caller.caller_id, NOW
                )  # takes its portion of the day outside of what is timed
                began = time.perf_counter()
                if name == "leaking":
                    await open_foreign(world, code, PRIMARY.code)
                answered = await verification.ask(world, caller, asked, NOW, limits)
                times.setdefault(name, []).append(time.perf_counter() - began)
                assert answered.answer is Answer.NOT_KNOWN
    finally:
        gc.enable()
    return times


async def test_nor_with_a_claim_or_for_an_extract(world: World, city: SmallCity, tmp_path: Path) -> None:
    """The other two roads by which an office may come upon a record: the same comparison of what it is told nothing of."""
    await settle(world, city, VENDOR)
    document = city.document()
    await submission.submit(world, VENDOR, city.signed(document), judging.JOSE, NOW)
    await purposes.import_file(world, OTHER_GRADE, NOW)
    await world.register.newer_than(world.db, (await world.known()).generation)
    files = answer_keys.Files(tmp_path, tmp_path / "paper.pem")
    signer = answer_keys.Signer(files, "http://registry.test", timedelta(1))
    press = Press.of(key_files.ensure_paper_seal(tmp_path / "seal.pem"), None, signer, "http://registry.test")
    code, here, away = document["madinhdanhhocba"], office("here", PRIMARY.code), office("away", PRIVATE.code)
    kinds = {
        "unknown": (away, str(UUID(int=1)), "admission-by-record"),
        "foreign": (away, code, "admission-by-record"),
        "forbidden": (here, code, "grade-9-only"),
    }
    times: dict[str, list[float]] = {}
    rng, claim = Random(7), Claim(ClaimKind.PROMOTED, SchoolYear(2023))
    for index in range(ROUNDS):
        for name in rng.sample(list(kinds), len(kinds)):
            caller, key, purpose = kinds[name]
            caller, counted = replace(caller, caller_id=f"{name}-{index}"), Limits()
            await counted.count(world, caller.caller_id, NOW)
            why = await extracts.why(world, caller, purpose, "TS-1", counted, NOW)
            began = time.perf_counter()
            assert isinstance(await extracts.issue(world, press, caller, key, why, NOW), extracts.NotKnown)
            times.setdefault(f"extract {name}", []).append(time.perf_counter() - began)
            asked = claims.Asked("transcript_code", key, claim, replace(WHY, purpose=purpose))
            began = time.perf_counter()
            assert (await claims.ask(world, caller, asked, NOW, counted)).said is Said.CANNOT_SAY
            times.setdefault(f"claim {name}", []).append(time.perf_counter() - began)
    for road in ("extract", "claim"):
        for one, other in (("unknown", "foreign"), ("unknown", "forbidden"), ("foreign", "forbidden")):
            chance = slower(times[f"{road} {one}"], times[f"{road} {other}"])
            assert abs(chance - 0.5) < NEAR, (road, one, other, chance)


async def open_foreign(world: World, code: str, school: str) -> None:
    """What a registry that leaks would do with a foreign record: look at its document."""
    async with world.db.snapshot() as tx:
        history = await transcripts.load(tx, code, [school])
        assert history is not None
        version = history.versions[0]
        found = await transcripts.received(tx, history.record.school_year, version.fingerprint)
    assert found is not None
    raw, media_type = world.sealer.open_document(found[1], version.fingerprint), found[0]
    await world.judges.run(lambda: documents.read(judging.payload_members(raw, media_type)))
