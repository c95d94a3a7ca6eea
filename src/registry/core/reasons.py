"""Why somebody did something, as a text that is kept for ever and shown to others. Pure."""

from __future__ import annotations

from registry.core import pupils

LONGEST = 500
SHAPE = f"1 to {LONGEST} printable characters in one line, without anybody's number"


def fits(reason: str) -> bool:
    """Whether a text can be kept as a reason: a database takes no NUL and no half of a character, and nobody's number is kept so."""
    text = reason.strip()
    return 1 <= len(text) <= LONGEST and text.isprintable() and not pupils.repeats_number(text)
