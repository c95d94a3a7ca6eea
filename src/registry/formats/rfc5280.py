"""The one place that calls pyhanko-certvalidator: RFC 5280 section 6 over an explicit path, and nothing else.

Revocation and path building are not asked of it: its builder is factorial in same-name certificates and its reading of
large lists takes a second. No file, no network: it is given every byte it may look at.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from asn1crypto import x509 as asn1_x509
from pyhanko_certvalidator.authority import CertTrustAnchor, TrustQualifiers, derive_quals_from_cert
from pyhanko_certvalidator.context import ValidationContext
from pyhanko_certvalidator.path import ValidationPath
from pyhanko_certvalidator.policy_decl import (
    DEFAULT_WEAK_HASH_ALGOS,
    NO_REVOCATION,
    CertRevTrustPolicy,
    PKIXValidationParams,
)
from pyhanko_certvalidator.validate import async_validate_path

#: Real paths need a handful; the edges between nodes, and with them the work, grow with the square.
_MAX_POLICY_NODES = 64

#: Certificates of authorities kept parsed, one of each: a country has a few dozen. Each costs up to 100 kB.
_KEPT = 64

ANY_POLICY = "2.5.29.32.0"
#: asn1crypto's name for it, which the path validation uses in place of the number.
_ANY_POLICY_NAME = "any_policy"


@dataclass(frozen=True, slots=True)
class PolicySettings:
    """The policy inputs of RFC 5280 6.1.1 c, e, f and g; the default asks for nothing and only finds out."""

    policies: frozenset[str] = frozenset({ANY_POLICY})
    explicit: bool = False
    inhibit_mapping: bool = False
    inhibit_any: bool = False

    @classmethod
    def demanding(cls, policies: frozenset[str]) -> PolicySettings:
        """One of these policies must be valid for the path; none given means that anything goes."""
        return cls(policies, explicit=True) if policies else cls()


#: Nothing asked: `Judged.policies` then says what could be asked, so that one judgement serves every role.
UNLIMITED = PolicySettings()


@dataclass(frozen=True, slots=True)
class Judged:
    """`refusal` is None for a good path, else the class of the failure (never its text, which quotes names).

    `policies` are the OIDs of the valid policy set as the anchor knows them (before any mapping), `ANY_POLICY` for any;
    empty means none. A good path is good for a demanded set exactly when `satisfies` says so.
    """

    refusal: str | None
    policies: frozenset[str] = frozenset()


def satisfies(policies: frozenset[str], demanded: frozenset[str]) -> bool:
    """True when a path with this valid policy set meets a demand; an empty demand asks for nothing (RFC 9618 5.5 g)."""
    return not demanded or bool(policies & demanded) or (bool(policies) and ANY_POLICY in policies | demanded)


def judge(chain: Sequence[bytes], anchor: bytes, moment: datetime, settings: PolicySettings = UNLIMITED) -> Judged:
    """Judge an explicit path at a moment. Never raises.

    `chain` is DER, the signer's certificate first, the one under the anchor last. Signatures, names, validity, path
    length, key usage, policies and name constraints are checked, those of the anchor included.
    """
    try:
        leaf = asn1_x509.Certificate.load(chain[0], strict=True)
        authorities = [_AUTHORITIES.take(der) for der in (*chain[1:], anchor)]
        root = authorities[-1]
        _prepare_issuer(leaf, authorities[0])
        path = ValidationPath(CertTrustAnchor(root, quals=_qualifiers(root)), interm=authorities[-2::-1], leaf=leaf)
        refusal = _run(_context(moment), path, _parameters(settings))
        judged = Judged(refusal) if refusal else Judged(None, _policies(path))
    except Exception as error:  # NotImplementedError, TypeError, RecursionError occur: whatever it is, it is not a yes
        return Judged(type(error).__name__)
    # Only now: what a failed judgement may have left half read is thrown away.
    for der, authority in zip((*chain[1:], anchor), authorities, strict=True):
        _AUTHORITIES.give_back(der, authority)
    return judged


class _Authorities:
    """Parsed certificates of authorities. asn1crypto reads them bit by bit when asked, so two threads never have the same one:
    it is taken out, and given back after use. What is not here is parsed anew."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spare: OrderedDict[bytes, asn1_x509.Certificate] = OrderedDict()

    def take(self, der: bytes) -> asn1_x509.Certificate:
        """The certificate, for the caller alone."""
        with self._lock:
            spare = self._spare.pop(der, None)
        return asn1_x509.Certificate.load(der, strict=True) if spare is None else spare

    def give_back(self, der: bytes, certificate: asn1_x509.Certificate) -> None:
        """Keep it for the next one who asks, forgetting what was not asked for longest."""
        with self._lock:
            self._spare[der] = certificate
            if len(self._spare) > _KEPT:
                self._spare.popitem(last=False)


_AUTHORITIES = _Authorities()


def _prepare_issuer(leaf: asn1_x509.Certificate, authority: asn1_x509.Certificate) -> None:
    """Names are compared as RFC 4518 prepares their texts, character by character, which takes a quarter of a judgement. Of
    the authority's name that is known from earlier ones; where the leaf's issuer is the same octets it is known of that too."""
    mine, its = leaf.issuer, authority.subject
    if mine.dump() == its.dump():
        for known, same in zip(_parts(its), _parts(mine), strict=True):
            same._prepped = known.prepped_value  # what asn1crypto itself remembers it by


def _parts(name: asn1_x509.Name) -> Iterator[asn1_x509.NameTypeAndValue]:
    return (part for relative in name.chosen for part in relative)


def _parameters(settings: PolicySettings) -> PKIXValidationParams:
    return PKIXValidationParams(
        user_initial_policy_set=frozenset(_ANY_POLICY_NAME if p == ANY_POLICY else p for p in settings.policies),
        initial_policy_mapping_inhibit=settings.inhibit_mapping,
        initial_explicit_policy=settings.explicit,
        initial_any_policy_inhibit=settings.inhibit_any,
        max_policy_graph_nodes=_MAX_POLICY_NODES,
    )


def _policies(path: ValidationPath) -> frozenset[str]:
    found = path.qualified_policies() or ()
    return frozenset(ANY_POLICY if (p := q.user_domain_policy_id) == _ANY_POLICY_NAME else str(p) for q in found)


def _qualifiers(root: asn1_x509.Certificate) -> TrustQualifiers:
    """The anchor's own limits. The attribute-authority length is filled in: left at None it ends in a TypeError."""
    derived = derive_quals_from_cert(root)
    return replace(derived, max_aa_path_length=derived.max_path_length)


def _context(moment: datetime) -> ValidationContext:
    """Without roots of its own: the path ends in the anchor it was given, and nothing is looked up."""
    return ValidationContext(
        trust_roots=[],
        other_certs=[],
        moment=moment,
        allow_fetching=False,
        revinfo_policy=CertRevTrustPolicy(NO_REVOCATION),
        weak_hash_algos=DEFAULT_WEAK_HASH_ALGOS,
        time_tolerance=timedelta(0),
    )


def _run(context: ValidationContext, path: ValidationPath, parameters: PKIXValidationParams) -> str | None:
    """Drive the coroutine by hand: without revocation it has nothing to wait for, so it must end at the first step."""
    running = async_validate_path(context, path, parameters=parameters)
    try:
        running.send(None)
    except StopIteration:
        return None
    running.close()
    return "Suspended"
