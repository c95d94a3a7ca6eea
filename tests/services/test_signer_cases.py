"""What happens in schools: principals change, deputies sign, teachers work at two schools, certificates and seals are renewed.

Each through the whole registry on a real database: the register is changed by import and closing, documents are submitted.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from registry.core.findings import Refusal
from registry.core.signers import Registration
from registry.core.trust import Policy, PolicyRow, Role
from registry.demo import city as cities
from registry.demo import pki, transcripts
from registry.demo import signers as demo_signers
from registry.demo.schools import DemoSchool
from registry.demo.signers import DemoSigner
from registry.formats import base64url
from registry.formats import evidence as archives
from registry.services import checking, evidence, judging, policies, signers, submission, trust
from registry.services.world import World
from tests import hostile
from tests.small_city import NOW, PRIMARY, SECONDARY, SmallCity, settle, small_city, vendor

pytestmark = pytest.mark.anyio
MINE = vendor(PRIMARY, SECONDARY)
CITY: SmallCity = small_city()
BEFORE, AFTER, CHANGE = date(2024, 5, 30), date(2024, 6, 10), "2024-06-05"
DEPUTY, PERSON = "079180000001", "079170000002"
ORIGIN = signers.Origin("test")
Row = tuple[DemoSigner, str, str, str, str, str, str]  # signer, school, role, from, to, holder, title


@pytest.fixture
async def settled(world: World) -> World:
    await settle(world, CITY, MINE)
    return world


def made(role: Role, *uids: str, school: DemoSchool = PRIMARY) -> DemoSigner:
    """A signer with a new certificate that has these UID values: a teacher's of a public CA, others' of the government's."""
    issuer = CITY.trust.public.licensed[0] if role is Role.TEACHER else CITY.trust.government.agencies
    key = pki.new_key("p256")
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, "Người ký")]
    parts += [x509.NameAttribute(NameOID.USER_ID, uid) for uid in uids]
    name = x509.Name([x509.RelativeDistinguishedName([part]) for part in parts])
    leaf = issuer.issue_leaf(name, key.public_key(), demo_signers.CERTIFICATES_FROM, demo_signers.CERTIFICATES_TO)
    return DemoSigner(role, school.code, leaf, issuer, key)


async def register(world: World, *rows: tuple[DemoSigner, dict[str, str]]) -> signers.Report:
    """Import registrations as a table; cells not given are those of the signer, from 2023-08-01."""
    files = {f"{n}.crt": who.certificate.public_bytes(Encoding.DER) for n, (who, _) in enumerate(rows)}
    table = ["certificate,school_code,role,valid_from,valid_to,holder,title"]
    for n, (who, cells) in enumerate(rows):
        row = {
            "school": who.school_code,
            "role": who.role.value,
            "start": "2023-08-01",
            "end": "",
            "holder": "",
            "title": "",
        }
        row |= cells
        table.append(",".join((f"{n}.crt", *row.values())))
    report = await signers.import_table(world, "\n".join(table).encode(), files.get, NOW, ORIGIN)
    await world.register.newer_than(world.db, (await world.known()).generation)
    return report


async def close(world: World, who: DemoSigner, at: str = CHANGE, now: datetime = NOW) -> Registration:
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
    fingerprint = who.certificate.fingerprint(hashes.SHA256())
    closing = signers.Closing(fingerprint, who.school_code, who.role, moment, "thôi giữ chức vụ")
    return await signers.close(world, closing, now, ORIGIN)


async def found(
    world: World,
    by: Sequence[DemoSigner],
    day: date = BEFORE,
    *,
    school: DemoSchool = PRIMARY,
    seed: int = 1,
    **fields: Any,
) -> list[tuple[str, str]]:
    """Submit a pupil's document signed by these; (code, pointer) of what is wrong, nothing when it was accepted."""
    document = CITY.document(school, seed) | fields
    raw = cities.sign(transcripts.to_bytes(document), list(by), day)
    answer = await submission.submit(world, MINE, raw, judging.JOSE, NOW)
    assert (answer.receipt is None) == bool(answer.findings)
    assert DEPUTY not in str(answer.findings)
    assert PERSON not in str(answer.findings)
    return [(finding.code.slug, finding.pointer) for finding in answer.findings]


TEACHER, PRINCIPAL, SEAL = CITY.signers_of(PRIMARY)


async def test_a_change_of_principal_in_the_middle_of_the_year(settled: World) -> None:
    new = made(Role.PRINCIPAL)
    await close(settled, PRINCIPAL)
    await register(settled, (new, {"start": CHANGE, "title": "head"}))
    assert await found(settled, [TEACHER, PRINCIPAL, SEAL], BEFORE, seed=1) == []
    assert await found(settled, [TEACHER, new, SEAL], AFTER, seed=2) == []
    too_early = await found(settled, [TEACHER, new, SEAL], BEFORE, seed=3)
    too_late = await found(settled, [TEACHER, PRINCIPAL, SEAL], AFTER, seed=4)
    assert too_early == too_late == [("signer-period", "/signatures/1")]


async def test_a_deputy_signs_for_the_principal(settled: World) -> None:
    deputy = made(Role.PRINCIPAL, "MST:0301234567", f"CCCD:{DEPUTY}")
    await register(settled, (deputy, {"title": "deputy", "holder": f"CCCD:{DEPUTY}"}))
    by = [TEACHER, deputy, SEAL]
    assert await found(settled, by, seed=1, soddcngiamhieu=DEPUTY, chucvugiamhieu="Phó Hiệu trưởng") == []
    assert await found(settled, by, seed=2, soddcngiamhieu=PERSON) == [("signer-person", "/soddcngiamhieu")]


async def test_the_teacher_named_is_not_the_one_who_signed(settled: World) -> None:
    teacher = made(Role.TEACHER, f"CCCD:{PERSON}")
    await register(settled, (teacher, {}))
    assert await found(settled, [teacher, PRINCIPAL, SEAL], seed=1, soddcngvcn=PERSON) == []
    wrong = await found(settled, [teacher, PRINCIPAL, SEAL], seed=2, soddcngvcn=DEPUTY)
    assert wrong == [("signer-person", "/soddcngvcn")]


async def test_an_old_certificate_names_nobody_and_the_register_is_relied_upon(settled: World) -> None:
    teacher = made(Role.TEACHER, "CMND:023456789")
    await register(settled, (teacher, {"holder": f"CCCD:{PERSON}"}))
    assert await found(settled, [teacher, PRINCIPAL, SEAL]) == []


async def test_a_teacher_at_two_schools(settled: World) -> None:
    teacher = made(Role.TEACHER)
    await register(settled, (teacher, {}), (teacher, {"school": SECONDARY.code}))
    assert await found(settled, [teacher, PRINCIPAL, SEAL]) == []
    assert await found(settled, [teacher, *CITY.signers_of(SECONDARY)[1:]], school=SECONDARY) == []


async def test_a_teachers_certificate_is_renewed(settled: World) -> None:
    old, new = made(Role.TEACHER, f"CCCD:{PERSON}"), made(Role.TEACHER, f"CCCD:{PERSON}")
    await register(settled, (old, {}))
    report = await register(settled, (old, {"end": CHANGE}), (new, {"start": CHANGE}))
    assert report == signers.Report(1, 1, 0, 0)
    named: dict[str, Any] = {"soddcngvcn": PERSON}
    assert await found(settled, [old, PRINCIPAL, SEAL], BEFORE, seed=1, **named) == []
    assert await found(settled, [new, PRINCIPAL, SEAL], AFTER, seed=2, **named) == []
    assert await found(settled, [old, PRINCIPAL, SEAL], AFTER, seed=3, **named) == [("signer-period", "/signatures/0")]
    assert await found(settled, [new, PRINCIPAL, SEAL], BEFORE, seed=4, **named) == [("signer-period", "/signatures/0")]


async def test_a_seal_is_renewed_while_the_old_one_still_holds(settled: World) -> None:
    new = made(Role.SEAL, "MST:0301234567")
    await register(settled, (new, {"start": "2024-05-01", "holder": "MST:0301234567"}))
    await close(settled, SEAL)
    assert await found(settled, [TEACHER, PRINCIPAL, SEAL], BEFORE, seed=1) == []
    assert await found(settled, [TEACHER, PRINCIPAL, new], BEFORE, seed=2) == []
    assert await found(settled, [TEACHER, PRINCIPAL, new], AFTER, seed=3) == []
    assert await found(settled, [TEACHER, PRINCIPAL, SEAL], AFTER, seed=4) == [("signer-period", "/signatures/2")]


async def test_a_certificate_of_another_school(settled: World) -> None:
    foreign = CITY.trust.seals[SECONDARY.code]
    assert await found(settled, [TEACHER, PRINCIPAL, foreign]) == [("signer-school", "/signatures/2")]


async def test_one_person_as_teacher_and_principal(settled: World) -> None:
    first, second, both = (
        made(Role.TEACHER, f"CCCD:{PERSON}"),
        made(Role.PRINCIPAL, f"CCCD:{PERSON}"),
        made(Role.PRINCIPAL),
    )
    await register(settled, (first, {}), (both, {}), (both, {"role": "teacher"}))
    named: dict[str, Any] = {"soddcngvcn": PERSON, "soddcngiamhieu": PERSON}
    assert await found(settled, [first, second, SEAL], seed=1, **named) == [("signer-unregistered", "/signatures/1")]
    await register(settled, (second, {"role": "teacher"}))
    assert ("signer-role-missing", "/signatures") in await found(settled, [first, second, SEAL], seed=2, **named)
    await register(settled, (second, {}))
    assert await found(settled, [first, second, SEAL], seed=3, **named) == []
    assert await found(settled, [both, both, SEAL], seed=4) == [("signature-repeated", "/signatures/1")]


def version(name: str, start: datetime, *, required: set[Role], **more: Any) -> Policy:
    rows = tuple(replace(r, valid_from=start, required=r.role in required, **more) for r in policies.default().rows)
    return Policy(name, rows)


async def policy_in_force(world: World, policy: Policy) -> None:
    assert await policies.import_version(world, policy, NOW)
    assert not await policies.import_version(world, policy, NOW), "the same again changes nothing"
    await world.register.newer_than(world.db, (await world.known()).generation)


async def test_a_folder_whose_policy_is_unclear_leaves_the_policy_as_it_was(settled: World) -> None:
    before = await policies.look(settled)
    head = "version,role,ownership,hierarchy,algorithms,valid_from,valid_to,time_stamp"
    rows = "v9,seal,public,government,PS256,2025-01-01,,no\nv9,seal,public,government,PS256,2027-01-01,,yes"
    report = await trust.import_files(settled, {"policy.csv": f"{head}\n{rows}\n".encode()}, NOW)
    assert report.policy is None
    assert [problem.partition(" decide")[0] for problem in report.problems] == ["policy.csv: rows 1 and 2"]
    assert await policies.look(settled) == before


async def test_of_two_versions_of_one_name_at_once_one_is_taken(world: World) -> None:
    """Each as a whole: not the rows of both under one name."""
    wanted = [
        version("twin", datetime(2024, month, 1, tzinfo=UTC), required={role})
        for month, role in ((1, Role.SEAL), (2, Role.PRINCIPAL))
    ]
    done = await asyncio.gather(*(policies.import_version(world, each, NOW) for each in wanted), return_exceptions=True)
    assert sorted(map(type, done), key=str) == [bool, Refusal], done
    taken = next(each for each, result in zip(wanted, done, strict=True) if result is True)
    (kept,) = [each.policy for each in (await policies.look(world)).versions if each.policy.version == "twin"]
    assert set(kept.rows) == set(taken.rows)


async def test_a_policy_that_lets_the_seal_sign_alone(settled: World) -> None:
    assert ("signer-role-missing", "/signatures") in await found(settled, [SEAL], seed=1)
    await policy_in_force(settled, version("alone", datetime(2024, 1, 1, tzinfo=UTC), required={Role.SEAL}))
    assert await found(settled, [SEAL], seed=2) == []
    assert await found(settled, [TEACHER, SEAL], seed=3) == []
    assert await found(settled, [TEACHER], seed=4) == [("signer-role-missing", "/signatures")]


async def test_a_policy_that_wants_every_subject_teacher(settled: World) -> None:
    """From one school year on and where the school teaches by subjects; who is missing is told at the subject."""
    by = CITY.signers_of(SECONDARY)
    document = CITY.document(SECONDARY, 1)
    numbers = dict.fromkeys(mark["soddcngvbm"] for mark in document["bangdiem"])
    teachers = [made(Role.TEACHER, f"CCCD:{number}", school=SECONDARY) for number in list(numbers)[:13]]
    await register(settled, *((teacher, {}) for teacher in teachers))
    start = datetime(2024, 1, 1, tzinfo=UTC)
    default = policies.default().rows
    rows = tuple(replace(r, valid_from=start, subject_teachers=r.role is Role.TEACHER) for r in default)
    await policy_in_force(settled, Policy("every", rows))
    missing = await found(settled, by, school=SECONDARY)
    assert {code for code, _ in missing} == {"signer-role-missing"}
    assert {pointer.rpartition("/")[2] for _, pointer in missing} == {"soddcngvbm"}
    assert len(missing) == len(numbers) > 1
    assert await found(settled, [*teachers, *by], school=SECONDARY) == []
    assert await found(settled, CITY.signers_of(PRIMARY), seed=2) == []
    shown = await policies.look(settled)
    assert {row.role for _, row in shown.rows if row.subject_teachers} == {Role.TEACHER}


def alone(seed: int) -> dict[str, str]:
    """A pupil's document signed by the seal alone, as the members of a flattened envelope."""
    forger = hostile.Forger(CITY)
    text = base64url.encode(transcripts.to_bytes(CITY.document(PRIMARY, seed)))
    protected = base64url.encode(json.dumps(forger.header(2, None), indent=1).encode())
    value = forger.keys[2].sign(f"{protected}.{text}".encode())
    return {"payload": text, "protected": protected, "signature": base64url.encode(value)}


async def test_a_document_of_one_signer_may_be_flattened_or_compact(settled: World) -> None:
    """Known by its first characters wherever a file is read, and its evidence gives the verdict again."""
    flattened, members = json.dumps(alone(1)).encode(), alone(2)
    compact = "{protected}.{payload}.{signature}".format(**members).encode()
    for raw, media_type in ((flattened, judging.JOSE), (compact, judging.COMPACT)):
        assert checking.media_type_of(raw) == media_type
        refused = await submission.submit(settled, MINE, raw, media_type, NOW)
        assert {finding.code.slug for finding in refused.findings} == {"signer-role-missing"}
    await policy_in_force(settled, version("alone", datetime(2024, 1, 1, tzinfo=UTC), required={Role.SEAL}))
    for raw, media_type in ((flattened, judging.JOSE), (compact, judging.COMPACT)):
        answer = await submission.submit(settled, MINE, raw, media_type, NOW)
        assert answer.receipt is not None, answer.findings
        archive = archives.unpack(await evidence.archive(settled, answer.submission_id))
        assert isinstance(archive, archives.Archive)
        assert (archive.document, archive.manifest.reproduced) == (raw, True)


async def test_a_version_decides_about_its_time_and_earlier_ones_about_theirs(settled: World) -> None:
    await policy_in_force(
        settled, version("stamped", datetime(2024, 6, 1, tzinfo=UTC), required=set(Role), time_stamp=True)
    )
    assert await found(settled, [TEACHER, PRINCIPAL, SEAL], BEFORE, seed=1) == []
    wanted = await found(settled, [TEACHER, PRINCIPAL, SEAL], AFTER, seed=2)
    assert wanted == [("signer-time-stamp", f"/signatures/{n}") for n in range(3)]
    shown = await policies.look(settled)
    assert (shown.table.version, [v.policy.version for v in shown.versions]) == ("stamped", ["stamped", "2024-1"])
    assert {row.time_stamp for version, row in shown.rows if version == "2024-1"} == {False}


async def test_a_policy_without_rows_for_the_school_year(settled: World) -> None:
    policy = version("later years", datetime(2024, 1, 1, tzinfo=UTC), required=set(Role), first_year=2024)
    await policy_in_force(settled, policy)
    assert await found(settled, [TEACHER, PRINCIPAL, SEAL]) == [("policy-empty", f"/signatures/{n}") for n in range(3)]
    assert await found(settled, CITY.signers_of(SECONDARY), school=SECONDARY) == []


async def test_a_certificate_policy_that_the_path_does_not_have(settled: World) -> None:
    policy = version(
        "oid", datetime(2024, 1, 1, tzinfo=UTC), required=set(Role), policies=frozenset({"2.16.704.1.1.1.1.1"})
    )
    await policy_in_force(settled, policy)
    assert {code for code, _ in await found(settled, [TEACHER, PRINCIPAL, SEAL])} == {"certificate-policy"}


async def test_a_version_never_changes(settled: World) -> None:
    first = policies.default()
    rows: tuple[PolicyRow, ...] = first.rows[1:]
    with pytest.raises(Refusal) as refused:
        await policies.import_version(settled, Policy(first.version, rows), NOW)
    assert refused.value.code.slug == "register-policy"


async def test_evidence_gives_the_verdict_again_after_two_more_versions(settled: World) -> None:
    """The archive holds the rows that decided, whatever version they came from and whatever was imported later."""
    summer = datetime(2024, 6, 1, tzinfo=UTC)
    await policy_in_force(settled, version("summer", summer, required=set(Role), time_stamp=True))
    raw = cities.sign(transcripts.to_bytes(CITY.document()), [TEACHER, PRINCIPAL, SEAL], BEFORE)
    answer = await submission.submit(settled, MINE, raw, judging.JOSE, NOW)
    assert answer.receipt is not None
    later = version("later", datetime(2024, 1, 1, tzinfo=UTC), required=set(Role), policies=frozenset({"1.2.3"}))
    await policies.import_version(settled, later, NOW + timedelta(hours=1))
    archive = archives.unpack(await evidence.archive(settled, answer.submission_id))
    assert isinstance(archive, archives.Archive)
    assert (archive.manifest.policy_version, archive.manifest.reproduced) == ("summer", True)
