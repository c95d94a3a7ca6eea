"""How often a caller may ask, per process: fixed windows of a minute, counted in memory by the package `limits`."""

from __future__ import annotations

import math
import time
from typing import Literal

from limits import RateLimitItemPerMinute
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter

from registry.core import codes
from registry.core.findings import Finding, Refusal

Kind = Literal["submissions", "questions", "batches", "tokens", "identifications", "views", "all_views", "misses"]


_SWEEP_SECONDS = 5.0
#: Pages behind codes and links, per process: what the database gives beside everything else, and the bound on how many
#: addresses are remembered within a minute.
ALL_VIEWS = 60_000


class Limits:
    """Counts per kind of request and name; names must come from a bounded set, not from what anybody may send."""

    def __init__(
        self,
        *,
        submissions: int,
        questions: int,
        batches: int,
        tokens: int,
        identifications: int,
        views: int,
        misses: int,
    ) -> None:
        self._limiter = FixedWindowRateLimiter(_Windows())
        self._items: dict[Kind, RateLimitItemPerMinute] = {
            "submissions": RateLimitItemPerMinute(submissions, namespace="submissions"),
            "questions": RateLimitItemPerMinute(questions, namespace="questions"),
            "batches": RateLimitItemPerMinute(batches, namespace="batches"),
            "tokens": RateLimitItemPerMinute(tokens, namespace="tokens"),
            "identifications": RateLimitItemPerMinute(identifications, namespace="identifications"),
            "views": RateLimitItemPerMinute(views, namespace="views"),
            "all_views": RateLimitItemPerMinute(ALL_VIEWS, namespace="all_views"),
            "misses": RateLimitItemPerMinute(misses, namespace="misses"),
        }

    def count(self, kind: Kind, *names: str) -> None:
        """Count one request; raises Refusal(request-rate) with the seconds until the window ends when it is one too many."""
        item = self._items[kind]
        if not self._limiter.hit(item, *names):
            raise self._refusal(kind, item, names)

    def check(self, kind: Kind, *names: str) -> None:
        """Raise what `count` would, and count nothing: for what is counted only when it turns out badly."""
        item = self._items[kind]
        if not self._limiter.test(item, *names):
            raise self._refusal(kind, item, names)

    def use_up(self, kind: Kind, *names: str) -> None:
        """Leave nothing of the present window: other processes have counted the rest."""
        self._limiter.hit(self._items[kind], *names, cost=self._items[kind].amount)

    def most(self, kind: Kind) -> int:
        """How many there may be within a window."""
        return self._items[kind].amount

    def _refusal(self, kind: Kind, item: RateLimitItemPerMinute, names: tuple[str, ...]) -> Refusal:
        ends_at = self._limiter.get_window_stats(item, *names).reset_time
        detail = f"at most {item.amount} {kind} a minute"
        return Refusal(
            codes.REQUEST_RATE,
            [Finding(codes.REQUEST_RATE, "", detail)],
            retry_after=max(1, math.ceil(ends_at - time.time())),
        )


class _Windows(Storage):
    """Counts until their window ends. The package's own memory storage starts a thread every ten milliseconds to sweep;
    what has ended is swept here when a window begins, and not more often than every few seconds.
    """

    def __init__(self) -> None:
        super().__init__()
        self._counts: dict[str, tuple[int, float]] = {}
        self._sweeps_at = 0.0

    @property
    def base_exceptions(self) -> type[Exception]:
        """Nothing that this storage does can fail."""
        return ValueError

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count in the present window, or begin one that ends `expiry` seconds from now."""
        now = time.time()
        count, ends_at = self._counts.get(key, (0, 0.0))
        if ends_at <= now:
            if self._sweeps_at <= now:
                self._counts = {name: entry for name, entry in self._counts.items() if entry[1] > now}
                self._sweeps_at = now + _SWEEP_SECONDS
            count, ends_at = 0, now + expiry
        self._counts[key] = (count + amount, ends_at)
        return count + amount

    def get(self, key: str) -> int:
        """The count of the present window."""
        count, ends_at = self._counts.get(key, (0, 0.0))
        return count if ends_at > time.time() else 0

    def get_expiry(self, key: str) -> float:
        """When the present window ends, in seconds since the epoch."""
        return self._counts.get(key, (0, time.time()))[1]

    def check(self) -> bool:
        """Memory is always there."""
        return True

    def reset(self) -> int | None:
        """Forget every count."""
        before, self._counts = len(self._counts), {}
        return before

    def clear(self, key: str) -> None:
        """Forget one count."""
        self._counts.pop(key, None)
