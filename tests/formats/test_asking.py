"""OCSP requests, and which held CA stands behind an answer."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from registry.demo import pki
from registry.formats import asking, material
from registry.formats.certificates import Certificate
from tests.formats import made
from tests.trust_server import Responder

CA = made.government().agencies
ISSUER = made.read(CA.der)
OTHER = made.read(made.government().root.der)
LEAF = made.leaf(CA)
LATER = made.NOW + made.DAY


def responder(**more: object) -> Responder:
    fields: dict[str, object] = {
        "authority": CA,
        "known": {LEAF.serial: LEAF.parsed},
        "this_update": made.NOW,
        "next_update": LATER,
    }
    return Responder(**(fields | more))  # type: ignore[arg-type]


def delegate(
    *, issuer: pki.Authority = CA, purpose: x509.ObjectIdentifier = ExtendedKeyUsageOID.OCSP_SIGNING, ends: int = 365
) -> tuple[x509.Certificate, pki.PrivateKey]:
    key = made.key("p256", 77)
    certificate = issuer.issue_leaf(
        pki.name("Máy trả lời"), key.public_key(), made.START, made.START + timedelta(days=ends), purposes=[purpose]
    )
    return certificate, key


def test_a_request_names_the_certificate() -> None:
    asked = ocsp.load_der_ocsp_request(asking.request(LEAF, ISSUER))
    assert asked.serial_number == LEAF.serial
    facts = material.ocsp_facts(responder().answer(asking.request(LEAF, ISSUER)))
    assert facts is not None
    assert facts.cert_id in asking.cert_ids(LEAF, ISSUER)


@pytest.mark.parametrize("hashed", [hashes.SHA1, hashes.SHA256])
def test_the_ca_itself_answers(hashed: type[hashes.SHA1]) -> None:
    answer = responder(hashed=hashed).about(LEAF.parsed)
    facts = material.ocsp_facts(answer)
    assert facts is not None
    assert facts == material.OcspFacts(facts.cert_id, "good", made.NOW, LATER)
    assert facts.cert_id in asking.cert_ids(LEAF, ISSUER)
    assert asking.answer_signer(answer, [OTHER, ISSUER]) is ISSUER


def test_a_certified_responder_answers() -> None:
    answer = responder(delegate=delegate(ends=3650)).about(LEAF.parsed)
    assert asking.answer_signer(answer, [ISSUER]) is ISSUER


@pytest.mark.parametrize(
    "signer",
    [
        delegate(ends=3650, issuer=made.government().root),
        delegate(ends=3650, purpose=ExtendedKeyUsageOID.CLIENT_AUTH),
        delegate(ends=30),
        (made.government().root.certificate, made.government().root.key),
    ],
    ids=["another CA's responder", "not meant for OCSP", "expired", "a CA that did not issue"],
)
def test_others_answer(signer: tuple[x509.Certificate, pki.PrivateKey]) -> None:
    answer = responder(delegate=signer).about(LEAF.parsed)
    assert isinstance(asking.answer_signer(answer, [ISSUER, OTHER]), str)


def test_the_issuing_ca_is_not_held() -> None:
    assert isinstance(asking.answer_signer(responder().about(LEAF.parsed), [OTHER]), str)


def test_a_changed_answer() -> None:
    answer = bytearray(responder().about(LEAF.parsed))
    answer[-1] ^= 1
    assert isinstance(asking.answer_signer(bytes(answer), [ISSUER]), str)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\x30\x03\x0a\x01\x06",  # unauthorized
        responder(next_update=None).about(LEAF.parsed),
        responder().about(LEAF.parsed) + b"\x00" * material.MAX_ANSWER,
    ],
    ids=["nothing", "unsuccessful", "no nextUpdate", "too large"],
)
def test_answers_without_facts(answer: bytes) -> None:
    assert material.ocsp_facts(answer) is None


@pytest.mark.parametrize("raw", [b"", b"\x30\x00", b"\x30\x03\x0a\x01\x06"])
def test_what_is_no_answer_has_no_signer(raw: bytes) -> None:
    assert isinstance(asking.answer_signer(raw, [ISSUER]), str)


def test_a_revoked_one_says_so() -> None:
    facts = material.ocsp_facts(responder(revoked=frozenset({LEAF.serial})).about(LEAF.parsed))
    assert facts is not None
    assert facts.status == "revoked"


def test_certificates_are_told_apart() -> None:
    twin: Certificate = made.leaf(CA)
    assert asking.cert_ids(LEAF, ISSUER).isdisjoint(asking.cert_ids(twin, ISSUER))
