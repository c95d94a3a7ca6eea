"""Files of trust material in every form an operator has them, and the facts taken from them."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs7
from hypothesis import given
from hypothesis import strategies as st

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
