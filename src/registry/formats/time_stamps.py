"""What time-stamps beside a signature prove: the authority's path and revocation, the imprint, the order of times. No clock.

Source: RFC 3161 section 2.4.2; ETSI EN 319 102-1 5.4 (time-stamp validation) and 5.5 (proof of existence). A token is unsigned
by those who signed the document, so one that can't be trusted proves nothing and is said to; one that is wrong refuses.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from registry.core import codes
from registry.core.findings import Code, Finding
from registry.core.verdict import RevocationUsed
from registry.formats import allowance, paths, revocation, rfc3161
from registry.formats.allowance import Allowance
from registry.formats.certificates import TrustIndex
from registry.formats.signatures import Stamp

MAX_TOKENS = 4
MAX_SIZE = 32_768


@dataclass(frozen=True, slots=True)
class Times:
    """The moments a token is held against: the claim, the receipt, now, and how far clocks may differ."""

    signed_at: datetime
    received_at: datetime
    now: datetime
    skew: timedelta


@dataclass(frozen=True, slots=True)
class Proven:
    """What the time-stamps of one signature prove. `moment` is None when none of them can be relied upon."""

    moment: datetime | None = None
    tokens: tuple[bytes, ...] = ()  # SHA-256 of each token relied upon
    findings: tuple[Finding, ...] = ()
    #: What was asked about the authorities, whatever came of it.
    revocation: tuple[RevocationUsed, ...] = ()


NOTHING = Proven()


@dataclass(frozen=True, slots=True)
class _Read:
    """What a token is whatever it stands beside, remembered with the trust index: its path, or why it has none."""

    token: rfc3161.Token | None
    path: paths.Path | None = None
    fault: tuple[Code, str] | None = None
    bill: Mapping[Hashable, int] = field(default_factory=dict)  # see `allowance`


def proven(stamps: Sequence[Stamp], index: TrustIndex, times: Times, document: Allowance | None = None) -> Proven:
    """The earliest moment at which the stamped octets are proven to have existed: genTime plus accuracy, at most the receipt.

    `document` is charged. Refusing findings: time-stamp-invalid (malformed, another imprint, not signed by its authority, too
    many, too large, or the document has been charged too much),
    time-stamp-order (before the claim, after receipt). Warnings, with which a token proves nothing: time-stamp-unknown,
    time-stamp-revoked, time-stamp-undecided. Never raises.
    """
    findings: list[Finding] = []
    good: list[tuple[datetime, bytes]] = []
    used: list[RevocationUsed] = []
    document = document or Allowance()
    for stamp in stamps[:MAX_TOKENS]:
        read = _remembered(stamp.token, index, document)
        trouble, lists = _findings(read, stamp, index, times)
        findings += trouble
        used += lists
        if read.token is not None and not trouble:
            latest = min(read.token.generated_at + read.token.accuracy, times.received_at)
            good.append((latest, hashlib.sha256(stamp.token).digest()))
    findings += [
        Finding(codes.TIME_STAMP_INVALID, stamp.pointer, f"at most {MAX_TOKENS} tokens")
        for stamp in stamps[MAX_TOKENS : MAX_TOKENS + 1]
    ]
    good.sort()
    return Proven(
        good[0][0] if good else None,
        tuple(dict.fromkeys(digest for _, digest in good)),
        tuple(findings),
        tuple(dict.fromkeys(used)),
    )


def _findings(read: _Read, stamp: Stamp, index: TrustIndex, times: Times) -> tuple[list[Finding], list[RevocationUsed]]:
    """What keeps a token from being relied upon here; a wrong imprint is wrong whoever made it."""
    at = stamp.pointer
    token = read.token
    if token is not None and not hmac.compare_digest(token.imprint, token.imprint_of(stamp.imprinted)):
        return [Finding(codes.TIME_STAMP_INVALID, at, "an imprint of this signature's value")], []
    if read.fault is not None or token is None or read.path is None:
        code, detail = read.fault or (codes.TIME_STAMP_UNKNOWN, "")
        return [Finding(code, at, detail)], []
    trouble, used = _authority_findings(read.path, token.generated_at, index, times, at)
    if not trouble and token.generated_at + token.accuracy < times.signed_at:
        trouble = [Finding(codes.TIME_STAMP_ORDER, at, "not before the signing time")]
    if not trouble and token.generated_at > times.received_at + times.skew:
        trouble = [Finding(codes.TIME_STAMP_ORDER, at, f"at most {times.skew.seconds} s ahead of receipt")]
    return trouble, used


def _authority_findings(
    path: paths.Path, generated_at: datetime, index: TrustIndex, times: Times, at: str
) -> tuple[list[Finding], list[RevocationUsed]]:
    """The authority's certificate at genTime and since: the token's own proof of existence is the receipt."""
    if generated_at > times.received_at + times.skew:
        return [], []  # nothing of it can be good; the order says so
    received_at = max(times.received_at, generated_at)
    untimely = paths.time_findings(path, generated_at, received_at, at)
    if untimely:
        return [Finding(codes.TIME_STAMP_UNDECIDED, at, "a certificate valid at genTime and on receipt")], []
    revoked, used = revocation.revocation_findings(path, index, generated_at, received_at, times.now, at)
    unknown = [each for each in revoked if each.code is codes.REVOCATION_UNKNOWN]
    code = codes.TIME_STAMP_REVOKED if len(unknown) < len(revoked) else codes.TIME_STAMP_UNDECIDED
    chosen = [each for each in revoked if each not in unknown] or unknown
    return [Finding(code, at, each.detail) for each in chosen[:1]], used


def _remembered(token: bytes, index: TrustIndex, document: Allowance) -> _Read:
    """The same submission may come again, and a trust index never changes."""
    if len(token) > MAX_SIZE:
        return _Read(None, fault=(codes.TIME_STAMP_INVALID, f"at most {MAX_SIZE} octets"))
    # A label that no path has: a certificate sent as a token has the digest that paths are remembered under.
    key = (b"time-stamp token", hashlib.sha256(token).digest())
    if not document.admits(key):
        return _Read(None, fault=(codes.TIME_STAMP_INVALID, allowance.TOO_MUCH))
    known: _Read | None = index.verdicts.get(key)
    if known is None:
        own = Allowance()
        own.pay({key: allowance.TOKEN})
        known = replace(_read(token, index, own), bill=own.bill)
        index.verdicts.put(key, known)
    document.pay(known.bill)
    return known


def _read(der: bytes, index: TrustIndex, own: Allowance) -> _Read:
    """Path before signature: no key is used that does not lead to an anchor."""
    token: rfc3161.Token | None = None
    try:
        token = rfc3161.read(der)
        signer = rfc3161.signer_of(token)
        certificate, unread = index.read(signer.certificate)
        if certificate is None:
            return _Read(token, fault=(codes.TIME_STAMP_UNKNOWN, unread[0].detail))
        path, pathless = paths.find_path(
            certificate, signer.others, index, "", token.generated_at, purpose=paths.Purpose.TIME_STAMP, document=own
        )
        if path is None:
            return _Read(token, fault=(codes.TIME_STAMP_UNKNOWN, pathless[0].detail))
        rfc3161.check_signature(token, signer.certificate)
        return _Read(token, path)
    except rfc3161.MalformedError as error:
        return _Read(token, fault=(codes.TIME_STAMP_INVALID, str(error)))
    except rfc3161.UncheckedError as error:
        return _Read(token, fault=(codes.TIME_STAMP_UNKNOWN, str(error)))
