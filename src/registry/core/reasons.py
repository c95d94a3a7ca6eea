"""Why somebody did something, as a text that is kept for ever and shown to others. Pure."""

from __future__ import annotations

from registry.core import codes, pupils
from registry.core.findings import Finding, Refusal

LONGEST = 500
_SHAPE = f"1 to {LONGEST} printable characters in one line, without anybody's number"


def findings(reason: str) -> list[Finding]:
    """request-parameter at /body/reason for a text that can't be kept as a reason.

    A database takes no NUL and no half of a character, and nobody's number is kept so.
    """
    text = reason.strip()
    if 1 <= len(text) <= LONGEST and text.isprintable() and not pupils.repeats_number(text):
        return []
    return [Finding(codes.REQUEST_PARAMETER, "/body/reason", _SHAPE)]


def check(reason: str) -> None:
    """Raise Refusal(request-parameter) for a text that can't be kept as a reason."""
    if found := findings(reason):
        raise Refusal(codes.REQUEST_PARAMETER, found)
