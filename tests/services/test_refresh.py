"""Trust material from a real HTTP server into a real database: what is kept, what is refused, who asks, what becomes of held ones."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from registry.cli import fetching
from registry.core.findings import Outcome, Refusal
from registry.demo import pki
from registry.services import refresh, submission, trust, trust_health, trust_sources, work
from registry.services.trust_health import State
from registry.services.world import Known, World
from registry.storage import sources as stored_sources
from registry.storage import trust as stored
from registry.storage.database import Database
from tests import small_city
from tests.services.test_work import Seen, until, working
from tests.trust_server import Reply, Responder, Site, serving

pytestmark = pytest.mark.anyio

NOW = datetime.now(UTC).replace(microsecond=0)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
VENDOR = small_city.vendor(*small_city.SCHOOLS)
CITY = small_city.small_city().trust
ROOT, AGENCIES, LICENSED = CITY.government.root, CITY.government.agencies, CITY.public.licensed[0]


@pytest.fixture
async def site(world: World) -> AsyncIterator[Site]:
    """A server, beside a registry that knows the city's CAs but has no list."""
    await small_city.settle(world, small_city.small_city(), VENDOR, lists=False)
    with serving() as opened:
        yield opened


async def configure(world: World, site: Site, *paths: str, kind: str = "crl", issuer: bytes = b"") -> None:
    rows = [trust_sources.source(site.url(path), kind, issuer.hex()) for path in paths]
    await trust_sources.add(world, rows, NOW)


async def run(world: World, now: datetime | None = None, **more: timedelta) -> list[refresh.Result]:
    async with fetching.fetcher(2) as fetch:
        return await refresh.refresh(world, fetch, now or datetime.now(UTC), **more)


async def only(world: World) -> refresh.Result:
    (result,) = await run(world)
    return result


async def newest(world: World) -> Known:
    """The register as it is in the database now."""
    return await world.register.newer_than(world.db, (await world.known()).generation)


async def lists(world: World) -> dict[bytes, int]:
    async with world.db.snapshot() as tx:
        return {row.der: row.number for row in await stored.revocation_lists(tx)}


def crl(authority: pki.Authority = ROOT, *, age: timedelta = HOUR, lasts: timedelta = DAY, **more: object) -> bytes:
    return authority.crl(NOW - age, NOW - age + lasts, **more)  # type: ignore[arg-type]


def counts(result: refresh.Result) -> tuple[int, int, int]:
    return result.new, result.unchanged, len(result.refused)


def pem(der: bytes) -> bytes:
    return b"-----BEGIN X509 CRL-----\n" + base64.encodebytes(der) + b"-----END X509 CRL-----\n"


async def test_a_list_comes_once(world: World, site: Site) -> None:
    der = crl()
    site.replies["/root.crl"] = Reply(pem(der))
    await configure(world, site, "/root.crl")
    before = (await world.known()).generation
    assert counts(await only(world)) == (1, 0, 0)
    assert list(await lists(world)) == [der]
    moved = (await newest(world)).generation
    assert moved > before
    assert counts(await only(world)) == (0, 1, 0)
    assert (await newest(world)).generation == moved


async def test_unchanged_by_its_tag(world: World, site: Site) -> None:
    site.replies["/root.crl"] = Reply(crl(), headers={"ETag": '"7"'})
    await configure(world, site, "/root.crl")
    first, second = await only(world), await only(world)
    assert (first.fetched, counts(first)) == (1, (1, 0, 0))
    assert (second.fetched, counts(second)) == (0, (0, 1, 0))


async def test_a_roll_back_is_refused(world: World, site: Site) -> None:
    newer, older = crl(number=900), crl(number=899)
    site.replies["/root.crl"] = [Reply(newer), Reply(older)]
    await configure(world, site, "/root.crl")
    assert counts(await only(world)) == (1, 0, 0)
    refused = await only(world)
    assert (counts(refused), refused.succeeded) == ((0, 0, 1), False)
    assert list(await lists(world)) == [newer]


def elsewhere() -> pki.Authority:
    """A CA that calls itself as the root does."""
    return pki.Authority.make_root(ROOT.subject, NOW - DAY, NOW + DAY, key=pki.new_key("p256"))


@pytest.mark.parametrize(
    "body",
    [
        crl(elsewhere()),
        crl(key=LICENSED.key, number=10**6),
        crl(age=-DAY, number=10**6),
        b"<html>",
        ROOT.der,
        pem(crl())[:-40],
    ],
    ids=["of a CA not held", "signed by another key", "of tomorrow", "a page", "a certificate", "half"],
)
async def test_what_is_not_kept(world: World, site: Site, body: bytes) -> None:
    site.replies["/root.crl"] = Reply(body, headers={"ETag": '"1"'})
    await configure(world, site, "/root.crl")
    result = await only(world)
    assert (counts(result), result.succeeded) == ((0, 0, 1), False)
    assert await lists(world) == {}
    assert (await only(world)).fetched == 1, "what was refused is looked at again"


async def test_one_bad_source_does_not_spoil_the_others(world: World, site: Site) -> None:
    site.replies |= {
        "/root.crl": Reply(crl()),
        "/slow": Reply(crl(), drip=0.1),
        "/large": Reply(bytes(fetching.LARGEST + 1)),
        "/away": Reply(status=302, headers={"Location": "http://localhost:9/"}),
    }
    await configure(world, site, "/slow", "/large", "/away", "/root.crl", "/none")
    results = {result.source.url.removeprefix(site.base): result for result in await run(world)}
    assert {path for path, result in results.items() if result.failed} == {"/slow", "/large", "/away", "/none"}
    assert results["/root.crl"].succeeded
    health = await trust_health.look(world, NOW)
    assert sum(source.ever for source in health.sources) == 1


async def test_a_delta_does_not_replace_its_base(world: World, site: Site) -> None:
    base = crl(number=2000)
    delta = crl(number=2001, extra=[(x509.DeltaCRLIndicator(2000), True)])
    site.replies |= {"/base": Reply(base), "/delta": Reply(delta)}
    await configure(world, site, "/base", "/delta")
    assert [counts(result) for result in await run(world)] == [(1, 0, 0), (1, 0, 0)]
    assert set(await lists(world)) == {base, delta}


async def test_certificates_that_a_held_ca_signed(world: World, site: Site) -> None:
    span = NOW - DAY, NOW + DAY
    child = ROOT.make_intermediate(pki.name("CA mới"), *span, key=pki.new_key("p256"), pathlen=1)
    grandchild = child.make_intermediate(pki.name("CA mới hơn"), *span, key=pki.new_key("p256"))
    stranger = elsewhere().make_intermediate(pki.name("CA lạ"), *span, key=pki.new_key("p256"))
    bundle = pkcs7.serialize_certificates(
        [a.certificate for a in (grandchild, child, ROOT, stranger, elsewhere())], Encoding.DER
    )
    site.replies["/bundle.p7b"] = Reply(bundle)
    await configure(world, site, "/bundle.p7b", kind="certificates")
    assert counts(await only(world)) == (2, 1, 2)
    async with world.db.snapshot() as tx:
        held = {c.der: c.kind for c in await stored.certificates(tx)}
    assert (held[child.der], held[grandchild.der]) == ("intermediate", "intermediate")
    assert stranger.der not in held


def leaf_of(authority: pki.Authority) -> x509.Certificate:
    return next(signer.certificate for signer in CITY.everybody() if signer.issuer is authority)


def responder(authority: pki.Authority = AGENCIES, *, age: timedelta = HOUR) -> Responder:
    known = {s.certificate.serial_number: s.certificate for s in CITY.everybody() if s.issuer is authority}
    return Responder(authority, known, NOW - age, NOW + DAY)


async def answers(world: World) -> list[stored.StoredAnswer]:
    async with world.db.snapshot() as tx:
        return await stored.ocsp_answers(tx)


def digest(authority: pki.Authority) -> bytes:
    return trust.readable([authority.der])[0].fingerprint


async def test_answers_about_registered_signers(world: World, site: Site) -> None:
    desk = responder()
    site.replies["/ocsp"] = Reply(desk.answer)
    await configure(world, site, "/ocsp", kind="ocsp", issuer=digest(AGENCIES))
    result = await only(world)
    assert (result.fetched, counts(result)) == (len(desk.known), (len(desk.known), 0, 0))
    assert {asked[0] for asked in site.asked} == {"POST"}
    known = await newest(world)
    assert len(known.index.trust.ocsp_answers) == len(desk.known) > 1


async def test_an_older_answer_is_refused_and_a_newer_one_replaces(world: World, site: Site) -> None:
    young, old, newest = responder(), responder(age=2 * HOUR), responder(age=timedelta(0))
    site.replies["/ocsp"] = Reply(young.answer)
    await configure(world, site, "/ocsp", kind="ocsp", issuer=digest(AGENCIES))
    await run(world)
    site.replies["/ocsp"] = Reply(old.answer)
    refused = await only(world)
    assert (refused.new, len(refused.refused)) == (0, len(young.known))
    assert {row.this_update for row in await answers(world)} == {NOW - HOUR}
    site.replies["/ocsp"] = Reply(newest.answer)
    assert (await only(world)).new == len(young.known)
    assert {row.this_update for row in await answers(world)} == {NOW}


@pytest.mark.parametrize("wrong", ["another certificate", "another CA", "unauthorized", "garbage", "status"])
async def test_answers_that_are_not_kept(world: World, site: Site, wrong: str) -> None:
    desk = responder()
    stranger = replace(desk, delegate=(LICENSED.certificate, LICENSED.key))
    replies = {
        "another certificate": Reply(desk.about(AGENCIES.issue_leaf(pki.name("x"), pki.new_key("p256").public_key(), NOW, NOW + DAY))),
        "another CA": Reply(stranger.answer),
        "unauthorized": Reply(replace(desk, known={}).answer),
        "garbage": Reply(b"?"),
        "status": Reply(status=404),
    }  # fmt: skip
    site.replies["/ocsp"] = replies[wrong]
    await configure(world, site, "/ocsp", kind="ocsp", issuer=digest(AGENCIES))
    result = await only(world)
    assert (result.new, result.succeeded) == (0, False)
    assert result.refused
    assert await answers(world) == []


async def test_answers_from_a_folder(world: World, site: Site) -> None:
    desk, stranger = responder(), responder(LICENSED)
    good = {f"ocsp/{n}.der": desk.about(c) for n, c in enumerate(desk.known.values())}
    foreign = replace(stranger, authority=AGENCIES, delegate=(LICENSED.certificate, LICENSED.key))
    bad = {"ocsp/x.der": foreign.about(leaf_of(AGENCIES))}
    report = await trust.import_files(world, good | bad, NOW)
    assert (report.ocsp_answers, len(report.problems)) == (len(good), 1)
    again = await trust.import_files(world, good, NOW)
    assert (again.ocsp_answers, again.problems) == (0, [])
    assert len(await answers(world)) == len(good)


async def test_a_fresh_answer_stands_in_for_a_list(world: World, site: Site) -> None:
    desk = responder()
    await trust.import_files(world, {f"ocsp/{n}": desk.about(c) for n, c in enumerate(desk.known.values())}, NOW)
    await newest(world)
    states = {need.subject: need.state for need in (await trust_health.look(world, NOW, HOUR)).needs}
    assert states.pop(AGENCIES.subject.rfc4514_string()) is State.FRESH
    assert set(states.values()) == {State.MISSING}


async def test_the_database_goes_away(world: World, site: Site) -> None:
    site.replies["/root.crl"] = Reply(crl())
    await configure(world, site, "/root.crl", "/another.crl")
    absent = replace(world, db=Database("postgresql://nobody@127.0.0.1:9/none"))
    with pytest.raises(Refusal) as refused:
        await run(absent)
    assert refused.value.code.slug == "service-database"


async def test_a_responder_of_a_ca_that_is_not_held_is_not_asked(world: World, site: Site) -> None:
    await configure(world, site, "/ocsp", kind="ocsp", issuer=bytes(32))
    assert (await only(world)).failed is not None
    assert site.asked == []


async def test_one_process_asks_at_a_time(world: World, site: Site) -> None:
    site.replies["/root.crl"] = Reply(crl())
    await configure(world, site, "/root.crl")
    async with world.db.transaction() as tx:
        assert await stored_sources.claim(tx, NOW, NOW, NOW + DAY)
    (busy,) = await run(world, NOW)
    assert busy.failed is not None
    assert site.asked == []
    assert (await run(world, NOW + 2 * DAY))[0].failed is None, "a claim of a killed process ends"


async def test_what_is_not_due_is_not_asked(world: World, site: Site) -> None:
    site.replies["/root.crl"] = Reply(crl())
    await configure(world, site, "/root.crl")
    assert len(await run(world, every=HOUR)) == 1
    assert await run(world, every=HOUR) == []
    assert len(await run(world, datetime.now(UTC) + HOUR, every=HOUR)) == 1


async def test_a_removed_source_is_not_asked_and_can_come_back(world: World, site: Site) -> None:
    await configure(world, site, "/root.crl")
    assert await trust_sources.remove(world, site.url("/root.crl"), None, NOW) == 1
    assert await run(world) == []
    await configure(world, site, "/root.crl")
    assert len(await trust_sources.listed(world)) == 1


async def test_stale_then_held_then_refreshed_then_accepted(world: World, site: Site) -> None:
    stale = {f"crls/{a.slug}.crl": crl(a, age=9 * DAY) for a in CITY.authorities}
    assert (await trust.import_files(world, stale, NOW)).problems == []
    caller = (await newest(world)).caller(VENDOR.caller_id)
    city = small_city.small_city()
    answer = await submission.submit(
        world, caller, city.signed(city.document()), "application/jose+json", datetime.now(UTC)
    )
    assert answer.outcome is Outcome.HELD
    health = await trust_health.look(world, datetime.now(UTC))
    assert {need.state for need in health.needs} == {State.STALE}
    assert {need.waiting for need in health.needs} == {0, 1}, "one document waits, not for every CA"
    for authority in CITY.authorities:
        site.replies[f"/{authority.slug}.crl"] = Reply(pem(crl(authority, lasts=2 * DAY)))
        await configure(world, site, f"/{authority.slug}.crl")
    seen, looks = Seen(), list[trust_health.Health]()
    watch = replace(seen.watch, trust=looks.append)
    async with fetching.fetcher() as fetch:
        tasks = (*work.plan, work.refreshing(fetch, HOUR))
        async with working(world, watch, tasks):
            await until(lambda: seen.outcomes["accepted"] == 1)
    await work.look_at_trust(world, watch, asyncio.Event())
    assert looks[-1].count(State.FRESH) == len(looks[-1].needs) > 0
    assert (await submission.state(world, VENDOR, answer.submission_id)).outcome == "accepted"
    assert (looks[-1].seconds_left(NOW) or 0) > 0


async def test_what_is_missing_and_what_ends_soon(world: World, site: Site) -> None:
    assert {need.state for need in (await trust_health.look(world, NOW)).needs} == {State.MISSING}
    fresh = {f"crls/{a.slug}.crl": crl(a) for a in CITY.authorities}
    assert (await trust.import_files(world, fresh, NOW)).problems == []
    await newest(world)
    found = await trust_health.look(world, NOW, 2 * DAY)
    assert {need.state for need in found.needs} == {State.ENDING}
    assert {need.state for need in (await trust_health.look(world, NOW, HOUR)).needs} == {State.FRESH}
    assert found.seconds_left(NOW) == pytest.approx((DAY - HOUR).total_seconds())
    assert found.unknown_issuers == 0


async def test_a_delta_keeps_a_list_fresh_in_the_table_too(world: World, site: Site) -> None:
    """As it does when documents are judged."""
    fresh = {f"crls/{a.slug}.crl": crl(a) for a in CITY.authorities}
    assert (await trust.import_files(world, fresh, NOW)).problems == []
    first = CITY.authorities[0]
    delta = first.crl(NOW, NOW + 9 * DAY, extra=[(x509.DeltaCRLIndicator(1), True)])
    for authority in CITY.authorities[1:]:
        assert (await trust.import_files(world, {"crls/x": authority.crl(NOW, NOW + 9 * DAY)}, NOW)).problems == []
    await newest(world)
    assert (await trust_health.look(world, NOW, 2 * DAY)).count(State.ENDING) == 1
    assert (await trust.import_files(world, {"crls/delta": delta}, NOW)).problems == []
    await newest(world)
    assert (await trust_health.look(world, NOW, 2 * DAY)).count(State.FRESH) == len(CITY.authorities)
