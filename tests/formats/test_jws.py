"""The JWS layer: a second opinion by another library, and what no change of a signed envelope may get away with."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jws as joserfc_jws
from joserfc.jwk import ECKey, OKPKey, RSAKey

from registry.core.trust import Algorithm
from registry.formats import base64url, jws, signatures
from tests.small_city import PRIMARY, SmallCity, small_city

ALL = frozenset(Algorithm)


@cache
def city() -> SmallCity:
    return small_city()


@cache
def envelope() -> bytes:
    return city().signed()


def keys() -> list[Any]:
    return [signer.certificate.public_key() for signer in city().signers_of(PRIMARY)]


def holding(raw: bytes) -> int:
    """How many of the three signatures hold, in an envelope without findings; 0 with findings."""
    opened = jws.open_envelope(raw, algorithms=ALL)
    if opened.findings or len(opened.signatures) != 3:
        return 0
    return sum(signatures.signature_holds(each, key) for each, key in zip(opened.signatures, keys(), strict=True))


def test_all_three_hold() -> None:
    assert holding(envelope()) == 3


def test_another_library_agrees() -> None:
    """joserfc checks each signature by itself, told that `prev` is understood."""
    parts = json.loads(envelope())
    kinds: dict[str, Any] = {"ES256": ECKey, "PS256": RSAKey, "EdDSA": OKPKey}
    registry = joserfc_jws.JWSRegistry(algorithms=list(kinds), strict_check_header=False)
    for signature, key in zip(parts["signatures"], keys(), strict=True):
        header = json.loads(base64url.decode(signature["protected"]) or b"")
        pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        checker = kinds[header["alg"]].import_key(pem)
        algorithm = registry.get_alg(header["alg"])
        value = base64url.decode(signature["signature"])
        assert value is not None
        signing_input = f"{signature['protected']}.{parts['payload']}".encode()
        assert algorithm.verify(signing_input, value, checker)
        assert not algorithm.verify(signing_input + b"x", value, checker)


def changed(index: int, **members: Any) -> bytes:
    """The envelope with members of one protected header set (None removes)."""
    parts = json.loads(envelope())
    header = json.loads(base64url.decode(parts["signatures"][index]["protected"]) or b"")
    header = {name: value for name, value in {**header, **members}.items() if value is not None}
    parts["signatures"][index]["protected"] = base64url.encode(json.dumps(header).encode())
    return json.dumps(parts).encode()


@pytest.mark.parametrize(
    ("raw", "code", "pointer"),
    [
        (changed(0, alg="none"), "header-algorithm", "/signatures/0/protected/alg"),
        (changed(0, alg="HS256"), "header-algorithm", "/signatures/0/protected/alg"),
        (changed(1, jwk={}), "header-key-injection", "/signatures/1/protected/jwk"),
        (changed(1, jku="https://a.example"), "header-key-injection", "/signatures/1/protected/jku"),
        (changed(1, x5u="https://a.example"), "header-key-injection", "/signatures/1/protected/x5u"),
        (changed(2, prev="A" * 43), "header-prev-mismatch", "/signatures/2/protected/prev"),
    ],
)
def test_what_a_header_may_not_say(raw: bytes, code: str, pointer: str) -> None:
    found = {(f.code.slug, f.pointer) for f in jws.open_envelope(raw, algorithms=ALL).findings}
    assert (code, pointer) in found


@given(st.integers(min_value=0), st.integers(0, 7))
@settings(max_examples=300)
def test_no_flipped_bit_gets_through(position: int, bit: int) -> None:
    raw = bytearray(envelope())
    raw[position % len(raw)] ^= 1 << bit
    assert holding(bytes(raw)) < 3 or json.loads(raw) == json.loads(envelope())


@given(st.binary(max_size=300))
def test_no_bytes_make_it_raise(raw: bytes) -> None:
    assert jws.open_envelope(raw, algorithms=ALL).findings


def test_a_certificate_of_another_key_does_not_do() -> None:
    opened = jws.open_envelope(envelope(), algorithms=ALL).signatures
    first, second, _ = keys()
    assert signatures.signature_holds(opened[0], first)
    assert not signatures.signature_holds(opened[0], second)
    leaf = x509.load_der_x509_certificate(opened[0].chain[0])
    assert leaf == city().signers_of(PRIMARY)[0].certificate
    assert opened[0].signed_at is not None
    assert datetime(2023, 1, 1, tzinfo=UTC) < opened[0].signed_at


def test_without_a_policy_it_is_said_that_nothing_is_allowed() -> None:
    """An operator who forgot to import one must not look for the fault in the document."""
    raw = json.dumps(
        {"payload": "e30", "signatures": [{"protected": base64url.encode(b'{"alg":"ES256"}'), "signature": ""}]}
    )
    opened = jws.open_envelope(raw.encode(), algorithms=frozenset())
    (finding,) = (f for f in opened.findings if f.code.slug == "header-algorithm")
    assert (finding.pointer, finding.detail) == ("/signatures/0/protected/alg", signatures.NO_ALGORITHM)
