"""One spelling for each octet string, and no other text is taken."""

from __future__ import annotations

import base64
import binascii

from hypothesis import example, given, settings
from hypothesis import strategies as st

from registry.formats import base64url

_LETTERS = "ABQQgwxyz019-_"


def only_spelling(text: str) -> bytes | None:
    """By its definition: the octets that are written as this text."""
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return None
    return raw if base64.urlsafe_b64encode(raw).rstrip(b"=") == text.encode("utf-8", "surrogatepass") else None


@settings(max_examples=1000)
@given(st.text(_LETTERS, max_size=9) | st.text(_LETTERS + "+/= \n\x00é", max_size=9) | st.text(max_size=6))
@example("QR")
@example("QQ==")
@example("Q")
@example("\ud800")
def test_only_the_one_spelling_is_read(text: str) -> None:
    assert base64url.decode(text) == only_spelling(text)


@given(st.binary(max_size=40))
def test_what_is_written_is_read(raw: bytes) -> None:
    assert base64url.decode(base64url.encode(raw)) == raw


@given(st.binary(max_size=40))
def test_certificates_are_read_alike_again(raw: bytes) -> None:
    text = base64.b64encode(raw).decode()
    for each in (text, text, text.rstrip("="), text + "=", "x" + text):
        assert base64url.decode_certificate(each) == base64url.decode_standard(each)
    assert base64url.decode_certificate("A" * 5000) == bytes(3750)
