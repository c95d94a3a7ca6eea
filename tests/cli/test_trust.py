"""`registry trust` on a real database and a real HTTP server: known roots, sources, refresh, status, watch, and their exit codes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from registry.api import telemetry
from registry.services import roots, trust_health
from registry.services.world import World
from registry.storage import trust
from tests import small_city
from tests.cli.conftest import Commands, Run
from tests.trust_server import Reply, Site, serving

pytestmark = pytest.mark.anyio
CITY = small_city.small_city()
ROOT = CITY.trust.government.root
NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def run(commands: Commands) -> Run:
    return commands("trust")


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as opened:
        yield opened


async def anchors(world: World) -> dict[bytes, str | None]:
    async with world.db.snapshot() as tx:
        return {c.fingerprint: c.hierarchy for c in await trust.certificates(tx) if c.hierarchy}


def root_file(folder: Path) -> tuple[Path, str]:
    file = folder / "root.crt"
    file.write_bytes(ROOT.certificate.public_bytes(Encoding.DER))
    return file, ROOT.certificate.fingerprint(hashes.SHA256()).hex().upper()


async def test_the_national_roots_come_along(run: Run) -> None:
    rows = json.loads((await run("known-roots", "list", "--json")).stdout)
    assert {(row["sha256"][:8], row["hierarchy"]) for row in rows} == {
        ("f04ba4b4", "government"),
        ("bac8bf60", "public"),
    }
    assert all(len(root.fingerprint) == 32 for root in roots.built_in())
    known = roots.built_in()[0].fingerprint.hex()
    assert (await run("known-roots", "add", known, "public", "x")).exit_code == 1
    assert (await run("known-roots", "remove", known)).exit_code == 1
    assert (await run("known-roots", "add", "abc", "public", "x")).exit_code == 2


async def test_an_unlisted_anchor_needs_a_word(run: Run, world: World, tmp_path: Path) -> None:
    file, printed = root_file(tmp_path)
    refused = await run("import", str(file), "--anchor", "government", "--json")
    assert refused.exit_code == 1
    assert printed in json.loads(refused.stdout)["problems"][0]
    assert await anchors(world) == {}
    taken = await run("import", str(file), "--anchor", "government", "--unlisted-anchor", "--json")
    assert taken.exit_code == 0
    (line,) = json.loads(taken.stdout)["fingerprints"]
    assert printed in line
    assert "NOT a known national root" in line
    assert list((await anchors(world)).values()) == ["government"]
    again = await run("import", str(file), "--anchor", "government")
    assert again.exit_code == 0, "what is an anchor already needs no word again"


async def test_a_known_root_is_taken_under_its_own_hierarchy_only(run: Run, world: World, tmp_path: Path) -> None:
    file, printed = root_file(tmp_path)
    assert (await run("known-roots", "add", printed, "government", "Gốc thử nghiệm")).exit_code == 0
    for word in ((), ("--unlisted-anchor",)):
        assert (await run("import", str(file), "--anchor", "public", *word)).exit_code == 1
    assert await anchors(world) == {}
    taken = await run("import", str(file), "--anchor", "government", "--json")
    assert "(known national root)" in json.loads(taken.stdout)["fingerprints"][0]
    assert (await run("known-roots", "remove", printed)).exit_code == 0
    assert len(await anchors(world)) == 1


async def test_a_root_of_time_stamping_is_kept_apart(run: Run, world: World, tmp_path: Path) -> None:
    file, _ = root_file(tmp_path)
    assert (await run("import", str(file), "--anchor", "timestamp", "--unlisted-anchor")).exit_code == 0
    assert list((await anchors(world)).values()) == ["timestamp"]
    assert (await run("import", str(file), "--anchor", "other")).exit_code == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ("ftp://ca.example/x.crl", "--kind", "crl"),
        ("http://", "--kind", "crl"),
        ("http://user:secret@ca.example/x", "--kind", "crl"),
        ("http://ca.example/x y", "--kind", "crl"),
        ("http://ca.example/x", "--kind", "list"),
        ("http://ca.example/x", "--kind", "ocsp"),
        ("http://ca.example/x", "--kind", "crl", "--issuer", "00" * 32),
        ("http://ca.example/x", "--kind", "ocsp", "--issuer", "00"),
    ],
)
async def test_addresses_that_are_not_taken(run: Run, arguments: tuple[str, ...]) -> None:
    assert (await run("source", "add", *arguments)).exit_code == 2


async def test_sources_by_command_and_by_file(run: Run, tmp_path: Path) -> None:
    assert (await run("source", "add", "http://ca.example/x.crl", "--kind", "crl")).exit_code == 0
    file = tmp_path / "sources.csv"
    rows = ["url,kind,issuer", "http://ca.example/x.crl,crl,", f"http://ocsp.example/,ocsp,{'00' * 32}"]
    file.write_text("\n".join(rows))
    assert "1 new" in (await run("source", "add", str(file))).stdout
    listed = json.loads((await run("source", "list", "--json")).stdout)
    assert [(row["kind"], row["url"]) for row in listed] == [
        ("crl", "http://ca.example/x.crl"),
        ("ocsp", "http://ocsp.example/"),
    ]
    assert (await run("source", "remove", "http://ca.example/x.crl", "--kind", "ocsp")).exit_code == 1
    assert (await run("source", "remove", "http://ca.example/x.crl")).exit_code == 0
    file.write_text("url,kind,issuer\nhttp://ca.example/x.crl,post,\n")
    assert (await run("source", "add", str(file))).exit_code == 1


async def test_refresh_status_and_watch(run: Run, world: World, site: Site, tmp_path: Path) -> None:
    await small_city.settle(world, CITY, lists=False)
    before = await run("status", "--json")
    assert before.exit_code == 1
    assert {need["state"] for need in json.loads(before.stdout)["needs"]} == {"missing"}
    rows = ["url,kind,issuer"]
    for authority in CITY.trust.authorities:
        site.replies[f"/{authority.slug}"] = Reply(authority.crl(NOW - timedelta(hours=1), NOW + timedelta(days=3)))
        rows.append(f"{site.url('/' + authority.slug)},crl,")
    config = tmp_path / "sources.csv"
    config.write_text("\n".join(rows))
    done = await run("refresh", "--once", "--config", str(config), "--json")
    assert (done.exit_code, [row["new"] for row in json.loads(done.stdout)]) == (0, [1] * 5)
    after = await run("status", "--json")
    found = json.loads(after.stdout)
    assert (after.exit_code, {need["state"] for need in found["needs"]}) == (0, {"fresh"})
    assert all(source["succeeded_ever"] for source in found["sources"])
    assert site.base not in after.stdout
    assert {n["state"] for n in json.loads((await run("status", "--hours", "96", "--json")).stdout)["needs"]} == {
        "ending"
    }
    site.replies[f"/{ROOT.slug}"] = Reply(status=404)
    broken = await run("refresh")
    assert broken.exit_code == 1
    assert "404" in broken.output
    assert (await run("watch", "--days", "10")).exit_code == 0
    ending = await run("watch", "--unit", f"school:{small_city.PRIMARY.code}", "--before", "2034-01-01", "--json")
    assert (ending.exit_code, len(json.loads(ending.stdout)["entries"])) == (1, 3)
    assert (await run("status")).exit_code == 0
    assert "Tiểu học A" in (await run("watch", "--before", "2034-01-01")).stdout


async def test_numbers_without_names(world: World, site: Site) -> None:
    await small_city.settle(world, CITY, lists=False)
    telemetry.set_trust(await trust_health.look(world, NOW))
    shown = telemetry.own_exposition().decode()
    assert "registry_revocation_missing 5.0" in shown
    assert "registry_revocation_stale 0.0" in shown
    source = trust_health.SourceAge("0123456789ab", "crl", 60.0, ever=True)
    need = trust_health.Need(b"", "CN=CA", 1, trust_health.State.STALE, NOW - timedelta(minutes=2), 0)
    telemetry.set_trust(trust_health.Health((need,), 0, (source,)))
    shown = telemetry.own_exposition().decode()
    assert 'registry_trust_source_age_seconds{source="0123456789ab"} 60.0' in shown
    assert "registry_revocation_first_stale_seconds -" in shown
    assert "CN=" not in shown
    telemetry.set_trust(trust_health.Health((need,), 0, ()))
    assert "0123456789ab" not in telemetry.own_exposition().decode()
