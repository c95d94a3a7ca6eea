"""Codes as printed and typed: what the check characters find, by proof over all errors of one and two characters."""

from __future__ import annotations

import secrets
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.core import public_code

SIXTEEN = st.binary(min_size=16, max_size=16)


def plain(bits: bytes) -> list[str]:
    return list(public_code.printed(bits).replace("-", ""))


@given(SIXTEEN)
def test_printed_and_read_back(bits: bytes) -> None:
    text = public_code.printed(bits)
    assert [len(group) for group in text.split("-")] == [4] * 7
    assert public_code.read(text) == bits
    assert public_code.read(f" {text.lower().replace('-', ' ')} ") == bits
    assert public_code.read(text.replace("0", "o").replace("1", "l")) == bits


def test_every_error_in_one_or_two_characters_is_found() -> None:
    """The check is linear: an error goes unnoticed if and only if it turns the word of zeros into another word. Trying all of
    them for that one word is therefore a proof for every code."""
    zeros = ["0"] * public_code.LENGTH
    assert public_code.read("".join(zeros)) == bytes(16)
    for place in range(public_code.LENGTH):
        for letter in public_code.ALPHABET[1:]:
            assert public_code.read("".join([*zeros[:place], letter, *zeros[place + 1 :]])) is None
    for first, second in combinations(range(public_code.LENGTH), 2):
        for one in public_code.ALPHABET[1:]:
            for two in public_code.ALPHABET[1::5]:
                word = zeros.copy()
                word[first], word[second] = one, two
                assert public_code.read("".join(word)) is None, (first, second, one, two)


def test_every_exchange_of_two_characters_is_found() -> None:
    word = plain(secrets.token_bytes(16))
    for first, second in combinations(range(public_code.LENGTH), 2):
        changed = word.copy()
        changed[first], changed[second] = changed[second], changed[first]
        assert changed == word or public_code.read("".join(changed)) is None, (first, second)


@given(SIXTEEN, st.integers(0, 27), st.sampled_from(public_code.ALPHABET))
def test_a_wrong_missing_or_doubled_character_of_any_code(bits: bytes, place: int, letter: str) -> None:
    word = plain(bits)
    changed = [*word[:place], letter, *word[place + 1 :]]
    assert (public_code.read("".join(changed)) == bits) is (changed == word)
    assert public_code.read("".join([*word[:place], *word[place + 1 :]])) is None
    assert public_code.read("".join([*word[:place], letter, *word[place:]])) is None


@pytest.mark.parametrize("text", ["", "-", "U" * 28, "0" * 27, "Ω" * 28, "0" * 100_000, "Z" * 28])
def test_what_is_no_code(text: str) -> None:
    assert public_code.read(text) is None


@given(st.text(max_size=60))
def test_reading_never_raises(text: str) -> None:
    found = public_code.read(text)
    assert found is None or len(found) == 16


def test_a_pasted_address_is_a_code() -> None:
    text = public_code.printed(bytes(range(16)))
    for pasted in (f"https://hocba.example/v/{text}#1.aa.bb", f"http://x/v/{text}?lang=en", text):
        assert public_code.read(public_code.out_of_address(pasted)) == bytes(range(16))


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Nguyễn Văn An", "N.V.A."), ("đỗ  Ánh ", "Đ.Á."), ("Ánh", "Á."), ("", "")],
)
def test_initials(name: str, expected: str) -> None:
    assert public_code.initials(name) == expected
