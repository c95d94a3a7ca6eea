"""Reading certificates, the profile of CAs and signers, comparable names, and the trust index."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

import pytest
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.core import trust
from registry.demo import pki
from registry.formats import names, profile
from registry.formats.certificates import Certificate, TrustIndex
from tests.formats import made

POINTER = "/signatures/0/protected/x5c/0"
_SAMPLE = made.leaf_der(made.government().agencies)


def _all_findings(der: bytes, *, ca: bool) -> list[str]:
    certificate, findings = Certificate.read(der, POINTER)
    if certificate is not None:
        findings = profile.profile_findings(certificate, ca=ca, pointer=POINTER)
        if not ca:
            findings += profile.usage_findings(certificate, POINTER)
    assert all(finding.pointer == POINTER for finding in findings)
    return made.slugs(findings)


@pytest.mark.parametrize("kind", ["rsa2048", "p256", "p384", "ed25519"])
def test_made_certificates_keep_the_profile(kind: pki.KeyKind) -> None:
    root = pki.Authority.make_root(pki.name("Gốc"), made.START, made.END, key=made.key(kind))
    middle = root.make_intermediate(pki.name("CA"), made.START, made.END, key=made.key(kind, 1))
    assert _all_findings(root.der, ca=True) == []
    assert _all_findings(middle.der, ca=True) == []
    assert _all_findings(made.leaf_der(middle, public_key=made.key(kind, 2).public_key()), ca=False) == []


def test_facts_of_a_certificate() -> None:
    issuer = made.government().agencies
    read = made.leaf(issuer)
    above = made.read(issuer.der)
    assert (read.not_before, read.not_after) == (made.START, made.END)
    assert read.issuer == above.subject
    assert read.issuer_key_id == above.key_id is not None
    assert (read.is_ca, above.is_ca) == (False, True)
    assert above.has_signed(read)
    assert not read.has_signed(above)
    assert not read.self_issued
    assert made.read(made.government().root.der).self_issued


def _weak_rsa(bits: int, exponent: int = 65537) -> rsa.RSAPublicKey:
    modulus = secrets.randbits(bits) | (1 << (bits - 1)) | 1
    return rsa.RSAPublicNumbers(exponent, modulus).public_key()


def _set(**values: Any) -> pki.Alter:
    def alter(plan: pki.Plan) -> None:
        for name, value in values.items():
            setattr(plan, name, value)

    return alter


def _recritical(kind: type[x509.ExtensionType], critical: bool) -> pki.Alter:
    def alter(plan: pki.Plan) -> None:
        plan.extensions = [(e, critical if isinstance(e, kind) else c) for e, c in plan.extensions]

    return alter


_AIA = x509.AuthorityInformationAccess(
    [x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier("http://a.example"))]
)
_CONSTRAINTS = x509.NameConstraints([x509.DirectoryName(pki.name("Ai đó"))], None)

BOTH: dict[str, pki.Alter] = {
    "serial of 20 octets and a bit": _set(serial=(1 << 159)),
    "AKI critical": _recritical(x509.AuthorityKeyIdentifier, True),
    "SKI critical": _recritical(x509.SubjectKeyIdentifier, True),
    "AIA critical": lambda plan: plan.put(_AIA, critical=True),
    "unknown critical extension": lambda plan: plan.put(made.unknown_extension(), critical=True),
    "RSA 1024": _set(public_key=_weak_rsa(1024)),
    "RSA 16384": _set(public_key=_weak_rsa(16384)),
    "RSA exponent of 33 bits": _set(public_key=_weak_rsa(2048, (1 << 32) + 1)),
    "odd curve": _set(public_key=ec.generate_private_key(ec.SECP256K1()).public_key()),
    "Ed448": _set(public_key=ed448.Ed448PrivateKey.generate().public_key()),
    "name of 3,000 octets": _set(subject=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x" * 60)] * 45)),
}
AUTHORITY: dict[str, pki.Alter] = {
    "no basicConstraints": lambda plan: plan.without(x509.BasicConstraints),
    "basicConstraints not critical": _recritical(x509.BasicConstraints, False),
    "no keyUsage": lambda plan: plan.without(x509.KeyUsage),
    "no keyCertSign": lambda plan: plan.put(pki.usage("crl_sign"), True),
    "no SKI": lambda plan: plan.without(x509.SubjectKeyIdentifier),
    "name constraints not critical": lambda plan: plan.put(_CONSTRAINTS, False),
}
SIGNER: dict[str, tuple[pki.Alter, list[str]]] = {
    "is a CA": (lambda plan: plan.put(x509.BasicConstraints(True, None), True), ["certificate-profile"]),
    "keyCertSign": (
        lambda plan: plan.put(pki.usage("digital_signature", "key_cert_sign"), True),
        ["certificate-profile"],
    ),
    "name constraints": (lambda plan: plan.put(_CONSTRAINTS, True), ["certificate-profile"]),
    "no keyUsage": (lambda plan: plan.without(x509.KeyUsage), ["certificate-usage"]),
    "only encipherment": (lambda plan: plan.put(pki.usage("key_encipherment"), True), ["certificate-usage"]),
    "only digitalSignature": (lambda plan: plan.put(pki.usage("digital_signature"), True), []),
    "only nonRepudiation": (lambda plan: plan.put(pki.usage("content_commitment"), True), []),
    "serverAuth": (
        lambda plan: plan.put(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])),
        ["certificate-usage"],
    ),
    "timeStamping, critical": (
        lambda plan: plan.put(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), True),
        ["certificate-usage"],
    ),
    "serverAuth and emailProtection": (
        lambda plan: plan.put(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.EMAIL_PROTECTION])
        ),
        [],
    ),
    "documentSigning": (
        lambda plan: plan.put(x509.ExtendedKeyUsage([x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")])),
        [],
    ),
    "no basicConstraints": (lambda plan: plan.without(x509.BasicConstraints), []),
    "unknown extension": (lambda plan: plan.put(made.unknown_extension()), []),
}


@pytest.mark.parametrize("fault", BOTH)
def test_faults_of_signers_and_authorities(fault: str) -> None:
    root = made.government().root
    assert _all_findings(made.leaf_der(root, BOTH[fault]), ca=False) == ["certificate-profile"]
    middle = root.make_intermediate(pki.name("CA"), made.START, made.END, key=made.key(), alter=BOTH[fault])
    assert _all_findings(middle.der, ca=True) == ["certificate-profile"]


@pytest.mark.parametrize("fault", AUTHORITY)
def test_faults_of_authorities(fault: str) -> None:
    middle = made.government().root.make_intermediate(
        pki.name("CA"), made.START, made.END, key=made.key(), alter=AUTHORITY[fault]
    )
    assert _all_findings(middle.der, ca=True) == ["certificate-profile"]


@pytest.mark.parametrize("change", SIGNER)
def test_changes_of_signers(change: str) -> None:
    alter, expected = SIGNER[change]
    assert _all_findings(made.leaf_der(made.government().agencies, alter), ca=False) == expected


def _duplicate(tbs: Any) -> None:
    tbs["extensions"].append(tbs["extensions"][0].copy())


def _no_extensions(tbs: Any) -> None:
    tbs["extensions"] = None


def _serial(value: int) -> Callable[[Any], None]:
    def edit(tbs: Any) -> None:
        tbs["serial_number"] = value

    return edit


def _v1(tbs: Any) -> None:
    tbs["version"] = "v1"
    tbs["extensions"] = None


CRAFTED: dict[str, tuple[Callable[[Any], None], set[str]]] = {
    "duplicate extension": (_duplicate, {"certificate-profile"}),
    "negative serial": (_serial(-5), {"certificate-profile", "certificate-malformed"}),
    "serial zero": (_serial(0), {"certificate-profile", "certificate-malformed"}),
    "version 1": (_v1, {"certificate-profile", "certificate-usage"}),
    "no extensions": (_no_extensions, {"certificate-usage"}),
}


@pytest.mark.parametrize("fault", CRAFTED)
def test_faults_no_builder_makes(fault: str) -> None:
    edit, expected = CRAFTED[fault]
    issuer = made.government().agencies
    found = set(_all_findings(made.resigned(made.leaf_der(issuer), issuer.key, edit), ca=False))
    assert found
    assert found <= expected


def test_name_that_cannot_be_read_is_found_at_once() -> None:
    """A country code of one letter (the parser keeps names for later, where nobody expects a complaint)."""
    issuer = made.government().agencies
    der = made.leaf_der(issuer).replace(b"\x13\x02VN", b"\x13\x02\xff\xff")
    _, findings = Certificate.read(der, POINTER)
    assert made.slugs(findings) == ["certificate-malformed"]


def test_sha1_signature() -> None:
    issuer = pki.Authority.make_root(pki.name("Gốc RSA"), made.START, made.END, key=made.key("rsa2048"))

    def weaken(tbs: Any) -> None:
        tbs["signature"] = {"algorithm": "sha1_rsa"}

    der = made.resigned(made.leaf_der(issuer), issuer.key, weaken, sha1=True)
    assert _all_findings(der, ca=False) == ["certificate-profile"]


def test_algorithm_inside_and_outside_differ() -> None:
    certificate = asn1_x509.Certificate.load(made.leaf_der(made.government().agencies))
    certificate["signature_algorithm"] = {"algorithm": "sha384_ecdsa"}
    assert _all_findings(certificate.dump(force=True), ca=False) == ["certificate-profile"]


@pytest.mark.parametrize(
    ("der", "expected"),
    [
        (b"", "certificate-malformed"),
        (b"\x30\x80", "certificate-malformed"),
        (b"-----BEGIN CERTIFICATE-----", "certificate-malformed"),
        (_SAMPLE + b"\x00", "certificate-malformed"),
        (_SAMPLE[:-1], "certificate-malformed"),
        (bytes(16_385), "certificate-size"),
        (b"\x30\x84\x00\x1e\x84\x80" + bytes(2_000_000), "certificate-size"),
    ],
)
def test_what_is_no_certificate(der: bytes, expected: str) -> None:
    assert made.best_seconds(lambda: Certificate.read(der)) < 0.01
    assert _all_findings(der, ca=False) == [expected]


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_no_bytes_make_reading_raise(data: st.DataObject) -> None:
    der = bytearray(_SAMPLE)
    for position in data.draw(st.lists(st.integers(0, len(der) - 1), min_size=1, max_size=4)):
        der[position] = data.draw(st.integers(0, 255))
    _all_findings(bytes(der), ca=data.draw(st.booleans()))


def _name(*pairs: tuple[str, Any]) -> names.ComparableName:
    rdns = [
        asn1_x509.RelativeDistinguishedName([asn1_x509.NameTypeAndValue({"type": kind, "value": value})])
        for kind, value in pairs
    ]
    return names.comparable(asn1_x509.Name("", asn1_x509.RDNSequence(rdns)).dump())


def test_names_compare_as_rfc_5280_wants() -> None:
    utf8 = asn1_x509.DirectoryString("utf8_string", "Ban  Cơ yếu")
    other = asn1_x509.DirectoryString("bmp_string", "ban cơ yếu ")
    assert _name(("organization_name", utf8)) == _name(("organization_name", other))
    assert _name(("organization_name", utf8)) != _name(("common_name", utf8))
    assert _name(("organization_name", utf8)) != _name(("organization_name", utf8), ("organization_name", utf8))


@pytest.mark.parametrize("text", ["Ban CO yeu", "  ban  co   yeu ", "a", " ", "", "~!@#", "ban co yeu" * 50])
def test_ascii_is_prepared_like_everything_else(text: str) -> None:
    """Plain text takes a short way; the long one is asked with a character that the preparation maps to nothing."""
    plain, mapped = (asn1_x509.DirectoryString("utf8_string", each) for each in (text, text + "\u00ad"))
    assert _name(("organization_name", plain)) == _name(("organization_name", mapped))


def test_a_name_that_stands_for_many_characters_is_compared_as_bytes() -> None:
    arabic = asn1_x509.DirectoryString("utf8_string", "\ufdfa" * 100)
    der = asn1_x509.Name.build({"common_name": arabic.native}).dump()
    assert not names.is_bounded(der)
    assert names.comparable(der) == ((("", der),),)


def test_two_values_of_one_attribute_are_both_compared() -> None:
    def both(first: str, second: str) -> names.ComparableName:
        values = [{"type": "user_id", "value": asn1_x509.DirectoryString("utf8_string", v)} for v in (first, second)]
        rdn = asn1_x509.RelativeDistinguishedName([asn1_x509.NameTypeAndValue(v) for v in values])
        return names.comparable(asn1_x509.Name("", asn1_x509.RDNSequence([rdn])).dump())

    assert both("MST:1", "CCCD:2") == both("CCCD:2", "MST:1")
    assert both("MST:1", "CCCD:2") != both("MST:9", "CCCD:2")


def test_unreadable_names_equal_only_themselves() -> None:
    assert names.comparable(b"\x30\x03zz") == names.comparable(b"\x30\x03zz") != names.comparable(b"\x30\x03zy")
    assert names.comparable(bytes(3000)) == names.comparable(bytes(3000)) != names.comparable(bytes(2999))


def test_index_leaves_out_what_breaks_the_profile_and_says_so() -> None:
    good = made.government()
    bad = made.ca(None, "Gốc hỏng", number=7, alter=lambda plan: plan.without(x509.SubjectKeyIdentifier))
    built = made.index([good.root, bad], [good.agencies])
    assert len(built.problems) == 1
    assert built.problems[0].startswith("anchor 2: ")
    assert [anchor.der for anchor, _ in built.anchors_named(made.read(good.root.der).subject)] == [good.root.der]
    assert built.anchors_named(made.read(bad.der).subject) == ()


def test_index_survives_rubbish() -> None:
    anchor = trust.Anchor(bytes(32), b"rubbish", trust.Hierarchy.PUBLIC)
    built = TrustIndex.build(trust.TrustList(1, (anchor,), (b"rubbish",), (b"rubbish",), {}, {}))
    assert len(built.problems) == 3


def test_index_reads_a_certificate_once() -> None:
    built = made.index()
    der = made.leaf_der(made.government().agencies)
    assert built.read(der)[0] is built.read(der)[0]
    assert built.read(b"rubbish", POINTER)[1][0].pointer == POINTER
