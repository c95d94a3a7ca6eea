"""When an answer leaves: what tells that something is not there tells nothing by the clock.

A record of another school is looked for as one that nobody has is, and still takes a little longer or shorter. So such an answer
waits for the next multiple of a step, counted from the question, which all of them reach alike.
"""

from __future__ import annotations

import asyncio
import time


def started() -> float:
    """The clock by which `even_out` goes."""
    return time.monotonic()


async def even_out(since: float, step: float) -> None:
    """Wait for the next multiple of the step (seconds; 0: not at all), so that nobody can tell by the clock why nothing was found."""
    if step:
        await asyncio.sleep(step - (time.monotonic() - since) % step)
