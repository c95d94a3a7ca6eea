"""From our codes to the indications of ETSI EN 319 102-1: every code has its row, the worst finding decides."""

from __future__ import annotations

import pytest

from registry.core import codes, report
from registry.core.findings import Code, Effect, Finding, Kind
from registry.core.report import Assessment, Indication, SubIndication
from registry.core.verdict import SignatureFacts

FACTS = SignatureFacts(None, None, None, None, None)
OF_SIGNATURES = [c for c in codes.all_codes() if c.slug.startswith(tuple(f"{area}-" for area in report.AREAS))]
FAILING = {"FORMAT_FAILURE", "HASH_FAILURE", "SIG_CRYPTO_FAILURE", "REVOKED", "EXPIRED", "NOT_YET_VALID"}


@pytest.mark.parametrize("code", OF_SIGNATURES, ids=lambda code: code.slug)
def test_every_code_about_signatures_has_a_row(code: Code) -> None:
    assert code.slug in report.SUB_INDICATIONS, f"{code.slug} has no sub-indication in registry.core.report"
    passed = report.assess([Finding(code, "/signatures/0")]) == report.PASSED
    assert passed == (code.effect is Effect.WARN)


def test_every_row_is_a_code_and_time_stamps_are_an_area() -> None:
    assert [slug for slug in report.SUB_INDICATIONS if codes.by_slug(slug) is None] == []
    assert "time-stamp-x".startswith(tuple(f"{area}-" for area in report.AREAS))


@pytest.mark.parametrize("sub", SubIndication)
def test_only_what_the_standard_lists_is_total_failed(sub: SubIndication) -> None:
    slugs = [slug for slug, found in report.SUB_INDICATIONS.items() if found is sub]
    for slug in slugs:
        code = codes.by_slug(slug)
        assert code is not None
        wanted = Indication.FAILED if sub.value in FAILING else Indication.INDETERMINATE
        assert report.assess([Finding(code)]) == Assessment(wanted, sub)


def test_the_worst_decides_and_of_equals_the_first() -> None:
    unknown, invalid = Finding(codes.REVOCATION_UNKNOWN), Finding(codes.SIGNATURE_INVALID)
    expired, warned = Finding(codes.CERTIFICATE_EXPIRED), Finding(codes.SIGNATURE_UNSIGNED)
    table = [
        ([], report.PASSED),
        ([warned], report.PASSED),
        ([warned, unknown], Assessment(Indication.INDETERMINATE, SubIndication.TRY_LATER)),
        ([unknown, invalid], Assessment(Indication.FAILED, SubIndication.SIG_CRYPTO_FAILURE)),
        ([expired, invalid], Assessment(Indication.FAILED, SubIndication.EXPIRED)),
        ([invalid, expired], Assessment(Indication.FAILED, SubIndication.SIG_CRYPTO_FAILURE)),
    ]
    for findings, expected in table:
        assert report.assess(findings) == expected


def test_a_revoked_ca_is_not_a_revoked_signer() -> None:
    ca, leaf = (Finding(codes.CERTIFICATE_REVOKED, "", f"{level}: revoked") for level in ("ca 1", "leaf"))
    assert report.assess([ca]) == Assessment(Indication.INDETERMINATE, SubIndication.REVOKED_CA_NO_POE)
    assert report.assess([leaf]) == Assessment(Indication.FAILED, SubIndication.REVOKED)


@pytest.mark.parametrize(
    ("slug", "effect", "expected"),
    [
        ("signature-new", Effect.REFUSE, Assessment(Indication.INDETERMINATE, SubIndication.GENERIC)),
        ("signature-new", Effect.HOLD, Assessment(Indication.INDETERMINATE, SubIndication.TRY_LATER)),
        ("signature-new", Effect.WARN, report.PASSED),
        ("json-new", Effect.REFUSE, Assessment(Indication.FAILED, SubIndication.FORMAT_FAILURE)),
    ],
)
def test_a_code_without_a_row_never_passes_unless_it_warns(slug: str, effect: Effect, expected: Assessment) -> None:
    assert report.assess([Finding(Code(slug, Kind.DOCUMENT, effect, "", "", "", ""))]) == expected


def test_findings_go_to_the_signature_they_point_into() -> None:
    findings = [
        Finding(codes.SIGNATURE_INVALID, "/signatures/1/signature"),
        Finding(codes.SIGNER_ROLE_MISSING, "/signatures"),
        Finding(codes.FIELD_UNKNOWN, "/x"),
        Finding(codes.TIME_ORDER, "/signatures/10"),
        Finding(codes.CERTIFICATE_PATH, "/signatures/1"),
    ]
    signatures, document = report.split([FACTS, FACTS], findings)
    assert [[f.code.slug for f in s.findings] for s in signatures] == [[], ["signature-invalid", "certificate-path"]]
    assert [s.assessment.indication for s in signatures] == [Indication.PASSED, Indication.FAILED]
    assert [f.pointer for f in document] == ["/signatures", "/x", "/signatures/10"]
