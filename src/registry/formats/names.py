"""Distinguished names made comparable as RFC 5280 7.1 wants it, and the raw parts of DER that names are cut from.

Two encodings of one name (PrintableString and UTF8String, other case, doubled spaces) are equal here. Nothing here
decides trust: a name only says whose signature is worth checking.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from asn1crypto import x509 as asn1_x509

#: Preparing a string costs microseconds per character, here and again in the path validation, so a name of 16 kB would cost more
#: than everything else; and a character may stand for eighteen (U+FDFA).
MAX_NAME = 1024
_MOST_EXPANDED = 2
_SPACES = re.compile(" +")

#: Hashable, equal for names that RFC 5280 7.1 calls equal: per RDN the sorted pairs (attribute OID, prepared value).
ComparableName = tuple[tuple[tuple[str, str | bytes], ...], ...]


@lru_cache(maxsize=1024)
def comparable(der: bytes) -> ComparableName:
    """The comparable form of a DER Name; an unreadable, oversized or expanding one equals only the same bytes. Never raises."""
    if len(der) > MAX_NAME:
        return _as_it_is(der)
    try:
        return tuple(_rdn(rdn) for rdn in asn1_x509.Name.load(der, strict=True).chosen)
    except Exception:  # asn1crypto is lazy: any of its errors may surface while walking
        return _as_it_is(der)


def is_bounded(der: bytes) -> bool:
    """True of a DER Name that can be compared in any way at no great cost."""
    return comparable(der) != _as_it_is(der)


def _as_it_is(der: bytes) -> ComparableName:
    return ((("", der),),)


def _rdn(rdn: asn1_x509.RelativeDistinguishedName) -> tuple[tuple[str, str | bytes], ...]:
    """All pairs of one RDN. asn1crypto's own comparison drops one of two values of the same attribute (two UIDs)."""
    return tuple(sorted(((pair["type"].dotted, _value(pair)) for pair in rdn), key=repr))


class _ExpandsError(ValueError):
    """A text that is a multiple of its length once it is prepared."""


def _value(pair: asn1_x509.NameTypeAndValue) -> str | bytes:
    try:
        text = pair["value"].native
        if isinstance(text, str):
            if text.isascii() and text.isprintable():  # what the preparation below comes to, in a hundredth of the time
                return f" {_SPACES.sub('  ', text.lower()).strip()} "
            if len(unicodedata.normalize("NFKC", text)) > _MOST_EXPANDED * len(text):
                raise _ExpandsError
        return str(pair.prepped_value)
    except _ExpandsError:
        raise
    except Exception:  # not a string, or characters RFC 4518 prohibits: compare the bytes
        return bytes(pair["value"].dump())


def elements(der: bytes, start: int, end: int) -> list[tuple[int, int, int]]:
    """(tag, start, end) of each element between two offsets, definite lengths only.

    Only for DER that a strict parser has accepted already; raises ValueError or IndexError otherwise.
    """
    found = []
    while start < end:
        content = _content(der, start)
        stop = content[1]
        if stop > end:
            raise ValueError("element longer than its container")
        found.append((der[start], start, stop))
        start = stop
    return found


def inside(der: bytes, start: int) -> tuple[int, int]:
    """Offsets of the content of the element that begins at `start`."""
    return _content(der, start)


def _content(der: bytes, start: int) -> tuple[int, int]:
    length = der[start + 1]
    begin = start + 2
    if length >= 0x80:
        octets = length & 0x7F
        length = int.from_bytes(der[begin : begin + octets], "big")
        begin += octets
    return begin, begin + length
