"""What the revocation lists we hold mean for one signature. Pure comparison of times; lists are read in `crls`.

Source: ETSI EN 319 102-1, 5.2.6 and 5.5 (REVOKED, REVOKED_NO_POE, REVOKED_CA_NO_POE, TRY_LATER). The only proof that a
signature existed is its receipt. The newest list decides, not the one that was current when the signature was made.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from registry.core import codes
from registry.core.findings import Finding
from registry.core.verdict import RevocationKind, RevocationUsed
from registry.formats.certificates import TrustIndex
from registry.formats.crls import Entry, RevocationList
from registry.formats.paths import Path

#: Reasons that throw doubt on signatures made before the revocation: somebody else may have had the key.
_COMPROMISED = frozenset({"key_compromise", "ca_compromise", "aa_compromise"})
#: RFC 5280 5.3.2: only these two may carry a date earlier than the revocation itself that changes the answer.
_DATED_BACK = frozenset({"key_compromise", "ca_compromise"})


def revocation_findings(
    path: Path, index: TrustIndex, signed_at: datetime, received_at: datetime, now: datetime, pointer: str
) -> tuple[list[Finding], list[RevocationUsed]]:
    """Ask the newest list of each issuer on the path, the anchor excepted; returns findings and the lists they rest on.

    certificate-revoked: revoked when signed (REVOKED). certificate-revoked-unproven: revoked between claim and receipt,
    on hold, or later for a compromised key (REVOKED_NO_POE). revocation-unknown: no list, or none fresh (TRY_LATER).
    """
    findings, used = [], []
    issuers = (*path.certificates[1:], path.root)
    for level, (certificate, issuer) in enumerate(zip(path.certificates, issuers, strict=True)):
        label = f"ca {level}" if level else "leaf"
        held = index.revocation.newest_for(certificate, issuer)
        if held is None:
            findings.append(Finding(codes.REVOCATION_UNKNOWN, pointer, f"{label}: no list"))
            continue
        used.append(
            RevocationUsed(
                issuer.fingerprint.hex(),
                held.number,
                held.this_update,
                held.next_update,
                RevocationKind.CRL,
                held.fingerprint,
            )
        )
        findings += [Finding(codes.REVOCATION_UNKNOWN, pointer, f"{label}: {why}") for why in _stale(held, now)]
        entry = held.entry(certificate.serial)
        if entry is not None:
            findings += _judge(entry, signed_at, received_at, label, pointer)
    return findings, used


def _stale(held: RevocationList, now: datetime) -> Iterator[str]:
    if now < held.this_update:
        yield f"list only from {held.this_update:%Y-%m-%dT%H:%M:%SZ}"
    elif now > held.next_update:
        yield f"list expired at {held.next_update:%Y-%m-%dT%H:%M:%SZ}"


def _judge(entry: Entry, signed_at: datetime, received_at: datetime, label: str, pointer: str) -> Iterator[Finding]:
    """A stale list may still revoke: revocation is not undone, except from hold, which only holds."""
    since = entry.revoked_at
    if entry.reason in _DATED_BACK and entry.invalid_since is not None:
        since = min(since, entry.invalid_since)
    if entry.reason == "remove_from_crl":
        return
    if entry.reason == "certificate_hold":
        if since <= received_at:
            yield Finding(codes.CERTIFICATE_REVOKED_UNPROVEN, pointer, f"{label}: on hold")
    elif since <= signed_at:
        yield Finding(codes.CERTIFICATE_REVOKED, pointer, f"{label}: revoked before the signing time")
    elif since <= received_at:
        yield Finding(codes.CERTIFICATE_REVOKED_UNPROVEN, pointer, f"{label}: revoked before receipt")
    elif entry.reason in _COMPROMISED:
        yield Finding(codes.CERTIFICATE_REVOKED_UNPROVEN, pointer, f"{label}: key compromised since")
