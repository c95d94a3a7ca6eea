"""What a spreadsheet may take for a formula never gets out as one."""

import pytest

from registry.core import tables_out

FORMULAS = [
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\x0b=1", "＝1+1", "＋1", "－1", "＠x", "﹦1", "﹢1", "﹣1", "﹫1",
    "−1", " =1", "\u00a0=1", "\u200b=1", "\ufeff=1", "\x00=1", "\u2028x", "\tx", "\u3000＝1",
]  # fmt: skip
HARMLESS = ["", "Nguyễn Văn An", "079206000017", "'An", "a=1", "1-2", "6A1", "Ộ", " An", "(+84)", "12/05/2015"]


@pytest.mark.parametrize("text", FORMULAS)
def test_what_looks_like_a_formula_is_disarmed_and_comes_back_as_it_was(text: str) -> None:
    assert tables_out.is_formula(text)
    guarded = tables_out.guarded(text)
    assert guarded[0] == "'"
    if text[0] not in "\t\r\n":
        assert tables_out.unguarded(guarded) == text


@pytest.mark.parametrize("text", HARMLESS)
def test_everything_else_stays_as_it_is(text: str) -> None:
    assert not tables_out.is_formula(text)
    assert tables_out.guarded(text) == text
    assert tables_out.unguarded(text) == text


@pytest.mark.parametrize("separator", [";", "\t", "\n", "\r\n", "|"])
def test_a_formula_behind_a_separator_of_another_locale_is_disarmed(separator: str) -> None:
    guarded = tables_out.guarded(f"An{separator}=1+1")
    assert f"{separator}'=1+1" in guarded
    assert not any(part.startswith("=") for part in guarded.split(separator))


def test_a_text_is_what_a_file_can_hold() -> None:
    assert tables_out.shown("a\ud800b") == "a?b"
    assert len(tables_out.shown("x" * 40_000)) == tables_out.LONGEST_TEXT
