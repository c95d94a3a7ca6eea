"""base64url without padding (RFC 7515 section 2), canonical only: one spelling per octet string."""

from __future__ import annotations

import binascii
from functools import lru_cache

from pybase64 import b64decode, b64encode, urlsafe_b64encode  # the standard library takes twenty times as long

#: By length modulo 4: what completes a text, and the last characters that leave no bit unused (after 1 no text can end).
_PADDING = ("", "", "==", "=")
_ENDS = ("", "", "AQgw", "AEIMQUYcgkosw048")
#: Characters of the longest text that is remembered: certificates of people and their authorities have 1,200 to 2,500.
_REMEMBERED = 4096


def encode(raw: bytes) -> str:
    """The one spelling."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def decode(text: str) -> bytes | None:
    """The octets, or None for padding, white space, foreign characters, a wrong length or unused bits that are not zero."""
    # The library takes both alphabets, padding where it fits, and any unused bits: second spellings.
    if "=" in text or "+" in text or "/" in text:
        return None
    over = len(text) % 4
    if over and text[-1] not in _ENDS[over]:
        return None
    try:
        return b64decode(text + _PADDING[over], altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None


def decode_standard(text: str) -> bytes | None:
    """Standard base64 with padding, as x5c has it (RFC 7515 section 4.1.6); None for any other spelling."""
    try:
        raw = b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if b64encode(raw).decode("ascii") == text else None


def decode_certificate(text: str) -> bytes | None:
    """`decode_standard` of a certificate, the same octets each time: the same signers sign every transcript of a school."""
    return _certificate(text) if len(text) <= _REMEMBERED else decode_standard(text)


_certificate = lru_cache(maxsize=4096)(decode_standard)
