"""Files of trust material in every form an operator has them, and the facts taken from them."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import timedelta

import pytest
from asn1crypto import cms
from asn1crypto import crl as asn1_crl
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs7
from hypothesis import given
from hypothesis import strategies as st

from registry.demo import pki
from registry.formats import crls, material
from tests.formats import made

CHAIN = made.government()
ROOT, AGENCIES = CHAIN.root.der, CHAIN.agencies.der
LIST = CHAIN.root.crl(made.START, made.END, number=4)


def _pem(label: str, der: bytes) -> bytes:
    return f"-----BEGIN {label}-----\n".encode() + base64.encodebytes(der) + f"-----END {label}-----\n".encode()


def _bundle(encoding: Encoding) -> bytes:
    return pkcs7.serialize_certificates([CHAIN.root.certificate, CHAIN.agencies.certificate], encoding)


@pytest.mark.parametrize(
    ("raw", "certificates", "lists"),
    [
        (ROOT, [ROOT], []),
        (LIST, [], [LIST]),
        (_pem("CERTIFICATE", ROOT), [ROOT], []),
        (_pem("X509 CRL", LIST), [], [LIST]),
        (_pem("CERTIFICATE", ROOT).replace(b"\n", b"\r\n"), [ROOT], []),
        (b"subject=...\n" + _pem("CERTIFICATE", ROOT) + b"\n" + _pem("CERTIFICATE", AGENCIES), [ROOT, AGENCIES], []),
        (_pem("X509 CRL", LIST) + _pem("CERTIFICATE", ROOT), [ROOT], [LIST]),
        (_pem("CERTIFICATE", ROOT) * 2, [ROOT], []),
        (_bundle(Encoding.DER), [ROOT, AGENCIES], []),
        (_bundle(Encoding.PEM), [ROOT, AGENCIES], []),
    ],
)
def test_forms(raw: bytes, certificates: list[bytes], lists: list[bytes]) -> None:
    read = material.read_material(raw)
    assert read.problems == ()
    assert sorted(read.certificates) == sorted(certificates)
    assert list(read.revocation_lists) == lists


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"rubbish",
        ROOT + b"\x00",
        ROOT[:-1],
        _pem("CERTIFICATE", b"rubbish"),
        _pem("CERTIFICATE", ROOT)[:-20],
        _pem("PRIVATE KEY", made.key().private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())),
        b"-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----\n",
        bytes(material.MAX_SIZE + 1),
    ],
)
def test_what_cannot_be_read_is_said(raw: bytes) -> None:
    read = material.read_material(raw)
    assert (read.certificates, read.revocation_lists) == ((), ())
    assert len(read.problems) == 1


def test_the_good_beside_the_bad() -> None:
    read = material.read_material(_pem("CERTIFICATE", b"rubbish") + _pem("CERTIFICATE", ROOT))
    assert read.certificates == (ROOT,)
    assert read.problems[0].startswith("block 1: ")


def test_oversized_certificate() -> None:
    names = x509.SubjectAlternativeName([x509.DNSName(f"a{n}.example") for n in range(2000)])
    read = material.read_material(made.leaf_der(CHAIN.agencies, lambda plan: plan.put(names)))
    assert read.certificates == ()
    assert len(read.problems) == 1


def test_certificate_facts() -> None:
    facts = material.certificate_facts(ROOT)
    assert facts is not None
    assert facts.subject == CHAIN.root.subject.rfc4514_string()
    of_signer = material.certificate_facts(made.leaf_der(CHAIN.root))
    assert of_signer is not None
    assert "CCCD" not in of_signer.subject
    assert (facts.not_before, facts.not_after) == (made.START, made.END)
    assert (facts.serial, facts.fingerprint) == (CHAIN.root.certificate.serial_number, made.read(ROOT).fingerprint)
    assert (facts.is_ca, facts.self_issued) == (True, True)
    below = material.certificate_facts(made.leaf_der(CHAIN.agencies))
    assert below is not None
    assert (below.is_ca, below.self_issued) == (False, False)
    assert material.certificate_facts(b"rubbish") is None


def test_crl_facts_and_rollback() -> None:
    facts = material.crl_facts(LIST)
    assert facts is not None
    assert (facts.number, facts.this_update, facts.next_update) == (4, made.START, made.END)
    older = replace(facts, number=3, this_update=facts.this_update + made.DAY)
    earlier = replace(facts, this_update=facts.this_update - timedelta(seconds=1))
    assert not material.is_rollback(facts, facts)
    assert material.is_rollback(older, facts)
    assert not material.is_rollback(facts, older)
    assert material.is_rollback(earlier, facts)
    other = material.crl_facts(CHAIN.agencies.crl(made.START, made.END, number=1))
    assert other is not None
    assert other.issuer != facts.issuer
    assert not material.is_rollback(other, facts)


def test_lists_of_two_keys_or_two_points_do_not_replace_each_other() -> None:
    def issuer(key: int, point: str | None) -> str:
        authority = made.ca(None, "Một tên", number=key)
        names = [x509.UniformResourceIdentifier(point)] if point else None
        extra = [(x509.IssuingDistributionPoint(names, None, False, False, None, False, False), True)] if names else []
        facts = material.crl_facts(authority.crl(made.START, made.END, extra=extra))
        assert facts is not None
        return facts.issuer

    assert (
        len({issuer(1, None), issuer(2, None), issuer(1, "http://a.example/1"), issuer(1, "http://a.example/2")}) == 4
    )
    assert issuer(1, None) == issuer(1, None)


@pytest.mark.parametrize(
    "der",
    [
        b"rubbish",
        ROOT,
        bytes(crls.MAX_SIZE + 1),
        made.resigned_list(LIST, CHAIN.root.key, lambda tbs: tbs.__setitem__("next_update", None)),
        CHAIN.root.crl(made.START, made.END, numbered=False),
    ],
)
def test_no_facts(der: bytes) -> None:
    assert material.crl_facts(der) is None


@given(st.binary(max_size=400))
def test_no_bytes_make_reading_raise(raw: bytes) -> None:
    material.read_material(raw)
    material.read_material(b"-----BEGIN CERTIFICATE-----\n" + raw + b"\n-----END CERTIFICATE-----\n")


def _label(authority: pki.Authority, *limits: x509.ExtensionType, signer: bool = True) -> str:
    der = authority.crl(made.START, made.END, extra=[(limit, True) for limit in limits])
    facts = material.crl_facts(der, made.read(authority.der) if signer else None)
    assert facts is not None
    return facts.issuer


def _point(**limits: object) -> x509.IssuingDistributionPoint:
    fields: dict[str, object] = {
        "full_name": None, "relative_name": None, "only_contains_user_certs": False, "only_contains_ca_certs": False,
        "only_some_reasons": None, "indirect_crl": False, "only_contains_attribute_certs": False,
    }  # fmt: skip
    return x509.IssuingDistributionPoint(**(fields | limits))  # type: ignore[arg-type]


def test_lists_of_different_scope_do_not_replace_each_other() -> None:
    at = [x509.UniformResourceIdentifier("http://pki.thu-nghiem.example/1.crl")]
    labels = [
        _label(CHAIN.root),
        _label(CHAIN.root, x509.DeltaCRLIndicator(1)),
        _label(CHAIN.root, _point(full_name=at)),
        _label(CHAIN.root, _point(full_name=at), x509.DeltaCRLIndicator(1)),
        _label(CHAIN.root, _point(only_contains_user_certs=True)),
        _label(CHAIN.root, _point(only_contains_ca_certs=True)),
        _label(CHAIN.root, _point(full_name=at, indirect_crl=True)),
        _label(CHAIN.root, _point(full_name=at, only_some_reasons=frozenset({x509.ReasonFlags.key_compromise}))),
        _label(CHAIN.agencies),
    ]
    assert len(set(labels)) == len(labels)
    assert _label(CHAIN.root, x509.DeltaCRLIndicator(7)) == labels[1]
    assert _label(CHAIN.root, signer=False) == labels[0]


def test_cas_of_one_name_do_not_replace_each_others_lists() -> None:
    one, two = (made.ca(None, "Một tên", number=number) for number in (81, 82))
    assert one.subject == two.subject
    assert _label(one) != _label(two)


def test_a_ca_of_the_same_name_is_told_apart_by_its_key_when_the_list_names_none() -> None:
    def without_key(number: int) -> str:
        authority = made.ca(None, "Một tên", number=number)
        bare = x509.CertificateRevocationListBuilder(authority.subject, made.START, made.END)
        der = (
            bare.add_extension(x509.CRLNumber(1), False).sign(authority.key, hashes.SHA256()).public_bytes(Encoding.DER)
        )
        facts = material.crl_facts(der, made.read(authority.der))
        assert facts is not None
        return facts.issuer

    assert without_key(81) != without_key(82)


def test_a_bundle_with_lists() -> None:
    content = {
        "version": "v1", "digest_algorithms": [], "encap_content_info": {"content_type": "data"},
        "certificates": [asn1_x509.Certificate.load(ROOT)], "crls": [asn1_crl.CertificateList.load(LIST)],
        "signer_infos": [],
    }  # fmt: skip
    raw = cms.ContentInfo({"content_type": "signed_data", "content": content}).dump()
    assert material.read_material(raw) == material.Material((ROOT,), (LIST,))


def test_lists_at_two_directory_names_do_not_replace_each_other() -> None:
    def label(common_name: str) -> str:
        point = [x509.DirectoryName(pki.name(common_name))]
        return _label(CHAIN.root, x509.IssuingDistributionPoint(point, None, False, False, None, False, False))

    assert label("Phần 1") != label("Phần 2")
