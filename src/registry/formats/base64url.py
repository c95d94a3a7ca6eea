"""base64url without padding (RFC 7515 section 2), canonical only: one spelling per octet string."""

from __future__ import annotations

import binascii

from pybase64 import b64decode, b64encode, urlsafe_b64encode  # the standard library takes twenty times as long


def encode(raw: bytes) -> str:
    """The one spelling."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def decode(text: str) -> bytes | None:
    """The octets, or None for padding, white space, foreign characters, a wrong length or unused bits that are not zero."""
    try:
        raw = b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    # The library takes both alphabets and ignores unused bits; a second spelling does not survive this.
    return raw if encode(raw) == text else None


def decode_standard(text: str) -> bytes | None:
    """Standard base64 with padding, as x5c has it (RFC 7515 section 4.1.6); None for any other spelling."""
    try:
        raw = b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if b64encode(raw).decode("ascii") == text else None
