"""Delta, indirect and partitioned lists, lists by another key: which of them speak for a certificate, and together."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ReasonFlags

from registry.core.verdict import RevocationKind
from registry.demo import pki
from registry.formats import paths, points, revocation
from registry.formats.certificates import Certificate, TrustIndex
from tests.formats import made

SIGNED, RECEIVED = made.NOW, made.NOW + made.DAY
LATER = made.NOW + 10 * made.DAY
FROM, TO = made.NOW - made.DAY, made.NOW + 30 * made.DAY
BEFORE = SIGNED - made.DAY
HOLD, REFUSE, UNKNOWN = ["certificate-revoked-unproven"], ["certificate-revoked"], ["revocation-unknown"]

ROOT = made.ca(None, "Gốc", number=1)
_HERE = x509.UniformResourceIdentifier("http://pki.thu-nghiem.example/ca.crl")
_SOME = frozenset({ReasonFlags.key_compromise, ReasonFlags.ca_compromise})
_REST = frozenset(ReasonFlags) - _SOME - {ReasonFlags.unspecified, ReasonFlags.remove_from_crl}


def _ca(**options: Any) -> pki.Authority:
    """A CA without entries in its lists so far."""
    return made.ca(ROOT, "CA", number=2, **options)


def _ask(leaf: Certificate, index: TrustIndex, now: datetime = LATER) -> tuple[list[str], list[RevocationKind]]:
    path, findings = paths.find_path(leaf, [], index, "")
    assert path is not None, findings
    found, used = revocation.revocation_findings(path, index, SIGNED, RECEIVED, now, "")
    return made.slugs(found), [each.kind for each in used]


def _codes(leaf: Certificate, held: Sequence[pki.Authority], lists: Sequence[bytes]) -> list[str]:
    return _ask(leaf, made.index([ROOT], held, [ROOT.crl(FROM, TO), *lists]))[0]


def _idp(**limits: Any) -> tuple[x509.ExtensionType, bool]:
    fields: dict[str, Any] = {
        "full_name": [_HERE], "relative_name": None, "only_contains_user_certs": False, "only_contains_ca_certs": False,
        "only_some_reasons": None, "indirect_crl": False, "only_contains_attribute_certs": False,
    }  # fmt: skip
    return x509.IssuingDistributionPoint(**(fields | limits)), True


# --- deltas ----------------------------------------------------------------------------------------------------------------


def _delta(ca: pki.Authority, base: int, number: int, serials: Sequence[int], reason: ReasonFlags | None) -> bytes:
    before = list(ca.revocations)
    ca.revocations.clear()
    for serial in serials:
        ca.revoke(serial, BEFORE, reason)
    made_here = ca.crl(FROM + made.DAY, TO, number=number, extra=[(x509.DeltaCRLIndicator(base), True)])
    ca.revocations[:] = before
    return made_here


@pytest.mark.parametrize(
    ("in_base", "base", "number", "in_delta", "reason", "expected"),
    [
        (None, 3, 6, True, None, REFUSE),
        (None, 5, 6, True, ReasonFlags.certificate_hold, HOLD),
        (None, 5, 6, False, None, []),
        (ReasonFlags.certificate_hold, 5, 6, True, ReasonFlags.remove_from_crl, []),
        (ReasonFlags.certificate_hold, 5, 6, True, ReasonFlags.superseded, REFUSE),
        (ReasonFlags.superseded, 5, 6, False, None, REFUSE),
        (None, 6, 7, True, None, []),  # goes on from a list that is not held
        (None, 4, 5, True, None, []),  # not newer than the list
    ],
)
def test_delta_over_its_list(
    in_base: ReasonFlags | None, base: int, number: int, in_delta: bool, reason: ReasonFlags | None, expected: list[str]
) -> None:
    ca = _ca()
    leaf = made.leaf(ca)
    if in_base is not None:
        ca.revoke(leaf.serial, BEFORE, in_base)
    complete = ca.crl(FROM, TO, number=5)
    delta = _delta(ca, base, number, [leaf.serial] if in_delta else [], reason)
    assert _codes(leaf, [ca], [delta, complete]) == expected


def test_delta_is_named_in_the_evidence_and_keeps_an_expired_list_fresh() -> None:
    ca = _ca()
    leaf = made.leaf(ca)
    complete = ca.crl(FROM, LATER - made.DAY, number=5)
    index = made.index([ROOT], [ca], [ROOT.crl(FROM, TO), complete, _delta(ca, 5, 6, [], None)])
    assert _ask(leaf, index) == ([], [RevocationKind.CRL, RevocationKind.DELTA, RevocationKind.CRL])
    assert _codes(leaf, [ca], [complete]) == UNKNOWN


def test_delta_of_the_future_does_not_count() -> None:
    ca = _ca()
    leaf = made.leaf(ca)
    complete, delta = ca.crl(FROM, TO, number=5), _delta(ca, 5, 6, [leaf.serial], None)
    index = made.index([ROOT], [ca], [ROOT.crl(FROM, TO), complete, delta])
    assert _ask(leaf, index, FROM + made.DAY / 2)[0] == []
    assert _ask(leaf, index)[0] == REFUSE


def test_what_is_remembered_of_a_good_path_ends_with_its_lists() -> None:
    ca = _ca()
    leaf = made.leaf(ca)
    index = made.index([ROOT], [ca], [ROOT.crl(FROM, TO), ca.crl(FROM, TO)])
    assert _ask(leaf, index)[0] == []
    assert _ask(leaf, index)[0] == [], "remembered"
    assert _ask(leaf, index, TO + made.DAY)[0] != []
    assert _ask(leaf, index, FROM - made.DAY)[0] != []


def test_delta_of_another_scope_does_not_fit() -> None:
    ca = _ca()
    leaf = made.leaf(ca)
    ca.revoke(leaf.serial, BEFORE)
    delta = ca.crl(FROM, TO, number=6, extra=[(x509.DeltaCRLIndicator(5), True), _idp()])
    ca.revocations.clear()
    assert _codes(leaf, [ca], [ca.crl(FROM, TO, number=5), delta]) == []


# --- partitions --------------------------------------------------------------------------------------------------------------


def _reasoned(plan: pki.Plan) -> None:
    plan.put(x509.CRLDistributionPoints([x509.DistributionPoint([_HERE], None, some, None) for some in (_SOME, _REST)]))


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([_SOME], UNKNOWN),
        ([_REST], UNKNOWN),
        ([_SOME, _REST], []),
        ([_SOME, _REST - {ReasonFlags.superseded}], UNKNOWN),
    ],
)
def test_reasons_must_come_to_all_of_them(parts: Sequence[frozenset[ReasonFlags]], expected: list[str]) -> None:
    ca = _ca()
    lists = [ca.crl(FROM, TO, extra=[_idp(only_some_reasons=some)]) for some in parts]
    assert _codes(made.leaf(ca, _reasoned), [ca], lists) == expected
    assert _codes(made.leaf(ca), [ca], lists) == expected


def test_revoked_in_one_partition_is_revoked() -> None:
    ca = _ca()
    leaf = made.leaf(ca, _reasoned)
    rest = ca.crl(FROM, TO, extra=[_idp(only_some_reasons=_REST)])
    ca.revoke(leaf.serial, BEFORE, ReasonFlags.key_compromise)
    some = ca.crl(FROM, TO, extra=[_idp(only_some_reasons=_SOME)])
    assert _codes(leaf, [ca], [some, rest]) == REFUSE


def test_lists_for_users_and_for_authorities() -> None:
    ca = _ca()
    leaf = made.leaf(ca)
    users = [_idp(full_name=None, only_contains_user_certs=True)]
    authorities = [_idp(full_name=None, only_contains_ca_certs=True)]

    def codes(of_root: Sequence[Any], of_ca: Sequence[Any]) -> list[str]:
        lists = [ROOT.crl(FROM, TO, extra=of_root), ca.crl(FROM, TO, extra=of_ca)]
        return _ask(leaf, made.index([ROOT], [ca], lists))[0]

    assert codes(authorities, users) == []
    assert codes(users, authorities) == UNKNOWN * 2


_RDN = x509.RelativeDistinguishedName([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Phần 1")])
_OTHER_RDN = x509.RelativeDistinguishedName([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Phần 2")])


def _full(ca: pki.Authority, rdn: x509.RelativeDistinguishedName) -> x509.DirectoryName:
    return x509.DirectoryName(x509.Name([*ca.subject.rdns, rdn]))


@pytest.mark.parametrize("in_certificate", ["relative", "full"])
@pytest.mark.parametrize("in_list", ["relative", "full"])
@pytest.mark.parametrize(("rdn", "expected"), [(_RDN, []), (_OTHER_RDN, UNKNOWN)])
def test_points_by_relative_and_directory_name(
    in_certificate: str, in_list: str, rdn: x509.RelativeDistinguishedName, expected: list[str]
) -> None:
    ca = _ca()
    relative, full = in_certificate == "relative", [_full(ca, _RDN)]
    point = x509.DistributionPoint(None if relative else full, _RDN if relative else None, None, None)
    leaf = made.leaf(ca, lambda plan: plan.put(x509.CRLDistributionPoints([point])))
    limit = _idp(full_name=None, relative_name=rdn) if in_list == "relative" else _idp(full_name=[_full(ca, rdn)])
    assert _codes(leaf, [ca], [ca.crl(FROM, TO, extra=[limit])]) == expected


def test_issuer_name_is_the_point_of_a_certificate_that_names_none() -> None:
    ca = _ca()
    leaf = made.leaf(ca, lambda plan: plan.without(x509.CRLDistributionPoints))
    assert _codes(leaf, [ca], [ca.crl(FROM, TO, extra=[_idp(full_name=[x509.DirectoryName(ca.subject)])])]) == []
    assert _codes(leaf, [ca], [ca.crl(FROM, TO, extra=[_idp()])]) == UNKNOWN


def test_points_beyond_a_bound_are_not_looked_at() -> None:
    ca = _ca()
    many = [
        x509.DistributionPoint([x509.UniformResourceIdentifier(f"http://a.example/{n}")], None, None, None)
        for n in range(100)
    ]
    leaf = made.leaf(ca, lambda plan: plan.put(x509.CRLDistributionPoints(many)))
    assert len(points.points_of(leaf)) == 33


# --- other signers -----------------------------------------------------------------------------------------------------------


def _signer(
    parent: pki.Authority, subject: x509.Name, number: int, *usages: str, alter: pki.Alter | None = None
) -> pki.Authority:
    """Somebody with a key for lists and no CA."""

    def plan(plan: pki.Plan) -> None:
        plan.put(pki.usage(*(usages or ("crl_sign",))), True)
        if alter is not None:
            alter(plan)

    key = made.key("p256", number)
    certificate = parent.issue_leaf(subject, key.public_key(), made.START, made.END, alter=plan)
    return pki.Authority(certificate, key, "x")


def test_separate_key_for_lists_under_the_name_of_the_ca() -> None:
    ca = _ca(alter=lambda plan: plan.put(pki.usage("key_cert_sign"), True))
    signer, leaf = _signer(ROOT, ca.subject, 5), made.leaf(ca)
    good = signer.crl(FROM, TO)
    assert _codes(leaf, [ca, signer], [good]) == []
    assert _codes(leaf, [ca], [good]) == UNKNOWN
    signer.revoke(leaf.serial, BEFORE)
    assert _codes(leaf, [ca, signer], [signer.crl(FROM, TO)]) == REFUSE


def test_separate_key_that_was_revoked_signs_nothing() -> None:
    root = made.ca(None, "Gốc khác", number=6)
    ca = made.ca(root, "CA", number=2)
    signer, leaf = _signer(root, ca.subject, 5), made.leaf(ca)
    root.revoke(signer.certificate.serial_number, BEFORE)
    index = made.index([root], [ca, signer], [root.crl(FROM, TO), signer.crl(FROM, TO)])
    assert _ask(leaf, index)[0] == UNKNOWN


def test_evidence_names_what_shows_the_signer_to_be_in_force() -> None:
    """Kept together, it gives the same verdict again."""
    root = made.ca(None, "Gốc khác", number=6)
    ca = made.ca(root, "CA", number=2)
    middle = made.ca(root, "Trung gian", number=7)
    signer = _signer(middle, pki.name("Danh sách"), 5)
    leaf = made.leaf(ca, _elsewhere(signer))
    lists = [root.crl(FROM, TO), middle.crl(FROM, TO), _indirect(signer, [])]
    path, _ = paths.find_path(leaf, [], made.index([root], [ca, middle, signer], lists), "")
    assert path is not None
    index = made.index([root], [ca, middle, signer], lists)
    findings, used = revocation.revocation_findings(path, index, SIGNED, RECEIVED, LATER, "")
    assert findings == []
    assert [each.fingerprint for each in used] == [sha256(lists[n]).digest() for n in (2, 1, 0)]
    issuers = [signer.der, middle.der, root.der]
    assert [each.issuer for each in used] == [sha256(der).hexdigest() for der in issuers]


@pytest.mark.parametrize("usages", [("digital_signature",), ("key_cert_sign", "crl_sign")])
def test_somebody_of_the_same_name_who_may_not(usages: tuple[str, ...]) -> None:
    ca = _ca()
    other = _signer(ROOT, ca.subject, 5, *usages)
    assert _codes(made.leaf(ca), [ca, other], [other.crl(FROM, TO)]) == UNKNOWN


def test_signer_under_another_root_speaks_for_nobody_here() -> None:
    ca, foreign = _ca(), made.ca(None, "Gốc lạ", number=7)
    signer, leaf = _signer(foreign, ca.subject, 5), made.leaf(ca)
    lists = [ROOT.crl(FROM, TO), foreign.crl(FROM, TO), signer.crl(FROM, TO)]
    assert _ask(leaf, made.index([ROOT, foreign], [ca, signer], lists))[0] == UNKNOWN


def test_new_key_of_the_ca_linked_by_itself_signs_for_the_old_one() -> None:
    old = made.ca(ROOT, "CA", number=2, pathlen=None)
    new = old.make_intermediate(old.subject, made.START, made.END, key=made.key("p256", 8), pathlen=None)
    leaf = made.leaf(old)
    assert _codes(leaf, [old, new], [old.crl(FROM, TO), new.crl(FROM, TO, number=9)]) == []
    new.revoke(leaf.serial, BEFORE)
    assert _codes(leaf, [old, new], [old.crl(FROM, TO), new.crl(FROM, TO, number=9)]) == REFUSE


# --- indirect lists ------------------------------------------------------------------------------------------------------------


def _elsewhere(issuer: pki.Authority, places: list[x509.GeneralName] | None = None) -> pki.Alter:
    point = x509.DistributionPoint(places, None, None, [x509.DirectoryName(issuer.subject)])
    return lambda plan: plan.put(x509.CRLDistributionPoints([point]))


def _indirect(signer: pki.Authority, entries: Sequence[tuple[int, x509.Name | None]], **limits: Any) -> bytes:
    """An indirect list; an entry's issuer holds for those after it too."""
    builder = x509.CertificateRevocationListBuilder(signer.subject).last_update(FROM).next_update(TO)
    builder = builder.add_extension(x509.CRLNumber(3), False)
    builder = builder.add_extension(*_idp(**({"full_name": None, "indirect_crl": True} | limits)))
    for serial, issuer in entries:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(BEFORE)
        if issuer is not None:
            entry = entry.add_extension(x509.CertificateIssuer([x509.DirectoryName(issuer)]), True)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(signer.key, hashes.SHA256()).public_bytes(Encoding.DER)


def test_indirect_list_of_the_issuer_that_the_certificate_names() -> None:
    ca = _ca()
    lister = _signer(ROOT, pki.name("Danh sách"), 5)
    leaf = made.leaf(ca, _elsewhere(lister))
    assert _codes(leaf, [ca, lister], [_indirect(lister, [])]) == []
    assert _codes(leaf, [ca, lister], [_indirect(lister, [(leaf.serial, ca.subject)])]) == REFUSE
    assert _codes(leaf, [ca, lister], [_indirect(lister, [(1, ca.subject), (leaf.serial, None)])]) == REFUSE
    assert _codes(leaf, [ca, lister], [_indirect(lister, [(leaf.serial, None)])]) == []
    two = _indirect(lister, [(leaf.serial, ca.subject), (leaf.serial, ROOT.subject)])
    assert _codes(leaf, [ca, lister], [two]) == REFUSE
    assert _codes(made.leaf(ca), [ca, lister], [_indirect(lister, [])]) == UNKNOWN
    assert _codes(leaf, [ca, lister], [ca.crl(FROM, TO, extra=[_idp()])]) == UNKNOWN


def test_list_of_another_issuer_must_say_that_it_is_indirect() -> None:
    ca = _ca()
    lister = _signer(ROOT, pki.name("Danh sách"), 5)
    leaf = made.leaf(ca, _elsewhere(lister))
    assert _codes(leaf, [ca, lister], [lister.crl(FROM, TO)]) == UNKNOWN


@pytest.mark.parametrize(("place", "expected"), [("ca", []), ("other", UNKNOWN)])
def test_indirect_list_at_a_point(place: str, expected: list[str]) -> None:
    ca = _ca()
    lister = _signer(ROOT, pki.name("Danh sách"), 5)
    leaf = made.leaf(ca, _elsewhere(lister, [_HERE]))
    where = x509.UniformResourceIdentifier(f"http://pki.thu-nghiem.example/{place}.crl")
    assert _codes(leaf, [ca, lister], [_indirect(lister, [], full_name=[where])]) == expected
    named = made.leaf(ca, _elsewhere(lister))
    by_issuer = _indirect(lister, [], full_name=[x509.DirectoryName(lister.subject)])
    assert _codes(named, [ca, lister], [by_issuer]) == []


def test_indirect_list_signed_by_the_root_itself() -> None:
    ca = _ca()
    leaf = made.leaf(ca, _elsewhere(ROOT))
    lists = [ROOT.crl(FROM, TO), _indirect(ROOT, [(leaf.serial, ca.subject)])]
    assert _ask(leaf, made.index([ROOT], [ca], lists))[0] == REFUSE


def test_indirect_issuer_whose_own_status_only_it_knows() -> None:
    """Its CA names it, and nobody else, for its own certificate; a list signed by one who circles back is not enough."""
    ca = _ca()
    lister = _signer(ROOT, pki.name("Danh sách"), 5, alter=lambda plan: _elsewhere(ROOT)(plan))
    own = pki.name("Tự mình")
    alone = _signer(ROOT, own, 9, alter=lambda plan: plan.put(
        x509.CRLDistributionPoints([x509.DistributionPoint(None, None, None, [x509.DirectoryName(own)])])
    ))  # fmt: skip
    index = made.index([ROOT], [ca, alone, lister], [ROOT.crl(FROM, TO, extra=[_idp(
        full_name=None, only_contains_ca_certs=True)]), _indirect(alone, [])])  # fmt: skip
    assert _ask(made.leaf(ca, _elsewhere(alone)), index)[0] == []
    assert _ask(made.leaf(ca, _elsewhere(lister)), index)[0] == UNKNOWN


def test_two_signers_who_vouch_for_each_other_vouch_for_nothing() -> None:
    ca = _ca()
    a, b = pki.name("A"), pki.name("B")
    first, second = (
        _signer(ROOT, mine, number, alter=_elsewhere(pki.Authority(_signer(ROOT, other, 0).certificate, ROOT.key, "x")))
        for mine, other, number in ((a, b, 10), (b, a, 11))
    )
    roots = ROOT.crl(FROM, TO, extra=[_idp(full_name=None, only_contains_ca_certs=True)])
    index = made.index([ROOT], [ca, first, second], [roots, _indirect(first, []), _indirect(second, [])])
    assert _ask(made.leaf(ca, _elsewhere(first)), index)[0] == UNKNOWN
