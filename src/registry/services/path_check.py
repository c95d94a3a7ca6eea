"""One certificate's path judged by itself: what an operator asks when a school's certificate is not accepted.

The same path builder, path validation and revocation as for submissions; pure: no database, no network, no clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from registry.core import trust
from registry.core.findings import Finding, Outcome, outcome_of
from registry.core.verdict import RevocationUsed
from registry.formats import certificates, material, paths, revocation, shown_names
from registry.formats.profile import Purpose as Purpose  # what the certificate is to be used for
from registry.formats.rfc5280 import UNLIMITED
from registry.formats.rfc5280 import PolicySettings as PolicySettings

#: The only pointer there is: the certificate asked about.
_LEAF = ""


@dataclass(frozen=True, slots=True)
class PathStep:
    """One certificate of a path: subject (RFC 4514) and SHA-256."""

    subject: str
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class Checked:
    """What came out for one certificate; `path` is signer first, anchor last, empty without a path."""

    findings: tuple[Finding, ...]
    path: tuple[PathStep, ...] = ()
    policies: frozenset[str] = frozenset()
    revocation: tuple[RevocationUsed, ...] = ()

    @property
    def outcome(self) -> Outcome:
        """Findings folded fail-closed."""
        return outcome_of(self.findings)


@dataclass(slots=True)
class Pieces:
    """DER pieces read from files; `problems` are sentences for the operator, each naming its file."""

    certificates: list[bytes] = field(default_factory=list)
    lists: list[bytes] = field(default_factory=list)
    answers: list[bytes] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def read_files(files: Mapping[str, bytes]) -> Pieces:
    """Certificates, revocation lists and OCSP answers (PEM, DER, .p7b), by content. Never raises."""
    found = Pieces()
    for name, raw in files.items():
        read = material.read_material(raw)
        found.certificates += read.certificates
        found.lists += read.revocation_lists
        found.answers += read.ocsp_answers
        found.problems += [f"{name}: {problem}" for problem in read.problems]
    return found


def leaf_first(certificates: Sequence[bytes]) -> list[bytes]:
    """The same certificates, the first that is no CA in front: bundles are sets without an order."""
    facts = [material.certificate_facts(der) for der in certificates]
    place = next((n for n, fact in enumerate(facts) if fact is not None and not fact.is_ca), 0)
    return [*certificates[place : place + 1], *certificates[:place], *certificates[place + 1 :]]


def index_of(
    anchors: Iterable[bytes], chain: Sequence[bytes], lists: Sequence[bytes], answers: Sequence[bytes]
) -> certificates.TrustIndex:
    """A trust index of exactly these DER pieces, as if they had been imported: `chain` as stored CA certificates."""
    pinned = tuple(trust.Anchor(sha256(der).digest(), der, trust.Hierarchy.PUBLIC) for der in anchors)
    return certificates.TrustIndex.build(
        trust.TrustList(0, pinned, tuple(chain), tuple(lists), {}, {}, ocsp_answers=tuple(answers))
    )


def check(
    leaf: bytes,
    candidates: Sequence[bytes],
    index: certificates.TrustIndex,
    at: datetime,
    *,
    purpose: Purpose = Purpose.DOCUMENT,
    settings: PolicySettings = UNLIMITED,
) -> Checked:
    """Judge a DER certificate as a signature made and received at `at` would be; `candidates` came along with it.

    Codes: those of the areas certificate and revocation. Never raises.
    """
    certificate, findings = index.read(leaf, _LEAF)
    if certificate is None:
        return Checked(tuple(findings))
    path, findings = paths.find_path(certificate, candidates, index, _LEAF, at, purpose=purpose, settings=settings)
    if path is None:
        return Checked(tuple(findings))
    timely = paths.time_findings(path, at, at, _LEAF)
    revoked, used = revocation.revocation_findings(path, index, at, at, at, _LEAF)
    steps = tuple(PathStep(shown_names.subject(c), c.fingerprint) for c in (*path.certificates, path.root))
    return Checked((*timely, *revoked), steps, path.policies, tuple(used))
