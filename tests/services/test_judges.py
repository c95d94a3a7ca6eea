"""The pool of judges: bounded, complete, and with threads that do not live for ever."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from registry.core.findings import Refusal
from registry.formats import xml_guard
from registry.services.judges import RENEWED_AFTER, JudgePool

pytestmark = pytest.mark.anyio


async def test_threads_are_renewed_and_no_work_is_lost() -> None:
    pool, seen = JudgePool(threads=2, queue=4 * RENEWED_AFTER), set()

    def work(number: int) -> int:
        seen.add(threading.current_thread())
        time.sleep(0.001)
        return number

    done = await asyncio.gather(*(pool.run(lambda n=number: work(n)) for number in range(4 * RENEWED_AFTER)))  # type: ignore[misc]
    assert done == list(range(4 * RENEWED_AFTER))
    assert len(seen) > 2
    pool.close()
    for thread in seen:
        thread.join(timeout=5)
    assert not any(thread.is_alive() for thread in seen)


def test_names_of_strangers_do_not_stay_in_memory() -> None:
    """Each document has five thousand names of its own; kept, they would be some 160 kB a document."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:  # other tests' memory says nothing here
        assert alone.submit(growth).result() < 0.1 * 3 * RENEWED_AFTER * 160_000


def growth() -> int:
    """Bytes that three renewals of a judging thread add."""

    async def grown() -> int:
        pool = JudgePool(threads=1)

        async def parse(first: int, count: int) -> None:
            for number in range(first, first + count):
                raw = b"<a>" + b"".join(b"<n%dx%dq/>" % (number, n) for n in range(4999)) + b"</a>"
                assert (await pool.run(lambda r=raw: xml_guard.parse(r).root is not None)) is True  # type: ignore[misc]

        await parse(0, 2 * RENEWED_AFTER)
        before = resident()
        await parse(2 * RENEWED_AFTER, 3 * RENEWED_AFTER)
        pool.close()
        return resident() - before

    return asyncio.run(grown())


def resident() -> int:
    """Bytes of memory in use."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * 4096


async def test_a_full_pool_says_so() -> None:
    pool, go = JudgePool(threads=1, queue=1), threading.Event()
    waiting = [asyncio.create_task(pool.run(go.wait)) for _ in range(2)]
    await asyncio.sleep(0.05)
    with pytest.raises(Refusal) as refused:
        await pool.run(go.wait)
    assert (refused.value.code.slug, refused.value.retry_after) == ("service-busy", 1)
    go.set()
    assert await asyncio.gather(*waiting) == [True, True]
    pool.close()
