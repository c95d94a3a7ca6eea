"""A verdict: all findings about one document, the outcome they fold to, and the evidence the outcome rests on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from registry.core.declaration import Declaration
from registry.core.findings import Finding, Outcome, outcome_of
from registry.core.transcript import Claims, Transcript
from registry.core.trust import Algorithm, Hierarchy, Role
from registry.core.withdrawal import Withdrawal


class Proof(StrEnum):
    """What proves that a signature existed at a moment."""

    RECEIPT = "receipt"
    TIME_STAMP = "time-stamp"


class RevocationKind(StrEnum):
    """Sorts of revocation data."""

    CRL = "crl"
    DELTA = "delta"
    OCSP = "ocsp"


@dataclass(frozen=True, slots=True)
class RevocationUsed:
    """One piece of revocation data a verdict rests on."""

    issuer: str  # hex SHA-256 of the issuing certificate
    number: int | None  # cRLNumber; None for OCSP
    this_update: datetime
    next_update: datetime | None
    kind: RevocationKind = RevocationKind.CRL
    fingerprint: bytes = b""  # SHA-256 of the DER form

    def __hash__(self) -> int:
        """Of what tells one from another: the whole would be hashed for every document."""
        return hash((self.issuer, self.fingerprint))


@dataclass(frozen=True, slots=True)
class SignatureFacts:
    """What is known about one signature; None where it could not be found out."""

    role: Role | None
    signed_at: datetime | None
    algorithm: Algorithm | None
    certificate: bytes | None  # SHA-256 of the DER form
    hierarchy: Hierarchy | None
    path: tuple[bytes, ...] = ()  # fingerprints, leaf first, anchor last
    path_names: tuple[str, ...] = ()  # common names, in the order of `path`; never an identifier
    signer: str = ""  # common name and organisation of the certificate; never an identifier of a person
    proven_at: datetime | None = None  # earliest moment at which the signature is proven to have existed
    proof: Proof = Proof.RECEIPT
    claimed_roles: tuple[str, ...] = ()
    revocation: tuple[RevocationUsed, ...] = ()
    stamps: tuple[bytes, ...] = ()  # SHA-256 of the time-stamp tokens relied upon


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer of `judge`: pure function of the bytes, the trust list and the moment."""

    fingerprint: bytes
    findings: tuple[Finding, ...]
    claims: Claims
    transcript: Transcript | None
    signatures: tuple[SignatureFacts, ...]
    revocation_used: tuple[RevocationUsed, ...]
    generation: int
    policy_version: str
    rules_version: str
    withdrawal: Withdrawal | None = None  # of a statement of withdrawal, which has no transcript
    declaration: Declaration | None = None  # of a declaration, which has none either

    @property
    def outcome(self) -> Outcome:
        """Findings folded fail-closed."""
        return outcome_of(self.findings)
