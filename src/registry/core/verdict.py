"""A verdict: all findings about one document, the outcome they fold to, and the evidence the outcome rests on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from registry.core.findings import Finding, Outcome, outcome_of
from registry.core.transcript import Claims, Transcript
from registry.core.trust import Algorithm, Hierarchy, Role


@dataclass(frozen=True, slots=True)
class ListUsed:
    """One revocation list a verdict rests on."""

    issuer: str  # hex SHA-256 of the issuing certificate
    number: int
    this_update: datetime
    next_update: datetime


@dataclass(frozen=True, slots=True)
class SignatureFacts:
    """What is known about one signature; None where it could not be found out."""

    role: Role | None
    signed_at: datetime | None
    algorithm: Algorithm | None
    certificate: bytes | None  # SHA-256 of the DER form
    hierarchy: Hierarchy | None
    path: tuple[bytes, ...] = ()  # fingerprints, leaf first, anchor last


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer of `judge`: pure function of the bytes, the trust list and the moment."""

    fingerprint: bytes
    findings: tuple[Finding, ...]
    claims: Claims
    transcript: Transcript | None
    signatures: tuple[SignatureFacts, ...]
    lists_used: tuple[ListUsed, ...]
    generation: int
    policy_version: str
    rules_version: str

    @property
    def outcome(self) -> Outcome:
        """Findings folded fail-closed."""
        return outcome_of(self.findings)
