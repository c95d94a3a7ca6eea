"""OCSP answers: whose signature counts, about which certificate, how long, and which of several pieces of news decides."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from asn1crypto import core
from asn1crypto import ocsp as asn1_ocsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ReasonFlags, ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.core import trust
from registry.core.verdict import RevocationKind, RevocationUsed
from registry.demo import pki
from registry.formats import asking, paths, revocation, trust_files
from registry.formats import ocsp as answers
from registry.formats.certificates import Certificate, TrustIndex
from tests.formats import made

SIGNED, RECEIVED = made.NOW, made.NOW + made.DAY
LATER = made.NOW + 10 * made.DAY
FROM, TO = made.NOW - made.DAY, made.NOW + 30 * made.DAY
BEFORE = SIGNED - made.DAY
HOLD, REFUSE, UNKNOWN = ["certificate-revoked-unproven"], ["certificate-revoked"], ["revocation-unknown"]
GOOD, REVOKED, NOT_KNOWN = ocsp.OCSPCertStatus.GOOD, ocsp.OCSPCertStatus.REVOKED, ocsp.OCSPCertStatus.UNKNOWN

ROOT = made.ca(None, "Gốc", number=1)
ROOT_LIST = ROOT.crl(FROM, TO)


def _answer(
    leaf: Certificate,
    issuer: pki.Authority,
    signer: pki.Authority | None = None,
    *,
    status: ocsp.OCSPCertStatus = GOOD,
    reason: ReasonFlags | None = None,
    revoked: datetime = BEFORE,
    this_update: datetime = FROM,
    next_update: datetime | None = TO,
    hashed: hashes.HashAlgorithm | None = None,
    by_name: bool = True,
    attach: bool = True,
    extra: x509.ExtensionType | None = None,
) -> bytes:
    signer = signer or issuer
    builder = ocsp.OCSPResponseBuilder().add_response(
        leaf.parsed, issuer.certificate, hashed or hashes.SHA256(), status, this_update, next_update,
        revoked if status is REVOKED else None, reason,
    )  # fmt: skip
    encoding = ocsp.OCSPResponderEncoding.NAME if by_name else ocsp.OCSPResponderEncoding.HASH
    builder = builder.responder_id(encoding, signer.certificate)
    if attach and signer is not issuer:
        builder = builder.certificates([signer.certificate])
    if extra is not None:
        builder = builder.add_extension(extra, True)
    plain = isinstance(signer.key, ed25519.Ed25519PrivateKey)
    made_here = builder.sign(signer.key, None if plain else hashes.SHA256())
    return made_here.public_bytes(Encoding.DER)


class Case:
    """A root, a CA and a signer; the CA's own status is always known."""

    def __init__(self, **options: Any) -> None:
        self.ca = made.ca(ROOT, "CA", number=2, **options)
        self.leaf = made.leaf(self.ca)

    def ask(
        self, held: tuple[bytes, ...] = (), stapled: tuple[bytes, ...] = (), lists: tuple[bytes, ...] = (),
        now: datetime = LATER,
    ) -> tuple[list[str], list[RevocationUsed]]:  # fmt: skip
        anchor = trust.Anchor(bytes(32), ROOT.der, trust.Hierarchy.GOVERNMENT)
        everything = (ROOT_LIST, *lists)
        index = TrustIndex.build(trust.TrustList(1, (anchor,), (self.ca.der,), everything, {}, {}, ocsp_answers=held))
        path, _ = paths.find_path(self.leaf, [], index, "")
        assert path is not None
        findings, used = revocation.revocation_findings(path, index, SIGNED, RECEIVED, now, "", stapled)
        return made.slugs(findings), used

    def codes(self, *held: bytes, now: datetime = LATER) -> list[str]:
        """The codes with the answers imported; the same must come out with them stapled."""
        imported, stapled = self.ask(held, now=now), self.ask(stapled=held, now=now)
        assert imported == stapled
        return imported[0]

    def responder(self, alter: pki.Alter | None = None, *, checked: bool = False, **options: Any) -> pki.Authority:
        """A delegate of the CA."""

        def plan(plan: pki.Plan) -> None:
            if not checked:
                plan.put(x509.OCSPNoCheck())
            if alter is not None:
                alter(plan)

        key = made.key("p256", 20)
        certificate = options.pop("issuer", self.ca).issue_leaf(
            pki.name("Máy trả lời"), key.public_key(),
            options.pop("valid_from", made.START), options.pop("valid_to", made.END),
            purposes=[ExtendedKeyUsageOID.OCSP_SIGNING], alter=plan,
        )  # fmt: skip
        return pki.Authority(certificate, key, "x")


def test_good_answer_of_the_ca_and_the_evidence_names_it() -> None:
    case = Case()
    der = _answer(case.leaf, case.ca)
    codes, used = case.ask((der,))
    assert codes == []
    assert [(u.kind, u.number, u.this_update, u.next_update) for u in used[:1]] == [
        (RevocationKind.OCSP, None, FROM, TO)
    ]
    assert used[0].fingerprint == sha256(der).digest()
    assert case.codes() == UNKNOWN


@pytest.mark.parametrize("hashed", [hashes.SHA1(), hashes.SHA256()])
@pytest.mark.parametrize("by_name", [True, False])
@pytest.mark.parametrize("kind", ["p256", "rsa2048", "ed25519"])
def test_hashes_names_and_keys(hashed: hashes.HashAlgorithm, by_name: bool, kind: pki.KeyKind) -> None:
    case = Case(key=made.key(kind, 21))
    der = _answer(case.leaf, case.ca, hashed=hashed, by_name=by_name)
    assert case.codes(der) == []


def test_basic_response_without_its_envelope() -> None:
    case = Case()
    whole = asn1_ocsp.OCSPResponse.load(_answer(case.leaf, case.ca))
    assert case.codes(whole["response_bytes"]["response"].parsed.dump()) == []


@pytest.mark.parametrize(
    ("status", "reason", "revoked", "expected"),
    [
        (NOT_KNOWN, None, BEFORE, UNKNOWN),
        (REVOKED, None, BEFORE, REFUSE),
        (REVOKED, ReasonFlags.superseded, BEFORE, REFUSE),
        (REVOKED, ReasonFlags.superseded, RECEIVED, HOLD),
        (REVOKED, ReasonFlags.superseded, RECEIVED + made.DAY, []),
        (REVOKED, ReasonFlags.key_compromise, RECEIVED + made.DAY, HOLD),
        (REVOKED, ReasonFlags.certificate_hold, BEFORE, HOLD),
        (REVOKED, ReasonFlags.remove_from_crl, BEFORE, REFUSE),  # only a delta list removes
    ],
)
def test_status(
    status: ocsp.OCSPCertStatus, reason: ReasonFlags | None, revoked: datetime, expected: list[str]
) -> None:
    case = Case()
    assert case.codes(_answer(case.leaf, case.ca, status=status, reason=reason, revoked=revoked)) == expected


@pytest.mark.parametrize(
    ("now", "next_update", "expected"),
    [
        (FROM - timedelta(seconds=1), TO, UNKNOWN),
        (TO, TO, []),
        (TO + timedelta(seconds=1), TO, UNKNOWN),
        (FROM + answers.LIFE_WITHOUT_NEXT_UPDATE, None, []),
        (FROM + answers.LIFE_WITHOUT_NEXT_UPDATE + timedelta(seconds=1), None, UNKNOWN),
    ],
)
def test_freshness(now: datetime, next_update: datetime | None, expected: list[str]) -> None:
    case = Case()
    der = _answer(case.leaf, case.ca, next_update=next_update)
    others = {"revocation-unknown"} if not FROM <= now <= TO else set()  # the root's list has the same dates
    codes = case.codes(der, now=now)
    assert codes == (expected + UNKNOWN if others else expected)


def test_stale_answer_still_revokes() -> None:
    case = Case()
    der = _answer(case.leaf, case.ca, status=REVOKED, next_update=RECEIVED)
    assert case.codes(der) == UNKNOWN + REFUSE


# --- who may answer ----------------------------------------------------------------------------------------------------------


def test_delegate() -> None:
    case = Case()
    assert case.codes(_answer(case.leaf, case.ca, case.responder())) == []
    assert case.codes(_answer(case.leaf, case.ca, case.responder(), by_name=False)) == []
    assert case.codes(_answer(case.leaf, case.ca, case.responder(), attach=False)) == UNKNOWN


def test_delegate_that_must_be_looked_up() -> None:
    case = Case()
    responder = case.responder(checked=True)
    der = _answer(case.leaf, case.ca, responder)
    assert case.codes(der) == UNKNOWN
    # A list for user certificates of which this signer's certificate is not told apart would answer for both.
    elsewhere = case.responder(
        lambda plan: plan.put(x509.CRLDistributionPoints([x509.DistributionPoint(_AT, None, None, None)])), checked=True
    )
    der = _answer(case.leaf, case.ca, elsewhere)
    assert case.ask((der,), lists=(case.ca.crl(FROM, TO, extra=[_ONLY_THERE]),))[0] == []
    case.ca.revoke(elsewhere.certificate.serial_number, BEFORE)
    assert case.ask((der,), lists=(case.ca.crl(FROM, TO, extra=[_ONLY_THERE]),))[0] == UNKNOWN


_AT: list[x509.GeneralName] = [x509.UniformResourceIdentifier("http://pki.thu-nghiem.example/responders.crl")]
_ONLY_THERE = (x509.IssuingDistributionPoint(_AT, None, False, False, None, False, False), True)

#: Responders that an operator trusts beside the CAs (RFC 6960 4.2.2.2, the first way): not taken here, whatever is pinned or stored.
LOCAL = made.ca(None, "Máy trả lời tại chỗ", number=25)
LOCAL_DELEGATE = made.ca(
    None, "Máy trả lời của Sở", number=26,
    alter=lambda plan: plan.put(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING])),
)  # fmt: skip

NOT_DELEGATED: dict[str, Callable[[Case], pki.Authority]] = {
    "without the purpose": lambda case: case.responder(lambda plan: plan.without(x509.ExtendedKeyUsage)),
    "another purpose": lambda case: case.responder(
        lambda plan: plan.put(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]))
    ),
    "usage of encipherment": lambda case: case.responder(lambda plan: plan.put(pki.usage("key_encipherment"), True)),
    "of another CA": lambda case: case.responder(issuer=ROOT),
    "of a CA with the same name": lambda case: case.responder(issuer=made.ca(ROOT, "CA", number=22)),
    "expired": lambda case: case.responder(valid_to=SIGNED - 100 * made.DAY),
    "not yet": lambda case: case.responder(valid_from=made.END - made.DAY),
    "unknown critical extension": lambda case: case.responder(lambda p: p.put(made.unknown_extension(), True)),
    "one configured here": lambda case: LOCAL,
    "one configured here, named for it": lambda case: LOCAL_DELEGATE,
    "a signer of the same CA": lambda case: pki.Authority(case.leaf.parsed, made.key("p256", 99), "x"),
}


@pytest.mark.parametrize("fault", NOT_DELEGATED)
def test_who_may_not_answer(fault: str) -> None:
    case = Case()
    assert case.codes(_answer(case.leaf, case.ca, NOT_DELEGATED[fault](case))) == UNKNOWN


@pytest.mark.parametrize("local", [LOCAL, LOCAL_DELEGATE])
@pytest.mark.parametrize("kept", ["anchor", "intermediate"])
@pytest.mark.parametrize("attach", [True, False])
def test_a_responder_configured_here_and_not_certified_by_the_ca_says_nothing(
    local: pki.Authority, kept: str, attach: bool
) -> None:
    """Not even when its certificate is pinned or stored: held, whether its answer says good or revoked; nor imported."""
    case = Case()
    anchors = [ROOT, local] if kept == "anchor" else [ROOT]
    pinned = tuple(trust.Anchor(sha256(a.der).digest(), a.der, trust.Hierarchy.GOVERNMENT) for a in anchors)
    stored = (case.ca.der, local.der) if kept == "intermediate" else (case.ca.der,)
    for status in (GOOD, REVOKED):
        der = _answer(case.leaf, case.ca, local, status=status, attach=attach)
        index = TrustIndex.build(trust.TrustList(1, pinned, stored, (ROOT_LIST,), {}, {}, ocsp_answers=(der,)))
        path, _ = paths.find_path(case.leaf, [], index, "")
        assert path is not None
        for stapled in ((), (der,)):
            findings, _ = revocation.revocation_findings(path, index, SIGNED, RECEIVED, LATER, "", stapled)
            assert made.slugs(findings) == UNKNOWN
        issuers = [made.read(each) for each in (case.ca.der, ROOT.der, local.der)]
        assert isinstance(asking.answer_signer(der, issuers), str)


def test_the_ca_above_does_not_answer_for_the_ca_below() -> None:
    case = Case()
    assert case.codes(_answer(case.leaf, case.ca, ROOT)) == UNKNOWN


def test_wrong_key_under_the_right_name() -> None:
    case = Case()
    forged = made.ca(None, "CA", number=23)
    assert made.read(forged.der).subject == made.read(case.ca.der).subject
    assert case.codes(_answer(case.leaf, case.ca, forged)) == UNKNOWN


def test_answer_about_the_same_serial_of_another_ca() -> None:
    case = Case()
    twin = made.ca(ROOT, "CA", number=24)
    assert case.codes(_answer(case.leaf, twin, case.ca)) == UNKNOWN
    other = made.leaf(case.ca)
    assert case.codes(_answer(other, case.ca)) == UNKNOWN


# --- the newest knowledge of all ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reason", "answered_later", "expected"),
    [
        (ReasonFlags.superseded, True, REFUSE),
        (ReasonFlags.superseded, False, REFUSE),
        (ReasonFlags.certificate_hold, True, []),
        (ReasonFlags.certificate_hold, False, HOLD),
    ],
)
@pytest.mark.parametrize("revoked_by", ["list", "answer"])
def test_list_and_answer_disagree(
    revoked_by: str, reason: ReasonFlags, answered_later: bool, expected: list[str]
) -> None:
    """A newer "good" lifts a hold and nothing else."""
    case = Case()
    later = FROM + made.DAY
    if revoked_by == "list":
        case.ca.revoke(case.leaf.serial, BEFORE, reason)
    good_from, bad_from = (later, FROM) if answered_later else (FROM, later)
    listed = case.ca.crl(bad_from if revoked_by == "list" else good_from, TO)
    status = GOOD if revoked_by == "list" else REVOKED
    der = _answer(
        case.leaf, case.ca, status=status, reason=None if status is GOOD else reason,
        this_update=good_from if revoked_by == "list" else bad_from,
    )  # fmt: skip
    codes, used = case.ask((der,), lists=(listed,))
    assert codes == expected
    assert {u.kind for u in used} == {RevocationKind.CRL, RevocationKind.OCSP}


def test_fresh_answer_makes_up_for_a_stale_list() -> None:
    case = Case()
    stale = case.ca.crl(FROM, RECEIVED)
    assert case.ask(lists=(stale,))[0] == UNKNOWN
    assert case.ask((_answer(case.leaf, case.ca),), lists=(stale,))[0] == []


# --- bounds and rubbish -----------------------------------------------------------------------------------------------------------


def test_answers_beyond_the_bound_are_not_looked_at() -> None:
    case = Case()
    der = _answer(case.leaf, case.ca)
    others = tuple(_answer(made.leaf(case.ca), case.ca) for _ in range(answers.MAX_STAPLED))
    assert case.ask(stapled=(*others[1:], der))[0] == []
    assert case.ask(stapled=(*others, der))[0] == UNKNOWN


def test_an_answer_that_would_be_fresh_beyond_the_last_year_is_none() -> None:
    case = Case()
    endless = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    der = _answer(case.leaf, case.ca, this_update=endless, next_update=None)
    assert isinstance(answers.read_answer(der), str)
    assert case.codes(der) == UNKNOWN


def test_what_is_no_usable_answer() -> None:
    case = Case()
    sha1 = _answer(case.leaf, case.ca, extra=x509.OCSPNonce(b"x" * 16))
    unsuccessful = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER)
    for der in (b"", b"0\x80", bytes(answers.MAX_SIZE + 1), unsuccessful.public_bytes(Encoding.DER), sha1):
        assert isinstance(answers.read_answer(der), str)
        assert case.codes(der) == UNKNOWN
    index = TrustIndex.build(trust.TrustList(1, (), (), (), {}, {}, ocsp_answers=(b"rubbish",)))
    assert len(index.problems) == 1


def _edited(der: bytes, signing: pki.PrivateKey, edit: Callable[[Any], None]) -> bytes:
    whole = asn1_ocsp.OCSPResponse.load(der)
    basic = whole["response_bytes"]["response"].parsed
    edit(basic["tbs_response_data"])
    signed = basic["tbs_response_data"].dump(force=True)
    assert isinstance(signing, ec.EllipticCurvePrivateKey)
    basic["signature"] = signing.sign(signed, ec.ECDSA(hashes.SHA256()))
    whole["response_bytes"]["response"] = core.ParsableOctetString(basic.dump(force=True))
    return bytes(whole.dump(force=True))


def _with_extension(kind: str, critical: bool, value: object) -> Callable[[Any], None]:
    def edit(tbs: Any) -> None:
        tbs["responses"][0]["single_extensions"] = [{"extn_id": kind, "critical": critical, "extn_value": value}]

    return edit


def test_extensions_of_a_status() -> None:
    case = Case()
    after = RECEIVED + made.DAY
    revoked = _answer(case.leaf, case.ca, status=REVOKED, reason=ReasonFlags.key_compromise, revoked=after)
    assert case.codes(revoked) == HOLD
    since = _with_extension("invalidity_date", False, core.GeneralizedTime(BEFORE))
    assert case.codes(_edited(revoked, case.ca.key, since)) == REFUSE
    critical = _with_extension("invalidity_date", True, core.GeneralizedTime(BEFORE))
    assert case.codes(_edited(revoked, case.ca.key, critical)) == UNKNOWN

    def many(tbs: Any) -> None:
        tbs["responses"] = [tbs["responses"][0].copy() for _ in range(answers.MAX_STATUSES + 1)]

    assert case.codes(_edited(_answer(case.leaf, case.ca), case.ca.key, many)) == UNKNOWN
    assert case.codes(_edited(_answer(case.leaf, case.ca), case.ca.key, lambda tbs: None)) == []


@pytest.mark.parametrize(
    ("cutoff", "expected"), [(None, UNKNOWN), (made.DAY, UNKNOWN), (timedelta(0), []), (-made.DAY, [])]
)
def test_an_ended_certificate_and_an_answer_that_still_speaks_of_such(
    cutoff: timedelta | None, expected: list[str]
) -> None:
    """RFC 6960 4.4.4: archive cutoff. Asked about a signature proven in time, which came after the certificate's end."""
    case = Case()
    case.leaf = made.leaf(case.ca, valid_to=RECEIVED + made.DAY)
    end = case.leaf.not_after
    now = end + 5 * made.DAY
    answer = _answer(case.leaf, case.ca, this_update=now - made.DAY, next_update=now + made.DAY)
    if cutoff is not None:
        kept = _with_extension("archive_cutoff", False, core.GeneralizedTime(end + cutoff))
        answer = _edited(answer, case.ca.key, kept)
    of_ca = _answer(made.read(case.ca.der), ROOT, this_update=now - made.DAY, next_update=now + made.DAY)
    anchor = trust.Anchor(bytes(32), ROOT.der, trust.Hierarchy.GOVERNMENT)
    held = (answer, of_ca)
    index = TrustIndex.build(trust.TrustList(1, (anchor,), (case.ca.der,), (), {}, {}, ocsp_answers=held))
    path, _ = paths.find_path(case.leaf, [], index, "")
    assert path is not None
    for came_at in (now, end, now):
        found, _ = revocation.revocation_findings(path, index, SIGNED, RECEIVED, now, "", received_at=came_at)
        assert made.slugs(found) == (expected if came_at > end else [])


@pytest.mark.parametrize("newer", ["good", "revoked"])
@pytest.mark.parametrize(("reason", "lifted"), [(None, REFUSE), (ReasonFlags.certificate_hold, [])])
def test_an_answer_that_says_two_things_has_said_both(
    newer: str, reason: ReasonFlags | None, lifted: list[str]
) -> None:
    """A newer good lifts a hold and nothing else, within one answer as among several."""
    case = Case()
    early, late = FROM, FROM + timedelta(hours=1)
    times = {"good": early, "revoked": early, newer: late}
    revoked = _answer(case.leaf, case.ca, status=REVOKED, reason=reason, this_update=times["revoked"])
    other = asn1_ocsp.OCSPResponse.load(revoked).response_data["responses"][0]

    def both(tbs: Any) -> None:
        tbs["responses"] = [other.copy(), tbs["responses"][0].copy()]

    good = _answer(case.leaf, case.ca, this_update=times["good"])
    expected = (HOLD if reason else REFUSE) if newer == "revoked" else lifted
    assert case.codes(_edited(good, case.ca.key, both)) == expected


def test_folder_of_answers() -> None:
    case = Case()
    der = _answer(case.leaf, case.ca)
    found = trust_files.read({"ocsp/a.der": der, "ocsp/b.der": b"rubbish"})
    assert found.ocsp_answers == [der]
    assert len(found.problems) == 1
    assert found.trust_list(trust.Policy("none", ())).ocsp_answers == (der,)


_CASE = Case()
_DER = _answer(_CASE.leaf, _CASE.ca, _CASE.responder())
_ISSUER = made.read(_CASE.ca.der)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_no_bytes_make_an_answer_raise_or_count(data: st.DataObject) -> None:
    der = bytearray(_DER)
    for position in data.draw(st.lists(st.integers(0, len(der) - 1), min_size=1, max_size=3)):
        der[position] = data.draw(st.integers(0, 255))
    read = answers.read_answer(bytes(der))
    if bytes(der) != _DER and isinstance(read, answers.Answer):
        status = read.statuses_of(_CASE.leaf, _ISSUER)
        known = answers.read_answer(_DER)
        assert isinstance(known, answers.Answer)
        assert not status or read.responder(_ISSUER) is None or status == known.statuses_of(_CASE.leaf, _ISSUER)
