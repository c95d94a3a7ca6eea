"""Cursors of lists: where the last row of a page stood, under a key of the registry's together with the question it belongs to.

Only what was given out for this very question is read as a place; anything else is refused, whatever it names.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Sequence
from typing import TypeVar

from registry.core import codes
from registry.core.findings import Finding, Refusal
from registry.formats import base64url
from registry.services.world import World

#: Where a row stands in its list: what the list is ordered by, the first first.
Place = tuple[str | int, ...]
T = TypeVar("T")

#: Characters of the longest cursor.
LONGEST = 300
_USE, _PROOF = "cursor", 16


def given(world: World, question: str, place: Place) -> str:
    """The cursor that continues the list a question asked for behind this place."""
    text = json.dumps(place, separators=(",", ":")).encode()
    return base64url.encode(_proof(world, question, text) + text)


def place(world: World, question: str, cursor: str, parameter: str = "after") -> Place:
    """The place a cursor was given for. Raises Refusal(request-parameter): never given out, or for another question."""
    raw = base64url.decode(cursor) or b""
    proof, text = raw[:_PROOF], raw[_PROOF:]
    if not hmac.compare_digest(proof, _proof(world, question, text)):
        detail = "`next` of the page before, of the same question"
        raise Refusal(codes.REQUEST_PARAMETER, [Finding(codes.REQUEST_PARAMETER, f"/query/{parameter}", detail)])
    return tuple(json.loads(text))


def cut(
    rows: Sequence[T], place_of: Callable[[T], Place], behind: Place | None, limit: int
) -> tuple[Sequence[T], Place | None]:
    """One page of rows that are all at hand, in the order of their places; and the place behind which the next begins."""
    left = [row for row in rows if behind is None or place_of(row) > behind]
    return left[:limit], place_of(left[limit - 1]) if len(left) > limit else None


def _proof(world: World, question: str, text: bytes) -> bytes:
    return world.sealer.secret_index(_USE, question.encode("utf-8", "replace") + b"\0" + text)[:_PROOF]
