"""Sealing at rest: received bytes and personal numbers under AES-256-GCM, and the keyed blind index of a number.

The one master key lies in a file that the first start creates (mode 0600) and nothing ever overwrites. Subkeys for each
use come from it by HKDF (RFC 5869), so that no key serves two purposes.
"""

from __future__ import annotations

import hmac
import secrets
import threading
from hashlib import sha256
from pathlib import Path

import zstandard
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from registry.storage import key_files

_KEY_BYTES = 32
_NONCE_BYTES = 12
_FORMAT = b"\x01"
#: Received bytes are base64 text: level 3 of Zstandard makes them as small as zlib does, in a fifth of its time.
_LEVEL = 3
#: More than any document may have: sealed bytes that grow beyond it when opened were never made here.
_MOST_BYTES = 1 << 24
#: One of each thread: it can't be used by two at once, and to make it takes half as long as to unpack a document.
_unpacking = threading.local()


class SealBrokenError(Exception):
    """Sealed bytes that do not open: another key, or somebody changed them at rest."""


class Sealer:
    """Seals and opens under one master key of 32 bytes."""

    def __init__(self, master: bytes) -> None:
        if len(master) != _KEY_BYTES:
            raise ValueError(f"a sealing key has {_KEY_BYTES} bytes")
        self._documents = AESGCM(_subkey(master, b"registry documents v1"))
        self._numbers = AESGCM(_subkey(master, b"registry personal numbers v1"))
        self._persons = AESGCM(_subkey(master, b"registry persons v1"))
        self._index = _subkey(master, b"registry number index v1")
        self._codes = AESGCM(_subkey(master, b"registry public codes v1"))
        self._batches = AESGCM(_subkey(master, b"registry batches v1"))
        self._secret_indexes = _subkey(master, b"registry secret index v1")
        self._chain = _subkey(master, b"registry question chain v1")
        #: Names the key without telling it; stored in the database so that a wrong key file is noticed at once.
        self.key_id: bytes = _subkey(master, b"registry key id v1")[:8]

    def seal_document(self, raw: bytes, fingerprint: bytes) -> bytes:
        """Compress and seal received bytes; they open only together with their fingerprint."""
        return _seal(self._documents, zstandard.compress(raw, _LEVEL), fingerprint)

    def open_document(self, sealed: bytes, fingerprint: bytes) -> bytes:
        """The received bytes, exactly; raises SealBrokenError when they, the key or the fingerprint differ."""
        packed = _open(self._documents, sealed, fingerprint)
        try:
            raw = _unpack(packed)
        except zstandard.ZstdError as error:
            raise SealBrokenError("sealed bytes that were not packed here") from error
        if not hmac.compare_digest(sha256(raw).digest(), fingerprint):
            raise SealBrokenError("the stored bytes no longer have the stored fingerprint")
        return raw

    def seal_number(self, number: str) -> bytes:
        """Seal a personal number."""
        return _seal(self._numbers, number.encode("ascii"), b"")

    def open_number(self, sealed: bytes) -> str:
        """The personal number; raises SealBrokenError."""
        return _open(self._numbers, sealed, b"").decode("ascii")

    def seal_person(self, person: str, number_index: bytes) -> bytes:
        """Seal what is known about whom a number belongs to; it opens only together with the number's index."""
        return _seal(self._persons, person.encode("ascii"), number_index)

    def open_person(self, sealed: bytes, number_index: bytes) -> str:
        """What was sealed about whom the number belongs to; raises SealBrokenError."""
        return _open(self._persons, sealed, number_index).decode("ascii")

    def seal_code(self, plain: bytes, bound_to: bytes) -> bytes:
        """Seal a verification code, or what is told behind it; it opens only together with what it is bound to."""
        return _seal(self._codes, plain, bound_to)

    def open_code(self, sealed: bytes, bound_to: bytes) -> bytes:
        """What `seal_code` sealed; raises SealBrokenError."""
        return _open(self._codes, sealed, bound_to)

    def seal_batch(self, plain: bytes, bound_to: bytes) -> bytes:
        """Compress and seal content of a batch of questions; it opens only in its own place."""
        return _seal(self._batches, zstandard.compress(plain, _LEVEL), bound_to)

    def open_batch(self, sealed: bytes, bound_to: bytes) -> bytes:
        """What `seal_batch` sealed; raises SealBrokenError."""
        return _unpack(_open(self._batches, sealed, bound_to))

    def secret_index(self, use: str, secret: bytes) -> bytes:
        """Keyed index of a random secret, different for each use: a leaked table opens nothing."""
        return hmac.digest(self._secret_indexes, use.encode("ascii") + b"\0" + secret, "sha256")

    def number_index(self, number: str) -> bytes:
        """Keyed blind index (HMAC-SHA-256): equal numbers have equal indexes, and nobody without the key can try them all."""
        return hmac.digest(self._index, number.encode("utf-8", "surrogatepass"), "sha256")

    def chain_hash(self, before: bytes, row: bytes) -> bytes:
        """The keyed hash of a place in the chain of questions (HMAC-SHA-256 over the hash before it, then the row)."""
        return hmac.digest(self._chain, before + row, "sha256")


def load_key(path: Path) -> bytes:
    """Read the master key; raises FileNotFoundError when absent, PermissionError when others may read it."""
    return key_files.load(path)


def ensure_key(path: Path) -> bytes:
    """Read the master key, making it first where there is none. An existing file is never written to."""
    return key_files.ensure(path, lambda: secrets.token_bytes(_KEY_BYTES))


def _subkey(master: bytes, purpose: bytes) -> bytes:
    return HKDFExpand(algorithm=hashes.SHA256(), length=_KEY_BYTES, info=purpose).derive(master)


def _unpack(packed: bytes) -> bytes:
    """Raises ZstdError."""
    unpacker: zstandard.ZstdDecompressor | None = getattr(_unpacking, "unpacker", None)
    if unpacker is None:
        unpacker = _unpacking.unpacker = zstandard.ZstdDecompressor()
    return unpacker.decompress(packed, max_output_size=_MOST_BYTES)


def _seal(key: AESGCM, plain: bytes, bound_to: bytes) -> bytes:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return _FORMAT + nonce + key.encrypt(nonce, plain, bound_to)


def _open(key: AESGCM, sealed: bytes, bound_to: bytes) -> bytes:
    if sealed[:1] != _FORMAT:
        raise SealBrokenError("unknown sealing format")
    try:
        return key.decrypt(sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :], bound_to)
    except InvalidTag as error:
        raise SealBrokenError("sealed bytes do not open under this key") from error
