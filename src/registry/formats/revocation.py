"""What is known about revocation means for one signature: findings. Pure comparison of times.

Source: ETSI EN 319 102-1, 5.2.6 and 5.5 (REVOKED, REVOKED_NO_POE, REVOKED_CA_NO_POE, TRY_LATER). The newest knowledge
decides, not what was current when the signature was made. What is known is gathered in `registry.formats.statuses`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from registry.core import codes
from registry.core.findings import Finding
from registry.core.verdict import RevocationUsed
from registry.formats import ocsp, statuses
from registry.formats.allowance import STATUSES, Allowance
from registry.formats.certificates import TrustIndex
from registry.formats.crls import Entry
from registry.formats.paths import Path
from registry.formats.statuses import Evidence

#: Reasons that throw doubt on signatures made before the revocation: somebody else may have had the key.
_COMPROMISED = frozenset({"key_compromise", "ca_compromise", "aa_compromise"})
#: RFC 5280 5.3.2: only these two may carry a date earlier than the revocation itself that changes the answer.
_DATED_BACK = frozenset({"key_compromise", "ca_compromise"})


_HOLD = "certificate_hold"
_ENDED = "it ended before it came here, and what is held need not name such any more; or sign again"


@dataclass(frozen=True, slots=True)
class _InForce:
    """Between these moments nothing known speaks against any certificate of a path; only good answers are remembered."""

    since: datetime
    until: datetime
    used: tuple[RevocationUsed, ...]


def revocation_findings(
    path: Path,
    index: TrustIndex,
    signed_at: datetime,
    proven_at: datetime,
    now: datetime,
    pointer: str,
    stapled: Sequence[bytes] = (),
    document: Allowance | None = None,
    received_at: datetime | None = None,
) -> tuple[list[Finding], list[RevocationUsed]]:
    """Ask about every certificate of the path, the anchor excepted; returns findings and the data they rest on.

    `proven_at` is when the signature is proven to have existed, `received_at` (None: the same) when it came: a certificate that
    had ended by then must be spoken of by what still speaks of ended ones (EN 319 102-1 5.6.2); `stapled` are OCSP answers in DER that came along, of
    which those beyond the first `ocsp.MAX_STAPLED`, those that `document` can't pay for and unreadable ones count as none.
    certificate-revoked: revoked when
    signed (REVOKED). certificate-revoked-unproven: revoked between claim and proof, on hold, or later for a compromised
    key (REVOKED_NO_POE). revocation-unknown: nothing fresh that speaks for every reason (TRY_LATER). Never raises.
    """
    came_at = received_at or proven_at
    memorable = not stapled and came_at <= path.valid_to
    known: _InForce | None = index.in_force.get(path.fingerprints) if memorable else None
    if known is not None and known.since <= now <= known.until:
        return [], list(known.used)
    document = document or Allowance()
    answers = tuple(_affordable(stapled[: ocsp.MAX_STAPLED], document))
    question = statuses.Question(index, path.root, now, answers, document=document)
    findings, used = [], []
    issuers = (*path.certificates[1:], path.root)
    gathered: list[Evidence] = []
    for level, (certificate, issuer) in enumerate(zip(path.certificates, issuers, strict=True)):
        label = f"ca {level}" if level else "leaf"
        evidence = question.of(certificate, issuer)
        gathered += evidence
        used += [each for e in evidence for each in e.used]
        ended = proven_at <= certificate.not_after < came_at
        speaking = [e for e in evidence if not ended or e.ended_from <= certificate.not_after]
        if not statuses.is_complete(speaking, now):
            missing = _ENDED if statuses.is_complete(evidence, now) else _missing(evidence, now)
            findings.append(Finding(codes.REVOCATION_UNKNOWN, pointer, f"{label}: {missing}"))
        entries = [e.entry for e in evidence if e.entry is not None and not _released(e, evidence, now)]
        judged = [finding for entry in entries for finding in _judge(entry, signed_at, proven_at, label, pointer)]
        findings += dict.fromkeys(judged)
    used = list(dict.fromkeys(used))
    no_delta = all(delta is None for c in path.certificates for _, delta, _ in index.revocation.covering(c))
    if not findings and memorable and no_delta and all(_is_plain(e) for e in gathered):
        since, until = max(e.fresh_from for e in gathered), min(e.fresh_to for e in gathered)
        index.in_force.put(path.fingerprints, _InForce(since, until, tuple(used)))
    return findings, used


def _affordable(stapled: Sequence[bytes], document: Allowance) -> Iterator[ocsp.Answer]:
    """The answers that can be read, as far as the document can pay for reading them."""
    for der in stapled:
        key = hashlib.sha256(der).digest()
        if not document.admits(key):
            return
        answer = ocsp.read_answer(der)
        if not isinstance(answer, ocsp.Answer):
            document.pay({key: 1})
            continue
        statuses_read = sum(map(len, answer.statuses.values()))
        document.pay({key: 1 + len(answer.certificates) + statuses_read // STATUSES})
        yield answer


def _is_plain(evidence: Evidence) -> bool:
    """Nothing revoked, and no signer of lists in between whose own time would have to be compared too."""
    return evidence.entry is None and len(evidence.used) == 1


def _missing(evidence: Sequence[Evidence], now: datetime) -> str:
    stale = [e for e in evidence if not e.fresh_at(now)]
    if not stale:
        return "lists for some reasons only" if evidence else "no list"
    newest = max(stale, key=lambda e: e.this_update)
    if now < newest.fresh_from:
        return f"{newest.what} only from {newest.fresh_from:%Y-%m-%dT%H:%M:%SZ}"
    return f"{newest.what} expired at {newest.fresh_to:%Y-%m-%dT%H:%M:%SZ}"


def _released(held: Evidence, evidence: Sequence[Evidence], now: datetime) -> bool:
    """Of all revocations only a hold is undone, by newer knowledge that the certificate is not revoked."""
    return (
        held.entry is not None
        and held.entry.reason == _HOLD
        and any(e.entry is None and _HOLD in e.reasons and held.this_update < e.this_update <= now for e in evidence)
    )


def _judge(entry: Entry, signed_at: datetime, proven_at: datetime, label: str, pointer: str) -> Iterator[Finding]:
    """A stale list may still revoke: revocation is not undone, except from hold, which only holds."""
    since = entry.revoked_at
    if entry.reason in _DATED_BACK and entry.invalid_since is not None:
        since = min(since, entry.invalid_since)
    if entry.reason == _HOLD:
        if since <= proven_at:
            yield Finding(codes.CERTIFICATE_REVOKED_UNPROVEN, pointer, f"{label}: on hold")
    elif since <= signed_at:
        yield Finding(codes.CERTIFICATE_REVOKED, pointer, f"{label}: revoked before the signing time")
    elif since <= proven_at:
        yield Finding(codes.CERTIFICATE_REVOKED_UNPROVEN, pointer, f"{label}: revoked before proof of existence")
    elif entry.reason in _COMPROMISED:
        yield Finding(codes.CERTIFICATE_REVOKED_UNPROVEN, pointer, f"{label}: key compromised since")
