"""Names as they are typed, stored and compared."""

from __future__ import annotations

import time
from collections.abc import Callable
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.core import names

#: Marks of two classes in turn: each has to be sorted past all of the other before it.
PILED = "a" + "\u0315\u0300" * 100_000


@pytest.mark.parametrize("form", [names.same_form, names.search_key, names.match_key])
def test_piled_up_marks_cost_nothing(form: Callable[[str], str]) -> None:
    """A third of this once took longer than all other work on a document; a text like it is no name, and equal to itself alone."""
    started = time.process_time()
    assert form(PILED) == form(PILED) != form(PILED + "b")
    assert time.process_time() - started < 1


@given(st.text(alphabet="aêộ\u0300\u0302\u0323 b", max_size=1200))
def test_what_a_language_writes_is_composed_as_ever(text: str) -> None:
    if not names.is_piled(text):
        assert names.normalize("NFC", text) == normalize("NFC", text)


@pytest.mark.parametrize(("marks", "piled"), [(30, False), (31, True)])
def test_thirty_marks_in_a_row_are_taken(marks: int, piled: bool) -> None:
    assert names.is_piled("x" * 500 + "\u0300" * marks + "x") is piled
    assert not names.is_piled("\u0300" * marks), "a short text costs nothing"


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
