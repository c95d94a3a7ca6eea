"""Child processes that end when the process that started them ends, however it ends. Linux only; elsewhere nothing happens.

Which processes there are, and what they do, is not known here.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1


def tied(death_signal: signal.Signals) -> Callable[[], None]:
    """What a child runs between fork and exec (`preexec_fn`) to be sent this signal when its parent ends.

    The kernel looks at the thread: start the child from one that lasts as long as the process, the main thread best.
    Everything is looked up before the fork, since other threads may hold any lock at that moment.
    """
    parent, tie = os.getpid(), _prctl()

    def before_exec() -> None:
        tie(int(death_signal))
        if os.getppid() != parent:  # it ended before the tie held
            os._exit(1)

    return before_exec


def end_with(parent: int, death_signal: signal.Signals) -> None:
    """Tie this very process to its parent, whose process id is given."""
    _prctl()(int(death_signal))
    if os.getppid() != parent:
        os._exit(1)


def _prctl() -> Callable[[int], object]:
    if sys.platform != "linux":
        return lambda _signal: None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    return lambda number: prctl(_PR_SET_PDEATHSIG, number)
