"""RSASSA-PSS, wherever it may sign: with a salt as long as the digest it counts, with any other it is no signature."""

from __future__ import annotations

from typing import Any

import pytest
from asn1crypto import algos, cms, core
from asn1crypto import crl as asn1_crl
from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from registry.core import trust
from registry.demo.time_stamping import TimeStamper
from registry.formats import asking, paths, pss, revocation, time_stamps
from registry.formats.certificates import Certificate, TrustIndex
from registry.formats.signatures import Stamp
from tests.formats import made

FROM, TO = made.NOW - made.DAY, made.NOW + 30 * made.DAY
SIGNED = made.NOW - made.DAY
#: The digest's length, none, that of SHA-1, one off, and the most that a key of 2048 bits has room for.
SALTS = [(32, True), (0, False), (20, False), (31, False), (222, False)]
each_salt = pytest.mark.parametrize(("salt", "good"), SALTS)

KEY = made.key("rsa2048", 60)
ROOT = made.ca(None, "Gốc PSS", number=60, key=KEY)
LIST = ROOT.crl(FROM, TO)


def scheme(salt: int, **said: Any) -> algos.SignedDigestAlgorithm:
    """The algorithm identifier that says so (RFC 4055 3.1), or something else beside."""
    mask = {"algorithm": "mgf1", "parameters": {"algorithm": "sha256"}}
    given = {"hash_algorithm": {"algorithm": "sha256"}, "mask_gen_algorithm": mask, "salt_length": salt, **said}
    return algos.SignedDigestAlgorithm({"algorithm": "rsassa_pss", "parameters": algos.RSASSAPSSParams(given)})


def sign(octets: bytes, salt: int) -> bytes:
    assert isinstance(KEY, rsa.RSAPrivateKey)
    return KEY.sign(octets, padding.PSS(padding.MGF1(hashes.SHA256()), salt), hashes.SHA256())


def certificate(der: bytes, salt: int, **said: Any) -> bytes:
    made_here = asn1_x509.Certificate.load(der)
    made_here["tbs_certificate"]["signature"] = made_here["signature_algorithm"] = scheme(salt, **said)
    made_here["signature_value"] = sign(made_here["tbs_certificate"].dump(force=True), salt)
    return bytes(made_here.dump(force=True))


def revocation_list(der: bytes, salt: int, **said: Any) -> bytes:
    made_here = asn1_crl.CertificateList.load(der)
    made_here["tbs_cert_list"]["signature"] = made_here["signature_algorithm"] = scheme(salt, **said)
    made_here["signature"] = sign(made_here["tbs_cert_list"].dump(force=True), salt)
    return bytes(made_here.dump(force=True))


def answer(leaf: Certificate, salt: int, **said: Any) -> bytes:
    builder = ocsp.OCSPResponseBuilder().add_response(
        leaf.parsed, ROOT.certificate, hashes.SHA256(), ocsp.OCSPCertStatus.GOOD, FROM, TO, None, None
    )
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.NAME, ROOT.certificate)
    whole = asn1_ocsp.OCSPResponse.load(builder.sign(KEY, hashes.SHA256()).public_bytes(Encoding.DER))
    basic = whole["response_bytes"]["response"].parsed
    basic["signature_algorithm"] = scheme(salt, **said)
    basic["signature"] = sign(basic["tbs_response_data"].dump(), salt)
    whole["response_bytes"]["response"] = core.ParsableOctetString(basic.dump(force=True))
    return bytes(whole.dump(force=True))


def stamp(octets: bytes, salt: int, **said: Any) -> bytes:
    """A token whose one signature is made again; the algorithm stands outside of what is signed."""
    authority = TimeStamper.make(ROOT, made.START, made.END, key=KEY)
    token = cms.ContentInfo.load(authority.stamp(octets, SIGNED))
    (signer,) = token["content"]["signer_infos"]
    signer["signature_algorithm"] = scheme(salt, **said)
    signer["signature"] = sign(signer["signed_attrs"].untag().dump(), salt)
    return bytes(token.dump(force=True))


def found(leaf: Certificate, index: TrustIndex, *stapled: bytes) -> list[str]:
    path, findings = paths.find_path(leaf, (), index, "")
    if path is None:
        return made.slugs(findings)
    return made.slugs(revocation.revocation_findings(path, index, SIGNED, SIGNED, made.NOW, "", stapled)[0])


@each_salt
def test_a_certificate(salt: int, good: bool) -> None:
    leaf = made.read(certificate(made.leaf_der(ROOT), salt))
    assert found(leaf, made.index([ROOT], [], [LIST])) == ([] if good else ["certificate-path"])


@each_salt
def test_a_revocation_list(salt: int, good: bool) -> None:
    index = made.index([ROOT], [], [revocation_list(LIST, salt)])
    assert len(index.problems) == (0 if good else 1)
    assert found(made.leaf(ROOT), index) == ([] if good else ["revocation-unknown"])


@each_salt
def test_an_ocsp_answer(salt: int, good: bool) -> None:
    """Stapled or held; one that was fetched is not even taken in, whatever its salt."""
    leaf = made.leaf(ROOT)
    der, expected = answer(leaf, salt), [] if good else ["revocation-unknown"]
    assert found(leaf, made.index([ROOT]), der) == expected
    anchor = trust.Anchor(bytes(32), ROOT.der, trust.Hierarchy.GOVERNMENT)
    held = TrustIndex.build(trust.TrustList(1, (anchor,), (), (), {}, {}, ocsp_answers=(der,)))
    assert found(leaf, held) == expected
    assert isinstance(asking.answer_signer(der, [made.read(ROOT.der)]), str)


@each_salt
def test_a_time_stamp(salt: int, good: bool) -> None:
    anchor = trust.Anchor(bytes(32), ROOT.der, trust.Hierarchy.TIME_STAMP)
    index = TrustIndex.build(trust.TrustList(1, (anchor,), (), (LIST,), {}, {}))
    times = time_stamps.Times(SIGNED, made.NOW, made.NOW, made.DAY)
    proven = time_stamps.proven([Stamp(stamp(b"x", salt), b"x", "/0")], index, times)
    assert (proven.moment is not None) == good
    assert made.slugs(proven.findings) == ([] if good else ["time-stamp-unknown"])


#: What an identifier may say though the value was made in the usual form: libraries pass over one or the other.
SAID: dict[str, dict[str, Any]] = {
    "trailer field 2": {"trailer_field": 2},
    "trailer field 0": {"trailer_field": 0},
    "mask by SHA-1": {"mask_gen_algorithm": {"algorithm": "mgf1", "parameters": {"algorithm": "sha1"}}},
    "mask by SHA-512": {"mask_gen_algorithm": {"algorithm": "mgf1", "parameters": {"algorithm": "sha512"}}},
    "salt of 20": {"salt_length": 20},
    "salt of 2^64": {"salt_length": 2**64},
    "salt of -1": {"salt_length": -1},
    "hash SHA-384": {"hash_algorithm": {"algorithm": "sha384"}},
    "hash SHA-1": {"hash_algorithm": {"algorithm": "sha1"}},
}
each_lie = pytest.mark.parametrize("said", SAID.values(), ids=SAID)


def read_or_none(der: bytes) -> Certificate | None:
    """A parser may refuse the identifier altogether."""
    return Certificate.read(der)[0]


@each_lie
def test_a_certificate_that_says_something_else(said: dict[str, Any]) -> None:
    leaf = read_or_none(certificate(made.leaf_der(ROOT), 32, **said))
    assert leaf is None or found(leaf, made.index([ROOT], [], [LIST])) in (
        ["certificate-path"],
        ["certificate-profile"],
    )


@each_lie
def test_a_revocation_list_that_says_something_else(said: dict[str, Any]) -> None:
    index = made.index([ROOT], [], [revocation_list(LIST, 32, **said)])
    assert len(index.problems) == 1
    assert found(made.leaf(ROOT), index) == ["revocation-unknown"]


@each_lie
def test_an_ocsp_answer_that_says_something_else(said: dict[str, Any]) -> None:
    leaf = made.leaf(ROOT)
    assert found(leaf, made.index([ROOT]), answer(leaf, 32, **said)) == ["revocation-unknown"]


@each_lie
def test_a_time_stamp_that_says_something_else(said: dict[str, Any]) -> None:
    anchor = trust.Anchor(bytes(32), ROOT.der, trust.Hierarchy.TIME_STAMP)
    index = TrustIndex.build(trust.TrustList(1, (anchor,), (), (LIST,), {}, {}))
    times = time_stamps.Times(SIGNED, made.NOW, made.NOW, made.DAY)
    proven = time_stamps.proven([Stamp(stamp(b"x", 32, **said), b"x", "/0")], index, times)
    assert (proven.moment, made.slugs(proven.findings)) == (None, ["time-stamp-unknown"])


@pytest.mark.parametrize(("hashed", "salt"), [("sha256", 32), ("sha384", 48), ("sha512", 64)])
@pytest.mark.parametrize("null", [True, False])
def test_the_usual_forms_are_known_with_and_without_null(hashed: str, salt: int, null: bool) -> None:
    """RFC 4055 2.1: both spellings of a hash are to be taken."""
    one = {"algorithm": hashed, **({"parameters": core.Null()} if null else {})}
    mask = {"algorithm": "mgf1", "parameters": one}
    usual = scheme(salt, hash_algorithm=one, mask_gen_algorithm=mask).dump()
    assert pss.is_usual(usual)
    assert not pss.is_usual(usual + b"\x00")


def test_a_certificate_that_names_another_mask_than_it_was_signed_with() -> None:
    """The parameters are read by two libraries: where they contradict the signature there is no path."""
    said = scheme(32)
    said["parameters"]["mask_gen_algorithm"]["parameters"] = {"algorithm": "sha1"}
    made_here = asn1_x509.Certificate.load(made.leaf_der(ROOT))
    made_here["tbs_certificate"]["signature"] = made_here["signature_algorithm"] = said
    made_here["signature_value"] = sign(made_here["tbs_certificate"].dump(force=True), 32)
    leaf = made.read(bytes(made_here.dump(force=True)))
    assert found(leaf, made.index([ROOT], [], [LIST])) == ["certificate-path"]
