"""From a signer's certificate to a pinned anchor: a bounded search, then RFC 5280 on the path found.

The work is bounded whatever is submitted: at most 10 certificates beside the signer's, 6 below the anchor, 32 signature
checks. Revocation is in `registry.formats.revocation`. No clock: moments are arguments.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from cryptography.x509 import GeneralName

from registry.core import codes, trust
from registry.core.findings import Code, Finding
from registry.formats import allowance, holders, profile, rfc5280, shown_names, x509
from registry.formats.allowance import Allowance
from registry.formats.certificates import Certificate, TrustIndex
from registry.formats.profile import Purpose as Purpose  # under this name others know it
from registry.formats.rfc5280 import UNLIMITED, PolicySettings

MAX_CANDIDATES = 10
MAX_DEPTH = 6
MAX_SIGNATURE_CHECKS = 32
#: Chains given to the path validation, which costs milliseconds each: renewed and cross-signed CAs that are held give four in
#: practice. Through certificates that came along fewer, since a document can bring others with each of its signatures.
_MAX_CHAINS, _MAX_BROUGHT = 4, 2

#: Octets of certificates given to the path validation; the first chain always is, whatever its size (at most 112 kB).
_MAX_JUDGED = 49_152
#: Comparisons of a name with a subtree over one path, and octets of the names that are compared; each comparison costs a
#: microsecond or two in the path validation, and preparing a name as much for each character.
MAX_NAME_CHECKS, MAX_NAME_OCTETS = 1024, 4096

_Chain = tuple[Certificate, ...]
_Found = tuple[_Chain, trust.Anchor, Certificate]


@dataclass(frozen=True, slots=True)
class Path:
    """A validated path. It holds at every moment from `valid_from` to `valid_to`, both included, anchor included."""

    certificates: tuple[Certificate, ...]  # the signer's first, the one below the anchor last
    anchor: trust.Anchor
    root: Certificate  # the anchor's certificate
    valid_from: datetime
    valid_to: datetime
    #: OIDs of the valid policy set, as the anchor knows them; `rfc5280.satisfies` compares them with a demand.
    policies: frozenset[str] = frozenset()
    #: What follows from the rest and is asked for with every signature: SHA-256 of each certificate, signer's first, anchor's
    #: last; their names as people may see them; the name and the personal numbers of the signer.
    fingerprints: tuple[bytes, ...] = field(init=False, repr=False, compare=False)
    names: tuple[str, ...] = field(init=False, repr=False, compare=False)
    signer: str = field(init=False, repr=False, compare=False)
    persons: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Put together what follows from the rest."""
        every, leaf = (*self.certificates, self.root), self.certificates[0]
        object.__setattr__(self, "fingerprints", tuple(c.fingerprint for c in every))
        object.__setattr__(self, "names", tuple(map(shown_names.common_name, every)))
        object.__setattr__(self, "signer", shown_names.signer(leaf))
        object.__setattr__(self, "persons", holders.personal_numbers(leaf))

    @property
    def hierarchy(self) -> trust.Hierarchy:
        """The hierarchy the anchor heads."""
        return self.anchor.hierarchy

    def holds_at(self, moment: datetime) -> bool:
        """True when every certificate of the path is valid at the moment."""
        return self.valid_from <= moment <= self.valid_to


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What is remembered of a search: the good paths, or why there is none."""

    paths: tuple[Path, ...]
    faults: tuple[tuple[Code, str], ...]
    price: int = 0  # see `allowance`; what only concerns certificates that are held is the operator's and costs nothing


def find_path(
    leaf: Certificate,
    candidates: Sequence[bytes],
    index: TrustIndex,
    pointer: str,
    at: datetime | None = None,
    *,
    purpose: Purpose = Purpose.DOCUMENT,
    settings: PolicySettings = UNLIMITED,
    document: Allowance | None = None,
) -> tuple[Path | None, list[Finding]]:
    """Find and validate a path from a certificate to an anchor of the index; all findings carry `pointer`.

    `candidates` are DER certificates sent along: they may help to build, never to trust. When cross-signing gives
    several paths, one that holds at `at` is preferred, then the one that ends last. The profile and usage that the
    purpose asks of the certificate are checked too. `document` is charged; once it has been charged too much, the answer is
    certificate-size without a look. Findings: certificate-size, certificate-malformed,
    certificate-profile, certificate-usage, certificate-path, certificate-policy (a path there is, but not under the
    demanded policies); the path is None exactly when there are findings. Never raises.
    """
    verdict = _remembered(leaf, candidates, index, purpose, settings, document or Allowance())
    if verdict.faults:
        return None, [Finding(code, pointer, detail) for code, detail in verdict.faults]
    paths = verdict.paths
    if len(paths) > 1:
        holding = [path for path in paths if at is not None and path.holds_at(at)]
        return max(holding or paths, key=lambda path: path.valid_to), []
    return paths[0], []


def every_path(leaf: Certificate, index: TrustIndex, purpose: Purpose) -> tuple[Path, ...]:
    """All validated paths (at most 4) of a certificate over the certificates stored; none when it has faults."""
    return _remembered(leaf, (), index, purpose, UNLIMITED, Allowance()).paths


def time_findings(path: Path, signed_at: datetime, received_at: datetime, pointer: str) -> list[Finding]:
    """Compare a claimed signing time and the receipt with the validity of the path.

    certificate-not-yet, certificate-expired: the claim lies outside. certificate-expired-unproven: expired between the
    claim and the receipt, which is the only proof of existence here (ETSI EN 319 102-1: OUT_OF_BOUNDS_NO_POE).
    """
    if signed_at < path.valid_from:
        return [Finding(codes.CERTIFICATE_NOT_YET, pointer, "a signing time within the validity of every certificate")]
    if signed_at > path.valid_to:
        return [Finding(codes.CERTIFICATE_EXPIRED, pointer, "a signing time within the validity of every certificate")]
    if received_at > path.valid_to:
        return [Finding(codes.CERTIFICATE_EXPIRED_UNPROVEN, pointer, "received while every certificate is valid")]
    return []


def _remembered(
    leaf: Certificate, candidates: Sequence[bytes], index: TrustIndex, purpose: Purpose, settings: PolicySettings,
    document: Allowance,
) -> _Verdict:  # fmt: skip
    if len(candidates) > MAX_CANDIDATES:
        return _Verdict((), ((codes.CERTIFICATE_SIZE, f"at most {MAX_CANDIDATES} issuer certificates"),))
    if any(len(der) > x509.MAX_SIZE for der in candidates):
        return _Verdict((), ((codes.CERTIFICATE_SIZE, f"issuer certificates of at most {x509.MAX_SIZE} octets"),))
    # One text of octets, whose hash is remembered: it is looked up several times.
    asked = b"".join((purpose.encode(), leaf.fingerprint, *map(x509.fingerprint, candidates)))
    key: Hashable = asked if settings is UNLIMITED else (asked, settings)
    if not document.admits(asked):
        return _Verdict((), ((codes.CERTIFICATE_SIZE, allowance.TOO_MUCH),))
    verdict: _Verdict | None = index.verdicts.get(key)
    if verdict is None:
        verdict = _judge(leaf, candidates, index, purpose, settings)
        index.verdicts.put(key, verdict)
    document.pay({asked: verdict.price})
    return verdict


def _judge(
    leaf: Certificate, candidates: Sequence[bytes], index: TrustIndex, purpose: Purpose, settings: PolicySettings
) -> _Verdict:
    read = [index.read(der) for der in candidates]
    faults = [(f.code, f.detail) for f in profile.purpose_findings(leaf, purpose, "")]
    faults += [(f.code, f"issuer certificate: {f.detail}") for _, problems in read for f in problems]
    if faults:
        return _Verdict((), tuple(faults), len(candidates))
    search = _Search(index, [certificate for certificate, _ in read if certificate is not None], purpose)
    paths: list[Path] = []
    refusals: list[tuple[Code, str]] = []
    judged = brought = priced = 0
    for found in islice(search.chains((leaf,)), _MAX_CHAINS):
        chain, _, root = found
        judged += sum(len(c.der) for c in chain)
        brought += search.came_along(chain)
        if (paths or refusals) and (judged > _MAX_JUDGED or brought > _MAX_BROUGHT):
            break
        checks = _name_checks((*chain, root))
        priced += (checks or 0) // allowance.NAME_CHECKS
        if search.came_along(chain) or purpose is Purpose.TIME_STAMP:
            priced += allowance.VALIDATED * len(chain)
        path, refusal = _path(found, checks, settings)
        if path is not None:
            paths.append(path)
        if refusal is not None:
            refusals.append(refusal)
    price = len(candidates) + search.checks_of_strangers + priced
    if paths:
        return _Verdict(tuple(paths), (), price)
    nothing = (codes.CERTIFICATE_PATH, f"a chain of at most {MAX_DEPTH} certificates up to a trusted root")
    return _Verdict((), tuple(dict.fromkeys(refusals or search.rejected or [nothing])), price)


def _path(
    found: _Found, name_checks: int | None, settings: PolicySettings
) -> tuple[Path | None, tuple[Code, str] | None]:
    """The path, or why it is not good anywhere in time. Judged at one moment, it holds for the whole interval."""
    chain, anchor, root = found
    every = (*chain, root)
    valid_from, valid_to = max(c.not_before for c in every), min(c.not_after for c in every)
    if valid_from > valid_to:
        return None, (codes.CERTIFICATE_PATH, "certificates of the path must be valid at one time")
    if name_checks is None:
        limit = f"at most {MAX_NAME_CHECKS} comparisons of names with name constraints, {MAX_NAME_OCTETS} octets in all"
        return None, (codes.CERTIFICATE_PATH, limit)
    ders = [c.der for c in chain]
    judged = rfc5280.judge(ders, root.der, valid_from, settings)
    if judged.refusal is None:
        return Path(chain, anchor, root, valid_from, valid_to, judged.policies), None
    if settings != UNLIMITED and rfc5280.judge(ders, root.der, valid_from).refusal is None:
        return None, (codes.CERTIFICATE_POLICY, "a path under the certificate policies asked for")
    return None, (codes.CERTIFICATE_PATH, f"RFC 5280 path validation: {judged.refusal}")


def _name_checks(every: Sequence[Certificate]) -> int | None:
    """How often a path makes the validation compare: names, and subtrees with each other, against all subtrees above. None when
    that is beyond the bounds, or the names cost much to compare. Without constraints nothing is compared."""
    above = checks = octets = 0
    compared: list[GeneralName] = []
    for certificate in reversed(every):
        subtrees = certificate.subtrees
        named = (*certificate.alternative_names, *subtrees)
        checks += (1 + len(named)) * above
        above += len(subtrees)
        octets += certificate.name_octets
        compared += named
    if not above:
        return 0
    bounded = checks <= MAX_NAME_CHECKS and octets <= MAX_NAME_OCTETS and all(map(x509.is_bounded, compared))
    return checks if bounded else None


class _Search:
    """Depth first, anchors before stored before submitted certificates; every signature check counts.

    Of what was submitted only what a trusted CA has signed, or something so proven, issues anything: a stranger's keys, as large
    and slow as he likes, are never used.
    """

    def __init__(self, index: TrustIndex, candidates: Sequence[Certificate], purpose: Purpose) -> None:
        self._index = index
        self._purpose = purpose
        self._checked: dict[tuple[bytes, bytes], bool] = {}
        self._candidates = [c for c in {c.fingerprint: c for c in candidates}.values() if not _is_root(c)]
        self._faults = {
            c.fingerprint: [f.detail for f in profile.profile_findings(c, ca=True, pointer="")]
            for c in self._candidates
        }
        #: Why certificates that name themselves as issuer were not used.
        self.rejected: list[tuple[Code, str]] = []
        self._proven = self._prove([c for c in self._candidates if not self._faults[c.fingerprint]])

    def chains(self, chain: _Chain) -> Iterator[_Found]:
        """Every chain whose signatures verify up to an anchor, as far as the bounds reach."""
        tip = chain[-1]
        for anchor, root in self._index.anchors_named(tip.issuer):
            if self._counts(anchor) and not _repeats((tip,), root) and self._issued(root, tip):
                yield chain, anchor, root
        if len(chain) >= MAX_DEPTH:
            return
        for issuer in self._issuers(tip):
            if not _repeats(chain, issuer) and self._issued(issuer, tip):
                yield from self.chains((*chain, issuer))

    @property
    def checks_of_strangers(self) -> int:
        """Signature checks that a certificate which was submitted, and is none that is held, had a part in."""
        strangers = {c.fingerprint for c in self._candidates if not self._is_held(c)}
        return sum(not strangers.isdisjoint(pair) for pair in self._checked)

    def _is_held(self, certificate: Certificate) -> bool:
        held = self._index.intermediates_named(certificate.subject)
        return any(c.fingerprint == certificate.fingerprint for c in held)

    def came_along(self, chain: _Chain) -> bool:
        """True when an issuer in the chain was submitted and is not held."""
        return not all(map(self._is_held, chain[1:]))

    def _counts(self, anchor: trust.Anchor) -> bool:
        """A root of time-stamping alone is none for people and seals, whatever it issues."""
        return self._purpose is not Purpose.DOCUMENT or anchor.hierarchy is not trust.Hierarchy.TIME_STAMP

    def _prove(self, left: list[Certificate]) -> frozenset[bytes]:
        """Fingerprints of the candidates under a CA held here, from the top down."""
        proven: list[Certificate] = []
        while found := [c for c in left if any(self._issued(issuer, c) for issuer in (*self._held(c), *proven))]:
            proven += found
            left = [c for c in left if c not in found]
        return frozenset(c.fingerprint for c in proven)

    def _held(self, child: Certificate) -> tuple[Certificate, ...]:
        anchors = (root for anchor, root in self._index.anchors_named(child.issuer) if self._counts(anchor))
        return (*anchors, *self._index.intermediates_named(child.issuer))

    def _issuers(self, tip: Certificate) -> Iterator[Certificate]:
        stored = self._index.intermediates_named(tip.issuer)
        yield from stored
        known = {certificate.fingerprint for certificate in stored}
        for candidate in self._candidates:
            if candidate.fingerprint in known or not candidate.may_have_issued(tip):
                continue
            faults = self._faults[candidate.fingerprint]
            if faults:
                self.rejected += [(codes.CERTIFICATE_PROFILE, f"issuer certificate: {fault}") for fault in faults]
            elif candidate.fingerprint in self._proven:
                yield candidate

    def _issued(self, issuer: Certificate, child: Certificate) -> bool:
        if not issuer.may_have_issued(child):
            return False
        pair = issuer.fingerprint, child.fingerprint
        if pair not in self._checked:
            if len(self._checked) >= MAX_SIGNATURE_CHECKS:
                return False
            self._checked[pair] = issuer.has_signed(child)
        return self._checked[pair]


def _is_root(candidate: Certificate) -> bool:
    """Self-signed by its identifiers: a root that came along says nothing (RFC 5280 4.2.1.1 lets only it omit the AKI)."""
    return candidate.self_issued and candidate.issuer_key_id in (None, candidate.key_id)


def _repeats(chain: _Chain, issuer: Certificate) -> bool:
    """The same authority twice, as itself or renewed, would be a loop."""
    return any(
        c.fingerprint == issuer.fingerprint or (c.key == issuer.key and c.subject == issuer.subject) for c in chain
    )
