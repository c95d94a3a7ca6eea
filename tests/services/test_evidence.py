"""The archive of a verdict gives the same verdict offline, whatever has become of the register since."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import Any

import asyncpg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from registry.core import codes, trust
from registry.core.callers import Scope
from registry.core.findings import Outcome, Refusal
from registry.demo import pki, signers
from registry.demo.city import sign_document
from registry.formats import evidence as archives
from registry.services import checking, evidence, kept, policies, report, submission
from registry.services import trust as trust_service
from registry.services.world import World
from registry.storage import generation
from registry.storage import signers as stored_signers
from tests.conftest import Urls
from tests.small_city import NOW, PRIMARY, PRIVATE, SECONDARY, SmallCity, another_signer, settle, small_city, vendor

pytestmark = pytest.mark.anyio
LATER = NOW + timedelta(hours=1)
MINE = vendor(PRIMARY, SECONDARY)
OTHER = vendor(PRIVATE, caller_id="vendor-b")
Made = Callable[[SmallCity], bytes]


@pytest.fixture(scope="session")
def city() -> SmallCity:
    return small_city()


async def send(world: World, raw: bytes, caller: Any = MINE, now: Any = NOW) -> submission.Answer:
    return await submission.submit(world, caller, raw, checking.media_type_of(raw), now)


async def change_everything(world: World, city: SmallCity) -> None:
    """Every signer revoked since the Stone Age in new lists, every registration ended, nothing allowed any more."""
    files = {}
    for authority in city.trust.authorities:
        new = replace(authority, revocations=[], last_number=authority.last_number + 7)
        for signer in city.trust.everybody():
            new.revoke(signer.certificate.serial_number, NOW - timedelta(days=2000), x509.ReasonFlags.key_compromise)
        files[f"crls/{authority.slug}.crl"] = new.crl(LATER, LATER + timedelta(days=9))
    assert (await trust_service.import_files(world, files, LATER)).revocation_lists == len(files)
    rows = tuple(replace(r, algorithms=frozenset({trust.Algorithm.EDDSA})) for r in policies.default().rows)
    await policies.import_version(world, trust.Policy("later", rows), LATER)
    async with world.db.transaction() as tx:
        for signer in city.trust.everybody():
            fingerprint = signer.certificate.fingerprint(hashes.SHA256())
            for before in await stored_signers.of_certificates(tx, [fingerprint]):
                ended = replace(before.signer, valid_to=NOW - timedelta(days=2000))
                await stored_signers.change(tx, before, replace(before, signer=ended))
        await generation.move(tx)


def changed_byte(raw: bytes) -> bytes:
    envelope = json.loads(raw)
    value = envelope["signatures"][1]["signature"]
    envelope["signatures"][1]["signature"] = ("A" if value[0] != "A" else "B") + value[1:]
    return json.dumps(envelope).encode()


def of_foreign_ca(city: SmallCity) -> bytes:
    stranger = pki.make_public(signers.CERTIFICATES_FROM, signers.CERTIFICATES_TO, "p256").licensed[0]
    teacher = another_signer(city, trust.Role.TEACHER, PRIMARY, stranger)
    return city.signed(by=[teacher, *city.signers_of(PRIMARY)[1:]])


def as_xml(city: SmallCity, by: int = 3) -> bytes:
    return sign_document(city.document(), city.signers_of(PRIMARY)[:by], "xml")


def of_another_school(city: SmallCity) -> bytes:
    return city.signed(by=[*city.signers_of(PRIMARY)[:2], city.trust.seals[SECONDARY.code]])


#: What is sent, and the outcome; the codes expected among the findings.
CASES: list[tuple[str, Made, Outcome, set[str]]] = [
    ("accepted", lambda c: c.signed(), Outcome.ACCEPTED, set()),
    ("secondary", lambda c: c.signed(school=SECONDARY), Outcome.ACCEPTED, set()),
    ("held", lambda c: c.signed(c.document() | {"sodinhdanh": ""}), Outcome.HELD, {"number-absent"}),
    ("changed", lambda c: changed_byte(c.signed()), Outcome.REFUSED, {"signature-invalid"}),
    ("foreign", of_foreign_ca, Outcome.REFUSED, {"certificate-path", "signer-unregistered"}),
    ("school", of_another_school, Outcome.REFUSED, {"signer-school"}),
    ("order", lambda c: c.signed(by=c.signers_of(PRIMARY)[::-1]), Outcome.REFUSED, {"signer-role-order"}),
    ("seal", lambda c: c.signed(by=c.signers_of(PRIMARY)[:2]), Outcome.REFUSED, {"signer-role-missing"}),
    ("scope", lambda c: c.signed(school=PRIVATE), Outcome.REFUSED, {"scope-school"}),
    ("xml", as_xml, Outcome.ACCEPTED, set()),
    ("xml seal", lambda c: as_xml(c, 2), Outcome.REFUSED, {"signer-role-missing"}),
    ("content", lambda c: c.signed(c.document() | {"ghichu": "x"}), Outcome.REFUSED, {"field-unknown"}),
    ("payload", lambda c: c.signed_bytes(b"[]", c.signers_of(PRIMARY)), Outcome.REFUSED, {"field-type"}),
    ("text", lambda c: b"nothing at all", Outcome.REFUSED, {"json-syntax"}),
]


@pytest.mark.parametrize(("made", "outcome", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
async def test_the_archive_gives_the_same_verdict_for_ever(
    world: World, city: SmallCity, made: Made, outcome: Outcome, expected: set[str]
) -> None:
    await settle(world, city, MINE, OTHER)
    raw = made(city)
    answer = await send(world, raw)
    assert answer.outcome is outcome
    assert expected <= {f.code.slug for f in answer.findings}
    then = await evidence.archive(world, answer.submission_id, MINE)
    facts = await stored_facts(world, answer)
    await change_everything(world, city)
    now = await evidence.archive(world, answer.submission_id)
    assert now == then
    opened = checking.reopen(now)
    assert isinstance(opened, checking.Reopened)
    assert opened.problems == ()
    assert (opened.document is None) == (outcome is Outcome.REFUSED)
    assert opened.manifest.reproduced is (None if outcome is Outcome.REFUSED else True)
    verdict = opened.judge(raw)
    assert (verdict.outcome, verdict.findings) == (answer.outcome, answer.findings)
    assert verdict.signatures == facts
    assert verdict.generation == opened.manifest.generation


async def stored_facts(world: World, answer: submission.Answer) -> Any:
    async with world.db.snapshot() as tx:
        return (await kept.load(tx, answer.submission_id, None)).evidence.signatures


async def rewrite(database_urls: Urls, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Put other evidence under every verdict, as the owner of the database alone can."""
    owner = await asyncpg.connect(database_urls.owner.replace("+asyncpg", ""))
    try:
        for row in await owner.fetch("SELECT submission_id, evidence FROM verdict"):
            new = json.dumps(change(json.loads(row["evidence"])))
            await owner.execute("UPDATE verdict SET evidence = $2 WHERE submission_id = $1", row["submission_id"], new)
    finally:
        await owner.close()


def as_first_version(row: dict[str, Any]) -> dict[str, Any]:
    lists = [{n: used[n] for n in ("issuer", "number", "this_update", "next_update")} for used in row["revocation"]]
    known = ("role", "signed_at", "algorithm", "certificate", "hierarchy", "path")
    signatures = [{name: each[name] for name in known} for each in row["signatures"]]
    return {n: row[n] for n in ("generation", "policy", "rules")} | {
        "signatures": signatures,
        "revocation_lists": lists,
    }


def naming_another_list(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"revocation": [{**used, "sha256": "00" * 32} for used in row["revocation"]]}


async def test_rows_of_the_first_version_give_their_evidence(
    world: World, city: SmallCity, database_urls: Urls
) -> None:
    await settle(world, city, MINE)
    raw = city.signed()
    answer = await send(world, raw, now=NOW + timedelta(seconds=1))
    await rewrite(database_urls, as_first_version)
    opened = checking.reopen(await evidence.archive(world, answer.submission_id, MINE))
    assert isinstance(opened, checking.Reopened)
    assert opened.manifest.reproduced
    assert opened.judge(raw).outcome is Outcome.ACCEPTED


async def test_what_does_not_give_the_verdict_is_widened_and_says_so(
    world: World, city: SmallCity, database_urls: Urls
) -> None:
    await settle(world, city, MINE)
    raw = city.signed()
    answer = await send(world, raw, now=NOW + timedelta(seconds=1))
    await rewrite(database_urls, naming_another_list)
    opened = checking.reopen(await evidence.archive(world, answer.submission_id, MINE))
    assert isinstance(opened, checking.Reopened)
    assert opened.judge(raw).outcome is Outcome.ACCEPTED  # every list of then is in it
    assert opened.manifest.reproduced is False  # and none is the one that was named


async def test_held_for_want_of_lists_then_accepted(world: World, city: SmallCity) -> None:
    await settle(world, city, MINE, lists=False)
    raw = city.signed()
    held = await send(world, raw)
    before = checking.reopen(await evidence.archive(world, held.submission_id, MINE))
    assert isinstance(before, checking.Reopened)
    assert {f.code.slug for f in before.judge(raw).findings} == {"revocation-unknown"}
    assert before.manifest.reproduced
    await trust_service.import_files(world, {n: r for n, r in city.files.items() if n.startswith("crls/")}, LATER)
    again = await submission.rejudge(world, held.submission_id, LATER)
    assert again is not None
    assert again.outcome is Outcome.ACCEPTED
    after = checking.reopen(await evidence.archive(world, held.submission_id, MINE))
    assert isinstance(after, checking.Reopened)
    assert after.judge(raw).outcome is Outcome.ACCEPTED
    assert (after.manifest.received_at, after.manifest.judged_at) == (NOW, LATER)
    shown = await kept.report_of(world, MINE, held.submission_id)
    assert [(h.outcome.value, h.codes) for h in shown.history] == [("accepted", ()), ("held", ("revocation-unknown",))]
    assert shown.received_at == NOW


async def test_a_conflict_with_another_record_is_carried_along(world: World, city: SmallCity) -> None:
    await settle(world, city, MINE)
    await send(world, city.signed())
    refused = await send(world, city.signed(city.document() | {"hovaten": "Trần Thị Thử Hai"}), now=LATER)
    assert [f.code for f in refused.findings] == [codes.RECORD_VERSION]
    raw = city.signed(city.document() | {"hovaten": "Trần Thị Thử Hai"})
    opened = checking.reopen(await evidence.archive(world, refused.submission_id, MINE))
    assert isinstance(opened, checking.Reopened)
    assert opened.judge(raw).findings == refused.findings


async def test_the_same_bytes_again_have_the_report_and_the_evidence_of_their_acceptance(
    world: World, city: SmallCity
) -> None:
    await settle(world, city, MINE)
    raw = city.signed()
    first = await send(world, raw)
    await change_everything(world, city)
    second = await send(world, raw, now=LATER)
    assert second.repeated
    shown = await kept.report_of(world, MINE, second.submission_id)
    assert (shown.accepted_as, shown.judged_at) == (first.submission_id, NOW)
    assert {s.assessment.indication for s in shown.signatures} == {"TOTAL-PASSED"}
    opened = checking.reopen(await evidence.archive(world, second.submission_id, MINE))
    assert isinstance(opened, checking.Reopened)
    assert opened.manifest.reproduced
    assert opened.judge(raw).outcome is Outcome.ACCEPTED


async def test_only_what_the_verdict_rests_on_is_in_it(world: World, city: SmallCity) -> None:
    await settle(world, city, MINE)
    document = city.document()
    answer = await send(world, city.signed(document))
    packed = await evidence.archive(world, answer.submission_id, MINE)
    with zipfile.ZipFile(io.BytesIO(packed)) as source:
        files = {name: source.read(name) for name in source.namelist()}
    trusted = [name.removeprefix("trust/") for name in files if name.startswith("trust/")]
    folders = {
        folder: sum(name.startswith(f"{folder}/") for name in trusted) for folder in ("anchors", "signers", "crls")
    }
    assert folders == {"anchors": 2, "signers": 3, "crls": 4}  # the other licensed CA and its list are not needed
    assert sum(name.startswith("intermediates/") for name in trusted) == 2
    assert files["trust/schools.csv"].count(b"\n") == 2
    del files["document.json"]
    for name, raw in files.items():
        assert document["sodinhdanh"].encode() not in name.encode() + raw
        assert document["hovaten"].encode() not in raw
        assert document["mahocsinh"].encode() not in raw
    manifest = json.loads(files["manifest.json"])
    del files["manifest.json"]
    listed = {name: digest for name, digest in manifest["files"].items() if name != "document.json"}
    assert listed == {name: sha256(raw).hexdigest() for name, raw in files.items()}
    shown = await kept.report_of(world, MINE, answer.submission_id)
    assert json.loads(files["report.json"]) == report.as_json(shown)


async def test_whose_signer_it_is_elsewhere_and_whether_a_school_exists_stay_untold(
    world: World, city: SmallCity
) -> None:
    await settle(world, city, MINE, OTHER)
    of_other = await send(world, of_another_school(city))
    opened = archives.unpack(await evidence.archive(world, of_other.submission_id, MINE))
    assert isinstance(opened, archives.Archive)
    assert SECONDARY.code.encode() not in opened.trust["signers.csv"]
    stranger = await send(world, city.signed(city.document(PRIVATE), by=city.signers_of(PRIMARY)), MINE)
    assert codes.SCOPE_SCHOOL in [f.code for f in stranger.findings]
    opened = archives.unpack(await evidence.archive(world, stranger.submission_id, MINE))
    assert isinstance(opened, archives.Archive)
    assert PRIVATE.code.encode() not in opened.trust["schools.csv"]


async def test_only_the_sender_and_an_operator_may_read(world: World, city: SmallCity) -> None:
    await settle(world, city, MINE, OTHER)
    answer = await send(world, city.signed())
    operator = replace(vendor(PRIMARY, caller_id="office"), scopes=frozenset({Scope.OPERATE}))
    elsewhere = replace(vendor(SECONDARY, caller_id="elsewhere"), scopes=frozenset({Scope.OPERATE}))
    for caller in (MINE, operator):
        await kept.report_of(world, caller, answer.submission_id)
        await evidence.archive(world, answer.submission_id, caller)
    for caller in (OTHER, elsewhere):
        for use in (
            kept.report_of(world, caller, answer.submission_id),
            evidence.archive(world, answer.submission_id, caller),
        ):
            with pytest.raises(Refusal) as refused:
                await use
            assert refused.value.code is codes.SUBMISSION_UNKNOWN


async def test_an_attempt_that_was_never_judged_has_a_report_too(world: World, city: SmallCity) -> None:
    await settle(world, city, MINE)
    turned_away = await submission.journal_refusal(world, MINE, codes.REQUEST_TOO_LARGE, NOW, media_type=None, size=9)
    shown = await kept.report_of(world, MINE, turned_away)
    assert (shown.fingerprint, shown.signatures, [f.code for f in shown.findings]) == (
        None,
        (),
        [codes.REQUEST_TOO_LARGE],
    )
    assert isinstance(archives.unpack(await evidence.archive(world, turned_away, MINE)), archives.Archive)
    assert isinstance(checking.reopen(await evidence.archive(world, turned_away, MINE)), str)
