"""Revocation lists: which ones are usable, which one counts, and what an entry means for a signature at a moment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from asn1crypto import core
from asn1crypto import crl as asn1_crl
from cryptography import x509
from cryptography.x509 import ReasonFlags
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.core.findings import Finding
from registry.core.verdict import RevocationUsed
from registry.demo import pki
from registry.formats import crls, paths, revocation
from registry.formats.certificates import TrustIndex
from tests.formats import made

POINTER = "/signatures/2"
SIGNED = made.NOW
RECEIVED = made.NOW + made.DAY
LATER = made.NOW + 10 * made.DAY
FROM, TO = made.NOW - made.DAY, made.NOW + 30 * made.DAY


class Case:
    """A root, a CA and a signer whose revocations can be arranged; keys and certificates are the same each time."""

    def __init__(self, **options: Any) -> None:
        self.root = made.ca(None, "Gốc", number=1)
        self.ca = made.ca(self.root, "CA", number=2, **options)
        self.leaf = made.leaf(self.ca)

    def index(self, *lists: bytes, root_list: bytes | None = None) -> TrustIndex:
        """An index with these lists of the CA and a good one of the root."""
        return made.index([self.root], [self.ca], [root_list or self.root.crl(FROM, TO), *lists])

    def path(self, index: TrustIndex) -> paths.Path:
        path, findings = paths.find_path(self.leaf, [], index, POINTER)
        assert path is not None, findings
        return path

    def ask(self, index: TrustIndex, now: datetime = LATER) -> tuple[list[Finding], list[RevocationUsed]]:
        findings, used = revocation.revocation_findings(self.path(index), index, SIGNED, RECEIVED, now, POINTER)
        assert all(finding.pointer == POINTER for finding in findings)
        return findings, used

    def codes(self, index: TrustIndex, now: datetime = LATER) -> list[str]:
        return made.slugs(self.ask(index, now)[0])


def test_nothing_revoked_and_the_evidence_names_the_lists() -> None:
    case = Case()
    findings, used = case.ask(case.index(case.ca.crl(FROM, TO, number=7)))
    assert findings == []
    assert [(u.issuer, u.number, u.this_update, u.next_update) for u in used] == [
        (made.read(case.ca.der).fingerprint.hex(), 7, FROM, TO),
        (made.read(case.root.der).fingerprint.hex(), 1, FROM, TO),
    ]


BEFORE, BETWEEN, AFTER = SIGNED - made.DAY, SIGNED + made.DAY / 2, RECEIVED + made.DAY
HOLD, REFUSE, UNKNOWN = ["certificate-revoked-unproven"], ["certificate-revoked"], ["revocation-unknown"]


@pytest.mark.parametrize(
    ("at", "reason", "invalid_since", "expected"),
    [
        (BEFORE, None, None, REFUSE),
        (SIGNED, ReasonFlags.superseded, None, REFUSE),
        (BEFORE, ReasonFlags.key_compromise, None, REFUSE),
        (BETWEEN, None, None, HOLD),
        (RECEIVED, ReasonFlags.superseded, None, HOLD),
        (AFTER, None, None, []),
        (AFTER, ReasonFlags.unspecified, None, []),
        (AFTER, ReasonFlags.cessation_of_operation, None, []),
        (AFTER, ReasonFlags.affiliation_changed, BEFORE, []),
        (AFTER, ReasonFlags.key_compromise, None, HOLD),
        (AFTER, ReasonFlags.ca_compromise, None, HOLD),
        (AFTER, ReasonFlags.aa_compromise, None, HOLD),
        (AFTER, ReasonFlags.key_compromise, BEFORE, REFUSE),
        (AFTER, ReasonFlags.ca_compromise, BEFORE, REFUSE),
        (AFTER, ReasonFlags.key_compromise, BETWEEN, HOLD),
        (BEFORE, ReasonFlags.key_compromise, AFTER, REFUSE),
        (BEFORE, ReasonFlags.certificate_hold, None, HOLD),
        (BETWEEN, ReasonFlags.certificate_hold, None, HOLD),
        (AFTER, ReasonFlags.certificate_hold, None, []),
        (BEFORE, ReasonFlags.remove_from_crl, None, REFUSE),  # only a delta removes (RFC 5280 5.3.1)
    ],
)
@pytest.mark.parametrize("level", ["leaf", "ca 1"])
def test_revoked(
    level: str, at: datetime, reason: ReasonFlags | None, invalid_since: datetime | None, expected: list[str]
) -> None:
    case = Case()
    authority, serial = (case.ca, case.leaf.serial) if level == "leaf" else (case.root, made.read(case.ca.der).serial)
    authority.revoke(serial + 1, BEFORE)
    authority.revoke(serial, at, reason, invalid_since)
    findings, used = case.ask(case.index(case.ca.crl(FROM, TO)))
    assert made.slugs(findings) == expected
    assert all(finding.detail.startswith(f"{level}: ") for finding in findings)
    assert len(used) == 2


# --- freshness -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (FROM - timedelta(seconds=1), ["revocation-unknown"] * 2),
        (FROM, []),
        (TO, []),
        (TO + timedelta(seconds=1), ["revocation-unknown"] * 2),
    ],
)
def test_fresh_from_this_update_to_next_update(now: datetime, expected: list[str]) -> None:
    case = Case()
    assert case.codes(case.index(case.ca.crl(FROM, TO)), now) == expected


def test_no_list_names_the_level() -> None:
    case = Case()
    findings, used = case.ask(made.index([case.root], [case.ca], []))
    assert [(f.code.slug, f.detail.split(":")[0]) for f in findings] == [
        ("revocation-unknown", "leaf"),
        ("revocation-unknown", "ca 1"),
    ]
    assert used == []


def test_stale_list_still_revokes() -> None:
    case = Case()
    case.ca.revoke(case.leaf.serial, BEFORE)
    findings = case.codes(case.index(case.ca.crl(FROM, made.NOW)))
    assert findings == ["revocation-unknown", "certificate-revoked"]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_of_two_lists_the_newest_counts(order: Sequence[int]) -> None:
    case = Case()
    old = case.ca.crl(FROM, TO, number=5)
    case.ca.revoke(case.leaf.serial, BEFORE)
    new = case.ca.crl(FROM, TO, number=6)
    lists = [old, new]
    findings, used = case.ask(case.index(*(lists[n] for n in order)))
    assert made.slugs(findings) == REFUSE
    assert used[0].number == 6


def test_of_two_lists_with_one_number_the_later_counts() -> None:
    case = Case()
    old = case.ca.crl(FROM - made.DAY, TO, number=5)
    case.ca.revoke(case.leaf.serial, BEFORE)
    assert case.codes(case.index(case.ca.crl(FROM, TO, number=5), old)) == REFUSE


# --- usable lists ----------------------------------------------------------------------------------------------------------


def _at_point(**limits: Any) -> tuple[x509.ExtensionType, bool]:
    fields: dict[str, Any] = {
        "full_name": [x509.UniformResourceIdentifier("http://pki.thu-nghiem.example/ca.crl")],
        "relative_name": None,
        "only_contains_user_certs": False,
        "only_contains_ca_certs": False,
        "only_some_reasons": None,
        "indirect_crl": False,
        "only_contains_attribute_certs": False,
    }
    return x509.IssuingDistributionPoint(**(fields | limits)), True


_ELSEWHERE = [x509.UniformResourceIdentifier("http://pki.thu-nghiem.example/other.crl")]
_RELATIVE = x509.RelativeDistinguishedName([x509.NameAttribute(x509.NameOID.COMMON_NAME, "x")])

UNUSABLE: dict[str, dict[str, Any]] = {
    "no number": {"numbered": False},
    "number critical": {"numbered": False, "extra": [(x509.CRLNumber(3), True)]},
    "unknown critical extension": {"extra": [(made.unknown_extension(), True)]},
    "ended certificates since no time": {
        "extra": [(x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.60"), b"\x18\x03abc"), False)]
    },
    "attribute certificates": {"extra": [_at_point(only_contains_attribute_certs=True)]},
    "wrong key": {"key": made.key("p256", 55)},
    "wrong kind of key": {"key": made.key("rsa2048", 55)},
}


@pytest.mark.parametrize("fault", UNUSABLE)
def test_unusable_lists_count_as_none(fault: str) -> None:
    case = Case()
    index = case.index(case.ca.crl(FROM, TO, **UNUSABLE[fault]))
    assert len(index.problems) == 1
    assert case.codes(index) == ["revocation-unknown"]


@pytest.mark.parametrize("fault", UNUSABLE)
def test_unusable_lists_do_not_displace_a_usable_one(fault: str) -> None:
    case = Case()
    bad = case.ca.crl(FROM, TO, number=9, **UNUSABLE[fault])
    assert case.codes(case.index(bad, case.ca.crl(FROM, TO, number=2))) == []


LIMITED: dict[str, tuple[dict[str, Any], list[str]]] = {
    "delta without its list": ({"extra": [(x509.DeltaCRLIndicator(1), True)]}, UNKNOWN),
    "only user certificates": ({"extra": [_at_point(only_contains_user_certs=True)]}, []),
    "only CAs": ({"extra": [_at_point(only_contains_ca_certs=True)]}, UNKNOWN),
    "only some reasons": ({"extra": [_at_point(only_some_reasons=frozenset([ReasonFlags.key_compromise]))]}, UNKNOWN),
    "indirect, of its own issuer": ({"extra": [_at_point(indirect_crl=True)]}, []),
    "relative point": ({"extra": [_at_point(full_name=None, relative_name=_RELATIVE)]}, UNKNOWN),
}


@pytest.mark.parametrize("limit", LIMITED)
def test_lists_that_speak_for_some(limit: str) -> None:
    case = Case()
    options, expected = LIMITED[limit]
    index = case.index(case.ca.crl(FROM, TO, **options))
    assert index.problems == ()
    assert case.codes(index) == expected


def test_unknown_extension_that_is_not_critical_is_harmless() -> None:
    case = Case()
    assert case.codes(case.index(case.ca.crl(FROM, TO, extra=[(made.unknown_extension(), False)]))) == []


def test_list_of_one_distribution_point_covers_the_certificates_that_name_it() -> None:
    case = Case()
    assert case.codes(case.index(case.ca.crl(FROM, TO, extra=[_at_point()]))) == []
    other = case.index(case.ca.crl(FROM, TO, extra=[_at_point(full_name=_ELSEWHERE)]))
    assert other.problems == ()
    assert case.codes(other) == ["revocation-unknown"]


def test_a_higher_number_at_another_point_does_not_displace() -> None:
    case = Case()
    case.ca.revoke(case.leaf.serial, BEFORE)
    mine = case.ca.crl(FROM, TO, number=1, extra=[_at_point()])
    other = case.ca.crl(FROM, TO, number=9, extra=[_at_point(full_name=_ELSEWHERE)])
    assert case.codes(case.index(other, mine)) == REFUSE


def test_ca_without_crl_sign() -> None:
    case = Case(alter=lambda plan: plan.put(pki.usage("key_cert_sign"), True))
    assert case.codes(case.index(case.ca.crl(FROM, TO))) == ["revocation-unknown"]


def test_list_of_a_ca_that_is_not_held() -> None:
    case = Case()
    path = case.path(case.index())
    index = made.index([case.root], [], [case.ca.crl(FROM, TO), case.root.crl(FROM, TO)])
    findings, _ = revocation.revocation_findings(path, index, SIGNED, RECEIVED, LATER, POINTER)
    assert made.slugs(findings) == ["revocation-unknown"]


def test_list_of_another_ca_of_the_same_name() -> None:
    case = Case()
    twin = made.ca(case.root, "CA", number=3)
    index = made.index([case.root], [case.ca, twin], [twin.crl(FROM, TO), case.root.crl(FROM, TO)])
    assert index.problems == ()
    assert case.codes(index) == ["revocation-unknown"]


def test_renewed_ca_certificate_shares_the_list() -> None:
    case = Case()
    renewed = made.ca(case.root, "CA", number=2, valid_from=made.START + made.DAY)
    index = made.index([case.root], [renewed, case.ca], [case.ca.crl(FROM, TO), case.root.crl(FROM, TO)])
    assert case.codes(index) == []


@pytest.mark.parametrize("kind", ["rsa2048", "p384", "ed25519"])
def test_each_kind_of_key(kind: pki.KeyKind) -> None:
    case = Case(key=made.key(kind, 4))
    assert case.codes(case.index(case.ca.crl(FROM, TO))) == []


def _no_next_update(tbs: Any) -> None:
    tbs["next_update"] = None


def _weaken(tbs: Any) -> None:
    tbs["signature"] = {"algorithm": "sha1_rsa"}


@pytest.mark.parametrize(("edit", "sha1"), [(_no_next_update, False), (_weaken, True)])
def test_faults_no_builder_makes(edit: Callable[[Any], None], sha1: bool) -> None:
    case = Case(key=made.key("rsa2048", 4))
    index = case.index(made.resigned_list(case.ca.crl(FROM, TO), case.ca.key, edit, sha1))
    assert len(index.problems) == 1
    assert case.codes(index) == ["revocation-unknown"]
    assert case.codes(case.index(made.resigned_list(case.ca.crl(FROM, TO), case.ca.key, lambda tbs: None))) == []


def test_serial_twice_in_one_list() -> None:
    case = Case()
    case.ca.revoke(5, BEFORE)
    case.ca.revoke(5, AFTER)
    assert case.codes(case.index(case.ca.crl(FROM, TO))) == ["revocation-unknown"]


def _with_entry_extension(authority: pki.Authority, oid: str, critical: bool, value: bytes) -> bytes:
    """A list of the authority whose first entry has this extension instead of its own."""
    written, stand_in = core.ObjectIdentifier(oid).dump(), core.ObjectIdentifier(_stand_in(oid)).dump()
    fields = stand_in + (b"\x01\x01\xff" if critical else b"") + core.OctetString(value).dump()
    extensions = bytes([0x30, len(fields) + 2, 0x30, len(fields)]) + fields

    def edit(tbs: Any) -> None:
        tbs["revoked_certificates"][0]["crl_entry_extensions"] = asn1_crl.CRLEntryExtensions.load(extensions)

    return made.resigned_list(authority.crl(FROM, TO), authority.key, edit, patch=(stand_in, written))


def _stand_in(oid: str) -> str:
    """An identifier of the same length that means nothing, so that its value is written as it is."""
    return f"{oid.rpartition('.')[0]}.127"


@pytest.mark.parametrize(
    ("oid", "critical", "value", "expected"),
    [
        ("1.3.6.1.4.1.99999.1", True, b"\x05\x00", ["revocation-unknown"]),
        ("1.3.6.1.4.1.99999.1", False, b"\x05\x00", []),
        ("2.5.29.29", True, b"\x30\x00", ["revocation-unknown"]),  # certificateIssuer: an indirect list
        ("2.5.29.29", False, b"\x30\x00", ["revocation-unknown"]),
        ("2.5.29.21", True, b"\x0a\x01\x04", []),
    ],
)
def test_entry_extensions_of_another_certificate(oid: str, critical: bool, value: bytes, expected: list[str]) -> None:
    """One entry that is not understood makes the whole list unusable (RFC 5280 5.3)."""
    case = Case()
    case.ca.revoke(5, BEFORE, ReasonFlags.superseded)
    assert case.codes(case.index(_with_entry_extension(case.ca, oid, critical, value))) == expected


@pytest.mark.parametrize(
    ("oid", "value"),
    [
        ("2.5.29.21", b"\x0a\x01\x07"),  # a reason RFC 5280 does not know
        ("2.5.29.21", b"\x04\x01x"),
        ("2.5.29.24", b"\x18\x0e20250101000000"),  # a date without a zone is local to nobody
    ],
)
def test_unreadable_entry_revokes_since_ever(oid: str, value: bytes) -> None:
    case = Case()
    case.ca.revoke(case.leaf.serial, AFTER, ReasonFlags.superseded)
    assert case.codes(case.index(_with_entry_extension(case.ca, oid, False, value))) == REFUSE


# --- volume and rubbish ------------------------------------------------------------------------------------------------------


def test_every_entry_of_a_long_list_is_found() -> None:
    case = Case()
    reasons = [None, ReasonFlags.superseded, ReasonFlags.key_compromise, ReasonFlags.unspecified]
    serials = [1, 127, 128, 255, 256, (1 << 159) - 1, *(n * 7_919 << n % 120 for n in range(1, 5000))]
    serials = list(dict.fromkeys(serials))
    for n, serial in enumerate(serials):
        case.ca.revoke(serial, made.START + n * timedelta(hours=1), reasons[n % 4], made.START if n % 40 == 2 else None)
    read = crls.read_list(case.ca.crl(FROM, TO), crls.by_name([made.read(case.ca.der)]))
    assert isinstance(read, crls.RevocationList)
    issuer = made.read(case.ca.der).subject
    assert len(read.offsets[issuer]) == len(serials)
    for n in [0, 1, 2, 3, 4, 5, 42, 43, len(serials) - 1]:
        entry = read.entry(serials[n], issuer)
        assert entry is not None
        assert entry.revoked_at == made.START + n * timedelta(hours=1)
        assert entry.invalid_since == (made.START if n % 40 == 2 else None)
    assert read.entry(serials[2], issuer) != read.entry(serials[3], issuer)
    assert read.entry(2, issuer) is None


def test_dates_after_2049() -> None:
    """GeneralizedTime instead of UTCTime (RFC 5280 4.1.2.5)."""
    case = Case()
    far = datetime(2055, 3, 4, 5, 6, 7, tzinfo=made.NOW.tzinfo)
    case.ca.revoke(9, far, ReasonFlags.superseded)
    read = crls.read_list(case.ca.crl(FROM, far), crls.by_name([made.read(case.ca.der)]))
    assert isinstance(read, crls.RevocationList)
    assert read.next_update == far
    assert read.entry(9, made.read(case.ca.der).subject) == crls.Entry(far, "superseded", None)


def test_a_list_is_indexed_once() -> None:
    case = Case()
    der, issuer = case.ca.crl(FROM, TO), made.read(case.ca.der)
    assert crls.read_list(der, crls.by_name([issuer])) is crls.read_list(der, crls.by_name([made.read(case.ca.der)]))
    assert isinstance(crls.read_list(der, crls.by_name([made.read(case.root.der)])), str)


@pytest.mark.parametrize("der", [b"", b"\x30\x80", b"-----BEGIN X509 CRL-----", bytes(crls.MAX_SIZE + 1)])
def test_what_is_no_list(der: bytes) -> None:
    assert isinstance(crls.read_list(der, {}), str)


_CASE = Case()
_CASE.ca.revoke(_CASE.leaf.serial, BEFORE, ReasonFlags.key_compromise, BEFORE)
_DER = _CASE.ca.crl(FROM, TO)
_HELD = crls.by_name([made.read(_CASE.ca.der)])


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_no_bytes_make_a_list_raise_or_count(data: st.DataObject) -> None:
    der = bytearray(_DER)
    for position in data.draw(st.lists(st.integers(0, len(der) - 1), min_size=1, max_size=3)):
        der[position] = data.draw(st.integers(0, 255))
    assert bytes(der) == _DER or isinstance(crls.read_list(bytes(der), _HELD), str)
