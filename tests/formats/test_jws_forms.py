"""Detached, flattened and compact signatures, and what may stand unsigned beside them: every change has its code and its place."""

from __future__ import annotations

import copy
import json
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, time
from functools import cache
from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jws as joserfc_jws
from joserfc.jwk import ECKey, OKPKey, RSAKey

from registry.core.findings import Effect, Outcome
from registry.core.trust import Algorithm
from registry.demo import transcripts
from registry.demo.city import signing_day
from registry.formats import base64url, certificates, jws, jws_signing, jws_unsigned, signatures
from registry.services import judging
from tests.small_city import NOW, PRIMARY, SmallCity, small_city

ALL = frozenset(Algorithm)
Envelope = dict[str, Any]
Header = dict[str, Any]


@cache
def city() -> SmallCity:
    return small_city()


@cache
def trust_index() -> certificates.TrustIndex:
    return certificates.TrustIndex.build(city().trust_list)


def keys() -> list[jws_signing.SigningKey]:
    return [signer.signing_key for signer in city().signers_of(PRIMARY)]


@cache
def payload() -> bytes:
    return transcripts.to_bytes(city().document())


@cache
def _made(detached: bool) -> bytes:
    return jws_signing.sign_envelope(payload(), keys(), [day()] * 3, detached=detached)


def day() -> datetime:
    return datetime.combine(signing_day(city().document()), time(3), UTC)


def attached() -> Envelope:
    return json.loads(_made(False))  # type: ignore[no-any-return]


def detached() -> Envelope:
    return json.loads(_made(True))  # type: ignore[no-any-return]


def raw(value: object) -> bytes:
    return json.dumps(value).encode()


def header_of(envelope: Envelope, index: int) -> Header:
    return json.loads(base64url.decode(envelope["signatures"][index]["protected"]) or b"")  # type: ignore[no-any-return]


def with_header(envelope: Envelope, index: int, change: Callable[[Header], None], text: str = "") -> Envelope:
    """One header changed and that signature made again by its own key."""
    header = header_of(envelope, index)
    change(header)
    protected = base64url.encode(json.dumps(header).encode())
    value = keys()[index].sign(f"{protected}.{text}".encode())
    envelope["signatures"][index] |= {"protected": protected, "signature": base64url.encode(value)}
    return envelope


def found(body: bytes) -> set[tuple[str, str]]:
    return {(f.code.slug, f.pointer) for f in jws.open_envelope(body, algorithms=ALL).findings}


def holding(envelope: signatures.Envelope) -> int:
    public = [signer.certificate.public_key() for signer in city().signers_of(PRIMARY)]
    return sum(signatures.signature_holds(each, key) for each, key in zip(envelope.signatures, public, strict=False))


def judged(body: bytes, media_type: str = judging.JOSE) -> Any:
    return judging.judge(body, media_type, trust_index(), judging.Moment(NOW, NOW), schools=None)


# --- form B -------------------------------------------------------------------------------------------------------------------


def test_detached_signatures_are_accepted() -> None:
    verdict = judged(raw(detached()))
    assert (verdict.outcome, verdict.findings) == (Outcome.ACCEPTED, ())
    assert verdict.transcript == judged(raw(attached())).transcript


def test_what_sig_d_says_by_hand() -> None:
    """The digests are over base64url text; an earlier signature counts as its detached compact form."""
    envelope = detached()
    first, second = envelope["signatures"][:2]
    octets = [f"{s['protected']}..{s['signature']}".encode() for s in (first, second)]
    texts = [envelope["document"], *(base64url.encode(octet) for octet in octets)]
    header = header_of(envelope, 2)
    assert header["sigD"] == {
        "mId": "http://uri.etsi.org/19182/ObjectIdByURIHash",
        "pars": ["document", "signatures/0", "signatures/1"],
        "hashM": "S256",
        "hashV": [base64url.encode(sha256(text.encode()).digest()) for text in texts],
        "ctys": ["json", "jose", "jose"],
    }
    assert header["crit"] == ["sigD"]
    assert "cty" not in header
    assert "prev" not in header


def test_another_library_agrees_on_detached_values() -> None:
    kinds: dict[str, Any] = {"ES256": ECKey, "PS256": RSAKey, "EdDSA": OKPKey}
    known = joserfc_jws.JWSRegistry(algorithms=list(kinds), strict_check_header=False)
    envelope = detached()
    for index, signer in enumerate(city().signers_of(PRIMARY)):
        pem = signer.certificate.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        name = header_of(envelope, index)["alg"]
        signature = envelope["signatures"][index]
        value = base64url.decode(signature["signature"])
        assert value is not None
        key = kinds[name].import_key(pem)
        assert known.get_alg(name).verify(f"{signature['protected']}.".encode(), value, key)
        over_the_document = f"{signature['protected']}.{envelope['document']}".encode()
        assert not known.get_alg(name).verify(over_the_document, value, key)


def _sig_d(**members: Any) -> Callable[[Header], None]:
    def change(header: Header) -> None:
        header["sigD"] = {k: v for k, v in (header["sigD"] | members).items() if v is not ...}

    return change


def _put(**members: Any) -> Callable[[Header], None]:
    def change(header: Header) -> None:
        header.update(members)
        for name in [name for name, value in members.items() if value is ...]:
            del header[name]

    return change


ZEROS = base64url.encode(bytes(32))
AT = "/signatures/1/protected"


@pytest.mark.parametrize(
    ("change", "code", "place"),
    [
        (_put(sigD=...), "header-crit", "crit"),
        (_put(sigD=..., crit=...), "header-sigd", "sigD"),
        (_put(crit=...), "header-sigd", "crit"),
        (_put(crit=["sigT"]), "header-sigd", "crit"),
        (_put(crit=["sigD", "b64"], b64=False), "header-crit", "crit"),
        (_put(sigD="document"), "header-sigd", "sigD"),
        (_put(sigD=[]), "header-sigd", "sigD"),
        (_sig_d(extra=1), "header-sigd", "sigD"),
        (_sig_d(ctys=...), "header-sigd", "sigD"),
        (_sig_d(mId="http://uri.etsi.org/19182/ObjectIdByURI"), "header-sigd", "sigD/mId"),
        (_sig_d(mId="http://uri.etsi.org/19182/HttpHeaders"), "header-sigd", "sigD/mId"),
        (_sig_d(hashM="S512"), "header-sigd", "sigD/hashM"),
        (_sig_d(hashM="SHA1"), "header-sigd", "sigD/hashM"),
        (_sig_d(pars=["document"]), "header-sigd", "sigD/pars"),
        (_sig_d(pars=["signatures/0", "document"]), "header-sigd", "sigD/pars"),
        (_sig_d(pars=["document", "signatures/00"]), "header-sigd", "sigD/pars"),
        (_sig_d(pars=["document", "document"]), "header-sigd", "sigD/pars"),
        (_sig_d(pars=["document", "https://a.example/x"]), "header-sigd", "sigD/pars"),
        (_sig_d(pars=[1, {}]), "header-sigd", "sigD/pars"),
        (_sig_d(pars="document"), "header-sigd", "sigD/pars"),
        (_sig_d(hashV=[ZEROS]), "header-sigd", "sigD/hashV"),
        (_sig_d(hashV=[ZEROS, ZEROS, ZEROS]), "header-sigd", "sigD/hashV"),
        (_sig_d(hashV=[1, 2]), "header-sigd", "sigD/hashV"),
        (_sig_d(hashV=[ZEROS, ZEROS]), "header-sigd-mismatch", "sigD/hashV/0"),
        (_sig_d(hashV=[ZEROS, ZEROS]), "header-sigd-mismatch", "sigD/hashV/1"),
        (_sig_d(ctys=["json"]), "header-sigd", "sigD/ctys"),
        (_sig_d(ctys=["jose", "json"]), "header-sigd", "sigD/ctys"),
        (_sig_d(ctys=["json", 1]), "header-sigd", "sigD/ctys"),
        (_put(cty="xml"), "header-content", "cty"),
        (_put(prev=ZEROS), "envelope-form", "prev"),
        (_put(prev=ZEROS, crit=["sigD", "prev"]), "envelope-form", "prev"),
        (_put(sigT="2024-05-29T03:00:00Z"), "header-time", "iat"),
        (_put(typ="jose"), "header-member", "typ"),
    ],
)
def test_detached_headers_that_are_refused(change: Callable[[Header], None], code: str, place: str) -> None:
    body = raw(with_header(detached(), 1, change))
    assert (code, f"{AT}/{place}") in found(body)
    assert judged(body).outcome is Outcome.REFUSED


def test_a_digest_over_the_raw_octets_is_refused() -> None:
    """The tempting mistake: hashing the document instead of its base64url text."""
    over_octets = base64url.encode(sha256(payload()).digest())
    body = raw(with_header(detached(), 0, _sig_d(hashV=[over_octets])))
    assert found(body) >= {("header-sigd-mismatch", "/signatures/0/protected/sigD/hashV/0")}


def test_sig_t_and_a_harmless_cty_are_taken() -> None:
    def legacy(header: Header) -> None:
        header |= {"sigT": "2024-05-29T03:00:00Z", "cty": "json", "crit": ["sigD", "sigT"]}
        del header["iat"]

    body = raw(with_header(detached(), 2, legacy))
    opened = jws.open_envelope(body, algorithms=ALL)
    assert opened.findings == ()
    assert holding(opened) == 3


def _document_changed(envelope: Envelope) -> None:
    envelope["document"] = base64url.encode(payload() + b" ")


def _second_dropped(envelope: Envelope) -> None:
    del envelope["signatures"][1]


def _swapped(envelope: Envelope) -> None:
    envelope["signatures"][1:] = envelope["signatures"][:0:-1]


def _first_replaced(envelope: Envelope) -> None:
    """Another good signature of the same signer over the same document."""
    with_header(envelope, 0, _put(kid="again"))


def _value_changed(envelope: Envelope) -> None:
    envelope["signatures"][0]["signature"] = base64url.encode(bytes(64))


@pytest.mark.parametrize(
    ("change", "code", "pointer"),
    [
        (_document_changed, "header-sigd-mismatch", "/signatures/2/protected/sigD/hashV/0"),
        (_second_dropped, "header-sigd", "/signatures/1/protected/sigD/pars"),
        (_swapped, "header-sigd", "/signatures/1/protected/sigD/pars"),
        (_swapped, "header-sigd", "/signatures/2/protected/sigD/hashV"),
        (_first_replaced, "header-sigd-mismatch", "/signatures/1/protected/sigD/hashV/1"),
        (_value_changed, "header-sigd-mismatch", "/signatures/2/protected/sigD/hashV/1"),
        (lambda e: e["signatures"].pop(0), "header-sigd", "/signatures/0/protected/sigD/pars"),
        (lambda e: e.pop("document"), "envelope-shape", "/payload"),
        (lambda e: e.update(document=None), "envelope-shape", "/document"),
        (lambda e: e.update(document="a b"), "envelope-base64", "/document"),
        (lambda e: e.update(payload=e["document"]), "envelope-form", "/document"),
        (lambda e: e.update(payload=""), "envelope-form", "/document"),
        (lambda e: e.update(uri="x"), "envelope-member", "/uri"),
    ],
)
def test_detached_documents_that_are_refused(change: Callable[[Envelope], None], code: str, pointer: str) -> None:
    envelope = detached()
    change(envelope)
    assert (code, pointer) in found(raw(envelope))
    assert judged(raw(envelope)).outcome is Outcome.REFUSED


def test_only_the_policy_notices_a_stripped_last_signature() -> None:
    envelope = detached()
    del envelope["signatures"][2]
    assert [f.code.slug for f in judged(raw(envelope)).findings] == ["signer-role-missing"]


def test_one_document_uses_one_form() -> None:
    """An attached signature within a detached document, and the other way round."""
    mixed = detached()
    mixed["signatures"][0] = attached()["signatures"][0]
    assert ("header-sigd", "/signatures/0/protected/sigD") in found(raw(mixed))
    mixed = attached()
    mixed["signatures"][2] = detached()["signatures"][2]
    assert found(raw(mixed)) >= {
        ("envelope-form", "/signatures/2/protected/sigD"),
        ("header-prev", "/signatures/2/protected/prev"),
    }


def test_the_signer_keeps_to_one_form() -> None:
    with pytest.raises(ValueError, match="form"):
        jws_signing.add_signature(raw(attached()), payload(), keys()[0], day(), detached=True)


# --- one signer: flattened and compact -------------------------------------------------------------------------------------------


def alone(kind: str = "jose+json", **members: Any) -> tuple[str, str, str]:
    """Header, payload and value of a seal's signature that stands alone."""
    key = keys()[2]
    header = {
        "alg": key.algorithm.value,
        "typ": kind,
        "cty": "json",
        "iat": int(day().timestamp()),
        "x5c": [b64encode(der).decode() for der in key.certificates],
    } | members
    protected, text = base64url.encode(json.dumps(header).encode()), base64url.encode(payload())
    return protected, text, base64url.encode(key.sign(f"{protected}.{text}".encode()))


def test_flattened_and_compact_open_as_one_signature() -> None:
    protected, text, value = alone()
    flattened = {"payload": text, "protected": protected, "signature": value}
    in_general = {"payload": text, "signatures": [{"protected": protected, "signature": value}]}
    opened = jws.open_envelope(raw(flattened), algorithms=ALL)
    assert opened.findings == ()
    assert opened == jws.open_envelope(raw(in_general), algorithms=ALL)
    compact = jws.open_compact_envelope(".".join(alone("jose")).encode(), algorithms=ALL)
    assert compact.findings == ()
    assert compact.payload == payload()
    seal = city().signers_of(PRIMARY)[2].certificate.public_key()
    for envelope in (opened, compact):
        assert len(envelope.signatures) == 1
        assert signatures.signature_holds(envelope.signatures[0], seal)


@pytest.mark.parametrize("form", ["flattened", "flattened detached", "compact"])
def test_whether_one_signer_is_enough_is_for_the_policy(form: str) -> None:
    protected, text, value = alone("jose" if form == "compact" else "jose+json")
    if form == "compact":
        verdict = judged(f"{protected}.{text}.{value}".encode(), judging.COMPACT)
    elif form == "flattened":
        verdict = judged(raw({"payload": text, "protected": protected, "signature": value}))
    else:
        one = jws_signing.sign_envelope(payload(), keys()[2:], [day()], detached=True)
        envelope = json.loads(one)
        verdict = judged(raw({"document": envelope["document"], **envelope["signatures"][0]}))
    assert {f.code.slug for f in verdict.findings} == {"signer-role-missing"}
    assert [s.role for s in verdict.signatures] == ["seal"]


@pytest.mark.parametrize(
    ("change", "code", "pointer"),
    [
        (lambda e: e.update(signatures=[]), "envelope-form", "/signatures"),
        (lambda e: e.update(extra=1), "envelope-member", "/extra"),
        (lambda e: e.pop("signature"), "envelope-shape", "/signatures/0/signature"),
        (lambda e: e.pop("protected"), "envelope-shape", "/signatures/0/protected"),
        (lambda e: e.pop("payload"), "envelope-shape", "/payload"),
        (lambda e: e.update(signature=["a", "b"]), "envelope-shape", "/signatures/0/signature"),
        (lambda e: e.update(protected=[e["protected"]] * 2), "envelope-shape", "/signatures/0/protected"),
        (lambda e: e.update(document=e["payload"]), "envelope-form", "/document"),
        (lambda e: e.update(header={"kid": "a"}), "header-unprotected", "/signatures/0/header/kid"),
        (lambda e: e.update(header={"jwk": {}}), "header-key-injection", "/signatures/0/header/jwk"),
    ],
)
def test_flattened_that_is_refused(change: Callable[[Envelope], None], code: str, pointer: str) -> None:
    protected, text, value = alone()
    envelope: Envelope = {"payload": text, "protected": protected, "signature": value}
    change(envelope)
    assert (code, pointer) in found(raw(envelope))


@pytest.mark.parametrize(
    ("change", "code", "pointer"),
    [
        (lambda p, t, v: f"{p}.{t}", "envelope-shape", ""),
        (lambda p, t, v: f"{p}.{t}.{v}.{v}", "envelope-shape", ""),
        (lambda p, t, v: "", "envelope-shape", ""),
        (lambda p, t, v: f"{p}.{t}.{v}\n", "envelope-base64", "/signatures/0/signature"),
        (lambda p, t, v: f"{p}.{t}=.{v}", "envelope-base64", "/payload"),
        (lambda p, t, v: f"{p}é.{t}.{v}", "envelope-base64", "/signatures/0/protected"),
        (lambda p, t, v: f"..{v}", "json-syntax", "/signatures/0/protected"),
    ],
)
def test_compact_that_is_refused(change: Callable[[str, str, str], str], code: str, pointer: str) -> None:
    body = change(*alone("jose")).encode()
    findings = jws.open_compact_envelope(body, algorithms=ALL).findings
    assert (code, pointer) in {(f.code.slug, f.pointer) for f in findings}
    assert judged(body, judging.COMPACT).outcome is Outcome.REFUSED


@pytest.mark.parametrize(
    ("members", "code", "place"),
    [
        ({"typ": "jose+json"}, "header-member", "typ"),
        ({"prev": ZEROS, "crit": ["prev"]}, "header-prev", "prev"),
        ({"sigD": {}, "crit": ["sigD"]}, "envelope-form", "sigD"),
        ({"b64": False, "crit": ["b64"]}, "header-crit", "b64"),
        ({"alg": "none"}, "header-algorithm", "alg"),
        ({"jku": "https://a.example"}, "header-key-injection", "jku"),
    ],
)
def test_compact_keeps_every_guard_of_headers(members: Header, code: str, place: str) -> None:
    opened = jws.open_compact_envelope(".".join(alone("jose", **members)).encode(), algorithms=ALL)
    assert (code, f"/signatures/0/protected/{place}") in {(f.code.slug, f.pointer) for f in opened.findings}


# --- what stands unsigned ---------------------------------------------------------------------------------------------------------


def beside(*elements: object) -> bytes:
    envelope = copy.deepcopy(attached())
    envelope["signatures"][0]["header"] = {"etsiU": list(elements)}
    return raw(envelope)


def packed(element: object) -> str:
    return base64url.encode(json.dumps(element).encode())


DER = b64encode(b"\x30\x03\x02\x01\x01").decode()
U = "/signatures/0/header/etsiU"


@pytest.mark.parametrize(
    ("elements", "code", "pointer"),
    [
        ([{"cSig": "a.b.c"}], "signature-counter", f"{U}/0/cSig"),
        ([packed({"cSig": {}})], "signature-counter", f"{U}/0/cSig"),
        ([{"arcTst": {}}], "signature-unsigned", f"{U}/0"),
        ([{"sigRTst": {}}, {"rfsTst": {}}, {"xRefs": []}], "signature-unsigned", f"{U}/2"),
        ([{"rVals": {"crlVals": [{"val": DER}]}}], "signature-unsigned", f"{U}/0/rVals/crlVals"),
        ([{"unheard": 1}], "signature-unsigned", f"{U}/0"),
    ],
)
def test_reported_and_not_relied_upon(elements: list[object], code: str, pointer: str) -> None:
    body = beside(*elements)
    assert (code, pointer) in found(body)
    verdict = judged(body)
    assert verdict.outcome is Outcome.ACCEPTED
    assert {f.code.effect for f in verdict.findings} == {Effect.WARN}


@pytest.mark.parametrize(
    ("elements", "code", "pointer"),
    [
        ([], "header-unprotected", U),
        ([1], "header-unprotected", U),
        ([{"cSig": 1}, packed({"cSig": 1})], "header-unprotected", U),
        ([{"cSig": 1}] * 33, "header-unprotected", U),
        ([{}], "header-unprotected", f"{U}/0"),
        ([{"cSig": 1, "sigTst": {}}], "header-unprotected", f"{U}/0"),
        (["a b"], "header-unprotected", f"{U}/0"),
        ([packed([])], "header-unprotected", f"{U}/0"),
        ([base64url.encode(b"{")], "json-syntax", f"{U}/0"),
        ([base64url.encode(b'{"cSig":1,"cSig":2}')], "json-duplicate", f"{U}/0/cSig"),
        ([{"sigTst": []}], "time-stamp-invalid", f"{U}/0/sigTst"),
        ([{"sigTst": {"tstTokens": []}}], "time-stamp-invalid", f"{U}/0/sigTst"),
        ([{"sigTst": {"canonAlg": "x", "tstTokens": [{"val": DER}]}}], "time-stamp-invalid", f"{U}/0/sigTst"),
        ([{"sigTst": {"tstTokens": [{"val": "a-b_"}]}}], "time-stamp-invalid", f"{U}/0/sigTst/tstTokens/0"),
        ([{"sigTst": {"tstTokens": [{"val": DER}, {}]}}], "time-stamp-invalid", f"{U}/0/sigTst/tstTokens/1"),
        ([{"sigTst": {"tstTokens": [{"val": DER, "type": "x"}]}}], "time-stamp-invalid", f"{U}/0/sigTst/tstTokens/0"),
        (
            [{"sigTst": {"tstTokens": [{"val": DER, "encoding": "x"}]}}],
            "time-stamp-invalid",
            f"{U}/0/sigTst/tstTokens/0",
        ),
        ([{"rVals": {}}], "header-unprotected", f"{U}/0/rVals"),
        ([{"rVals": {"otherVals": []}}], "header-unprotected", f"{U}/0/rVals"),
        ([{"rVals": {"ocspVals": [{"val": DER}] * 9}}], "header-unprotected", f"{U}/0/rVals/ocspVals"),
        ([{"rVals": {"ocspVals": [{"val": "="}]}}], "header-unprotected", f"{U}/0/rVals/ocspVals/0"),
        ([{"xVals": {}}], "header-unprotected", f"{U}/0/xVals"),
        ([{"xVals": [{"otherCert": {}}]}], "header-unprotected", f"{U}/0/xVals/0"),
        (
            [{"xVals": [{"x509Cert": {"val": b64encode(bytes(16_385)).decode()}}]}],
            "header-unprotected",
            f"{U}/0/xVals/0",
        ),
    ],
)
def test_malformed_beside_a_signature(elements: list[object], code: str, pointer: str) -> None:
    assert (code, pointer) in found(beside(*elements))


def test_ocsp_answers_and_time_stamps_are_handed_on() -> None:
    der = b"\x30\x03\x02\x01\x01"
    encoding = "http://uri.etsi.org/01903/v1.2.2#DER"
    elements: list[object] = [
        {"rVals": {"ocspVals": [{"val": DER}, {"val": DER, "encoding": encoding}]}},
        {"sigTst": {"tstTokens": [{"val": DER}]}},
    ]
    for body in (beside(*elements), beside(*(packed(each) for each in elements))):
        opened = jws.open_envelope(body, algorithms=ALL)
        assert opened.findings == ()
        first = opened.signatures[0]
        assert first.ocsp_answers == (der, der)
        value = json.loads(body)["signatures"][0]["signature"]
        assert [(s.token, s.imprinted) for s in first.stamps] == [(der, value.encode())]
        assert first.stamps[0].pointer == f"{U}/1/sigTst/tstTokens/0"


def test_unsigned_certificates_only_help_to_build_the_path() -> None:
    """An issuer left out of x5c and of the store may come unsigned; the signer's own certificate may not."""
    seal = keys()[2]
    leaf, issuer = seal.certificates[:2]
    lonely = jws_signing.SigningKey(seal.algorithm, (leaf,), seal.sign)
    envelope = json.loads(jws_signing.sign_envelope(payload(), [*keys()[:2], lonely], [day()] * 3))
    without = [der for der in city().trust_list.intermediates if der != issuer]
    bare = certificates.TrustIndex.build(replace(city().trust_list, intermediates=tuple(without)))

    def outcome(body: bytes) -> tuple[str, set[str]]:
        verdict = judging.judge(body, judging.JOSE, bare, judging.Moment(NOW, NOW), schools=None)
        return verdict.outcome, {f.code.slug for f in verdict.findings if f.pointer.startswith("/signatures/2")}

    assert outcome(raw(envelope)) == ("refused", {"certificate-path"})
    carried = [{"x509Cert": {"val": b64encode(der).decode()}} for der in (leaf, issuer)]
    envelope["signatures"][2]["header"] = {"etsiU": [{"xVals": carried}]}
    # With the intermediate out of the store its own revocation list counts for nobody: held at most, and no path refused.
    assert "certificate-path" not in outcome(raw(envelope))[1]


def test_more_certificates_than_help_are_left_out_and_said() -> None:
    many = [{"x509Cert": {"val": b64encode(bytes([48, n])).decode()}} for n in range(8)]
    opened = jws.open_envelope(beside({"xVals": many}), algorithms=ALL)
    kept = opened.signatures[0]
    assert len(kept.chain) + len(kept.certificates) == 6
    assert [(f.code.slug, f.pointer) for f in opened.findings] == [
        ("signature-unsigned", f"{U}/0/xVals/{n}") for n in (4, 5, 6, 7)
    ]


def test_an_unsigned_certificate_is_never_the_signers() -> None:
    """With x5t#S256 alone there is no x5c; xVals must not take its place."""
    der = keys()[0].certificates[0]
    header = {"etsiU": [{"xVals": [{"x509Cert": {"val": b64encode(der).decode()}}]}]}
    read = jws_unsigned.read(header, "/signatures/0", "AA", (), 6)
    assert read.certificates == [der]

    def of_nobody(header: Header) -> None:
        del header["x5c"]
        header["x5t#S256"] = base64url.encode(sha256(b"nobody").digest())

    envelope = with_header(attached(), 0, of_nobody, base64url.encode(payload()))
    envelope["signatures"][0]["header"] = header
    opened = jws.open_envelope(raw(envelope), algorithms=ALL)
    assert opened.signatures[0].chain == ()
    assert ("signer-unregistered", "/signatures/0") in {
        (f.code.slug, f.pointer) for f in judged(raw(envelope)).findings
    }
