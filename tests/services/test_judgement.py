"""A dry run gives what the submission then gives, for every document of the tests, and leaves nothing behind but a count."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from registry.core.findings import Finding, Outcome
from registry.core.ids import SchoolYear
from registry.demo import faults, mutations, rule_cases, transcripts
from registry.demo.city import sign_document
from registry.formats import xml_transcript
from registry.services import approvals, checking, judgement, judging, submission
from registry.services.world import World
from tests import hostile, hostile_xml
from tests.api import test_special_pupils as special
from tests.small_city import NOW, PRIMARY, SECONDARY, SmallCity, settle, small_city, vendor

pytestmark = pytest.mark.anyio
MINE = vendor(PRIMARY, SECONDARY)
CITY: SmallCity = small_city()
FAULTS = [each for each in vars(faults).values() if isinstance(each, faults.Fault) and each.sent]
TABLES = (
    "submission",
    "verdict",
    "waiting",
    "document",
    "record",
    "record_version",
    "pupil",
    "change_queue",
    "question",
)


@pytest.fixture
async def settled(world: World) -> World:
    await settle(world, CITY, MINE)
    return world


async def counts(world: World) -> list[int]:
    async with world.db.hot() as tx:
        return [await tx.fetchval(f"SELECT count(*) FROM {table}") for table in TABLES]


async def both(world: World, raw: bytes, media_type: str) -> Outcome:
    """Try it out, see that nothing was stored, submit it, and see that the answer is the same."""
    before = await counts(world)
    tried = await judgement.judge(world, MINE, raw, media_type, NOW)
    assert await counts(world) == before
    answer = await submission.submit(world, MINE, raw, media_type, NOW)
    assert (tried.outcome, told(tried.findings)) == (answer.outcome, told(answer.findings))
    assert tried.signed
    return answer.outcome


def told(findings: tuple[Finding, ...]) -> list[tuple[str, str, str]]:
    return [(f.code.slug, f.pointer, f.detail) for f in findings]


def of_the_small_city(document: dict[str, Any]) -> dict[str, Any]:
    """A made-up transcript as one of the small city's schools would give it out."""
    school = PRIMARY if "dsbangdiem" in document else SECONDARY
    return document | {"matruong": school.code}


def records() -> Iterator[tuple[bytes, str]]:
    """Versions, repetitions, conflicts with what is on record, XML, faults of the demo, good years of every kind, broken rules."""
    document = CITY.document()
    first = CITY.signed(document)
    for sent in (document, transcripts.revised(document, 3), transcripts.revised(document, 2)):
        yield CITY.signed(sent), judging.JOSE
    yield first, judging.JOSE
    yield first, judging.JOSE
    conflicts = ({"hovaten": "Tên Khác"}, {"mahocsinh": "7700000001"}, {"madinhdanhhocba": "ma-khac"},
                 {"matruong": SECONDARY.code}, {"matruong": "79771508"}, {"matruong": "1"}, {"sodinhdanh": ""})  # fmt: skip
    for conflict in conflicts:
        yield CITY.signed({**document, **conflict}), judging.JOSE
    for form, media_type in (("json", judging.JOSE), ("xml", judging.XML)):
        yield sign_document(CITY.document(seed=9), CITY.signers_of(PRIMARY), form), media_type
    for seed, fault in enumerate(FAULTS, start=20):
        school = SECONDARY if fault is faults.ELEVEN_SECONDARY else PRIMARY
        changed = fault.change(CITY.document(school, seed=seed))
        signers = fault.signers(CITY.signers_of(school), CITY.trust, school)
        form, media_type = ("xml", judging.XML) if fault is faults.BROKEN else ("json", judging.JOSE)
        yield fault.spoil(sign_document(changed, signers, form)), media_type
    for document in rule_cases.every(11, 1):
        school = PRIMARY if "dsbangdiem" in document else SECONDARY
        yield CITY.signed(of_the_small_city(document), school), judging.JOSE
    for mutation in mutations.every(11, 150):
        school = PRIMARY if "dsbangdiem" in mutation.document else SECONDARY
        yield CITY.signed(of_the_small_city(mutation.document), school), judging.JOSE


async def test_records_conflicts_faults_and_broken_rules(settled: World) -> None:
    outcomes = [await both(settled, raw, media_type) for raw, media_type in records()]
    assert set(outcomes) == set(Outcome)
    year = SchoolYear.parse(CITY.document()["namhoc"])
    assert year is not None
    await approvals.freeze(settled, None, year, "đã duyệt", NOW)
    fresh = World.of(settled.db, settled.sealer)
    assert await both(fresh, CITY.signed(transcripts.revised(CITY.document(), 7)), judging.JOSE) is Outcome.HELD


async def test_pupils_and_papers_that_are_not_the_usual_case(settled: World) -> None:
    """In both syntaxes, good ones and each with one thing wrong, signed and by the wrong people."""
    outcomes = []
    for place, case in enumerate([*special.GOOD.values(), *(case for case, _, _ in special.BAD.values())]):
        for syntax, media_type in special.MEDIA.items():
            outcomes.append(await both(settled, special.apart(case, 2 * place).signed(syntax), media_type))
            outcomes.append(await both(settled, case.signed(syntax), media_type))
    assert set(outcomes) == set(Outcome)


async def test_every_hostile_json_body(settled: World) -> None:
    bodies = hostile.bodies(CITY)
    for body in bodies:
        await both(settled, body.raw, judging.JOSE)
    assert len(bodies) > 600


async def test_every_hostile_xml_document(settled: World) -> None:
    cases = hostile_xml.cases(CITY)
    for case in cases:
        await both(settled, case.raw, judging.XML)
    assert len(cases) > 500


async def test_an_unsigned_transcript_gives_the_findings_of_its_content(settled: World) -> None:
    """The same as when it is signed by the right people, for good and broken ones."""
    rng = Random(5)
    for mutation in mutations.every(5, 80):
        document = of_the_small_city(mutation.document)
        school = PRIMARY if "dsbangdiem" in document else SECONDARY
        unsigned = await judgement.judge(settled, MINE, transcripts.to_bytes(document), judging.UNSIGNED, NOW)
        signed = await judgement.judge(settled, MINE, CITY.signed(document, school), judging.JOSE, NOW)
        of_content = [each for each in told(signed.findings) if not each[1].startswith("/signatures")]
        of_content = [each for each in of_content if each[0] not in {"signer-person", "record-decision"}]
        assert [each for each in told(unsigned.findings) if each[0] != "record-decision"] == of_content, rng
        assert not unsigned.signed
        offline = checking.unsigned(transcripts.to_bytes(document))  # `registry judge --unsigned`
        assert (offline.outcome, told(offline.findings)) == (unsigned.outcome, told(unsigned.findings))


async def test_an_unsigned_record_in_xml_gives_the_findings_of_its_content(settled: World) -> None:
    """The same as when it is signed in XML; only a record that stands alone is taken for unsigned."""
    outcomes = set()
    for mutation in mutations.every(6, 80):
        document = of_the_small_city(mutation.document)
        school = PRIMARY if "dsbangdiem" in document else SECONDARY
        record = xml_transcript.write(document)
        unsigned = await judgement.judge(settled, MINE, record, judging.XML, NOW)
        raw = sign_document(document, CITY.signers_of(school), "xml")
        signed = await judgement.judge(settled, MINE, raw, judging.XML, NOW)
        of_content = [each for each in told(signed.findings) if not each[1].startswith("/signatures")]
        of_content = [each for each in of_content if each[0] not in {"signer-person", "record-decision"}]
        assert told(unsigned.findings) == of_content, mutation.name
        offline = checking.unsigned(record)
        assert (offline.outcome, told(offline.findings)) == (unsigned.outcome, told(unsigned.findings))
        assert (unsigned.signed, signed.signed) == (False, True)
        outcomes.add(unsigned.outcome)
    assert outcomes == set(Outcome)
    before = await counts(settled)
    good = xml_transcript.write(CITY.document())
    for raw, code in (
        (b"<!DOCTYPE x>" + good, "xml-construct"),
        (good.replace(b"</hovaten>", b""), "xml-syntax"),
        (good.replace(b"urn:hocbaso:transcript:1", b"urn:else"), "xml-structure"),
        (b'<?xml version="1.0" encoding="UTF-8"?>\n' + good.replace(b"<hovaten>", b"<hovaten a='1'>"), "field-unknown"),
    ):
        tried = await judgement.judge(settled, MINE, raw, judging.XML, NOW)
        assert code in [finding.code.slug for finding in tried.findings], code
        assert tried.outcome is Outcome.REFUSED
    assert (await judgement.judge(settled, MINE, good, judging.XML, NOW)).outcome is Outcome.ACCEPTED
    assert await counts(settled) == before


async def test_without_signatures_nobody_learns_whose_numbers_are_known(settled: World) -> None:
    document = CITY.document()
    await submission.submit(settled, MINE, CITY.signed(document), judging.JOSE, NOW)
    stranger = document | {"mahocsinh": "7700000009", "madinhdanhhocba": "ma-khac"}
    tried = await judgement.judge(settled, MINE, transcripts.to_bytes(stranger), judging.UNSIGNED, NOW)
    assert (tried.outcome, tried.findings) == (Outcome.ACCEPTED, ())
    signed = await judgement.judge(settled, MINE, CITY.signed(stranger), judging.JOSE, NOW)
    assert [finding.code.slug for finding in signed.findings] == ["record-decision"]


async def test_all_that_stays_is_a_count(settled: World) -> None:
    before = await counts(settled)
    raw = transcripts.to_bytes(CITY.document())
    for _ in range(3):
        await judgement.judge(settled, MINE, raw, judging.UNSIGNED, NOW)
    await judgement.judge(settled, MINE, CITY.signed(), judging.JOSE, NOW)
    assert await counts(settled) == before
    async with settled.db.hot() as tx:
        rows = await tx.fetch("SELECT caller_id, outcome, signed, judgements FROM judgement_count ORDER BY signed")
    assert [tuple(row) for row in rows] == [("vendor-a", "accepted", False, 3), ("vendor-a", "accepted", True, 1)]
