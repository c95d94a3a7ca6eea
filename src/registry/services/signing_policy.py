"""Check 6: who signed, in which role, in which order, and whether the policy allows it. Pure.

The roles come from the register of signers, never from the document; the policy table (role x ownership x hierarchy x
algorithms x dates) comes from the trust list (domain facts: CV 2817/SGDĐT-VP and the pilot plan).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from registry.core import codes, trust
from registry.core.findings import Finding

_ORDER = {role: position for position, role in enumerate(trust.Role)}


@dataclass(frozen=True, slots=True)
class Signed:
    """One signature as this check needs it; None where an earlier check could not find it out."""

    index: int
    certificate: bytes | None
    hierarchy: trust.Hierarchy | None
    algorithm: trust.Algorithm | None
    signed_at: datetime | None
    stamped: bool = False  # a valid time-stamp proves when it existed

    @property
    def at(self) -> str:
        """The pointer of this signature."""
        return f"/signatures/{self.index}"


def check(
    signed: Sequence[Signed], trust_list: trust.TrustList, school_code: str | None
) -> tuple[list[trust.Role | None], list[Finding]]:
    """The role of each signature and what is wrong with them.

    Codes: signature-repeated, signer-unregistered, signer-school, signer-period, signer-role-order, signer-role-missing,
    signer-hierarchy, policy-empty.
    """
    findings = list(_repeated(signed))
    registered = []
    for each in signed:
        mine, trouble = _registrations(each, trust_list, school_code)
        registered.append(mine)
        findings += trouble
    roles = [_role(position, len(signed), mine) for position, mine in enumerate(registered)]
    findings += _order(signed, roles, trust_list.policy)
    school = trust_list.schools.get(school_code) if school_code is not None else None
    for each, role in zip(signed, roles, strict=True):
        if role is not None and school is not None:
            findings += _allowed(each, role, school.ownership, trust_list.policy)
    return roles, findings


def _repeated(signed: Sequence[Signed]) -> Iterable[Finding]:
    """One certificate counts once, however often it signs."""
    seen: set[bytes] = set()
    for each in signed:
        if each.certificate is not None and each.certificate in seen:
            yield Finding(codes.SIGNATURE_REPEATED, each.at)
        if each.certificate is not None:
            seen.add(each.certificate)


def _registrations(
    each: Signed, trust_list: trust.TrustList, school_code: str | None
) -> tuple[tuple[trust.Signer, ...], list[Finding]]:
    """The registrations of this certificate at this school at signing time, or the one reason why there is none."""
    if each.certificate is None:
        return (), []
    anywhere = trust_list.signers.get(each.certificate, ())
    if not anywhere:
        return (), [Finding(codes.SIGNER_UNREGISTERED, each.at)]
    if school_code is None:
        return anywhere, []
    here = tuple(s for s in anywhere if s.school_code == school_code)
    if not here:
        return (), [Finding(codes.SIGNER_SCHOOL, each.at)]
    if each.signed_at is None:
        return here, []
    then = tuple(s for s in here if s.holds_at(each.signed_at))
    return (then, []) if then else (here, [Finding(codes.SIGNER_PERIOD, each.at)])


def _role(position: int, count: int, registrations: tuple[trust.Signer, ...]) -> trust.Role | None:
    """Of several registered roles the one this position asks for: teachers first, then principal, the seal last."""
    roles = {s.role for s in registrations}
    if not roles:
        return None
    from_end = count - 1 - position
    expected = {0: trust.Role.SEAL, 1: trust.Role.PRINCIPAL}.get(from_end, trust.Role.TEACHER)
    return expected if expected in roles else min(roles, key=lambda role: _ORDER[role])


def _order(signed: Sequence[Signed], roles: Sequence[trust.Role | None], policy: trust.Policy) -> Iterable[Finding]:
    """Teacher(s), then one principal, then one seal; every required role present."""
    before: trust.Role | None = None
    for each, role in zip(signed, roles, strict=True):
        if role is None:
            continue
        steps_back = before is not None and _ORDER[role] < _ORDER[before]
        twice = role is before and role is not trust.Role.TEACHER
        if steps_back or twice:
            yield Finding(codes.SIGNER_ROLE_ORDER, each.at, "teacher, principal, seal")
        before = role if before is None or _ORDER[role] > _ORDER[before] else before
    if None in roles:
        return  # an unknown signer may be the one who seems to be missing: its own finding says so
    for required in policy.required:
        if required not in roles:
            yield Finding(codes.SIGNER_ROLE_MISSING, "/signatures", required.value)


def _allowed(each: Signed, role: trust.Role, ownership: trust.Ownership, policy: trust.Policy) -> Iterable[Finding]:
    """The policy row for this role and kind of school must name the hierarchy and the algorithm; no row refuses."""
    if each.signed_at is None:
        return
    rows = policy.rows_for(role, ownership, each.signed_at)
    if not rows:
        yield Finding(codes.POLICY_EMPTY, each.at, role.value)
        return
    if each.hierarchy is None or each.algorithm is None:
        return  # the path or the header has its own finding
    if not any(r.hierarchy is each.hierarchy and each.algorithm in r.algorithms for r in rows):
        allowed = sorted({r.hierarchy.value for r in rows})
        yield Finding(codes.SIGNER_HIERARCHY, each.at, f"{role.value}: {' or '.join(allowed)}")
