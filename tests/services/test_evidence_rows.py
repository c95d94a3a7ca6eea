"""What is kept with a verdict comes back as it was, also from rows written by earlier versions."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from registry.core import ids, trust
from registry.core.findings import Outcome
from registry.core.transcript import Claims
from registry.core.verdict import Proof, RevocationKind, RevocationUsed, SignatureFacts, Verdict
from registry.formats import evidence as archives
from registry.services import evidence, evidence_rows, kept, report
from registry.services.world import World
from registry.storage import records
from tests.small_city import NOW, PRIMARY, settle, small_city, vendor

LEAF, CA, ROOT = (bytes([n]) * 32 for n in (1, 2, 3))
AT = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
USED = RevocationUsed(CA.hex(), 2**70, AT, None, RevocationKind.DELTA, b"\7" * 32)
FACTS = SignatureFacts(
    trust.Role.SEAL, AT, trust.Algorithm.ES256, LEAF, trust.Hierarchy.PUBLIC, (LEAF, CA, ROOT),
    path_names=("A", "B", "C"), signer="A, O", proven_at=AT, proof=Proof.TIME_STAMP, claimed_roles=("x",),
    revocation=(USED,), stamps=(b"\x09" * 32,),
)  # fmt: skip
NOTHING = SignatureFacts(None, None, None, None, None)
SCHOOL = trust.School("79771101", "A", trust.Ownership.NON_PUBLIC, AT)
LIST = trust.TrustList(
    7, (), (), (), {LEAF: (trust.Signer(LEAF, b"der", SCHOOL.code, trust.Role.SEAL, AT, None),)}, {SCHOOL.code: SCHOOL}
)
VERDICT = Verdict(b"", (), Claims(school_code=SCHOOL.code), None, (FACTS, NOTHING), (USED,), 7, "p", "r")

#: As the first version wrote it.
FIRST = {
    "generation": 4,
    "policy": "2024-1",
    "rules": "2025-1",
    "signatures": [
        {
            "role": "teacher",
            "signed_at": AT.isoformat(),
            "algorithm": "PS256",
            "certificate": LEAF.hex(),
            "hierarchy": "public",
            "path": [LEAF.hex(), ROOT.hex()],
        }
    ],
    "revocation_lists": [
        {"issuer": ROOT.hex(), "number": "12", "this_update": AT.isoformat(), "next_update": AT.isoformat()}
    ],
}


def test_what_is_kept_comes_back() -> None:
    row = json.loads(json.dumps(evidence_rows.row(VERDICT, LIST, AT, timedelta(minutes=3))))
    read = evidence_rows.read(row)
    assert read.signatures == VERDICT.signatures
    assert read.revocation == VERDICT.revocation_used
    assert (read.generation, read.policy_version, read.rules_version) == (7, "p", "r")
    assert (read.received_at, read.skew) == (AT, timedelta(minutes=3))
    assert read.registrations == {LEAF: (evidence_rows.Registration(SCHOOL.code, trust.Role.SEAL, AT, None),)}
    assert read.school == (SCHOOL.code, trust.Ownership.NON_PUBLIC)


def test_rows_of_the_first_version_and_of_nothing() -> None:
    read = evidence_rows.read(FIRST)
    assert read.signatures[0].path == (LEAF, ROOT)
    assert read.revocation == (RevocationUsed(ROOT.hex(), 12, AT, AT),)
    assert (read.registrations, read.received_at, read.school) == (None, None, None)
    assert evidence_rows.read({}).signatures == ()


@pytest.mark.anyio
async def test_a_submission_of_the_first_version_has_report_and_evidence(world: World) -> None:
    mine = vendor(PRIMARY)
    await settle(world, small_city(), mine)
    submission_id = UUID(int=5)
    attempt = records.Attempt(
        submission_id, NOW, mine.caller_id, ids.fingerprint(b"x"), "application/jose+json", 1, *(None,) * 7, NOW,
        Outcome.REFUSED.value, [{"code": "signature-invalid", "pointer": "/signatures/0/signature", "detail": ""}], FIRST,
    )  # fmt: skip
    async with world.db.hot_transaction() as tx:
        await records.journal(tx, attempt)
    shown = report.as_json(await kept.report_of(world, mine, submission_id))
    signature = shown["signatures"][0]
    assert (signature["indication"], signature["sub_indication"]) == ("TOTAL-FAILED", "SIG_CRYPTO_FAILURE")
    assert [each["name"] for each in signature["path"]] == ["", ""]
    assert (signature["proven_at"], signature["proof"]) == (NOW.isoformat(), "receipt")
    assert isinstance(archives.unpack(await evidence.archive(world, submission_id, mine)), archives.Archive)
