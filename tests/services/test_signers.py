"""The register of signers on a real database: lists as differences, every wrong row at once, closing, history, no number in clear."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from registry.core.findings import Refusal
from registry.core.signers import Change, HolderKind, Title
from registry.core.trust import Role
from registry.demo.signers import DemoSigner
from registry.services import signers, trust
from registry.services.world import World
from registry.storage import generation
from tests.services.test_signer_cases import CITY, DEPUTY, PERSON, close, made
from tests.small_city import NOW, PRIMARY, settle

pytestmark = pytest.mark.anyio
HEAD = "certificate,school_code,role,valid_from,valid_to,holder,title"
ORIGIN = signers.Origin("signers.csv", "office")
SCHOOL = PRIMARY.code
TEACHER = made(Role.TEACHER, f"CCCD:{PERSON}")
SEAL = made(Role.SEAL, "MST:0301234567-001")
OLD = made(Role.PRINCIPAL)
LATER = NOW + timedelta(hours=1)


def pem(who: DemoSigner) -> bytes:
    return who.certificate.public_bytes(Encoding.PEM)


FILES: Mapping[str, bytes] = {
    "teacher.pem": pem(TEACHER), "seal.crt": SEAL.certificate.public_bytes(Encoding.DER), "old.pem": pem(OLD),
    "ca.pem": CITY.trust.government.agencies.certificate.public_bytes(Encoding.PEM), "two.pem": pem(TEACHER) + pem(SEAL),
    "none.pem": b"-----BEGIN", "huge.pem": b"x" * 70_000,
}  # fmt: skip
GOOD = (
    f"teacher.pem,{SCHOOL},teacher,2024-08-01,,,",
    f"seal.crt,{SCHOOL},seal,2024-08-01,2029-08-01,MST:0301234567001,",
    f"old.pem,{SCHOOL},principal,2024-08-01,,CCCD:{DEPUTY},deputy",
)


async def take(
    world: World, *rows: str, head: str = HEAD, dry_run: bool = False, now: datetime = NOW
) -> signers.Report:
    raw = "\n".join((head, *rows)).encode()
    return await signers.import_table(world, raw, FILES.get, now, ORIGIN, dry_run=dry_run)


async def wrong(world: World, *rows: str, head: str = HEAD) -> tuple[str, list[tuple[str, str]]]:
    with pytest.raises(Refusal) as refused:
        await take(world, *rows, head=head)
    details = str([finding.detail for finding in refused.value.findings])
    assert all(secret not in details for secret in (PERSON, DEPUTY, "0301234567"))
    return refused.value.code.slug, [(f.code.slug, f.pointer) for f in refused.value.findings]


@pytest.fixture
async def settled(world: World) -> World:
    await settle(world, CITY)
    return world


async def test_a_list_is_a_difference(settled: World) -> None:
    async with settled.db.snapshot() as tx:
        before = await generation.current(tx)
    assert await take(settled, *GOOD, dry_run=True) == signers.Report(3, 0, 0, 0)
    assert await take(settled, *GOOD) == signers.Report(3, 0, 0, 0)
    assert await take(settled, *GOOD) == signers.Report(0, 0, 3, 0)
    assert await take(settled, GOOD[0].replace(",,,", ",2026-08-01,,"), now=LATER) == signers.Report(0, 1, 0, 0)
    short = GOOD[0].removesuffix(",,")
    found = await take(settled, short, head=HEAD.removesuffix(",holder,title"), now=LATER + timedelta(hours=1))
    assert found == signers.Report(0, 1, 0, 0)
    assert await take(settled) == signers.Report(0, 0, 0, 0), "an empty list wipes nothing"
    async with settled.db.snapshot() as tx:
        assert await generation.current(tx) == before + 3, "moves with every change and with nothing else"
    mine = TEACHER.certificate.fingerprint(hashes.SHA256())
    events = [e for e in await signers.history(settled, SCHOOL) if e.certificate == mine]
    assert [(e.change, e.valid_to and e.valid_to.year, e.before is None) for e in events] == [
        (Change.REGISTERED, None, True),
        (Change.CHANGED, 2026, False),
        (Change.CHANGED, None, False),
    ]
    assert {(e.source, e.caller_id) for e in events} == {("signers.csv", "office")}


async def test_what_is_shown_and_what_is_kept(settled: World) -> None:
    await take(settled, *GOOD)
    shown = {s.registration.signer.role: s for s in await signers.look(settled, SCHOOL) if s.registration.holder_index}
    assert {role: (s.registration.holder_kind, s.registration.title) for role, s in shown.items()} == {
        Role.TEACHER: (HolderKind.PERSON, None),  # from the certificate
        Role.SEAL: (HolderKind.ORGANISATION, None),
        Role.PRINCIPAL: (HolderKind.PERSON, Title.DEPUTY),  # from the list
    }
    seal = shown[Role.SEAL].registration
    assert seal.serial == f"{SEAL.certificate.serial_number:x}"
    assert "CA phục vụ" in seal.issuer
    assert shown[Role.TEACHER].registration.holder_index == settled.sealer.number_index(f"signer CCCD:{PERSON}")
    assert shown[Role.TEACHER].registration.holder_index != settled.sealer.number_index(PERSON)
    async with settled.db.hot_transaction() as tx:
        for table in ("signer", "signer_change"):
            text = str(await tx.fetch(f"SELECT to_jsonb(t) - 'der' FROM {table} t"))
            assert not any(secret in text for secret in (PERSON, DEPUTY, "0301234567"))


ROWS: list[tuple[str, list[tuple[str, str]]]] = [
    (f"gone.pem,{SCHOOL},teacher,2024-08-01,,,", [("register-row", "certificate")]),
    (f"ca.pem,{SCHOOL},teacher,2024-08-01,,,", [("register-row", "certificate")]),
    (f"two.pem,{SCHOOL},teacher,2024-08-01,,,", [("register-row", "certificate")]),
    (f"none.pem,{SCHOOL},teacher,2024-08-01,,,", [("register-row", "certificate")]),
    (f"huge.pem,{SCHOOL},teacher,2024-08-01,,,", [("register-row", "certificate")]),
    (f"teacher.pem,{SCHOOL},headmaster,2024-08-01,,,", [("register-row", "role")]),
    (f"teacher.pem,{SCHOOL},teacher,1/8/2024,,,", [("register-row", "valid_from")]),
    (f"teacher.pem,{SCHOOL},teacher,,,,", [("register-row", "valid_from")]),
    (f"teacher.pem,{SCHOOL},teacher,2024-08-01,2024-08-01,,", [("register-row", "valid_to")]),
    (f"teacher.pem,{SCHOOL},teacher,2024-08-01,,{PERSON},", [("register-row", "holder")]),
    (f"teacher.pem,{SCHOOL},teacher,2024-08-01,,CCCD:{DEPUTY},", [("register-holder", "holder")]),
    (f"teacher.pem,{SCHOOL},teacher,2024-08-01,,MST:0301234567,", [("register-row", "holder")]),
    (f"seal.crt,{SCHOOL},seal,2024-08-01,,MST:0301234567,", [("register-holder", "holder")]),
    (f"seal.crt,{SCHOOL},seal,2024-08-01,,CCCD:{PERSON},", [("register-row", "holder")]),
    (f"teacher.pem,{SCHOOL},teacher,2024-08-01,,,deputy", [("register-row", "title")]),
    (f"old.pem,{SCHOOL},principal,2024-08-01,,,boss", [("register-row", "title")]),
    ("teacher.pem,79000000,teacher,2024-08-01,,,", [("register-row", "school_code")]),
    ("teacher.pem,a b,teacher,2024-08-01,,,", [("register-row", "school_code")]),
    ("gone.pem,,x,y,,,z", [("register-row", c) for c in ("certificate", "role", "title", "school_code", "valid_from")]),
]


@pytest.mark.parametrize(("row", "expected"), ROWS)
async def test_every_wrong_cell_is_named_and_nothing_is_written(
    settled: World, row: str, expected: list[tuple[str, str]]
) -> None:
    code, found = await wrong(settled, GOOD[1], row)
    assert found == [(slug, f"/rows/3/{column}") for slug, column in expected]
    assert code == expected[0][0]
    assert SEAL.certificate.serial_number not in {
        int(s.registration.serial, 16) for s in await signers.look(settled, SCHOOL)
    }


async def test_the_table_itself(settled: World) -> None:
    assert await wrong(settled, head="certificate,role") == ("register-row", [("register-row", "/rows/1")])
    assert await wrong(settled, "a,b") == ("register-row", [("register-row", "/rows/2")])
    overlapping = GOOD[0].replace("2024-08-01,", "2025-08-01,")
    assert await wrong(settled, GOOD[0], overlapping) == ("register-row", [("register-row", "/rows/3/valid_from")])


async def test_closed_stays_closed(settled: World) -> None:
    await take(settled, GOOD[0])
    after = await close(settled, TEACHER, "2025-01-01", LATER)
    assert (after.signer.valid_to, after.closed_at) == (datetime(2025, 1, 1, tzinfo=UTC), LATER)
    assert await take(settled, GOOD[0]) == signers.Report(0, 0, 0, 1)
    with pytest.raises(Refusal) as refused:
        await close(settled, TEACHER, "2025-06-01")
    assert refused.value.code.slug == "register-unknown"
    again = GOOD[0].replace("2024-08-01", "2025-08-01")
    assert await take(settled, again, now=LATER + timedelta(hours=1)) == signers.Report(1, 0, 0, 0)
    (_, closed, _) = [e for e in await signers.history(settled, SCHOOL) if e.certificate == after.signer.certificate]
    assert (closed.change, closed.reason) == (Change.CLOSED, "thôi giữ chức vụ")


@pytest.mark.parametrize("reason", ["", "  ", "x" * 201, f"số {PERSON}"])
async def test_a_reason_is_needed_without_anybodys_number(settled: World, reason: str) -> None:
    await take(settled, GOOD[0])
    closing = signers.Closing(b"", SCHOOL, Role.TEACHER, NOW, reason)
    with pytest.raises(Refusal) as refused:
        await signers.close(settled, closing, NOW, ORIGIN)
    assert [(f.code.slug, f.pointer) for f in refused.value.findings] == [("register-row", "/reason")]


async def test_the_folder_takes_what_is_good_and_names_the_rest(settled: World) -> None:
    rows = (*GOOD, f"gone.pem,{SCHOOL},teacher,2024-08-01,,,", f"teacher.pem,{SCHOOL},seal,2024-08-01,,CCCD:{PERSON},")
    files = {**FILES, "signers.csv": "\n".join((HEAD, *rows)).encode()}
    del files["none.pem"], files["huge.pem"]
    report = await trust.import_files(settled, files, LATER)
    assert report.signers == 3
    assert [problem.split(":")[0] for problem in report.problems] == [
        "signers.csv, line 5, certificate",
        "signers.csv, line 6, holder",
    ]
    assert PERSON not in str(report.problems)
    again = await trust.import_files(settled, CITY.files, LATER, unlisted_anchors=True)
    assert (again.signers, again.problems) == (0, [])
