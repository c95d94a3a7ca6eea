"""Sealed bytes open under the same key and fingerprint only; the key file is made once and kept to its owner."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import pytest

from registry.storage.sealing import SealBrokenError, Sealer, ensure_key, load_key

RAW = b'{"payload":"x"}' * 50
MARK = sha256(RAW).digest()


def test_documents_open_exactly(sealer: Sealer) -> None:
    sealed = sealer.seal_document(RAW, MARK)
    assert RAW not in sealed
    assert sealer.open_document(sealed, MARK) == RAW
    assert sealer.seal_document(RAW, MARK) != sealed  # a fresh nonce each time


@pytest.mark.parametrize("position", [0, 1, 5, 20, -1])
def test_any_flipped_byte_breaks_the_seal(sealer: Sealer, position: int) -> None:
    sealed = bytearray(sealer.seal_document(RAW, MARK))
    sealed[position] ^= 1
    with pytest.raises(SealBrokenError):
        sealer.open_document(bytes(sealed), MARK)


def test_a_document_is_bound_to_its_fingerprint(sealer: Sealer) -> None:
    with pytest.raises(SealBrokenError):
        sealer.open_document(sealer.seal_document(RAW, MARK), sha256(b"other").digest())


def test_another_key_opens_nothing(sealer: Sealer) -> None:
    other = Sealer(b"\x01" * 32)
    with pytest.raises(SealBrokenError):
        other.open_number(sealer.seal_number("079214000001"))
    assert other.key_id != sealer.key_id
    assert other.number_index("079214000001") != sealer.number_index("079214000001")


def test_numbers_are_found_by_index_and_not_by_text(sealer: Sealer) -> None:
    assert sealer.number_index("079214000001") == sealer.number_index("079214000001")
    assert sealer.open_number(sealer.seal_number("079214000001")) == "079214000001"
    assert b"079214000001" not in sealer.seal_number("079214000001")


def test_first_start_makes_the_key_and_no_start_overwrites_it(tmp_path: Path) -> None:
    file = tmp_path / "keys" / "sealing.key"
    first = ensure_key(file)
    assert len(first) == 32
    assert file.stat().st_mode & 0o777 == 0o600
    assert ensure_key(file) == first
    assert [f.name for f in file.parent.iterdir()] == ["sealing.key"]


def test_many_first_starts_agree_on_one_key(tmp_path: Path) -> None:
    file = tmp_path / "sealing.key"
    with ThreadPoolExecutor(16) as pool:
        assert len(set(pool.map(lambda _: ensure_key(file), range(64)))) == 1


def test_a_key_others_may_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "sealing.key"
    ensure_key(file)
    file.chmod(0o644)
    with pytest.raises(PermissionError):
        load_key(file)
