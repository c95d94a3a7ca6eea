"""Titles of awards in a text that people write. Pure.

A title counts when it stands alone between commas, semicolons or line ends, but for the words that schools put around it
("Đạt danh hiệu Học sinh Giỏi năm học 2025-2026"): "Giải ba học sinh giỏi cấp quận" is no title.
"""

from __future__ import annotations

import re
from unicodedata import normalize

_PARTS = re.compile(r"[;,.\n]")
_BEFORE = r"(?:được |đã |đạt |công nhận |tặng |khen thưởng |khen |danh hiệu:? )*"
_AFTER = r"(?: (?:cả năm|cuối năm|năm học [0-9]{4} ?[-–] ?[0-9]{4}))*"
_QUOTES = re.compile("[\"“”'«»]")
_BLANKS = re.compile(r"\s+")


def names(text: str | None, title: str) -> bool:
    """True when the text gives this title (in lower case, NFC) to the pupil."""
    if not text:
        return False
    alone = re.compile(f"{_BEFORE}{re.escape(title)}{_AFTER}")
    parts = (_QUOTES.sub("", part) for part in _PARTS.split(normalize("NFC", text).casefold()))
    return any(alone.fullmatch(_BLANKS.sub(" ", part).strip()) for part in parts)
