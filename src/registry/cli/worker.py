"""One process that answers requests: what uvicorn's supervisor starts, several times, each in a fresh interpreter."""

from __future__ import annotations

import multiprocessing
import signal

from fastapi import FastAPI

from registry.cli import lifeline
from registry.web import app


def application() -> FastAPI:
    """The application under the settings of the environment, in a process that ends with the one that started it."""
    parent = multiprocessing.parent_process()
    if parent is not None and parent.pid is not None:
        lifeline.end_with(parent.pid, signal.SIGKILL)
    return app.create_app()
