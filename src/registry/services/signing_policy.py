"""Check 6: who signed, in which role, in which order, and whether the policy allows it. Pure.

The roles come from the register of signers, never from the document; the policy table (role x ownership x hierarchy x
algorithms x conditions x dates x school years) comes from the trust list (domain facts: CV 2817/SGDĐT-VP and the pilot plan).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from registry.core import codes, trust
from registry.core.findings import Code, Finding
from registry.core.transcript import Claims
from registry.formats import rfc5280

_WORDS = frozenset(role.value for role in trust.Role)
_ORDER = {role: position for position, role in enumerate(trust.Role)}
#: What may stand behind the teachers, the fullest first: at most one principal, at most one seal.
_ENDINGS = (
    (trust.Role.PRINCIPAL, trust.Role.SEAL),
    (trust.Role.SEAL,),
    (trust.Role.PRINCIPAL,),
    (),
)
#: Who may make a statement about a record, in the order in which they sign.
_STATEMENT = (trust.Role.PRINCIPAL, trust.Role.SEAL)
_Roles = tuple[trust.Role | None, ...]


@dataclass(frozen=True, slots=True)
class Signed:
    """One signature as this check needs it; None where an earlier check could not find it out.

    `policies` are the certificate policies (OIDs) that the path is valid for, `stamped` says that a valid time-stamp proves it,
    `stamp_open` that there is one of which it is not known whether it is valid,
    `persons` are the personal numbers in the certificate's subject, `claimed` the roles that the signer wrote.
    """

    index: int
    certificate: bytes | None
    hierarchy: trust.Hierarchy | None
    algorithm: trust.Algorithm | None
    signed_at: datetime | None
    stamped: bool = False
    stamp_open: bool = False
    policies: frozenset[str] = frozenset()
    persons: frozenset[str] = field(default=frozenset(), repr=False)
    claimed: tuple[str, ...] = ()

    @property
    def at(self) -> str:
        """The pointer of this signature."""
        return f"/signatures/{self.index}"


@dataclass(frozen=True, slots=True)
class _Case:
    """What decides which rows of the policy apply to a document."""

    policy: trust.Policy
    school: trust.School | None
    year: int | None

    @property
    def ownership(self) -> trust.Ownership | None:
        return self.school.ownership if self.school is not None else None

    def rows(self, role: trust.Role, moment: datetime | None) -> tuple[trust.PolicyRow, ...]:
        return self.policy.rows_for(role, self.ownership, moment, self.year)


def check(
    signed: Sequence[Signed], trust_list: trust.TrustList, claims: Claims
) -> tuple[list[trust.Role | None], list[Finding]]:
    """The role of each signature and what is wrong with them.

    Codes: signature-repeated, signer-unregistered, signer-school, signer-period, signer-role-order, signer-role-missing,
    signer-role-claimed, signer-hierarchy, certificate-policy, signer-time-stamp, signer-time-stamp-open, policy-empty.
    """
    registered, case, findings = _known(signed, trust_list, claims)
    school = case.school
    # A document is finished by its last signature: who must sign is asked for that moment.
    finished = _finished(signed)
    required = case.policy.required(case.ownership, finished, case.year, claims.extract)
    roles = _roles(tuple([tuple([signer.role for signer in mine]) for mine in registered]), required)
    findings += [Finding(code, _at(signed, place), detail) for code, place, detail in _order(roles, required)]
    findings += _claimed(signed, roles)
    if school is not None:
        findings += _without_rows(roles, case, finished)
        for each, role in zip(signed, roles, strict=True):
            if role is not None:
                findings += _allowed(each, role, case)
        if not required and not any(finding.code is codes.POLICY_EMPTY for finding in findings):
            # Roles that may all be absent leave nobody to answer for the document.
            findings.append(Finding(codes.POLICY_EMPTY, "/signatures", "at least one role that must sign"))
    return list(roles), findings


def wants_subject_teachers(signed: Sequence[Signed], trust_list: trust.TrustList, claims: Claims) -> bool:
    """Whether every subject teacher whom the transcript names must have signed it; an extract from paper none has to."""
    if not trust_list.policy.asks_subject_teachers or claims.extract:
        return False
    case = _case(trust_list, claims)
    return any(row.subject_teachers for row in case.rows(trust.Role.TEACHER, _finished(signed)))


def check_statement(
    signed: Sequence[Signed], trust_list: trust.TrustList, claims: Claims, *, declares: bool = False
) -> tuple[list[trust.Role | None], list[Finding]]:
    """The same for a statement that the principal or the seal alone may make, or both in this order (a withdrawal).

    `declares`: a declaration, of which the policy says who may and who must sign it. Codes: those of `check`; signer-role-missing
    when none of those who may has signed, or one who must has not.
    """
    registered, case, findings = _known(signed, trust_list, claims)
    finished = _finished(signed)
    may, must = _declarers(case, finished) if declares else (_STATEMENT, ())
    roles: list[trust.Role | None] = []
    for mine in registered:
        able = {signer.role for signer in mine}
        wanted = [role for role in may if role in able and role not in roles]
        roles.append(wanted[0] if wanted else min(able, key=lambda role: _ORDER[role], default=None))
    before: set[trust.Role] = set()
    for each, role in zip(signed, roles, strict=True):
        if role is None:
            continue
        if role not in may or any(_ORDER[role] <= _ORDER[earlier] for earlier in before):
            findings.append(Finding(codes.SIGNER_ROLE_ORDER, each.at, ", ".join(may)))
        elif case.school is not None:
            findings += _allowed(each, role, case)
        before.add(role)
    if None not in roles:
        missing = [role.value for role in must if role not in roles]
        missing = missing or ([] if set(roles) & set(may) else [" or ".join(may)])
        findings += [Finding(codes.SIGNER_ROLE_MISSING, "/signatures", role) for role in missing]
    return roles, findings


def _declarers(case: _Case, finished: datetime | None) -> tuple[tuple[trust.Role, ...], tuple[trust.Role, ...]]:
    """Who may sign a declaration of the school, and who of them must; of a role without rows its own check says so."""
    if case.school is None:
        return _STATEMENT, ()
    said = {role: {row.declaring for row in case.rows(role, finished)} for role in trust.Role}
    may = tuple(r for r in trust.Role if (said[r] - {trust.Declares.NO}) or (not said[r] and r in _STATEMENT))
    return may, tuple(role for role in may if trust.Declares.MUST in said[role])


def _known(
    signed: Sequence[Signed], trust_list: trust.TrustList, claims: Claims
) -> tuple[list[tuple[trust.Signer, ...]], _Case, list[Finding]]:
    """The registrations of each signature at the school, what decides about policy rows, and who should not have signed."""
    findings = list(_repeated(signed))
    registered = []
    for each in signed:
        mine, trouble = _registrations(each, trust_list, claims.school_code)
        registered.append(mine)
        findings += trouble
    return registered, _case(trust_list, claims), findings


def _case(trust_list: trust.TrustList, claims: Claims) -> _Case:
    school = trust_list.schools.get(claims.school_code) if claims.school_code is not None else None
    year = claims.school_year.first if claims.school_year is not None else None
    return _Case(trust_list.policy, school, year)


def _finished(signed: Sequence[Signed]) -> datetime | None:
    """The moment of the last signature as claimed."""
    return max([each.signed_at for each in signed if each.signed_at is not None], default=None)


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
    here = tuple([s for s in anywhere if s.school_code == school_code])
    if not here:
        return (), [Finding(codes.SIGNER_SCHOOL, each.at)]
    if each.signed_at is None:
        return here, []
    then = tuple([s for s in here if s.holds_at(each.signed_at)])
    return (then, []) if then else (here, [Finding(codes.SIGNER_PERIOD, each.at)])


@lru_cache(maxsize=1024)
def _roles(registered: tuple[tuple[trust.Role, ...], ...], required: tuple[trust.Role, ...]) -> _Roles:
    """Of several registered roles the one each position asks for: teachers first, then principal, the seal last.

    Taken is the first ending that the register allows and that leaves no required role out; when there is none, each signer's
    role is told as the full ending would have it, for the findings.
    """
    allowed = [set(mine) for mine in registered]
    for shape in (_shape(ending, len(allowed)) for ending in _ENDINGS if len(ending) <= len(allowed)):
        if set(required) <= set(shape) and all(not r or role in r for role, r in zip(shape, allowed, strict=True)):
            break
    else:
        full = _shape(_ENDINGS[0], len(allowed) + len(_ENDINGS[0]))[len(_ENDINGS[0]) :]
        shape = tuple(
            role if role in roles or not roles else min(roles, key=lambda each: _ORDER[each])
            for role, roles in zip(full, allowed, strict=True)
        )
    return tuple(role if roles else None for role, roles in zip(shape, allowed, strict=True))


def _shape(ending: tuple[trust.Role, ...], count: int) -> tuple[trust.Role, ...]:
    return (trust.Role.TEACHER,) * (count - len(ending)) + ending


def _at(signed: Sequence[Signed], place: int | None) -> str:
    return "/signatures" if place is None else signed[place].at


@lru_cache(maxsize=1024)
def _order(roles: _Roles, required: tuple[trust.Role, ...]) -> tuple[tuple[Code, int | None, str], ...]:
    """Teacher(s), then one principal, then one seal; every required role present: what is wrong, of which signature, and why."""
    before: trust.Role | None = None
    wrong: list[tuple[Code, int | None, str]] = []
    for place, role in enumerate(roles):
        if role is None:
            continue
        steps_back = before is not None and _ORDER[role] < _ORDER[before]
        twice = role is before and role is not trust.Role.TEACHER
        if steps_back or twice:
            wrong.append((codes.SIGNER_ROLE_ORDER, place, "teacher, principal, seal"))
        before = role if before is None or _ORDER[role] > _ORDER[before] else before
    if None in roles:
        return tuple(wrong)  # an unknown signer may be the one who seems to be missing: its own finding says so
    return *wrong, *((codes.SIGNER_ROLE_MISSING, None, role.value) for role in required if role not in roles)


def _claimed(signed: Sequence[Signed], roles: _Roles) -> Iterable[Finding]:
    """Who writes one of our roles into the signature, and signs in another: what is written gives no right, but a receiver who reads
    it is misled. Roles in other words ("Hiệu trưởng") are reported and not compared."""
    for each, role in zip(signed, roles, strict=True):
        written = {text.lower() for text in each.claimed} & _WORDS if each.claimed and role is not None else None
        if written and role not in written:
            yield Finding(codes.SIGNER_ROLE_CLAIMED, f"{each.at}/SignerRoleV2", role or "")


def _without_rows(roles: Sequence[trust.Role | None], case: _Case, finished: datetime | None) -> Iterable[Finding]:
    """A role that nothing is said about is not an optional one: who does not sign needs a row that lets it be absent."""
    for role in _ORDER:
        if role not in roles and not case.rows(role, finished):
            yield Finding(codes.POLICY_EMPTY, "/signatures", role.value)


def _allowed(each: Signed, role: trust.Role, case: _Case) -> Iterable[Finding]:
    """One row for this role and kind of school must name the hierarchy and the algorithm, and its conditions be met."""
    if each.signed_at is None:
        return
    rows = case.rows(role, each.signed_at)
    if not rows:
        yield Finding(codes.POLICY_EMPTY, each.at, role.value)
        return
    if each.hierarchy is None or each.algorithm is None:
        return  # the path or the header has its own finding
    named = [r for r in rows if r.hierarchy is each.hierarchy and each.algorithm in r.algorithms]
    if not named:
        allowed = sorted({r.hierarchy.value for r in rows})
        yield Finding(codes.SIGNER_HIERARCHY, each.at, f"{role.value}: {' or '.join(allowed)}")
        return
    certified = [r for r in named if rfc5280.satisfies(each.policies, r.policies)]
    if not certified:
        oids = sorted({oid for r in named for oid in r.policies})
        yield Finding(codes.CERTIFICATE_POLICY, each.at, f"{role.value}: {' or '.join(oids)}")
    if not each.stamped and all(r.time_stamp for r in certified or named):
        code = codes.SIGNER_TIME_STAMP_OPEN if each.stamp_open else codes.SIGNER_TIME_STAMP
        yield Finding(code, each.at, role.value)
