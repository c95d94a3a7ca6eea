"""The closed table of codes: complete in both languages, and every code said by something."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import registry
from registry.core import codes
from registry.core.findings import Code

SOURCES = [f for f in Path(registry.__file__).parent.rglob("*.py") if f.name != "codes.py"]
TEXT = "\n".join(file.read_text(encoding="utf-8") for file in SOURCES)
NAMES = {value.slug: name for name, value in vars(codes).items() if isinstance(value, Code)}


@pytest.mark.parametrize("code", codes.all_codes(), ids=lambda code: code.slug)
def test_each_code(code: Code) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", code.slug)
    assert codes.by_slug(code.slug) is code
    for text in (code.title_vi, code.title_en, code.fix_vi, code.fix_en):
        assert text.strip() == text
        assert text
    name = NAMES[code.slug]
    assert re.search(rf"\bcodes\.{name}\b|\"{code.slug}\"", TEXT), f"{code.slug} is said by nothing"


def test_slugs_are_unique() -> None:
    slugs = [code.slug for code in codes.all_codes()]
    assert len(slugs) == len(set(slugs))
    assert codes.by_slug("no-such-code") is None
