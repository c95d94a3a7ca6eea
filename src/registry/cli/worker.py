"""One process that answers requests: what uvicorn's supervisor starts, several times, each in a fresh interpreter."""

from __future__ import annotations

import multiprocessing
import signal
import sys

from fastapi import FastAPI

from registry.cli import lifeline
from registry.web import app

#: How long a thread that computes (figures, documents) may keep the one that answers from going on: after each line it logs and each
#: document it opens that one has to get its turn back, and with Python's 5 ms every request of the process waited for tens of them.
_TURN_SECONDS = 0.0005


def application() -> FastAPI:
    """The application under the settings of the environment, in a process that ends with the one that started it."""
    parent = multiprocessing.parent_process()
    if parent is not None and parent.pid is not None:
        lifeline.end_with(parent.pid, signal.SIGKILL)
    sys.setswitchinterval(_TURN_SECONDS)
    return app.create_app()
