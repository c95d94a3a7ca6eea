"""A bounded pool of threads for judging: the event loop never waits for a signature, and a full pool says so at once.

Threads are renewed: the XML parser keeps every name and white space it ever saw as long as the thread that parsed it lives,
up to 0.7 MB of a document made for that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from registry.core import codes
from registry.core.findings import Refusal
from registry.formats import rfc3161

T = TypeVar("T")

#: After so many documents their threads end.
RENEWED_AFTER = 64


class JudgePool:
    """`threads` workers and room for `queue` waiting documents; beyond that callers are told to come back."""

    def __init__(self, threads: int = 2, queue: int = 64) -> None:
        self._threads = threads
        self._pool, self._left = self._fresh(), RENEWED_AFTER
        self._room = threads + queue
        self._inside = 0
        self._pool.submit(rfc3161.load_library)  # takes a second, which the first stamped document must not wait for

    async def run(self, work: Callable[[], T]) -> T:
        """Run `work` in the pool. Raises Refusal(service-busy) when the pool and its queue are full."""
        if self._inside >= self._room:
            raise Refusal(codes.SERVICE_BUSY, retry_after=1)
        self._inside += 1
        if self._left == 0:
            self._pool.shutdown(wait=False)  # what waits in it is still done
            self._pool, self._left = self._fresh(), RENEWED_AFTER
        self._left -= 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._inside -= 1

    def _fresh(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self._threads, thread_name_prefix="judge")

    def close(self) -> None:
        """Let running work end and take no more."""
        self._pool.shutdown(wait=True)
