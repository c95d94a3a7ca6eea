"""Names as they are typed, stored and compared."""

from __future__ import annotations

from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.core import names


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Nguyễn Thị Ánh Đào", "nguyen thi anh dao"),
        ("  Trần   Văn\tĐức ", "tran van duc"),
        ("ĐẶNG ƯỚC", "dang uoc"),
        ("Lê Thuỳ Dương", "le thuy duong"),
        ("Lê Thùy Dương", "le thuy duong"),
        ("Phạm Quỳnh Như", "pham quynh nhu"),
        ("Mỹ thuật", "mi thuat"),
        ("Mĩ thuật", "mi thuat"),
        ("Hoá học", "hoa hoc"),
        ("Hóa học", "hoa hoc"),
        ("Vật lý", "vat li"),
        ("Vật lí", "vat li"),
    ],
)
def test_keys(text: str, key: str) -> None:
    assert names.search_key(text) == key


@given(st.text())
def test_the_form_of_unicode_does_not_matter(text: str) -> None:
    composed, decomposed = normalize("NFC", text), normalize("NFD", text)
    assert names.search_key(composed) == names.search_key(decomposed)
    assert names.same_form(composed) == names.same_form(decomposed)


@given(st.text())
def test_a_key_is_its_own_key(text: str) -> None:
    once = names.search_key(text)
    assert names.search_key(once) == once


def test_equal_names_in_two_forms_are_equal() -> None:
    assert names.same_form(normalize("NFD", "Nguyễn Văn Ơn ")) == "Nguyễn Văn Ơn"
