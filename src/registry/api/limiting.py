"""How often a caller may ask, per process: fixed windows of a minute, counted in memory by the package `limits`."""

from __future__ import annotations

import math
import time
from typing import Literal

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from registry.core import codes
from registry.core.findings import Finding, Refusal

Kind = Literal["submissions", "questions", "tokens"]


class Limits:
    """Counts per kind of request and name; names must come from a bounded set, not from what anybody may send."""

    def __init__(self, *, submissions: int, questions: int, tokens: int) -> None:
        self._limiter = FixedWindowRateLimiter(MemoryStorage())
        self._items: dict[Kind, RateLimitItemPerMinute] = {
            "submissions": RateLimitItemPerMinute(submissions, namespace="submissions"),
            "questions": RateLimitItemPerMinute(questions, namespace="questions"),
            "tokens": RateLimitItemPerMinute(tokens, namespace="tokens"),
        }

    def count(self, kind: Kind, *names: str) -> None:
        """Count one request; raises Refusal(request-rate) with the seconds until the window ends when it is one too many."""
        item = self._items[kind]
        if self._limiter.hit(item, *names):
            return
        ends_at = self._limiter.get_window_stats(item, *names).reset_time
        detail = f"at most {item.amount} {kind} a minute"
        raise Refusal(
            codes.REQUEST_RATE,
            [Finding(codes.REQUEST_RATE, "", detail)],
            retry_after=max(1, math.ceil(ends_at - time.time())),
        )
