"""Time-stamps: what proves a moment, what proves nothing and is said, what is wrong and refused."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from asn1crypto import cms, core
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.core import trust
from registry.core.findings import Effect
from registry.demo import pki
from registry.demo.time_stamping import Choices, TimeStamper
from registry.formats import paths, rfc3161, time_stamps
from registry.formats.certificates import TrustIndex
from registry.formats.signatures import Stamp
from tests.formats import made
from tests.formats.made import DAY, END, NOW, START

SIGNED = NOW - timedelta(days=100)
STAMPED = SIGNED + timedelta(minutes=1)
RECEIVED = NOW - DAY
VALUE = b"c2lnbmF0dXJl"
SECOND = timedelta(seconds=1)
TIMES = time_stamps.Times(SIGNED, RECEIVED, NOW, timedelta(minutes=5))


@cache
def root() -> pki.Authority:
    return made.ca(None, "Root dấu thời gian", number=40)


@cache
def authority() -> TimeStamper:
    return TimeStamper.make(root(), START, END, key=made.key("p256", 41))


def under(issuer: pki.Authority, alter: pki.Alter | None = None, valid_to: datetime = END) -> TimeStamper:
    """Another authority with a certificate of its own."""
    return TimeStamper.make(issuer, START, valid_to, key=made.key("p256", 41), alter=alter)


def fresh(issuer: pki.Authority, *revoked: pki.Revocation) -> bytes:
    """The issuer's list of this hour."""
    listed = pki.Authority(issuer.certificate, issuer.key, issuer.slug, list(revoked))
    return listed.crl(NOW - DAY, NOW + DAY, number=7)


def index(*lists: bytes, anchor: pki.Authority | None = None) -> TrustIndex:
    """An index whose only anchor is a root of time-stamping."""
    pinned = anchor or root()
    anchors = (trust.Anchor(hashlib.sha256(pinned.der).digest(), pinned.der, trust.Hierarchy.TIME_STAMP),)
    return TrustIndex.build(trust.TrustList(1, anchors, (), lists or (fresh(pinned),), {}, {}))


@cache
def known() -> TrustIndex:
    return index()


def prove(*tokens: bytes, at: TrustIndex | None = None, times: time_stamps.Times = TIMES) -> time_stamps.Proven:
    stamps = [Stamp(token, VALUE, f"/stamp/{n}") for n, token in enumerate(tokens)]
    return time_stamps.proven(stamps, at or known(), times)


def said(proven: time_stamps.Proven) -> list[tuple[str, str]]:
    return [(finding.code.slug, finding.pointer) for finding in proven.findings]


def good(moment: datetime = STAMPED, **choices: Any) -> bytes:
    return authority().stamp(VALUE, moment, Choices(**choices))


def test_a_good_token_proves_its_moment() -> None:
    token = good()
    proven = prove(token)
    assert proven.moment == STAMPED + SECOND  # the accuracy is one second: it existed then at the latest
    assert proven.tokens == (hashlib.sha256(token).digest(),)
    assert proven.findings == ()
    assert [used.issuer for used in proven.revocation] == [hashlib.sha256(root().der).hexdigest()]


@pytest.mark.parametrize("hashed", ["sha256", "sha384", "sha512"])
def test_every_strong_hash_is_taken(hashed: str) -> None:
    assert prove(good(hashed=hashed, signed_hash=hashed)).moment is not None


def test_an_authority_with_rsa_under_an_intermediate_of_a_national_hierarchy() -> None:
    agencies = made.government().agencies
    stamper = TimeStamper.make(agencies, START, END, key=made.key("rsa2048"))
    lists = [fresh(made.government().root), fresh(agencies)]
    at = made.index([made.government().root], [agencies], lists)
    assert prove(stamper.stamp(VALUE, STAMPED), at=at).moment == STAMPED + SECOND


def _by_key(signed: Any) -> None:
    """The signer named by key identifier, as some authorities do; the signature does not cover that name."""
    identifier = next(each.chosen.key_identifier for each in signed["certificates"] if not each.chosen.ca)
    signed["signer_infos"][0]["sid"] = cms.SignerIdentifier("subject_key_identifier", core.OctetString(identifier))


def test_a_signer_named_by_key_identifier() -> None:
    assert prove(_edited(_by_key)).moment == STAMPED + SECOND


def test_the_earliest_good_token_counts() -> None:
    later, earlier = good(STAMPED + DAY), good(STAMPED)
    proven = prove(later, earlier)
    assert proven.moment == STAMPED + SECOND
    assert proven.tokens == tuple(hashlib.sha256(token).digest() for token in (earlier, later))


def test_no_token_proves_nothing() -> None:
    assert prove() == time_stamps.Proven()


def test_proof_is_never_later_than_receipt() -> None:
    assert prove(good(RECEIVED, accuracy_seconds=3600)).moment == RECEIVED


def test_without_an_accuracy_the_moment_is_exact() -> None:
    assert prove(good(accuracy_seconds=None)).moment == STAMPED


# --- wrong: refused ----------------------------------------------------------------------------------------------------------------


def _forged() -> bytes:
    """The authority's certificate over a signature by somebody else's key."""
    other = TimeStamper(authority().certificate, made.key("p256", 42), authority().issuer)
    return other.stamp(VALUE, STAMPED)


def _edited(edit: Callable[[Any], None]) -> bytes:
    container = cms.ContentInfo.load(good())
    edit(container["content"])
    return bytes(container.dump(force=True))


def _another_time(signed: Any) -> None:
    content = bytes(signed["encap_content_info"]["content"])
    later = f"{STAMPED + DAY:%Y%m%d%H%M%S}Z".encode()
    changed = content.replace(f"{STAMPED:%Y%m%d%H%M%S}Z".encode(), later)
    assert changed != content
    signed["encap_content_info"] = {"content_type": "tst_info", "content": core.ParsableOctetString(changed)}


def _of_the_issuer() -> bytes:
    """ESSCertIDv2 of a certificate for the same key is not that of this certificate."""
    twin = TimeStamper.make(root(), START, END, key=made.key("p256", 41))
    token = cms.ContentInfo.load(twin.stamp(VALUE, STAMPED))
    (signer,) = token["content"]["signer_infos"]
    (mine,) = cms.ContentInfo.load(good())["content"]["signer_infos"]
    signer["sid"] = mine["sid"].copy()
    token["content"]["certificates"] = cms.ContentInfo.load(good())["content"]["certificates"].copy()
    return bytes(token.dump(force=True))


def _wrong_version(told: dict[str, Any]) -> None:
    told["version"] = 2


INVALID = [
    ("garbage", lambda: b"garbage"),
    ("empty", lambda: b""),
    ("octets after it", lambda: good() + b"\x00"),
    ("cut", lambda: good()[:-1]),
    ("a certificate", lambda: authority().certificate.public_bytes(Encoding.DER)),
    ("no signed data", lambda: bytes(cms.ContentInfo({"content_type": "data", "content": b"x"}).dump())),
    ("brackets", lambda: b"\x30\x80" * 4000),
    ("too large", lambda: bytes(time_stamps.MAX_SIZE + 1)),
    ("over another value", lambda: authority().stamp(b"another signature", STAMPED)),
    ("version 2", lambda: good(alter=_wrong_version)),
    ("no moment after it", lambda: good(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC))),
    ("signed by another key", _forged),
    ("time changed after signing", lambda: _edited(_another_time)),
    ("two signers", lambda: _edited(lambda signed: signed["signer_infos"].append(signed["signer_infos"][0].copy()))),
    ("no signer", lambda: _edited(lambda signed: signed.__setitem__("signer_infos", []))),
    ("names another certificate", _of_the_issuer),
]


@pytest.mark.parametrize("make", [make for _, make in INVALID], ids=[name for name, _ in INVALID])
def test_a_wrong_token_is_refused(make: Callable[[], bytes]) -> None:
    token = make()
    for _ in range(2):  # remembered or not
        proven = prove(token)
        assert said(proven) == [("time-stamp-invalid", "/stamp/0")]
        assert proven.findings[0].code.effect is Effect.REFUSE
        assert proven.moment is None


@cache
def _one() -> bytes:
    return good()


@given(st.integers(min_value=0), st.integers(0, 7))
@settings(max_examples=200, deadline=None)
def test_no_flipped_bit_moves_the_moment_or_raises(position: int, bit: int) -> None:
    token = bytearray(_one())
    token[position % len(token)] ^= 1 << bit
    proven = prove(bytes(token))
    assert proven.moment in (None, STAMPED + SECOND)  # some octets of a token are covered by nothing
    assert (proven.moment is None) == bool(proven.findings)


@given(st.binary(max_size=200))
@settings(deadline=None)
def test_no_bytes_make_it_raise(raw: bytes) -> None:
    assert said(prove(raw)) == [("time-stamp-invalid", "/stamp/0")]


def test_a_copied_token_is_refused_beside_a_good_one_and_whoever_made_it() -> None:
    stranger = under(made.ca(None, "Root lạ", number=43))
    copied = stranger.stamp(b"another signature", STAMPED)
    assert said(prove(good(), copied)) == [("time-stamp-invalid", "/stamp/1")]


def test_long_names_in_a_token_cost_nothing() -> None:
    """Compared as names they took 150 ms, and six such tokens fit into a document."""
    name = asn1_x509.Name.build({"common_name": "\u0316\u0301" * 3500})
    token = cms.ContentInfo.load(good())
    owner = asn1_x509.Certificate.load(authority().certificate.public_bytes(Encoding.DER)).copy()
    owner["tbs_certificate"]["issuer"] = name
    token["content"]["certificates"] = [asn1_x509.Certificate.load(owner.dump(force=True))]
    named = {"issuer": asn1_x509.Name.build({"common_name": name.native["common_name"] + "x"})}
    named["serial_number"] = owner.serial_number
    token["content"]["signer_infos"][0]["sid"] = cms.SignerIdentifier(
        {"issuer_and_serial_number": cms.IssuerAndSerialNumber(named)}
    )
    raw = bytes(token.dump(force=True))
    assert 28_000 < len(raw) <= time_stamps.MAX_SIZE

    def run() -> None:
        assert said(prove(raw, at=index()))[0][0] == "time-stamp-unknown"

    assert made.best_seconds(run) < 0.05


def test_a_remembered_token_is_still_compared_with_each_signature() -> None:
    token = good()
    assert prove(token).moment is not None
    elsewhere = time_stamps.proven([Stamp(token, b"other", "/x")], known(), TIMES)
    assert said(elsewhere) == [("time-stamp-invalid", "/x")]


def test_at_most_four_tokens_are_read() -> None:
    assert said(prove(*[good()] * 4)) == []
    assert said(prove(*[good()] * 20)) == [("time-stamp-invalid", "/stamp/4")]


# --- not to be relied upon: said --------------------------------------------------------------------------------------------------


def _talkative(signed: Any) -> None:
    more = [cms.CMSAttribute({"type": f"1.2.3.{n}", "values": [core.Null()]}) for n in range(1500)]
    signer = signed["signer_infos"][0]
    signer["signed_attrs"] = cms.CMSAttributes([*signer["signed_attrs"], *more])


def test_a_token_of_many_attributes_is_not_relied_upon_and_costs_little() -> None:
    token = _edited(_talkative)
    assert 19_000 < len(token) <= time_stamps.MAX_SIZE

    def run() -> None:
        assert said(prove(token, at=index())) == [("time-stamp-unknown", "/stamp/0")]

    run()
    assert made.best_seconds(run) < 0.02


def _purposes(*purposes: x509.ObjectIdentifier, critical: bool = True) -> pki.Alter:
    return lambda plan: plan.put(x509.ExtendedKeyUsage(purposes), critical)


STAMPING = ExtendedKeyUsageOID.TIME_STAMPING
UNKNOWN = [
    ("unknown root", lambda: under(made.ca(None, "Root lạ", number=43)).stamp(VALUE, STAMPED)),
    ("no certificate in it", lambda: good(with_certificate=False)),
    ("imprint by SHA-1", lambda: good(hashed="sha1")),
    ("signed over SHA-1", lambda: good(signed_hash="sha1")),
    ("ESSCertID of old", lambda: good(names_certificate="v1")),
    ("no ESSCertID", lambda: good(names_certificate="")),
    ("no purpose", lambda: under(root(), lambda plan: plan.without(x509.ExtendedKeyUsage)).stamp(VALUE, STAMPED)),
    ("purpose not critical", lambda: under(root(), _purposes(STAMPING, critical=False)).stamp(VALUE, STAMPED)),
    (
        "two purposes",
        lambda: under(root(), _purposes(STAMPING, ExtendedKeyUsageOID.EMAIL_PROTECTION)).stamp(VALUE, STAMPED),
    ),
    ("another purpose", lambda: under(root(), _purposes(ExtendedKeyUsageOID.CLIENT_AUTH)).stamp(VALUE, STAMPED)),
    (
        "a key for something else",
        lambda: under(root(), lambda plan: plan.put(pki.usage("key_encipherment"), critical=True)).stamp(
            VALUE, STAMPED
        ),
    ),
    (
        "an unknown critical extension",
        lambda: under(root(), lambda plan: plan.put(made.unknown_extension(), critical=True)).stamp(VALUE, STAMPED),
    ),
]


@pytest.mark.parametrize("make", [make for _, make in UNKNOWN], ids=[name for name, _ in UNKNOWN])
def test_a_token_nobody_can_vouch_for_proves_nothing(make: Callable[[], bytes]) -> None:
    proven = prove(make(), good(STAMPED + DAY))
    assert said(proven) == [("time-stamp-unknown", "/stamp/0")]
    assert proven.findings[0].code.effect is Effect.WARN
    assert proven.moment == STAMPED + DAY + SECOND  # the other one still counts


def _critical_extension(told: dict[str, Any]) -> None:
    told["extensions"] = [{"extn_id": "1.3.6.1.4.1.99999.9", "critical": True, "extn_value": b"\x05\x00"}]


def test_a_critical_extension_of_a_token_is_not_passed_over() -> None:
    assert said(prove(good(alter=_critical_extension))) == [("time-stamp-unknown", "/stamp/0")]


SERIAL = x509.ReasonFlags


@pytest.mark.parametrize(
    ("at", "reason", "invalid_since", "code"),
    [
        (STAMPED - DAY, SERIAL.cessation_of_operation, None, "time-stamp-revoked"),
        (STAMPED + DAY, SERIAL.cessation_of_operation, None, "time-stamp-revoked"),  # the token's own proof is receipt
        (RECEIVED + timedelta(hours=1), SERIAL.cessation_of_operation, None, None),
        (RECEIVED + timedelta(hours=1), SERIAL.key_compromise, None, "time-stamp-revoked"),
        (RECEIVED + timedelta(hours=1), SERIAL.key_compromise, STAMPED - DAY, "time-stamp-revoked"),
        (STAMPED - DAY, SERIAL.certificate_hold, None, "time-stamp-revoked"),
    ],
)
def test_a_revoked_authority(
    at: datetime, reason: x509.ReasonFlags, invalid_since: datetime | None, code: str | None
) -> None:
    revoked = pki.Revocation(authority().certificate.serial_number, at, reason, invalid_since)
    proven = prove(good(), at=index(fresh(root(), revoked)))
    assert said(proven) == ([] if code is None else [(code, "/stamp/0")])
    assert (proven.moment is None) == (code is not None)


@pytest.mark.parametrize("case", ["no list", "stale list"])
def test_an_authority_whose_revocation_is_not_known(case: str) -> None:
    other = made.ca(None, "Root khác", number=44)
    lists = [fresh(other)] if case == "no list" else [root().crl(NOW - 9 * DAY, NOW - 2 * DAY, number=3)]
    proven = prove(good(), at=index(*lists))
    assert said(proven) == [("time-stamp-undecided", "/stamp/0")]
    assert proven.findings[0].code.effect is Effect.WARN
    assert proven.moment is None


@pytest.mark.parametrize("valid_to", [STAMPED - DAY, STAMPED + DAY])
def test_an_authority_whose_certificate_ran_out(valid_to: datetime) -> None:
    """Before genTime, or before receipt, which alone proves that the token existed."""
    token = under(root(), valid_to=valid_to).stamp(VALUE, STAMPED)
    assert said(prove(token)) == [("time-stamp-undecided", "/stamp/0")]


# --- the order of times ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "accuracy", "code"),
    [
        (SIGNED, None, None),
        (SIGNED - SECOND, None, "time-stamp-order"),
        (SIGNED - SECOND, 1, None),
        (SIGNED - 2 * SECOND, 1, "time-stamp-order"),
        (RECEIVED + timedelta(minutes=5), None, None),
        (RECEIVED + timedelta(minutes=5, seconds=1), None, "time-stamp-order"),
        (RECEIVED + timedelta(minutes=5, seconds=1), 3600, "time-stamp-order"),
        (NOW + 300 * DAY, 1, "time-stamp-order"),
    ],
)
def test_between_the_claim_and_the_receipt(moment: datetime, accuracy: int | None, code: str | None) -> None:
    proven = prove(good(moment, accuracy_seconds=accuracy))
    assert said(proven) == ([] if code is None else [(code, "/stamp/0")])
    assert (proven.moment is None) == (code is not None)


def test_a_token_that_proves_nothing_orders_nothing() -> None:
    """An unknown authority's clock refuses nobody."""
    token = under(made.ca(None, "Root lạ", number=43)).stamp(VALUE, SIGNED - DAY)
    assert said(prove(token)) == [("time-stamp-unknown", "/stamp/0")]


# --- roots of time-stamping, and the parts of a token ----------------------------------------------------------------------------


def test_a_root_of_time_stamping_vouches_for_no_signer() -> None:
    signer = made.leaf(root())
    path, findings = paths.find_path(signer, (), known(), "/x")
    assert path is None
    assert made.slugs(findings) == ["certificate-path"]


def test_a_time_stamping_certificate_signs_no_document() -> None:
    certificate = made.read(authority().certificate.public_bytes(Encoding.DER))
    as_stamper, _ = paths.find_path(certificate, (), known(), "/x", purpose=paths.Purpose.TIME_STAMP)
    assert as_stamper is not None
    as_signer, findings = paths.find_path(certificate, (), known(), "/x")
    assert as_signer is None
    assert made.slugs(findings) == ["certificate-usage"]


def test_a_second_reader_sees_the_same_token() -> None:
    """pyhanko's whole check of a token, given our root, agrees on time and imprint."""
    from pyhanko.sign.validation import generic_cms
    from pyhanko_certvalidator import ValidationContext

    token = good()
    read = rfc3161.read(token)
    assert (read.generated_at, read.accuracy, read.hash) == (STAMPED, SECOND, "sha256")
    assert read.imprint == read.imprint_of(VALUE) == hashlib.sha256(VALUE).digest()
    context = ValidationContext(
        trust_roots=[asn1_x509.Certificate.load(root().der)],
        allow_fetching=False,
        moment=STAMPED,
    )
    running = generic_cms.validate_tst_signed_data(
        cms.ContentInfo.load(token)["content"], context, lambda name: hashlib.new(name, VALUE).digest()
    )
    with pytest.raises(StopIteration) as stopped:
        running.send(None)
    status = stopped.value.value
    assert (status["intact"], status["valid"], status["timestamp"]) == (True, True, STAMPED)
    assert status["trust_problem_indic"] is None
