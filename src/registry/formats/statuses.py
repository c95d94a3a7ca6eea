"""What is known about the revocation of one certificate on a validated path: every list and answer that may speak of it.

Authority is asked here (RFC 5280 6.3.3 f, RFC 6960 4.2.2.2), and freshness; what it means for a signature is decided in
`registry.formats.revocation`. No clock: the moment is an argument.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from cryptography.x509 import OCSPNoCheck

from registry.core.verdict import RevocationKind, RevocationUsed
from registry.formats import ocsp, paths, profile
from registry.formats.allowance import Allowance
from registry.formats.certificates import TrustIndex
from registry.formats.crls import Entry, RevocationList
from registry.formats.points import ALL_REASONS
from registry.formats.x509 import Certificate

#: A list's signer may need another list, whose signer may need another: so deep, and no deeper.
_MAX_DEPTH = 3


@dataclass(frozen=True, slots=True)
class Evidence:
    """One list (with its delta) or answer about a certificate: what it says, for which reasons, between which moments."""

    entry: Entry | None
    reasons: frozenset[str]
    this_update: datetime
    fresh_from: datetime
    fresh_to: datetime
    what: str  # "list" or "answer", for people
    used: tuple[RevocationUsed, ...]
    #: Of a certificate that ended before, it says nothing when it does not name it: a CA drops the revoked ones from its lists
    #: after their end (RFC 5280 3.3), unless it says that it does not (expiredCertsOnCRL; RFC 6960 4.4.4, archive cutoff).
    ended_from: datetime

    def fresh_at(self, moment: datetime) -> bool:
        """True when it says how things are at that moment."""
        return self.fresh_from <= moment <= self.fresh_to


@dataclass(frozen=True, slots=True)
class _Voice:
    """Who speaks in a list, and the data that shows that one to be in force (none for the issuer or the anchor)."""

    signer: Certificate
    support: tuple[RevocationUsed, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked under: the index, the anchor of the path, the moment, and answers that came along."""

    index: TrustIndex
    root: Certificate
    now: datetime
    stapled: Sequence[ocsp.Answer] = ()
    asking: frozenset[bytes] = frozenset()  # signers of lists whose own status is being asked
    document: Allowance = field(default_factory=Allowance)  # is charged for what came along

    def of(self, certificate: Certificate, issuer: Certificate) -> list[Evidence]:
        """All evidence about a certificate whose issuer on the path is `issuer`."""
        return [*self._lists(certificate, issuer), *self._answers(certificate, issuer)]

    def _lists(self, certificate: Certificate, issuer: Certificate) -> Iterator[Evidence]:
        for complete, delta, reasons in self.index.revocation.covering(certificate):
            voice = self._voice(complete, certificate, issuer)
            if voice is not None:
                later = delta if delta is not None and delta.this_update <= self.now else None
                yield _of_list(complete, later, reasons, certificate, voice)

    def _voice(self, listed: RevocationList, certificate: Certificate, issuer: Certificate) -> _Voice | None:
        """The issuer's own key signed, or somebody whose path leads to the same anchor and is in force; else None."""
        own = listed.issuer == issuer.subject and any(signer.key == issuer.key for signer in listed.signers)
        if own and profile.may_sign_lists(issuer):
            return _Voice(issuer)
        if len(self.asking) >= _MAX_DEPTH:
            return None
        direct = listed.issuer == certificate.issuer
        able = [signer for signer in listed.signers if not direct or _stands_in(signer, issuer)]
        for signer in able:
            if signer.fingerprint == self.root.fingerprint:
                return _Voice(signer)
            if signer.fingerprint in self.asking:
                # Its CA names it, and nobody else, as the one who says whether it is in force.
                voice = _Voice(signer) if not direct and signer.fingerprint == certificate.fingerprint else None
            else:
                voice = self._in_force(signer, listed.this_update)
            if voice is not None:
                return voice
        return None

    def _in_force(self, signer: Certificate, moment: datetime) -> _Voice | None:
        below = Question(self.index, self.root, self.now, (), self.asking | {signer.fingerprint})
        for path in paths.every_path(signer, self.index, profile.Purpose.LISTS):
            if path.root.fingerprint == self.root.fingerprint and path.holds_at(moment):
                used = below.clean(path)
                if used is not None:
                    return _Voice(signer, used)
        return None

    def clean(self, path: paths.Path) -> tuple[RevocationUsed, ...] | None:
        """The data that shows every certificate of the path to be in force, whatever the reason; None when it does not."""
        issuers = (*path.certificates[1:], path.root)
        used: list[RevocationUsed] = []
        for certificate, issuer in zip(path.certificates, issuers, strict=True):
            evidence = self.of(certificate, issuer)
            if not is_complete(evidence, self.now) or any(e.entry for e in evidence):
                return None
            used += [each for e in evidence for each in e.used]
        return tuple(used)

    def _answers(self, certificate: Certificate, issuer: Certificate) -> Iterator[Evidence]:
        for answer in (*self.index.ocsp.about(certificate), *self.stapled):
            # "unknown" says nothing, for or against (RFC 6960 2.2)
            told = [status for status in answer.statuses_of(certificate, issuer) if status.known]
            responder = answer.responder(issuer) if told and self._affords(answer, issuer) else None
            support = None if responder is None else self._support(responder, issuer)
            if support is not None:
                yield from (_of_answer(answer, status, issuer, support) for status in told)

    def _affords(self, answer: ocsp.Answer, issuer: Certificate) -> bool:
        """Answers that are held cost nothing. One that the document can't pay for says nothing, as if it had not come."""
        if not any(answer is each for each in self.stapled):
            return True
        key = answer.fingerprint, issuer.fingerprint
        if not self.document.admits(key):
            return False
        self.document.pay({key: answer.checks(issuer)})
        return True

    def _support(self, responder: Certificate, issuer: Certificate) -> tuple[RevocationUsed, ...] | None:
        """RFC 6960 4.2.2.2.1: a delegate says that it need not be checked, or data says that it is in force."""
        if responder.fingerprint == issuer.fingerprint or responder.extension(OCSPNoCheck) is not None:
            return ()
        if len(self.asking) >= _MAX_DEPTH or responder.fingerprint in self.asking:
            return None
        below = Question(self.index, self.root, self.now, (), self.asking | {responder.fingerprint})
        evidence = below.of(responder, issuer)
        if not is_complete(evidence, self.now) or any(e.entry for e in evidence):
            return None
        return tuple(each for e in evidence for each in e.used)


def is_complete(evidence: Sequence[Evidence], now: datetime) -> bool:
    """True when the fresh evidence together speaks for every reason (RFC 5280 6.3.3: reasons_mask is all-reasons)."""
    return frozenset().union(*(e.reasons for e in evidence if e.fresh_at(now))) == ALL_REASONS


def _stands_in(signer: Certificate, issuer: Certificate) -> bool:
    """Another key under the CA's own name must be recognisably the same CA's, since names are not unique in the world:
    one that is there for lists alone, or one linked by a self-issued certificate (RFC 4210 4.4, key roll-over)."""
    return profile.signs_lists_alone(signer) or signer.self_issued or issuer.self_issued


def _of_list(
    complete: RevocationList,
    delta: RevocationList | None,
    reasons: frozenset[str],
    certificate: Certificate,
    voice: _Voice,
) -> Evidence:
    """A delta goes over the complete list; what it removes is no longer revoked (RFC 5280 6.3.3 i to k). Only a delta removes."""
    entry = complete.entry(certificate.serial, certificate.issuer)
    newest, fresh_to = complete, complete.next_update
    if delta is not None:
        changed = delta.entry(certificate.serial, certificate.issuer)
        entry = entry if changed is None else None if changed.reason == "remove_from_crl" else changed
        newest, fresh_to = delta, max(fresh_to, delta.next_update)
    signer = voice.signer.fingerprint.hex()
    lists = [(complete, RevocationKind.CRL), *([(delta, RevocationKind.DELTA)] if delta is not None else [])]
    return Evidence(
        entry, reasons, newest.this_update, complete.this_update, fresh_to, "list",
        (
            *(
                RevocationUsed(signer, r.number, r.this_update, r.next_update, kind, r.fingerprint)
                for r, kind in lists
            ),
            *voice.support,
        ),
        min(complete.this_update, complete.expired_since or complete.this_update),
    )  # fmt: skip


def _of_answer(
    answer: ocsp.Answer, status: ocsp.Status, issuer: Certificate, support: tuple[RevocationUsed, ...]
) -> Evidence:
    return Evidence(
        status.entry, ALL_REASONS, status.this_update, status.this_update, status.fresh_to, "answer",
        (
            RevocationUsed(
                issuer.fingerprint.hex(), None, status.this_update, status.next_update, RevocationKind.OCSP,
                answer.fingerprint,
            ),
            *support,
        ),
        min(status.this_update, status.archived_since or status.this_update),
    )  # fmt: skip
