"""The closed table of codes: complete in both languages. That each is produced is asked of the whole run (`tests/produced.py`)."""

from __future__ import annotations

import re

import pytest

from registry.core import codes
from registry.core.findings import Code


@pytest.mark.parametrize("code", codes.all_codes(), ids=lambda code: code.slug)
def test_each_code(code: Code) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", code.slug)
    assert codes.by_slug(code.slug) is code
    for text in (code.title_vi, code.title_en, code.fix_vi, code.fix_en):
        assert text.strip() == text
        assert text


def test_slugs_are_unique() -> None:
    slugs = [code.slug for code in codes.all_codes()]
    assert len(slugs) == len(set(slugs))
    assert codes.by_slug("no-such-code") is None
