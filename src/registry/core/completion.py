"""Whether a text that people write says that a grade or a level of schooling is completed. Pure."""

from __future__ import annotations

import re
from unicodedata import normalize

_SAYS = re.compile(r"(?<!chưa )(?<!không )(?<!chưa đủ điều kiện )hoàn thành chương trình")
_BLANKS = re.compile(r"\s+")


def says(text: str | None) -> bool:
    """True for "Hoàn thành chương trình trung học cơ sở" and the like, False where it stands behind chưa or không."""
    return text is not None and _SAYS.search(_BLANKS.sub(" ", normalize("NFC", text)).casefold()) is not None
