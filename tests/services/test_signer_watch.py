"""Who can't sign at the next window: from real certificates and a real list, limited to the caller's units, page by page."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from registry.core.callers import Caller, CallerKind, Scope
from registry.core.expiring import Trouble
from registry.core.findings import Refusal
from registry.core.signers import Registration
from registry.core.trust import Role, Signer
from registry.demo import pki, signers
from registry.services import signer_watch, trust
from registry.services.world import World
from registry.storage import generation
from registry.storage import signers as stored
from tests import small_city
from tests.small_city import NOW, PRIMARY, PRIVATE, SECONDARY

pytestmark = pytest.mark.anyio
DAY = timedelta(days=1)
BEFORE = signers.CERTIFICATES_TO - DAY
CITY = small_city.small_city()


def office(*places: str) -> Caller:
    return Caller("office", CallerKind.OFFICE, "office", frozenset({Scope.COMPLETENESS}), frozenset(), frozenset(places),
                  frozenset(), {})  # fmt: skip


async def register(
    world: World, school: str, role: Role, issuer: pki.Authority, ends: datetime, name: str = "Ai đó"
) -> bytes:
    made = issuer.issue_leaf(pki.name(name), pki.new_key("p256").public_key(), NOW - DAY, ends)
    der = made.public_bytes(Encoding.DER)
    row = Signer(trust.readable([der])[0].fingerprint, der, school, role, NOW - DAY)
    registered = Registration(row, "", "")
    async with world.db.transaction() as tx:
        await stored.add(tx, [registered], NOW)
        await generation.move(tx)
    await world.register.newer_than(world.db, (await world.known()).generation)
    return row.certificate


async def test_a_flawless_city_and_one_whose_certificates_end(world: World) -> None:
    await small_city.settle(world, CITY)
    report = await signer_watch.look(world, "city:79", BEFORE, NOW)
    assert (report.line.counts.schools, report.line.counts.affected, report.items) == (3, 0, ())
    later = await signer_watch.look(world, "city:79", signers.CERTIFICATES_TO + DAY, NOW)
    assert later.line.counts.affected == 3
    assert later.line.counts.by_trouble[Trouble.EXPIRES] == len(later.items) == len(list(CITY.trust.everybody()))
    assert [line.counts.affected for line in later.children] == [1, 1, 1]


async def test_revoked_ending_and_missing(world: World) -> None:
    await small_city.settle(world, CITY)
    agencies = CITY.trust.government.agencies
    await register(world, PRIMARY.code, Role.SEAL, agencies, NOW + DAY, "Con dấu cũ 079317000001")
    revoked = await register(world, PRIMARY.code, Role.TEACHER, agencies, signers.CERTIFICATES_TO)
    known = await world.known()
    certificate = trust.readable([known.index.trust.signers[revoked][0].der])[0]
    entries = [pki.Revocation(certificate.serial, NOW - DAY)]
    once = pki.Authority(agencies.certificate, agencies.key, agencies.slug, entries, agencies.last_number)
    fresh = once.crl(NOW - timedelta(minutes=1), NOW + DAY)
    assert (await trust.import_files(world, {"crls/new": fresh}, NOW)).problems == []
    async with world.db.transaction() as tx:
        principal = CITY.trust.principals[SECONDARY.code].certificate.public_bytes(Encoding.DER)
        row = known.index.trust.signers[trust.readable([principal])[0].fingerprint][0]
        (before,) = await stored.of_certificates(tx, [row.certificate])
        await stored.change(tx, before, replace(before, signer=replace(row, valid_to=NOW - DAY)))
        await generation.move(tx)
    await world.register.newer_than(world.db, known.generation)
    report = await signer_watch.look(world, "city:79", BEFORE, NOW)
    assert [(i.school_code, i.role, i.trouble, i.covered) for i in report.items] == [
        (PRIMARY.code, Role.SEAL, Trouble.EXPIRES, True),
        (PRIMARY.code, Role.TEACHER, Trouble.REVOKED, False),
        (SECONDARY.code, Role.PRINCIPAL, Trouble.NONE_REGISTERED, False),
    ]
    assert report.items[0].holder == "Con dấu cũ"
    assert (report.line.counts.affected, report.line.counts.covered) == (2, 1)


async def test_revoked_by_answer_or_delta_and_ending_with_its_ca(world: World) -> None:
    """What judging would take into account counts here too, not only the complete list of the CA."""
    await small_city.settle(world, CITY)
    agencies, root = CITY.trust.government.agencies, CITY.trust.government.root
    short = root.make_intermediate(pki.name("CA sắp hết hạn"), NOW - DAY, NOW + DAY, key=pki.new_key("p256"))
    answered = await register(world, PRIMARY.code, Role.TEACHER, agencies, signers.CERTIFICATES_TO)
    listed = await register(world, SECONDARY.code, Role.TEACHER, agencies, signers.CERTIFICATES_TO)
    await register(world, PRIVATE.code, Role.TEACHER, short, signers.CERTIFICATES_TO)
    known = (await world.known()).index.trust.signers
    about, in_delta = trust.readable([known[answered][0].der, known[listed][0].der])
    builder = ocsp.OCSPResponseBuilder().add_response(
        about.parsed, agencies.certificate, hashes.SHA256(), ocsp.OCSPCertStatus.REVOKED, NOW - DAY, NOW + DAY,
        NOW - DAY, None,
    )  # fmt: skip
    answer = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, agencies.certificate)
    once = pki.Authority(agencies.certificate, agencies.key, agencies.slug, [pki.Revocation(in_delta.serial, NOW)])
    complete = agencies.crl(
        NOW - timedelta(hours=1), NOW + DAY
    )  # of our own: other tests make lists with this authority too
    base = agencies.last_number
    delta = once.crl(NOW, NOW + DAY, number=base + 1, extra=[(x509.DeltaCRLIndicator(base), True)])
    files = {
        "intermediates/short.der": short.der,
        "ocsp/teacher": answer.sign(agencies.key, hashes.SHA256()).public_bytes(Encoding.DER),
        "crls/complete": complete,
        "crls/delta": delta,
    }
    assert (await trust.import_files(world, files, NOW)).problems == []
    await world.register.newer_than(world.db, (await world.known()).generation)
    report = await signer_watch.look(world, "city:79", BEFORE, NOW)
    assert [(i.school_code, i.role, i.trouble, i.ends_at) for i in report.items] == sorted(
        [
            (PRIMARY.code, Role.TEACHER, Trouble.REVOKED, signers.CERTIFICATES_TO),
            (SECONDARY.code, Role.TEACHER, Trouble.REVOKED, signers.CERTIFICATES_TO),
            (PRIVATE.code, Role.TEACHER, Trouble.EXPIRES, NOW + DAY),
        ],
        key=lambda row: row[0],
    )


async def test_pages_hold_everything_once(world: World) -> None:
    await small_city.settle(world, CITY)
    end, found, after = signers.CERTIFICATES_TO + DAY, list[tuple[str, str, str]](), None
    while True:
        page = await signer_watch.page(world, office("city:79"), "city:79", end, after, 2, NOW)
        found += [item.key for item in page.items]
        if (after := page.next) is None:
            break
    report = await signer_watch.look(world, "city:79", end, NOW)
    assert found == [item.key for item in report.items]
    assert len(found) > 4


async def test_only_at_or_below_the_callers_units(world: World) -> None:
    await small_city.settle(world, CITY)
    mine = f"school:{PRIVATE.code}"
    page = await signer_watch.page(world, office(mine), mine, signers.CERTIFICATES_TO + DAY, None, 100, NOW)
    assert {item.school_code for item in page.items} == {PRIVATE.code}
    for unit in ("city:79", f"school:{PRIMARY.code}", "school:none"):
        with pytest.raises(Refusal) as refused:
            await signer_watch.page(world, office(mine), unit, BEFORE, None, 100, NOW)
        assert [(f.code.slug, f.pointer) for f in refused.value.findings] == [("access-unit", "/query/unit")]


@pytest.mark.parametrize(
    ("before", "after", "limit", "pointer"),
    [
        (NOW, None, 1, "/query/before"),
        (datetime(9999, 12, 31, tzinfo=UTC), None, 1, "/query/before"),
        (BEFORE, None, 0, "/query/limit"),
        (BEFORE, None, 501, "/query/limit"),
        (BEFORE, "e30", 1, "/query/after"),
        (BEFORE, "!", 1, "/query/after"),
    ],
)
async def test_what_can_not_be_asked(
    world: World, before: datetime, after: str | None, limit: int, pointer: str
) -> None:
    await small_city.settle(world, CITY)
    with pytest.raises(Refusal) as refused:
        await signer_watch.page(world, office("city:79"), "city:79", before, after, limit, NOW)
    assert [(f.code.slug, f.pointer) for f in refused.value.findings] == [("request-parameter", pointer)]
