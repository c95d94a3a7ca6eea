"""What a verdict says about each signature in the words of ETSI EN 319 102-1, 5.1.3: indication and sub-indication.

A table from our codes to the standard's, and the report as a value. Pure; rendering it for HTTP or a terminal is elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from registry.core.findings import Effect, Finding, Outcome
from registry.core.verdict import SignatureFacts


class Indication(StrEnum):
    """EN 319 102-1, table 5; the order of the members is the order of severity."""

    PASSED = "TOTAL-PASSED"
    INDETERMINATE = "INDETERMINATE"
    FAILED = "TOTAL-FAILED"


class SubIndication(StrEnum):
    """EN 319 102-1, table 6: why a signature failed or could not be decided."""

    FORMAT_FAILURE = "FORMAT_FAILURE"
    HASH_FAILURE = "HASH_FAILURE"
    SIG_CRYPTO_FAILURE = "SIG_CRYPTO_FAILURE"
    REVOKED = "REVOKED"
    EXPIRED = "EXPIRED"
    NOT_YET_VALID = "NOT_YET_VALID"
    SIG_CONSTRAINTS_FAILURE = "SIG_CONSTRAINTS_FAILURE"
    CHAIN_CONSTRAINTS_FAILURE = "CHAIN_CONSTRAINTS_FAILURE"
    CERTIFICATE_CHAIN_GENERAL_FAILURE = "CERTIFICATE_CHAIN_GENERAL_FAILURE"
    CRYPTO_CONSTRAINTS_FAILURE = "CRYPTO_CONSTRAINTS_FAILURE"
    CRYPTO_CONSTRAINTS_FAILURE_NO_POE = "CRYPTO_CONSTRAINTS_FAILURE_NO_POE"
    POLICY_PROCESSING_ERROR = "POLICY_PROCESSING_ERROR"
    SIGNATURE_POLICY_NOT_AVAILABLE = "SIGNATURE_POLICY_NOT_AVAILABLE"
    TIMESTAMP_ORDER_FAILURE = "TIMESTAMP_ORDER_FAILURE"
    NO_SIGNING_CERTIFICATE_FOUND = "NO_SIGNING_CERTIFICATE_FOUND"
    NO_CERTIFICATE_CHAIN_FOUND = "NO_CERTIFICATE_CHAIN_FOUND"
    REVOKED_NO_POE = "REVOKED_NO_POE"
    REVOKED_CA_NO_POE = "REVOKED_CA_NO_POE"
    OUT_OF_BOUNDS_NO_POE = "OUT_OF_BOUNDS_NO_POE"
    OUT_OF_BOUNDS_NOT_REVOKED = "OUT_OF_BOUNDS_NOT_REVOKED"
    REVOCATION_OUT_OF_BOUNDS_NO_POE = "REVOCATION_OUT_OF_BOUNDS_NO_POE"
    NO_POE = "NO_POE"
    TRY_LATER = "TRY_LATER"
    SIGNED_DATA_NOT_FOUND = "SIGNED_DATA_NOT_FOUND"
    GENERIC = "GENERIC"


@dataclass(frozen=True, slots=True)
class Assessment:
    """The standard's answer for one signature; only TOTAL-PASSED goes without a sub-indication."""

    indication: Indication
    sub_indication: SubIndication | None = None


_Sub = SubIndication
PASSED = Assessment(Indication.PASSED)
#: EN 319 102-1 table 6 allows exactly these beside TOTAL-FAILED.
_FAILING = frozenset(
    {_Sub.FORMAT_FAILURE, _Sub.HASH_FAILURE, _Sub.SIG_CRYPTO_FAILURE, _Sub.REVOKED, _Sub.EXPIRED, _Sub.NOT_YET_VALID}
)

#: Codes of these areas speak about signatures: each has a row below, or a test fails.
AREAS = ("xml", "reference", "envelope", "header", "signature", "certificate", "revocation", "time", "signer", "policy")

#: Slug -> sub-indication; None for what is reported and changes nothing.
SUB_INDICATIONS: Mapping[str, SubIndication | None] = {
    "xml-encoding": _Sub.FORMAT_FAILURE,
    "xml-syntax": _Sub.FORMAT_FAILURE,
    "xml-construct": _Sub.FORMAT_FAILURE,
    "xml-limit": _Sub.FORMAT_FAILURE,
    "xml-structure": _Sub.FORMAT_FAILURE,
    "xml-id": _Sub.FORMAT_FAILURE,
    "xml-schema": _Sub.FORMAT_FAILURE,
    "reference-target": _Sub.SIGNED_DATA_NOT_FOUND,
    "reference-missing": _Sub.SIG_CONSTRAINTS_FAILURE,
    "reference-transform": _Sub.SIG_CONSTRAINTS_FAILURE,
    "reference-hash": _Sub.CRYPTO_CONSTRAINTS_FAILURE,
    "reference-digest": _Sub.HASH_FAILURE,
    "envelope-shape": _Sub.FORMAT_FAILURE,
    "envelope-form": _Sub.FORMAT_FAILURE,
    "envelope-member": _Sub.FORMAT_FAILURE,
    "envelope-base64": _Sub.FORMAT_FAILURE,
    "envelope-signatures": _Sub.FORMAT_FAILURE,
    "header-member": _Sub.FORMAT_FAILURE,
    "header-unprotected": _Sub.FORMAT_FAILURE,
    "header-algorithm": _Sub.CRYPTO_CONSTRAINTS_FAILURE,
    "header-algorithm-key": _Sub.CRYPTO_CONSTRAINTS_FAILURE,
    "header-key-injection": _Sub.SIG_CONSTRAINTS_FAILURE,
    "header-crit": _Sub.FORMAT_FAILURE,
    "header-content": _Sub.SIG_CONSTRAINTS_FAILURE,
    "header-time": _Sub.SIG_CONSTRAINTS_FAILURE,
    "header-certificate": _Sub.NO_SIGNING_CERTIFICATE_FOUND,
    "header-prev": _Sub.SIG_CONSTRAINTS_FAILURE,
    "header-prev-mismatch": _Sub.HASH_FAILURE,  # a digest over earlier signed data that does not fit
    "header-sigd": _Sub.SIG_CONSTRAINTS_FAILURE,
    "header-sigd-mismatch": _Sub.HASH_FAILURE,
    "signature-invalid": _Sub.SIG_CRYPTO_FAILURE,
    "signature-key": _Sub.CRYPTO_CONSTRAINTS_FAILURE,
    "signature-repeated": _Sub.SIG_CONSTRAINTS_FAILURE,
    "signature-unsigned": None,
    "signature-counter": None,
    "certificate-malformed": _Sub.NO_SIGNING_CERTIFICATE_FOUND,
    "certificate-size": _Sub.CERTIFICATE_CHAIN_GENERAL_FAILURE,
    "certificate-mismatch": _Sub.NO_SIGNING_CERTIFICATE_FOUND,  # EN 319 102-1, 5.2.3.4
    "certificate-profile": _Sub.CHAIN_CONSTRAINTS_FAILURE,
    "certificate-usage": _Sub.CHAIN_CONSTRAINTS_FAILURE,
    "certificate-policy": _Sub.CHAIN_CONSTRAINTS_FAILURE,
    "certificate-path": _Sub.NO_CERTIFICATE_CHAIN_FOUND,
    "certificate-not-yet": _Sub.NOT_YET_VALID,
    "certificate-expired": _Sub.EXPIRED,
    "certificate-expired-unproven": _Sub.OUT_OF_BOUNDS_NO_POE,
    "certificate-revoked": _Sub.REVOKED,
    "certificate-revoked-unproven": _Sub.REVOKED_NO_POE,
    "revocation-unknown": _Sub.TRY_LATER,
    "time-future": _Sub.SIG_CONSTRAINTS_FAILURE,
    "time-order": _Sub.SIG_CONSTRAINTS_FAILURE,
    "time-stamp-invalid": _Sub.SIG_CONSTRAINTS_FAILURE,
    "time-stamp-order": _Sub.TIMESTAMP_ORDER_FAILURE,
    "time-stamp-unknown": None,
    "time-stamp-revoked": None,
    "time-stamp-undecided": None,
    "signer-unregistered": _Sub.SIG_CONSTRAINTS_FAILURE,
    "signer-period": _Sub.SIG_CONSTRAINTS_FAILURE,
    "signer-school": _Sub.SIG_CONSTRAINTS_FAILURE,
    "signer-role-order": _Sub.SIG_CONSTRAINTS_FAILURE,
    "signer-role-claimed": None,  # a claim; no signature policy of ours asks for one (EN 319 102-1, 5.2.8)
    "signer-role-missing": _Sub.SIG_CONSTRAINTS_FAILURE,
    "signer-hierarchy": _Sub.CHAIN_CONSTRAINTS_FAILURE,
    "signer-person": _Sub.SIG_CONSTRAINTS_FAILURE,
    "signer-time-stamp": _Sub.SIG_CONSTRAINTS_FAILURE,
    "signer-time-stamp-open": _Sub.TRY_LATER,
    "policy-empty": _Sub.POLICY_PROCESSING_ERROR,
}

#: A revoked CA and a revoked signer have one code and two sub-indications; the detail names the level.
_CA_LEVEL = "ca "
_OF_A_CA: Mapping[str, SubIndication] = {
    "certificate-revoked": _Sub.REVOKED_CA_NO_POE,
    "certificate-revoked-unproven": _Sub.REVOKED_CA_NO_POE,
}


@dataclass(frozen=True, slots=True)
class SignatureReport:
    """One signature: the standard's answer, what is known of it, and the findings that point into it."""

    index: int
    assessment: Assessment
    facts: SignatureFacts
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """One verdict of a submission's history."""

    judged_at: datetime
    outcome: Outcome
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """A verdict with its reasons. `findings` are those about the document as a whole; `history` is newest first."""

    fingerprint: bytes | None
    outcome: Outcome
    received_at: datetime
    judged_at: datetime
    signatures: tuple[SignatureReport, ...]
    findings: tuple[Finding, ...]
    generation: int | None
    policy_version: str
    rules_version: str
    submission_id: UUID | None = None
    accepted_as: UUID | None = None  # the submission of the same bytes whose verdict this is
    history: tuple[Judged, ...] = ()


def assess(findings: Iterable[Finding]) -> Assessment:
    """The worst of what each finding means; without any the signature is TOTAL-PASSED.

    TOTAL-FAILED before INDETERMINATE; among equals the finding of the earlier check, which comes first.
    """
    order = list(Indication)
    return max((_meaning(finding) for finding in findings), key=lambda a: order.index(a.indication), default=PASSED)


def split(
    facts: Sequence[SignatureFacts], findings: Sequence[Finding]
) -> tuple[tuple[SignatureReport, ...], tuple[Finding, ...]]:
    """The signatures with the findings inside /signatures/<n>, and the findings about the document as a whole."""
    signatures, inside = [], set()
    for index, each in enumerate(facts):
        pointer = f"/signatures/{index}"
        mine = [n for n, f in enumerate(findings) if f.pointer == pointer or f.pointer.startswith(f"{pointer}/")]
        inside.update(mine)
        of_it = tuple(findings[n] for n in mine)
        signatures.append(SignatureReport(index, assess(of_it), each, of_it))
    return tuple(signatures), tuple(f for n, f in enumerate(findings) if n not in inside)


def _meaning(finding: Finding) -> Assessment:
    slug = finding.code.slug
    sub = SUB_INDICATIONS.get(slug, _by_effect(finding))
    if finding.detail.startswith(_CA_LEVEL):
        sub = _OF_A_CA.get(slug, sub)
    if sub is None:
        return PASSED
    return Assessment(Indication.FAILED if sub in _FAILING else Indication.INDETERMINATE, sub)


def _by_effect(finding: Finding) -> SubIndication | None:
    """For a code without a row: never passed, unless the code only warns."""
    if finding.code.effect is Effect.WARN:
        return None
    if finding.code.effect is Effect.HOLD:
        return SubIndication.TRY_LATER
    malformed = finding.code.slug.startswith("json-")
    return SubIndication.FORMAT_FAILURE if malformed else SubIndication.GENERIC
