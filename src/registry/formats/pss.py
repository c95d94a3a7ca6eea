"""RSASSA-PSS as an algorithm identifier: the few spellings of the one form in use, octet for octet. Pure.

Libraries read these parameters each in its own way and pass over what they don't know (the trailer field for one), so that
two of them may see two schemes in one identifier. What is not spelt like this is no signature here.
"""

from __future__ import annotations

from itertools import product

_OID = bytes.fromhex("06092a864886f70d01010a")  # id-RSASSA-PSS
_MASK = bytes.fromhex("06092a864886f70d010108")  # id-mgf1
_NULL = b"\x05\x00"
#: Object identifier of the hash and length of its digest: SHA-256, SHA-384, SHA-512.
_HASHES = ((bytes.fromhex("0609608648016503040201"), 32), (bytes.fromhex("0609608648016503040202"), 48),
           (bytes.fromhex("0609608648016503040203"), 64))  # fmt: skip


def _wrapped(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return bytes((tag, len(content))) + content


def _spelt(oid: bytes, salt: int, outer: bytes, inner: bytes) -> bytes:
    """RFC 4055 3.1. A NULL may stand beside each hash or not (2.1); the trailer field is 1, which DER leaves out."""
    mask = _wrapped(0x30, _MASK, _wrapped(0x30, oid, inner))
    length = _wrapped(0xA2, _wrapped(0x02, bytes((salt,))))
    given = _wrapped(0x30, _wrapped(0xA0, _wrapped(0x30, oid, outer)), _wrapped(0xA1, mask), length)
    return _wrapped(0x30, _OID, given)


_SPELLINGS = frozenset(
    _spelt(*hashed, outer, inner) for hashed, outer, inner in product(_HASHES, (_NULL, b""), (_NULL, b""))
)


def is_usual(identifier: bytes) -> bool:
    """True of a DER AlgorithmIdentifier that is not RSASSA-PSS, or is with one of SHA-256, SHA-384, SHA-512 throughout, a salt as
    long as the digest and the trailer field of X9.31's successor (1) (RFC 4055 3.1, ETSI TS 119 312)."""
    return _OID not in identifier or identifier in _SPELLINGS
