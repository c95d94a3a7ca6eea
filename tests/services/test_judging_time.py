"""Proof of existence in a verdict: what revocation, expiry and a claimed time mean with a time-stamp, and what without."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from typing import Any

import pytest
from asn1crypto import core
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ReasonFlags
from lxml import etree

from registry.client import signing as client
from registry.core import trust
from registry.core.verdict import Proof, Verdict
from registry.demo import pki, transcripts
from registry.demo.signers import DemoSigner
from registry.demo.time_stamping import Choices, TimeStamper
from registry.formats import certificates, jws_signing
from registry.formats.xades_names import EXCLUSIVE, ds, xades
from registry.services import judging
from tests.small_city import NOW, PRIMARY, SmallCity, small_city

START, END = datetime(2023, 1, 1, tzinfo=UTC), datetime(2034, 1, 1, tzinfo=UTC)
SIGNED = datetime(2024, 5, 29, 3, tzinfo=UTC)
STAMPED = SIGNED + timedelta(minutes=10)
RECEIVED = datetime(2025, 9, 1, tzinfo=UTC)
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
SEAL = 2


@cache
def city() -> SmallCity:
    return small_city()


@cache
def root() -> pki.Authority:
    return pki.Authority.make_root(pki.name("Root dấu thời gian (THỬ NGHIỆM)"), START, END, key=pki.new_key("p256"))


@cache
def authority() -> TimeStamper:
    return TimeStamper.make(root(), START, END)


def stamped(raw: bytes, at: datetime = STAMPED, index: int = SEAL, by: TimeStamper | None = None) -> bytes:
    return jws_signing.add_time_stamp(raw, index, (by or authority()).at(at, Choices(accuracy_seconds=1)))


def signed(by: Sequence[DemoSigner] | None = None, *, detached: bool = False) -> bytes:
    keys = [signer.signing_key for signer in by or city().signers_of(PRIMARY)]
    payload = transcripts.to_bytes(city().document())
    return jws_signing.sign_envelope(payload, keys, [SIGNED] * len(keys), detached=detached)


def trusting(
    *revoked: tuple[pki.Authority, pki.Revocation], tsa_lists: Sequence[bytes] | None = None,
    named_since: datetime | None = None, **changes: Any,
) -> certificates.TrustIndex:  # fmt: skip
    """The city's trust list with the root of time-stamping, and revocation lists that say what is revoked."""
    lists = []
    for issuer in city().trust.authorities:
        entries = [entry for owner, entry in revoked if owner is issuer]
        renewed = replace(issuer, revocations=entries)
        extra = [] if named_since is None else [(ended_since(named_since), False)]
        lists.append(renewed.crl(NOW - DAY, NOW + DAY, number=99, extra=extra))
    own = [root().crl(NOW - DAY, NOW + DAY, number=9)] if tsa_lists is None else tsa_lists
    listed = city().trust_list
    anchor = trust.Anchor(sha256(root().der).digest(), root().der, trust.Hierarchy.TIME_STAMP)
    return certificates.TrustIndex.build(
        replace(listed, anchors=(*listed.anchors, anchor), revocation_lists=(*lists, *own), **changes)
    )


@cache
def plain() -> certificates.TrustIndex:
    return trusting()


def judge(raw: bytes, index: certificates.TrustIndex | None = None, received_at: datetime = RECEIVED) -> Verdict:
    return judging.judge(raw, judging.JOSE, index or plain(), judging.Moment(NOW, received_at), schools=None)


def said(verdict: Verdict) -> tuple[str, list[tuple[str, str]]]:
    return verdict.outcome.value, [(f.code.slug, f.pointer) for f in verdict.findings]


ACCEPTED: tuple[str, list[tuple[str, str]]] = ("accepted", [])


@pytest.mark.parametrize("detached", [False, True])
def test_a_time_stamp_is_the_proof_and_without_one_the_receipt(detached: bool) -> None:
    verdict = judge(stamped(signed(detached=detached)))
    assert said(verdict) == ACCEPTED
    teacher, _, seal = verdict.signatures
    assert (seal.proof, seal.proven_at) == (Proof.TIME_STAMP, STAMPED + SECOND)
    assert len(seal.stamps) == 1
    assert (teacher.proof, teacher.proven_at, teacher.stamps) == (Proof.RECEIPT, RECEIVED, ())
    assert any(used.issuer == sha256(root().der).hexdigest() for used in verdict.revocation_used)


def seal_revoked(at: datetime, reason: ReasonFlags | None, since: datetime | None = None) -> certificates.TrustIndex:
    seal = city().signers_of(PRIMARY)[SEAL]
    return trusting((seal.issuer, pki.Revocation(seal.certificate.serial_number, at, reason, since)))


CEASED, COMPROMISED = ReasonFlags.cessation_of_operation, ReasonFlags.key_compromise
REVOKED: tuple[str, list[tuple[str, str]]] = ("refused", [("certificate-revoked", "/signatures/2")])
UNPROVEN: tuple[str, list[tuple[str, str]]] = ("held", [("certificate-revoked-unproven", "/signatures/2")])


@pytest.mark.parametrize(
    ("at", "reason", "since", "with_stamp", "without"),
    [
        (SIGNED - DAY, CEASED, None, REVOKED, REVOKED),
        (SIGNED - DAY, COMPROMISED, None, REVOKED, REVOKED),
        (SIGNED + timedelta(minutes=5), CEASED, None, UNPROVEN, UNPROVEN),  # between the claim and the stamp
        (STAMPED + DAY, CEASED, None, ACCEPTED, UNPROVEN),
        (STAMPED + DAY, None, None, ACCEPTED, UNPROVEN),
        (RECEIVED + DAY, CEASED, None, ACCEPTED, ACCEPTED),
        (STAMPED + DAY, COMPROMISED, None, UNPROVEN, UNPROVEN),
        (RECEIVED + DAY, COMPROMISED, None, UNPROVEN, UNPROVEN),
        (RECEIVED + DAY, COMPROMISED, SIGNED - DAY, REVOKED, REVOKED),  # invalidityDate before the signature
        (RECEIVED + DAY, COMPROMISED, SIGNED + timedelta(minutes=5), UNPROVEN, UNPROVEN),
        (STAMPED + DAY, ReasonFlags.certificate_hold, None, ACCEPTED, UNPROVEN),
    ],
)
def test_revoked_seal(
    at: datetime,
    reason: ReasonFlags | None,
    since: datetime | None,
    with_stamp: tuple[str, list[tuple[str, str]]],
    without: tuple[str, list[tuple[str, str]]],
) -> None:
    index = seal_revoked(at, reason, since)
    assert said(judge(signed(), index)) == without
    assert said(judge(stamped(signed()), index)) == with_stamp


def ended_since(moment: datetime) -> x509.UnrecognizedExtension:
    """expiredCertsOnCRL: a list that still names what ended since the moment."""
    return x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.60"), core.GeneralizedTime(moment).dump())


def short_lived(
    valid_to: datetime, named_since: datetime | None = None
) -> tuple[list[DemoSigner], certificates.TrustIndex]:
    """The school's signers, the seal with a certificate that runs out at the moment, and a list that knows it; it still names
    what ended since the other moment."""
    *others, seal = city().signers_of(PRIMARY)
    certificate = seal.issuer.issue_leaf(seal.certificate.subject, seal.key.public_key(), START, valid_to)
    der = certificate.public_bytes(Encoding.DER)
    row = trust.Signer(sha256(der).digest(), der, PRIMARY.code, trust.Role.SEAL, START)
    renewed = replace(seal, certificate=certificate)
    signers = {**city().trust_list.signers, row.certificate: (row,)}
    return [*others, renewed], trusting(signers=signers, named_since=named_since)


@pytest.mark.parametrize(
    ("valid_to", "with_stamp", "without"),
    [
        (SIGNED - DAY, ("refused", "certificate-expired"), ("refused", "certificate-expired")),
        (SIGNED + timedelta(minutes=5), ("held", "certificate-expired-unproven"), ("held", "certificate-expired-unproven")),
        (STAMPED + DAY, ("held", "revocation-unknown"), ("held", "certificate-expired-unproven")),
        (RECEIVED + DAY, ("accepted", None), ("accepted", None)),  # run out today, good in its time
    ],
)  # fmt: skip
def test_expired_seal(valid_to: datetime, with_stamp: tuple[str, str | None], without: tuple[str, str | None]) -> None:
    by, index = short_lived(valid_to)
    for raw, (outcome, code) in ((signed(by), without), (stamped(signed(by)), with_stamp)):
        assert said(judge(raw, index)) == (outcome, [] if code is None else [(code, "/signatures/2")])


@pytest.mark.parametrize(
    ("named_since", "expected"),
    [
        (STAMPED + DAY, ACCEPTED),
        (STAMPED + DAY + SECOND, ("held", [("revocation-unknown", "/signatures/2")])),
    ],
)
def test_a_seal_that_ended_before_it_came_and_lists_that_still_name_it(
    named_since: datetime, expected: tuple[str, list[tuple[str, str]]]
) -> None:
    """A CA drops a revoked certificate from its lists after its end: silence of a later list is no knowledge."""
    by, index = short_lived(STAMPED + DAY, named_since)
    raw = stamped(signed(by))
    assert said(judge(raw, index)) == expected
    assert said(judge(raw, index)) == expected, "nothing remembered says otherwise"
    assert said(judge(raw, index, received_at=STAMPED + DAY)) == ACCEPTED, "it came in its time"
    assert said(judge(raw, index)) == expected, "nor what was remembered of another that came in its time"


STAMP = "/signatures/2/header/etsiU/0/sigTst/tstTokens/0"


def test_a_stamp_of_another_signature_is_refused() -> None:
    copied: list[bytes] = []

    def once(octets: bytes) -> bytes:
        copied.append(authority().stamp(octets, STAMPED))
        return copied[0]

    raw = jws_signing.add_time_stamp(signed(), 1, once)
    raw = jws_signing.add_time_stamp(raw, SEAL, lambda _: copied[0])
    assert said(judge(raw)) == ("refused", [("time-stamp-invalid", STAMP)])


@pytest.mark.parametrize("moment", [SIGNED - timedelta(minutes=1), RECEIVED + timedelta(minutes=6)])
def test_a_stamp_bounds_the_claim(moment: datetime) -> None:
    assert said(judge(stamped(signed(), moment))) == ("refused", [("time-stamp-order", STAMP)])


def test_an_unknown_authority_changes_nothing_and_is_said() -> None:
    stranger = pki.Authority.make_root(pki.name("Root lạ"), START, END, key=pki.new_key("p256"))
    raw = stamped(signed(), by=TimeStamper.make(stranger, START, END))
    verdict = judge(raw)
    assert said(verdict) == ("accepted", [("time-stamp-unknown", STAMP)])
    assert (verdict.signatures[SEAL].proof, verdict.signatures[SEAL].stamps) == (Proof.RECEIPT, ())
    index = seal_revoked(STAMPED + DAY, CEASED)
    assert said(judge(raw, index))[0] == "held"


def test_a_revoked_authority_proves_nothing() -> None:
    serial = authority().certificate.serial_number
    lists = [replace(root(), revocations=[pki.Revocation(serial, STAMPED - DAY)]).crl(NOW - DAY, NOW + DAY, number=10)]
    assert said(judge(stamped(signed()), trusting(tsa_lists=lists))) == ("accepted", [("time-stamp-revoked", STAMP)])


def test_an_authority_without_a_list_proves_nothing_yet() -> None:
    raw = stamped(signed())
    assert said(judge(raw, trusting(tsa_lists=[]))) == ("accepted", [("time-stamp-undecided", STAMP)])


def test_a_stamp_beside_a_signature_in_xml() -> None:
    """The same check; what is stamped there is the canonical SignatureValue (EN 319 132-1 5.3)."""
    document = city().document()
    keys = [signer.signing_key for signer in city().signers_of(PRIMARY)]
    container = etree.fromstring(client.sign_transcript_xml(transcripts.to_bytes(document), keys, [SIGNED] * 3))
    signature = container[1][SEAL]
    octets = etree.tostring(next(signature.iter(ds("SignatureValue"))), method="c14n", exclusive=True)
    place = next(signature.iter(xades("QualifyingProperties")))
    for name in ("UnsignedProperties", "UnsignedSignatureProperties", "SignatureTimeStamp"):
        place = etree.SubElement(place, xades(name))
    etree.SubElement(place, ds("CanonicalizationMethod"), Algorithm=EXCLUSIVE)
    token = etree.SubElement(place, xades("EncapsulatedTimeStamp"))

    def verdict_over(stamped_octets: bytes) -> Verdict:
        token.text = b64encode(authority().stamp(stamped_octets, STAMPED)).decode()
        raw, moment = etree.tostring(container), judging.Moment(NOW, RECEIVED)
        return judging.judge(raw, judging.XML, plain(), moment, schools=None)

    verdict = verdict_over(octets)
    assert said(verdict) == ACCEPTED
    assert verdict.signatures[SEAL].proof is Proof.TIME_STAMP
    verdict = verdict_over(b"another signature")
    assert (verdict.outcome, [f.code.slug for f in verdict.findings]) == ("refused", ["time-stamp-invalid"])
    assert verdict.signatures[SEAL].proof is Proof.RECEIPT


def test_a_document_stamped_after_each_signature() -> None:
    """Stamps need not wait for the end: they change nothing that a later signature covers."""
    payload, raw = transcripts.to_bytes(city().document()), None
    for index, signer in enumerate(city().signers_of(PRIMARY)):
        raw = jws_signing.add_signature(raw, payload, signer.signing_key, SIGNED + index * DAY)
        raw = stamped(raw, SIGNED + index * DAY + SECOND, index)
    assert raw is not None
    verdict = judge(raw)
    assert said(verdict) == ACCEPTED
    assert [facts.proof for facts in verdict.signatures] == [Proof.TIME_STAMP] * 3


def test_a_required_stamp_that_is_undecided_holds_and_a_missing_one_refuses() -> None:
    rows = tuple(replace(row, time_stamp=row.role is trust.Role.SEAL) for row in city().trust_list.policy.rows)
    policy = replace(city().trust_list.policy, rows=rows)
    at = "/signatures/2"
    assert said(judge(signed(), trusting(policy=policy))) == ("refused", [("signer-time-stamp", at)])
    assert said(judge(stamped(signed()), trusting(policy=policy))) == ACCEPTED
    undecided = judge(stamped(signed()), trusting(policy=policy, tsa_lists=[]))
    assert said(undecided) == ("held", [("time-stamp-undecided", STAMP), ("signer-time-stamp-open", at)])
