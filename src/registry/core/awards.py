"""Titles of awards in a text that people write. Pure.

A title counts when it stands alone between commas, semicolons or line ends: "Giải ba học sinh giỏi cấp quận" is no title.
"""

from __future__ import annotations

import re
from unicodedata import normalize

_PARTS = re.compile(r"[;,.\n]")
_BEFORE = "danh hiệu "


def names(text: str | None, title: str) -> bool:
    """True when the text gives this title (in lower case, NFC) to the pupil."""
    if not text:
        return False
    parts = (normalize("NFC", part).strip(" \t\"“”'").casefold() for part in _PARTS.split(text))
    return any(part.removeprefix(_BEFORE).strip(" \"“”'") == title for part in parts)
