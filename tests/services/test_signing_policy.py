"""Check 6 as a table: registrations and a policy on one side, roles and findings on the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from registry.core.ids import SchoolYear
from registry.core.transcript import Claims
from registry.core.trust import (
    Algorithm,
    Declares,
    Hierarchy,
    Ownership,
    Policy,
    PolicyRow,
    Role,
    School,
    Signer,
    TrustList,
)
from registry.services import policies, signing_policy
from registry.services.signing_policy import Signed

AT = datetime(2025, 5, 30, 2, tzinfo=UTC)
CODE, ELSEWHERE = "79771501", "79771101"
T, P, S = Role.TEACHER, Role.PRINCIPAL, Role.SEAL
OID = "2.16.704.1.1.1.1.1"


def row(role: Role, **more: Any) -> PolicyRow:
    made = PolicyRow(
        role, Ownership.PUBLIC, Hierarchy.GOVERNMENT, frozenset({Algorithm.ES256}), AT - timedelta(days=900)
    )
    return replace(made, **more)


ALL = tuple(map(row, Role))


def optional(*roles: Role) -> tuple[PolicyRow, ...]:
    return tuple(row(role, required=role not in roles) for role in Role)


def judged(
    registered: Sequence[Sequence[Role]],
    rows: Sequence[PolicyRow],
    *,
    year: int = 2024,
    school: str = CODE,
    declares: bool = False,
    **more: Any,
) -> tuple[list[Role | None], list[tuple[str, str, str]]]:
    """Each signer's registered roles -> the roles found, and (code, pointer, detail)."""
    signers = {
        bytes([n]): tuple(Signer(bytes([n]), b"", CODE, role, AT - timedelta(days=300)) for role in roles)
        for n, roles in enumerate(registered)
    }
    signed = [
        replace(
            Signed(n, bytes([n]), Hierarchy.GOVERNMENT, Algorithm.ES256, AT + timedelta(hours=n)), **more
        )
        for n in range(len(registered))
    ]  # fmt: skip
    schools = {code: School(code, "Trường", Ownership.PUBLIC, AT - timedelta(days=9000)) for code in (CODE, ELSEWHERE)}
    trust_list = TrustList(
        1, (), (), (), {c: rows for c, rows in signers.items() if rows}, schools, Policy("v", tuple(rows))
    )
    claims = Claims(school_code=school, school_year=SchoolYear(year))
    check = partial(signing_policy.check_statement, declares=True) if declares else signing_policy.check
    roles, findings = check(signed, trust_list, claims)
    return roles, [(f.code.slug, f.pointer, f.detail) for f in findings]


ROLES: dict[str, tuple[list[list[Role]], tuple[PolicyRow, ...], list[Role | None], list[tuple[str, str]]]] = {
    "as it should be": ([[T], [P], [S]], ALL, [T, P, S], []),
    "three teachers": ([[T], [T], [T], [P], [S]], ALL, [T, T, T, P, S], []),
    "one person, two certificates, both roles": ([[T, P], [T, P], [S]], ALL, [T, P, S], []),
    "a teacher's certificate for the principal": ([[T], [T], [S]], ALL, [T, T, S], [("signer-role-missing", "/signatures")]),
    "the seal before the principal": ([[T], [S], [P]], ALL, [T, S, P], [("signer-role-order", "/signatures/2")]),
    "two principals": ([[T], [P], [P], [S]], ALL, [T, P, P, S], [("signer-role-order", "/signatures/2")]),
    "two seals": ([[T], [P], [S], [S]], ALL, [T, P, S, S], [("signer-role-order", "/signatures/3")]),
    "no seal": ([[T], [P]], ALL, [T, P], [("signer-role-missing", "/signatures")]),
    "nobody": ([], ALL, [], [("signer-role-missing", "/signatures")] * 3),
    "unknown in the middle": ([[T], [], [S]], ALL, [T, None, S], [("signer-unregistered", "/signatures/1")]),
    "no seal where it may be absent": ([[T], [P]], optional(S), [T, P], []),
    "two roles, and the seal may be absent": ([[T], [T, P]], optional(S), [T, P], []),
    "the teacher alone": ([[T]], optional(P, S), [T], []),
    "the principal alone": ([[P]], optional(T, S), [P], []),
    "the seal alone": ([[T, P, S]], optional(T, P), [S], []),
    "seal and principal, no teacher": ([[P], [S]], optional(T), [P, S], []),
    "an optional role out of order all the same": ([[S], [T]], optional(P, S), [S, T], [("signer-role-order", "/signatures/1")]),
    "a role without rows": ([[T], [P], [S]], ALL[:2], [T, P, S], [("policy-empty", "/signatures/2")]),
    "a role without rows that does not sign": ([[T], [P]], ALL[:2], [T, P], [("policy-empty", "/signatures")]),
    "every role may be absent": ([[T], [P], [S]], optional(*Role), [T, P, S], [("policy-empty", "/signatures")]),
    "every role may be absent, and the teacher signs": ([[T]], optional(*Role), [T], [("policy-empty", "/signatures")]),
    "the required role's rows ended before the others signed": (
        [[T], [P], [S]],
        (row(T, valid_to=AT + timedelta(minutes=1)), *optional(P, S)[1:]), [T, P, S], [("policy-empty", "/signatures")],
    ),
    "no policy": ([[T], [P], [S]], (), [T, P, S], [("policy-empty", f"/signatures/{n}") for n in range(3)]),
}  # fmt: skip


@pytest.mark.parametrize("name", ROLES)
def test_roles(name: str) -> None:
    registered, rows, roles, expected = ROLES[name]
    found, findings = judged(registered, rows)
    assert found == roles
    assert [(code, pointer) for code, pointer, _ in findings] == expected


THREE = [[T], [P], [S]]
SEAL_ONLY = ALL[:2]
CONDITIONS: dict[str, tuple[tuple[PolicyRow, ...], dict[str, Any], list[tuple[str, str]]]] = {
    "another hierarchy": ((*SEAL_ONLY, row(S, hierarchy=Hierarchy.PUBLIC)), {}, [("signer-hierarchy", "/signatures/2")]),
    "another algorithm": ((*SEAL_ONLY, row(S, algorithms=frozenset({Algorithm.EDDSA}))), {},
                          [("signer-hierarchy", "/signatures/2")]),
    "the policy is missing": ((*SEAL_ONLY, row(S, policies=frozenset({OID}))), {}, [("certificate-policy", "/signatures/2")]),
    "another policy": ((*SEAL_ONLY, row(S, policies=frozenset({OID}))), {"policies": frozenset({"1.2.3"})},
                       [("certificate-policy", "/signatures/2")]),
    "one of the policies": ((*SEAL_ONLY, row(S, policies=frozenset({OID, "1.2.4"}))),
                            {"policies": frozenset({OID, "1.2.3"})}, []),
    "one row of two is met": ((*SEAL_ONLY, row(S, policies=frozenset({OID})), row(S, first_year=2020)), {}, []),
    "no time-stamp": ((*SEAL_ONLY, row(S, time_stamp=True)), {}, [("signer-time-stamp", "/signatures/2")]),
    "a time-stamp not yet decided": ((*SEAL_ONLY, row(S, time_stamp=True)), {"stamp_open": True},
                                     [("signer-time-stamp-open", "/signatures/2")]),
    "a time-stamp": ((*SEAL_ONLY, row(S, time_stamp=True)), {"stamped": True}, []),
    "neither": ((*SEAL_ONLY, row(S, time_stamp=True, policies=frozenset({OID}))), {},
                [("certificate-policy", "/signatures/2"), ("signer-time-stamp", "/signatures/2")]),
    "conditions are not shared between rows": (
        (*SEAL_ONLY, row(S, time_stamp=True), row(S, policies=frozenset({OID}), first_year=2020)), {},
        [("signer-time-stamp", "/signatures/2")]),
    "stamped where the path has no policy": (
        (*SEAL_ONLY, row(S, time_stamp=True), row(S, policies=frozenset({OID}), first_year=2020)), {"stamped": True}, []),
    "rows for later years": ((*SEAL_ONLY, row(S, first_year=2025)), {}, [("policy-empty", "/signatures/2")]),
    "rows for earlier years": ((*SEAL_ONLY, row(S, last_year=2023)), {}, [("policy-empty", "/signatures/2")]),
    "rows for this year": ((*SEAL_ONLY, row(S, first_year=2024, last_year=2024)), {}, []),
    "rows that ended before": ((*SEAL_ONLY, row(S, valid_to=AT)), {}, [("policy-empty", "/signatures/2")]),
}  # fmt: skip


@pytest.mark.parametrize("name", CONDITIONS)
def test_conditions(name: str) -> None:
    rows, signed, expected = CONDITIONS[name]
    _, findings = judged(THREE, rows, **signed)
    assert [(code, pointer) for code, pointer, _ in findings] == expected


def test_a_time_stamp_required_from_one_school_year_on() -> None:
    rows = (*ALL[:2], row(S, last_year=2024), row(S, first_year=2025, time_stamp=True))
    assert judged(THREE, rows, year=2024)[1] == []
    assert [code for code, _, _ in judged(THREE, rows, year=2025)[1]] == ["signer-time-stamp"]


def test_school_period_and_repetition() -> None:
    assert [f[0] for f in judged(THREE, ALL, school=ELSEWHERE)[1]] == ["signer-school"] * 3
    early = judged(THREE, ALL, signed_at=AT - timedelta(days=301))[1]
    assert [f[0] for f in early] == ["signer-period"] * 3
    assert [f[0] for f in judged(THREE, ALL, certificate=bytes([0]))[1]][:2] == ["signature-repeated"] * 2


def test_the_policy_that_comes_along_wants_all_three() -> None:
    for ownership in Ownership:
        assert policies.default().required(ownership, AT, 2024) == tuple(Role)


def declaring(teacher: str, principal: str, seal: str) -> tuple[PolicyRow, ...]:
    words = zip(Role, (teacher, principal, seal), strict=True)
    return tuple(row(role, declares=Declares(word) if word else None) for role, word in words)


_MISSING, _ORDERED = "signer-role-missing", "signer-role-order"
DECLARED: dict[str, tuple[list[list[Role]], tuple[PolicyRow, ...], list[tuple[str, str, str]]]] = {
    "nothing said: the principal": ([[P]], declaring("", "", ""), []),
    "nothing said: the seal": ([[S]], declaring("", "", ""), []),
    "nothing said: both": ([[P], [S]], declaring("", "", ""), []),
    "nothing said: not a teacher": (
        [[T], [P]],
        declaring("", "", ""),
        [(_ORDERED, "/signatures/0", "principal, seal")],
    ),
    "the principal alone: signed": ([[P]], declaring("", "may", "no"), []),
    "the principal alone: the seal": (
        [[S]],
        declaring("", "may", "no"),
        [(_ORDERED, "/signatures/0", "principal"), (_MISSING, "/signatures", "principal")],
    ),
    "both must: both": ([[P], [S]], declaring("", "must", "must"), []),
    "both must: one": ([[P]], declaring("", "must", "must"), [(_MISSING, "/signatures", "seal")]),
    "both must: the wrong way round": (
        [[S], [P]],
        declaring("", "must", "must"),
        [(_ORDERED, "/signatures/1", "principal, seal")],
    ),
    "a teacher may": ([[T]], declaring("may", "", ""), []),
    "nobody may": (
        [[P]],
        declaring("no", "no", "no"),
        [(_ORDERED, "/signatures/0", ""), (_MISSING, "/signatures", "")],
    ),
    "nobody signed": ([], declaring("", "", ""), [(_MISSING, "/signatures", "principal or seal")]),
    "no rows for the seal": ([[S]], declaring("", "", "")[:2], [("policy-empty", "/signatures/0", "seal")]),
}


@pytest.mark.parametrize("case", DECLARED)
def test_who_declares_is_said_by_the_policy(case: str) -> None:
    registered, rows, expected = DECLARED[case]
    _, found = judged(registered, rows, declares=True)
    assert sorted(found) == sorted(expected)
