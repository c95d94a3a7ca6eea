"""The QR's text: what of it can be altered, and how it is found; by another library too."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey

from registry.core import public_code
from registry.core.answer_keys import AnswerKey, Period, Use
from registry.core.findings import Refusal
from registry.demo import pki
from registry.formats import answers, jwks, qr_text

PEM = pki.new_key("p256").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
KEY = answers.PrivateKey.from_pem(PEM)


def published(*keys: answers.PrivateKey) -> dict[str, Any]:
    """The JWK Set of keys of papers, each from another day on."""
    began = [datetime(2026, 1, 1 + place, tzinfo=UTC) for place in range(len(keys))]
    made = (AnswerKey(key.key_id, key.public_key, at, Use.PAPER) for key, at in zip(keys, began, strict=True))
    return jwks.key_set(made)


def read(key_set: object) -> tuple[Period, ...]:
    return jwks.read_key_set(json.dumps(key_set).encode(), Use.PAPER) or ()


KEYS = published(KEY)
CODE = public_code.printed(bytes(range(16)))
PAPER = qr_text.Paper(
    CODE, "1", "79771101", "Tiểu học A", "2024-2025", "5", "N.V.A.", "2014", "Hoàn thành tốt; Được lên lớp"
)
TEXT = qr_text.text(KEY, "https://hocba.example/", PAPER)

PERIODS = read(KEYS)


def another() -> answers.PrivateKey:
    pem = pki.new_key("p256").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return answers.PrivateKey.from_pem(pem)


def slugs(text: str, keys: object = KEYS) -> list[tuple[str, str]]:
    with pytest.raises(Refusal) as caught:
        qr_text.check(text, read(keys))
    return [(finding.code.slug, finding.pointer) for finding in caught.value.findings]


def with_values(text: str, **changes: str) -> str:
    """The text with other values in it under the old signature, as a forger would make it."""
    altered = qr_text.text(KEY, "https://hocba.example", replace(PAPER, **changes)).partition("#")
    ours, good = altered[2].split("."), text.partition("#")[2].split(".")
    return f"{altered[0]}#{'.'.join([*ours[:3], *good[3:]])}"


def test_read_back() -> None:
    assert qr_text.check(TEXT, read(KEYS)) == PAPER
    assert TEXT.startswith(f"https://hocba.example/v/{CODE}#1.")
    assert len(TEXT) < 500


@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("code", {"code": public_code.printed(bytes(16))}),
        ("code", {"version": "2"}),
        ("school", {"school_name": "Tiểu học B"}),
        ("school", {"school_code": "79771102"}),
        ("year", {"school_year": "2025-2026"}),
        ("year", {"grade": "4"}),
        ("pupil", {"initials": "N.V.B."}),
        ("pupil", {"birth_year": "2015"}),
        ("result", {"result": "Hoàn thành xuất sắc; Được lên lớp"}),
    ],
)
def test_an_altered_part_is_named(part: str, change: dict[str, str]) -> None:
    assert slugs(with_values(TEXT, **change)) == [("qr-altered", f"/{part}")]


def test_two_altered_parts_are_both_named() -> None:
    assert slugs(with_values(TEXT, grade="4", result="x")) == [("qr-altered", "/year"), ("qr-altered", "/result")]


def test_a_forger_who_makes_the_digests_anew_breaks_the_signature() -> None:
    other = another()
    forged = qr_text.text(other, "https://hocba.example", replace(PAPER, result="x"))
    assert slugs(forged) == [("qr-key", "")]
    renamed = forged.replace(other.key_id[:8], KEY.key_id[:8])
    assert slugs(renamed) == [("qr-altered", "/signature")]


@pytest.mark.parametrize("keys", [{}, {"keys": []}, {"keys": [{**KEYS["keys"][0], "x": "AA"}]}])
def test_without_the_key_nothing_is_said(keys: object) -> None:
    assert slugs(TEXT, keys) == [("qr-key", "")]


@pytest.mark.parametrize(
    "text",
    ["", "#", "https://hocba.example/", TEXT.partition("#")[0], TEXT.replace("#1.", "#2."), TEXT[:-5], TEXT + "AAAA",
     TEXT.replace("#", "#x."), "a" * 10_000, TEXT.replace(CODE, CODE[:-1] + "Z")],
)  # fmt: skip
def test_what_is_no_qr_text(text: str) -> None:
    assert slugs(text) == [("qr-malformed", "")]


@given(st.integers(0, len(TEXT) - 1), st.characters())
def test_with_any_one_changed_character_nothing_else_is_ever_called_signed(place: int, letter: str) -> None:
    """The host is not signed, and an O for a 0 in the code is the same code; everything else is refused."""
    changed = TEXT[:place] + letter + TEXT[place + 1 :]
    try:
        assert qr_text.check(changed, PERIODS) == PAPER
    except Refusal:
        return
    assert changed == TEXT or place < TEXT.index("#")


@pytest.mark.parametrize("spelled", ["  ", "\u00a0", "\u2028", "\t", " \u3000"])
def test_another_white_space_is_no_second_spelling(spelled: str) -> None:
    address, _, fragment = TEXT.partition("#")
    pieces = fragment.split(".")
    values = base64.urlsafe_b64decode(pieces[2] + "=" * (-len(pieces[2]) % 4)).decode()
    for changed in (values.replace(" ", spelled), values + spelled):
        pieces[2] = base64.urlsafe_b64encode(changed.encode()).rstrip(b"=").decode()
        assert slugs(f"{address}#{'.'.join(pieces)}") == [("qr-malformed", "")]


def test_where_a_qr_leads_is_not_signed_and_can_be_asked() -> None:
    assert qr_text.address(f" {TEXT}\n") == TEXT.partition("/v/")[0]
    assert qr_text.address(TEXT.replace(qr_text.address(TEXT), "https://evil.example")) == "https://evil.example"


def test_what_stands_on_the_paper_is_compared() -> None:
    assert qr_text.compare(PAPER, {"school_name": " tiểu học  a ", "grade": "5"}) == ()
    assert [each.pointer for each in qr_text.compare(PAPER, {"grade": "6", "result": "x"})] == [
        "/paper/grade",
        "/paper/result",
    ]


def test_another_library_checks_the_signature() -> None:
    """By what the docstring says of the format alone."""
    kid, values, digests, signature = TEXT.partition("#")[2].split(".")[1:]
    key = ECKey.import_key(dict(KEYS["keys"][0])).public_key
    raw = base64.urlsafe_b64decode(signature + "==")
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    octets = base64.urlsafe_b64decode(digests + "=" * (-len(digests) % 4))
    key.verify(der, b"hocba-so qr 1\0" + kid.encode() + b"\0" + octets, ec.ECDSA(hashes.SHA256()))
    lines = base64.urlsafe_b64decode(values + "=" * (-len(values) % 4)).decode().split("\n")
    year = sha256(b"hocba-so qr 1\0" + "\n".join(["year", lines[3], lines[4]]).encode()).digest()[:12]
    assert octets[24:36] == year
    assert json.dumps(KEYS)
    assert ECKey.import_key(dict(KEYS["keys"][0])).thumbprint() == KEY.key_id


def test_a_key_of_another_kind_is_refused() -> None:
    rsa = pki.new_key("rsa2048").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(ValueError, match="P-256"):
        answers.PrivateKey.from_pem(rsa)


def test_after_rotation_papers_of_every_key_are_good() -> None:
    keys = [KEY, another(), another()]
    texts = [qr_text.text(key, "https://hocba.example", PAPER) for key in keys]
    assert len(set(texts)) == 3
    for text in texts:
        assert qr_text.check(text, read(published(*keys))) == PAPER


def test_a_key_of_answers_signs_no_paper() -> None:
    """In one published set, under the same kind of key: what it is for is part of it."""
    answering = jwks.key_set([AnswerKey(KEY.key_id, KEY.public_key, datetime(2026, 1, 1, tzinfo=UTC))])
    assert slugs(TEXT, answering) == [("qr-key", "")]
    assert jwks.read_key_set(json.dumps(KEYS).encode()) == ()


def test_the_set_of_before_there_were_purposes_is_still_read() -> None:
    [key] = KEYS["keys"]
    old = {"keys": [{name: key[name] for name in ("kty", "crv", "x", "y", "kid", "alg", "use")}]}
    assert qr_text.check(TEXT, read(old)) == PAPER
