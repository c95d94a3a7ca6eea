"""NIST PKITS through the whole of path building, path validation and revocation: no false accept, every refusal named."""

from __future__ import annotations

import itertools
from functools import cache

import pytest

from registry.core.findings import Outcome
from registry.formats import paths, rfc5280
from registry.formats.certificates import TrustIndex
from registry.services import path_check
from registry.services.path_check import Purpose
from tests.formats import made, pkits

pytestmark = pytest.mark.filterwarnings("ignore:Parsed a serial number:Warning")

#: Valid by the suite, refused here on purpose, whatever the certificate is for.
NOT_TAKEN = {
    "4.1.4": ("certificate-profile", "DSA with SHA-1: no algorithm of the signature policy uses it"),
    "4.1.5": ("certificate-malformed", "DSA with inherited parameters: the strict parser does not read it"),
    "4.6.4": ("certificate-profile", "a CA whose basicConstraints is not critical breaks RFC 5280 4.2.1.9"),
}
#: Valid by the suite, and refused for signing documents: a CA's certificate is not a signer's.
CA_AS_SIGNER = dict.fromkeys(("4.6.8", "4.6.14", "4.8.6.1", "4.8.6.2", "4.14.13"), "certificate-profile")

CASES = pkits.cases()
POLICY_1 = "2.16.840.1.101.3.2.1.48.1"


@cache
def _index() -> TrustIndex:
    return path_check.index_of([pkits.anchor()], pkits.authorities(), pkits.lists(), [])


def _judge(case: pkits.Case, purpose: Purpose) -> path_check.Checked:
    along = pkits.unordered(pkits.chains().get(case.der, ()))
    return path_check.check(case.der, along, _index(), pkits.AT, purpose=purpose, settings=case.settings)


def test_the_table_is_whole() -> None:
    """The counts of the sections of the suite; some tests are run under several settings."""
    tests = {tuple(case.number.split(".")[1:3]) for case in CASES}
    sections = [sum(section == str(n) for section, _ in tests) for n in range(1, 17)]
    assert sections == [6, 8, 11, 21, 8, 17, 5, 20, 8, 14, 11, 10, 38, 35, 10, 2]
    assert len(CASES) == 247
    assert all(case.valid for case in CASES if case.leaf.startswith("Valid") and case.settings == rfc5280.UNLIMITED)
    assert not any(case.valid for case in CASES if case.leaf.startswith("Invalid"))
    assert len(pkits.lists()) == 173


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.number)
def test_case(case: pkits.Case) -> None:
    checked = _judge(case, Purpose.ANY)
    if not case.valid:
        assert checked.outcome is not Outcome.ACCEPTED
    elif case.number in NOT_TAKEN:
        assert set(made.slugs(checked.findings)) == {NOT_TAKEN[case.number][0]}
    else:
        assert made.slugs(checked.findings) == []
        assert checked.path[-1].fingerprint == made.read(pkits.anchor()).fingerprint


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.number)
def test_case_as_a_signer_of_documents(case: pkits.Case) -> None:
    checked = _judge(case, Purpose.DOCUMENT)
    if case.number in CA_AS_SIGNER:
        assert set(made.slugs(checked.findings)) == {CA_AS_SIGNER[case.number]}
    else:
        assert (checked.outcome is Outcome.ACCEPTED) == (case.valid and case.number not in NOT_TAKEN)


def test_valid_paths_are_built_from_what_came_along_alone() -> None:
    bare = path_check.index_of([pkits.anchor()], [], [], [])
    built = 0
    for case in CASES:
        along = pkits.unordered(pkits.chains().get(case.der, ()))
        if case.valid and case.number not in NOT_TAKEN and set(along) <= set(pkits.authorities()):
            leaf = made.read(case.der)
            _, findings = paths.find_path(leaf, along, bare, "", purpose=Purpose.ANY, settings=case.settings)
            built += not findings
    # 4.3.6 came with another edition of its CA, 4.14.18 with the message of 4.14.19
    assert built == sum(case.valid for case in CASES) - len(NOT_TAKEN) - 2


def test_comparing_the_policies_of_a_path_is_the_same_as_asking_for_them() -> None:
    """What a role demands is compared with `Path.policies`: so must RFC 5280 say when it is asked with that demand."""
    demands = [frozenset({f"2.16.840.1.101.3.2.1.48.{n}"}) for n in range(1, 7)]
    demands += [a | b for a, b in itertools.combinations(demands[:3], 2)]
    demands.append(frozenset({rfc5280.ANY_POLICY}))
    leaves = {c.leaf: c.der for c in CASES if c.number.split(".")[1] in {"8", "9", "10", "11", "12"}}
    answers = set()
    for name, der in leaves.items():
        leaf = made.read(der)
        path, _ = paths.find_path(leaf, (), _index(), "", purpose=Purpose.ANY)
        for demand in demands:
            asked, findings = paths.find_path(
                leaf, (), _index(), "", purpose=Purpose.ANY, settings=rfc5280.PolicySettings.demanding(demand)
            )
            compared = path is not None and rfc5280.satisfies(path.policies, demand)
            assert compared == (asked is not None), (name, demand)
            if path is not None and asked is None:
                assert made.slugs(findings) == ["certificate-policy"]
            answers.add(compared)
    assert answers == {True, False}
    assert rfc5280.satisfies(frozenset(), frozenset())
    assert not rfc5280.satisfies(frozenset(), frozenset({rfc5280.ANY_POLICY}))
    assert rfc5280.satisfies(frozenset({rfc5280.ANY_POLICY}), frozenset({POLICY_1}))
