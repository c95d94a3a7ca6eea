"""Everything trusted at one generation, read and ready to judge with: anchors, intermediates, revocation lists.

Reading one certificate is in `registry.formats.x509`, finding a path in `registry.formats.paths`. No clock here: an
expired anchor stays, because signatures made in its time stay good; times are compared when a signature is judged.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from typing import Any, TypeVar

from registry.core import trust
from registry.core.findings import Finding
from registry.formats import names, profile, x509
from registry.formats.crls import RevocationIndex
from registry.formats.lru import Lru
from registry.formats.ocsp import OcspIndex
from registry.formats.x509 import Certificate as Certificate  # the name under which other layers know it

T = TypeVar("T")

#: Certificates and verdicts kept in memory; each costs some 10 kB.
_REMEMBERED = 4096


class TrustIndex:
    """A trust list with its certificates parsed. Built once per generation; safe for threads."""

    def __init__(
        self,
        trust_list: trust.TrustList,
        anchors: Sequence[tuple[trust.Anchor, Certificate]],
        intermediates: Sequence[Certificate],
        revocation: RevocationIndex,
        problems: Sequence[str],
        ocsp: OcspIndex | None = None,
    ) -> None:
        self.trust = trust_list
        self.revocation = revocation
        self.ocsp = ocsp or OcspIndex()
        #: What of the trust list could not be used and why, for the operator. Never content of a certificate.
        self.problems = (*problems, *revocation.problems, *self.ocsp.problems)
        self._anchors = _by_subject((certificate.subject, (anchor, certificate)) for anchor, certificate in anchors)
        self._intermediates = _by_subject((certificate.subject, certificate) for certificate in intermediates)
        self._read: Lru[bytes, Certificate] = Lru(_REMEMBERED)
        #: Verdicts on paths, kept by `registry.formats.paths`; they can't be stale, since the index never changes.
        self.verdicts: Lru[Hashable, Any] = Lru(_REMEMBERED)
        #: Paths of which nothing is revoked, with the interval for which that is known, kept by `registry.formats.revocation`.
        self.in_force: Lru[tuple[bytes, ...], Any] = Lru(_REMEMBERED)

    @classmethod
    def build(cls, trust_list: trust.TrustList) -> TrustIndex:
        """Parse a trust list; what breaks the profile of a CA is left out and named in `problems`."""
        problems: list[str] = []
        anchors = []
        for position, anchor in enumerate(trust_list.anchors):
            root = _authority(Certificate.read(anchor.der), f"anchor {position + 1}", problems)
            if root is not None:
                anchors.append((anchor, root))
        intermediates, list_signers = [], []
        for position, der in enumerate(trust_list.intermediates):
            read = Certificate.read(der)
            if read[0] is not None and _signs_lists_alone(read[0]):
                list_signers.append(read[0])
                continue
            certificate = _authority(read, f"intermediate {position + 1}", problems)
            if certificate is not None:
                intermediates.append(certificate)
        issuers = [*(certificate for _, certificate in anchors), *intermediates, *list_signers]
        revocation = RevocationIndex.build(trust_list.revocation_lists, issuers)
        return cls(trust_list, anchors, intermediates, revocation, problems, OcspIndex.build(trust_list.ocsp_answers))

    def anchors_named(self, subject: names.ComparableName) -> tuple[tuple[trust.Anchor, Certificate], ...]:
        """The anchors of that name with their certificates."""
        return self._anchors.get(subject, ())

    def intermediates_named(self, subject: names.ComparableName) -> tuple[Certificate, ...]:
        """The stored CA certificates of that name; all of them keep the profile of a CA."""
        return self._intermediates.get(subject, ())

    def read(self, der: bytes, pointer: str = "") -> tuple[Certificate | None, list[Finding]]:
        """`Certificate.read`, remembering what was read: the same signers sign every transcript of a school."""
        fingerprint = x509.fingerprint(der)
        known = self._read.get(fingerprint)
        if known is not None:
            return known, []
        certificate, findings = Certificate.read(der, pointer)
        if certificate is not None:
            self._read.put(fingerprint, certificate)
        return certificate, findings


def _authority(read: tuple[Certificate | None, list[Finding]], label: str, problems: list[str]) -> Certificate | None:
    certificate, findings = read
    if certificate is not None:
        findings = profile.profile_findings(certificate, ca=True, pointer="")
    problems.extend(f"{label}: {finding.detail}" for finding in findings)
    return None if findings else certificate


def _signs_lists_alone(certificate: Certificate) -> bool:
    """True of a certificate kept for the lists it signs (RFC 5280 5: a CRL issuer need not be a CA)."""
    if not profile.signs_lists_alone(certificate):
        return False
    return not profile.purpose_findings(certificate, profile.Purpose.LISTS, "")


def _by_subject(pairs: Iterable[tuple[names.ComparableName, T]]) -> dict[names.ComparableName, tuple[T, ...]]:
    grouped: defaultdict[names.ComparableName, list[T]] = defaultdict(list)
    for subject, value in pairs:
        grouped[subject].append(value)
    return {subject: tuple(values) for subject, values in grouped.items()}
